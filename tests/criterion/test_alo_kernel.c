/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out of models with a kernel: every kernel with every loss of one output. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/exact.h"
#include "criterion/kinds.h"
#include "fixture.h"
#include "support.h"

enum { MOST = KERNEL_MOST };

/* A machine beside a fixture that has its data. */
typedef struct bench {
    fixture_t f;
    machine_t *machine;
    criterion_t *criterion;
} bench_t;

static bool wrap(bench_t *b, const loss_t *loss, const char *kernel)
{
    const int64_t degree = 3;
    kernel_t k = kernel_configured(kernel_find(kernel), &degree);
    if (!CHECK_OK(machine_create(b->f.data, loss, &k, &b->machine)))
        return false;
    criterion_setup_t setup = {.kind = criterion_find("alo"),
                               .options = b->f.options,
                               .machine = b->machine,
                               .inner = inner_find("newton"),
                               .inner_options = b->f.inner_options};
    return CHECK_OK(criterion_create(&setup, &b->criterion));
}

static bool bench_create(comm_t *comm, const fixture_setup_t *setup, const char *kernel, bench_t *b)
{
    memset(b, 0, sizeof *b);
    return fixture_create(comm, setup, &b->f) && wrap(b, loss_find(setup->loss), kernel);
}

static void bench_free(bench_t *b)
{
    criterion_free(&b->criterion);
    machine_free(&b->machine);
    fixture_free(&b->f);
}

/* The numbers of one evaluation, kept beyond the next. */
typedef struct numbers {
    int count;
    double value, error, gradient[MOST], hessian[MOST * MOST];
} numbers_t;

static bool evaluate(criterion_t *criterion, const double *theta, int order, numbers_t *out)
{
    criterion_result_t r;
    criterion_evaluate(criterion, theta, order, &r);
    if (!r.valid)
        printf("evaluation failed: %s\n", r.failure);
    CU_ASSERT(r.valid);
    if (!r.valid)
        return false;
    size_t count = (size_t)criterion->count;
    out->count = (int)count;
    out->value = r.value;
    out->error = r.standard_error;
    if (order >= 1)
        memcpy(out->gradient, r.gradient, count * sizeof(double));
    if (order >= 2)
        memcpy(out->hessian, r.hessian, count * count * sizeof(double));
    return true;
}

/* Sixth-order central differences along component s: of the value, and of the gradient. This
   step leaves 6e-9 of them at most; 4e-3, 8e-3 and 1.6e-2 leave 1.5e-7, 9e-6 and 5e-4 (squared
   hinge, polynomial kernel), which is truncation of order 6. */
static void differences(criterion_t *criterion, const double *theta, int s, numbers_t *out)
{
    static const double at[6] = {-3, -2, -1, 1, 2, 3}, weight[6] = {-1, 9, -45, 45, -9, 1};
    const double step = 2e-3;
    double moved[MOST];
    memset(out, 0, sizeof *out);
    memcpy(moved, theta, sizeof moved);
    for (int k = 0; k < 6; k++) {
        numbers_t there;
        moved[s] = theta[s] + at[k] * step;
        if (!evaluate(criterion, moved, 1, &there))
            return;
        out->value += weight[k] * there.value / (60 * step);
        for (int i = 0; i < criterion->count; i++)
            out->gradient[i] += weight[k] * there.gradient[i] / (60 * step);
    }
}

static void check_derivatives(criterion_t *criterion, const double *theta)
{
    numbers_t exact, near;
    double size = 0.0;
    if (!evaluate(criterion, theta, 2, &exact))
        return;
    for (int i = 0; i < exact.count; i++)
        size = fmax(size, fabs(exact.gradient[i]));
    for (int s = 0; s < exact.count; s++) {
        differences(criterion, theta, s, &near);
        CHECK_CLOSE(near.value / size, exact.gradient[s] / size, 1e-7);
        for (int i = 0; i < exact.count; i++)
            CHECK_CLOSE(near.gradient[i] / size, exact.hessian[s * exact.count + i] / size, 1e-7);
    }
}

static const double theta_here[MOST] = {0.2, 0.9};

/* Calls `check` for every loss and kernel, with and without weights, offsets and intercept. */
static void for_all(void (*check)(const fixture_setup_t *, const char *kernel))
{
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int q = 0; kernel_kinds[q] != NULL && loss_kinds[k]->joint == NULL; q++)
            for (int plain = 0; plain < 2; plain++) {
                fixture_setup_t setup = {.n = 41,
                                         .p = 3,
                                         .loss = loss_kinds[k]->name,
                                         .penalty = "ridge",
                                         .criterion = "alo",
                                         .weights = !plain,
                                         .offset = !plain,
                                         .intercept = !plain,
                                         .standardize = plain,
                                         .groups = 1};
                check(&setup, kernel_kinds[q]->name);
            }
}

static void check_differences(const fixture_setup_t *setup, const char *kernel)
{
    bench_t b;
    if (bench_create(test_comm, setup, kernel, &b))
        check_derivatives(b.criterion, theta_here);
    bench_free(&b);
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_differences);
}

/* The linear kernel is ridge regression: the p x p way gives the same. */
static void check_ridge(fixture_t *f, const bench_t *b, double lambda)
{
    double theta = log(lambda);
    numbers_t want, got;
    if (!evaluate(f->criterion, &theta, 2, &want) || !evaluate(b->criterion, &theta, 2, &got))
        return;
    CHECK_CLOSE(got.value / want.value, 1.0, 1e-9);
    CHECK_CLOSE(got.error / want.error, 1.0, 1e-9);
    CHECK_CLOSE(got.gradient[0] / want.gradient[0], 1.0, 1e-9);
    CHECK_CLOSE(got.hessian[0] / want.hessian[0], 1.0, 1e-9);
}

static void check_data(const char *name, const char *target, const char *labels, const char *loss)
{
    fixture_setup_t setup = {.loss = loss, .penalty = "ridge", .criterion = "alo", .groups = 1};
    bench_t b = {.machine = NULL};
    data_t *data = fixture_data(name, target, labels, true);
    if (data != NULL && fixture_wrap(data, &setup, &b.f) && wrap(&b, loss_find(loss), "linear"))
        check_ridge(&b.f, &b, 0.7);
    bench_free(&b);
}

/* On one rank the tests run under valgrind too, for which these data are large. */
static void the_linear_kernel_is_ridge(void)
{
    if (comm_size(test_comm) == 1)
        return;
    check_data("diabetes", "target", NULL, "squared");
    check_data("breast_cancer", "diagnosis", "malignant,benign", "logistic");
}

static void check_products(const fixture_setup_t *setup, const char *kernel)
{
    bench_t b;
    numbers_t exact, first;
    bool made = bench_create(test_comm, setup, kernel, &b);
    for (int order = 2; made && order >= 1; order--) {
        if (!evaluate(b.criterion, theta_here, order, order == 2 ? &exact : &first))
            break;
        for (int k = 0; k < 2; k++) {
            double direction[MOST], out[MOST], size = 0.0;
            for (int s = 0; s < exact.count; s++)
                direction[s] = sin(1.0 + s + 3.0 * k);
            criterion_product(b.criterion, direction, out);
            for (int i = 0; i < exact.count * exact.count; i++)
                size = fmax(size, fabs(exact.hessian[i]));
            for (int i = 0; i < exact.count; i++) {
                double want = 0.0;
                for (int s = 0; s < exact.count; s++)
                    want += exact.hessian[i * exact.count + s] * direction[s];
                CHECK_CLOSE(out[i] / size, want / size, 1e-10);
            }
        }
    }
    bench_free(&b);
}

static void products_are_hessian_times_direction(void)
{
    for_all(check_products);
}

/* Against the derivatives, or a tenth of the value where they are smaller: that is as far as
   rounding in n x n matrices of low rank lets them be known, where no row has high leverage. */
static void check_serial(const fixture_setup_t *small, const char *kernel)
{
    fixture_setup_t large = *small, *setup = &large;
    const double theta[MOST] = {2.0, 0.9};
    if (comm_size(test_comm) == 1)
        return;
    large.n = 150; /* three blocks of columns */
    comm_t *self = NULL;
    bench_t all, alone;
    numbers_t parallel, serial;
    memset(&alone, 0, sizeof alone);
    CHECK_OK(comm_self(&self));
    if (bench_create(test_comm, setup, kernel, &all) && bench_create(self, setup, kernel, &alone) &&
        evaluate(all.criterion, theta, 2, &parallel) &&
        evaluate(alone.criterion, theta, 2, &serial)) {
        double slope = 0.1 * fabs(serial.value), bend = slope;
        for (int i = 0; i < serial.count; i++)
            slope = fmax(slope, fabs(serial.gradient[i]));
        for (int i = 0; i < serial.count * serial.count; i++)
            bend = fmax(bend, fabs(serial.hessian[i]));
        CHECK_CLOSE(parallel.value / serial.value, 1.0, 1e-11);
        CHECK_CLOSE(parallel.error / serial.error, 1.0, 1e-11);
        for (int i = 0; i < serial.count; i++)
            CHECK_CLOSE(parallel.gradient[i] / slope, serial.gradient[i] / slope, 1e-11);
        for (int i = 0; i < serial.count * serial.count; i++)
            CHECK_CLOSE(parallel.hessian[i] / bend, serial.hessian[i] / bend, 1e-11);
    }
    bench_free(&all);
    bench_free(&alone);
    comm_free(&self);
}

static void results_do_not_depend_on_the_ranks(void)
{
    for_all(check_serial);
}

/* Leaving a row out of the training rows is training without the row: an independent fit of a data
   set that does not have it predicts the same. */
static void check_excluded_row(const fixture_setup_t *setup, const char *kernel, int64_t row)
{
    bench_t all, less;
    inner_result_t r;
    double u = 0.0;
    memset(&less, 0, sizeof less);
    if (bench_create(test_comm, setup, kernel, &all)) {
        fixture_t *f = &all.f;
        int p = setup->p;
        size_t after = (size_t)(setup->n - 1 - row);
        machine_exclude(all.machine, row);
        machine_set(all.machine, theta_here);
        f->criterion->inner->solve_machine(f->inner_options, all.machine, &r);
        CU_ASSERT(r.solved);
        memmove(f->X + row * p, f->X + (row + 1) * p, after * (size_t)p * sizeof(double));
        memmove(f->y + row, f->y + row + 1, after * sizeof(double));
        data_arrays_t arrays = {.n = setup->n - 1, .p = p, .X = f->X, .y = f->y};
        data_options_t options = {.intercept = setup->intercept};
        if (CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &less.f.data)) &&
            fixture_wrap(less.f.data, setup, &less.f) &&
            wrap(&less, loss_find(setup->loss), kernel)) {
            machine_set(less.machine, theta_here);
            f->criterion->inner->solve_machine(f->inner_options, less.machine, &r);
            CU_ASSERT(r.solved);
            CHECK_CLOSE(all.machine->solution[row], 0.0, 1e-14);
            CHECK_CLOSE(all.machine->solution[setup->n], less.machine->solution[setup->n - 1],
                        1e-10);
            for (int64_t i = 0; i < setup->n - 1; i++) {
                u = all.machine->u[i + (i >= row)];
                CHECK_CLOSE(less.machine->u[i], u, 1e-10);
            }
        }
    }
    bench_free(&all);
    bench_free(&less);
}

static void excluded_rows_do_not_train(void)
{
    static const char *const losses[] = {"squared", "logistic", "poisson"};
    for (int i = 0; i < 3; i++) {
        fixture_setup_t setup = {.n = 40,
                                 .p = 3,
                                 .loss = losses[i],
                                 .penalty = "ridge",
                                 .criterion = "alo",
                                 .intercept = i < 2,
                                 .groups = 1};
        check_excluded_row(&setup, "rbf", 0);
        check_excluded_row(&setup, "polynomial", 17);
    }
}

/* Of squared loss each row's value is exact; with weights, of which one is 0. */
static void squared_loss_is_exact(void)
{
    fixture_setup_t setup = {.n = 50,
                             .p = 3,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = 1};
    bench_t b;
    exact_t *exact = NULL;
    criterion_result_t r;
    double *rows = NULL, *losses = NULL, *weights = NULL, *beta = NULL;
    if (bench_create(test_comm, &setup, "rbf", &b) &&
        CHECK_OK(mem_alloc(setup.n, sizeof *rows, &rows)) &&
        CHECK_OK(mem_alloc(setup.n, sizeof *losses, &losses)) &&
        CHECK_OK(mem_alloc(setup.n, sizeof *weights, &weights)) &&
        CHECK_OK(mem_alloc(setup.n + 1, sizeof *beta, &beta)) &&
        CHECK_OK(exact_create(b.criterion, &exact))) {
        b.machine->weights[3] = 0.0;
        criterion_evaluate(b.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid);
        memcpy(rows + b.f.data->first, r.rows, (size_t)b.f.data->rows * sizeof *rows);
        memcpy(beta, r.beta, ((size_t)setup.n + 1) * sizeof *beta);
        comm_sum(test_comm, rows, setup.n);
        exact_request_t request = {.theta = theta_here, .beta = beta, .first = 0, .count = setup.n};
        exact_losses(exact, &request, losses, weights);
        for (int64_t i = 0; i < setup.n; i++) {
            CHECK_CLOSE(rows[i], losses[i], 1e-10);
            CU_ASSERT(weights[i] == b.machine->weights[i]);
        }
    }
    exact_free(&exact);
    mem_free(&rows);
    mem_free(&losses);
    mem_free(&weights);
    mem_free(&beta);
    bench_free(&b);
}

/* What the matrices take is what was promised, and a rank of several holds no whole matrix. */
static void matrices_are_spread_over_the_ranks(void)
{
    fixture_setup_t setup = {.n = 260,
                             .p = 3,
                             .loss = "logistic",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    int64_t ranks = comm_size(test_comm), n = setup.n, before = mem_bytes();
    bench_t b;
    numbers_t out;
    if (fixture_create(test_comm, &setup, &b.f)) {
        int64_t data = mem_bytes() - before;
        b.machine = NULL;
        b.criterion = NULL;
        mem_peak_reset();
        if (wrap(&b, loss_find("logistic"), "rbf") && evaluate(b.criterion, theta_here, 2, &out)) {
            double used = comm_max_one(test_comm, (double)(mem_peak() - before - data));
            double promised =
                (double)(machine_memory(n, setup.p, (int)ranks) + alo_kernel_memory(n, (int)ranks));
            CHECK_CLOSE(used / promised, 1.0, 0.02);
            CU_ASSERT(ranks == 1 || b.machine->dist->columns < n);
        }
    }
    bench_free(&b);
}

/* Every k-th allocation on one rank, until all is made: all ranks say the same, nothing leaks. */
static void check_allocation(bench_t *b, int64_t k, bool *done)
{
    const int64_t degree = 2, live = mem_live();
    kernel_t kernel = kernel_configured(kernel_find("polynomial"), &degree);
    machine_t *machine = NULL;
    criterion_t *criterion = NULL;
    mem_fail_at(comm_rank(test_comm) == comm_size(test_comm) - 1 ? k : -1);
    int code = machine_create(b->f.data, loss_find("squared"), &kernel, &machine);
    criterion_setup_t setup = {.kind = criterion_find("alo"),
                               .options = b->f.options,
                               .machine = machine,
                               .inner = inner_find("newton"),
                               .inner_options = b->f.inner_options};
    if (code == TRALO_OK)
        code = criterion_create(&setup, &criterion);
    mem_fail_at(-1);
    CU_ASSERT(comm_same(test_comm, &code, sizeof code));
    CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_MEMORY);
    CU_ASSERT((criterion != NULL) == (code == TRALO_OK));
    *done = code == TRALO_OK;
    criterion_free(&criterion);
    machine_free(&machine);
    CU_ASSERT_EQUAL(mem_live(), live);
}

static void every_allocation_may_fail(void)
{
    fixture_setup_t setup = {.n = 20,
                             .p = 2,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .weights = true,
                             .offset = true,
                             .groups = 1};
    bench_t b;
    bool done = false;
    int64_t k = 0;
    if (bench_create(test_comm, &setup, "polynomial", &b))
        for (; k < 200 && !done; k++)
            check_allocation(&b, k, &done);
    CU_ASSERT(done && k > 30);
    bench_free(&b);
}

static void failures_are_outcomes(void)
{
    fixture_setup_t setup = {.n = 30,
                             .p = 3,
                             .loss = "poisson",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    const double tiny[MOST] = {-200.0, 0.0}, huge[MOST] = {-700.0, -700.0};
    bench_t b;
    criterion_result_t r;
    numbers_t out;
    if (bench_create(test_comm, &setup, "polynomial", &b)) {
        criterion_evaluate(b.criterion, tiny, 2, &r);
        CU_ASSERT(!r.valid && strstr(r.failure, "search.lower") != NULL);
        criterion_evaluate(b.criterion, huge, 2, &r);
        CU_ASSERT(!r.valid && strstr(r.failure, "search.lower") != NULL);
        evaluate(b.criterion, theta_here, 2, &out);
    }
    bench_free(&b);
}

static void cold_evaluations_depend_on_theta_alone(void)
{
    fixture_setup_t setup = {.n = 30,
                             .p = 3,
                             .loss = "poisson",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    const double other[MOST] = {2.0, 0.5};
    bench_t b;
    criterion_result_t first, between, again;
    if (bench_create(test_comm, &setup, "rbf", &b)) {
        b.criterion->cold = true;
        criterion_evaluate(b.criterion, theta_here, 0, &first);
        criterion_evaluate(b.criterion, other, 0, &between);
        criterion_evaluate(b.criterion, theta_here, 0, &again);
        CU_ASSERT(first.valid && between.valid && again.valid);
        CU_ASSERT(again.value == first.value && between.value != first.value);
    }
    bench_free(&b);
}

void suite_alo_kernel(void)
{
    static const test_case_t cases[] = {
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"the linear kernel is ridge", the_linear_kernel_is_ridge},
        {"products are Hessian times direction", products_are_hessian_times_direction},
        {"results do not depend on the ranks", results_do_not_depend_on_the_ranks},
        {"excluded rows do not train", excluded_rows_do_not_train},
        {"squared loss is exact", squared_loss_is_exact},
        {"matrices are spread over the ranks", matrices_are_spread_over_the_ranks},
        {"every allocation may fail", every_allocation_may_fail},
        {"failures are outcomes", failures_are_outcomes},
        {"cold evaluations depend on theta alone", cold_evaluations_depend_on_theta_alone},
    };
    REGISTER("alo_kernel", cases);
}
