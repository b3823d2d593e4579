/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/fit.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "problem/cost.h"

static int allocate(const problem_t *problem, fit_t *fit)
{
    int code = TRALO_OK;
    ALLOC(fit->beta, problem->columns);
    ALLOC(fit->minimum, problem->columns);
    ALLOC(fit->step, problem->columns);
    ALLOC(fit->theta, problem->penalty->count);
    ALLOC(fit->move, problem->penalty->count);
out:
    return code;
}

int fit_create(const criterion_t *criterion, fit_t *fit)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    TRY(comm_agree(problem->comm, allocate(problem, fit)));
    TRY(hessian_create(problem, criterion->form, &fit->hessian));
out:
    return code;
}

void fit_release(fit_t *fit)
{
    mem_free(&fit->beta);
    mem_free(&fit->minimum);
    mem_free(&fit->step);
    mem_free(&fit->theta);
    mem_free(&fit->move);
    hessian_free(&fit->hessian);
}

int64_t fit_memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    int64_t columns = (int64_t)shape->width * shape->outputs;
    int64_t numbers = 3 * columns + 2 * (int64_t)shape->count;
    return numbers * (int64_t)sizeof(double) + hessian_memory(form, shape);
}

/* Each direction of the inner solver comes with a slope that goes round, and with X on disk each
   evaluation, and product alone, with whether it could be read. */
void fit_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
              fit_share_t share, work_t *work)
{
    const hessian_use_t use = {.factorisations = course->factorisations,
                               .grams = course->factorisations - share.known_grams,
                               .solves = course->solves,
                               .products = course->products};
    cost_move(shape, course->moves, work);
    form->cost(shape, &use, work);
    work_sum(work, course->solves - share.solves, 1.0);
    if (shape->streamed)
        work_sum(work, 1.0 + (course->order < 2 ? course->directions : 0.0), 1.0);
}

/* beta + sum_s (theta - theta_before)_s b_s with b_s = -H^-1 d_s r', if that lowers L. */
static void predict(problem_t *problem, fit_t *fit, const double *theta)
{
    int p = problem->columns;
    penalty_at(problem->penalty, fit->theta, fit->beta, problem->penalty_scale,
               &problem->penalty_values);
    for (int s = 0; s < problem->penalty->count; s++)
        fit->move[s] = theta[s] - fit->theta[s];
    penalty_along(problem->penalty, &problem->penalty_values, 1, fit->move, fit->step);
    hessian_solve(fit->hessian, fit->step);
    problem_move(problem, theta, fit->beta);
    double value = problem->size.value;
    cblas_dscal(p, -1.0, fit->step, 1);
    cblas_daxpy(p, 1.0, fit->beta, 1, fit->step, 1);
    problem_move(problem, theta, fit->step);
    if (problem->size.value < value)
        memcpy(fit->beta, fit->step, (size_t)p * sizeof *fit->beta);
}

bool fit_minimise(criterion_t *criterion, fit_t *fit, const double *theta,
                  criterion_result_t *result)
{
    problem_t *problem = criterion->problem;
    const size_t columns = (size_t)problem->columns;
    inner_result_t inner;
    if (criterion->cold) {
        fit->warm = false;
        memset(fit->beta, 0, columns * sizeof *fit->beta);
        memset(fit->minimum, 0, columns * sizeof *fit->minimum);
    }
    if (fit->warm)
        predict(problem, fit, theta);
    fit->hessian->factored = fit->warm;
    criterion->inner->solve(criterion->inner_options, problem, theta, fit->beta, fit->hessian,
                            &inner);
    result->inner_iterations = inner.iterations;
    result->factorisations = inner.factorisations + 1;
    fit->warm = false;
    if (inner.solved && !inner.minimum)
        inner_no_minimum("alo approximates leave-one-out", &inner, inner.detail,
                         sizeof inner.detail);
    if (!inner.minimum) {
        snprintf(result->failure, sizeof result->failure, "%s", inner.detail);
        memcpy(fit->beta, fit->minimum, columns * sizeof *fit->beta);
        return false;
    }
    if (hessian_factor(fit->hessian) >= 0) {
        snprintf(result->failure, sizeof result->failure,
                 "the Hessian is singular to working accuracy at the minimum: %s",
                 loss_advice(&problem->loss));
        return false;
    }
    memcpy(fit->theta, theta, (size_t)problem->penalty->count * sizeof *theta);
    memcpy(fit->minimum, fit->beta, columns * sizeof *fit->minimum);
    fit->warm = true;
    return true;
}
