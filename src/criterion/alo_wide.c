/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for more columns than rows, one output: the rows are those of alo.c,
   the matrices those of alo_wide_matrices.h. */
#include "base/mem.h"
#include "criterion/adjoint.h"
#include "criterion/algebra.h"
#include "criterion/alo_options.h"
#include "criterion/alo_scalar.h"
#include "criterion/alo_wide_matrices.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"
#include "criterion/kinds.h"
#include "problem/cost.h"

typedef struct alo_wide {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    wide_matrices_t matrices;
    alo_scalar_t rows; /* of this rank */
    double *xv;        /* [rows] */
    bool ready;        /* l'''', xv, c are known at this point */
} alo_wide_t;

/* h and t of this rank's rows. */
static void find_leverages(alo_wide_t *a)
{
    const wide_matrices_t *m = &a->matrices;
    const int64_t first = a->problem->data->first, step = m->wide->m + 1;
    for (int64_t i = 0; i < a->problem->rows; i++) {
        const int64_t at = (first + i) * step;
        a->rows.h[i] = m->B[at];
        a->rows.t[i] = wide_matrices_weak(m->wide, first + i) ? m->V[at] : m->T[at];
    }
}

static void find_gradient(alo_wide_t *a)
{
    alo_scalar_weigh(&a->rows);
    wide_gather(a->matrices.wide, a->rows.c, a->matrices.c);
    wide_matrices_contract(&a->matrices, a->rows.k, a->adjoint.C);
    alo_scalar_adjoint(&a->rows);
    problem_transposed(a->problem, a->rows.g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
}

/* b, u., and h. along delta. */
static void move_fit(alo_wide_t *a)
{
    const problem_t *problem = a->problem;
    wide_matrices_t *m = &a->matrices;
    const int64_t step = m->wide->m + 1;
    adjoint_move_fit(&a->adjoint);
    problem_times(problem, a->adjoint.b, a->rows.u_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] = problem->l[3][i] * a->rows.u_dot[i];
    wide_gather(m->wide, a->rows.g, m->omega);
    wide_matrices_move(m, a->adjoint.D_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.h_dot[i] = m->B_dot[(problem->data->first + i) * step];
}

/* k., C._jj, then v. */
static void move_adjoint(alo_wide_t *a)
{
    const problem_t *problem = a->problem;
    adjoint_t *adjoint = &a->adjoint;
    wide_gather(a->matrices.wide, a->rows.c_dot, a->matrices.c_dot);
    wide_matrices_contract_along(&a->matrices, adjoint->C, adjoint->D_dot, a->rows.k_dot,
                                 adjoint->C_dot);
    alo_scalar_move_adjoint(&a->rows);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] -= problem->l[3][i] * a->rows.u_dot[i] * a->xv[i];
    problem_transposed(a->problem, a->rows.g, adjoint->v_dot);
    adjoint_find_product(adjoint);
}

/* The Hessian times adjoint.delta into adjoint.product. */
static void find_product(void *work)
{
    alo_wide_t *a = work;
    if (!a->ready) {
        problem_rows(a->problem, 4);
        problem_times(a->problem, a->adjoint.v, a->xv);
        a->ready = true;
    }
    move_fit(a);
    alo_scalar_move(&a->rows);
    move_adjoint(a);
}

/* ---- the row of the table ---- */

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    alo_wide_t *a = criterion->work;
    if (!fit_minimise(criterion, &a->fit, theta, result))
        return;
    if (order > 0)
        problem_rows(a->problem, 3);
    wide_matrices_find(&a->matrices);
    find_leverages(a);
    if (!alo_scalar_find_all_t(&a->rows, a->problem, result))
        return;
    alo_scalar_leave_out(&a->rows);
    if (!evaluation_left_out(&a->evaluation, a->problem, a->rows.left_out, a->rows.phi, result))
        return;
    evaluation_mean(a->problem, a->rows.phi[0], result);
    a->ready = false;
    if (order >= 1)
        find_gradient(a);
    adjoint_finish(&a->adjoint, order, find_product, a, result);
    result->beta = a->fit.beta;
    result->rows = a->rows.phi[0];
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    alo_wide_t *a = criterion->work;
    adjoint_multiply(&a->adjoint, find_product, a, direction, out);
}

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + alo_scalar_memory(shape->rows) +
           wide_matrices_memory(shape) + shape->rows * (int64_t)sizeof(double);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const double n = (double)shape->n, directions = course->directions;
    const double gradient = course->order > 0 ? 1.0 : 0.0, any = directions > 0.0 ? 1.0 : 0.0;
    const fit_share_t share = {.solves = course->warm + gradient + 2.0 * directions};
    if (course->order < 0)
        return;
    fit_cost(form, shape, course, share, work);
    alo_scalar_cost(shape, course->order, directions, work);
    evaluation_cost(shape, work);
    adjoint_cost(shape, course, work);
    wide_matrices_cost(shape, course, work);
    work_sum(work, gradient + 2.0 * directions, n);
    cost_rows(shape, gradient + any, work);
    cost_times(shape, any, work);
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    alo_wide_t *a = criterion->work;
    a->problem = problem;
    TRY(adjoint_allocate(problem, a->fit.hessian, &a->adjoint));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = problem->u;
    a->rows.l = problem->l;
    a->rows.own_t = true;
    TRY(wide_matrices_create(problem, a->fit.hessian, &a->matrices));
    ALLOC(a->xv, problem->rows);
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    comm_t *comm = criterion->problem->comm;
    evaluation_t evaluation;
    alo_wide_t *a;
    TRY(evaluation_find(o->common.loss, criterion->problem, &evaluation));
    TRY(comm_agree(comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    a->evaluation = evaluation;
    TRY(fit_create(criterion, &a->fit));
    TRY(comm_agree(comm, allocate(criterion)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_wide_t *a = criterion->work;
    if (a == NULL)
        return;
    wide_matrices_free(&a->matrices);
    alo_scalar_free(&a->rows);
    mem_free(&a->xv);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo_wide = {
    .name = "alo",
    .form = &hessian_wide,
    .approximates_loo = true,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
