/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of mean exp(u) and variance mean + a mean^2 (NB2 of Cameron & Trivedi, Regression Analysis
   of Count Data (2013), section 3.3), without what does not depend on u. With v = u + log a and
   s = 1/(1+e^-v), N = y + 1/a, t = s(1-s):

       l = N log(1 + e^v) - y u,  l' = (e^u - y)/(1 + e^v),
       l'' = N t,  l''' = N t (1-2s),  l'''' = N t (1-6t).

   Where v > 0, log(1 + e^v) = v + log(1 + e^-v), so that y u cancels on paper. a -> 0 is poisson.
 */
#include <math.h>

#include "loss/kinds.h"

static const param_t params[] = {
    {"dispersion", "a of the variance, mean + a mean^2", PARAM_REAL, 0, 1.0, 1e-6, 1e6, NULL},
    PARAM_END};

static bool valid(double y)
{
    return isfinite(y) && y >= 0.0;
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    const double a = loss->parameter, shift = log(a);
    for (int64_t i = 0; i < n; i++) {
        double v = u[i] + shift, e = exp(-fabs(v)), N = y[i] + 1.0 / a;
        double t = e / ((1.0 + e) * (1.0 + e));
        double lean = (v > 0.0 ? e - 1.0 : 1.0 - e) / (1.0 + e); /* 1 - 2s */
        double linear = v > 0.0 ? v / a + y[i] * shift : -y[i] * u[i];
        double slope = v > 0.0 ? 1.0 / a - y[i] * e : exp(u[i]) - y[i];
        const double l[LOSS_ORDERS] = {N * log1p(e) + linear, slope / (1.0 + e), N * t,
                                       N * t * lean, N * t * (1.0 - 6.0 * t)};
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
    double a = loss->parameter;
    return y > 0.0 ? (y + 1.0 / a) * log1p(a * y) - y * log(y) : 0.0;
}

const loss_t loss_negative_binomial = {
    .name = "negative_binomial",
    .doc = "(y + 1/a) log(1 + a exp(u)) - y u: counts that scatter more than poisson's",
    .domain = "a count, >= 0",
    .params = params,
    .parameter = 1.0,
    .valid = valid,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = saturated,
    .counts = true,
};
