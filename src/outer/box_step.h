/* SPDX-License-Identifier: BSD-3-Clause */
/* A step that decreases the quadratic model inside a trust region and a box. Serial. */
#ifndef OUTER_BOX_STEP_H
#define OUTER_BOX_STEP_H

#include "outer/outer.h"

typedef struct box_step box_step_t;

/* The model g'd + d'Hd/2 at x, for |d| <= radius, x + d in the box. */
typedef struct box_model {
    const outer_box_t *box;
    const double *x; /* [S], in the box */
    const double *g; /* [S] */
    const double *H; /* [S * S] symmetric */
    double radius;   /* > 0 */
} box_model_t;

typedef struct box_step_result {
    double decrease; /* of the model, >= 0 */
    double norm;     /* |d| */
    double lowest;   /* smallest eigenvalue of H on the components that no bound holds at x; 0 when
                        negative by rounding alone, or when all are held */
    bool definite;   /* H is positive definite on these components */
} box_step_result_t;

/* Errors: TRALO_ERR_MEMORY. The caller frees. */
int box_step_create(int count, box_step_t **out);
void box_step_free(box_step_t **step);

/* Writes d [S]; go there by box_move. The decrease is at least that of a backtracked
   projected-gradient step, and the step is the subproblem's solution where this lies in the box.
   Cost: at most 2 S eigenvalue decompositions. */
void box_step_solve(box_step_t *work, const box_model_t *model, double *d,
                    box_step_result_t *result);

#endif
