/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses of one row, l(y, u), with derivatives in the linear predictor u. Nothing here is
   collective. Source of the conventions: squared (y-u)^2/2, logistic log(1+exp(-yu)) with y =
   -1/+1, Poisson exp(u) - yu. The linear predictor of most losses is one number; softmax has one
   for each class (loss/joint.h). */
#ifndef LOSS_LOSS_H
#define LOSS_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/param.h"

enum { LOSS_ORDERS = 5 }; /* the value and four derivatives */

/* A row of the table of losses; a copy with another `parameter` is a loss too. */
typedef struct loss loss_t;
struct loss {
    const char *name;
    const char *doc;
    const char *domain;    /* what y may be, in words */
    const param_t *params; /* NULL, or the one option that `parameter` is, at offset 0 */
    double parameter;      /* its default, in a row */
    bool (*valid)(double y);
    /* d[k] [n] = k-th derivative of l(y_i, u_i) in u for k = 0 .. order; y, u [n]. */
    void (*derivatives)(const loss_t *loss, int64_t n, const double *y, const double *u, int order,
                        double *const *d);
    /* m[0 .. 2] = mean of y at u (inverse link; logistic: probability of +1) and its derivatives.
     */
    void (*mean)(const loss_t *loss, double u, double *m);
    /* The least loss that any u reaches; deviance = 2 sum (l - this). */
    double (*saturated)(const loss_t *loss, double y);
    bool quadratic; /* l'' is constant */
    bool robust; /* l is even in u - y, and l'/(u - y) falls with its size: at any point a parabola
                    of that curvature touches l there and lies above it elsewhere */
    bool kinked; /* l'' jumps, l''' and l'''' are those between the jumps */
    bool classifies;                /* y is a label: accuracy makes sense, and AUC for -1 and +1 */
    bool counts;                    /* y is a count or amount: deviance makes sense */
    const struct loss_joint *joint; /* several outputs: its functions (loss/joint.h) stand in for
                                       derivatives and mean, which are NULL; NULL: one output */
};

extern const loss_t *const loss_kinds[];   /* NULL-terminated */
const loss_t *loss_find(const char *name); /* NULL: no such loss */

/* The row with its parameter from `options` (filled for row->params; not read where that is NULL).
 */
loss_t loss_configured(const loss_t *row, const void *options);

/* The mean of y at u. */
double loss_response(const loss_t *loss, double u);

/* A curvature of the row from its l' and l'' (times any weight) at (y, u): l'', or for a robust
   loss that of the parabola above it, which is not 0 far from y. */
double loss_bound(const loss_t *loss, double y, double u, double l1, double l2);

/* What to do where the Hessian is singular at a minimum, for messages. */
const char *loss_advice(const loss_t *loss);

/* y on the scale of the mean: labels -1, +1 become 0, 1. */
double loss_target(const loss_t *loss, double y);

/* The class that y names, for a loss of several outputs: y, and labels -1, +1 are 0, 1. */
int loss_class(double y);

/* Derivatives 0 .. order times the weights: d[k][i] = w_i l^(k)(y_i, u_i); w [n] or NULL (all 1).
 */
void loss_weighted(const loss_t *loss, int64_t n, const double *y, const double *w, const double *u,
                   int order, double *const *d);

#endif
