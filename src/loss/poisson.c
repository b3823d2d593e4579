/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "loss/kinds.h"

static bool valid(double y)
{
    return isfinite(y) && y >= 0.0;
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    (void)loss;
    for (int64_t i = 0; i < n; i++) {
        double e = exp(u[i]);
        d[0][i] = e - y[i] * u[i];
        if (order >= 1)
            d[1][i] = e - y[i];
        for (int k = 2; k <= order; k++)
            d[k][i] = e;
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
    return y > 0.0 ? y - y * log(y) : 0.0;
}

const loss_t loss_poisson = {
    .name = "poisson",
    .doc = "exp(u) - y u: counts, with log(exposure) as the offset (log y! is left out)",
    .domain = "a count, >= 0",
    .valid = valid,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = saturated,
    .counts = true,
};
