/* SPDX-License-Identifier: BSD-3-Clause */
/* With m = yu and q = 1/(1+e^m), the probability of the other label:
   l = log(1+e^-m), l' = -yq, l'' = q(1-q), l''' = -y l'' (1-2q), l'''' = l'' (1-6 l''). */
#include <math.h>

#include "loss/kinds.h"

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    (void)loss;
    for (int64_t i = 0; i < n; i++) {
        double m = y[i] * u[i];
        double e = exp(-fabs(m));
        double q = m > 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
        double l2 = e / ((1.0 + e) * (1.0 + e));
        const double l[LOSS_ORDERS] = {fmax(-m, 0.0) + log1p(e), -y[i] * q, l2,
                                       -y[i] * l2 * (1.0 - 2.0 * q), l2 * (1.0 - 6.0 * l2)};
        for (int k = 0; k <= order; k++)
            d[k][i] = l[k];
    }
}

static void mean(const loss_t *loss, double u, double *m)
{
    (void)loss;
    double e = exp(-fabs(u)), other = e / (1.0 + e), near = 1.0 / (1.0 + e);
    m[0] = u > 0.0 ? near : other;
    m[1] = other * near;
    m[2] = m[1] * (u > 0.0 ? other - near : near - other);
}

const loss_t loss_logistic = {
    .name = "logistic",
    .doc = "log(1 + exp(-y u)), y = -1 or +1: binary classification",
    .domain = "-1 or +1 (import labels with --classify)",
    .valid = loss_label,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = loss_never_below_0,
    .classifies = true,
};
