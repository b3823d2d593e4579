/* SPDX-License-Identifier: BSD-3-Clause */
/* The loss phi that judges rows which did not train: by default the training loss. */
#ifndef CRITERION_EVALUATION_H
#define CRITERION_EVALUATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "problem/problem.h"

typedef struct evaluation {
    loss_t loss;   /* the training loss, or another one */
    bool response; /* half the squared error of its mean instead: (y - mean(u))^2 / 2 */
} evaluation_t;

enum { EVALUATION_ORDERS = 3 }; /* the value and two derivatives */

#define EVALUATION_DOC                                                                             \
    "the loss that judges a row: training (default), response (half the squared error of the "     \
    "mean; "                                                                                       \
    "labels count 0 and 1), or the name of a loss"

/* The loss called `name` (NULL: training) for the rows of `problem`. Collective.
   Errors: TRALO_ERR_INPUT (no such loss, a y that it does not allow). */
int evaluation_find(const char *name, const problem_t *problem, evaluation_t *out);

/* phi[k] [n] = k-th derivative in u, k = 0 .. 2, without weights. Not collective. */
void evaluation_rows(const evaluation_t *evaluation, int64_t n, const double *y, const double *u,
                     double *const *phi);

#endif
