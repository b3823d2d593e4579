/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "loss/kinds.h"

static bool valid(double y)
{
    return isfinite(y);
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    (void)loss;
    for (int64_t i = 0; i < n; i++)
        d[0][i] = 0.5 * (u[i] - y[i]) * (u[i] - y[i]);
    for (int64_t i = 0; order >= 1 && i < n; i++)
        d[1][i] = u[i] - y[i];
    for (int k = 2; k <= order; k++)
        for (int64_t i = 0; i < n; i++)
            d[k][i] = k == 2 ? 1.0 : 0.0;
}

static void mean(const loss_t *loss, double u, double *m)
{
    (void)loss;
    m[0] = u;
    m[1] = 1.0;
    m[2] = 0.0;
}

static double saturated(const loss_t *loss, double y)
{
    (void)loss;
    (void)y;
    return 0.0;
}

const loss_t loss_squared = {
    .name = "squared",
    .doc = "half the squared error, (y - u)^2 / 2: least-squares regression",
    .domain = "any number",
    .valid = valid,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = saturated,
    .quadratic = true,
};
