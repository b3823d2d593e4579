/* SPDX-License-Identifier: BSD-3-Clause */
/* With z = (u - y)/delta, c = 1/sqrt(1 + z^2) and q = z c, which lies in -1 .. 1:

       l = delta^2 (1/c - 1),  l' = delta q,  l'' = c^3,  l''' = -3 q c^4 / delta,
       l'''' = (12 q^2 - 3 c^2) c^5 / delta^2.

   Charbonnier et al., IEEE Transactions on Image Processing 6 (1997) 298; Hartley & Zisserman,
   Multiple View Geometry (2004), appendix 6.8. l is formed as delta q (u - y) / (1 + c), which
   neither cancels nor overflows early. */
#include <math.h>

#include "loss/kinds.h"

static const param_t params[] = {{"delta", "residual at which squares turn into absolute values",
                                  PARAM_REAL, 0, 1.0, 1e-6, 1e6, NULL},
                                 PARAM_END};

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    const double delta = loss->parameter;
    for (int64_t i = 0; i < n; i++) {
        double z = (u[i] - y[i]) / delta, c = 1.0 / hypot(1.0, z), q = z * c;
        const double l[LOSS_ORDERS] = {delta * q * (u[i] - y[i]) / (1.0 + c), delta * q, c * c * c,
                                       -3.0 * q * c * c * c * c / delta,
                                       (12.0 * q * q - 3.0 * c * c) * c * c * c * c * c /
                                           (delta * delta)};
        for (int k = 0; k <= order; k++)
            d[k][i] = l[k];
    }
}

const loss_t loss_pseudo_huber = {
    .name = "pseudo_huber",
    .doc = "delta^2 (sqrt(1 + ((y - u)/delta)^2) - 1): regression that outliers move little",
    .domain = "any number",
    .params = params,
    .parameter = 1.0,
    .valid = loss_any_number,
    .derivatives = derivatives,
    .mean = loss_identity_mean,
    .saturated = loss_never_below_0,
    .robust = true,
};
