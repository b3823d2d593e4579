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
    const penalty_t *penalty;
    loss_t loss;
    int columns;  /* length of beta */
    int64_t rows; /* of this rank */
    /* what is left out of the training rows (problem_leave_out, problem_exclude) */
    int64_t excluded;            /* local index of one row, -1: none */
    const int *part;             /* [rows] borrowed; NULL: no parts */
    int left_out;                /* rows of this part, and rows with part < -1, do not train */
    const double *penalty_scale; /* [columns] borrowed: the penalty sees scale beta; NULL: beta */
    const double *known_gram; /* [columns, columns] borrowed: X'diag(l'')X, lower triangle, where it
                                 is known before; NULL: formed from the rows */
    double *column_norm;      /* [columns] Euclidean norms over all rows */
    double null_norm;         /* |l'| over all rows at beta = 0; 0 where that overflows */
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

/* Bytes of a problem with so many rows of this rank, columns and hyperparameters. */
int64_t problem_memory(int64_t rows, int columns, int count);

/* Leaves out row `row` (0 .. n-1) of all from now on; -1: none. Not collective, call on all ranks.
 */
void problem_exclude(problem_t *problem, int64_t row);

/* Leaves out the rows with part[i] == left_out, and those with part[i] < -1, from now on; part
   [rows] is borrowed, NULL: none. Not collective, call on all ranks. */
void problem_leave_out(problem_t *problem, const int *part, int left_out);

/* Goes to (theta, beta): u, l up to l'', penalty, value and gradient. Collective, reductions of
   columns + 3 numbers in all, and `size` from rank 0. Cost: 4 rows columns flops. */
void problem_move(problem_t *problem, const double *theta, const double *beta);

/* Fills l up to `order` at the point. Not collective. */
void problem_rows(problem_t *problem, int order);

/* C = X' diag(weights) X over all rows, weights [rows], lower triangle of C [columns, columns].
   Collective, one reduction. Cost: rows columns^2 flops. */
void problem_gram(problem_t *problem, const double *weights, double *C);

/* H = X' diag(l'') X + diag(r'') at the point into hessian->matrix, and its factor. Returns -1, or
   the column at which H is not positive definite, as spd_factor. Collective, reductions of columns
   (columns + 1) / 2 numbers and one more. Cost: rows columns^2 + 2/3 columns^3 flops. */
int problem_factor(problem_t *problem, spd_t *hessian);

/* Takes the negative r'' out of the matrix that problem_factor left at this point, so that it can
   be factored where the penalty is concave; false: there was none. Not collective, the same on all
   ranks. */
bool problem_convexify(const problem_t *problem, spd_t *hessian);

/* X x for x [columns] into y [rows]. Not collective. */
void problem_times(const problem_t *problem, const double *x, double *y);

/* X' x for x [rows] into y [columns]. Collective, one reduction. */
void problem_transposed(problem_t *problem, const double *x, double *y);

#endif
