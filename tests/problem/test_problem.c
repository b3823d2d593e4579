/* SPDX-License-Identifier: BSD-3-Clause */
/* The training problem against loops over the whole data, which every rank has. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "support.h"

enum { N = 23, P = 6, WIDTH = P + 1, OUTPUTS = 3, MOST = OUTPUTS * WIDTH, GROUPS = 3 };
static const double theta[GROUPS * PENALTY_PER_GROUP] = {0.4, -1.0, 0.9, -0.6, 0.2, 0.5};

/* What a problem says at a point, or what the loops say. */
typedef struct numbers {
    double value, gradient[MOST], H[MOST * MOST]; /* H: lower triangle */
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
    for (int j = 0; j < MOST; j++) {
        double x = 0.4 * rng_normal(8, 1, (uint64_t)j);
        beta[j] = x + copysign(0.5, x);
    }
}

/* l, l', l'' of row i at u [K]; l'' packed. */
static void loss_of_row(const fixture_t *f, int64_t i, const double *u, double *l, double *l1,
                        double *l2)
{
    const loss_t *loss = &f->problem->loss;
    double more[2], *d[LOSS_ORDERS] = {l, l1, l2, more, more + 1};
    if (loss->joint == NULL) {
        loss->derivatives(loss, 1, &f->y[i], u, 2, d);
        return;
    }
    *l = loss->joint->value(f->problem->outputs, loss_class(f->y[i]), u, l1);
    loss->joint->curvature(f->problem->outputs, u, l2);
}

/* Adds row i to the sums. */
static void add_row(const fixture_t *f, int64_t i, numbers_t *out, const double *beta)
{
    const int K = f->problem->outputs, columns = f->problem->columns;
    double x[WIDTH], u[OUTPUTS], l, l1[OUTPUTS], l2[OUTPUTS * (OUTPUTS + 1) / 2];
    memcpy(x, f->X + i * P, P * sizeof *x);
    x[P] = 1.0;
    for (int a = 0; a < K; a++) {
        u[a] = f->offset[i * f->offsets + (f->offsets > 1 ? a : 0)];
        for (int j = 0; j < WIDTH; j++)
            u[a] += x[j] * beta[a * WIDTH + j];
    }
    loss_of_row(f, i, u, &l, l1, l2);
    out->value += f->weights[i] * l;
    for (int j = 0; j < columns; j++) {
        out->gradient[j] += f->weights[i] * l1[j / WIDTH] * x[j % WIDTH];
        for (int k = j; k < columns; k++)
            out->H[k + j * columns] +=
                f->weights[i] * l2[joint_at(k / WIDTH, j / WIDTH)] * x[j % WIDTH] * x[k % WIDTH];
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
    const int columns = f->problem->columns;
    for (int j = 0; j < columns; j++) {
        out->value += values.r[0][j];
        out->gradient[j] += values.r[1][j];
        out->H[j + j * columns] += values.r[2][j];
    }
    penalty_values_free(&values);
}

static void ask(const fixture_t *f, const double *beta, numbers_t *out)
{
    hessian_t *hessian = NULL;
    const int columns = f->problem->columns;
    problem_move(f->problem, theta, beta);
    out->value = f->problem->size.value;
    memcpy(out->gradient, f->problem->gradient, (size_t)columns * sizeof *out->gradient);
    if (!CHECK_OK(hessian_create(f->problem, &hessian_replicated, &hessian)))
        return;
    int column = hessian_factor_above(hessian);
    CU_ASSERT(column == -1 || f->data->n == 2); /* one row does not determine two free columns */
    f->problem->gauge = 0.0;                    /* H itself, which may be singular */
    hessian_factor(hessian);
    f->problem->gauge = 1.0 / f->problem->outputs;
    memcpy(out->H, hessian_spd(hessian)->matrix, (size_t)(columns * columns) * sizeof *out->H);
    hessian_free(&hessian);
}

static void compare(const numbers_t *got, const numbers_t *wanted, int columns)
{
    CHECK_CLOSE(got->value, wanted->value, 1e-13);
    for (int j = 0; j < columns; j++) {
        CHECK_CLOSE(got->gradient[j], wanted->gradient[j], 1e-12);
        for (int k = j; k < columns; k++)
            CHECK_CLOSE(got->H[k + j * columns], wanted->H[k + j * columns], 1e-12);
    }
}

static void check_loops(const fixture_setup_t *setup)
{
    fixture_t f;
    numbers_t got, wanted;
    double beta[MOST];
    point(beta);
    if (fixture_create(test_comm, setup, &f)) {
        ask(&f, beta, &got);
        naive(&f, beta, -1, &wanted);
        compare(&got, &wanted, f.problem->columns);
        CU_ASSERT(comm_same(test_comm, &got.value, sizeof got.value));
        CU_ASSERT(
            comm_same(test_comm, got.gradient, f.problem->columns * (int64_t)sizeof *got.gradient));
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
    double beta[MOST];
    point(beta);
    if (fixture_create(test_comm, setup, &f))
        for (int64_t row = setup->n - 1; row >= -1; row--) {
            problem_exclude(f.problem, row);
            ask(&f, beta, &got);
            naive(&f, beta, row, &wanted);
            compare(&got, &wanted, f.problem->columns);
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
    const double step = 0.002;
    fixture_t f;
    numbers_t here, above, below;
    double beta[MOST], moved[MOST], slope = 0.0, near = 0.0, bend[MOST] = {0.0};
    point(beta);
    if (fixture_create(test_comm, setup, &f)) {
        const int columns = f.problem->columns;
        ask(&f, beta, &here);
        for (int m = 1; m <= 3; m++) {
            for (int j = 0; j < columns; j++)
                moved[j] = beta[j] + m * step * cos(j);
            ask(&f, moved, &above);
            for (int j = 0; j < columns; j++)
                moved[j] = beta[j] - m * step * cos(j);
            ask(&f, moved, &below);
            near += weight[m - 1] * (above.value - below.value) / step;
            for (int j = 0; j < columns; j++)
                bend[j] += weight[m - 1] * (above.gradient[j] - below.gradient[j]) / step;
        }
        for (int j = 0; j < columns; j++) {
            slope += here.gradient[j] * cos(j);
            for (int k = 0; k < columns; k++)
                bend[j] -= here.H[j > k ? j + k * columns : k + j * columns] * cos(k);
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
    double x[MOST], y[MOST], wanted[MOST] = {0.0}, rows[OUTPUTS * N];
    point(x);
    if (fixture_create(test_comm, setup, &f)) {
        const double *X = f.data->X.dense;
        const int64_t mine = f.data->rows, columns = f.problem->columns;
        problem_times(f.problem, x, rows);
        for (int64_t m = 0; m < f.problem->outputs * mine; m++) {
            int64_t k = m / mine, i = m % mine;
            double sum = 0.0;
            for (int j = 0; j < WIDTH; j++)
                sum += X[i * WIDTH + j] * x[k * WIDTH + j];
            CHECK_CLOSE(rows[m], sum, 1e-14);
            rows[m] = (double)((k + 1) * (f.data->first + i));
        }
        problem_transposed(f.problem, rows, y);
        for (int64_t i = 0; i < f.data->n; i++)
            for (int j = 0; j < columns; j++) {
                double value = j % WIDTH < P ? f.X[i * P + j % WIDTH] : 1.0;
                int64_t factor = (j / WIDTH + 1) * i;
                wanted[j] += value * (double)factor;
            }
        for (int j = 0; j < columns; j++)
            CHECK_CLOSE(y[j], wanted[j], 1e-13);
    }
    fixture_free(&f);
}

/* H x without H, and the derivative of H along a direction of beta, contracted with two vectors. */
static void check_without_H(const fixture_setup_t *setup)
{
    const double step = 1e-4;
    fixture_t f;
    numbers_t here, above, below;
    double beta[MOST], x[MOST], y[MOST], wanted[MOST], xs[OUTPUTS * N], bend = 0.0, near = 0.0;
    point(beta);
    if (fixture_create(test_comm, setup, &f)) {
        const int columns = f.problem->columns;
        for (int j = 0; j < columns; j++) {
            x[j] = cos(j);
            wanted[j] = beta[j] + step * x[j];
        }
        ask(&f, wanted, &above);
        for (int j = 0; j < columns; j++)
            wanted[j] = beta[j] - step * x[j];
        ask(&f, wanted, &below);
        ask(&f, beta, &here);
        problem_multiply(f.problem, x, xs, y);
        problem_rows(f.problem, 3);
        for (int j = 0; j < columns; j++) {
            wanted[j] = 0.0;
            for (int k = 0; k < columns; k++) {
                int at = j > k ? j + k * columns : k + j * columns;
                wanted[j] += here.H[at] * x[k];
                near += sin(j) * (above.H[at] - below.H[at]) / (2.0 * step) * x[k];
            }
            CHECK_CLOSE(y[j], wanted[j], 1e-12);
        }
        double other[OUTPUTS * N];
        for (int j = 0; j < columns; j++) {
            bend += f.problem->penalty_values.r[3][j] * sin(j) * x[j] * x[j];
            y[j] = sin(j);
        }
        problem_times(f.problem, x, xs);
        problem_times(f.problem, y, other);
        problem_third(f.problem, xs, xs, xs);
        double sum = 0.0;
        for (int64_t i = 0; i < f.problem->outputs * f.problem->rows; i++)
            sum += xs[i] * other[i];
        CHECK_CLOSE(near, bend + comm_sum_one(test_comm, sum), 1e-5);
    }
    fixture_free(&f);
}

static void products_without_H_agree(void)
{
    for_all(check_without_H);
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

static void check_classes(const double *y, const char *message)
{
    data_t *data = NULL;
    data_options_t options = {.intercept = false};
    data_arrays_t arrays = {.n = N, .p = 1, .X = y, .y = y};
    int outputs = 0;
    if (!CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)))
        return;
    int code = problem_outputs(data, loss_find("softmax"), &outputs);
    if (message != NULL)
        CHECK_FAILS(code, TRALO_ERR_INPUT, message);
    else
        CU_ASSERT(code == TRALO_OK && outputs == 2);
    data_free(&data);
}

/* What a softmax says of labels that are not its classes. */
static void classes_are_checked(void)
{
    static const struct {
        double first, rest;
        const char *message;
    } cases[] = {{0.0, 0.0, "all rows are of class 0"},
                 {0.0, 2.0, "no row is of class 1, of the classes 0 .. 2"},
                 {-1.0, 0.0, "y holds -1 and class numbers"},
                 {-1.0, 2.0, "y holds -1 and class numbers"},
                 {1.0, 0.0, NULL},
                 {-1.0, 1.0, NULL}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double y[N];
        for (int i = 0; i < N; i++)
            y[i] = i == 0 ? cases[c].first : cases[c].rest;
        check_classes(y, cases[c].message);
    }
}

static void offsets_are_one_or_one_for_each_class(void)
{
    double X[N], y[N], offset[4 * N] = {0.0};
    data_options_t options = {.intercept = true};
    for (int i = 0; i < N; i++) {
        X[i] = i;
        y[i] = i % 3;
    }
    for (int offsets = 1; offsets <= 4; offsets++) {
        data_arrays_t arrays = {
            .n = N, .p = 1, .X = X, .y = y, .offset = offset, .offsets = offsets};
        data_t *data = NULL;
        int outputs;
        if (!CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)))
            continue;
        int code = problem_outputs(data, loss_find("softmax"), &outputs);
        if (offsets == 1 || offsets == 3)
            CHECK_OK(code);
        else
            CHECK_FAILS(code, TRALO_ERR_INPUT, "numbers in each row, but the loss 'softmax' has 3");
        code = problem_outputs(data, loss_find("squared"), &outputs);
        CU_ASSERT((code == TRALO_OK) == (offsets == 1));
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
    for (int c = 0; criterion_kinds[c / 2] != NULL; c++) {
        fixture_t f;
        fixture_setup_t setup = setup_of(c % 2 == 0 ? "logistic" : "softmax", "ridge", N);
        setup.criterion = criterion_kinds[c / 2]->name;
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
        {"products without H agree with it", products_without_H_agree},
        {"the lowest bad target is named", the_lowest_bad_target_is_named},
        {"classes are checked", classes_are_checked},
        {"offsets are one, or one for each class", offsets_are_one_or_one_for_each_class},
        {"columns whose squares overflow are named", columns_whose_squares_overflow_are_named},
        {"every allocation may fail, on any rank", every_allocation_may_fail},
    };
    REGISTER("problem", cases);
}
