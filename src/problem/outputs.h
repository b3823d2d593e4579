/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the problem room: what a loss of several outputs needs besides loops over them. The
   functions are not collective. */
#ifndef PROBLEM_OUTPUTS_H
#define PROBLEM_OUTPUTS_H

#include "problem/problem.h"

/* l up to `order` (at most 2) of the rows [begin, begin + count). */
void outputs_evaluate(problem_t *problem, int64_t begin, int64_t count, int order);

/* The least and the largest u of local row i. */
void outputs_range(const problem_t *problem, int64_t i, double *low, double *high);

/* As problem_row_loss and problem_third. */
double outputs_row_loss(const problem_t *problem, int64_t i);
void outputs_third(problem_t *problem, const double *x, const double *y, double *out);

#endif
