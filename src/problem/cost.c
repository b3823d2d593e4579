/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/cost.h"

#include "linalg/panel.h"
#include "linalg/spd.h"

static double columns(const problem_shape_t *shape)
{
    return (double)shape->width * shape->outputs;
}

double cost_numbers(const problem_shape_t *shape)
{
    return shape->sparse ? (double)shape->entries * (double)shape->ranks
                         : (double)shape->n * shape->width;
}

double cost_pairs(const problem_shape_t *shape)
{
    const double numbers = cost_numbers(shape);
    return 0.5 * numbers * (numbers / (double)shape->n + 1.0);
}

void cost_rows(const problem_shape_t *shape, double times, work_t *work)
{
    work->amount[WORK_ROW] += times * (double)shape->n;
}

void cost_times(const problem_shape_t *shape, double times, work_t *work)
{
    work->amount[WORK_PASS] += times * 2.0 * cost_numbers(shape) * shape->outputs;
}

void cost_transposed(const problem_shape_t *shape, double times, work_t *work)
{
    cost_times(shape, times, work);
    work_sum(work, times, columns(shape));
}

void cost_diagonal(const problem_shape_t *shape, double times, work_t *work)
{
    work_sum(work, times, columns(shape));
}

void cost_move(const problem_shape_t *shape, double times, work_t *work)
{
    cost_rows(shape, times, work);
    cost_times(shape, 2.0 * times, work);
    work_sum(work, times, columns(shape) + 1.0 + shape->outputs);
    work_sum(work, times, 1.0);
    work_share(work, times, sizeof(problem_size_t));
}

void cost_sum_square(int columns, double times, work_t *work)
{
    const double numbers = 0.5 * columns * (columns + 1.0);
    work->calls += times * spd_sum_calls(columns);
    work->bytes += times * numbers * (double)sizeof(double);
}

void cost_gram(const problem_shape_t *shape, double times, work_t *work)
{
    const double blocks = joint_blocks(shape->outputs), n = (double)shape->n;
    if (shape->sparse)
        work->amount[WORK_PASS] += times * 2.0 * (cost_pairs(shape) + cost_numbers(shape)) * blocks;
    else
        work->amount[WORK_PANEL] += times * n * panel_gram_flops(shape->width) * blocks;
    cost_sum_square(shape->width * shape->outputs, times, work);
}
