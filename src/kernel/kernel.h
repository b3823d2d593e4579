/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels of two rows, k(x, x') / lambda, with derivatives in their hyperparameters on the
   optimiser's scale: theta = (log lambda, those of the kind). Every kind is a function of one
   number z of the pair, the inner product x'x' or the squared distance |x - x'|^2, so that a matrix
   of them comes from one matrix product and one pass over its elements. Nothing here is collective.

   The penalty is lambda f'k^-1 f / 2 on the function f that the model adds up: for the linear
   kernel f = X beta and this is ridge's lambda |beta|^2 / 2. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hyper.h"
#include "base/param.h"

enum {
    KERNEL_OWN = 2, /* at most so many hyperparameters of a kind, beside lambda */
    KERNEL_MOST = KERNEL_OWN + 1
};

/* k / lambda of some pairs and its derivatives. With a, b counting all hyperparameters, lambda
   first: s[a][i] = d k[i] / d theta_a, ss[a][b][i] = d s[a][i] / d theta_b. */
typedef struct kernel_values {
    double *k, *s[KERNEL_MOST], *ss[KERNEL_MOST][KERNEL_MOST];
    double *storage; /* owned; the arrays above point into it */
} kernel_values_t;

typedef struct kernel kernel_t;

/* A row of the table of kernels. */
typedef struct kernel_kind {
    const char *name;
    const char *doc;
    const param_t *params; /* NULL, or the one option that `degree` is, at offset 0 */
    int64_t degree;        /* its default */
    int own;               /* hyperparameters beside lambda */
    const char *hyper_names[KERNEL_MOST];
    bool distance; /* z is the squared distance, else the inner product */
    /* k, and for order >= 1 its own s[1 ..], for order >= 2 its own ss[1 ..][1 ..], without lambda
     */
    void (*values)(const kernel_t *kernel, const double *theta, int64_t n, const double *z,
                   int order, const kernel_values_t *out);
} kernel_kind_t;

extern const kernel_kind_t *const kernel_kinds[];   /* NULL-terminated */
const kernel_kind_t *kernel_find(const char *name); /* NULL: no such kernel */

struct kernel {
    const kernel_kind_t *kind;
    int64_t degree;
};

/* The kind with its option from `options` (filled for kind->params; not read where that is NULL).
 */
kernel_t kernel_configured(const kernel_kind_t *kind, const void *options);

/* lambda and what the kind has; all start from the data. */
hyper_t kernel_hyper(const kernel_t *kernel);

/* Room for `n` pairs. Errors: TRALO_ERR_MEMORY. */
int kernel_values_create(const kernel_t *kernel, int64_t n, kernel_values_t *out);
void kernel_values_free(kernel_values_t *values);

/* k / lambda at theta [1 + own] for pairs with z [n], with s (order >= 1) and ss (order 2):
   of out only these are read, and the arrays of other orders may be NULL. */
void kernel_at(const kernel_t *kernel, const double *theta, int64_t n, const double *z, int order,
               const kernel_values_t *out);

#endif
