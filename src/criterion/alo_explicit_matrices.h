/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside approximate leave-one-out with symmetric matrices [columns, columns] that the ranks share
   by block columns: a row enters only by its products x_i x_i' in sums, and by its quadratic forms,
   so that no row has to be whitened.

       value      H = L L',  R = L^-T,  V = H^-1           h_i = |x_i'R|^2
       gradient   G = X' diag(c) X,  C = V (G V)           k_i = x_i'C x_i, and C_jj
       Hessian    per direction delta:
                  H. = X' diag(l''' u.) X + diag(D.)
                  S = H. V,  E = V S                       h._i = -x_i'E x_i
                  F = C S                                  ( = C H. V )
                  G. = X' diag(c.) X,  C. = V (G. V) - F - F'
                                                           k._i = x_i'C. x_i, and C._jj

   With K outputs (alo_blocks.c) Z_i [K, Kp] is in the place of x_i', and what is named h, c, k here
   is a symmetric K x K block for each row, in planes [blocks, rows]; h_i = Z_i V Z_i' then.

   k and what follows lose as many digits as H has in its condition number, where whitened rows lose
   half as many. Where searches end both agree to 2e-14 of f, in all problems of
   tests/bench/exactness.sh; near the least penalties of a search, where nothing but rounding tells
   columns apart, derivatives differed by up to 8e-6 of f.

   Flops: n p^2 for each sum and each form, K (K + 1) / 2 times as many with K outputs (of sparse
   rows what their entries take), 4 (K p)^3 for the gradient, 10 (K p)^3 for a direction. Sent are
   half a matrix for a form, a sum, or a product. */
#ifndef CRITERION_ALO_EXPLICIT_MATRICES_H
#define CRITERION_ALO_EXPLICIT_MATRICES_H

#include "criterion/criterion.h"
#include "problem/distributed.h"

typedef struct explicit_matrices {
    const distributed_t *of;   /* the fit's Hessian, whose layout all matrices have; borrowed */
    double *V, *C, *S, *T, *U; /* this rank's columns; owned */
} explicit_matrices_t;

/* `hessian` is that of the fit. Not collective. Errors: TRALO_ERR_MEMORY; explicit_matrices_free is
   to follow in any case. */
int explicit_matrices_create(const problem_t *problem, const hessian_t *hessian,
                             explicit_matrices_t *out);
void explicit_matrices_free(explicit_matrices_t *matrices);
int64_t explicit_matrices_memory(const problem_shape_t *shape); /* bytes */

/* Adds what all calls of the functions below for an evaluation cost. */
void explicit_matrices_cost(const problem_shape_t *shape, const course_t *course, work_t *work);

/* h [blocks, rows] of this rank's rows, from the factor of H. Collective, as all below. */
void explicit_matrices_find(explicit_matrices_t *matrices, double *h);

/* From c [blocks, rows], weights of rows: k [blocks, rows], which is not set where the loss is
   quadratic, for it does not matter then; and the diagonal C [columns]. */
void explicit_matrices_contract(explicit_matrices_t *matrices, const double *c, double *k,
                                double *C);

/* h_dot [blocks, rows] along a direction, from A_dot [blocks, rows], the change of the second
   derivatives of the loss (of no account where it is quadratic), and D_dot [columns]. */
void explicit_matrices_move(explicit_matrices_t *matrices, const double *A_dot, const double *D_dot,
                            double *h_dot);

/* k_dot and C_dot along it, from c_dot, as k and C from c. */
void explicit_matrices_contract_along(explicit_matrices_t *matrices, const double *c_dot,
                                      double *k_dot, double *C_dot);

/* alo.c is more exact, and left only for what is faster beyond doubt: the two were counted to take
   0.8 to 1.3 times what the formulas say (tests/bench/README.md, `scaling`). */
#define EXPLICIT_DOUBT 1.5

#endif
