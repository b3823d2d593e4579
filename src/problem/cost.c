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

void cost_read(const problem_shape_t *shape, double passes, work_t *work)
{
    const double number = shape->single ? sizeof(float) : sizeof(double);
    if (shape->streamed)
        work->amount[WORK_READ] +=
            passes * (double)shape->n * (shape->width - shape->intercept) * number;
}

/* Products of X or X' with a vector for each output, which are of one pass where X is dense. */
static void add_products(const problem_shape_t *shape, double times, work_t *work)
{
    const double numbers = times * cost_numbers(shape);
    if (shape->sparse) {
        work->amount[WORK_ENTRY] += numbers * shape->outputs;
        return;
    }
    work->amount[WORK_PASS] += 2.0 * numbers;
    if (shape->outputs > 1)
        work->amount[WORK_PANEL] += 2.0 * numbers * shape->outputs;
}

void cost_blocks(const problem_shape_t *shape, double times, work_t *work)
{
    work->amount[WORK_PASS] += times * panel_blocks_flops(shape->outputs) * (double)shape->n;
}

void cost_times(const problem_shape_t *shape, double times, work_t *work)
{
    add_products(shape, times, work);
    cost_read(shape, times, work);
}

void cost_transposed(const problem_shape_t *shape, double times, work_t *work)
{
    cost_times(shape, times, work);
    work_sum(work, times, columns(shape));
}

void cost_multiply(const problem_shape_t *shape, double times, work_t *work)
{
    add_products(shape, 2.0 * times, work);
    cost_blocks(shape, times, work);
    cost_read(shape, times, work);
    work_sum(work, times, columns(shape));
}

void cost_diagonal(const problem_shape_t *shape, double times, work_t *work)
{
    cost_read(shape, times, work);
    work_sum(work, times, columns(shape));
}

void cost_move(const problem_shape_t *shape, double times, work_t *work)
{
    cost_rows(shape, times, work);
    work->amount[WORK_ROW] += times * shape->width * (double)shape->ranks;
    add_products(shape, 2.0 * times, work);
    cost_read(shape, times, work);
    work_sum(work, times, columns(shape) + 1.0 + shape->outputs + (double)shape->ranks);
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
    const double square = (double)shape->width * shape->width;
    if (shape->sparse) {
        work->amount[WORK_PAIR] += times * blocks * cost_pairs(shape);
        work->amount[WORK_ENTRY] += times * blocks * cost_numbers(shape);
        work->amount[WORK_PASS] += times * blocks * 2.0 * square * (double)shape->ranks;
    } else {
        work->amount[WORK_PANEL] += times * n * panel_gram_flops(shape->width) * blocks;
    }
    cost_read(shape, times, work);
    cost_sum_square(shape->width * shape->outputs, times, work);
}
