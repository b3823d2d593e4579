/* SPDX-License-Identifier: BSD-3-Clause */
/* The squared hinge max(0, x)^2 / 2, x = 1 - yu, has no third derivative at x = 0. It is smoothed
   as in Lee & Mangasarian, SSVM, Computational Optimization and Applications 20 (2001) 5-22: max(0,
   x) becomes p = w log(1 + exp(x/w)), w = 1/alpha there. p has all derivatives, lies above max(0,
   x) by w log 2 at most, and l is convex. With s = 1/(1 + exp(-x/w)) and t = s(1-s), in x:

       p' = s,  p'' = t/w,  p''' = t(1-2s)/w^2,  p'''' = t(1-6t)/w^3
       l = p^2/2,  l' = p p',  l'' = p'^2 + p p'',  l''' = 3 p' p'' + p p''',
       l'''' = 3 p''^2 + 4 p' p''' + p p''''.

   The mean is the probability of +1 at which u is the best answer (Zhang, Annals of Statistics 32
   (2004) 56-85): b / (a + b) with a = l' at x = 1 - u and b = l' at x = 1 + u. */
#include <math.h>

#include "loss/kinds.h"

static const param_t params[] = {
    {"width", "w of the rounded corner, w log(1 + exp(x/w))", PARAM_REAL, 0, 0.2, 1e-3, 1e3, NULL},
    PARAM_END};

/* l [LOSS_ORDERS] = the loss and its derivatives in x. */
static void at(double w, double x, double *l)
{
    double z = x / w, e = exp(-fabs(z)), t = e / ((1.0 + e) * (1.0 + e));
    double lean = (z > 0.0 ? e - 1.0 : 1.0 - e) / (1.0 + e);
    double p = w * (fmax(z, 0.0) + log1p(e)), p1 = (z > 0.0 ? 1.0 : e) / (1.0 + e);
    double p2 = t / w, p3 = t * lean / (w * w), p4 = t * (1.0 - 6.0 * t) / (w * w * w);
    l[0] = 0.5 * p * p;
    l[1] = p * p1;
    l[2] = p1 * p1 + p * p2;
    l[3] = 3.0 * p1 * p2 + p * p3;
    l[4] = 3.0 * p2 * p2 + 4.0 * p1 * p3 + p * p4;
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    for (int64_t i = 0; i < n; i++) {
        double l[LOSS_ORDERS];
        at(loss->parameter, 1.0 - y[i] * u[i], l);
        for (int k = 0; k <= order; k++)
            d[k][i] = k % 2 == 0 ? l[k] : -y[i] * l[k];
    }
}

static void mean(const loss_t *loss, double u, double *m)
{
    double a[LOSS_ORDERS], b[LOSS_ORDERS];
    at(loss->parameter, 1.0 - u, a);
    at(loss->parameter, 1.0 + u, b);
    double sum = a[1] + b[1], sum_dot = b[2] - a[2];
    m[0] = b[1] / sum;
    m[1] = (b[2] * (a[1] / sum) + a[2] * (b[1] / sum)) / sum;
    m[2] = (b[3] * (a[1] / sum) - a[3] * (b[1] / sum) - 2.0 * m[1] * sum_dot) / sum;
}

const loss_t loss_squared_hinge = {
    .name = "squared_hinge",
    .doc = "max(0, 1 - y u)^2 / 2 with its corner rounded, y = -1 or +1: support vectors",
    .domain = "-1 or +1 (import labels with --classify)",
    .params = params,
    .parameter = 0.2,
    .valid = loss_label,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = loss_never_below_0,
    .classifies = true,
};
