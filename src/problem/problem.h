/* SPDX-License-Identifier: BSD-3-Clause */
/* One training problem: L(beta) = sum_i w_i l(y_i, x_i'beta + o_i) + sum_j r(beta_j; theta), over
   the rows of all ranks. problem_move sets the point; the other functions speak of it. */
#ifndef PROBLEM_PROBLEM_H
#define PROBLEM_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "data/data.h"
#include "linalg/spd.h"
#include "loss/loss.h"
#include "penalty/penalty.h"

typedef struct problem_size {
    double value;         /* L; not finite after overflow */
    double gradient_norm; /* Euclidean */
    double
        relative_gradient; /* largest component of the gradient against the size of the terms
                              that were summed into it: 0 at the minimum, about 1e-16 is
                              rounding, infinite where they overflow. Where the fit interpolates
                              y the terms vanish too; 1e-4 of their size at beta = 0 counts then */
    double own_gradient;   /* the same without that floor: small only where terms cancel, not where
                              they vanish together */
} problem_size_t;

typedef struct problem {
    comm_t *comm; /* borrowed, as the next three */
    const data_t *data;
    const loss_t *loss;
    const penalty_t *penalty;
    int columns;         /* length of beta */
    int64_t rows;        /* of this rank */
    int64_t excluded;    /* local index of a row that is left out, -1: none */
    double *column_norm; /* [columns] Euclidean norms over all rows */
    double null_norm;    /* |l'| over all rows at beta = 0; 0 where that overflows */
    /* at the point of the last problem_move: */
    double *theta; /* [S] */
    double *beta;  /* [columns] */
    double *u;     /* [rows] linear predictor */
    double *
        l[LOSS_ORDERS]; /* [rows] weighted loss and derivatives, as far as problem_rows was asked */
    penalty_values_t penalty_values;
    double *gradient;     /* [columns] */
    double residual_norm; /* |l'| over all rows */
    double largest_u;     /* max |u| over all rows */
    problem_size_t size;  /* rank 0's view: the same bits everywhere, so decisions can rest on it */
    double *scratch;      /* [panel, columns] */
    double *reduction;    /* [columns + 2] */
    double *direction;    /* [columns] for the inner solver, as the next */
    double *trial;        /* [columns] */
} problem_t;

/* Checks every y against the loss's domain. Collective.
   Errors: TRALO_ERR_INPUT (the lowest offending row, its value, what is allowed; a column whose
   squares overflow), TRALO_ERR_MEMORY. */
int problem_create(const data_t *data, const loss_t *loss, const penalty_t *penalty,
                   problem_t **out);
void problem_free(problem_t **problem);

/* Leaves out row `row` (0 .. n-1) of all from now on; -1: none. Not collective, call on all ranks.
 */
void problem_exclude(problem_t *problem, int64_t row);

/* Goes to (theta, beta): u, l up to l'', penalty, value and gradient. Collective, reductions of
   columns + 3 numbers in all, and `size` from rank 0. Cost: 4 rows columns flops. */
void problem_move(problem_t *problem, const double *theta, const double *beta);

/* Fills l up to `order` at the point. Not collective. */
void problem_rows(problem_t *problem, int order);

/* H = X' diag(l'') X + diag(r'') at the point into hessian->matrix, and its factor. Returns -1, or
   the column at which H is not positive definite, as spd_factor. Collective, reductions of columns
   (columns + 1) / 2 numbers and one more. Cost: rows columns^2 + 2/3 columns^3 flops. */
int problem_factor(problem_t *problem, spd_t *hessian);

/* X x for x [columns] into y [rows]. Not collective. */
void problem_times(const problem_t *problem, const double *x, double *y);

/* X' x for x [rows] into y [columns]. Collective, one reduction. */
void problem_transposed(problem_t *problem, const double *x, double *y);

#endif
