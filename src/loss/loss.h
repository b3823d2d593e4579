/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses of one row, l(y, u), with derivatives in the linear predictor u. Nothing here is
   collective. Source of the conventions: squared (y-u)^2/2, logistic log(1+exp(-yu)) with y =
   -1/+1, Poisson exp(u) - yu. */
#ifndef LOSS_LOSS_H
#define LOSS_LOSS_H

#include <stdbool.h>
#include <stdint.h>

enum { LOSS_ORDERS = 5 }; /* the value and four derivatives */

typedef struct loss {
    const char *name;
    const char *doc;
    const char *domain; /* what y may be, in words */
    bool (*valid)(double y);
    /* d[k] [n] = k-th derivative of l(y_i, u_i) in u for k = 0 .. order; y, u [n]. */
    void (*derivatives)(int64_t n, const double *y, const double *u, int order, double *const *d);
    double (*response)(double u); /* inverse link: the mean of y (logistic: probability of +1) */
    double (*saturated)(
        double y);   /* the least loss that any u reaches; deviance = 2 sum (l - this) */
    bool classifies; /* y is a label: accuracy and AUC make sense */
    bool counts;     /* y is a count: deviance makes sense */
} loss_t;

extern const loss_t *const loss_kinds[];   /* NULL-terminated */
const loss_t *loss_find(const char *name); /* NULL: no such loss */

/* Derivatives 0 .. order times the weights: d[k][i] = w_i l^(k)(y_i, u_i); w [n] or NULL (all 1).
 */
void loss_weighted(const loss_t *loss, int64_t n, const double *y, const double *w, const double *u,
                   int order, double *const *d);

#endif
