/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/alo_cost.h"

#include "criterion/adjoint.h"
#include "criterion/alo_scalar.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"
#include "linalg/panel.h"
#include "problem/cost.h"

/* Sums of rows and forms of rows, by the formulas of alo.c: so many passes over T. */
typedef struct passes {
    double whiten, gram, form;
} passes_t;

static passes_t count_passes(const problem_shape_t *shape, const course_t *course)
{
    const double gradient = course->order > 0 ? 1.0 : 0.0, curved = shape->quadratic ? 0.0 : 1.0;
    passes_t count = {.gram = gradient + (1.0 + curved) * course->directions,
                      .form = gradient * curved + (1.0 + curved) * course->directions};
    count.whiten = 1.0 + (course->roomy ? 0.0 : count.gram + count.form);
    return count;
}

void alo_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
              work_t *work)
{
    const int p = shape->width;
    const double n = (double)shape->n, directions = course->directions;
    const double gradient = course->order > 0 ? 1.0 : 0.0;
    const double each_gram = panel_gram_flops(p), each_form = panel_whiten_flops(p);
    const passes_t count = count_passes(shape, course);
    if (course->order < 0)
        return;
    const fit_share_t share = {.solves = course->warm + gradient + 2.0 * directions};
    fit_cost(form, shape, course, share, work);
    alo_scalar_cost(shape, course->order, directions, work);
    evaluation_cost(shape, work);
    adjoint_cost(shape, course, work);
    work->amount[WORK_PANEL] +=
        n * (count.gram * each_gram + (count.form + count.whiten) * each_form);
    work->amount[WORK_PANEL] += p * (directions * each_gram + (gradient + directions) * each_form);
    work->amount[WORK_PANEL] += directions * 2.0 * p * (double)p * p;
    cost_read(shape, count.whiten, work);
    cost_sum_square(p, gradient + 2.0 * directions, work);
    work_sum(work, gradient + directions, p);
    cost_rows(shape, gradient + (directions > 0.0 ? 1.0 : 0.0), work);
    cost_times(shape, directions > 0.0 ? 1.0 : 0.0, work);
}
