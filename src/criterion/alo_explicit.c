/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out (alo.c says what it is) with symmetric p x p matrices that the ranks
   share by block columns, for more columns than a rank has room for, and for sparse rows: a row
   enters only by its products x_i x_i' in sums, and by its quadratic forms, so that no row has to
   be whitened. One rank is no special case.

       value      H = L L',  R = L^-T,  V = H^-1           h_i = |x_i'R|^2
       gradient   G = X' diag(c) X,  C = V (G V)           k_i = x_i'C x_i, and C_jj
       Hessian    per direction delta:
                  H. = X' diag(l''' u.) X + diag(D.)
                  S = H. V,  E = V S                       h._i = -x_i'E x_i
                  F = C S                                  ( = C H. V )
                  G. = X' diag(c.) X,  C. = V (G. V) - F - F'
                                                           k._i = x_i'C. x_i, and C._jj

   k and what follows lose as many digits as H has in its condition number, where whitened rows lose
   half as many: 1e-7 of the derivatives were seen where columns depend on each other but for a weak
   bridge penalty.

   Flops: n p^2 for each sum and each form (of sparse rows what their entries take), 4 p^3 for the
   gradient, 10 p^3 for a direction. Sent are half a matrix for a form, a sum, or a product. */
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "criterion/adjoint.h"
#include "criterion/algebra.h"
#include "criterion/alo_options.h"
#include "criterion/alo_scalar.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"
#include "criterion/kinds.h"
#include "problem/cost.h"
#include "problem/distributed.h"

typedef struct alo_explicit {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    const distributed_t *of; /* the fit's Hessian, whose layout all matrices have; borrowed */
    double *V, *C;           /* matrices: this rank's columns; owned, as all below */
    double *S, *T, *U;       /* matrices */
    alo_scalar_t rows;       /* of this rank */
    double *xv;              /* [rows] */
    bool ready;              /* what every direction needs is known at this point: l'''', C, xv */
} explicit_t;

/* between = middle V and out = V between, for the lower triangle of a symmetric `middle`. */
static void sandwich(const explicit_t *a, const double *middle, double *between, double *out)
{
    dist_symmetric(a->of->dist, middle, a->V, a->of->panel, between);
    dist_symmetric(a->of->dist, a->V, between, a->of->panel, out);
}

/* x_i'M x_i of the rows, where l''' lets them matter, and the diagonal of M. */
static void forms(const explicit_t *a, const double *M, double *rows, double *diagonal)
{
    if (!a->problem->loss.quadratic)
        distributed_forms(a->of, M, rows);
    dist_diagonal(a->of->dist, M, diagonal);
}

static void leverages(explicit_t *a)
{
    dist_invert(a->of->dist, a->of->factor, a->V, a->S);
    distributed_norms(a->of, a->S, a->rows.h);
}

static void find_gradient(explicit_t *a)
{
    problem_t *problem = a->problem;
    alo_scalar_weigh(&a->rows);
    dist_mirror(a->of->dist, (dist_square_t){.count = problem->columns}, a->V, a->S);
    distributed_gram(a->of, a->rows.c, a->S);
    sandwich(a, a->S, a->T, a->C);
    forms(a, a->C, a->rows.k, a->adjoint.C);
    alo_scalar_adjoint(&a->rows);
    problem_transposed(problem, a->rows.g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
}

/* ---- Hessian along one direction ---- */

/* b, u., D., and h. along delta; S. */
static void move_fit(explicit_t *a)
{
    problem_t *problem = a->problem;
    const size_t size = (size_t)problem->columns * (size_t)a->of->dist->columns;
    adjoint_move_fit(&a->adjoint);
    problem_times(problem, a->adjoint.b, a->rows.u_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] = problem->l[3][i] * a->rows.u_dot[i];
    if (problem->loss.quadratic)
        memset(a->T, 0, size * sizeof *a->T);
    else
        distributed_gram(a->of, a->rows.g, a->T);
    dist_add_diagonal(a->of->dist, a->adjoint.D_dot, a->T);
    sandwich(a, a->T, a->S, a->U);
    distributed_forms(a->of, a->U, a->rows.h_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.h_dot[i] = -a->rows.h_dot[i];
}

/* C., k., then v. */
static void move_adjoint(explicit_t *a)
{
    problem_t *problem = a->problem;
    const dist_t *dist = a->of->dist;
    dist_symmetric(dist, a->C, a->S, a->of->panel, a->U);
    distributed_gram(a->of, a->rows.c_dot, a->S);
    sandwich(a, a->S, a->T, a->S);
    dist_subtract_both(dist, a->U, a->S);
    forms(a, a->S, a->rows.k_dot, a->adjoint.C_dot);
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
    leverages(a);
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

enum { ROWS, MATRIX };
static const array_row_t array_rows[] = {
    ARRAY(explicit_t, xv, ROWS),  ARRAY(explicit_t, V, MATRIX), ARRAY(explicit_t, C, MATRIX),
    ARRAY(explicit_t, S, MATRIX), ARRAY(explicit_t, T, MATRIX), ARRAY(explicit_t, U, MATRIX)};
static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    return form == ROWS ? shape->rows : distributed_elements(shape);
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + alo_scalar_memory(shape->rows) +
           arrays_memory(&arrays, shape);
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    const problem_shape_t shape = problem_shape(problem);
    explicit_t *a = criterion->work;
    a->problem = problem;
    a->of = hessian_blocks(a->fit.hessian);
    TRY(adjoint_allocate(problem, a->fit.hessian, &a->adjoint));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = problem->u;
    a->rows.l = problem->l;
    TRY(arrays_create(&arrays, &shape, a));
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
    arrays_free(&arrays, a);
    alo_scalar_free(&a->rows);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
    mem_free(&criterion->work);
}

/* alo.c is to be left, for it is more exact, only where that spares much. */
static const double LESS_EXACT = 3.0;

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const int p = shape->width, ranks = (int)shape->ranks;
    const double directions = course->directions, gradient = course->order > 0 ? 1.0 : 0.0;
    const double curved = shape->quadratic ? 0.0 : 1.0, any = directions > 0.0 ? 1.0 : 0.0;
    if (course->order < 0)
        return;
    const fit_share_t share = {.solves = course->warm + gradient + 2.0 * directions};
    fit_cost(form, shape, course, share, work);
    alo_scalar_cost(shape, course->order, directions, work);
    evaluation_cost(shape, work);
    adjoint_cost(shape, course, work);
    dist_cost(p, ranks, DIST_INVERT, 1.0, work);
    dist_cost(p, ranks, DIST_MIRROR, gradient, work);
    dist_cost(p, ranks, DIST_SUBTRACT_BOTH, directions, work);
    distributed_cost_norms(shape, 1.0, work);
    distributed_cost_gram(shape, gradient + (1.0 + curved) * directions, work);
    distributed_cost_forms(shape, curved * gradient + (1.0 + curved) * directions, work);
    dist_cost_symmetric(p, ranks, 2.0 * gradient + 5.0 * directions, work);
    work_sum(work, gradient + directions, p);
    cost_rows(shape, gradient + any, work);
    cost_times(shape, any, work);
}

const criterion_kind_t criterion_alo_explicit = {
    .name = "alo",
    .by = "distributed",
    .form = &hessian_distributed,
    .algebra = "p x p matrices that the ranks share by block columns",
    .approximates_loo = true,
    .doubt = LESS_EXACT,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
