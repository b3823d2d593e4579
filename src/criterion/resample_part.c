/* SPDX-License-Identifier: BSD-3-Clause */
/* Criteria that fit on one part of the rows and judge by the other: hold-out, k-fold, and exact
   leave-one-out, with exact derivatives by the implicit function theorem.

   For each part, with V the rows that validate and H the training Hessian at its minimum beta:

       value      sum over V of phi_i(u_i)
       gradient   H v = X_V' phi'                      df/dtheta_s = -v . d_s r'
       Hessian    per direction delta:
                  b = -H^-1 d_delta r'                 D. = r''' b + d_delta r''
                  H v. = X_V'(phi'' o Xb) - X'(l''' o Xb o Xv) - D. v
                  (Hessian delta)_s = -v. . d_s r' - v . (d_s r'' b + d_s d_delta r')

   With several outputs phi'' is a matrix for each row, and l''' contracted with two vectors.

   Pedregosa 2016 (the gradient); Bengio 2000. All rows stay where they are: those that do not train
   have weight 0 in the training problem, whose pass over the rows gives their u as well.

   Standardisation belongs inside the training part. The data are standardised as a whole; in the
   coordinates of a part the coefficients are s beta, with s the deviations of its training rows,
   and an intercept absorbs the means. So the part's problem is the same with the penalty r(s beta).
   (Without an intercept the columns keep the mean of all rows.)

   For squared loss X'WX of a part is the full one minus that of its validation rows, both formed
   once. Leave-one-out solves with H by conjugate gradients, preconditioned by the factor that the
   solver of the training problem holds for a neighbour. A form of H that iterates itself starts at
   v of the last evaluation, which a visit for another product finds solved. */
#include "criterion/resample.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linalg/panel.h"

static const double CONSTANT = 1e-6; /* deviation that counts as none, relative to all rows: what
                                        rounding leaves of their sums when part of them goes */
static const double CG_TOLERANCE = 1e-15, CG_ENOUGH = 1e-10; /* wanted, and taken */
enum { CG_MOST = 500 };

int64_t resample_kept(const resample_t *a)
{
    return a->each_row ? 0 : a->count;
}

bool resample_handles(const resample_t *a, int64_t k)
{
    return k >= 0 && k % a->groups == a->group;
}

int64_t resample_part_of_row(const resample_t *a, int64_t i)
{
    return a->each_row ? a->problem->data->first + i : a->part[i];
}

static bool validates(const resample_t *a, int64_t k, int64_t i)
{
    return resample_part_of_row(a, i) == k;
}

double resample_weight(const resample_t *a, int64_t i)
{
    const double *w = a->problem->data->weights;
    return w != NULL ? w[i] : 1.0;
}

/* Does local row i belong to part k, or (k = -1) to any or none of them, but not aside? */
static bool counts_in(const resample_t *a, int64_t k, int64_t i)
{
    if (k < 0)
        return a->each_row || a->part[i] != PART_UNUSED;
    return a->part[i] == k;
}

/* Adds the rows of a panel that count in part k to sums [2 width + 1]. */
static void add_rows(resample_t *a, const rows_panel_t *panel, int64_t k, double *sums)
{
    const int64_t width = a->problem->width;
    double *inside = a->g + panel->begin;
    for (int64_t i = 0; i < panel->count; i++) {
        inside[i] = counts_in(a, k, panel->begin + i);
        sums[2 * width] += inside[i];
    }
    rows_add_transposed(panel, inside, sums);
    rows_add_squares(panel, inside, sums + width);
}

void resample_find_sums(resample_t *a)
{
    int64_t length = 2 * (int64_t)a->problem->width + 1;
    rows_pass_t pass = rows_begin(&a->problem->data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        for (int64_t k = -1; k < resample_kept(a); k++)
            add_rows(a, &pass.panel, k, a->sums + (1 + k) * length);
    comm_sum(a->problem->comm, a->sums, (1 + resample_kept(a)) * length);
}

/* scale = deviations of the training rows of part k, the same for every output; `mine` [2 width +
   1]: sums of its others. */
static void find_scale(resample_t *a, const double *mine)
{
    const int64_t width = a->problem->width;
    double n = a->sums[2 * width] - mine[2 * width];
    for (int j = 0; j < a->problem->columns; j++) {
        int64_t c = j % width;
        double mean = (a->sums[c] - mine[c]) / n;
        double square = (a->sums[width + c] - mine[width + c]) / n - mean * mean;
        double least = CONSTANT * CONSTANT * a->sums[width + c] / n;
        bool constant = c == a->problem->data->p || !(square > least);
        a->scale[j] = constant ? 1.0 : sqrt(square);
    }
}

/* Makes the problem that of part k. */
static void select_part(resample_t *a, int64_t k)
{
    problem_t *problem = a->problem;
    int64_t p = problem->columns, width = problem->width, length = 2 * width + 1;
    if (a->each_row)
        problem_exclude(problem, k);
    else
        problem_leave_out(problem, a->part, (int)k);
    if (a->sums != NULL && a->each_row) {
        double *row = a->along; /* free until the first solve */
        memset(row, 0, (size_t)width * sizeof *row);
        if (problem->excluded >= 0)
            rows_copy(&problem->data->X, problem->excluded, 1, row);
        comm_sum(problem->comm, row, width);
        for (int64_t j = 0; j < width; j++) {
            a->row_sums[j] = row[j];
            a->row_sums[width + j] = row[j] * row[j];
        }
        a->row_sums[2 * width] = 1.0;
        find_scale(a, a->row_sums);
    } else if (a->sums != NULL) {
        find_scale(a, a->sums + (1 + k) * length);
    }
    problem->penalty_scale = a->sums != NULL ? a->scale : NULL;
    if (a->part_grams != NULL) {
        for (int64_t i = 0; i < p * p; i++)
            a->gram[i] = a->full_gram[i] - a->part_grams[k * p * p + i];
        problem->known_gram = a->gram;
    }
}

void resample_select_all(resample_t *a)
{
    problem_exclude(a->problem, -1);
    problem_leave_out(a->problem, NULL, 0);
    a->problem->penalty_scale = NULL;
    a->problem->known_gram = NULL;
}

static bool fail(criterion_result_t *result, const resample_t *a, int64_t k, const char *why)
{
    snprintf(result->failure, sizeof result->failure, "%s %" PRId64 ": %.400s",
             a->each_row ? "without row" : "part", k, why);
    return false;
}

static bool fail_singular(criterion_result_t *result, const resample_t *a, int64_t k)
{
    char why[160];
    snprintf(why, sizeof why, "the Hessian is singular to working accuracy at the minimum: %s",
             loss_advice(&a->problem->loss));
    return fail(result, a, k, why);
}

/* Are solutions found by conjugate gradients here, with a factor nearby as the preconditioner? */
static bool solves_with_neighbour(const resample_t *a)
{
    return a->each_row && !hessian_iterates(a->hessian);
}

static void multiply(void *context, const double *x, double *y)
{
    resample_t *a = context;
    problem_multiply(a->problem, x, a->g, y);
}

static void precondition(void *context, double *x)
{
    const resample_t *a = context;
    hessian_solve(a->hessian, x);
}

int resample_allocate_solver(resample_t *a)
{
    if (!solves_with_neighbour(a))
        return TRALO_OK;
    a->conjugate = (conjugate_t){
        .comm = a->problem->comm, .multiply = multiply, .precondition = precondition, .context = a};
    return conjugate_allocate(&a->conjugate, a->problem->columns);
}

int resample_solve(resample_t *a, const double *start, double *x)
{
    if (!solves_with_neighbour(a))
        return hessian_solve_near(a->hessian, start, x);
    const size_t size = (size_t)a->problem->columns * sizeof *x;
    memcpy(a->along, x, size);
    conjugate_end_t end = conjugate_solve(&a->conjugate, NULL, CG_TOLERANCE, CG_MOST, x);
    if (end.residual <= CG_ENOUGH)
        return -1;
    memcpy(x, a->along, size);
    int column = hessian_factor(a->hessian);
    return column >= 0 ? column : hessian_solve(a->hessian, x);
}

bool resample_fit(criterion_t *criterion, const double *theta, double *beta, int64_t k, int order,
                  criterion_result_t *result)
{
    resample_t *a = criterion->work;
    inner_result_t inner;
    criterion->inner->solve(criterion->inner_options, a->problem, theta, beta, a->hessian, &inner);
    result->inner_iterations += inner.iterations;
    result->factorisations += inner.factorisations;
    if (!inner.solved) {
        memset(beta, 0, (size_t)a->problem->columns * sizeof *beta);
        return fail(result, a, k, inner.detail);
    }
    if (order > 0 && !inner.minimum) {
        inner_no_minimum("derivatives hold", &inner, inner.detail, sizeof inner.detail);
        return fail(result, a, k, inner.detail);
    }
    return true;
}

/* The factor with which solve() works: for parts that of the minimum itself. */
static bool prepare_solves(resample_t *a, int64_t k, criterion_result_t *result)
{
    if (solves_with_neighbour(a) && a->hessian->factored)
        return true;
    result->factorisations++;
    return hessian_factor(a->hessian) < 0 || fail_singular(result, a, k);
}

/* phi of the validating rows of part k: values, and weighted derivatives that are 0 elsewhere.
   Returns their sum over all ranks. */
static double judge(resample_t *a, int64_t k)
{
    const problem_t *problem = a->problem;
    const int64_t rows = problem->rows;
    double sum = 0.0;
    work_count(WORK_ROW, (double)rows);
    memset(a->phi[1], 0, (size_t)(problem->outputs * rows) * sizeof *a->phi[1]);
    memset(a->phi[2], 0, (size_t)(problem->blocks * rows) * sizeof *a->phi[2]);
    for (int64_t i = 0; i < rows; i++) {
        double w = resample_weight(a, i);
        if (!validates(a, k, i))
            continue;
        evaluation_rows(&a->evaluation, problem, i, 1, problem->u, a->phi);
        a->values[i] = a->phi[0][i];
        for (int64_t m = 0; m < problem->outputs; m++)
            a->phi[1][m * rows + i] *= w;
        for (int64_t m = 0; m < problem->blocks; m++)
            a->phi[2][m * rows + i] *= w;
        sum += w > 0.0 ? w * a->phi[0][i] : 0.0;
    }
    return comm_sum_one(problem->comm, sum);
}

/* v, from that of the last evaluation where iterations can use it. */
static bool find_adjoint(resample_t *a, int64_t k, criterion_result_t *result)
{
    double *before = a->adjoints != NULL ? a->adjoints + k * a->problem->columns : NULL;
    problem_transposed(a->problem, a->phi[1], a->v);
    if (resample_solve(a, before, a->v) >= 0)
        return fail_singular(result, a, k);
    if (before != NULL)
        memcpy(before, a->v, (size_t)a->problem->columns * sizeof *before);
    return true;
}

void resample_add_gradient(resample_t *a)
{
    const problem_t *problem = a->problem;
    if (problem->row_weights != NULL) {
        resample_add_gradient_of_weights(a);
        return;
    }
    penalty_contract(problem->penalty, &problem->penalty_values, 1, -1.0 / a->weight, a->v,
                     a->gradient);
}

bool resample_add_product(resample_t *a, const double *delta, double *out)
{
    problem_t *problem = a->problem;
    const penalty_t *penalty = problem->penalty;
    const penalty_values_t *r = &problem->penalty_values;
    double scale = -1.0 / a->weight;
    int p = problem->columns;
    if (problem->row_weights != NULL)
        return resample_add_product_of_weights(a, delta, out);
    work_count(WORK_ROW, 2.0 * (double)problem->rows);
    penalty_along(penalty, r, 1, delta, a->b);
    if (resample_solve(a, NULL, a->b) >= 0)
        return false;
    cblas_dscal(p, -1.0, a->b, 1);
    penalty_along(penalty, r, 2, delta, a->D_dot);
    for (int j = 0; j < p; j++)
        a->D_dot[j] += r->r[3][j] * a->b[j];
    problem_times(problem, a->b, a->xb);
    panel_blocks_times(problem->outputs, problem->rows, problem->rows, a->phi[2], a->xb, a->g);
    problem_third(problem, a->xb, a->xv, a->xb);
    for (int64_t i = 0; i < problem->outputs * problem->rows; i++)
        a->g[i] -= a->xb[i];
    problem_transposed(problem, a->g, a->v_dot);
    for (int j = 0; j < p; j++)
        a->v_dot[j] -= a->D_dot[j] * a->v[j];
    if (resample_solve(a, NULL, a->v_dot) >= 0)
        return false;
    penalty_contract(penalty, r, 1, scale, a->v_dot, out);
    for (int j = 0; j < p; j++)
        a->along[j] = a->v[j] * a->b[j];
    penalty_contract(penalty, r, 2, scale, a->along, out);
    penalty_contract_along(penalty, r, 1, delta, scale, a->v, out);
    return true;
}

bool resample_add_hessian(resample_t *a, int64_t k, criterion_result_t *result)
{
    int count = a->problem->count;
    for (int s = 0; s < count; s++) {
        for (int i = 0; i < count; i++)
            a->delta[i] = i == s;
        if (!resample_add_product(a, a->delta, a->second + (int64_t)s * count))
            return fail_singular(result, a, k);
    }
    return true;
}

bool resample_visit(criterion_t *criterion, const double *theta, int64_t k, int order,
                    criterion_result_t *result)
{
    resample_t *a = criterion->work;
    double *beta = a->each_row ? a->b : a->beta + k * a->problem->columns;
    select_part(a, k);
    if (a->each_row)
        memcpy(beta, a->full, (size_t)a->problem->columns * sizeof *beta);
    if (!resample_fit(criterion, theta, beta, k, order, result))
        return false;
    result->value += judge(a, k) / a->weight;
    if (!isfinite(result->value))
        return fail(result, a, k, "the loss of a row overflows: raise search.lower");
    if (order <= 0)
        return true;
    if (!prepare_solves(a, k, result))
        return false;
    if (!find_adjoint(a, k, result))
        return false;
    if (order == 1)
        return true;
    problem_rows(a->problem, 3);
    problem_times(a->problem, a->v, a->xv);
    return true;
}
