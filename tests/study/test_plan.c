/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans: the algebra that a run chooses, memory by hand for sizes beyond any machine here, and the
   least number of ranks. What the formulas promise is compared with counts in test_cost.c. */
#include "study/plan.h"

#include <string.h>

#include "fixture.h"
#include "study/rates.h"
#include "study/sample.h"
#include "support.h"

static const double GIB = 1024.0 * 1024.0 * 1024.0;

/* 10^9 x 10^3: X is 8.008e12 bytes, and beside it there are 22 vectors of rows. */
static void many_rows_are_counted_right(void)
{
    plan_request_t r = sample_plan(1000000000, 1000);
    plan_t plan;
    r.algebra = "replicated";
    r.memory = (int64_t)(128.0 * GIB);
    CHECK_OK(plan_make(&r, 100, &plan));
    const double rows = 8.0 * 1e7 * (1001.0 + 22.0), square = 8.0 * 1001.0 * 1001.0;
    CHECK_CLOSE((double)plan.memory / (rows + 8.0 * square), 1.0, 1e-3);
    CU_ASSERT(!plan.roomy && plan.fits);
    /* two Hessians and whitened rows; n p^2 each, of which the kernels do 9 / 8 */
    CHECK_CLOSE(plan.work[0].amount[WORK_PANEL] / (3.0 * 1e9 * 1001.0 * 1001.0 * 1.125), 1.0, 0.02);
    CU_ASSERT(plan.seconds[0] > 1000.0 && plan.seconds[0] < 1e4);
    CU_ASSERT(plan.seconds[0] < plan.seconds[1] && plan.seconds[1] < plan.seconds[2]);
}

/* The same with X on disk: three blocks of some 16 MiB, and all that has a number for each row. */
static void an_X_on_disk_is_counted_right(void)
{
    plan_request_t r = sample_plan(1000000000, 1000);
    plan_t resident, streamed;
    r.algebra = "replicated";
    r.memory = (int64_t)(128.0 * GIB);
    CHECK_OK(plan_make(&r, 100, &resident));
    r.streamed = true;
    r.rates.does.amount[WORK_READ] = 1e20;
    CHECK_OK(plan_make(&r, 100, &streamed));
    const double X = 8.0 * 1e7 * 1001.0, blocks = 3.0 * (double)(1 << 24);
    CHECK_CLOSE((double)(resident.memory - streamed.memory) / (X - blocks), 1.0, 1e-3);
    CU_ASSERT(streamed.streamed && !resident.streamed);
    CHECK_CLOSE(streamed.seconds[2] / resident.seconds[2], 1.0, 1e-3);
    r.rates.does.amount[WORK_READ] = 1e6; /* slower than all else */
    CHECK_OK(plan_make(&r, 100, &streamed));
    for (int order = 0; order < PLAN_ORDERS; order++) {
        const double passes = streamed.work[order].amount[WORK_READ] / (8.0 * 1e9 * 1000.0);
        CU_ASSERT(passes > 2.0 && passes < 100.0);
        CHECK_CLOSE(streamed.seconds[order] / (passes * 8.0 * 1e7 * 1000.0 / 1e6), 1.0, 1e-9);
        CU_ASSERT_EQUAL(resident.work[order].amount[WORK_READ], 0.0);
    }
    r.density = 0.01; /* held by its entries, in memory */
    CHECK_OK(plan_make(&r, 100, &streamed));
    CU_ASSERT(!streamed.streamed);
}

/* 10^7 x 10^5: a matrix p x p is 80 GB, of which every rank would hold 8. */
static void many_columns_are_counted_right(void)
{
    plan_request_t r = sample_plan(10000000, 100000);
    plan_t plan;
    r.algebra = "replicated";
    CHECK_OK(plan_make(&r, 1000, &plan));
    const double square = 8.0 * 100001.0 * 100001.0, rows = 8.0 * 1e4 * 100001.0;
    /* H, its factor, M, W, M., half, and two for exact refits; X and the whitened rows */
    CHECK_CLOSE((double)plan.memory / (8.0 * square + 2.0 * rows), 1.0, 0.01);
    /* five sums of half a matrix */
    CHECK_CLOSE(plan.work[2].bytes / (5.0 * 0.5 * square), 1.0, 0.01);
    CU_ASSERT(plan.work[2].amount[WORK_PANEL] > 1e18);
}

static void the_least_number_of_ranks_is_least(void)
{
    for (int64_t n = 1000; n <= 1000000000; n *= 100) {
        plan_request_t r = sample_plan(n, 100);
        plan_t plan;
        int64_t least;
        r.memory = 40 << 20;
        CHECK_OK(plan_least_ranks(&r, n, &least));
        CU_ASSERT(least > 0);
        CHECK_OK(plan_make(&r, least, &plan));
        CU_ASSERT(plan.fits && plan.memory <= r.memory);
        if (least > 1) {
            CHECK_OK(plan_make(&r, least - 1, &plan));
            CU_ASSERT(!plan.fits);
        }
        r.memory = 1000;
        CHECK_OK(plan_least_ranks(&r, n, &least));
        CU_ASSERT_EQUAL(least, 0);
    }
}

/* The same as a run on the same shape. */
static void check_choice(int64_t n, int p, const char *loss, const char *criterion)
{
    const fixture_setup_t setup = {.n = n,
                                   .p = p,
                                   .loss = loss,
                                   .penalty = "ridge",
                                   .criterion = criterion,
                                   .intercept = true,
                                   .groups = 1};
    plan_request_t r = sample_plan(n, p);
    plan_t plan;
    fixture_t f;
    r.loss = loss;
    r.criterion = criterion;
    CHECK_OK(plan_make(&r, comm_size(test_comm), &plan));
    if (fixture_create(test_comm, &setup, &f)) {
        CU_ASSERT(strncmp(f.criterion->algebra, plan.algebra, strlen(plan.algebra)) == 0);
        CU_ASSERT_EQUAL(f.criterion->roomy, plan.roomy);
    }
    fixture_free(&f);
}

static void the_choice_is_that_of_a_run(void)
{
    check_choice(60, 5, "logistic", "alo");
    check_choice(60, 5, "squared", "alo");
    check_choice(20, 60, "logistic", "alo");
    check_choice(60, 5, "logistic", "kfold");
    check_choice(60, 5, "squared", "kfold");
    check_choice(20, 400, "logistic", "holdout");
}

static void more_ranks_take_less_each(void)
{
    plan_request_t r = sample_plan(1000000, 500);
    plan_t few, many;
    CHECK_OK(plan_make(&r, 10, &few));
    CHECK_OK(plan_make(&r, 100, &many));
    CU_ASSERT(many.memory < few.memory && many.seconds[2] < few.seconds[2]);
    CU_ASSERT(few.study_seconds > 8.0 * few.seconds[2]);
}

/* 20 hyperparameters are searched with Hessians of 20 x 20, 2000 by products alone. */
static void many_hyperparameters_have_no_hessian(void)
{
    plan_request_t r = sample_plan(1000000, 2000);
    plan_t few, many, more;
    r.algebra = "replicated";
    r.count = 20;
    CHECK_OK(plan_make(&r, 10, &few));
    r.count = 1000;
    CHECK_OK(plan_make(&r, 10, &many));
    r.count = 2000;
    CHECK_OK(plan_make(&r, 10, &more));
    CU_ASSERT(more.memory > many.memory && more.memory - many.memory < 1000 * 1000);
    const int64_t each = (more.memory - many.memory) / 1000;
    CU_ASSERT_EQUAL(few.memory - (many.memory - 980 * each), 20 * 20 * (int64_t)sizeof(double));
}

static void count_plans(const plan_t *plan, void *context)
{
    int *count = context;
    CU_ASSERT(plan->memory > 0 && plan->seconds[1] > 0.0);
    *count += 1;
}

static void every_criterion_has_a_plan(void)
{
    for (int i = 0; criterion_kinds[i] != NULL; i++) {
        plan_request_t r = sample_plan(100000, 100);
        int count = 0;
        r.criterion = criterion_kinds[i]->name;
        CHECK_OK(plan_each(&r, 7, count_plans, &count));
        CU_ASSERT(count > 0);
    }
    plan_request_t kernel = sample_plan(3000, 10), classes = sample_plan(3000, 10);
    int count = 0;
    kernel.kernel = true;
    classes.loss = "softmax";
    classes.outputs = 10;
    CHECK_OK(plan_each(&kernel, 7, count_plans, &count));
    CHECK_OK(plan_each(&classes, 7, count_plans, &count));
    CU_ASSERT(count >= 2);
}

static void what_makes_no_sense_is_refused(void)
{
    plan_request_t r = sample_plan(100, 10);
    plan_t plan;
    r.loss = "luck";
    CHECK_FAILS(plan_make(&r, 1, &plan), TRALO_ERR_INPUT, "no loss 'luck'");
    r.loss = "softmax";
    CHECK_FAILS(plan_make(&r, 1, &plan), TRALO_ERR_INPUT, "two classes or more");
    r = sample_plan(100, 2147483000);
    r.loss = "softmax";
    r.outputs = 3;
    CHECK_FAILS(plan_make(&r, 1, &plan), TRALO_ERR_INPUT, "are too many");
    r = sample_plan(3000000000, 10);
    r.kernel = true;
    CHECK_FAILS(plan_make(&r, 1, &plan), TRALO_ERR_INPUT, "the rows are too many");
    r = sample_plan(100, 10);
    r.criterion = "guess";
    CHECK_FAILS(plan_make(&r, 1, &plan), TRALO_ERR_INPUT, "no criterion 'guess'");
    r = sample_plan(100, 10);
    CHECK_FAILS(plan_make(&r, 0, &plan), TRALO_ERR_INPUT, "number of ranks");
}

static void rates_are_measured(void)
{
    plan_request_t r = sample_plan(2000, 20);
    plan_rates_t rates = r.rates;
    CHECK_OK(rates_measure(test_comm, &r, &rates));
    for (int k = 0; k < WORK_BLOCK; k++)
        CU_ASSERT(rates.does.amount[k] > 1e4 && rates.does.amount[k] < 1e13);
    CU_ASSERT_EQUAL(rates.messages_measured, comm_size(test_comm) > 1);
    CU_ASSERT(rates.does.latency > 1e-9 && rates.does.latency < 10.0);
    CU_ASSERT(rates.does.bandwidth > 1e4 && rates.does.bandwidth < 1e13);
}

void suite_plan(void)
{
    static const test_case_t cases[] = {
        {"many rows are counted right", many_rows_are_counted_right},
        {"an X on disk is counted right", an_X_on_disk_is_counted_right},
        {"many columns are counted right", many_columns_are_counted_right},
        {"the least number of ranks is least", the_least_number_of_ranks_is_least},
        {"the choice is that of a run", the_choice_is_that_of_a_run},
        {"more ranks take less each", more_ranks_take_less_each},
        {"many hyperparameters have no Hessian", many_hyperparameters_have_no_hessian},
        {"every criterion has a plan", every_criterion_has_a_plan},
        {"what makes no sense is refused", what_makes_no_sense_is_refused},
        {"rates are measured", rates_are_measured},
    };
    REGISTER("plan", cases);
}
