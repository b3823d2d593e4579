/* SPDX-License-Identifier: BSD-3-Clause */
/* Which algebra is chosen: what suits, fits into memory, and costs least. */
#include <string.h>

#include "criterion/algebra.h"
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
                                       .count = 1}};
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

typedef struct extent {
    int64_t least;
    const char *smallest;
} extent_t;

static void note(const algebra_t *a, void *context)
{
    extent_t *e = context;
    CU_ASSERT(a->memory > 0 && a->flops > 0.0);
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
        {"memory decides before work", memory_decides_before_work},
    };
    REGISTER("algebra", cases);
}
