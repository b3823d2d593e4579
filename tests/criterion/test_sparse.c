/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that are held by their entries against the same rows held dense: every criterion with every
   loss and penalty, however the columns are standardised. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "support.h"

static const double theta_here[FIXTURE_MOST] = {0.3, -0.5, 1.0, 0.9, -1.0, 0.5, 0.1, -0.2};

static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static bool near(const double *a, const double *b, int count, double size)
{
    bool good = true;
    for (int i = 0; i < count; i++)
        good = good && fabs(a[i] - b[i]) <= 1e-9 * size;
    return good;
}

static bool evaluate(const fixture_setup_t *setup, fixture_numbers_t *out)
{
    fixture_t f;
    bool good = fixture_create(test_comm, setup, &f) && fixture_evaluate(&f, theta_here, 2, out);
    CU_ASSERT((f.data->X.sparse != NULL) == (setup->storage == DATA_HOLD_SPARSE));
    fixture_free(&f);
    return good;
}

/* The setup's evaluation is that of dense rows; a gradient is as exact as the Hessian. */
static bool holds(fixture_setup_t setup)
{
    fixture_numbers_t dense, sparse;
    setup.storage = DATA_HOLD_DENSE;
    bool good = evaluate(&setup, &dense);
    setup.storage = DATA_HOLD_SPARSE;
    good = evaluate(&setup, &sparse) && good;
    if (!good)
        return false;
    const int count = dense.count;
    const double size = largest(dense.hessian, count * count);
    return near(&sparse.value, &dense.value, 1, fabs(dense.value)) &&
           near(&sparse.error, &dense.error, 1, fabs(dense.error)) &&
           near(sparse.gradient, dense.gradient, count,
                fmax(size, largest(dense.gradient, count))) &&
           near(sparse.hessian, dense.hessian, count * count, size);
}

/* Counts what does not hold, and says so. */
static int visit(const fixture_setup_t *setup)
{
    if (holds(*setup))
        return 0;
    fprintf(stderr, "%s, %s, %s, standardised %d, intercept %d: sparse is not dense\n", setup->loss,
            setup->penalty, setup->criterion, (int)setup->standardize, setup->intercept);
    return 1;
}

static void sparse_is_dense(void)
{
    int wrong = 0;
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        for (int k = 0; loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++)
                for (int way = 0; way < 3; way++) {
                    fixture_setup_t setup = {.n = 47,
                                             .p = 8,
                                             .loss = loss_kinds[k]->name,
                                             .penalty = penalty_kinds[q]->name,
                                             .criterion = criterion_kinds[c]->name,
                                             .weights = way > 0,
                                             .offset = way > 0,
                                             .intercept = (k + way) % 2 == 0,
                                             .standardize = (data_standardize_t)way,
                                             .density = 0.3,
                                             .groups = way == 1 ? 1 : 2};
                    wrong += visit(&setup);
                }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Columns that are the same in all rows that train, when those left out hold their one entry: they
   are not to be blown up to unit variance. */
static void entries_left_out(void)
{
    static const char *const criteria[] = {"holdout", "kfold"};
    int wrong = 0;
    for (int c = 0; c < 2; c++)
        for (int way = 1; way < 3; way++) {
            const fixture_setup_t setup = {.n = 2000,
                                           .p = 400,
                                           .loss = "logistic",
                                           .penalty = "ridge",
                                           .criterion = criteria[c],
                                           .intercept = true,
                                           .standardize = (data_standardize_t)way,
                                           .density = 5e-4,
                                           .groups = 1};
            wrong += visit(&setup);
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

void suite_sparse(void)
{
    static const test_case_t cases[] = {
        {"sparse is dense, for every criterion", sparse_is_dense},
        {"entries that are left out", entries_left_out},
    };
    REGISTER("sparse", cases);
}
