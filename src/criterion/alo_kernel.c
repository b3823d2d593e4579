/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out of a model with a kernel, with exact derivatives: alo.c in its n x n
   form, to which any K(theta) may come.

   With a = l'', A = diag(a), S~ = I + A^1/2 K A^1/2 = LL', R = (K + A^-1)^-1 = A^1/2 S~^-1 A^1/2
   and alpha = -l'; without an intercept the terms with sigma are 0:

       value      W = L^-1 A^1/2 K             e = 1 - K R1,  sigma = 1'R1
                  B = K - W'W + e e'/sigma     h = diag B, then the rows as in alo.c
       gradient   C = diag(c),  D = B C B      k = diag D
                  F = I - A B                  Q0 = F C F' = C - ABC - CBA + ADA
                  v = F g                      df/dtheta_s = <d_s K, Q0 + v alpha'>
       Hessian    per direction delta, a dot for the derivative along it, omega = l''' u.:
                  u. = F'K. alpha              alpha. = -a u.
                  B. = F'K.F - B Omega B       T = K.F = K. - K.(AB)
                  V = F C B = CB - AD          h. = diag F'T - (B o B) omega
                  k. = 2 (diag V'T - (B o D) omega) + (B o B) c.
                  v. = (F g). = g. - omega (Bg) - a (B g. + B. g)
                  Y = A K. Q0 + Omega V' - C./2 F'
                  M = -F Y                     (Q0). = M + M'
                  (Hessian delta)_s = <d_s K, 2M + v. alpha' + v alpha.'>
                                      + <d_s d_delta K, Q0 + v alpha'>

   K, B and D are symmetric, and all else of size n x n is made from them element by element or by
   three products per direction (alo_kernel_dot.c). A rank holds some columns of each; sums over
   their elements are vectors of n or numbers per hyperparameter. */
#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/alo_kernel.h"
#include "criterion/alo_options.h"
#include "criterion/kinds.h"
#include "problem/cost.h"

enum { MATRICES = 4, VECTORS = 8 };

/* ---- value ---- */

static bool minimise(criterion_t *criterion, const double *theta, criterion_result_t *result)
{
    machine_t *m = criterion->machine;
    inner_result_t inner;
    if (criterion->cold)
        memset(m->solution, 0, ((size_t)m->n + 1) * sizeof *m->solution);
    machine_set(m, theta);
    criterion->inner->solve_machine(criterion->inner_options, m, &inner);
    result->inner_iterations = inner.iterations;
    result->factorisations = inner.factorisations + 1;
    if (!inner.solved) {
        snprintf(result->failure, sizeof result->failure, "%s", inner.detail);
        memset(m->solution, 0, ((size_t)m->n + 1) * sizeof *m->solution);
        return false;
    }
    if (machine_factor(m) >= 0) {
        snprintf(result->failure, sizeof result->failure,
                 "the Hessian is not positive definite to working accuracy at the minimum: %s",
                 loss_advice(&m->loss));
        return false;
    }
    return true;
}

/* B, of which h is the diagonal. */
static void find_B(alo_kernel_t *a)
{
    machine_t *m = a->machine;
    const int n = m->n, columns = m->dist->columns;
    double *e = a->x;
    memcpy(a->B, m->K, (size_t)n * (size_t)columns * sizeof *a->B);
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < n; i++)
            alo_kernel_column(a, a->X1, j)[i] = m->root[i] * alo_kernel_column(a, m->K, j)[i];
    dist_whiten(m->dist, m->factor, a->X1);
    dist_subtract_square(m->dist, a->X1, a->B);
    if (m->data->intercept) {
        dist_times(m->dist, m->K, m->ones, e);
        for (int i = 0; i < n; i++)
            e[i] = 1.0 - e[i];
        for (int j = 0; j < columns; j++)
            cblas_daxpy(n, e[dist_global(m->dist, j)] / m->sigma, e, 1,
                        alo_kernel_column(a, a->B, j), 1);
    }
    for (int j = 0; j < columns; j++) {
        int at = dist_global(m->dist, j);
        a->rows.h[at] = alo_kernel_column(a, a->B, j)[at];
    }
    dist_collect(m->dist, a->rows.h);
}

/* phi with its weights, but for phi[0]; the first row that counts where it overflows, or -1. */
static int64_t find_phi(alo_kernel_t *a)
{
    const machine_t *m = a->machine;
    int64_t bad = -1;
    work_count(WORK_ROW, (double)m->n);
    evaluation_values(&a->evaluation, m->n, m->y, a->rows.left_out, a->rows.phi);
    for (int i = m->n - 1; i >= 0; i--) {
        double w = m->weights != NULL ? m->weights[i] : 1.0;
        if (w > 0.0 && !isfinite(a->rows.phi[0][i]))
            bad = i;
        for (int k = 1; k < EVALUATION_ORDERS; k++)
            a->rows.phi[k][i] = w == 0.0 ? 0.0 : w * a->rows.phi[k][i];
    }
    return bad;
}

/* The mean of phi over the weights and its standard error, as evaluation_mean. */
static void find_mean(const alo_kernel_t *a, criterion_result_t *result)
{
    const machine_t *m = a->machine;
    const double *phi = a->rows.phi[0], n = m->n, total = m->data->weight_sum;
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < m->n; i++)
        sum += m->weights == NULL ? phi[i] : m->weights[i] == 0.0 ? 0.0 : m->weights[i] * phi[i];
    result->value = sum / total;
    for (int i = 0; i < m->n; i++) {
        double w = m->weights != NULL ? m->weights[i] : 1.0;
        double part = w == 0.0 ? 0.0 : w * (phi[i] - result->value);
        squares += part * part;
    }
    result->standard_error = sqrt(squares * n / (n - 1.0)) / total;
}

/* f and its standard error; false where a row cannot be left out. */
static bool find_value(alo_kernel_t *a, criterion_result_t *result)
{
    result->least_t = alo_scalar_find_t(&a->rows, &result->least_t_row);
    if (alo_scalar_singular(result))
        return false;
    alo_scalar_leave_out(&a->rows);
    int64_t bad = find_phi(a);
    if (bad >= 0) {
        evaluation_overflow(bad, result);
        return false;
    }
    find_mean(a, result);
    return true;
}

/* ---- gradient ---- */

/* y = x - a (B x): F x. */
static void times_F(alo_kernel_t *a, const double *x, double *Bx, double *y)
{
    const machine_t *m = a->machine;
    dist_times(m->dist, a->B, x, Bx);
    for (int i = 0; i < m->n; i++)
        y[i] = x[i] - m->l[2][i] * Bx[i];
}

static void find_D(alo_kernel_t *a)
{
    const machine_t *m = a->machine;
    for (int j = 0; j < m->dist->columns; j++)
        for (int i = 0; i < m->n; i++)
            alo_kernel_column(a, a->X1, j)[i] = a->rows.c[i] * alo_kernel_column(a, a->B, j)[i];
    dist_multiply(m->dist, a->B, a->X1, a->D);
    for (int j = 0; j < m->dist->columns; j++) {
        int at = dist_global(m->dist, j);
        a->rows.k[at] = alo_kernel_column(a, a->D, j)[at];
    }
    dist_collect(m->dist, a->rows.k);
}

void alo_kernel_Q0(const alo_kernel_t *a, int j, double *out)
{
    const machine_t *m = a->machine;
    const double *c = a->rows.c, *curvature = m->l[2];
    const double *B = alo_kernel_column(a, a->B, j), *D = alo_kernel_column(a, a->D, j);
    const int at = dist_global(m->dist, j);
    const double cj = c[at], aj = curvature[at];
    for (int i = 0; i < m->n; i++)
        out[i] = curvature[i] * D[i] * aj - B[i] * (curvature[i] * cj + c[i] * aj);
    out[at] += cj;
}

static void find_gradient(alo_kernel_t *a)
{
    machine_t *m = a->machine;
    const int n = m->n;
    double *Q = a->y;
    alo_scalar_weigh(&a->rows);
    find_D(a);
    alo_scalar_adjoint(&a->rows);
    times_F(a, a->rows.g, a->Bg, a->v);
    for (int i = 0; i < n; i++)
        a->alpha[i] = -m->l[1][i];
    memset(a->gradient, 0, (size_t)m->count * sizeof *a->gradient);
    for (int j = 0; j < m->dist->columns; j++) {
        const kernel_values_t *k = machine_column(m, j, 1);
        alo_kernel_Q0(a, j, Q);
        cblas_daxpy(n, a->alpha[dist_global(m->dist, j)], a->v, 1, Q, 1);
        for (int s = 0; s < m->count; s++)
            a->gradient[s] += cblas_ddot(n, k->s[s], 1, Q, 1) / m->data->weight_sum;
    }
    comm_sum(m->comm, a->gradient, m->count);
}

static void find_hessian(alo_kernel_t *a)
{
    const int count = a->machine->count;
    for (int s = 0; s < count; s++) {
        for (int i = 0; i < count; i++)
            a->delta[i] = i == s;
        alo_kernel_product(a, a->second + (int64_t)s * count);
    }
    for (int s = 0; s < count; s++)
        for (int i = 0; i < s; i++) {
            double *lower = &a->second[s * count + i], *upper = &a->second[i * count + s];
            *lower = *upper = 0.5 * (*lower + *upper);
        }
}

/* ---- the row of the table ---- */

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    alo_kernel_t *a = criterion->work;
    if (!minimise(criterion, theta, result))
        return;
    machine_rows(a->machine, order > 0 ? 3 : 2);
    find_B(a);
    if (!find_value(a, result))
        return;
    if (order >= 1)
        find_gradient(a);
    if (order >= 2)
        find_hessian(a);
    result->valid = true;
    result->gradient = order >= 1 ? a->gradient : NULL;
    result->hessian = order >= 2 ? a->second : NULL;
    result->beta = a->machine->solution;
    result->rows = a->rows.phi[0] + a->machine->data->first;
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    alo_kernel_t *a = criterion->work;
    memcpy(a->delta, direction, (size_t)criterion->count * sizeof *direction);
    alo_kernel_product(a, out);
}

int64_t alo_kernel_memory(int64_t n, int ranks)
{
    int64_t numbers = MATRICES * dist_elements((int)n, ranks) + VECTORS * n;
    return numbers * (int64_t)sizeof(double) + alo_scalar_memory(n);
}

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    const int64_t count = shape->count, numbers = count * count + 2 * count;
    (void)form; /* no such Hessian is held */
    return alo_kernel_memory(shape->n, (int)shape->ranks) + numbers * (int64_t)sizeof(double);
}

/* The steps of newton_machine.c. */
static void cost_fit(const problem_shape_t *shape, const course_t *course, work_t *work)
{
    const int n = (int)shape->n, ranks = (int)shape->ranks;
    dist_cost_times(n, course->moves + course->solves, work);
    work_share(work, course->moves, sizeof(machine_size_t));
    dist_cost(n, ranks, DIST_FACTOR, course->factorisations, work);
    work_sum(work, course->factorisations, 1.0);
    dist_cost_solve(n, ranks, course->solves + shape->intercept * course->factorisations, work);
    work_sum(work, course->solves, n + 1.0);
    work_sum(work, course->solves, 1.0);
}

/* All ranks do the same for all rows. */
static void cost_rows_everywhere(const problem_shape_t *shape, const course_t *course, work_t *work)
{
    problem_shape_t all = *shape;
    all.n *= shape->ranks;
    cost_rows(&all, course->moves + 2.0 + course->directions, work);
    alo_scalar_cost(&all, course->order, course->directions, work);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const int n = (int)shape->n, ranks = (int)shape->ranks;
    const double gradient = course->order > 0 ? 1.0 : 0.0, directions = course->directions;
    (void)form;
    if (course->order < 0)
        return;
    cost_fit(shape, course, work);
    cost_rows_everywhere(shape, course, work);
    work->amount[WORK_ROW] += (1.0 + gradient + 2.0 * directions) * n * (double)n;
    dist_cost(n, ranks, DIST_WHITEN, 1.0, work);
    dist_cost(n, ranks, DIST_SUBTRACT, 1.0, work);
    dist_cost(n, ranks, DIST_MULTIPLY, gradient + 3.0 * directions, work);
    dist_cost_times(n, shape->intercept + gradient + 4.0 * directions, work);
    work_sum(work, 1.0 + gradient + 3.0 * directions, n);
    work_sum(work, gradient + directions, shape->count);
}

static int check_memory(const machine_t *m)
{
    int code = TRALO_OK, ranks = comm_size(m->comm);
    int64_t needed = alo_kernel_memory(m->n, ranks);
    int64_t there = mem_available_each(comm_local_ranks(m->comm));
    if (there > 0 && needed > there)
        FAIL(TRALO_ERR_MEMORY,
             "criterion 'alo' with a kernel needs %.2f GB more on each of %d ranks for the n x n "
             "matrices of %d rows, and %.2f GB are free for it: use more nodes, or fewer rows",
             1e-9 * (double)needed, ranks, m->n, 1e-9 * (double)there);
out:
    return code;
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    machine_t *m = criterion->machine;
    const int64_t n = m->n, matrix = n * m->dist->columns, count = m->count;
    alo_kernel_t *a = NULL;
    ALLOC(a, 1);
    criterion->work = a;
    a->machine = m;
    double **const matrices[MATRICES] = {&a->B, &a->D, &a->X1, &a->X2};
    double **const vectors[VECTORS] = {&a->alpha, &a->alpha_dot, &a->v, &a->v_dot,
                                       &a->Bg,    &a->omega,     &a->x, &a->y};
    for (int i = 0; i < MATRICES; i++)
        TRY(mem_alloc(matrix, sizeof(double), matrices[i]));
    for (int i = 0; i < VECTORS; i++)
        TRY(mem_alloc(n, sizeof(double), vectors[i]));
    ALLOC(a->delta, count);
    ALLOC(a->gradient, count);
    ALLOC(a->second, count * count);
    TRY(alo_scalar_create(n, &a->rows));
    a->rows.u = m->u;
    a->rows.l = m->l;
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    machine_t *m = criterion->machine;
    evaluation_t evaluation;
    TRY(evaluation_find_for(o->common.loss, &m->loss, m->data, &evaluation));
    TRY(comm_agree(m->comm, check_memory(m)));
    TRY(comm_agree(m->comm, allocate(criterion)));
    ((alo_kernel_t *)criterion->work)->evaluation = evaluation;
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_kernel_t *a = criterion->work;
    if (a == NULL)
        return;
    double **const arrays[] = {&a->B,         &a->D, &a->X1,    &a->X2,       &a->alpha,
                               &a->alpha_dot, &a->v, &a->v_dot, &a->Bg,       &a->omega,
                               &a->x,         &a->y, &a->delta, &a->gradient, &a->second};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    alo_scalar_free(&a->rows);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo_kernel = {
    .name = "alo",
    .doc = "approximate leave-one-out error of a model with a kernel",
    .algebra = "n x n matrices by block columns over the ranks, O(n^3) for each evaluation",
    .options_size = sizeof(alo_options_t),
    .approximates_loo = true,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
