/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the form `wide` of the Hessian, for what else works with n x n matrices (alo_wide.c).

   For more columns than rows. Rows are (x, f) with f the free columns; D = diag(r'') > 0 on the
   others, A = diag(l''), R = A^1/2:

       K = X D^-1 X'          N = I + R K R = L L'          Q = R N^-1 R
       Y = N^-1 R F           E = F'Q F

   All n x n matrices are symmetric, on every rank, column-major; K has both triangles. */
#ifndef PROBLEM_WIDE_H
#define PROBLEM_WIDE_H

#include "data/columns.h"
#include "problem/hessian.h"

typedef struct wide {
    problem_t *problem; /* borrowed */
    int n;              /* rows over all ranks */
    int penalised, free;
    int *list;        /* [columns] the penalised columns, then the free ones; owned, as all below */
    data_columns_t X; /* this rank's share of the penalised columns */
    int most;         /* rows of X in a panel */
    double *F;        /* [free, n] */
    double *D, *inverse_D; /* [columns] of the last factorisation */
    double *r;             /* [n] */
    double *K, *L;         /* [n, n] */
    double *half;          /* [n, n] scratch */
    double *Y;             /* [free, n] */
    double *E;             /* [free, free] its Cholesky factor, column-major; then [free] scratch */
    double *grams;         /* [groups, n, n] X_g X_g' (lower triangles), NULL: not made (yet) */
    double *panel;         /* [most, n] */
    double *scratch;       /* [most, n] */
    double *w, *z;         /* [n] */
    double *by_column;     /* [columns] */
} wide_t;

/* Not collective. */
wide_t *hessian_wide_of(const hessian_t *hessian);

/* out = X diag(weights) X', both triangles, for weights [columns] (free ones are not read): from
   the Gram matrices where they are there and the weights of each group are the same, else from the
   columns. Collective, one reduction. Cost: n^2 groups, or n^2 p. */
void wide_product(wide_t *wide, const double *weights, double *out);

/* out[j] = x_j' S x_j for the penalised columns j, else 0; out [columns], S [n, n] by its lower
   triangle. With Gram matrices each column of a group gets the mean of its group. Collective. */
void wide_quadratic(wide_t *wide, const double *S, double *out);

/* Local values [rows] into all [n]. Collective. */
void wide_gather(const wide_t *wide, const double *values, double *all);

#endif
