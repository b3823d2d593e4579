/* SPDX-License-Identifier: BSD-3-Clause */
/* l = -log Phi(m), m = yu. With the inverse Mills ratio r = phi(m)/Phi(m) and k = m + r, in m:

       l' = -r,  l'' = r k,  l''' = r (1 - k (k + r)),  l'''' = r (k^3 + 4 r k^2 + r^2 k - 3k - r).

   In the left tail, x = -m, these cancel. There Laplace's continued fraction (Abramowitz & Stegun
   26.2.14) gives r = x + k, k = 1/(x + c2), c_j = j/(x + c_{j+1}), and by these relations
   1 - r k = k (c2 - k), c2 - 2k = k c2 (c2 - c3), c3 - 3k = k c3 (c2 - c4) the differences become

       l''' = r k^2 e,  l'''' = r k^2 (2 k c3 (c2 - c4) + e (c3 - 6k)),  e = c2 (c2 - c3),

   and l = x^2/2 + log sqrt(2 pi) + log r. */
#include <math.h>

#include "loss/kinds.h"

static const double SQRT_HALF = 0.70710678118654752440, LOG_ROOT = 0.91893853320467274178;
static const double TAIL = -2.0; /* m below which the continued fraction is taken */
enum { TERMS = 128 };            /* of it: enough for 16 digits at TAIL */

static double density(double u)
{
    return exp(-0.5 * u * u - LOG_ROOT);
}

static void in_tail(double x, double *l)
{
    double c[TERMS + 1];
    c[TERMS] = 0.0;
    for (int j = TERMS - 1; j >= 1; j--)
        c[j] = j / (x + c[j + 1]);
    double k = c[1], r = x + k, e = c[2] * (c[2] - c[3]);
    l[0] = 0.5 * x * x + LOG_ROOT + log(r);
    l[1] = -r;
    l[2] = r * k;
    l[3] = r * k * k * e;
    l[4] = r * k * k * (2.0 * k * c[3] * (c[2] - c[4]) + e * (c[3] - 6.0 * k));
}

static void in_body(double m, double *l)
{
    double above = 0.5 * erfc(m * SQRT_HALF), below = 0.5 * erfc(-m * SQRT_HALF);
    double r = density(m) / below, k = r > 0.0 ? m + r : 0.0;
    l[0] = m > 0.0 ? -log1p(-above) : -log(below);
    l[1] = -r;
    l[2] = r * k;
    l[3] = r * (1.0 - k * (k + r));
    l[4] = r * (k * (k * k + 4.0 * r * k + r * r - 3.0) - r);
}

static void derivatives(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d)
{
    (void)loss;
    for (int64_t i = 0; i < n; i++) {
        double m = y[i] * u[i], l[LOSS_ORDERS];
        if (m < TAIL)
            in_tail(-m, l);
        else
            in_body(m, l);
        for (int k = 0; k <= order; k++)
            d[k][i] = k % 2 == 0 ? l[k] : y[i] * l[k];
    }
}

static void mean(const loss_t *loss, double u, double *m)
{
    (void)loss;
    m[0] = 0.5 * erfc(-u * SQRT_HALF);
    m[1] = density(u);
    m[2] = -u * m[1];
}

const loss_t loss_probit = {
    .name = "probit",
    .doc = "-log Phi(y u), Phi the normal distribution, y = -1 or +1: binary classification",
    .domain = "-1 or +1 (import labels with --classify)",
    .valid = loss_label,
    .derivatives = derivatives,
    .mean = mean,
    .saturated = loss_never_below_0,
    .classifies = true,
};
