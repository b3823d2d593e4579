/* SPDX-License-Identifier: BSD-3-Clause */
/* The training problem against loops over the whole data, which every rank has. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "support.h"

enum { N = 23, P = 6, COLUMNS = P + 1, GROUPS = 3 };
static const double theta[GROUPS * PENALTY_PER_GROUP] = {0.4, -1.0, 0.9, -0.6, 0.2, 0.5};

/* What a problem says at a point, or what the loops say. */
typedef struct numbers {
    double value, gradient[COLUMNS], H[COLUMNS * COLUMNS]; /* H: lower triangle */
} numbers_t;

static fixture_setup_t setup_of(const char *loss, const char *penalty, int64_t n)
{
    fixture_setup_t setup = {.n = n,
                             .p = P,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = "alo",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = GROUPS,
                             .free_column = true};
    return setup;
}

static void for_all(void (*check)(const fixture_setup_t *))
{
    static const int64_t rows[] = {N, 5, 2}; /* uneven, and more ranks than rows */
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int q = 0; penalty_kinds[q] != NULL; q++)
            for (int r = 0; r < 3; r++) {
                fixture_setup_t setup =
                    setup_of(loss_kinds[k]->name, penalty_kinds[q]->name, rows[r]);
                check(&setup);
            }
}

/* Away from 0, where a penalty may bend within the step of a difference. */
static void point(double *beta)
{
    for (int j = 0; j < COLUMNS; j++) {
        double x = 0.4 * rng_normal(8, 1, (uint64_t)j);
        beta[j] = x + copysign(0.5, x);
    }
}

/* Adds row i, which has the predictor u, to the sums. */
static void add_row(const fixture_t *f, int64_t i, numbers_t *out, const double *beta)
{
    double x[COLUMNS], u = f->offset[i], values[LOSS_ORDERS], *d[LOSS_ORDERS];
    for (int k = 0; k < LOSS_ORDERS; k++)
        d[k] = values + k;
    memcpy(x, f->X + i * P, P * sizeof *x);
    x[P] = 1.0;
    for (int j = 0; j < COLUMNS; j++)
        u += x[j] * beta[j];
    f->problem->loss.derivatives(&f->problem->loss, 1, &f->y[i], &u, 2, d);
    out->value += f->weights[i] * values[0];
    for (int j = 0; j < COLUMNS; j++) {
        out->gradient[j] += f->weights[i] * values[1] * x[j];
        for (int k = j; k < COLUMNS; k++)
            out->H[k + j * COLUMNS] += f->weights[i] * values[2] * x[j] * x[k];
    }
}

/* The sums by loops, without row `excluded`. */
static void naive(const fixture_t *f, const double *beta, int64_t excluded, numbers_t *out)
{
    penalty_values_t values;
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < f->data->n; i++)
        if (i != excluded)
            add_row(f, i, out, beta);
    if (!CHECK_OK(penalty_values_create(f->penalty, &values)))
        return;
    penalty_at(f->penalty, theta, beta, NULL, &values);
    for (int j = 0; j < COLUMNS; j++) {
        out->value += values.r[0][j];
        out->gradient[j] += values.r[1][j];
        out->H[j + j * COLUMNS] += values.r[2][j];
    }
    penalty_values_free(&values);
}

static void ask(const fixture_t *f, const double *beta, numbers_t *out)
{
    spd_t *hessian = NULL;
    problem_move(f->problem, theta, beta);
    out->value = f->problem->size.value;
    memcpy(out->gradient, f->problem->gradient, sizeof out->gradient);
    if (!CHECK_OK(spd_create(f->problem->comm, COLUMNS, &hessian)))
        return;
    int column = problem_factor(f->problem, hessian);
    CU_ASSERT(column == -1 || f->data->n == 2); /* one row does not determine two free columns */
    memcpy(out->H, hessian->matrix, sizeof out->H);
    spd_free(&hessian);
}

static void compare(const numbers_t *got, const numbers_t *wanted)
{
    CHECK_CLOSE(got->value, wanted->value, 1e-13);
    for (int j = 0; j < COLUMNS; j++) {
        CHECK_CLOSE(got->gradient[j], wanted->gradient[j], 1e-12);
        for (int k = j; k < COLUMNS; k++)
            CHECK_CLOSE(got->H[k + j * COLUMNS], wanted->H[k + j * COLUMNS], 1e-12);
    }
}

static void check_loops(const fixture_setup_t *setup)
{
    fixture_t f;
    numbers_t got, wanted;
    double beta[COLUMNS];
    point(beta);
    if (fixture_create(test_comm, setup, &f)) {
        ask(&f, beta, &got);
        naive(&f, beta, -1, &wanted);
        compare(&got, &wanted);
        CU_ASSERT(comm_same(test_comm, &got.value, sizeof got.value));
        CU_ASSERT(comm_same(test_comm, got.gradient, sizeof got.gradient));
    }
    fixture_free(&f);
}

static void agrees_with_loops(void)
{
    for_all(check_loops);
}

static void check_excluded(const fixture_setup_t *setup)
{
    fixture_t f;
    numbers_t got, wanted;
    double beta[COLUMNS];
    point(beta);
    if (fixture_create(test_comm, setup, &f))
        for (int64_t row = setup->n - 1; row >= -1; row--) {
            problem_exclude(f.problem, row);
            ask(&f, beta, &got);
            naive(&f, beta, row, &wanted);
            compare(&got, &wanted);
        }
    fixture_free(&f);
}

static void an_excluded_row_does_not_count(void)
{
    for_all(check_excluded);
}

/* The gradient along a direction against the value, and H against the gradient. */
static void check_differences(const fixture_setup_t *setup)
{
    static const double weight[3] = {0.75, -0.15, 1.0 / 60.0};
    const double step = 0.01;
    fixture_t f;
    numbers_t here, above, below;
    double beta[COLUMNS], moved[COLUMNS], slope = 0.0, near = 0.0, bend[COLUMNS] = {0.0};
    point(beta);
    if (fixture_create(test_comm, setup, &f)) {
        ask(&f, beta, &here);
        for (int m = 1; m <= 3; m++) {
            for (int j = 0; j < COLUMNS; j++)
                moved[j] = beta[j] + m * step * cos(j);
            ask(&f, moved, &above);
            for (int j = 0; j < COLUMNS; j++)
                moved[j] = beta[j] - m * step * cos(j);
            ask(&f, moved, &below);
            near += weight[m - 1] * (above.value - below.value) / step;
            for (int j = 0; j < COLUMNS; j++)
                bend[j] += weight[m - 1] * (above.gradient[j] - below.gradient[j]) / step;
        }
        for (int j = 0; j < COLUMNS; j++) {
            slope += here.gradient[j] * cos(j);
            for (int k = 0; k < COLUMNS; k++)
                bend[j] -= here.H[j > k ? j + k * COLUMNS : k + j * COLUMNS] * cos(k);
            CHECK_CLOSE(bend[j], 0.0, 1e-8);
        }
        CHECK_CLOSE(near, slope, 1e-9);
    }
    fixture_free(&f);
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_differences);
}

static void check_products(const fixture_setup_t *setup)
{
    fixture_t f;
    double x[COLUMNS], y[COLUMNS], wanted[COLUMNS] = {0.0}, rows[N];
    point(x);
    if (fixture_create(test_comm, setup, &f)) {
        const double *X = f.data->X;
        problem_times(f.problem, x, rows);
        for (int64_t i = 0; i < f.data->rows; i++) {
            double sum = 0.0;
            for (int j = 0; j < COLUMNS; j++)
                sum += X[i * COLUMNS + j] * x[j];
            CHECK_CLOSE(rows[i], sum, 1e-14);
            rows[i] = (double)(f.data->first + i);
        }
        problem_transposed(f.problem, rows, y);
        for (int64_t i = 0; i < f.data->n; i++)
            for (int j = 0; j < COLUMNS; j++)
                wanted[j] += (j < P ? f.X[i * P + j] : 1.0) * (double)i;
        for (int j = 0; j < COLUMNS; j++)
            CHECK_CLOSE(y[j], wanted[j], 1e-13);
    }
    fixture_free(&f);
}

static void products_agree_with_loops(void)
{
    for_all(check_products);
}

/* Data with y, and no more; NULL on failure. */
static data_t *data_with(int64_t n, const double *X, const double *y)
{
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    data_arrays_t arrays = {.n = n, .p = 1, .X = X, .y = y};
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data));
    return data;
}

static void check_refused(const data_t *data, const loss_t *loss, const char *message)
{
    static const int group[2] = {0, -1};
    penalty_t *penalty = NULL;
    problem_t *problem = NULL;
    CHECK_OK(penalty_create(penalty_kinds[0], 2, group, 1, &penalty));
    if (data != NULL && penalty != NULL)
        CHECK_FAILS(problem_create(data, loss, penalty, &problem), TRALO_ERR_INPUT, message);
    CU_ASSERT(problem == NULL);
    problem_free(&problem);
    penalty_free(&penalty);
}

static void the_lowest_bad_target_is_named(void)
{
    double X[N], y[N];
    for (int k = 0; loss_kinds[k] != NULL; k++) {
        const loss_t *loss = loss_kinds[k];
        if (loss->valid(-2.5))
            continue;
        for (int i = 0; i < N; i++) {
            X[i] = i;
            y[i] = 1.0;
        }
        y[22] = y[13] = y[12] = -2.5;
        data_t *data = data_with(N, X, y);
        check_refused(data, loss, "row 12: y = -2.5 is not allowed for the loss");
        check_refused(data, loss, loss->name);
        check_refused(data, loss, loss->domain);
        data_free(&data);
    }
}

static void columns_whose_squares_overflow_are_named(void)
{
    double X[N] = {0.0}, y[N];
    for (int i = 0; i < N; i++)
        y[i] = (double)i;
    X[N - 1] = -1e200;
    data_t *data = data_with(N, X, y);
    check_refused(data, loss_kinds[0], "X column 0 holds numbers whose squares overflow: rescale");
    data_free(&data);
}

/* Every k-th allocation on one rank, until `make` succeeds: all ranks say the same, nothing leaks.
 */
static void sweep(int (*make)(fixture_t *), fixture_t *f, int64_t least)
{
    int64_t live = mem_live();
    int last = comm_size(test_comm) - 1;
    for (int rank = 0; rank <= last; rank += last > 0 ? last : 1) {
        bool done = false;
        int k;
        for (k = 0; k < 200 && !done; k++) {
            mem_fail_at(comm_rank(test_comm) == rank ? k : -1);
            int code = make(f);
            mem_fail_at(-1);
            done = code == TRALO_OK;
            CU_ASSERT(done || code == TRALO_ERR_MEMORY);
            CU_ASSERT(comm_same(test_comm, &code, sizeof code));
            CU_ASSERT(mem_live() == live);
        }
        CU_ASSERT(done && k > least);
    }
}

static int make_problem(fixture_t *f)
{
    problem_t *problem = NULL;
    int code = problem_create(f->data, &f->problem->loss, f->penalty, &problem);
    CU_ASSERT((problem != NULL) == (code == TRALO_OK));
    problem_free(&problem);
    return code;
}

static int make_criterion(fixture_t *f)
{
    criterion_t *criterion = NULL;
    criterion_setup_t setup = {.kind = f->criterion->kind,
                               .options = f->options,
                               .problem = f->problem,
                               .inner = f->criterion->inner,
                               .inner_options = f->inner_options};
    int code = criterion_create(&setup, &criterion);
    CU_ASSERT((criterion != NULL) == (code == TRALO_OK));
    criterion_free(&criterion);
    return code;
}

static void every_allocation_may_fail(void)
{
    for (int c = 0; criterion_kinds[c] != NULL; c++) {
        fixture_t f;
        fixture_setup_t setup = setup_of("logistic", "ridge", N);
        setup.criterion = criterion_kinds[c]->name;
        if (fixture_create(test_comm, &setup, &f)) {
            sweep(make_problem, &f, 10);
            sweep(make_criterion, &f, 3);
        }
        fixture_free(&f);
    }
}

void suite_problem(void)
{
    static const test_case_t cases[] = {
        {"agrees with loops", agrees_with_loops},
        {"an excluded row does not count", an_excluded_row_does_not_count},
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"products agree with loops", products_agree_with_loops},
        {"the lowest bad target is named", the_lowest_bad_target_is_named},
        {"columns whose squares overflow are named", columns_whose_squares_overflow_are_named},
        {"every allocation may fail, on any rank", every_allocation_may_fail},
    };
    REGISTER("problem", cases);
}
