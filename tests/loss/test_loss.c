/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the losses: every row of the table. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "loss/loss.h"
#include "support.h"

static const double targets[] = {-3.5, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0, 1000.0};
static const double predictors[] = {-700.0, -300.0, -40.0, -20.0, -5.0, -2.0, -0.7, -1e-3, 0.0,
                                    1e-9,   0.3,    1.0,   3.0,   8.0,  20.0, 37.0, 300.0, 700.0};
enum { TARGETS = sizeof targets / sizeof *targets };
enum { PREDICTORS = sizeof predictors / sizeof *predictors };

/* All derivatives at one (y, u). */
static void at(const loss_t *loss, double y, double u, double *out)
{
    double *d[LOSS_ORDERS];
    for (int k = 0; k < LOSS_ORDERS; k++)
        d[k] = out + k;
    loss->derivatives(loss, 1, &y, &u, LOSS_ORDERS - 1, d);
}

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

/* Does l'' jump between the two points? */
static bool jumps(const loss_t *loss, double y, double from, double to)
{
    double a[LOSS_ORDERS], b[LOSS_ORDERS];
    at(loss, y, from, a);
    at(loss, y, to, b);
    return loss->kinked && fabs(a[2] - b[2]) > 0.5;
}

/* Central differences of order 6 of the derivative before. */
static void check_differences(const loss_t *loss, double y, double u)
{
    static const double weight[3] = {45.0, -9.0, 1.0};
    const double step = 0.0015;
    double exact[LOSS_ORDERS], near[LOSS_ORDERS] = {0.0}, size[LOSS_ORDERS] = {0.0};
    if (jumps(loss, y, u - 3.0 * step, u) || jumps(loss, y, u, u + 3.0 * step))
        return;
    at(loss, y, u, exact);
    for (int m = 1; m <= 3; m++) {
        double above[LOSS_ORDERS], below[LOSS_ORDERS];
        at(loss, y, u + m * step, above);
        at(loss, y, u - m * step, below);
        for (int k = 1; k < LOSS_ORDERS; k++) {
            near[k] += weight[m - 1] * (above[k - 1] - below[k - 1]) / (60.0 * step);
            size[k] = fmax(size[k], fmax(fabs(above[k - 1]), fabs(below[k - 1])));
        }
    }
    for (int k = 1; k < LOSS_ORDERS; k++) {
        double allowed = 1e-9 * fabs(exact[k]) + 1e-10 * fmin(size[k], 1.0) +
                         32.0 * (1.0 + fabs(u)) * DBL_EPSILON * size[k] / step;
        CHECK_CLOSE(near[k] - exact[k], 0.0, allowed);
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

static void logistic_far_out(void)
{
    const loss_t *loss = loss_find("logistic");
    const double far[] = {40.0, 300.0, 700.0};
    double d[LOSS_ORDERS];
    for (int i = 0; i < 3; i++) {
        double m = far[i], e = exp(-m);
        at(loss, 1.0, m, d); /* l = e - e^2/2, and every derivative is +-e */
        for (int k = 0; k < LOSS_ORDERS; k++)
            CHECK_CLOSE(d[k] / e, k % 2 == 0 ? 1.0 : -1.0, 1e-15);
        at(loss, -1.0, m, d);
        CU_ASSERT(d[0] == m && d[1] == 1.0);
        for (int k = 2; k < LOSS_ORDERS; k++)
            CHECK_CLOSE(d[k] / e, k % 2 == 0 ? 1.0 : -1.0, 1e-15);
    }
    for (double y = -1.0; y <= 1.0; y += 2.0)
        for (double u = -1e5; u <= 1e5; u += 2e5) {
            at(loss, y, u, d);
            CU_ASSERT(d[0] == fmax(-y * u, 0.0) && d[1] == (y * u > 0.0 ? 0.0 : -y));
            CU_ASSERT(d[2] == 0.0 && d[3] == 0.0 && d[4] == 0.0);
        }
    CU_ASSERT(loss_response(loss, 1e5) == 1.0 && loss_response(loss, -1e5) == 0.0);
    CHECK_CLOSE(loss_response(loss, -700.0) / exp(-700.0), 1.0, 1e-15);
    CU_ASSERT(loss->valid(-1.0) && !loss->valid(0.0) && !loss->valid(0.5));
}

static void poisson_far_out(void)
{
    const loss_t *loss = loss_find("poisson");
    double d[LOSS_ORDERS];
    at(loss, 3.0, -800.0, d);
    CU_ASSERT(d[0] == 2400.0 && d[1] == -3.0 && d[2] == 0.0 && d[4] == 0.0);
    at(loss, 3.0, 800.0, d);
    CU_ASSERT(isinf(d[0]) && isinf(d[1]) && isinf(d[4]));
    CU_ASSERT(loss->valid(0.0) && !loss->valid(-1.0));
    CU_ASSERT(loss->saturated(loss, 0.0) == 0.0);
}

/* Both tails, the corners, and where one formula gives way to another; mpmath 1.4.1, 400 digits. */
static void as_exact_as_high_precision(void)
{
    static const struct {
        const char *loss;
        double y, u, d[LOSS_ORDERS];
    } rows[] = {
        {"probit",
         1.0,
         -30.0,
         {454.3212439563432, -30.033259667433677, 0.99889622848810991, -7.3099930157844385e-5,
          -7.2459372109803421e-6}},
        {"probit",
         1.0,
         -6.0,
         {20.736768949974706, -6.1584826045445989, 0.97601236321083323, -0.0069535374991643118,
          -0.0028992056785575027}},
        {"probit",
         1.0,
         -2.0,
         {3.7831843336820319, -2.3732155328228409, 0.88572089958591874, -0.059355861291565813,
          -0.039421993865946813}},
        {"probit",
         1.0,
         -2.5,
         {5.0816482772786905, -2.8227447976639073, 0.91102619857888456, -0.04287863103702551,
          -0.02724064037471868}},
        {"probit",
         -1.0,
         -1.0,
         {0.17275377902344989, 0.28759997093917836, 0.3703137142233946, 0.29571817018227121,
          -0.00054769007944965555}},
        {"probit",
         1.0,
         8.0,
         {6.2209605742717861e-16, -5.0522710835368954e-15, 4.0418168668295189e-14,
          -3.1829307826282502e-13, 2.4655082887660163e-12}},
        {"probit",
         1.0,
         25.0,
         {3.0566967063825609e-138, -7.6539297364193927e-137, 1.9134824341048482e-135,
          -4.776052155525701e-134, 1.1901860740132156e-132}},
        {"negative_binomial",
         3.0,
         -40.0,
         {120.0, -3.0, 1.6993417021166356e-17, 1.6993417021166356e-17, 1.6993417021166355e-17}},
        {"negative_binomial",
         3.0,
         40.0,
         {40.0, 0.99999999999999998, 1.6993417021166356e-17, -1.6993417021166356e-17,
          1.6993417021166355e-17}},
        {"negative_binomial",
         7.0,
         2.0,
         {3.01542408834378, 0.046376623823059552, 0.83994868322805214, -0.6397000084492245,
          0.31081334038564813}},
        {"pseudo_huber",
         0.0,
         1e-05,
         {4.9999999998750008e-11, 9.9999999995000008e-6, 0.99999999985, -2.9999999992500002e-5,
          -2.99999999775}},
        {"pseudo_huber",
         0.5,
         3.0,
         {1.692582403567252, 0.92847669088525932, 0.051226300186772928, -0.052992724331144408,
          0.070169676355722251}},
        {"pseudo_huber",
         0.0,
         1000000.0,
         {999999.0000005, 0.9999999999995, 9.999999999985e-19, -2.9999999999925e-24,
          1.1999999999955e-29}},
        {"squared_hinge",
         1.0,
         -20.0,
         {220.5, -21.0, 1.0, 1.2783494127089834e-43, 6.3290828766474176e-43}},
        {"squared_hinge",
         1.0,
         1.0,
         {0.0096090602783640296, -0.069314718055994535, 0.42328679513998633, -1.8749999999999999,
          2.5214150607501706}},
        {"squared_hinge",
         -1.0,
         2.0,
         {4.5000001835413661, 2.9999991434737553, 1.0000039767277335, -1.835411583606824e-5,
          8.4122913555285978e-5}},
        {"squared_hinge",
         1.0,
         9.0,
         {3.6097027756908468e-37, -3.6097027756908466e-36, 3.6097027756908463e-35,
          -3.6097027756908461e-34, 3.6097027756908459e-33}},
        {"gamma",
         2.5,
         -600.0,
         {9.4325507523248496e+260, -9.4325507523248496e+260, 9.4325507523248496e+260,
          -9.4325507523248496e+260, 9.4325507523248496e+260}},
        {"gamma",
         0.001,
         -9.0,
         {-0.89691607242461582, -7.1030839275753842, 8.1030839275753842, -8.1030839275753842,
          8.1030839275753842}},
        {"gamma",
         7.0,
         3.0,
         {3.3485094785750476, 0.6514905214249524, 0.3485094785750476, -0.3485094785750476,
          0.3485094785750476}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double d[LOSS_ORDERS];
        at(loss_find(rows[i].loss), rows[i].y, rows[i].u, d);
        for (int k = 0; k < LOSS_ORDERS; k++)
            CHECK_CLOSE(d[k] / rows[i].d[k], 1.0, 1e-12);
    }
}

/* No NaN where u is huge, and no inf where the loss is a number. */
static void huge_predictors_stay_numbers(void)
{
    static const char *const names[] = {"probit", "squared_hinge", "pseudo_huber",
                                        "negative_binomial"};
    for (int i = 0; i < 4; i++)
        for (double u = -1e100; u <= 1e100; u += 2e100) {
            double d[LOSS_ORDERS];
            at(loss_find(names[i]), 1.0, u, d);
            for (int k = 0; k < LOSS_ORDERS; k++)
                CU_ASSERT(isfinite(d[k]));
        }
    CU_ASSERT(!loss_find("gamma")->valid(0.0) && !loss_find("probit")->valid(0.5));
    CU_ASSERT(!loss_find("squared_hinge")->valid(0.0) && loss_find("pseudo_huber")->valid(-2.5));
    CU_ASSERT(loss_find("negative_binomial")->valid(0.0));
}

/* The mean's derivatives by differences of order 6. */
static void derivatives_of_the_mean(void)
{
    static const double weight[3] = {0.75, -0.15, 1.0 / 60.0}, step = 0.0015;
    for (int k = next(0); loss_kinds[k] != NULL; k = next(k + 1))
        for (double u = -6.0; u < 6.0; u += 0.7) {
            double here[3], near[2] = {0.0};
            loss_kinds[k]->mean(loss_kinds[k], u, here);
            for (int m = 1; m <= 3; m++) {
                double above[3], below[3];
                loss_kinds[k]->mean(loss_kinds[k], u + m * step, above);
                loss_kinds[k]->mean(loss_kinds[k], u - m * step, below);
                for (int q = 0; q < 2; q++)
                    near[q] += weight[m - 1] * (above[q] - below[q]) / step;
            }
            for (int q = 0; q < 2; q++)
                CHECK_CLOSE(near[q], here[q + 1], 1e-10 * (1.0 + fabs(here[q])));
        }
}

/* The option changes the loss as its limit says: wide is squared, no dispersion is poisson. */
static void options_reach_their_limits(void)
{
    double a[LOSS_ORDERS], b[LOSS_ORDERS], delta = 1e6, dispersion = 1e-6;
    loss_t wide = loss_configured(loss_find("pseudo_huber"), &delta);
    loss_t narrow = loss_configured(loss_find("negative_binomial"), &dispersion);
    at(&wide, 2.0, -1.5, a);
    at(loss_find("squared"), 2.0, -1.5, b);
    for (int k = 0; k < LOSS_ORDERS; k++)
        CHECK_CLOSE(a[k], b[k], 2e-11);
    at(&narrow, 3.0, 0.7, a);
    at(loss_find("poisson"), 3.0, 0.7, b);
    for (int k = 0; k < LOSS_ORDERS; k++)
        CHECK_CLOSE(a[k], b[k], 1e-4);
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
        {"logistic far out", logistic_far_out},
        {"poisson far out", poisson_far_out},
        {"as exact as high precision", as_exact_as_high_precision},
        {"huge predictors stay numbers", huge_predictors_stay_numbers},
        {"derivatives of the mean", derivatives_of_the_mean},
        {"options reach their limits", options_reach_their_limits},
    };
    REGISTER("loss", cases);
}
