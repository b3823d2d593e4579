/* SPDX-License-Identifier: BSD-3-Clause */
/* Separable penalties sum_j r(beta_j; theta): derivatives in beta, in theta, and mixed, on the
   optimiser's scale theta. Columns come in groups that share hyperparameters; columns of group -1
   are free. Nothing here is collective. */
#ifndef PENALTY_PENALTY_H
#define PENALTY_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hyper.h"
#include "base/param.h"

enum {
    PENALTY_ORDERS = 5,    /* derivatives 0 .. 4 in beta */
    PENALTY_PER_GROUP = 2, /* at most so many hyperparameters in a group */
    PENALTY_MIXED = 4      /* derivatives 0 .. 3 in beta of the derivatives in theta */
};

typedef struct penalty penalty_t;

/* All derivatives at one (beta, theta). With a, b counting the hyperparameters of a column's group:
   r[k][j] = d^k r_j / d beta^k;  s[k][a][j] = d r[k][j] / d theta_a;
   ss[k][a][b][j] = d s[k][a][j] / d theta_b. Each array is [columns]; k as far as the orders above.
 */
typedef struct penalty_values {
    double *r[PENALTY_ORDERS];
    double *s[PENALTY_MIXED][PENALTY_PER_GROUP];
    double *ss[PENALTY_MIXED][PENALTY_PER_GROUP][PENALTY_PER_GROUP];
    double *scaled;  /* scratch */
    void *shared;    /* [groups] scratch of kind->shared_size each: what a group's columns share */
    double *storage; /* owned; the arrays above point into it */
} penalty_values_t;

/* A row of the table of penalties. */
typedef struct penalty_kind {
    const char *name;
    const char *doc;
    int per_group; /* hyperparameters per group */
    const char *hyper_names[PENALTY_PER_GROUP];
    const param_t *params; /* NULL, or the one option that `parameter` is, at offset 0 */
    double parameter;      /* its default */
    /* where the search begins and ends, in the field's terms; 0: chosen from the data */
    double lower[PENALTY_PER_GROUP], upper[PENALTY_PER_GROUP], start[PENALTY_PER_GROUP];
    bool quadratic;     /* r is quadratic in beta: leave-one-out by ALO is exact for squared loss */
    size_t shared_size; /* of a struct of doubles per group in penalty_values_t, for `values` */
    void (*values)(const penalty_t *penalty, const double *theta, const double *beta,
                   penalty_values_t *out);
    /* the hyperparameters of one group in the field's terms: ridge lambda = exp(theta) */
    void (*natural)(const double *theta, double *natural);
    void (*from_natural)(const double *natural, double *theta);
} penalty_kind_t;

extern const penalty_kind_t *const penalty_kinds[];   /* NULL-terminated */
const penalty_kind_t *penalty_find(const char *name); /* NULL: no such penalty */

struct penalty {
    const penalty_kind_t *kind;
    int columns;
    int groups;
    int count;  /* S = groups * kind->per_group; theta of group g starts at g * per_group */
    int *group; /* [columns], -1: free; owned */
    double parameter;
};

/* group [columns] holds -1 .. groups-1; copied. Errors: TRALO_ERR_MEMORY. */
int penalty_create(const penalty_kind_t *kind, int columns, const int *group, int groups,
                   penalty_t **out);
void penalty_free(penalty_t **penalty);

/* Sets the parameter from `options` (filled for kind->params; not read where that is NULL). */
void penalty_configure(penalty_t *penalty, const void *options);

int penalty_values_create(const penalty_t *penalty, penalty_values_t *out);
void penalty_values_free(penalty_values_t *values);

/* All derivatives at beta [columns], theta [S] of sum_j r(scale_j beta_j; theta); scale [columns],
   NULL: all 1. O(columns). */
void penalty_at(const penalty_t *penalty, const double *theta, const double *beta,
                const double *scale, penalty_values_t *out);

/* out[j] = sum_s delta_s d r^(k)_j / d theta_s for a direction delta [S]; out [columns]. */
void penalty_along(const penalty_t *penalty, const penalty_values_t *values, int k,
                   const double *delta, double *out);

/* out[s] += scale * sum_j x_j d r^(k)_j / d theta_s; x [columns], out [S]. */
void penalty_contract(const penalty_t *penalty, const penalty_values_t *values, int k, double scale,
                      const double *x, double *out);

/* out[s] += scale * sum_j x_j sum_t delta_t d^2 r^(k)_j / d theta_s d theta_t. */
void penalty_contract_along(const penalty_t *penalty, const penalty_values_t *values, int k,
                            const double *delta, double scale, const double *x, double *out);

/* Its hyperparameters; what it points to lives as long as the table of penalties. */
hyper_t penalty_hyper(const penalty_t *penalty);

#endif
