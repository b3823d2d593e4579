/* SPDX-License-Identifier: BSD-3-Clause */
/* The loss phi that judges rows which did not train: by default the training loss. */
#ifndef CRITERION_EVALUATION_H
#define CRITERION_EVALUATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "criterion/criterion.h"
#include "problem/problem.h"

typedef struct evaluation {
    loss_t loss;   /* the training loss, or another one */
    bool response; /* half the squared error of its mean instead: (y - mean(u))^2 / 2; of several
                      outputs |e_y - mean(u)|^2 / 2, which is half the Brier score */
} evaluation_t;

enum { EVALUATION_ORDERS = 3 }; /* the value and two derivatives */

#define EVALUATION_DOC                                                                             \
    "the loss that judges a row: training (default), response (half the squared error of the "     \
    "mean; labels count 0 and 1, classes are unit vectors), or the name of a loss"

/* The loss called `name` (NULL: training) for the rows of `problem`. Collective.
   Errors: TRALO_ERR_INPUT (no such loss, a y that it does not allow, another number of outputs). */
int evaluation_find(const char *name, const problem_t *problem, evaluation_t *out);

/* The same for the training loss `training` on the rows of `data`. */
int evaluation_find_for(const char *name, const loss_t *training, const data_t *data,
                        evaluation_t *out);

/* phi[k] [n], k = 0 .. 2, of a loss of one output at y, u [n], without weights. Not collective. */
void evaluation_values(const evaluation_t *evaluation, int64_t n, const double *y, const double *u,
                       double *const *phi);

/* The local rows [begin, begin + count) at u [outputs, rows], without weights: phi[0] [rows],
   phi[1] [outputs, rows], phi[2] [blocks, rows] are the value and its first two derivatives in u,
   in the places of these rows. Not collective. */
void evaluation_rows(const evaluation_t *evaluation, const problem_t *problem, int64_t begin,
                     int64_t count, const double *u, double *const *phi);

/* The lowest row, of all, for which a rank gives a local row (below 0: none), or -1. Collective. */
int64_t evaluation_lowest_row(const problem_t *problem, int64_t local);

/* evaluation_rows of all rows with their weights in phi[1] and phi[2]; false, with result->failure,
   where a row that counts overflows. Collective; the same on all ranks. */
bool evaluation_left_out(const evaluation_t *evaluation, const problem_t *problem, const double *u,
                         double *const *phi, criterion_result_t *result);

/* Adds what evaluation_left_out and evaluation_mean cost, with the search of all ranks for the row
   of least t before them. */
void evaluation_cost(const problem_shape_t *shape, work_t *work);

/* Says in result->failure that the loss of row `row`, of all, overflows. Not collective. */
void evaluation_overflow(int64_t row, criterion_result_t *result);

/* result->value and its standard error from the unweighted values [rows]: f = sum w phi / sum w,
   and the spread of the rows' contributions w_i (phi_i - f). Collective. */
void evaluation_mean(const problem_t *problem, const double *values, criterion_result_t *result);

#endif
