/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for several outputs: the rows are those of alo_blocks.c, the matrices
   those of alo_explicit_matrices.h, shared by the ranks. */
#include "base/mem.h"
#include "criterion/alo_blocks.h"
#include "criterion/alo_explicit_matrices.h"
#include "criterion/kinds.h"

typedef struct alo_explicit_blocks {
    alo_blocks_t rows; /* of this rank */
    explicit_matrices_t matrices;
} alo_explicit_blocks_t;

static void find_gradient(void *work)
{
    alo_explicit_blocks_t *a = work;
    alo_blocks_t *rows = &a->rows;
    alo_rows_adjoint(rows);
    explicit_matrices_contract(&a->matrices, rows->weights, rows->k, rows->adjoint.C);
    alo_rows_total(rows);
    problem_transposed(rows->problem, rows->g, rows->adjoint.v);
    adjoint_find_gradient(&rows->adjoint);
    problem_times(rows->problem, rows->adjoint.v, rows->xv);
}

/* u. and K. along delta; A. in weights. */
static void move_fit(alo_explicit_blocks_t *a)
{
    alo_blocks_t *rows = &a->rows;
    adjoint_move_fit(&rows->adjoint);
    problem_times(rows->problem, rows->adjoint.b, rows->u_dot);
    alo_rows_curvature_dot(rows);
    explicit_matrices_move(&a->matrices, rows->weights, rows->adjoint.D_dot, rows->K_dot);
}

/* The Hessian times adjoint.delta into adjoint.product. */
static void find_product(void *work)
{
    alo_explicit_blocks_t *a = work;
    alo_blocks_t *rows = &a->rows;
    move_fit(a);
    alo_rows_adjoint_dot(rows);
    explicit_matrices_contract_along(&a->matrices, rows->weights, rows->K_dot, rows->adjoint.C_dot);
    alo_rows_total_dot(rows);
    problem_transposed(rows->problem, rows->g, rows->adjoint.v_dot);
    adjoint_find_product(&rows->adjoint);
}

/* ---- the row of the table ---- */

/* u~; false where a row determines its own fit. */
static bool leave_out(void *work, criterion_result_t *result)
{
    alo_explicit_blocks_t *a = work;
    explicit_matrices_find(&a->matrices, a->rows.K);
    return alo_blocks_leave_out(&a->rows, result);
}

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    static const alo_blocks_steps_t steps = {leave_out, find_gradient, find_product};
    alo_explicit_blocks_t *a = criterion->work;
    alo_blocks_evaluate(criterion, &a->rows, &steps, theta, order, result);
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    alo_explicit_blocks_t *a = criterion->work;
    adjoint_multiply(&a->rows.adjoint, find_product, a, direction, out);
}

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return alo_blocks_memory(form, shape) + explicit_matrices_memory(shape);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    if (course->order < 0)
        return;
    alo_blocks_cost(form, shape, course, work);
    explicit_matrices_cost(shape, course, work);
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    comm_t *comm = criterion->problem->comm;
    alo_explicit_blocks_t *a;
    TRY(comm_agree(comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    TRY(alo_blocks_create(criterion, options, &a->rows));
    TRY(comm_agree(
        comm, explicit_matrices_create(criterion->problem, a->rows.fit.hessian, &a->matrices)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_explicit_blocks_t *a = criterion->work;
    if (a == NULL)
        return;
    explicit_matrices_free(&a->matrices);
    alo_blocks_free(&a->rows);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo_explicit_blocks = {
    .name = "alo",
    .by = "distributed",
    .form = &hessian_distributed,
    .algebra = "Kp x Kp matrices that the ranks share by block columns",
    .approximates_loo = true,
    .doubt = EXPLICIT_DOUBT,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
