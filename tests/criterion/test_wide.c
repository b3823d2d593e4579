/* SPDX-License-Identifier: BSD-3-Clause */
/* More columns than rows: everything in n x n matrices equals the same in p x p ones. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "criterion/kinds.h"
#include "fixture.h"
#include "problem/wide.h"
#include "support.h"

static const double theta_here[FIXTURE_MOST] = {0.3, 0.5, 1.0, 0.9, -1.0, 0.5, 0.1, -0.2};

static fixture_setup_t by(fixture_setup_t setup, const char *algebra)
{
    setup.option = "algebra";
    setup.value = algebra;
    return setup;
}

static bool near(const double *a, const double *b, int count, double size)
{
    bool good = size > 0.0;
    for (int i = 0; i < count; i++)
        good = good && fabs(a[i] - b[i]) <= 1e-9 * size;
    return good;
}

static double largest(const fixture_numbers_t *x)
{
    double most = 0.0;
    for (int i = 0; i < x->count; i++)
        most = fmax(most, fabs(x->gradient[i]));
    for (int i = 0; i < x->count * x->count; i++)
        most = fmax(most, fabs(x->hessian[i]));
    return most;
}

static bool same(const fixture_numbers_t *a, const fixture_numbers_t *b)
{
    return near(&a->value, &b->value, 1, fabs(b->value)) &&
           near(&a->error, &b->error, 1, fabs(b->value)) &&
           near(a->gradient, b->gradient, b->count, largest(b)) &&
           near(a->hessian, b->hessian, b->count * b->count, largest(b));
}

/* The product with a direction against the Hessian of the other form. */
static bool same_product(fixture_t *f, const fixture_numbers_t *b)
{
    double direction[FIXTURE_MOST] = {0}, out[FIXTURE_MOST], want[FIXTURE_MOST] = {0};
    for (int s = 0; s < b->count; s++)
        direction[s] = cos(2.0 * s);
    for (int i = 0; i < b->count * b->count; i++)
        want[i / b->count] += b->hessian[i] * direction[i % b->count];
    criterion_product(f->criterion, direction, out);
    return near(out, want, b->count, largest(b));
}

/* Says what is not right; all ranks do the same. */
static bool compare(const fixture_setup_t *setup)
{
    fixture_t wide, tall;
    fixture_numbers_t a, b;
    bool good = false;
    const fixture_setup_t one = by(*setup, "wide"), other = by(*setup, "replicated");
    memset(&tall, 0, sizeof tall);
    if (fixture_create(test_comm, &one, &wide) && fixture_create(test_comm, &other, &tall) &&
        fixture_evaluate(&tall, theta_here, 2, &b) && fixture_evaluate(&wide, theta_here, 2, &a)) {
        CU_ASSERT(wide.criterion->form == &hessian_wide);
        good = same(&a, &b) && same_product(&wide, &b);
    }
    if (!good)
        fprintf(stderr, "%s, %s, %s, n = %d, p = %d, %d groups: n x n is not p x p\n", setup->loss,
                setup->penalty, setup->criterion, (int)setup->n, setup->p, setup->groups);
    fixture_free(&wide);
    fixture_free(&tall);
    return good;
}

static void every_loss_and_penalty(void)
{
    int walked = 0, good = 0;
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int q = 0; penalty_kinds[q] != NULL && loss_kinds[k]->joint == NULL; q++)
            for (int plain = 0; plain < 2; plain++) {
                fixture_setup_t setup = {.n = 23,
                                         .p = 31,
                                         .loss = loss_kinds[k]->name,
                                         .penalty = penalty_kinds[q]->name,
                                         .criterion = "alo",
                                         .weights = !plain,
                                         .offset = !plain,
                                         .intercept = true,
                                         .standardize = plain,
                                         .groups = plain ? 1 : 3,
                                         .free_column = !plain};
                walked++;
                good += compare(&setup);
            }
    CU_ASSERT(walked > 0);
    CU_ASSERT_EQUAL(good, walked);
}

/* n x n matrices become n (K - 1) x n (K - 1). */
static void several_outputs(void)
{
    static const char *const criteria[] = {"kfold", "holdout", "alo"};
    for (size_t c = 0; c < sizeof criteria / sizeof *criteria; c++)
        for (int q = 0; penalty_kinds[q] != NULL; q++)
            for (int plain = 0; plain < 2; plain++) {
                fixture_setup_t setup = {.n = 23,
                                         .p = 31,
                                         .loss = "softmax",
                                         .penalty = penalty_kinds[q]->name,
                                         .criterion = criteria[c],
                                         .weights = !plain,
                                         .offset = !plain,
                                         .intercept = true,
                                         .standardize = plain,
                                         .groups = plain ? 1 : 3,
                                         .free_column = !plain};
                CU_ASSERT(compare(&setup));
            }
}

static bool evaluate(fixture_setup_t setup, data_storage_t storage, fixture_numbers_t *out)
{
    fixture_t f;
    setup.storage = storage;
    bool good = fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_here, 2, out);
    CU_ASSERT(good && (f.data->X.sparse != NULL) == (storage == DATA_HOLD_SPARSE));
    fixture_free(&f);
    return good;
}

/* Columns of a sparse X are held by their entries, however they are standardised. */
static void sparse_columns(void)
{
    static const char *const losses[] = {"logistic", "softmax"};
    for (int k = 0; k < 2; k++)
        for (int q = 0; penalty_kinds[q] != NULL; q++)
            for (int way = 0; way < 3; way++) {
                fixture_setup_t setup = {.n = 19,
                                         .p = 70,
                                         .loss = losses[k],
                                         .penalty = penalty_kinds[q]->name,
                                         .criterion = "alo",
                                         .weights = way > 0,
                                         .intercept = true,
                                         .standardize = (data_standardize_t)way,
                                         .density = 0.3,
                                         .groups = way == 0 ? 5 : 2,
                                         .free_column = way > 1};
                fixture_numbers_t dense, sparse;
                setup = by(setup, "wide");
                if (evaluate(setup, DATA_HOLD_DENSE, &dense) &&
                    evaluate(setup, DATA_HOLD_SPARSE, &sparse))
                    CU_ASSERT(same(&sparse, &dense));
            }
}

/* Gram matrices are held where they take no more than X; both ways, and no free column at all. */
static void shapes(void)
{
    const fixture_setup_t base = {.n = 17,
                                  .p = 90,
                                  .loss = "logistic",
                                  .penalty = "ridge",
                                  .criterion = "alo",
                                  .weights = true,
                                  .groups = 1};
    const struct {
        int p, groups;
        bool intercept, penalised;
    } cases[] = {{90, 1, true, false}, {90, 5, true, false}, {40, 5, false, false},
                 {40, 2, true, true},  {9, 4, true, false},  {300, 8, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_setup_t setup = base;
        setup.p = cases[i].p;
        setup.groups = cases[i].groups;
        setup.intercept = cases[i].intercept;
        setup.penalised_intercept = cases[i].penalised;
        CU_ASSERT(compare(&setup));
    }
}

/* Penalties from almost none, where the model interpolates, to so large that no row has leverage.
 */
static void small_and_large_penalties(void)
{
    fixture_setup_t setup = {.n = 20,
                             .p = 60,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    for (double theta = -6.0; theta <= 14.0; theta += 4.0) {
        fixture_t wide, tall;
        fixture_numbers_t a, b;
        const fixture_setup_t one = by(setup, "wide"), other = by(setup, "spectral");
        memset(&tall, 0, sizeof tall);
        if (fixture_create(test_comm, &one, &wide) && fixture_create(test_comm, &other, &tall) &&
            fixture_evaluate(&tall, &theta, 2, &b) && fixture_evaluate(&wide, &theta, 2, &a)) {
            CHECK_CLOSE(a.value / b.value, 1.0, 1e-9);
            CHECK_CLOSE(a.gradient[0] / b.value, b.gradient[0] / b.value, 1e-9);
            CHECK_CLOSE(a.hessian[0] / b.value, b.hessian[0] / b.value, 1e-8);
        }
        fixture_free(&wide);
        fixture_free(&tall);
    }
}

/* One rank with all rows and columns finds the same. */
static void ranks_agree(void)
{
    const char *const penalties[] = {"ridge", "bridge"};
    for (int q = 0; q < 2; q++) {
        const fixture_setup_t setup = by((fixture_setup_t){.n = 13,
                                                           .p = 50,
                                                           .loss = "poisson",
                                                           .penalty = penalties[q],
                                                           .criterion = "alo",
                                                           .intercept = true,
                                                           .groups = 3},
                                         "wide");
        comm_t *self = NULL;
        fixture_t all, alone;
        fixture_numbers_t a, b;
        memset(&alone, 0, sizeof alone);
        CHECK_OK(comm_self(&self));
        if (fixture_create(test_comm, &setup, &all) && fixture_create(self, &setup, &alone) &&
            fixture_evaluate(&all, theta_here, 2, &a) &&
            fixture_evaluate(&alone, theta_here, 2, &b)) {
            CU_ASSERT(fabs(a.value - b.value) <= 1e-11 * fabs(b.value));
            for (int i = 0; i < b.count * b.count; i++)
                CU_ASSERT(fabs(a.hessian[i] - b.hessian[i]) <= 1e-11 * largest(&b));
        }
        fixture_free(&all);
        fixture_free(&alone);
        comm_free(&self);
    }
}

static void collinear_free_columns_are_named(void)
{
    fixture_setup_t setup = {.n = 12,
                             .p = 30,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .groups = 1,
                             .free_column = true};
    const fixture_setup_t wide = by(setup, "wide");
    fixture_t f;
    if (fixture_create(test_comm, &wide, &f)) {
        criterion_result_t r;
        wide_t *w = NULL;
        hessian_t *hessian = NULL;
        CHECK_OK(hessian_create(f.problem, &hessian_wide, &hessian));
        w = hessian_wide_of(hessian);
        criterion_evaluate(f.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid && hessian_factor(hessian) == -1);
        memset(w->F, 0, (size_t)w->n * sizeof *w->F);
        CU_ASSERT_EQUAL(hessian_factor(hessian), 0);
        hessian_free(&hessian);
    }
    fixture_free(&f);
}

void suite_wide(void)
{
    static const test_case_t cases[] = {
        {"every loss and penalty", every_loss_and_penalty},
        {"several outputs", several_outputs},
        {"sparse columns", sparse_columns},
        {"shapes", shapes},
        {"small and large penalties", small_and_large_penalties},
        {"ranks agree", ranks_agree},
        {"collinear free columns are named", collinear_free_columns_are_named},
    };
    REGISTER("wide", cases);
}
