/* SPDX-License-Identifier: BSD-3-Clause */
#include "loss/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/share.h"
#include "loss/kinds.h"

enum { ROW_COST = 50 }; /* operations for a row: exp and log */

const loss_t *const loss_kinds[] = {
    &loss_squared, &loss_logistic,     &loss_poisson, &loss_gamma,         &loss_negative_binomial,
    &loss_huber,   &loss_pseudo_huber, &loss_probit,  &loss_squared_hinge, &loss_softmax,
    NULL};

const loss_t *loss_find(const char *name)
{
    for (int i = 0; loss_kinds[i] != NULL; i++)
        if (strcmp(loss_kinds[i]->name, name) == 0)
            return loss_kinds[i];
    return NULL;
}

loss_t loss_configured(const loss_t *row, const void *options)
{
    loss_t loss = *row;
    if (row->params != NULL)
        loss.parameter = *(const double *)options;
    return loss;
}

double loss_response(const loss_t *loss, double u)
{
    double m[3];
    loss->mean(loss, u, m);
    return m[0];
}

double loss_bound(const loss_t *loss, double y, double u, double l1, double l2)
{
    return loss->robust && u != y ? l1 / (u - y) : l2;
}

const char *loss_advice(const loss_t *loss)
{
    return loss->kinked ? "l'' is 0 in too many rows, raise the option of the loss"
                        : "raise search.lower";
}

double loss_target(const loss_t *loss, double y)
{
    return loss->classifies ? 0.5 * (1.0 + y) : y;
}

int loss_class(double y)
{
    return y > 0.0 ? (int)y : 0;
}

typedef struct rows {
    const loss_t *loss;
    const double *y, *w, *u;
    int order;
    double *const *d;
} rows_t;

static void evaluate(void *argument, int64_t begin, int64_t end)
{
    const rows_t *r = argument;
    double *d[LOSS_ORDERS];
    for (int k = 0; k <= r->order; k++)
        d[k] = r->d[k] + begin;
    r->loss->derivatives(r->loss, end - begin, r->y + begin, r->u + begin, r->order, d);
    for (int k = 0; r->w != NULL && k <= r->order; k++)
        for (int64_t i = 0; i < end - begin; i++)
            d[k][i] = r->w[begin + i] == 0.0 ? 0.0 : r->w[begin + i] * d[k][i];
}

void loss_weighted(const loss_t *loss, int64_t n, const double *y, const double *w, const double *u,
                   int order, double *const *d)
{
    rows_t rows = {loss, y, w, u, order, d};
    share(n, ROW_COST * (double)n, evaluate, &rows);
}

bool loss_any_number(double y)
{
    return isfinite(y);
}

bool loss_label(double y)
{
    return y == 1.0 || y == -1.0;
}

void loss_identity_mean(const loss_t *loss, double u, double *m)
{
    (void)loss;
    m[0] = u;
    m[1] = 1.0;
    m[2] = 0.0;
}

double loss_never_below_0(const loss_t *loss, double y)
{
    (void)loss;
    (void)y;
    return 0.0;
}
