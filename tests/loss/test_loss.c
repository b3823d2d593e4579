/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the losses: every row of the table. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "loss/loss_at.h"
#include "support.h"

static const double targets[] = {-3.5, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0, 1000.0};
static const double predictors[] = {-700.0, -300.0, -40.0, -20.0, -5.0, -2.0, -0.7, -1e-3, 0.0,
                                    1e-9,   0.3,    1.0,   3.0,   8.0,  20.0, 37.0, 300.0, 700.0};
enum { TARGETS = sizeof targets / sizeof *targets };
enum { PREDICTORS = sizeof predictors / sizeof *predictors };
static const double SHORTEST = 0x1p-13; /* step of differences */

/* The next loss of one output from place k on, or the end. (Those of several: test_joint.c.) */
static int next(int k)
{
    while (loss_kinds[k] != NULL && loss_kinds[k]->joint != NULL)
        k++;
    return k;
}

static void for_all(void (*check)(const loss_t *, double, double))
{
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1))
        for (int i = 0; i < TARGETS; i++)
            for (int j = 0; loss_kinds[k]->valid(targets[i]) && j < PREDICTORS; j++)
                check(loss_kinds[k], targets[i], predictors[j]);
}

/* Numbers at (y, u), each the derivative in u of the one before. */
typedef void chain_t(const loss_t *loss, double y, double u, double *out);

static void mean_at(const loss_t *loss, double y, double u, double *out)
{
    (void)y;
    loss->mean(loss, u, out);
}

/* A derivative by differences. */
typedef struct estimate {
    double value, change, rounding;
} estimate_t;

/* near[k] of the number k - 1 for k = 1 .. count - 1: by central differences of order 6 with this
   step; the change is that from near[k] before. */
static void estimate(const loss_t *loss, chain_t *chain, int count, const double *point,
                     double step, estimate_t *near)
{
    static const double weight[3] = {45.0, -9.0, 1.0};
    double y = point[0], u = point[1], sum[LOSS_ORDERS] = {0.0}, size[LOSS_ORDERS] = {0.0};
    for (int m = 1; m <= 3; m++) {
        double above[LOSS_ORDERS], below[LOSS_ORDERS];
        chain(loss, y, u + m * step, above);
        chain(loss, y, u - m * step, below);
        for (int k = 1; k < count; k++) {
            sum[k] += weight[m - 1] * (above[k - 1] - below[k - 1]) / (60.0 * step);
            size[k] = fmax(size[k], fmax(fabs(above[k - 1]), fabs(below[k - 1])));
        }
    }
    for (int k = 1; k < count; k++) {
        double rounding = (1.0 + fabs(u)) * DBL_EPSILON * size[k] / step;
        near[k] = (estimate_t){sum[k], fabs(sum[k] - near[k].value) + rounding, rounding};
    }
}

/* Each derivative is taken with the step that a halving changes least: a short one where the
   function is sharp, else a long one, of which rounding leaves more digits. */
static void check_chain(const loss_t *loss, chain_t *chain, int count, const double *point)
{
    double exact[LOSS_ORDERS];
    estimate_t best[LOSS_ORDERS], near[LOSS_ORDERS];
    chain(loss, point[0], point[1], exact);
    for (int k = 1; k < count; k++) {
        near[k].value = NAN;
        best[k] = (estimate_t){NAN, INFINITY, NAN};
    }
    for (double step = 512.0 * SHORTEST; step >= SHORTEST; step *= 0.5) {
        estimate(loss, chain, count, point, step, near);
        for (int k = 1; k < count; k++)
            if (near[k].change < best[k].change)
                best[k] = near[k];
    }
    for (int k = 1; k < count; k++)
        CHECK_CLOSE(best[k].value - exact[k], 0.0, 5e-11 * fabs(exact[k]) + 4.0 * best[k].rounding);
}

/* Does l'' jump within reach of the shortest step? */
static bool jumps(const loss_t *loss, double y, double u, double reach)
{
    double a[LOSS_ORDERS], b[LOSS_ORDERS];
    at(loss, y, u - reach, a);
    at(loss, y, u + reach, b);
    return loss->kinked && fabs(a[2] - b[2]) > 0.5;
}

/* With the option of the row, a tenth and ten times as much. */
static void check_differences(const loss_t *row, double y, double u)
{
    const double point[2] = {y, u};
    for (double factor = 0.1; factor < 20.0; factor *= 10.0) {
        double parameter = factor * row->parameter;
        loss_t loss = loss_configured(row, &parameter);
        if (!jumps(&loss, y, u, 3.0 * SHORTEST))
            check_chain(&loss, at, LOSS_ORDERS, point);
    }
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_differences);
}

static void check_finite(const loss_t *loss, double y, double u)
{
    double d[LOSS_ORDERS];
    at(loss, y, u, d);
    for (int k = 0; k < LOSS_ORDERS; k++)
        CU_ASSERT(isfinite(d[k]));
    CU_ASSERT(d[2] >= 0.0);
    CU_ASSERT(d[0] >= loss->saturated(loss, y) - 1e-15 * (fabs(loss->saturated(loss, y)) + 1.0));
    CU_ASSERT(isfinite(loss_response(loss, u)));
}

static void finite_convex_and_above_the_saturated(void)
{
    for_all(check_finite);
}

/* The derivatives asked for are written, the others are not touched, and are the same bits whatever
   the order. */
static void check_order(const loss_t *loss, double y, double u)
{
    double all[LOSS_ORDERS], some[LOSS_ORDERS];
    at(loss, y, u, all);
    for (int order = 0; order < LOSS_ORDERS; order++) {
        double *d[LOSS_ORDERS] = {NULL};
        for (int k = 0; k <= order; k++)
            d[k] = some + k;
        loss->derivatives(loss, 1, &y, &u, order, d);
        CU_ASSERT(memcmp(all, some, (size_t)(order + 1) * sizeof *all) == 0);
    }
}

static void only_the_orders_asked_for_are_written(void)
{
    for_all(check_order);
}

/* The loss where its slope changes sign, by bisection; the losses are convex. */
static double least_loss(const loss_t *loss, double y)
{
    double low = -1100.0, high = 1100.0, d[LOSS_ORDERS];
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high);
        at(loss, y, middle, d);
        *(d[1] > 0.0 ? &high : &low) = middle;
    }
    at(loss, y, low, d);
    return d[0];
}

static void saturated_is_the_least_loss(void)
{
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1))
        for (int i = 0; i < TARGETS; i++) {
            const loss_t *loss = loss_kinds[k];
            if (!loss->valid(targets[i]))
                continue;
            double least = loss->saturated(loss, targets[i]);
            CHECK_CLOSE(least_loss(loss, targets[i]) - least, 0.0, 1e-12 * (1.0 + fabs(least)));
        }
}

/* A y equal to its mean asks for no change of u: l'(response(u), u) = 0, or, for labels, the mean
   of l' over both. */
static void response_is_where_the_slope_is_zero(void)
{
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1))
        for (int j = 0; j < PREDICTORS; j++) {
            const loss_t *loss = loss_kinds[k];
            double u = predictors[j], mean = loss_response(loss, u), d[LOSS_ORDERS], slope;
            if (loss->classifies) {
                double other[LOSS_ORDERS];
                at(loss, 1.0, u, d);
                at(loss, -1.0, u, other);
                CU_ASSERT(mean >= 0.0 && mean <= 1.0);
                slope = mean * d[1] + (1.0 - mean) * other[1];
            } else {
                CU_ASSERT(loss->valid(mean));
                at(loss, mean, u, d);
                slope = d[1];
            }
            CHECK_CLOSE(slope, 0.0, 1e-15 * (1.0 + fabs(mean)));
        }
}

static void weights_multiply_and_zero_silences(void)
{
    enum { N = 5 };
    const double u[N] = {0.4, 1e4, NAN, -1e4, -0.4}, w[N] = {2.5, 0.0, 0.0, 0.0, 0.25};
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1)) {
        const double y[N] = {1.0, 1.0, 1.0, 1.0, 1.0};
        double values[LOSS_ORDERS][N], plain[LOSS_ORDERS], *d[LOSS_ORDERS];
        for (int q = 0; q < LOSS_ORDERS; q++)
            d[q] = values[q];
        loss_weighted(loss_kinds[k], N, y, w, u, LOSS_ORDERS - 1, d);
        for (int i = 0; i < N; i++) {
            at(loss_kinds[k], y[i], u[i], plain);
            for (int q = 0; q < LOSS_ORDERS; q++)
                CU_ASSERT(values[q][i] == (w[i] == 0.0 ? 0.0 : w[i] * plain[q]));
        }
        loss_weighted(loss_kinds[k], 1, y, NULL, u, LOSS_ORDERS - 1, d);
        at(loss_kinds[k], y[0], u[0], plain);
        for (int q = 0; q < LOSS_ORDERS; q++)
            CU_ASSERT(values[q][0] == plain[q]);
    }
}

static void valid_refuses_what_is_not_a_number(void)
{
    for (int k = 0; loss_kinds[k] != NULL; k++) {
        const loss_t *loss = loss_kinds[k];
        CU_ASSERT(!loss->valid(NAN) && !loss->valid(INFINITY) && !loss->valid(-INFINITY));
        CU_ASSERT(loss->valid(1.0));
        CU_ASSERT(loss_find(loss->name) == loss);
        CU_ASSERT(loss->doc[0] != '\0' && loss->domain[0] != '\0');
    }
    CU_ASSERT(loss_find("cubed") == NULL);
}

static void derivatives_of_the_mean(void)
{
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1))
        for (double u = -6.0; u < 6.0; u += 0.7) {
            const double point[2] = {NAN, u};
            check_chain(loss_kinds[k], mean_at, 3, point);
        }
}

void suite_loss(void)
{
    static const test_case_t cases[] = {
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"finite, convex and above the saturated loss", finite_convex_and_above_the_saturated},
        {"only the orders asked for are written", only_the_orders_asked_for_are_written},
        {"saturated is the least loss", saturated_is_the_least_loss},
        {"response is where the slope is zero", response_is_where_the_slope_is_zero},
        {"weights multiply and zero silences", weights_multiply_and_zero_silences},
        {"valid refuses what is not a number", valid_refuses_what_is_not_a_number},
        {"derivatives of the mean", derivatives_of_the_mean},
    };
    REGISTER("loss", cases);
}
