/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of ALO's derivatives that knows columns and hyperparameters but no rows: the adjoint
   solve, and the products with the penalty's derivatives. Notation of alo.c. */
#ifndef CRITERION_ADJOINT_H
#define CRITERION_ADJOINT_H

#include "criterion/criterion.h"

typedef struct adjoint {
    problem_t *problem; /* borrowed, as the next */
    hessian_t *hessian; /* of the fit: its factor */
    double *C;          /* [columns] the diagonal of C; owned, as all below */
    double *v;          /* [columns] */
    double *delta;      /* [S] the direction; below, derivatives along it: */
    double *b, *D_dot;  /* [columns] of beta, and of r'' */
    double *C_dot, *v_dot;
    double *along;    /* [columns] scratch */
    double *gradient; /* [S] of f */
    double *product;  /* [S] the Hessian times delta */
    double *second;   /* [S, S] of f, made when a Hessian is first asked for */
} adjoint_t;

/* Not collective. Errors: TRALO_ERR_MEMORY; adjoint_release is to follow in any case. */
int adjoint_allocate(problem_t *problem, hessian_t *hessian, adjoint_t *adjoint);
void adjoint_release(adjoint_t *adjoint);
int64_t adjoint_memory(const problem_shape_t *shape); /* bytes, without `second` */

/* Adds what X'g in v and v_dot and the other reductions of an evaluation cost, but the solves and
   what the criterion itself finds. */
void adjoint_cost(const problem_shape_t *shape, const course_t *course, work_t *work);

/* From C, and X'g in v: v = H^-1 (X'g - C r''') and the gradient. Collective, as all below. */
void adjoint_find_gradient(adjoint_t *adjoint);

/* From delta: b = -H^-1 d_delta r' and D_dot = r''' b + d_delta r''. */
void adjoint_move_fit(adjoint_t *adjoint);

/* From C_dot, and X'g. minus the derivative of X'AX times v in v_dot: v_dot and the product. */
void adjoint_find_product(adjoint_t *adjoint);

/* Gradient, and for order 2 the Hessian by a call of find(work) for each unit vector, into the
   result, which then is valid; not where a rank has no memory for the Hessian (result->failure). */
void adjoint_finish(adjoint_t *adjoint, int order, void (*find)(void *work), void *work,
                    criterion_result_t *result);

/* The Hessian times direction [S] into out [S]. find(work) does all the steps above for the
   direction in delta, up to adjoint_find_product. */
void adjoint_multiply(adjoint_t *adjoint, void (*find)(void *work), void *work,
                      const double *direction, double *out);

#endif
