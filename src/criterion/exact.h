/* SPDX-License-Identifier: BSD-3-Clause */
/* Exact leave-one-out of chosen rows, by refits: the yardstick of ALO. */
#ifndef CRITERION_EXACT_H
#define CRITERION_EXACT_H

#include "base/error.h"
#include "criterion/criterion.h"

typedef struct exact exact_t;

typedef struct exact_request {
    const double *theta, *beta; /* [S], [unknowns], the same on all ranks */
    int64_t first, count;
} exact_request_t;

/* For the training problem, or the machine, of a criterion, which is borrowed. Collective. Errors:
   TRALO_ERR_MEMORY. */
int exact_create(const criterion_t *criterion, exact_t **out);
void exact_free(exact_t **exact);
int64_t exact_memory(const hessian_kind_t *form,
                     const problem_shape_t *shape); /* bytes, without a kernel */

/* Rows first .. first + count - 1 of all, each left out in turn: losses [count] gets its unweighted
   loss at the minimum of the training problem without it (NaN where the refit failed), weights
   [count] its weight; NULL: not wanted on this rank. Refits start from beta [unknowns], the minimum
   with all rows at theta [S]. Collective; the same on all ranks. Cost: a few Newton steps per row.
 */
void exact_losses(exact_t *exact, const exact_request_t *request, double *losses, double *weights);

#endif
