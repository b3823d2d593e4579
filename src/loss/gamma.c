/* SPDX-License-Identifier: BSD-3-Clause */
/* With e = y exp(-u), y over its mean: l = u + e, l' = 1 - e, l'' = -l''' = l'''' = e.
   McCullagh & Nelder, Generalized Linear Models (1989), chapter 8, with the logarithm as the link;
   e = (y exp(-u/2)) exp(-u/2) does not overflow while e is a number. */
#include <math.h>

#include "loss/kinds.h"

static bool valid(double y)
{
    return isfinite(y) && y > 0.0;
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    (void)loss;
    for (int64_t i = 0; i < n; i++) {
        double half = exp(-0.5 * u[i]), e = y[i] * half * half;
        const double l[LOSS_ORDERS] = {u[i] + e, 1.0 - e, e, -e, e};
        for (int k = 0; k <= order; k++)
            d[k][i] = l[k];
    }
}

static void mean(const loss_t *loss, double u, double *m)
{
    (void)loss;
    m[0] = m[1] = m[2] = exp(u);
}

static double saturated(const loss_t *loss, double y)
{
    (void)loss;
    return 1.0 + log(y);
}

const loss_t loss_gamma = {
    .name = "gamma",
    .doc = "u + y exp(-u): positive amounts whose deviation grows with their mean exp(u)",
    .domain = "a positive number",
    .valid = valid,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = saturated,
    .counts = true,
};
