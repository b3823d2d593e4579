/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out of squared loss with one ridge penalty, where it is exact: O(n p) for
   each lambda after one eigendecomposition (Golub, Heath & Wahba, Technometrics 21 (1979) 215).

       once     m = sum w x / sum w, y_mean likewise of y - o (without intercept: 0)
                (X - 1 m')' diag(w) (X - 1 m') = V diag(s) V',   Z = (X - 1 m') V
                b = Z' diag(w) (y - o - y_mean)
       lambda   d_j = 1 / (s_j + lambda)                  H is diagonal in the basis V
                h_i = 1 / sum w + sum_j z_ij^2 d_j        (without intercept: no first term)
                u_i = o_i + y_mean + sum_j z_ij b_j d_j   t = 1 - l'' h,  u~ = u + l' h / t
       derivatives in theta = log lambda, a dot for each: d. = -lambda d^2, d.. = d. + 2 lambda^2
   d^3 give u., u.., h., h.. by the same sums, and u~.  = u. (1 + l'' h / t) + l' h. / t^2 u~.. =
   u.. (1 + l'' h / t) + 2 l'' u. h. / t^2 + l' (h.. / t^2 + 2 l'' h.^2 / t^3)

   Z takes the place of X in each pass; only p-vectors and single numbers cross the ranks. */
#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "criterion/algebra.h"
#include "criterion/alo_options.h"
#include "criterion/alo_scalar.h"
#include "criterion/evaluation.h"
#include "criterion/kinds.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "problem/cost.h"

enum { DERIVATIVES = 3 }; /* 0, 1, 2 in theta */

typedef struct spectral {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    int p;
    double y_mean, free; /* free: 1 / sum w, without intercept 0 */
    double *V;           /* [p, p] eigenvectors in columns; owned, as all below */
    double *Z;           /* [rows, p] */
    /* [p] */
    double *mean /* [columns] */, *s, *b, *d[DERIVATIVES], *bd[DERIVATIVES];
    /* [rows] */
    double *u[DERIVATIVES], *h[DERIVATIVES], *l[DERIVATIVES];
    alo_scalar_t rows;
    double *beta; /* [columns] */
    double gradient, second;
} spectral_t;

/* ---- once ---- */

static int panel_count(const spectral_t *a, int64_t begin)
{
    int64_t left = a->problem->rows - begin, most = panel_rows(a->p);
    return (int)(left < most ? left : most);
}

static double weight(const spectral_t *a, int64_t i)
{
    const double *w = a->problem->data->weights;
    return w != NULL ? w[i] : 1.0;
}

static double target(const spectral_t *a, int64_t i)
{
    const data_t *data = a->problem->data;
    return data->y[i] - (data->offset != NULL ? data->offset[i] : 0.0);
}

/* m and y_mean. Collective. */
static void find_means(spectral_t *a)
{
    const data_t *data = a->problem->data;
    double y = 0.0;
    if (!data->intercept)
        return;
    for (int64_t i = 0; i < data->rows; i++) {
        a->rows.g[i] = weight(a, i);
        y += weight(a, i) * target(a, i);
    }
    rows_pass_t pass = rows_begin(&data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        rows_add_transposed(&pass.panel, a->rows.g + pass.panel.begin, a->mean);
    comm_sum(data->comm, a->mean, a->p);
    a->y_mean = comm_sum_one(data->comm, y) / data->weight_sum;
    a->free = 1.0 / data->weight_sum;
    cblas_dscal(a->p, a->free, a->mean, 1);
}

/* Z = X - 1 m', and V, which holds its Gram matrix on the way. Collective.
   Errors: TRALO_ERR_MEMORY, TRALO_ERR_EVALUATION. */
static int find_basis(spectral_t *a, double *unpacked, double *panel)
{
    const data_t *data = a->problem->data;
    rows_pass_t pass = rows_begin(&data->X, ROWS_DENSE);
    while (rows_next(&pass)) {
        const double *X = rows_dense(&pass.panel, unpacked);
        for (int64_t i = 0; i < pass.panel.count; i++)
            for (int j = 0; j < a->p; j++)
                a->Z[(pass.panel.begin + i) * a->p + j] = X[i * data->columns + j] - a->mean[j];
    }
    for (int64_t i = 0, count; i < data->rows; i += count) {
        count = panel_count(a, i);
        panel_gram((int)count, a->p, a->Z + i * a->p,
                   data->weights != NULL ? data->weights + i : NULL, panel, a->V);
    }
    spd_sum(data->comm, a->p, a->V);
    return spd_eigen(data->comm, a->p, a->V, a->s);
}

/* Z = Z V, and b. Collective. */
static void rotate(spectral_t *a, double *panel)
{
    const data_t *data = a->problem->data;
    for (int64_t i = 0, count; i < data->rows; i += count) {
        count = panel_count(a, i);
        double *Z = a->Z + i * a->p, *residual = a->rows.g + i;
        memcpy(panel, Z, (size_t)(count * a->p) * sizeof *Z);
        work_count(WORK_PANEL, 2.0 * (double)(count * a->p) * a->p);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, a->p, a->p, 1.0, panel,
                    a->p, a->V, a->p, 0.0, Z, a->p);
        for (int64_t k = 0; k < count; k++)
            residual[k] = weight(a, i + k) * (target(a, i + k) - a->y_mean);
        panel_add_transposed(count, a->p, Z, residual, a->b);
    }
    comm_sum(data->comm, a->b, a->p);
}

/* ---- for each lambda ---- */

/* d, b d and their derivatives; false where H is singular to working accuracy. */
static bool move(spectral_t *a, double lambda, criterion_result_t *result)
{
    double largest = 0.0, least = INFINITY;
    for (int j = 0; j < a->p; j++) {
        const double d = 1.0 / (a->s[j] + lambda);
        largest = fmax(largest, a->s[j]);
        least = fmin(least, a->s[j] + lambda);
        a->d[0][j] = d;
        a->d[1][j] = -lambda * d * d;
        a->d[2][j] = a->d[1][j] + 2.0 * lambda * lambda * d * d * d;
        for (int k = 0; k < DERIVATIVES; k++)
            a->bd[k][j] = a->b[j] * a->d[k][j];
    }
    if (least > a->p * DBL_EPSILON * largest && isfinite(lambda))
        return true;
    snprintf(result->failure, sizeof result->failure,
             "the Hessian is singular to working accuracy at the minimum: raise search.lower");
    return false;
}

/* out[i] = sum_j z_ij x_j and squares[i] = sum_j z_ij^2 d_j of this rank's rows. */
static void sum_rows(const spectral_t *a, const double *x, const double *d, double *out,
                     double *squares)
{
    const int p = a->p;
    work_count(WORK_PASS, 2.0 * (double)(a->problem->rows * p));
    for (int64_t i = 0; i < a->problem->rows; i++) {
        const double *z = a->Z + i * p;
        double u = 0.0, h = 0.0;
#pragma omp simd reduction(+ : u, h)
        for (int j = 0; j < p; j++) {
            u += z[j] * x[j];
            h += z[j] * z[j] * d[j];
        }
        out[i] = u;
        squares[i] = h;
    }
}

static void predict(spectral_t *a)
{
    const data_t *data = a->problem->data;
    sum_rows(a, a->bd[0], a->d[0], a->u[0], a->h[0]);
    for (int64_t i = 0; i < data->rows; i++) {
        a->u[0][i] += a->y_mean + (data->offset != NULL ? data->offset[i] : 0.0);
        a->h[0][i] += a->free;
    }
    work_count(WORK_ROW, (double)data->rows);
    loss_weighted(&a->problem->loss, data->rows, data->y, data->weights, a->u[0], 2, a->l);
}

static void find_beta(spectral_t *a)
{
    work_count(WORK_PASS, 2.0 * a->p * (double)a->p);
    cblas_dgemv(CblasColMajor, CblasNoTrans, a->p, a->p, 1.0, a->V, a->p, a->bd[0], 1, 0.0, a->beta,
                1);
    if (a->problem->data->intercept)
        a->beta[a->p] = a->y_mean - cblas_ddot(a->p, a->mean, 1, a->beta, 1);
}

/* f. and f.. from u~. and u~.. of the rows. Collective. */
static void derive(spectral_t *a)
{
    const alo_scalar_t *r = &a->rows;
    double sums[2] = {0.0, 0.0};
    work_count(WORK_ROW, (double)r->count);
    for (int k = 1; k < DERIVATIVES; k++)
        sum_rows(a, a->bd[k], a->d[k], a->u[k], a->h[k]);
    for (int64_t i = 0; i < r->count; i++) {
        const double t = r->t[i], l1 = a->l[1][i], l2 = a->l[2][i], grow = 1.0 + l2 * r->h[i] / t;
        const double u1 = a->u[1][i], h1 = a->h[1][i] / (t * t), h2 = a->h[2][i] / (t * t);
        const double first = u1 * grow + l1 * h1;
        const double second =
            a->u[2][i] * grow + 2.0 * l2 * u1 * h1 + l1 * (h2 + 2.0 * l2 * h1 * a->h[1][i] / t);
        sums[0] += r->phi[1][i] * first;
        sums[1] += r->phi[2][i] * first * first + r->phi[1][i] * second;
    }
    comm_sum(a->problem->comm, sums, 2);
    a->gradient = sums[0] / a->problem->data->weight_sum;
    a->second = sums[1] / a->problem->data->weight_sum;
}

/* ---- the row of the table ---- */

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    spectral_t *a = criterion->work;
    double lambda;
    a->problem->penalty->kind->natural(theta, &lambda);
    if (!move(a, lambda, result))
        return;
    predict(a);
    if (!alo_scalar_find_all_t(&a->rows, a->problem, result))
        return;
    alo_scalar_leave_out(&a->rows);
    if (!evaluation_left_out(&a->evaluation, a->problem, a->rows.left_out, a->rows.phi, result))
        return;
    evaluation_mean(a->problem, a->rows.phi[0], result);
    if (order >= 1)
        derive(a);
    find_beta(a);
    result->valid = true;
    result->gradient = order >= 1 ? &a->gradient : NULL;
    result->hessian = order >= 2 ? &a->second : NULL;
    result->beta = a->beta;
    result->rows = a->rows.phi[0];
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    const spectral_t *a = criterion->work;
    *out = a->second * *direction;
}

enum { COLUMNS, SQUARE, ROWS, TABLE };
static const array_row_t array_rows[] = {
    ARRAY(spectral_t, V, SQUARE),     ARRAY(spectral_t, Z, TABLE),
    ARRAY(spectral_t, mean, COLUMNS), ARRAY(spectral_t, s, COLUMNS),
    ARRAY(spectral_t, b, COLUMNS),    ARRAY(spectral_t, beta, COLUMNS),
    ARRAY(spectral_t, d[0], COLUMNS), ARRAY(spectral_t, bd[0], COLUMNS),
    ARRAY(spectral_t, d[1], COLUMNS), ARRAY(spectral_t, bd[1], COLUMNS),
    ARRAY(spectral_t, d[2], COLUMNS), ARRAY(spectral_t, bd[2], COLUMNS),
    ARRAY(spectral_t, u[0], ROWS),    ARRAY(spectral_t, h[0], ROWS),
    ARRAY(spectral_t, l[0], ROWS),    ARRAY(spectral_t, u[1], ROWS),
    ARRAY(spectral_t, h[1], ROWS),    ARRAY(spectral_t, l[1], ROWS),
    ARRAY(spectral_t, u[2], ROWS),    ARRAY(spectral_t, h[2], ROWS),
    ARRAY(spectral_t, l[2], ROWS)};

/* There are at most as many features as columns. */
static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    const int64_t p = shape->width;
    const int64_t counts[] = {p, p * p, shape->rows, shape->rows * p};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

/* With what only the start needs. */
static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    (void)form; /* no Hessian is held */
    const int p = shape->width - shape->intercept;
    const int64_t panel = (int64_t)p * panel_rows(p);
    return arrays_memory(&arrays, shape) + panel * (int64_t)sizeof(double) +
           alo_scalar_memory(shape->rows) + spd_eigen_memory(p);
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    spectral_t *a = NULL;
    problem_t *problem = criterion->problem;
    const problem_shape_t shape = problem_shape(problem);
    ALLOC(a, 1);
    criterion->work = a;
    a->problem = problem;
    a->p = problem->data->p;
    TRY(arrays_create(&arrays, &shape, a));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = a->u[0];
    a->rows.h = a->h[0];
    a->rows.l = a->l;
out:
    return code;
}

/* What only the start needs. */
static int reserve(const spectral_t *a, double **unpacked, double **panel)
{
    int code = TRALO_OK;
    ALLOC(*unpacked, rows_buffer(&a->problem->data->X));
    ALLOC(*panel, (int64_t)a->p * panel_rows(a->p));
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    comm_t *comm = criterion->problem->comm;
    evaluation_t evaluation;
    double *panel = NULL, *unpacked = NULL;
    TRY(evaluation_find(o->common.loss, criterion->problem, &evaluation));
    TRY(comm_agree(comm, allocate(criterion)));
    spectral_t *a = criterion->work;
    a->evaluation = evaluation;
    TRY(comm_agree(comm, reserve(a, &unpacked, &panel)));
    find_means(a);
    TRY(find_basis(a, unpacked, panel));
    rotate(a, panel);
out:
    mem_free(&unpacked);
    mem_free(&panel);
    return code;
}

static void destroy(criterion_t *criterion)
{
    spectral_t *a = criterion->work;
    if (a == NULL)
        return;
    arrays_free(&arrays, a);
    alo_scalar_free(&a->rows);
    mem_free(&criterion->work);
}

/* The eigenvectors, found by the first rank while the others wait, and Z. */
static void cost_once(const problem_shape_t *shape, work_t *work)
{
    const int p = shape->width - shape->intercept;
    const double n = (double)shape->n, square = (double)p * p;
    if (shape->intercept) {
        work->amount[WORK_PASS] += 2.0 * cost_numbers(shape);
        work_sum(work, 1.0, p);
        work_sum(work, 1.0, 1.0);
    }
    work->amount[WORK_PANEL] += n * (panel_gram_flops(p) + 2.0 * square);
    work->amount[WORK_PASS] += 2.0 * n * p;
    work->amount[WORK_WHOLE] += spd_eigen_flops(p) * (double)shape->ranks;
    cost_sum_square(p, 1.0, work);
    work_sum(work, 1.0, 1.0);
    work_sum(work, 1.0, square);
    work_sum(work, 2.0, p);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const double n = (double)shape->n, p = shape->width - shape->intercept;
    const double derivatives = course->order > 0 ? DERIVATIVES - 1.0 : 0.0;
    (void)form;
    if (course->order < 0) {
        cost_once(shape, work);
        return;
    }
    alo_scalar_cost(shape, 0, 0.0, work);
    evaluation_cost(shape, work);
    cost_rows(shape, 1.0 + (course->order > 0), work);
    work->amount[WORK_PASS] += 2.0 * n * p * (1.0 + derivatives);
    work->amount[WORK_PASS] += 2.0 * p * p * (double)shape->ranks;
    work_sum(work, course->order > 0, 2.0);
}

static const char *unsuited(const algebra_facts_t *facts)
{
    if (facts->shape.sparse)
        return "an X that is held dense";
    if (facts->shape.streamed)
        return "an X in memory (it holds all rows turned by the eigenvectors)";
    return facts->one_ridge ? NULL : "squared loss and one ridge penalty for every feature";
}

const criterion_kind_t criterion_alo_spectral = {
    .name = "alo",
    .by = "spectral",
    .form = &hessian_replicated,
    .unsuited = unsuited,
    .algebra = "eigenvalues of X'X, found once for the one ridge penalty: O(n p) for each lambda",
    .approximates_loo = true,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
