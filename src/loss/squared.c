/* SPDX-License-Identifier: BSD-3-Clause */
#include "loss/kinds.h"

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

const loss_t loss_squared = {
    .name = "squared",
    .doc = "half the squared error, (y - u)^2 / 2: least-squares regression",
    .domain = "any number",
    .valid = loss_any_number,
    .derivatives = derivatives,
    .mean = loss_identity_mean,
    .saturated = loss_never_below_0,
    .quadratic = true,
};
