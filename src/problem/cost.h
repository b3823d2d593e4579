/* SPDX-License-Identifier: BSD-3-Clause */
/* What the functions of a training problem cost (base/work.h) for data of a shape, from which the
   cost of all that stands on it is put together. Each adds `times` such calls to `work`; a name
   stands for the function of problem.h. */
#ifndef PROBLEM_COST_H
#define PROBLEM_COST_H

#include "base/work.h"
#include "problem/problem.h"

double cost_numbers(const problem_shape_t *shape); /* of X, over all ranks */
double cost_pairs(const problem_shape_t *shape);   /* of entries in a row of a sparse X, of all */

void cost_move(const problem_shape_t *shape, double times, work_t *work);
void cost_gram(const problem_shape_t *shape, double times, work_t *work);
/* problem_multiply, and problem_weigh. */
void cost_multiply(const problem_shape_t *shape, double times, work_t *work);
void cost_times(const problem_shape_t *shape, double times, work_t *work);
void cost_transposed(const problem_shape_t *shape, double times, work_t *work);
void cost_diagonal(const problem_shape_t *shape, double times, work_t *work);

/* Matrices of rows, outputs x outputs, times vectors (panel_blocks_times). */
void cost_blocks(const problem_shape_t *shape, double times, work_t *work);

/* problem_rows, and other functions of all rows that find something for each. */
void cost_rows(const problem_shape_t *shape, double times, work_t *work);

/* So many passes over an X on disk; none where it is in memory. The functions above count theirs.
 */
void cost_read(const problem_shape_t *shape, double passes, work_t *work);

/* Sums of a symmetric matrix over the ranks (spd_sum). */
void cost_sum_square(int columns, double times, work_t *work);

#endif
