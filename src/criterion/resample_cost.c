/* SPDX-License-Identifier: BSD-3-Clause */
/* What hold-out, k-fold and exact leave-one-out need of memory and cost in work, by the lines of
   resample.c and resample_part.c, with one group of ranks. */
#include "criterion/fit.h"
#include "criterion/resample.h"
#include "problem/cost.h"

/* Of the rows that have arrays of their own, by default as many as k-fold has. */
static int64_t kept_parts(const problem_shape_t *shape, bool each_row)
{
    const int64_t usual = 10;
    return each_row ? 0 : shape->parts > 0 ? shape->parts : usual;
}

/* With one group of ranks. */
static int64_t memory_of(const hessian_kind_t *form, const problem_shape_t *shape, bool each_row)
{
    const int64_t columns = (int64_t)shape->width * shape->outputs, count = shape->count;
    const int64_t kept = kept_parts(shape, each_row), sums = 2 * (int64_t)shape->width + 1;
    const bool iterates = form->approach != NULL;
    int64_t by_row = 2 + 4 * (int64_t)shape->outputs + joint_blocks(shape->outputs);
    int64_t vectors = 7 + kept * (iterates ? 2 : 1);
    int64_t numbers = by_row * shape->rows + 4 * count;
    if (each_row && !iterates)
        vectors += CONJUGATE_VECTORS;
    if (each_row)
        numbers += sums;
    if (shape->standardized)
        numbers += (1 + kept) * sums;
    if (shape->weighs)
        numbers += shape->rows * (1 + (int64_t)shape->outputs) + count;
    return (numbers + vectors * columns) * (int64_t)sizeof(double) +
           (each_row ? 0 : shape->rows * (int64_t)sizeof(int)) + hessian_memory(form, shape);
}

int64_t resample_memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return memory_of(form, shape, false);
}

int64_t resample_memory_each(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return memory_of(form, shape, true);
}

static bool uses_grams(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return form->takes_gram && shape->quadratic && !shape->weighs;
}

/* X'WX of every part, of all rows, and of a part's training rows. */
int64_t resample_more(const hessian_kind_t *form, const problem_shape_t *shape)
{
    const int64_t columns = (int64_t)shape->width * shape->outputs;
    const int64_t grams = uses_grams(form, shape) ? 2 + kept_parts(shape, false) : 0;
    return grams * columns * columns * (int64_t)sizeof(double);
}

static void cost_once(const problem_shape_t *shape, double grams, double kept, work_t *work)
{
    const double sums = 2.0 * shape->width + 1.0;
    if (shape->standardized) {
        work->amount[WORK_PASS] += (1.0 + kept) * 2.0 * cost_numbers(shape);
        cost_read(shape, 1.0, work);
        work_sum(work, 1.0, (1.0 + kept) * sums);
    }
    cost_gram(shape, grams, work);
}

/* Solutions with the factor of a neighbour, with two inner products for each product of H. */
static void cost_conjugate(const problem_shape_t *shape, double solutions, double products,
                           work_t *work)
{
    cost_multiply(shape, products, work);
    work_sum(work, 2.0 * products, 1.0);
    work_sum(work, solutions, (double)shape->width * shape->outputs);
}

/* What derivatives in weights of rows take besides: so many gradients and products of a part. */
static void cost_weights(const problem_shape_t *shape, double gradients, double products,
                         work_t *work)
{
    cost_times(shape, gradients + products, work);
    cost_transposed(shape, products, work);
    cost_rows(shape, gradients, work);
    work_sum(work, gradients + products, shape->count);
}

/* With one group of ranks. Products of the Hessian after a gradient visit all parts again. */
static void cost_of(const hessian_kind_t *form, const problem_shape_t *shape,
                    const course_t *course, bool each_row, work_t *work)
{
    const double kept = (double)kept_parts(shape, each_row),
                 parts = each_row ? (double)shape->n : kept;
    const bool known = course->roomy && !each_row && uses_grams(form, shape);
    const double derived = course->order > 0 ? parts : 0.0, all = each_row || course->model;
    const double again = course->order < 2 ? course->directions : 0.0;
    const double visits = (course->order > 1) + again;
    const bool neighbour = each_row && form->approach == NULL;
    const double adjoints = derived + (again + 2.0 * course->directions) * parts;
    const fit_share_t share = {.solves = adjoints + (neighbour ? course->products : 0.0),
                               .known_grams = known ? course->factorisations - all : 0.0};
    if (course->order < 0) {
        cost_once(shape, known ? 1.0 + kept : 0.0, kept, work);
        return;
    }
    fit_cost(form, shape, course, share, work);
    cost_transposed(shape, derived + again * parts, work);
    cost_transposed(shape, course->directions * parts, work);
    cost_times(shape, (visits + course->directions) * parts, work);
    cost_blocks(shape, (shape->weighs ? 3.0 : 1.0) * course->directions * parts, work);
    cost_rows(shape, (1.0 + again + visits + 2.0 * course->directions) * parts, work);
    work_sum(work, parts * (1.0 + again), 1.0);
    if (each_row && shape->standardized)
        work_sum(work, parts * (1.0 + again), shape->width);
    work_sum(work, 2.0 + (course->order > 1), 1.0);
    if (shape->weighs)
        cost_weights(shape, derived, course->directions * parts, work);
    if (neighbour)
        cost_conjugate(shape, adjoints, course->products, work);
}

void resample_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                   work_t *work)
{
    cost_of(form, shape, course, false, work);
}

void resample_cost_each(const hessian_kind_t *form, const problem_shape_t *shape,
                        const course_t *course, work_t *work)
{
    cost_of(form, shape, course, true, work);
}
