/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/alo_explicit_matrices.h"

#include <string.h>

#include "base/arrays.h"
#include "criterion/course.h"

static size_t bytes(const explicit_matrices_t *m)
{
    return (size_t)m->of->dist->n * (size_t)m->of->dist->columns * sizeof(double);
}

static bool curved(const explicit_matrices_t *m)
{
    return !m->of->problem->loss.quadratic;
}

/* between = middle V and out = V between, for the lower triangle of a symmetric `middle`. */
static void sandwich(const explicit_matrices_t *m, const double *middle, double *between,
                     double *out)
{
    dist_symmetric(m->of->dist, middle, m->V, m->of->panel, between);
    dist_symmetric(m->of->dist, m->V, between, m->of->panel, out);
}

/* What the rows have from M, which is needed afterwards; S is lost with several outputs. */
static void forms(const explicit_matrices_t *m, double *M, double *rows)
{
    const bool whole = m->of->problem->outputs == 1;
    distributed_forms(m->of, whole ? M : memcpy(m->S, M, bytes(m)), rows);
}

void explicit_matrices_find(explicit_matrices_t *m, double *h)
{
    dist_invert(m->of->dist, m->of->factor, m->V, m->S);
    if (m->of->problem->outputs == 1)
        distributed_norms(m->of, m->S, h);
    else
        forms(m, m->V, h);
}

void explicit_matrices_contract(explicit_matrices_t *m, const double *c, double *k, double *C)
{
    const dist_t *dist = m->of->dist;
    dist_mirror(dist, (dist_square_t){.count = dist->n}, m->V, m->S);
    distributed_gram(m->of, c, m->S);
    sandwich(m, m->S, m->T, m->C);
    dist_diagonal(dist, m->C, C);
    if (curved(m))
        forms(m, m->C, k);
}

void explicit_matrices_move(explicit_matrices_t *m, const double *A_dot, const double *D_dot,
                            double *h_dot)
{
    const problem_t *problem = m->of->problem;
    if (curved(m))
        distributed_gram(m->of, A_dot, m->T);
    else
        memset(m->T, 0, bytes(m));
    dist_add_diagonal(m->of->dist, D_dot, m->T);
    sandwich(m, m->T, m->S, m->U);
    distributed_forms(m->of, m->U, h_dot);
    for (int64_t i = 0; i < problem->blocks * problem->rows; i++)
        h_dot[i] = -h_dot[i];
}

void explicit_matrices_contract_along(explicit_matrices_t *m, const double *c_dot, double *k_dot,
                                      double *C_dot)
{
    const dist_t *dist = m->of->dist;
    dist_symmetric(dist, m->C, m->S, m->of->panel, m->U);
    distributed_gram(m->of, c_dot, m->S);
    sandwich(m, m->S, m->T, m->S);
    dist_subtract_both(dist, m->U, m->S);
    dist_diagonal(dist, m->S, C_dot);
    if (curved(m))
        distributed_forms(m->of, m->S, k_dot);
}

static const array_row_t array_rows[] = {
    ARRAY(explicit_matrices_t, V, 0), ARRAY(explicit_matrices_t, C, 0),
    ARRAY(explicit_matrices_t, S, 0), ARRAY(explicit_matrices_t, T, 0),
    ARRAY(explicit_matrices_t, U, 0)};

static int64_t elements(int form, const void *shape)
{
    (void)form;
    return distributed_elements(shape);
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

int explicit_matrices_create(const problem_t *problem, const hessian_t *hessian,
                             explicit_matrices_t *out)
{
    const problem_shape_t shape = problem_shape(problem);
    out->of = hessian_blocks(hessian);
    return arrays_create(&arrays, &shape, out);
}

void explicit_matrices_free(explicit_matrices_t *m)
{
    arrays_free(&arrays, m);
}

int64_t explicit_matrices_memory(const problem_shape_t *shape)
{
    return arrays_memory(&arrays, shape);
}

void explicit_matrices_cost(const problem_shape_t *shape, const course_t *course, work_t *work)
{
    const int columns = shape->width * shape->outputs, ranks = (int)shape->ranks;
    const double directions = course->directions, gradient = course->order > 0 ? 1.0 : 0.0;
    const double bends = shape->quadratic ? 0.0 : 1.0, single = shape->outputs == 1 ? 1.0 : 0.0;
    dist_cost(columns, ranks, DIST_INVERT, 1.0, work);
    dist_cost(columns, ranks, DIST_MIRROR, gradient, work);
    dist_cost(columns, ranks, DIST_SUBTRACT_BOTH, directions, work);
    distributed_cost_norms(shape, single, work);
    distributed_cost_forms(shape, 1.0 - single + bends * gradient + (1.0 + bends) * directions,
                           work);
    distributed_cost_gram(shape, gradient + (1.0 + bends) * directions, work);
    dist_cost_symmetric(columns, ranks, 2.0 * gradient + 5.0 * directions, work);
    work_sum(work, gradient + directions, columns);
}
