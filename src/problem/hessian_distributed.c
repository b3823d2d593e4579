/* SPDX-License-Identifier: BSD-3-Clause */
/* H as a matrix of which every rank holds some block columns, factored in place by ScaLAPACK.

   X'AX is formed by panels of columns: every rank multiplies its rows, and the sums go to the
   owners. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "problem/distributed.h"

static int64_t memory(const problem_shape_t *shape)
{
    const int64_t columns = (int64_t)shape->width * shape->outputs;
    const int64_t matrices = shape->outputs > 1 ? 2 : 1;
    int64_t numbers =
        matrices * distributed_elements(shape) + 2 * columns + columns * distributed_strip(shape);
    return numbers * (int64_t)sizeof(double);
}

/* X'AX is formed for each factor. */
static void cost(const problem_shape_t *shape, const hessian_use_t *use, work_t *work)
{
    const int columns = shape->width * shape->outputs, ranks = (int)shape->ranks;
    distributed_cost_gram(shape, use->factorisations, work);
    dist_cost(columns, ranks, DIST_FACTOR, use->factorisations, work);
    work_sum(work, 2.0 * use->factorisations, columns);
    work_sum(work, 2.0 * use->factorisations, 1.0);
    dist_cost_solve(columns, ranks, use->solves, work);
}

static int allocate(hessian_t *hessian, distributed_t *d)
{
    int code = TRALO_OK;
    const problem_t *problem = hessian->problem;
    const problem_shape_t shape = problem_shape(problem);
    const int64_t columns = problem->columns, matrix = distributed_elements(&shape);
    TRY(problem_reserve_gram(hessian->problem));
    d->strip = distributed_strip(&shape);
    ALLOC(d->panel, columns * d->strip);
    ALLOC(d->factor, matrix);
    if (problem->outputs > 1)
        ALLOC(d->mirror, matrix);
    ALLOC(d->diagonal, columns);
    ALLOC(d->roots, columns);
out:
    return code;
}

static int create(hessian_t *hessian)
{
    int code = TRALO_OK;
    problem_t *problem = hessian->problem;
    distributed_t *d = NULL;
    TRY(comm_agree(problem->comm, mem_alloc(1, sizeof *d, &d)));
    hessian->work = d;
    d->problem = problem;
    TRY(dist_create(problem->comm, problem->columns, &d->dist));
    TRY(comm_agree(problem->comm, allocate(hessian, d)));
out:
    return code;
}

static void destroy(hessian_t *hessian)
{
    distributed_t *d = hessian->work;
    if (d == NULL)
        return;
    mem_free(&d->panel);
    mem_free(&d->factor);
    mem_free(&d->mirror);
    mem_free(&d->diagonal);
    mem_free(&d->roots);
    dist_free(&d->dist);
    mem_free(&d);
}

/* H += gauge v v' in this rank's part of the column `column` of H, whose numbers are `H`. */
static void add_gauge(const distributed_t *d, const hessian_terms_t *terms, int column, double *H)
{
    const problem_t *problem = d->problem;
    const bool free = problem->penalty->group[column % problem->width] < 0;
    const double gauge = free ? terms->gauge : terms->hold;
    for (int i = column; gauge > 0.0 && i < problem->columns; i += problem->width)
        H[i] += gauge * d->roots[i] * d->roots[column];
}

/* The lowest column, of all, whose pivot is lost in rounding (spd.c), or -1. */
static int lost_pivot(const distributed_t *d)
{
    const int n = d->dist->n;
    int64_t lost = n;
    for (int64_t j = d->dist->columns - 1; j >= 0; j--) {
        const int at = dist_global(d->dist, (int)j);
        const double pivot = d->factor[at + j * n];
        if (!(pivot * pivot > 4.0 * DBL_EPSILON * (n + 16) * d->diagonal[at]))
            lost = at;
    }
    lost = comm_min_one_int(d->problem->comm, lost);
    return lost < n ? (int)lost : -1;
}

/* Forms X'AX anew even where the weights are the same, rather than hold it beside its factor. */
static int factor(hessian_t *hessian, const hessian_terms_t *terms)
{
    distributed_t *d = hessian->work;
    const int64_t n = d->dist->n;
    distributed_gram(d, terms->weights, d->factor);
    dist_add_diagonal(d->dist, terms->diagonal, d->factor);
    dist_diagonal(d->dist, d->factor, d->diagonal);
    for (int64_t j = 0; j < n; j++)
        d->roots[j] = sqrt(fmax(d->diagonal[j], 0.0));
    for (int64_t j = 0; j < d->dist->columns && d->problem->outputs > 1; j++)
        add_gauge(d, terms, dist_global(d->dist, (int)j), d->factor + j * n);
    dist_diagonal(d->dist, d->factor, d->diagonal);
    const int column = dist_factor(d->dist, d->factor);
    return column >= 0 ? column : lost_pivot(d);
}

static void solve(hessian_t *hessian, double *x)
{
    const distributed_t *d = hessian->work;
    dist_solve(d->dist, d->factor, x);
}

const distributed_t *hessian_blocks(const hessian_t *hessian)
{
    ASSERT(hessian->kind == &hessian_distributed);
    return hessian->work;
}

const hessian_kind_t hessian_distributed = {
    .name = "distributed",
    .doc = "p x p matrices that the ranks share by block columns",
    .memory = memory,
    .cost = cost,
    .create = create,
    .destroy = destroy,
    .factor = factor,
    .solve = solve,
};
