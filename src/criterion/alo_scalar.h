/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside approximate leave-one-out: what is done row by row, the same whatever form the matrices
   have. Nothing here is collective but where it says so; `count` rows may be those of one rank or
   all. */
#ifndef CRITERION_ALO_SCALAR_H
#define CRITERION_ALO_SCALAR_H

#include "criterion/criterion.h"
#include "criterion/evaluation.h"

/* All arrays are [count]; the letters are those of alo.c. */
typedef struct alo_scalar {
    int64_t count;
    const double *u;  /* borrowed, as the next */
    double *const *l; /* weighted loss and derivatives, as far as needed */
    bool own_t;       /* t is set by the caller, who knows it better than from h */
    double *h, *t, *left_out, *phi[EVALUATION_ORDERS], *c, *k, *q;
    double *u_dot, *h_dot, *c_dot, *k_dot, *g;
    double *storage; /* owned; h and all that follow it point into it */
} alo_scalar_t;

/* Sets the count and makes the storage. Errors: TRALO_ERR_MEMORY. */
int alo_scalar_create(int64_t count, alo_scalar_t *out);
void alo_scalar_free(alo_scalar_t *rows);
int64_t alo_scalar_memory(int64_t count); /* bytes */

/* Adds what the functions below cost that find the value; that find the gradient from it; and, so
   many times, those for a direction. */
void alo_scalar_cost(const problem_shape_t *shape, int order, double directions, work_t *work);

/* t from h (but for own_t); returns the least of 1 and all t, -infinity where one is NaN, and its
 * place (-1: 1). */
double alo_scalar_find_t(alo_scalar_t *rows, int64_t *at);

/* Is result->least_t too small? Then result->failure says so. */
bool alo_scalar_singular(criterion_result_t *result);

/* The two above for the rows of all ranks of the problem: false where a row determines its own fit.
   Collective, unlike the rest. */
bool alo_scalar_find_all_t(alo_scalar_t *rows, const problem_t *problem,
                           criterion_result_t *result);

/* u~ from u, h and t. */
void alo_scalar_leave_out(alo_scalar_t *rows);

/* From phi, with its weights: c; then, when k is known, q and g = phi' q - k l'''. */
void alo_scalar_weigh(alo_scalar_t *rows);
void alo_scalar_adjoint(alo_scalar_t *rows);

/* Along a direction, when u. and h. are known: c. and the part of g. that does not wait for k.;
   then, when k. is known, g. whole: phi'. q + phi' q. - k. l''' - k l'''' u. */
void alo_scalar_move(alo_scalar_t *rows);
void alo_scalar_move_adjoint(alo_scalar_t *rows);

#endif
