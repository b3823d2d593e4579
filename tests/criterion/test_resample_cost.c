/* SPDX-License-Identifier: BSD-3-Clause */
/* Hold-out, k-fold and leave-one-out: which work they spare, how they use groups of ranks, and the
   standard error of every criterion. */
#include <math.h>
#include <string.h>

#include "criterion/parts.h"
#include "criterion/resample.h"
#include "fixture.h"
#include "linalg/panel.h"
#include "support.h"

enum { N = 41, P = 4 };

static const double theta_here[2] = {0.4, -0.3};

static fixture_setup_t setup_of(const char *loss, const char *criterion)
{
    return (fixture_setup_t){.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = criterion,
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = 2};
}

/* ---- groups of ranks ---- */

/* Groups for so many rows and parts, as chosen (asked 0) or as asked for. */
static int64_t choose(const fixture_t *f, int64_t n, int64_t parts, int64_t asked)
{
    data_t data = *f->data;
    problem_t problem = *f->problem;
    resample_t a = {.all = test_comm, .count = parts};
    data.n = n;
    problem.data = &data;
    return resample_choose_groups(&a, &problem, asked);
}

static void groups_are_made_where_they_pay(void)
{
    int64_t ranks = comm_size(test_comm), few = ranks < 2 ? ranks : 2;
    fixture_setup_t setup = setup_of("logistic", "kfold");
    fixture_t f;
    if (fixture_create(test_comm, &setup, &f)) {
        CU_ASSERT_EQUAL(((resample_t *)f.criterion->work)->groups, ranks); /* small, ten folds */
        CU_ASSERT_EQUAL(choose(&f, N, 100, 0), ranks);
        CU_ASSERT_EQUAL(choose(&f, N, 2, 0), few);
        CU_ASSERT_EQUAL(choose(&f, 1000000000, 100, 0), 1);
        CU_ASSERT_EQUAL(choose(&f, 1000000000, 100, 2), few);
        CU_ASSERT_EQUAL(choose(&f, N, 100, 1), 1);
        CU_ASSERT_EQUAL(choose(&f, N, 100, 1000), ranks);
    }
    fixture_free(&f);
}

/* ---- squared loss: a fold's Hessian is the full one minus the rows it leaves out ---- */

/* Rows that an evaluation gives to passes of n p^2 flops, on all ranks. */
static double square_rows(const char *loss)
{
    fixture_setup_t setup = setup_of(loss, "kfold");
    fixture_t f;
    fixture_numbers_t found;
    double rows = NAN;
    if (fixture_create(test_comm, &setup, &f)) {
        int64_t before = panel_counters().square;
        fixture_evaluate(&f, theta_here, 2, &found);
        rows = (double)(panel_counters().square - before);
    }
    fixture_free(&f);
    return comm_sum_one(test_comm, rows);
}

static void squared_loss_forms_no_hessian_of_a_fold(void)
{
    CU_ASSERT(square_rows("squared") == 0.0);
    CU_ASSERT(square_rows("logistic") >= 10.0 * N);
}

/* ---- standard error ---- */

/* Marks the rows that validate. */
static void find_validating(const fixture_t *f, const char *criterion, bool *validates)
{
    parts_request_t request = {.source = PARTS_SEED, .seed = 1, .fraction = 0.25};
    int part[N], count;
    bool holdout = strcmp(criterion, "holdout") == 0;
    if (holdout)
        CHECK_OK(parts_assign(f->data, &request, part, &count));
    for (int64_t i = 0; i < f->data->rows; i++)
        validates[i] = !holdout || part[i] >= 0;
}

/* The standard error of a weighted mean: sum w^2 (phi - f)^2 n / (n - 1), its root over sum w. */
static void check_error(const char *criterion)
{
    fixture_setup_t setup = setup_of("poisson", criterion);
    fixture_t f;
    criterion_result_t r;
    bool validates[N];
    double sums[4] = {0}; /* n, sum w, sum w phi, sum of squares */
    if (fixture_create(test_comm, &setup, &f)) {
        const double *w = f.data->weights;
        find_validating(&f, criterion, validates);
        criterion_evaluate(f.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid);
        for (int64_t i = 0; r.valid && i < f.data->rows; i++) {
            double part = w[i] * (r.rows[i] - r.value);
            sums[0] += validates[i];
            sums[1] += validates[i] ? w[i] : 0.0;
            sums[2] += validates[i] ? w[i] * r.rows[i] : 0.0;
            sums[3] += validates[i] ? part * part : 0.0;
        }
        comm_sum(test_comm, sums, 4);
        CHECK_CLOSE(r.value / (sums[2] / sums[1]), 1.0, 1e-12);
        CHECK_CLOSE(r.standard_error / (sqrt(sums[3] * sums[0] / (sums[0] - 1.0)) / sums[1]), 1.0,
                    1e-12);
    }
    fixture_free(&f);
}

static void every_criterion_has_its_standard_error(void)
{
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        check_error(criterion_kinds[c]->name);
}

void suite_resample_cost(void)
{
    static const test_case_t cases[] = {
        {"groups are made where they pay", groups_are_made_where_they_pay},
        {"squared loss forms no Hessian of a fold", squared_loss_forms_no_hessian_of_a_fold},
        {"every criterion has its standard error", every_criterion_has_its_standard_error},
    };
    REGISTER("resample cost", cases);
}
