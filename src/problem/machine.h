/* SPDX-License-Identifier: BSD-3-Clause */
/* One training problem with a kernel, in its n x n form. The function f that the model adds to
   intercept and offset is f = K alpha with K = k(X, X; theta) / lambda, and

       L(alpha, b) = sum_i w_i l(y_i, u_i) + alpha'K alpha / 2,   u = K alpha + b + o,

   least where alpha = -l'(u) and, with an intercept, 1'alpha = 0. Every n x n matrix is spread over
   the ranks by block columns (linalg/dist.h); vectors of n are whole and the same on all ranks, and
   so are all outcomes. Rows may weigh nothing (l'' = 0). */
#ifndef PROBLEM_MACHINE_H
#define PROBLEM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "data/data.h"
#include "kernel/kernel.h"
#include "linalg/dist.h"
#include "loss/loss.h"

/* How good a point is: the same bits everywhere, so that decisions can rest on it. */
typedef struct machine_size {
    double value;    /* L; not finite after overflow */
    double residual; /* the largest |alpha_i + l'_i| */
    double relative; /* the residual against the largest |l'_i| (at least 1e-4 of that at u = o),
                        and |sum l'| against sum |l'| with an intercept: the worse */
    double largest_u;
} machine_size_t;

typedef struct machine {
    comm_t *comm;       /* borrowed, as the next */
    const data_t *data; /* its rows are those of all ranks, in order */
    loss_t loss;
    kernel_t kernel;
    dist_t *dist; /* layout of the n x n matrices; owned */
    int n;
    int count;         /* S */
    int64_t excluded;  /* this row does not train, -1: none */
    double *y;         /* [n] of all rows; the next two NULL: all 1, all 0 */
    double *weights;   /* [n] */
    double *offset;    /* [n] */
    double null_slope; /* the largest |l'_i| at u = o */
    /* [n, columns] */
    double *pairs;  /* what the kernel is a function of */
    double *K;      /* at theta */
    double *factor; /* lower triangle: Cholesky factor of I + A^1/2 K A^1/2; where it is not needed
                       any more, others may use the array and set `factored` to false */
    bool factored;
    /* at the point */
    double *theta;    /* [S] */
    double *solution; /* [n + 1] alpha, then the intercept (0 without) */
    double *f, *u;    /* [n] K alpha; f + intercept + offset */
    double
        *l[LOSS_ORDERS]; /* [n] weighted loss and derivatives, as far as machine_rows was asked */
    machine_size_t size;
    /* of the factor: with R = (K + A^-1)^-1, written so that A may have zeros */
    double *root;           /* [n] A^1/2 */
    double *ones;           /* [n] R 1 */
    double sigma;           /* 1'R 1; infinite without an intercept */
    double *work;           /* [n] */
    double *newton;         /* [4 n + 2] for the inner solver */
    kernel_values_t column; /* of machine_column */
} machine_t;

/* Collective, as all below that do not say otherwise. kernel is copied. Errors: TRALO_ERR_INPUT (y
   not allowed, more rows than a matrix may have columns), TRALO_ERR_MEMORY (says how much each rank
   would need and how much there is). Cost: n^2 p flops; every row is sent to every rank twice. */
int machine_create(const data_t *data, const loss_t *loss, const kernel_t *kernel, machine_t **out);
void machine_free(machine_t **machine);

/* Bytes of the rank that has most columns, and of those that need not stay after machine_create. */
int64_t machine_memory(int64_t n, int p, int ranks);

/* Fills machine->pairs from the rows of the data: a part of machine_create. Errors:
   TRALO_ERR_MEMORY. */
int machine_find_pairs(machine_t *machine);

/* Leaves out row `row` (0 .. n-1) from now on; -1: none. Not collective, call on all ranks. */
void machine_exclude(machine_t *machine, int64_t row);

/* Goes to theta [S]: forms K. Not collective. */
void machine_set(machine_t *machine, const double *theta);

/* Goes to what machine->solution holds: f, u, l up to l'', size. Cost: 2 n^2. */
void machine_move(machine_t *machine);

/* Fills l up to `order` at the point. Not collective. */
void machine_rows(machine_t *machine, int order);

/* A curvature of row i at the point: loss_bound. Not collective. */
double machine_bound(const machine_t *machine, int64_t i);

/* Factors I + A^1/2 K A^1/2 at the point, unless the factor at hand is of the same. Returns -1, or
   the row at which it is not positive definite. Cost: n^3 / 3. */
int machine_factor(machine_t *machine);

/* The same with A = the curvatures of machine_bound, which are 0 in no row that trains, for a step
   from where that with l'' fails. */
int machine_majorise(machine_t *machine);

/* y = R x for x, y [n] and the factor at hand. */
void machine_reduce(const machine_t *machine, const double *x, double *y);

/* k / lambda and its derivatives up to `order` for the local column j: arrays [n] that hold until
   the next call. Not collective. */
const kernel_values_t *machine_column(machine_t *machine, int j, int order);

/* out [n, columns] = sum_s delta_s d_s K for delta [S]. Not collective. */
void machine_along(machine_t *machine, const double *delta, double *out);

/* Where to look for the hyperparameters [S] on their natural scale. Let a = machine_bound in the
   null model (the intercept alone). width: the median over rows of the median distance to another
   where the kernel is one of distances (among at most 256 rows), else the root mean square length
   of a row. lambda: sum_i a_i k(x_i, x_i) / p at that width, which for the linear kernel is the one
   that halves a coefficient. */
void machine_scales(machine_t *machine, double *natural);

#endif
