/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out (alo.c says what it is) by matrices that the ranks share by block
   columns (alo_explicit_matrices.h), for more columns than a rank has room for, and for sparse
   rows. One rank is no special case. */
#include "base/mem.h"
#include "criterion/adjoint.h"
#include "criterion/alo_explicit_matrices.h"
#include "criterion/alo_options.h"
#include "criterion/alo_scalar.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"
#include "criterion/kinds.h"
#include "problem/cost.h"

typedef struct alo_explicit {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    explicit_matrices_t matrices;
    alo_scalar_t rows; /* of this rank */
    double *xv;        /* [rows] */
    bool ready;        /* what every direction needs is known at this point: l'''', xv */
} explicit_t;

static void find_gradient(explicit_t *a)
{
    problem_t *problem = a->problem;
    alo_scalar_weigh(&a->rows);
    explicit_matrices_contract(&a->matrices, a->rows.c, a->rows.k, a->adjoint.C);
    alo_scalar_adjoint(&a->rows);
    problem_transposed(problem, a->rows.g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
}

/* ---- Hessian along one direction ---- */

/* b, u., D., and h. along delta. */
static void move_fit(explicit_t *a)
{
    problem_t *problem = a->problem;
    adjoint_move_fit(&a->adjoint);
    problem_times(problem, a->adjoint.b, a->rows.u_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] = problem->l[3][i] * a->rows.u_dot[i];
    explicit_matrices_move(&a->matrices, a->rows.g, a->adjoint.D_dot, a->rows.h_dot);
}

/* k., then v. */
static void move_adjoint(explicit_t *a)
{
    problem_t *problem = a->problem;
    explicit_matrices_contract_along(&a->matrices, a->rows.c_dot, a->rows.k_dot, a->adjoint.C_dot);
    alo_scalar_move_adjoint(&a->rows);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] -= problem->l[3][i] * a->rows.u_dot[i] * a->xv[i];
    problem_transposed(problem, a->rows.g, a->adjoint.v_dot);
    adjoint_find_product(&a->adjoint);
}

/* The Hessian times adjoint.delta into adjoint.product. */
static void find_product(void *work)
{
    explicit_t *a = work;
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
    explicit_t *a = criterion->work;
    if (!fit_minimise(criterion, &a->fit, theta, result))
        return;
    if (order > 0)
        problem_rows(a->problem, 3);
    explicit_matrices_find(&a->matrices, a->rows.h);
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
    explicit_t *a = criterion->work;
    adjoint_multiply(&a->adjoint, find_product, a, direction, out);
}

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + alo_scalar_memory(shape->rows) +
           explicit_matrices_memory(shape) + shape->rows * (int64_t)sizeof(double);
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    explicit_t *a = criterion->work;
    a->problem = problem;
    TRY(adjoint_allocate(problem, a->fit.hessian, &a->adjoint));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = problem->u;
    a->rows.l = problem->l;
    TRY(explicit_matrices_create(problem, a->fit.hessian, &a->matrices));
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
    explicit_t *a;
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
    explicit_t *a = criterion->work;
    if (a == NULL)
        return;
    explicit_matrices_free(&a->matrices);
    mem_free(&a->xv);
    alo_scalar_free(&a->rows);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
    mem_free(&criterion->work);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const double directions = course->directions, gradient = course->order > 0 ? 1.0 : 0.0;
    const double any = directions > 0.0 ? 1.0 : 0.0;
    if (course->order < 0)
        return;
    const fit_share_t share = {.solves = course->warm + gradient + 2.0 * directions};
    fit_cost(form, shape, course, share, work);
    alo_scalar_cost(shape, course->order, directions, work);
    evaluation_cost(shape, work);
    adjoint_cost(shape, course, work);
    explicit_matrices_cost(shape, course, work);
    cost_rows(shape, gradient + any, work);
    cost_times(shape, any, work);
}

const criterion_kind_t criterion_alo_explicit = {
    .name = "alo",
    .by = "distributed",
    .form = &hessian_distributed,
    .algebra = "p x p matrices that the ranks share by block columns",
    .approximates_loo = true,
    .doubt = EXPLICIT_DOUBT,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
