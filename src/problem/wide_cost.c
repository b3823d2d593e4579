/* SPDX-License-Identifier: BSD-3-Clause */
/* What the form `wide` costs, as if one column, of ones, were free. */
#include "linalg/panel.h"
#include "problem/cost.h"
#include "problem/wide_parts.h"

double wide_grams_flops(double n, double groups)
{
    return 2.0 * n * n * groups;
}

double wide_outputs_flops(double m, double outputs)
{
    return outputs > 1.0 ? 2.0 * m * m * outputs : 0.0;
}

double wide_solve_flops(double m)
{
    return 2.0 * m * m;
}

static double penalised(const problem_shape_t *shape)
{
    return shape->width - shape->intercept;
}

static double side(const problem_shape_t *shape)
{
    return (double)shape->n * (double)wide_per_row(shape->outputs);
}

/* Gram matrices are put together by every rank; else the ranks share the columns. Parts of the rows
   that are standardised anew have a penalty of their own for each column. */
bool wide_has_grams(const problem_shape_t *shape)
{
    const bool constant = shape->ridge && !(shape->parts > 0 && shape->standardized);
    return constant && wide_keeps_grams(shape->count, shape->n, shape->width - shape->intercept);
}

void wide_cost_product(const problem_shape_t *shape, double times, work_t *work)
{
    const int n = (int)shape->n;
    const double ranks = (double)shape->ranks;
    work->amount[WORK_PASS] += times * wide_outputs_flops(side(shape), shape->outputs) * ranks;
    if (wide_has_grams(shape)) {
        work->amount[WORK_PASS] += times * wide_grams_flops(n, shape->count) * ranks;
        return;
    }
    work->amount[WORK_PANEL] += times * penalised(shape) * panel_gram_flops(n);
    cost_sum_square(n, times, work);
}

void wide_cost_quadratic(const problem_shape_t *shape, double times, work_t *work)
{
    const int n = (int)shape->n;
    const double each = times * shape->outputs, ranks = (double)shape->ranks;
    work->amount[WORK_PASS] += times * wide_outputs_flops(side(shape), shape->outputs) * ranks;
    if (wide_has_grams(shape)) {
        work->amount[WORK_PASS] += each * 0.5 * wide_grams_flops(n, shape->count) * ranks;
        return;
    }
    work->amount[WORK_PANEL] += each * penalised(shape) * panel_whiten_flops(n);
    work_sum(work, each, shape->width);
}

/* The basis of each row, where there are several outputs. */
static void cost_turn(const problem_shape_t *shape, double times, work_t *work)
{
    const double K = shape->outputs;
    if (shape->outputs == 1)
        return;
    work->amount[WORK_BLOCK] += times * (double)shape->n;
    work_sum(work, times, side(shape) * K);
}

void wide_cost(const problem_shape_t *shape, const hessian_use_t *use, work_t *work)
{
    const double m = side(shape), ranks = (double)shape->ranks, K = shape->outputs;
    const double numbers = (double)shape->n * penalised(shape) * K;
    cost_turn(shape, use->factorisations, work);
    wide_cost_product(shape, use->factorisations, work);
    work->amount[WORK_WHOLE] += use->factorisations * m * m * m / 3.0 * ranks;
    work_sum(work, use->factorisations, m);
    work_sum(work, use->factorisations, 1.0);
    work->amount[WORK_PASS] += use->solves * (4.0 * numbers + wide_solve_flops(m) * ranks);
    work_sum(work, use->solves, (double)shape->n * K);
    work_sum(work, use->solves, (double)shape->width * K);
}
