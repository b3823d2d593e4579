/* SPDX-License-Identifier: BSD-3-Clause */
/* What ALO for several outputs has in every form of the Hessian. */
#include <float.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "base/share.h"
#include "criterion/alo_blocks.h"
#include "problem/cost.h"

enum { ROWS, PLANES, BLOCKS, ROW, WORK };
static const array_row_t array_rows[] = {
    ARRAY(alo_blocks_t, phi[0], ROWS),      ARRAY(alo_blocks_t, phi[1], PLANES),
    ARRAY(alo_blocks_t, phi[2], BLOCKS),    ARRAY(alo_blocks_t, left_out, PLANES),
    ARRAY(alo_blocks_t, s, PLANES),         ARRAY(alo_blocks_t, z, PLANES),
    ARRAY(alo_blocks_t, g_tilde, PLANES),   ARRAY(alo_blocks_t, z_hat, PLANES),
    ARRAY(alo_blocks_t, u_dot, PLANES),     ARRAY(alo_blocks_t, z_dot, PLANES),
    ARRAY(alo_blocks_t, z_hat_dot, PLANES), ARRAY(alo_blocks_t, g, PLANES),
    ARRAY(alo_blocks_t, xv, PLANES),        ARRAY(alo_blocks_t, K, BLOCKS),
    ARRAY(alo_blocks_t, k, BLOCKS),         ARRAY(alo_blocks_t, K_dot, BLOCKS),
    ARRAY(alo_blocks_t, weights, BLOCKS),   ARRAY(alo_blocks_t, row.A, ROW),
    ARRAY(alo_blocks_t, row.K, ROW),        ARRAY(alo_blocks_t, row.S, ROW),
    ARRAY(alo_blocks_t, row.A_dot, ROW),    ARRAY(alo_blocks_t, row.K_dot, ROW),
    ARRAY(alo_blocks_t, row.work, WORK)};

static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    const int64_t K = shape->outputs, rows = shape->rows;
    const int64_t counts[] = {rows, K * rows, joint_blocks(shape->outputs) * rows,
                              share_scratch(K * K), share_scratch(34 * K)};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static int allocate(alo_blocks_t *a)
{
    int code = TRALO_OK;
    const problem_shape_t shape = problem_shape(a->problem);
    TRY(adjoint_allocate(a->problem, a->fit.hessian, &a->adjoint));
    TRY(arrays_create(&arrays, &shape, a));
    ALLOC(a->row.pivots, share_scratch(a->problem->outputs));
out:
    return code;
}

int alo_blocks_create(criterion_t *criterion, const alo_options_t *options,
                      const alo_blocks_matrices_t *matrices, alo_blocks_t *a)
{
    int code = TRALO_OK;
    a->matrices = matrices;
    a->problem = criterion->problem;
    TRY(evaluation_find(options->common.loss, a->problem, &a->evaluation));
    TRY(fit_create(criterion, &a->fit));
    TRY(comm_agree(a->problem->comm, allocate(a)));
out:
    return code;
}

void alo_blocks_free(alo_blocks_t *a)
{
    arrays_free(&arrays, a);
    mem_free(&a->row.pivots);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
}

int64_t alo_blocks_memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + arrays_memory(&arrays, shape) +
           share_scratch(shape->outputs) * (int64_t)sizeof(int);
}

void alo_blocks_cost(const hessian_kind_t *form, const problem_shape_t *shape,
                     const course_t *course, work_t *work)
{
    const double directions = course->directions, gradient = course->order > 0 ? 1.0 : 0.0;
    const fit_share_t share = {.solves = course->warm + gradient + 2.0 * directions};
    fit_cost(form, shape, course, share, work);
    evaluation_cost(shape, work);
    adjoint_cost(shape, course, work);
    cost_times(shape, gradient, work);
    cost_rows(shape, gradient + 2.0 * directions, work);
    work->amount[WORK_BLOCK] += (double)shape->n * (1.0 + gradient + directions);
}

/* From K: s, z, left_out, and result->least_t; false, with result->failure, where a row determines
   its own fit. */
static bool leave_out(alo_blocks_t *a, criterion_result_t *result)
{
    problem_t *problem = a->problem;
    double least, all;
    int64_t at;
    alo_rows_value(a, &least, &at);
    all = least;
    comm_min(problem->comm, &all, 1);
    result->least_t = all;
    result->least_t_row = evaluation_lowest_row(problem, least == all ? at : -1);
    if (all > 16.0 * DBL_EPSILON)
        return true;
    snprintf(result->failure, sizeof result->failure,
             "row %" PRId64 " determines its own fit (least eigenvalue of I - A K = %.1e): it "
             "cannot be left out with these penalties; raise search.lower",
             result->least_t_row, all);
    return false;
}

static void find_gradient(alo_blocks_t *a)
{
    alo_rows_adjoint(a);
    a->matrices->contract(a);
    alo_rows_total(a);
    problem_transposed(a->problem, a->g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
    problem_times(a->problem, a->adjoint.v, a->xv);
}

/* u. and K. along delta, and the Hessian times delta into adjoint.product. */
static void find_product(void *work)
{
    alo_blocks_t *a = work;
    adjoint_move_fit(&a->adjoint);
    problem_times(a->problem, a->adjoint.b, a->u_dot);
    alo_rows_curvature_dot(a);
    a->matrices->move(a);
    alo_rows_adjoint_dot(a);
    a->matrices->contract_along(a);
    alo_rows_total_dot(a);
    problem_transposed(a->problem, a->g, a->adjoint.v_dot);
    adjoint_find_product(&a->adjoint);
}

void alo_blocks_evaluate(criterion_t *criterion, const double *theta, int order,
                         criterion_result_t *result)
{
    alo_blocks_t *a = criterion->work;
    if (!fit_minimise(criterion, &a->fit, theta, result))
        return;
    a->matrices->find(a);
    if (!leave_out(a, result) ||
        !evaluation_left_out(&a->evaluation, a->problem, a->left_out, a->phi, result))
        return;
    evaluation_mean(a->problem, a->phi[0], result);
    if (order >= 1)
        find_gradient(a);
    adjoint_finish(&a->adjoint, order, find_product, a, result);
    result->beta = a->fit.beta;
    result->rows = a->phi[0];
}

void alo_blocks_product(criterion_t *criterion, const double *direction, double *out)
{
    alo_blocks_t *a = criterion->work;
    adjoint_multiply(&a->adjoint, find_product, a, direction, out);
}
