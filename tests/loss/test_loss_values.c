/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses where their values are known: in the tails, to many digits, and at limits of options. */
#include <math.h>

#include "loss/loss_at.h"
#include "support.h"

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

void suite_loss_values(void)
{
    static const test_case_t cases[] = {
        {"logistic far out", logistic_far_out},
        {"poisson far out", poisson_far_out},
        {"as exact as high precision", as_exact_as_high_precision},
        {"huge predictors stay numbers", huge_predictors_stay_numbers},
        {"options reach their limits", options_reach_their_limits},
    };
    REGISTER("loss values", cases);
}
