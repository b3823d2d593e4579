/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the criteria: every criterion with every loss and penalty. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "linalg/panel.h"
#include "support.h"

enum { GROUPS = 5, MOST = 16 };

/* The numbers of one evaluation, kept beyond the next. */
typedef struct numbers {
    int count;
    double value, error, gradient[MOST], hessian[MOST * MOST];
} numbers_t;

static bool evaluate(fixture_t *f, const double *theta, int order, numbers_t *out)
{
    criterion_result_t r;
    criterion_evaluate(f->criterion, theta, order, &r);
    if (!r.valid)
        printf("evaluation failed: %s\n", r.failure);
    CU_ASSERT(r.valid);
    if (!r.valid)
        return false;
    size_t count = (size_t)f->penalty->count;
    out->count = (int)count;
    out->value = r.value;
    out->error = r.standard_error;
    if (order >= 1)
        memcpy(out->gradient, r.gradient, count * sizeof(double));
    if (order >= 2)
        memcpy(out->hessian, r.hessian, count * count * sizeof(double));
    return true;
}

/* Fourth-order central differences along component s: of the value, and of the gradient. */
static void differences(fixture_t *f, const double *theta, int s, numbers_t *out)
{
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
    const double step = 2e-3;
    double moved[MOST];
    int count = f->penalty->count;
    memset(out, 0, sizeof *out);
    memcpy(moved, theta, (size_t)count * sizeof *theta);
    for (int k = 0; k < 4; k++) {
        numbers_t there;
        moved[s] = theta[s] + at[k] * step;
        if (!evaluate(f, moved, 1, &there))
            return;
        out->value += weight[k] * there.value / (12 * step);
        for (int i = 0; i < count; i++)
            out->gradient[i] += weight[k] * there.gradient[i] / (12 * step);
    }
}

static void check_derivatives(const fixture_setup_t *setup, const double *theta)
{
    fixture_t f;
    numbers_t exact, near;
    if (fixture_create(test_comm, setup, &f) && evaluate(&f, theta, 2, &exact)) {
        double size = 0.0;
        for (int i = 0; i < exact.count; i++)
            size = fmax(size, fabs(exact.gradient[i]));
        for (int s = 0; s < exact.count; s++) {
            differences(&f, theta, s, &near);
            CHECK_CLOSE(near.value / size, exact.gradient[s] / size, 1e-6);
            for (int i = 0; i < exact.count; i++)
                CHECK_CLOSE(near.gradient[i] / size, exact.hessian[s * exact.count + i] / size,
                            1e-6);
        }
    }
    fixture_free(&f);
}

static const double theta_of_groups[MOST] = {0.3, -0.5, 1.0, 0.9, -1.0, 0.5, 0.1, -0.2, 0.7, 0.4};

/* Calls `check` for every loss, penalty and criterion, with and without weights and offsets. */
static void for_all(void (*check)(const fixture_setup_t *, const double *))
{
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        for (int k = 0; loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++)
                for (int plain = 0; plain < 2; plain++) {
                    fixture_setup_t setup = {.n = 61,
                                             .p = 8,
                                             .loss = loss_kinds[k]->name,
                                             .penalty = penalty_kinds[q]->name,
                                             .criterion = criterion_kinds[c]->name,
                                             .weights = !plain,
                                             .offset = !plain,
                                             .intercept = true,
                                             .standardize = plain,
                                             .groups = plain ? 1 : GROUPS,
                                             .free_column = !plain};
                    check(&setup, theta_of_groups);
                }
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_derivatives);
}

/* The product with a direction, at an evaluation of order 1 and at one of order 2, is the Hessian
   times it; again and again. */
static void check_products(const fixture_setup_t *setup, const double *theta)
{
    fixture_t f;
    numbers_t exact, first;
    double direction[MOST], out[MOST];
    if (criterion_find(setup->criterion)->product == NULL)
        return;
    bool made = fixture_create(test_comm, setup, &f);
    for (int order = 2; made && order >= 1; order--) {
        if (!evaluate(&f, theta, order, order == 2 ? &exact : &first))
            break;
        for (int k = 0; k < 3; k++) {
            double size = 0.0, want[MOST] = {0};
            for (int s = 0; s < exact.count; s++)
                direction[s] = sin(1.0 + s + 3.0 * k);
            criterion_product(f.criterion, direction, out);
            for (int i = 0; i < exact.count; i++)
                for (int s = 0; s < exact.count; s++) {
                    want[i] += exact.hessian[i * exact.count + s] * direction[s];
                    size = fmax(size, fabs(exact.hessian[i * exact.count + s]));
                }
            CU_ASSERT(size > 0.0);
            for (int i = 0; i < exact.count; i++)
                CHECK_CLOSE(out[i] / size, want[i] / size, 1e-10);
        }
    }
    fixture_free(&f);
}

static void products_are_hessian_times_direction(void)
{
    CU_ASSERT(criterion_find("alo")->product != NULL);
    for_all(check_products);
}

static void check_serial(const fixture_setup_t *setup, const double *theta)
{
    comm_t *self = NULL;
    fixture_t all, alone;
    numbers_t parallel, serial;
    memset(&all, 0, sizeof all);
    memset(&alone, 0, sizeof alone);
    CHECK_OK(comm_self(&self));
    if (fixture_create(test_comm, setup, &all) && fixture_create(self, setup, &alone) &&
        evaluate(&all, theta, 2, &parallel) && evaluate(&alone, theta, 2, &serial)) {
        int count = serial.count;
        double slope = 0.0, bend = 0.0;
        for (int i = 0; i < count; i++)
            slope = fmax(slope, fabs(serial.gradient[i]));
        for (int i = 0; i < count * count; i++)
            bend = fmax(bend, fabs(serial.hessian[i]));
        CHECK_CLOSE(parallel.value / serial.value, 1.0, 1e-11);
        CHECK_CLOSE(parallel.error / serial.error, 1.0, 1e-11);
        for (int i = 0; i < count; i++)
            CHECK_CLOSE(parallel.gradient[i] / slope, serial.gradient[i] / slope, 1e-11);
        for (int i = 0; i < count * count; i++)
            CHECK_CLOSE(parallel.hessian[i] / bend, serial.hessian[i] / bend, 1e-11);
    }
    fixture_free(&all);
    fixture_free(&alone);
    comm_free(&self);
}

static void results_do_not_depend_on_the_ranks(void)
{
    for_all(check_serial);
}

/* Two ways of computing the whitened rows, and two paths to the same theta, give the same numbers.
 */
static void results_do_not_depend_on_memory_or_path(void)
{
    static const double elsewhere[GROUPS] = {5.0, 3.0, -3.0, 4.0, 1.0};
    fixture_setup_t setup = {.n = 80,
                             .p = 10,
                             .loss = "poisson",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = GROUPS,
                             .weights = true,
                             .option = "whitened",
                             .value = "keep"};
    fixture_t keep, compute;
    numbers_t a, b;
    memset(&compute, 0, sizeof compute);
    bool made = fixture_create(test_comm, &setup, &keep);
    setup.value = "recompute";
    made = made && fixture_create(test_comm, &setup, &compute);
    if (made && evaluate(&keep, theta_of_groups, 2, &a) && evaluate(&compute, elsewhere, 0, &b) &&
        evaluate(&compute, theta_of_groups, 2, &b)) {
        CHECK_CLOSE(a.value / b.value, 1.0, 1e-12);
        for (int i = 0; i < GROUPS; i++)
            CHECK_CLOSE(a.gradient[i], b.gradient[i], 1e-12);
        for (int i = 0; i < GROUPS * GROUPS; i++)
            CHECK_CLOSE(a.hessian[i], b.hessian[i], 1e-12);
    }
    fixture_free(&keep);
    fixture_free(&compute);
}

static int64_t bytes_of_evaluation(int64_t n)
{
    fixture_setup_t setup = {.n = n,
                             .p = 12,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 2};
    fixture_t f;
    numbers_t out;
    int64_t bytes = -1;
    if (fixture_create(test_comm, &setup, &f)) {
        comm_counters_reset(test_comm);
        evaluate(&f, theta_of_groups, 2, &out);
        bytes = comm_counters(test_comm).bytes;
    }
    fixture_free(&f);
    return bytes;
}

static void bytes_sent_do_not_depend_on_n(void)
{
    int64_t small = bytes_of_evaluation(100), large = bytes_of_evaluation(400);
    CU_ASSERT(small > 0);
    CU_ASSERT_EQUAL(small, large);
}

/* What one gradient of ALO costs on this rank. */
typedef struct cost {
    panel_counters_t rows;
    int64_t bytes, memory;
} cost_t;

static cost_t cost_of_gradient(int groups)
{
    enum { WIDE = 1000 };
    static double theta[WIDE];
    fixture_setup_t setup = {.n = 150,
                             .p = WIDE,
                             .loss = "logistic",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = groups};
    cost_t cost = {.bytes = -1};
    fixture_t f;
    criterion_result_t r;
    if (fixture_create(test_comm, &setup, &f)) {
        for (int s = 0; s < groups; s++)
            theta[s] = 3.0;
        panel_counters_t before = panel_counters();
        comm_counters_reset(test_comm);
        criterion_evaluate(f.criterion, theta, 1, &r);
        CU_ASSERT(r.valid);
        cost.rows.square = panel_counters().square - before.square;
        cost.rows.linear = panel_counters().linear - before.linear;
        cost.bytes = comm_counters(test_comm).bytes;
        cost.memory = mem_bytes();
    }
    fixture_free(&f);
    return cost;
}

static void gradients_cost_the_same_for_any_number_of_hyperparameters(void)
{
    cost_t one = cost_of_gradient(1), many = cost_of_gradient(1000);
    CU_ASSERT(one.rows.square > 0 && one.bytes > 0);
    CU_ASSERT_EQUAL(many.rows.square, one.rows.square);
    CU_ASSERT_EQUAL(many.rows.linear, one.rows.linear);
    CU_ASSERT_EQUAL(many.bytes, one.bytes);
    CU_ASSERT(many.memory - one.memory < 100 * 1000 * (int64_t)sizeof(double));
}

static void failures_are_outcomes(void)
{
    fixture_setup_t setup = {.n = 12,
                             .p = 12,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    const double tiny = -80.0, good = 0.0;
    fixture_t f;
    criterion_result_t r;
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_evaluate(f.criterion, &tiny, 2, &r);
        CU_ASSERT(!r.valid);
        CU_ASSERT(strstr(r.failure, "search.lower") != NULL);
        criterion_evaluate(f.criterion, &good, 2, &r);
        CU_ASSERT(r.valid);
    }
    fixture_free(&f);
}

void suite_criterion(void)
{
    static const test_case_t cases[] = {
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"results do not depend on the ranks", results_do_not_depend_on_the_ranks},
        {"results do not depend on memory or path", results_do_not_depend_on_memory_or_path},
        {"products are Hessian times direction", products_are_hessian_times_direction},
        {"gradients cost the same for any number of hyperparameters",
         gradients_cost_the_same_for_any_number_of_hyperparameters},
        {"bytes sent do not depend on n", bytes_sent_do_not_depend_on_n},
        {"failures are outcomes", failures_are_outcomes},
    };
    REGISTER("criterion", cases);
}
