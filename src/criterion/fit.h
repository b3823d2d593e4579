/* SPDX-License-Identifier: BSD-3-Clause */
/* The minimum of the training problem, followed from one theta to the next, for criteria that fit
   all rows at once. */
#ifndef CRITERION_FIT_H
#define CRITERION_FIT_H

#include "criterion/criterion.h"

typedef struct fit {
    hessian_t *hessian; /* H at the minimum, and its factor; owned, as all below */
    double *beta;       /* [columns] the minimum */
    double *minimum;    /* [columns] the last that was found: the next start where beta is lost */
    double *step;       /* [columns] */
    double *theta;      /* [S] where the minimum is */
    double *move;       /* [S] */
    bool warm;          /* theta, beta and the factor are of an evaluation before */
} fit_t;

/* Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks; fit_release is to follow in any
   case. */
int fit_create(const criterion_t *criterion, fit_t *fit);
void fit_release(fit_t *fit);
int64_t fit_memory(const hessian_kind_t *form, const problem_shape_t *shape); /* bytes */

/* Of the solves and factorisations of an evaluation: solves that are not for a step of the inner
   solver, and Hessians for which X' weights X is known. */
typedef struct fit_share {
    double solves, known_grams;
} fit_share_t;

/* Adds what all moves, factorisations and solves of an evaluation cost. */
void fit_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
              fit_share_t share, work_t *work);

/* Goes to the minimum at theta [S], and factors H there; false, with result->failure, where there
   is none. Counts Newton's steps in the result. Collective; the same on all ranks. */
bool fit_minimise(criterion_t *criterion, fit_t *fit, const double *theta,
                  criterion_result_t *result);

#endif
