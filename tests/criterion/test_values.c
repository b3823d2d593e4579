/* SPDX-License-Identifier: BSD-3-Clause */
/* Published values of leave-one-out: Burn 2020 (Wisconsin breast cancer, whose regularizer
   alpha^2 beta^2 is our lambda = 2 alpha^2), ridge regression on the diabetes data, and two small
   sets on which leave-one-out is not convex. */
#include <math.h>
#include <string.h>

#include "criterion/exact.h"
#include "fixture.h"
#include "support.h"

static bool fixture_of(data_t *data, const char *loss, bool penalised_intercept, fixture_t *f)
{
    fixture_setup_t setup = {.loss = loss,
                             .penalty = "ridge",
                             .criterion = "alo",
                             .groups = 1,
                             .penalised_intercept = penalised_intercept};
    memset(f, 0, sizeof *f);
    return data != NULL && fixture_wrap(data, &setup, f);
}

static bool breast_cancer(bool intercept, bool penalised_intercept, fixture_t *f)
{
    data_t *data = fixture_data("breast_cancer", "diagnosis", "malignant,benign", intercept);
    return fixture_of(data, "logistic", penalised_intercept, f);
}

/* f with its first and second derivative in theta = log lambda. */
typedef struct curve {
    double f, slope, bend;
} curve_t;

static bool evaluate(fixture_t *f, double theta, curve_t *out)
{
    criterion_result_t r;
    criterion_evaluate(f->criterion, &theta, 2, &r);
    CU_ASSERT(r.valid);
    if (r.valid)
        *out = (curve_t){r.value, r.gradient[0], r.hessian[0]};
    return r.valid;
}

/* Newton's method from theta to the next place where the slope is zero; its theta. */
static double stationary(fixture_t *f, double theta, curve_t *out)
{
    double step = 1.0;
    for (int i = 0; i < 50 && fabs(step) > 1e-15; i++) {
        if (!evaluate(f, theta, out))
            return NAN;
        step = out->slope / out->bend;
        theta -= step;
    }
    CHECK_CLOSE(out->slope / out->f, 0.0, 1e-13);
    return theta;
}

static void breast_cancer_derivatives(void)
{
    static const struct {
        double alpha, slope, bend, slope_unit, bend_unit; /* unit: of the last digit given */
    } table[] = {
        {0.05, -2.68425355, 119.432887, 1e-8, 1e-6},
        {0.10, -0.48040129, 8.30738047, 1e-8, 1e-8},
        {1.0, 0.00635722, 0.0350415165, 1e-8, 1e-10},
        {2.0, 0.01542823, 0.00148528579, 1e-8, 1e-11},
        {5.0, 0.01540952, -0.000411674903, 1e-8, 1e-12},
    };
    fixture_t f;
    curve_t at = {0.0};
    if (breast_cancer(true, false, &f))
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            double alpha = table[i].alpha;
            if (!evaluate(&f, log(2.0 * alpha * alpha), &at))
                break;
            double slope = 2.0 / alpha * at.slope;
            double bend = (4.0 * at.bend - 2.0 * at.slope) / (alpha * alpha);
            CHECK_CLOSE((slope - table[i].slope) / table[i].slope_unit, 0.0, 0.51);
            CHECK_CLOSE((bend - table[i].bend) / table[i].bend_unit, 0.0, 0.51);
        }
    fixture_free(&f);
}

static void breast_cancer_optimum(void)
{
    const double alpha = 0.8672806850303585, C = 0.66473822860258, nf = 42.591961768247;
    fixture_t f;
    curve_t at = {0.0};
    if (breast_cancer(true, false, &f)) {
        double theta = stationary(&f, 0.0, &at);
        CHECK_CLOSE(exp(-theta) / C, 1.0, 1e-11);
        CHECK_CLOSE(sqrt(0.5 * exp(theta)) / alpha, 1.0, 1e-11);
        CHECK_CLOSE(569.0 * at.f / nf, 1.0, 1e-13);
        CHECK_CLOSE(at.slope, 0.0, 1e-15);
        CU_ASSERT(at.bend > 0.0);
    }
    fixture_free(&f);
}

/* Other conventions about the intercept are told apart. The values are those of a plain serial
   implementation in another language; a published package stops at 0.635721854 and 0.638877929. */
static void breast_cancer_intercept(void)
{
    fixture_t f;
    curve_t at = {0.0};
    if (breast_cancer(true, true, &f))
        CHECK_CLOSE(exp(-stationary(&f, 0.0, &at)), 0.6357218939333, 1e-12);
    fixture_free(&f);
    if (breast_cancer(false, false, &f))
        CHECK_CLOSE(exp(-stationary(&f, 0.0, &at)), 0.6388779601896, 1e-12);
    fixture_free(&f);
}

static bool breast_cancer_bridge(fixture_t *f)
{
    fixture_setup_t setup = {
        .loss = "logistic", .penalty = "bridge", .criterion = "alo", .groups = 1};
    data_t *data = fixture_data("breast_cancer", "diagnosis", "malignant,benign", true);
    memset(f, 0, sizeof *f);
    return data != NULL && fixture_wrap(data, &setup, f);
}

/* d[5] = (f_a, f_s, f_aa, f_as, f_ss) for the regularizer a^2 rho(|beta|; 1 + s^2), whose
   hyperparameters are theta = (log 2 + 2 log a, 2 log s). */
static bool evaluate_bridge(fixture_t *f, double a, double s, double *d, double *value)
{
    const double theta[2] = {log(2.0 * a * a), 2.0 * log(s)};
    criterion_result_t r;
    criterion_evaluate(f->criterion, theta, 2, &r);
    CU_ASSERT(r.valid);
    if (!r.valid)
        return false;
    const double *g = r.gradient, *H = r.hessian;
    d[0] = 2.0 * g[0] / a;
    d[1] = 2.0 * g[1] / s;
    d[2] = (4.0 * H[0] - 2.0 * g[0]) / (a * a);
    d[3] = 4.0 * H[1] / (a * s);
    d[4] = (4.0 * H[3] - 2.0 * g[1]) / (s * s);
    *value = r.value;
    return true;
}

static void breast_cancer_bridge_derivatives(void)
{
    static const struct {
        double a, s, d[5];
    } table[] = {
        {0.05, 0.75, {-6.072475, -0.783040, 146.245879, 8.894897, 1.042109}},
        {0.25, 0.75, {-0.393084, -0.133488, -8.556933, -0.991694, 0.019837}},
        {1.00, 0.75, {0.005371, -0.007704, 0.047000, 0.013150, 0.032520}},
    };
    fixture_t f;
    double d[5], value;
    if (breast_cancer_bridge(&f))
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            for (int k = 0; evaluate_bridge(&f, table[i].a, table[i].s, d, &value) && k < 5; k++)
                CHECK_CLOSE((d[k] - table[i].d[k]) / 1e-6, 0.0, 0.51);
    fixture_free(&f);
}

static void breast_cancer_bridge_optimum(void)
{
    fixture_t f;
    double a = 0.87, s = 1.11, d[5], value, size = 1.0;
    bool done = breast_cancer_bridge(&f);
    for (int i = 0; done && i < 50 && size > 1e-13; i++) {
        done = evaluate_bridge(&f, a, s, d, &value);
        const double det = d[2] * d[4] - d[3] * d[3];
        const double step[2] = {(d[3] * d[1] - d[4] * d[0]) / det,
                                (d[3] * d[0] - d[2] * d[1]) / det};
        a += step[0];
        s += step[1];
        size = fmax(fabs(step[0]), fabs(step[1]));
        CU_ASSERT(det > 0.0 && d[2] > 0.0);
    }
    if (done) {
        CHECK_CLOSE((a - 0.870884) / 1e-6, 0.0, 0.51);
        CHECK_CLOSE((s - 1.111818) / 1e-6, 0.0, 0.51);
        CHECK_CLOSE((569.0 * value - 42.5239354) / 1e-7, 0.0, 0.51);
        CHECK_CLOSE(fmax(fabs(d[0]), fabs(d[1])), 0.0, 1e-13);
    }
    fixture_free(&f);
}

static void diabetes_optimum(void)
{
    fixture_t f;
    curve_t at = {0.0};
    if (fixture_of(fixture_data("diabetes", "target", NULL, true), "squared", false, &f)) {
        double theta = stationary(&f, 0.0, &at);
        CHECK_CLOSE(exp(theta) / 1.83475754979, 1.0, 1e-10);
        CHECK_CLOSE(2.0 * at.f / 2999.77113306797, 1.0, 1e-13);
        CU_ASSERT(at.bend > 0.0);
    }
    fixture_free(&f);
}

/* A stationary point with the digits given: lambda, 2 f, and the unit of their last digits. */
typedef struct point {
    double lambda, error, lambda_unit, error_unit;
} point_t;

static void check_point(fixture_t *f, const point_t *point, bool minimum)
{
    curve_t at = {0.0};
    double theta = stationary(f, log(point->lambda), &at);
    CHECK_CLOSE((exp(theta) - point->lambda) / point->lambda_unit, 0.0, 0.51);
    CHECK_CLOSE((2.0 * at.f - point->error) / point->error_unit, 0.0, 0.51);
    CU_ASSERT(minimum ? at.bend > 0.0 : at.bend < 0.0);
}

static void check_five_rows(const double *X, const double *y, const point_t *least,
                            const point_t *most, double limit)
{
    fixture_t f;
    curve_t at = {0.0};
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    data_arrays_t arrays = {.n = 5, .p = 3, .X = X, .y = y};
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data));
    if (fixture_of(data, "squared", false, &f)) {
        check_point(&f, least, true);
        check_point(&f, most, false);
        if (evaluate(&f, log(1e12), &at))
            CHECK_CLOSE(2.0 * at.f, limit, 1e-9);
    }
    fixture_free(&f);
}

/* A minimum, a maximum, and a limit for lambda to infinity, which may be better than the minimum.
 */
static void leave_one_out_is_not_convex(void)
{
    static const double X[2][15] = {{3, -4, -4, 2, 4, 4, -2, 1, 2, -3, -5, -2, 0, 4, -1},
                                    {4, -3, 0, -3, -2, 0, 2, -3, 2, -4, 1, 0, -5, -5, -2}};
    static const double y[2][5] = {{-1, 1, -1, -1, -2}, {-4, 4, 4, 1, 1}};
    static const point_t least[2] = {{1.047, 1.66284, 1e-3, 1e-5},
                                     {0.0856227, 9.75767, 1e-7, 1e-5}};
    static const point_t most[2] = {{15.21, 2.03247, 1e-2, 1e-5}, {3.189, 26.7413, 1e-3, 1e-4}};
    check_five_rows(X[0], y[0], &least[0], &most[0], 1.5);
    check_five_rows(X[1], y[1], &least[1], &most[1], 13.375);
}

/* ---- against refits ---- */

enum { N = 29, GROUPS = 3 };
static const double theta_of_groups[GROUPS] = {0.3, -0.5, 1.0};

static void check_refits(fixture_t *f)
{
    criterion_result_t r;
    exact_t *exact = NULL;
    double losses[N], weights[N], sum = 0.0, total = 0.0;
    criterion_evaluate(f->criterion, theta_of_groups, 0, &r);
    CU_ASSERT(r.valid);
    exact_request_t request = {.theta = theta_of_groups, .beta = r.beta, .count = N};
    if (!r.valid || !CHECK_OK(exact_create(f->criterion, &exact)))
        return;
    exact_losses(exact, &request, losses, weights);
    for (int i = 0; i < N; i++) {
        int64_t local = i - f->data->first;
        if (local >= 0 && local < f->data->rows)
            CHECK_CLOSE(r.rows[local], losses[i], 1e-11);
        sum += weights[i] * losses[i];
        total += weights[i];
    }
    CHECK_CLOSE(r.value / (sum / total), 1.0, 1e-12);
    exact_free(&exact);
}

static void exact_where_loss_and_penalty_are_quadratic(void)
{
    for (int q = 0; penalty_kinds[q] != NULL; q++)
        for (int plain = 0; penalty_kinds[q]->quadratic && plain < 2; plain++) {
            fixture_t f;
            fixture_setup_t setup = {.n = N,
                                     .p = 7,
                                     .loss = "squared",
                                     .penalty = penalty_kinds[q]->name,
                                     .criterion = "alo",
                                     .weights = !plain,
                                     .offset = !plain,
                                     .intercept = true,
                                     .groups = GROUPS,
                                     .free_column = !plain};
            if (fixture_create(test_comm, &setup, &f))
                check_refits(&f);
            fixture_free(&f);
        }
}

/* The mean leave-one-out error and derivatives of the first n of four rows plus ten. */
static bool evaluate_rows(int64_t n, bool absurd, curve_t *out)
{
    double X[14], y[14], weights[14], offset[14];
    fixture_t f;
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    for (int i = 0; i < n; i++) {
        X[i] = sin(i);
        y[i] = (double)(i % 4);
        weights[i] = i < 10 ? 1.0 + 0.1 * i : 0.0;
        offset[i] = absurd && i >= 10 ? 1e4 : 0.0;
    }
    data_arrays_t arrays = {.n = n, .p = 1, .X = X, .y = y, .weights = weights, .offset = offset};
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data));
    bool done = fixture_of(data, "poisson", false, &f) && evaluate(&f, 0.5, out);
    fixture_free(&f);
    return done;
}

static void rows_of_no_weight_do_not_count(void)
{
    curve_t without, with, absurd;
    if (evaluate_rows(10, false, &without) && evaluate_rows(14, false, &with) &&
        evaluate_rows(14, true, &absurd)) {
        CHECK_CLOSE(with.f / without.f, 1.0, 1e-14);
        CHECK_CLOSE(with.slope / without.slope, 1.0, 1e-12);
        CHECK_CLOSE(with.bend / without.bend, 1.0, 1e-12);
        CHECK_CLOSE(absurd.f / without.f, 1.0, 1e-14);
        CHECK_CLOSE(absurd.slope / without.slope, 1.0, 1e-12);
        CHECK_CLOSE(absurd.bend / without.bend, 1.0, 1e-12);
    }
}

/* To the last bit, whatever was evaluated before. */
static void cold_evaluations_depend_on_theta_alone(void)
{
    static const char *const kinds[] = {"alo", "kfold", "holdout"};
    for (int i = 0; i < 3; i++) {
        fixture_setup_t setup = {
            .loss = "logistic", .penalty = "ridge", .criterion = kinds[i], .groups = 1};
        data_t *data = fixture_data("breast_cancer", "diagnosis", "malignant,benign", true);
        const double theta = 1.0, other = -2.0;
        fixture_t f = {0};
        criterion_result_t first, between, again;
        if (data != NULL && fixture_wrap(data, &setup, &f)) {
            f.criterion->cold = true;
            criterion_evaluate(f.criterion, &theta, 0, &first);
            criterion_evaluate(f.criterion, &other, 0, &between);
            criterion_evaluate(f.criterion, &theta, 0, &again);
            CU_ASSERT(first.valid && between.valid && again.valid);
            CU_ASSERT(again.value == first.value && between.value != first.value);
            CU_ASSERT(again.inner_iterations == first.inner_iterations);
        }
        fixture_free(&f);
    }
}

void suite_values(void)
{
    static const test_case_t cases[] = {
        {"breast cancer: derivatives", breast_cancer_derivatives},
        {"breast cancer: optimum", breast_cancer_optimum},
        {"breast cancer: other conventions", breast_cancer_intercept},
        {"breast cancer, bridge: derivatives", breast_cancer_bridge_derivatives},
        {"breast cancer, bridge: optimum", breast_cancer_bridge_optimum},
        {"diabetes: optimum", diabetes_optimum},
        {"leave-one-out is not convex", leave_one_out_is_not_convex},
        {"exact where loss and penalty are quadratic", exact_where_loss_and_penalty_are_quadratic},
        {"rows of no weight do not count", rows_of_no_weight_do_not_count},
        {"cold evaluations depend on theta alone", cold_evaluations_depend_on_theta_alone},
    };
    REGISTER("values", cases);
}
