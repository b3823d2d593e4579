/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/adjoint.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "problem/cost.h"

enum { COLUMNS, HYPER };
static const array_row_t rows[] = {
    ARRAY(adjoint_t, C, COLUMNS),      ARRAY(adjoint_t, v, COLUMNS),
    ARRAY(adjoint_t, b, COLUMNS),      ARRAY(adjoint_t, D_dot, COLUMNS),
    ARRAY(adjoint_t, C_dot, COLUMNS),  ARRAY(adjoint_t, v_dot, COLUMNS),
    ARRAY(adjoint_t, along, COLUMNS),  ARRAY(adjoint_t, delta, HYPER),
    ARRAY(adjoint_t, gradient, HYPER), ARRAY(adjoint_t, product, HYPER)};

static int64_t elements(int shape, const void *sizes)
{
    const problem_shape_t *of = sizes;
    return shape == COLUMNS ? (int64_t)of->width * of->outputs : of->count;
}

static const array_table_t arrays = ARRAY_TABLE(rows, elements);

int adjoint_allocate(problem_t *problem, hessian_t *hessian, adjoint_t *a)
{
    const problem_shape_t shape = problem_shape(problem);
    a->problem = problem;
    a->hessian = hessian;
    return arrays_create(&arrays, &shape, a);
}

void adjoint_release(adjoint_t *a)
{
    arrays_free(&arrays, a);
    mem_free(&a->second);
}

int64_t adjoint_memory(const problem_shape_t *shape)
{
    return arrays_memory(&arrays, shape);
}

void adjoint_cost(const problem_shape_t *shape, const course_t *course, work_t *work)
{
    cost_transposed(shape, (course->order > 0 ? 1.0 : 0.0) + course->directions, work);
    cost_times(shape, course->directions, work);
    work_sum(work, course->order > 1 ? 1.0 : 0.0, 1.0);
}

void adjoint_find_gradient(adjoint_t *a)
{
    const problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    double scale = -1.0 / problem->data->weight_sum;
    for (int j = 0; j < problem->columns; j++)
        a->v[j] -= a->C[j] * r->r[3][j];
    hessian_solve(a->hessian, a->v);
    memset(a->gradient, 0, (size_t)problem->penalty->count * sizeof *a->gradient);
    penalty_contract(problem->penalty, r, 2, scale, a->C, a->gradient);
    penalty_contract(problem->penalty, r, 1, scale, a->v, a->gradient);
}

void adjoint_move_fit(adjoint_t *a)
{
    const problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    penalty_along(problem->penalty, r, 1, a->delta, a->b);
    hessian_solve(a->hessian, a->b);
    cblas_dscal(problem->columns, -1.0, a->b, 1);
    penalty_along(problem->penalty, r, 2, a->delta, a->D_dot);
    for (int j = 0; j < problem->columns; j++)
        a->D_dot[j] += r->r[3][j] * a->b[j];
}

static void find_v_dot(adjoint_t *a)
{
    const problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    penalty_along(problem->penalty, r, 3, a->delta, a->along);
    for (int j = 0; j < problem->columns; j++)
        a->v_dot[j] -= a->C_dot[j] * r->r[3][j] + a->D_dot[j] * a->v[j] +
                       a->C[j] * (r->r[4][j] * a->b[j] + a->along[j]);
    hessian_solve(a->hessian, a->v_dot);
}

void adjoint_find_product(adjoint_t *a)
{
    const problem_t *problem = a->problem;
    const penalty_t *penalty = problem->penalty;
    const penalty_values_t *r = &problem->penalty_values;
    double scale = -1.0 / problem->data->weight_sum, *out = a->product;
    find_v_dot(a);
    memset(out, 0, (size_t)penalty->count * sizeof *out);
    penalty_contract(penalty, r, 2, scale, a->C_dot, out);
    penalty_contract(penalty, r, 1, scale, a->v_dot, out);
    for (int j = 0; j < problem->columns; j++)
        a->along[j] = a->C[j] * a->b[j];
    penalty_contract(penalty, r, 3, scale, a->along, out);
    for (int j = 0; j < problem->columns; j++)
        a->along[j] = a->v[j] * a->b[j];
    penalty_contract(penalty, r, 2, scale, a->along, out);
    penalty_contract_along(penalty, r, 2, a->delta, scale, a->C, out);
    penalty_contract_along(penalty, r, 1, a->delta, scale, a->v, out);
}

/* Room for the Hessian; false where a rank has none. */
static bool reserve(adjoint_t *a, criterion_result_t *result)
{
    int64_t count = a->problem->penalty->count;
    int code = a->second != NULL ? TRALO_OK : mem_alloc(count * count, sizeof(double), &a->second);
    if (comm_agree(a->problem->comm, code) == TRALO_OK)
        return true;
    snprintf(result->failure, sizeof result->failure,
             "no memory for the Hessian of %" PRId64 " hyperparameters: set search.hessian to "
             "products",
             count);
    return false;
}

static void find_hessian(adjoint_t *a, void (*find)(void *work), void *work)
{
    int64_t count = a->problem->penalty->count;
    for (int64_t s = 0; s < count; s++) {
        for (int64_t i = 0; i < count; i++)
            a->delta[i] = i == s;
        find(work);
        memcpy(a->second + s * count, a->product, (size_t)count * sizeof *a->second);
    }
    for (int64_t s = 0; s < count; s++)
        for (int64_t i = 0; i < s; i++) {
            double *lower = &a->second[s * count + i], *upper = &a->second[i * count + s];
            *lower = *upper = 0.5 * (*lower + *upper);
        }
}

void adjoint_finish(adjoint_t *a, int order, void (*find)(void *work), void *work,
                    criterion_result_t *result)
{
    if (order >= 2 && !reserve(a, result))
        return;
    if (order >= 2)
        find_hessian(a, find, work);
    result->valid = true;
    result->gradient = order >= 1 ? a->gradient : NULL;
    result->hessian = order >= 2 ? a->second : NULL;
}

void adjoint_multiply(adjoint_t *a, void (*find)(void *work), void *work, const double *direction,
                      double *out)
{
    const size_t count = (size_t)a->problem->penalty->count;
    memcpy(a->delta, direction, count * sizeof *direction);
    find(work);
    memcpy(out, a->product, count * sizeof *out);
}
