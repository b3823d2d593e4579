/* SPDX-License-Identifier: BSD-3-Clause */
/* How evaluations and searches usually go, which the choice of an algebra and plans rest on before
   there are counts. Nothing here is collective. */
#ifndef CRITERION_COURSE_H
#define CRITERION_COURSE_H

#include "criterion/criterion.h"

/* What is known of a search; 0: as usual. */
typedef struct course_known {
    double steps;    /* of the inner solver for an evaluation */
    double products; /* of the Hessian for each solve of a form that iterates */
    int evaluations; /* of a search, after its sweep */
    double moves;    /* of the problem in a fit, by a solver that takes its steps along gradients;
                        0: by Newton's method */
    bool cold;       /* each evaluation starts from 0 */
} course_known_t;

/* An evaluation of this order (or CRITERION_MODEL) near the end of a search, by this row of the
 * table. */
course_t course_of(const criterion_kind_t *row, const hessian_kind_t *form,
                   const problem_shape_t *shape, const course_known_t *known, int order);

/* Products of the Hessian of the criterion for a step, which stand for it where the hyperparameters
   are many; 0: the Hessian is formed. */
double course_products(const problem_shape_t *shape);

/* Adds what a study costs: what is done once, a sweep of values, a search, and the model at its
   end. */
void course_cost_study(const criterion_kind_t *row, const hessian_kind_t *form,
                       const problem_shape_t *shape, const course_known_t *known, bool roomy,
                       work_t *work);

#endif
