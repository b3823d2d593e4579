/* SPDX-License-Identifier: BSD-3-Clause */
/* What evaluations cost, and what they do not depend on. The derivatives: test_walk.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "linalg/panel.h"
#include "support.h"

enum { GROUPS = 5 };

static const double theta_of_groups[GROUPS] = {0.3, -0.5, 1.0, 0.9, -1.0};

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
    fixture_numbers_t a, b;
    memset(&compute, 0, sizeof compute);
    bool made = fixture_create(test_comm, &setup, &keep);
    setup.value = "recompute";
    made = made && fixture_create(test_comm, &setup, &compute);
    if (made && fixture_evaluate(&keep, theta_of_groups, 2, &a) &&
        fixture_evaluate(&compute, elsewhere, 0, &b) &&
        fixture_evaluate(&compute, theta_of_groups, 2, &b)) {
        CHECK_CLOSE(a.value / b.value, 1.0, 1e-12);
        for (int i = 0; i < GROUPS; i++)
            CHECK_CLOSE(a.gradient[i], b.gradient[i], 1e-12);
        for (int i = 0; i < GROUPS * GROUPS; i++)
            CHECK_CLOSE(a.hessian[i], b.hessian[i], 1e-12);
    }
    fixture_free(&keep);
    fixture_free(&compute);
}

/* At the minimum, so that no step of the inner solver is counted. */
static int64_t bytes_of_evaluation(int64_t n, const char *loss)
{
    fixture_setup_t setup = {.n = n,
                             .p = 12,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 2};
    fixture_t f;
    fixture_numbers_t out;
    criterion_result_t r;
    int64_t bytes = -1;
    if (fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_of_groups, 2, &out)) {
        comm_counters_reset(test_comm);
        criterion_evaluate(f.criterion, theta_of_groups, 2, &r);
        bytes = comm_counters(test_comm).bytes;
        CU_ASSERT(r.valid && r.inner_iterations == 0);
    }
    fixture_free(&f);
    return bytes;
}

static void bytes_sent_do_not_depend_on_n(void)
{
    for (int k = 0; loss_kinds[k] != NULL; k++) {
        int64_t small = bytes_of_evaluation(100, loss_kinds[k]->name);
        CU_ASSERT(small > 0);
        CU_ASSERT_EQUAL(small, bytes_of_evaluation(400, loss_kinds[k]->name));
    }
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
                             .groups = groups,
                             .option = "algebra",
                             .value = "replicated"};
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

/* The next evaluation starts from the last minimum that was found. */
static void failures_do_not_lose_the_minimum(void)
{
    fixture_setup_t setup = {.n = 12,
                             .p = 12,
                             .loss = "logistic",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    const double tiny = -80.0, good = 0.0;
    fixture_t f;
    criterion_result_t r;
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_evaluate(f.criterion, &good, 0, &r);
        CU_ASSERT(r.valid && r.inner_iterations > 2);
        double value = r.value;
        criterion_evaluate(f.criterion, &tiny, 0, &r);
        CU_ASSERT(!r.valid);
        criterion_evaluate(f.criterion, &good, 0, &r);
        CU_ASSERT(r.valid && r.inner_iterations <= 1);
        CHECK_CLOSE(r.value / value, 1.0, 1e-13);
    }
    fixture_free(&f);
}

void suite_criterion(void)
{
    static const test_case_t cases[] = {
        {"results do not depend on memory or path", results_do_not_depend_on_memory_or_path},
        {"gradients cost the same for any number of hyperparameters",
         gradients_cost_the_same_for_any_number_of_hyperparameters},
        {"bytes sent do not depend on n", bytes_sent_do_not_depend_on_n},
        {"failures are outcomes", failures_are_outcomes},
        {"failures do not lose the minimum", failures_do_not_lose_the_minimum},
    };
    REGISTER("criterion", cases);
}
