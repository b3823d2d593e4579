/* SPDX-License-Identifier: BSD-3-Clause */
/* Which algebra is chosen: what suits, fits into memory, and costs least. */
#include <stdio.h>
#include <string.h>

#include "criterion/algebra.h"
#include "criterion/course.h"
#include "support.h"

static algebra_facts_t facts_of(const char *criterion)
{
    return (algebra_facts_t){.kind = criterion_find(criterion),
                             .shape = {.n = 4000,
                                       .rows = 1000,
                                       .ranks = 4,
                                       .entries = 1000 * 50,
                                       .width = 50,
                                       .outputs = 1,
                                       .count = 1,
                                       .parts = strcmp(criterion, "holdout") == 0 ? 1 : 10,
                                       .ridge = true,
                                       .intercept = true}};
}

static void one_ridge_penalty_is_left_to_eigenvalues(void)
{
    algebra_facts_t facts = facts_of("alo");
    algebra_t a;
    facts.one_ridge = true;
    CHECK_OK(algebra_choose(&facts, "auto", &a));
    CU_ASSERT_STRING_EQUAL(a.name, "spectral");
    CHECK_OK(algebra_choose(&facts, "replicated", &a));
    CU_ASSERT_STRING_EQUAL(a.name, "replicated");
}

/* The eigenvalues of many columns cost more than all else. */
static void wide_data_are_left_to_small_matrices(void)
{
    algebra_facts_t facts = facts_of("alo");
    algebra_t a;
    facts.one_ridge = true;
    facts.shape.n = 200;
    facts.shape.rows = 50;
    facts.shape.width = 10000;
    facts.shape.entries = 50 * 10000;
    for (int outputs = 1; outputs <= 4; outputs += 3) {
        facts.shape.outputs = outputs;
        facts.one_ridge = outputs == 1;
        CHECK_OK(algebra_choose(&facts, "auto", &a));
        CU_ASSERT_STRING_EQUAL(a.name, "wide");
    }
}

static void what_does_not_suit_is_refused(void)
{
    const algebra_facts_t facts = facts_of("alo");
    algebra_t a;
    CU_ASSERT(algebra_choose(&facts, "spectral", &a) == TRALO_ERR_INPUT);
    CU_ASSERT(strstr(tralo_error_message(), "one ridge penalty") != NULL);
    const algebra_facts_t folds = facts_of("kfold");
    CU_ASSERT(algebra_choose(&folds, "spectral", &a) == TRALO_ERR_INPUT);
    CU_ASSERT(strstr(tralo_error_message(), "another criterion") != NULL);
}

/* 10000 rows of texts, and as many of 50 measurements. */
static void many_columns_with_few_entries_make_no_matrix(void)
{
    algebra_facts_t facts = facts_of("holdout");
    algebra_t a;
    CHECK_OK(algebra_choose(&facts, "auto", &a));
    CU_ASSERT_STRING_EQUAL(a.name, "replicated");
    facts.shape.n = 10000;
    facts.shape.rows = 2500;
    facts.shape.width = 200000;
    facts.shape.entries = 250000;
    facts.shape.sparse = true;
    CHECK_OK(algebra_choose(&facts, "auto", &a));
    CU_ASSERT_STRING_EQUAL(a.name, "products");
    CU_ASSERT(a.memory < 100 * (int64_t)1000 * 1000);
}

typedef struct shape {
    const char *criterion;
    int64_t n;
    int width, outputs;
    int64_t ranks;
    double density; /* of what is held sparse; 1: dense */
    const char *algebra;
    int weights; /* of groups of rows, in place of a penalty */
} shape_t;

/* Among them hyper-cleaning of MNIST's images, where an evaluation took 23 s by products and 80 s
   by matrices, and the bundled digits, where products took four times what is counted. */
static const shape_t usual[] = {
    {"alo", 1000000, 30, 1, 2, 1.0, "replicated"},
    {"alo", 20000, 1000, 1, 4, 1.0, "replicated"},
    {"alo", 100000, 20000, 1, 64, 1.0, "distributed"},
    {"alo", 300, 3000, 1, 2, 1.0, "wide"},
    {"alo", 2000, 3000, 1, 2, 1.0, "wide"},
    {"alo", 50000, 2000, 1, 1, 0.01, "distributed"},
    {"kfold", 20000, 200, 1, 2, 1.0, "replicated"},
    {"kfold", 300, 20000, 1, 2, 1.0, "wide"},
    {"kfold", 20000, 1000000, 1, 2, 0.0004, "products"},
    {"holdout", 20000, 1000000, 1, 2, 0.0004, "products"},
    {"holdout", 2000, 785, 10, 1, 1.0, "products", 500},
    {"holdout", 2000, 785, 10, 2, 1.0, "products", 500},
    {"holdout", 2000, 785, 10, 1, 1.0, "products"},
    {"holdout", 1797, 65, 10, 1, 1.0, "distributed"},
    {"kfold", 1797, 65, 10, 1, 1.0, "distributed"},
    {"loo", 500, 20, 1, 2, 1.0, "replicated"},
};

static void shapes_have_the_algebras_that_suit_them(void)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        const shape_t *u = &usual[i];
        algebra_facts_t facts = facts_of(u->criterion);
        algebra_t a;
        facts.shape.n = u->n;
        facts.shape.ranks = u->ranks;
        facts.shape.rows = (u->n + u->ranks - 1) / u->ranks;
        facts.shape.width = u->width;
        facts.shape.outputs = u->outputs;
        facts.shape.weighs = u->weights > 0;
        facts.shape.count = u->weights > 0 ? u->weights : 1;
        facts.shape.sparse = u->density < 1.0;
        facts.shape.entries = (int64_t)(u->density * (double)facts.shape.rows * u->width);
        CHECK_OK(algebra_choose(&facts, "auto", &a));
        CU_ASSERT_STRING_EQUAL(a.name, u->algebra);
        if (strcmp(a.name, u->algebra) != 0)
            fprintf(stderr, "%s for %s of %d columns, not %s\n", a.name, u->criterion, u->width,
                    u->algebra);
    }
}

/* The choice rests on the formulas that plans show, but counts what is less exact 1.5 times, and
   what may take longer twice. */
static void seconds_are_those_of_plans(const algebra_t *a, void *context)
{
    const algebra_facts_t *facts = context;
    const bool distributed = strcmp(a->name, "distributed") == 0;
    const double doubt = strcmp(a->name, "products") == 0               ? 2.0
                         : distributed && facts->kind->approximates_loo ? 1.5
                                                                        : 1.0;
    const course_known_t nothing = {0};
    work_t work = {{0}};
    course_cost_study(a->row, a->form, &facts->shape, &nothing, a->roomy, &work);
    const double seconds = work_seconds(&work_typical, &work, (double)facts->shape.ranks);
    CHECK_CLOSE(a->seconds / seconds, doubt, 1e-12);
}

static void costs_are_those_of_plans(void)
{
    algebra_facts_t alo = facts_of("alo"), kfold = facts_of("kfold");
    algebra_each(&alo, seconds_are_those_of_plans, &alo);
    algebra_each(&kfold, seconds_are_those_of_plans, &kfold);
}

typedef struct extent {
    int64_t least;
    const char *smallest;
} extent_t;

static void note(const algebra_t *a, void *context)
{
    extent_t *e = context;
    CU_ASSERT(a->memory > 0 && a->seconds > 0.0);
    if (e->smallest == NULL || a->memory < e->least)
        *e = (extent_t){a->memory, a->name};
}

/* Where only one fits it is that; where none does, the smallest. */
static void memory_decides_before_work(void)
{
    const char *const criteria[] = {"alo", "kfold", "holdout", "loo"};
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        algebra_facts_t facts = facts_of(criteria[i]);
        extent_t e = {0};
        algebra_t a;
        algebra_each(&facts, note, &e);
        for (int64_t less = 0; less < 2; less++) {
            facts.memory = e.least - less;
            CHECK_OK(algebra_choose(&facts, "auto", &a));
            CU_ASSERT_STRING_EQUAL(a.name, e.smallest);
        }
    }
}

void suite_algebra(void)
{
    static const test_case_t cases[] = {
        {"one ridge penalty is left to eigenvalues", one_ridge_penalty_is_left_to_eigenvalues},
        {"wide data are left to small matrices", wide_data_are_left_to_small_matrices},
        {"what does not suit is refused", what_does_not_suit_is_refused},
        {"many columns with few entries make no matrix",
         many_columns_with_few_entries_make_no_matrix},
        {"shapes have the algebras that suit them", shapes_have_the_algebras_that_suit_them},
        {"costs are those of plans", costs_are_those_of_plans},
        {"memory decides before work", memory_decides_before_work},
    };
    REGISTER("algebra", cases);
}
