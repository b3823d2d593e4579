/* SPDX-License-Identifier: BSD-3-Clause */
/* What an evaluation by alo.c costs; course->roomy: the whitened rows are held. */
#ifndef CRITERION_ALO_COST_H
#define CRITERION_ALO_COST_H

#include "criterion/criterion.h"

void alo_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
              work_t *work);

#endif
