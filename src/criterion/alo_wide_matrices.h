/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside approximate leave-one-out for more columns than rows: the mathematics of alo.c in n x n
   matrices, all rows on every rank. Notation of problem/wide.h; D = diag(r''), a dot for the
   derivative along a direction.

       T = N^-1 - Y E^-1 Y' = I - R B R               B = (X F) H^-1 (X F)',  h = diag B, t = diag T
       V = I - A B                                    (beta rows of) H^-1 X' = D^-1 X' V
       gradient   k = diag(B c B),  U = V c V'        C_jj = x_j'U x_j / D_j^2
       Hessian    K. = X diag(D. / D^2) X'            B. = -B omega B - V'K. V,  omega = A.
                  h. = diag B.                        k. = diag(B. c B + B c B. + B c. B)
                  V. = -omega B - A B.                U. = V. c V' + its transpose + V c. V'
                  C._jj = x_j'U. x_j / D_j^2 - 2 C_jj D._j / D_j

   With one output c and omega are diagonal: omega = diag(l''' u.). With K each row has q = K - 1
   rows of these matrices, c and omega a q x q block for it, and h, k are such blocks too.

   A row of little curvature, a_i K_ii < WEAK, has B_ij not from T, which hardly shows it, but from
   B = K - K Q K + (F - K R Y) E^-1 (F - K R Y)'; the others from T, for 1 - a_i B_ii would cancel
   where a model interpolates.

   Each rank forms its share of the columns of a product, and one reduction puts them together. */
#ifndef CRITERION_ALO_WIDE_MATRICES_H
#define CRITERION_ALO_WIDE_MATRICES_H

#include "criterion/criterion.h"
#include "problem/wide.h"

typedef struct wide_matrices {
    problem_t *problem; /* borrowed, as the next */
    wide_t *wide;       /* of the fit's Hessian, factored */
    double *by_column;  /* [columns] owned, as all below */
    /* [m, m], column-major, all of them symmetric but V and P */
    double *T, *B, *V, *U, *K_dot, *B_dot, *P;
    double *all;               /* [m] */
    double *c, *c_dot, *omega; /* [n, q, q] of all rows, set by the caller */
    double *G; /* [free, m] what T, or B, owes to the free columns: as L_E^-1 times rows */
    int *at;   /* [m] the weak rows */
} wide_matrices_t;

/* Not collective. Errors: TRALO_ERR_MEMORY; wide_matrices_free is to follow in any case. */
int wide_matrices_create(problem_t *problem, const hessian_t *hessian, wide_matrices_t *out);
void wide_matrices_free(wide_matrices_t *matrices);
int64_t wide_matrices_memory(const problem_shape_t *shape); /* bytes, as if one column were free */

/* Adds what all calls of the functions below for an evaluation cost, as if no row were weak. */
void wide_matrices_cost(const problem_shape_t *shape, const course_t *course, work_t *work);

/* T, B and V from the factors. Cost: n^3 on each rank. Not collective. */
void wide_matrices_find(wide_matrices_t *matrices);

/* Is row i of these matrices of little curvature? Not collective. */
bool wide_matrices_weak(const wide_t *wide, int64_t i);

/* From c: U, k [rows, q, q] of this rank's rows, and C [columns] its diagonal. Cost: 2 n^3 over all
   ranks. Collective, as all below. */
void wide_matrices_contract(wide_matrices_t *matrices, double *k, double *C);

/* From omega and D. [columns]: B. Cost: 6 n^3 over all ranks. */
void wide_matrices_move(wide_matrices_t *matrices, const double *D_dot);

/* From c. too: k. and C., for the C that was found. Cost: 2 n^3 over all ranks. */
void wide_matrices_contract_along(wide_matrices_t *matrices, const double *C, const double *D_dot,
                                  double *k_dot, double *C_dot);

#endif
