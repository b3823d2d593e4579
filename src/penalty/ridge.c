/* SPDX-License-Identifier: BSD-3-Clause */
/* r = lambda_g beta^2 / 2 with lambda_g = exp(theta_g): every derivative in theta is r itself. */
#include <math.h>

#include "penalty/kinds.h"

static void values(const penalty_t *penalty, const double *theta, const double *beta,
                   penalty_values_t *out)
{
    double lambda = 0.0;
    for (int j = 0, last = -1; j < penalty->columns; j++) {
        const int group = penalty->group[j];
        if (group != last)
            lambda = group < 0 ? 0.0 : exp(theta[group]);
        last = group;
        const double r[PENALTY_ORDERS] = {0.5 * lambda * beta[j] * beta[j], lambda * beta[j],
                                          lambda};
        for (int k = 0; k < PENALTY_ORDERS; k++)
            out->r[k][j] = r[k];
        for (int k = 0; k < PENALTY_MIXED; k++)
            out->s[k][0][j] = out->ss[k][0][0][j] = r[k];
    }
}

static void natural(const double *theta, double *lambda)
{
    *lambda = exp(*theta);
}

static void from_natural(const double *lambda, double *theta)
{
    *theta = log(*lambda);
}

const penalty_kind_t penalty_ridge = {
    .name = "ridge",
    .doc = "lambda_g beta^2 / 2, one lambda per group of columns",
    .per_group = 1,
    .hyper_names = {"lambda"},
    .quadratic = true,
    .values = values,
    .natural = natural,
    .from_natural = from_natural,
};
