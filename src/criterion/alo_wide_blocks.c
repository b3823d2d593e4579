/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for several outputs and more columns than rows: the rows are those of
   alo_blocks.c, the matrices those of alo_wide_matrices.h, in which a row i of the data has K - 1
   rows along its eigenvectors W_i. What a row gives to them is W_i'C_iW_i, what it has from them
   W_i k_i W_i'; nothing depends on the common shift, which is left out so. */
#include <string.h>

#include "base/mem.h"
#include "criterion/alo_blocks.h"
#include "criterion/alo_wide_matrices.h"
#include "criterion/kinds.h"
#include "problem/cost.h"

typedef struct alo_wide_blocks {
    alo_blocks_t rows; /* of this rank; first, for alo_blocks_matrices_t */
    wide_matrices_t matrices;
    double *local; /* [rows, q, q] */
} alo_wide_blocks_t;

static const double *basis(const alo_wide_blocks_t *a, int64_t i)
{
    const wide_t *w = a->matrices.wide;
    const problem_t *problem = a->rows.problem;
    return w->outputs.W + (problem->data->first + i) * problem->outputs * w->per_row;
}

/* all [n, q, q] = W_i'S_iW_i for S_i in planes [blocks, rows]. Collective. */
static void gather(alo_wide_blocks_t *a, const double *planes, double *all)
{
    const problem_t *problem = a->rows.problem;
    const int64_t q = a->matrices.wide->per_row, K = problem->outputs, size = q * q;
    memset(all, 0, (size_t)(problem->data->n * size) * sizeof *all);
    for (int64_t i = 0; i < problem->rows; i++) {
        const double *W = basis(a, i);
        double *out = all + (problem->data->first + i) * size;
        for (int64_t b = 0; b < K; b++)
            for (int64_t c = 0; c < K; c++) {
                const double S = planes[joint_at((int)b, (int)c) * problem->rows + i];
                for (int64_t e = 0; e < size; e++)
                    out[e] += W[b * q + e / q] * S * W[c * q + e % q];
            }
    }
    comm_sum(problem->comm, all, problem->data->n * size);
}

/* planes [blocks, rows] = W_i S_i W_i' + shift 1 1' for S_i in local, shift its mean diagonal times
   `fill`. */
static void spread(const alo_wide_blocks_t *a, double fill, double *planes)
{
    const problem_t *problem = a->rows.problem;
    const int64_t q = a->matrices.wide->per_row, K = problem->outputs, size = q * q;
    for (int64_t i = 0; i < problem->rows; i++) {
        const double *W = basis(a, i), *S = a->local + i * size;
        double shift = 0.0;
        for (int64_t e = 0; e < q; e++)
            shift += fill * S[e * (q + 1)] / (double)q;
        for (int64_t b = 0; b < K; b++)
            for (int64_t c = 0; c <= b; c++) {
                double sum = shift;
                for (int64_t e = 0; e < size; e++)
                    sum += W[b * q + e / q] * S[e] * W[c * q + e % q];
                planes[joint_at((int)b, (int)c) * problem->rows + i] = sum;
            }
    }
}

/* The blocks of this rank's rows in M [m, m], into local. */
static void take_diagonal(alo_wide_blocks_t *a, const double *M)
{
    const problem_t *problem = a->rows.problem;
    const int64_t q = a->matrices.wide->per_row, m = a->matrices.wide->m;
    for (int64_t i = 0; i < problem->rows; i++)
        for (int64_t e = 0; e < q; e++)
            memcpy(a->local + (i * q + e) * q, M + (problem->data->first + i) * q * (m + 1) + e * m,
                   (size_t)q * sizeof *M);
}

static void find(void *work)
{
    alo_wide_blocks_t *a = work;
    wide_matrices_find(&a->matrices);
    take_diagonal(a, a->matrices.B);
    spread(a, 1.0, a->rows.K);
}

static void contract(void *work)
{
    alo_wide_blocks_t *a = work;
    gather(a, a->rows.weights, a->matrices.c);
    wide_matrices_contract(&a->matrices, a->local, a->rows.adjoint.C);
    spread(a, 0.0, a->rows.k);
}

static void move(void *work)
{
    alo_wide_blocks_t *a = work;
    gather(a, a->rows.weights, a->matrices.omega);
    wide_matrices_move(&a->matrices, a->rows.adjoint.D_dot);
    take_diagonal(a, a->matrices.B_dot);
    spread(a, 0.0, a->rows.K_dot);
}

static void contract_along(void *work)
{
    alo_wide_blocks_t *a = work;
    adjoint_t *adjoint = &a->rows.adjoint;
    gather(a, a->rows.weights, a->matrices.c_dot);
    wide_matrices_contract_along(&a->matrices, adjoint->C, adjoint->D_dot, a->local,
                                 adjoint->C_dot);
    spread(a, 0.0, a->rows.K_dot);
}

/* ---- the row of the table ---- */

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    const int64_t q = wide_per_row(shape->outputs);
    return alo_blocks_memory(form, shape) + wide_matrices_memory(shape) +
           shape->rows * q * q * (int64_t)sizeof(double);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const double n = (double)shape->n, q = (double)wide_per_row(shape->outputs);
    const double directions = course->directions, gradient = course->order > 0 ? 1.0 : 0.0;
    if (course->order < 0)
        return;
    alo_blocks_cost(form, shape, course, work);
    wide_matrices_cost(shape, course, work);
    work_sum(work, gradient + 2.0 * directions, n * q * q);
}

static int allocate(alo_wide_blocks_t *a)
{
    int code = TRALO_OK;
    problem_t *problem = a->rows.problem;
    TRY(wide_matrices_create(problem, a->rows.fit.hessian, &a->matrices));
    ALLOC(a->local, problem->rows * a->matrices.wide->per_row * a->matrices.wide->per_row);
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    static const alo_blocks_matrices_t matrices = {find, contract, move, contract_along};
    int code = TRALO_OK;
    comm_t *comm = criterion->problem->comm;
    alo_wide_blocks_t *a;
    TRY(comm_agree(comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    TRY(alo_blocks_create(criterion, options, &matrices, &a->rows));
    TRY(comm_agree(comm, allocate(a)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_wide_blocks_t *a = criterion->work;
    if (a == NULL)
        return;
    wide_matrices_free(&a->matrices);
    mem_free(&a->local);
    alo_blocks_free(&a->rows);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo_wide_blocks = {
    .name = "alo",
    .form = &hessian_wide,
    .approximates_loo = true,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = alo_blocks_evaluate,
    .product = alo_blocks_product,
    .destroy = destroy,
};
