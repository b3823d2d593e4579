/* SPDX-License-Identifier: BSD-3-Clause */
/* With z = u - y: l = z^2/2 for |z| <= delta and delta (|z| - delta/2) beyond, so that l' is z held
   between -delta and delta, l'' is 1 or 0, and the higher derivatives are 0 but where |z| = delta.

   Huber, Annals of Mathematical Statistics 35 (1964) 73. */
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
        const double z = u[i] - y[i], size = fabs(z);
        const bool inside = size <= delta;
        const double l[LOSS_ORDERS] = {inside ? 0.5 * z * z : delta * (size - 0.5 * delta),
                                       inside ? z : copysign(delta, z), inside ? 1.0 : 0.0};
        for (int k = 0; k <= order; k++)
            d[k][i] = isnan(z) ? NAN : l[k];
    }
}

const loss_t loss_huber = {
    .name = "huber",
    .doc = "squares for |y - u| <= delta, absolute values beyond: regression that outliers move "
           "little (l'' jumps at delta, and with it alo, whose derivatives hold between the jumps; "
           "pseudo_huber is smooth)",
    .domain = "any number",
    .params = params,
    .parameter = 1.0,
    .valid = loss_any_number,
    .derivatives = derivatives,
    .mean = loss_identity_mean,
    .saturated = loss_never_below_0,
    .robust = true,
    .kinked = true,
};
