/* SPDX-License-Identifier: BSD-3-Clause */
/* One training problem: L(beta) = sum_i w_i l(y_i, x_i'beta + o_i) + sum_j r(beta_j; theta), over
   the rows of all ranks. problem_move sets the point; the other functions speak of it.

   A loss may have several outputs K, each with coefficients of its own: beta is [K, width] with the
   `width` columns of the data for each output, u and l' are [K, rows], and l'' holds a symmetric K
   x K matrix A_i for each row, packed (loss/joint.h): [blocks, rows]. One output is K = blocks = 1.

   A free column (without a penalty) of several outputs may be shifted by the same amount in all of
   them without a change of L. So that H is positive definite, what factors it (hessian.h) adds
   gauge v v' to the block of such a column, with v the square roots of its diagonal. Solutions move
   along the shift with that, but nothing that a shift does not change: results are the same for any
   gauge > 0. */
#ifndef PROBLEM_PROBLEM_H
#define PROBLEM_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "data/data.h"
#include "loss/joint.h"
#include "loss/loss.h"
#include "penalty/penalty.h"
#include "problem/row_weights.h"

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
    int outputs;  /* K */
    int blocks;   /* K (K + 1) / 2 */
    int width;    /* columns of the data */
    int columns;  /* length of beta: outputs * width */
    int64_t rows; /* of this rank */
    int count;    /* S: hyperparameters, those of the penalty, or with row weights theirs: */
    row_weights_t *row_weights; /* borrowed, NULL: none. The penalty stays where it is: */
    double *penalty_theta;      /* [penalty->count]; NULL: it is searched for */
    /* what is left out of the training rows (problem_leave_out, problem_exclude) */
    int64_t excluded; /* local index of one row, -1: none */
    const int *part;  /* [rows] borrowed; NULL: no parts */
    int left_out;     /* rows of this part, and rows with part < -1, do not train */
    bool sketchy; /* problem_move finds l and l' alone, and may leave out rows that do not train,
                     u too: for a solver that moves often; its last move is to be a whole one */
    const double *penalty_scale; /* [columns] borrowed: the penalty sees scale beta; NULL: beta */
    const double *known_gram; /* [columns, columns] borrowed: X'diag(l'')X, lower triangle, where it
                                 is known before; NULL: formed from the rows */
    double *column_norm;      /* [width] Euclidean norms over all rows */
    double gauge;             /* see above */
    double *null_norm;        /* [outputs] |l'| over all rows at beta = 0; 0 where that overflows */
    /* at the point of the last problem_move: */
    double *theta;          /* [S] */
    double *beta;           /* [columns] */
    double *u;              /* [outputs, rows] linear predictor */
    double *l[LOSS_ORDERS]; /* [rows] weighted loss and derivatives, as far as problem_rows was
                               asked; with several outputs [rows], [outputs, rows], [blocks, rows]
                               and no more */
    penalty_values_t penalty_values;
    double *gradient;      /* [columns] */
    double *residual_norm; /* [outputs] |l'| over all rows */
    double largest_u;      /* max |u| over all rows; several outputs: max u - min u of a row */
    problem_size_t size; /* rank 0's view: the same bits everywhere, so decisions can rest on it */
    double *scratch;     /* [rows_scratch] after problem_reserve_gram, NULL before */
    double *reduction;   /* [columns + 1 + outputs + ranks] */
    double *block;       /* problem_block of all threads */
    double *direction;   /* [columns] for the inner solver, as the next */
    double *trial;       /* [columns] */
} problem_t;

/* Outputs of the loss on these data: its classes, which are 0 .. K-1 with rows in each of them (or
   labels -1 and +1); 1 for a loss of one output. Checks every y against the loss's domain.
   Collective. Errors: TRALO_ERR_INPUT (the lowest offending row, its value, what is allowed; a
   class without rows, one class only); the same on all ranks. */
int problem_outputs(const data_t *data, const loss_t *loss, int *outputs);

/* The penalty has a column for each element of beta. Collective. Errors: those of problem_outputs;
   TRALO_ERR_INPUT (a column whose squares overflow), TRALO_ERR_MEMORY. */
int problem_create(const data_t *data, const loss_t *loss, const penalty_t *penalty,
                   problem_t **out);
void problem_free(problem_t **problem);

typedef struct problem_shape {
    int64_t n;    /* rows over all ranks */
    int64_t rows; /* of this rank */
    int64_t ranks;
    int64_t entries; /* numbers of X that these rows hold */
    bool sparse;     /* X is held as the entries that are not 0 */
    bool streamed;   /* X stays on disk (data/stream.h) */
    bool single;     /* in single precision there, */
    int64_t band;    /* in chunks as in rows_stream_shape_t; problem_shape leaves 0 here, as only */
    bool narrow;     /* memory_data asks for it, and for this */
    int width, outputs; /* columns of the data, K */
    int count;          /* hyperparameters */
    int64_t parts;      /* of the rows, for criteria that have such; 0: not known, or none */
    bool quadratic;     /* the loss */
    bool ridge;         /* the penalty is quadratic */
    bool standardized, intercept;
    bool weighs; /* the hyperparameters are weights of rows */
} problem_shape_t;
problem_shape_t problem_shape(const problem_t *problem);
int64_t problem_memory(const problem_shape_t *shape);       /* bytes */
int64_t problem_panel_memory(const problem_shape_t *shape); /* those of rows_buffer */

/* The hyperparameters are the weights of rows from now on, and all of the penalty have the value
   penalty_theta. `weights` is borrowed as long as the problem lives. Not collective, call on all
   ranks before anything else. Errors: TRALO_ERR_MEMORY. */
int problem_search_weights(problem_t *problem, row_weights_t *weights, double penalty_theta);

/* penalty_at for the hyperparameters theta [S] at beta, into problem->penalty_values. */
void problem_penalise(problem_t *problem, const double *theta, const double *beta);

/* Leaves out row `row` (0 .. n-1) of all from now on; -1: none. Not collective, call on all ranks.
 */
void problem_exclude(problem_t *problem, int64_t row);

/* Leaves out the rows with part[i] == left_out, and those with part[i] < -1, from now on; part
   [rows] is borrowed, NULL: none. Not collective, call on all ranks. */
void problem_leave_out(problem_t *problem, const int *part, int left_out);

/* Goes to (theta, beta): u, l up to l'', penalty, value and gradient. Collective, one
   reduction of columns + 1 + outputs + ranks numbers, and `size` from rank 0. Cost: 4 rows columns
   flops. */
void problem_move(problem_t *problem, const double *theta, const double *beta);

/* Fills l up to `order` at the point (several outputs: at most 2). Not collective. */
void problem_rows(problem_t *problem, int order);

/* The same for the local rows [begin, begin + count), from what problem->u holds. */
void problem_some_rows(problem_t *problem, int64_t begin, int64_t count, int order);

/* Does local row i train, with whatever weight? Not collective. */
bool problem_trains(const problem_t *problem, int64_t i);

/* The weight with which local row i trains: 0 where it is left out. Not collective. */
double problem_weight(const problem_t *problem, int64_t i);

/* The unweighted loss of local row i at the point. Not collective. */
double problem_row_loss(const problem_t *problem, int64_t i);

/* C = sum_i (I x x_i) W_i (I x x_i') over all rows for the packed K x K matrices W_i in weights
   [blocks, rows] (one output: X' diag(weights) X), lower triangle of C [columns, columns].
   After problem_reserve_gram. Collective, one reduction. Cost: rows width^2 blocks flops. */
void problem_gram(problem_t *problem, const double *weights, double *C);

/* Room for that, made once. Not collective. Errors: TRALO_ERR_MEMORY. */
int problem_reserve_gram(problem_t *problem);
int64_t problem_gram_memory(const problem_shape_t *shape); /* bytes of that */

/* A curvature of local row i, at the point, in its k-th output: l'', or for a robust loss that of
   the parabola above it, which is not 0 far from y. Weights as in l''. Not collective. */
double problem_bound(const problem_t *problem, int64_t i, int k);

/* X x for x [columns] into y [outputs, rows]. Not collective. */
void problem_times(const problem_t *problem, const double *x, double *y);

/* X' x for x [outputs, rows] into y [columns]. Collective, one reduction. */
void problem_transposed(problem_t *problem, const double *x, double *y);

/* y = C x for x, y [columns] and the matrix C that problem_gram forms of the weights; rows
   [outputs, rows] is scratch. Collective, one pass over the rows, one reduction. Cost: 4 rows
   columns flops. */
void problem_weigh(problem_t *problem, const double *weights, const double *x, double *rows,
                   double *y);

/* out [columns] = the diagonal of that matrix. Collective, one reduction. */
void problem_diagonal(problem_t *problem, const double *weights, double *out);

/* y = H x (without gauge) for x, y [columns], from l'' and r'' at the point; rows [outputs, rows]
   is scratch. Collective, one pass over the rows, one reduction. Cost: 4 rows columns flops. */
void problem_multiply(problem_t *problem, const double *x, double *rows, double *y);

/* out_c = sum_ab (d l''_ab / du_c) x_a y_b in each row at the point; x, y, out [outputs, rows]. One
   output: l''' x y, after problem_rows(problem, 3). out may be x or y. Not collective. */
void problem_third(problem_t *problem, const double *x, const double *y, double *out);

/* The numbers of local row i from planes [outputs, rows] to out [outputs], and back. Not
   collective. */
void problem_get(const problem_t *problem, int64_t i, const double *planes, double *out);
void problem_put(const problem_t *problem, int64_t i, const double *values, double *planes);

/* Shares `count` rows of several outputs among threads (share.h), each of which has `blocks`
   numbers of scratch. There may be no more threads than when the problem was made. Not collective.
 */
void problem_share(const problem_t *problem, int64_t count,
                   void (*work)(void *argument, int64_t begin, int64_t end), void *argument);
double *problem_block(const problem_t *problem);

/* Takes the mean over the outputs out of the free columns of x [columns]. Not collective. */
void problem_centre(const problem_t *problem, double *x);

/* The lowest class (several outputs) of which no row trains with a weight, or -1. Collective; the
   same on all ranks. */
int problem_absent_class(const problem_t *problem);

#endif
