/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the form `wide` of the Hessian, for what else works with n x n matrices (alo_wide.c).

   For more columns than rows. Rows are (x, f) with f the free columns; D = diag(r'') > 0 on the
   others, A = diag(l''), R = A^1/2:

       K = X D^-1 X'          N = I + R K R = L L'          Q = R N^-1 R
       Y = N^-1 R F           E = F'Q F

   All n x n matrices are symmetric, on every rank, column-major; K has both triangles.

   With K outputs A_i is a K x K matrix of each row, 0 along a common shift. Its eigenvectors across
   that shift, W_i [K, K - 1], make K - 1 rows of one, W_i' x (x_i, f_i), whose weights are its
   eigenvalues: above, rows are these m = n (K - 1), i (K - 1) + e the e-th of row i, and D is one
   for each output. */
#ifndef PROBLEM_WIDE_H
#define PROBLEM_WIDE_H

#include "data/columns.h"
#include "problem/hessian.h"

/* What several outputs have besides. */
typedef struct wide_outputs {
    double *W;      /* [n, K, K - 1] an eigenvector in each column */
    double *F;      /* [free columns of the data, n] */
    double *planes; /* [K, n] scratch */
    double *plain;  /* [n, n] scratch */
    double *row;    /* [2 K^2 + 34 K] scratch */
} wide_outputs_t;

typedef struct wide {
    problem_t *problem; /* borrowed */
    int n;              /* rows over all ranks */
    int m, per_row;     /* n per_row, and 1 or K - 1 */
    int penalised;      /* columns of the data */
    int free;           /* elements of beta: the outputs of a free column one after the other */
    int *list;          /* [width] the penalised columns, then the free ones; owned, as all below */
    data_columns_t X;   /* this rank's share of the penalised columns */
    int most;           /* rows of X in a panel */
    double *F;          /* [free, m] */
    double *D, *inverse_D; /* [columns] of the last factorisation */
    double *r;             /* [m] */
    double *K, *L;         /* [m, m] */
    double *half;          /* [n, n] scratch */
    double *Y;             /* [free, m] */
    double *E;             /* [free, free] its Cholesky factor, column-major; then [free] scratch */
    double *grams;         /* [groups, n, n] X_g X_g' (lower triangles), NULL: not made (yet) */
    double *panel;         /* [most, n] */
    double *scratch;       /* [most, n] */
    double *edged;         /* [n + 1, n + 1] scratch; a sparse X only */
    double *edge;          /* [2 (n + 1)] scratch */
    double *w, *z;         /* [m] */
    double *by_column;     /* [columns] */
    wide_outputs_t outputs; /* empty for one output */
} wide_t;

/* Rows of the matrices for a row of the data. */
static inline int64_t wide_per_row(int64_t outputs)
{
    return outputs > 1 ? outputs - 1 : 1;
}

/* Adds what `times` calls of the functions below cost, when the Gram matrices are made where they
   are of use. Not collective, as the next. */
void wide_cost_product(const problem_shape_t *shape, double times, work_t *work);
void wide_cost_quadratic(const problem_shape_t *shape, double times, work_t *work);

wide_t *hessian_wide_of(const hessian_t *hessian);

/* out [m, m] = X diag(weights) X', both triangles, for weights [columns] (free ones are not read):
   from the Gram matrices where they are there and the weights of each group are the same, else from
   the columns. Collective, a reduction for each output. Cost: n^2 groups, or n^2 p; with several
   outputs 2 K m^2 besides. */
void wide_product(wide_t *wide, const double *weights, double *out);

/* out[j] = x_j' S x_j for the penalised elements j, else 0; out [columns], S [m, m] by its lower
   triangle. With Gram matrices each column of a group gets the mean of its group. Collective. */
void wide_quadratic(wide_t *wide, const double *S, double *out);

/* Local values [rows] into all [n]. Collective. */
void wide_gather(const wide_t *wide, const double *values, double *all);

#endif
