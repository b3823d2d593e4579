/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for several outputs: the rows are those of alo_blocks.c, the matrices
   those of alo_explicit_matrices.h, shared by the ranks. */
#include "base/mem.h"
#include "criterion/alo_blocks.h"
#include "criterion/alo_explicit_matrices.h"
#include "criterion/kinds.h"

typedef struct alo_explicit_blocks {
    alo_blocks_t rows; /* of this rank; first, for alo_blocks_matrices_t */
    explicit_matrices_t matrices;
} alo_explicit_blocks_t;

static void find(void *work)
{
    alo_explicit_blocks_t *a = work;
    explicit_matrices_find(&a->matrices, a->rows.K);
}

static void contract(void *work)
{
    alo_explicit_blocks_t *a = work;
    explicit_matrices_contract(&a->matrices, a->rows.weights, a->rows.k, a->rows.adjoint.C);
}

static void move(void *work)
{
    alo_explicit_blocks_t *a = work;
    explicit_matrices_move(&a->matrices, a->rows.weights, a->rows.adjoint.D_dot, a->rows.K_dot);
}

static void contract_along(void *work)
{
    alo_explicit_blocks_t *a = work;
    explicit_matrices_contract_along(&a->matrices, a->rows.weights, a->rows.K_dot,
                                     a->rows.adjoint.C_dot);
}

/* ---- the row of the table ---- */

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
    static const alo_blocks_matrices_t matrices = {find, contract, move, contract_along};
    int code = TRALO_OK;
    comm_t *comm = criterion->problem->comm;
    alo_explicit_blocks_t *a;
    TRY(comm_agree(comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    TRY(alo_blocks_create(criterion, options, &matrices, &a->rows));
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
    .evaluate = alo_blocks_evaluate,
    .product = alo_blocks_product,
    .destroy = destroy,
};
