/* SPDX-License-Identifier: BSD-3-Clause */
/* What the form `wide` is put together from; nothing else includes this. */
#ifndef PROBLEM_WIDE_PARTS_H
#define PROBLEM_WIDE_PARTS_H

#include "problem/wide.h"

/* The column of the data that is the k-th of this rank. */
static inline int wide_column(const wide_t *w, int k)
{
    return w->list[w->X.first + k];
}

/* Gram matrices are worth their memory where they take no more than X does. */
bool wide_keeps_grams(int64_t groups, int64_t n, int64_t columns);

/* wide_product and wide_quadratic for one output: weights and out [width], out and S [n, n].
   Collective. */
void wide_columns_product(wide_t *w, const double *weights, double *out);
void wide_columns_quadratic(wide_t *w, const double *S, double *out);

/* Flops: of Gram matrices put together, of what several outputs add to that, and of the n x n part
   of a solution. */
double wide_grams_flops(double n, double groups);
double wide_outputs_flops(double m, double outputs);
double wide_solve_flops(double m);

/* Will there be Gram matrices? */
bool wide_has_grams(const problem_shape_t *shape);

/* Of the form's row of the table. */
void wide_cost(const problem_shape_t *shape, const hessian_use_t *use, work_t *work);

/* What several outputs have besides, nothing for one. Not collective. Errors: TRALO_ERR_MEMORY. */
int wide_outputs_create(wide_t *w);
void wide_outputs_free(wide_t *w);
int64_t wide_outputs_memory(int64_t n, int64_t outputs, int64_t free_columns); /* bytes */

/* The same for several; overwrites plain. Collective. */
void wide_outputs_product(wide_t *w, const double *weights, double *out);
void wide_outputs_quadratic(wide_t *w, const double *S, double *out);

/* W, the eigenvalues into r [m], and F [free, m], for weights [blocks, rows]. Collective: each rank
   finds them for its rows, so that all have the same. Cost: about 13 K^3 for a row. */
void wide_outputs_turn(wide_t *w, const double *weights);

/* E += gauge v v' for each free column of the data, v the roots of its curvatures. Not collective,
   as the next two. */
void wide_outputs_add_gauge(wide_t *w, double gauge);

/* out [m] = W'planes and planes [K, n] = W x. */
void wide_outputs_combine(const wide_t *w, const double *planes, double *out);
void wide_outputs_spread(const wide_t *w, const double *x, double *planes);

#endif
