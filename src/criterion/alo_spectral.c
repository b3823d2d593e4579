/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out of squared loss with one ridge penalty, where it is exact: O(n p) for
   each lambda after one eigendecomposition (Golub, Heath & Wahba, Technometrics 21 (1979) 215).

       once     m = sum w x / sum w, y_mean likewise of y - o (without intercept: 0)
                (X - 1 m')' diag(w) (X - 1 m') = V diag(s) V',   Z = (X - 1 m') V
                b = Z' diag(w) (y - o - y_mean) = V' (X - 1 m')' diag(w) (y - o - y_mean)
       lambda   d_j = 1 / (s_j + lambda)                  H is diagonal in the basis V
                h_i = 1 / sum w + sum_j z_ij^2 d_j        (without intercept: no first term)
                u_i = o_i + y_mean + sum_j z_ij b_j d_j   t = 1 - l'' h,  u~ = u + l' h / t
       derivatives in theta = log lambda, a dot for each: d. = -lambda d^2, d.. = d. + 2 lambda^2
   d^3 give u., u.., h., h.. by the same sums, and u~.  = u. (1 + l'' h / t) + l' h. / t^2 u~.. =
   u.. (1 + l'' h / t) + 2 l'' u. h. / t^2 + l' (h.. / t^2 + 2 l'' h.^2 / t^3)

   Z takes the place of X in each pass; where X stays on disk, its rows are turned by V again in the
   one pass of each lambda, O(n p^2). Only p-vectors and single numbers cross the ranks. */
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
    double y_mean, free;      /* free: 1 / sum w, without intercept 0 */
    double *V;                /* [p, p] eigenvectors in columns; owned, as all below */
    double *Z;                /* [rows, p]; none where X stays on disk */
    double *centred, *turned; /* a panel of X - 1 m', and of Z */
    /* [p] */
    double *mean /* [columns] */, *s, *b, *d[DERIVATIVES], *bd[DERIVATIVES];
    /* [rows] */
    double *u[DERIVATIVES], *h[DERIVATIVES], *l[DERIVATIVES];
    alo_scalar_t rows;
    double *beta; /* [columns] */
    double gradient, second;
} spectral_t;

/* ---- once ---- */

static bool holds_rows(const spectral_t *a)
{
    return a->problem->data->X.stream == NULL;
}

/* centred = X - 1 m' in a panel of rows. */
static void centre(const spectral_t *a, const rows_panel_t *panel)
{
    const double *X = rows_dense(panel, NULL);
    for (int64_t i = 0; i < panel->count; i++)
        for (int j = 0; j < a->p; j++)
            a->centred[i * a->p + j] = X[i * panel->X->columns + j] - a->mean[j];
}

/* out = centred V, of so many rows. */
static void turn(const spectral_t *a, int64_t count, double *out)
{
    work_count(WORK_PANEL, 2.0 * (double)(count * a->p) * a->p);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, a->p, a->p, 1.0, a->centred,
                a->p, a->V, a->p, 0.0, out, a->p);
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

/* What a panel of rows adds to the Gram matrix, which V holds on its way, and to c [p]. */
static void add_panel(const spectral_t *a, const rows_panel_t *panel, double *c)
{
    const double *weights = a->problem->data->weights;
    double *residual = a->rows.g + panel->begin;
    centre(a, panel);
    panel_gram((int)panel->count, a->p, a->centred, weights != NULL ? weights + panel->begin : NULL,
               a->turned, a->V);
    for (int64_t k = 0; k < panel->count; k++)
        residual[k] = weight(a, panel->begin + k) * (target(a, panel->begin + k) - a->y_mean);
    panel_add_transposed(panel->count, a->p, a->centred, residual, c);
}

/* V and b = V'c. Collective. Errors: TRALO_ERR_MEMORY, TRALO_ERR_EVALUATION. */
static int find_basis(spectral_t *a)
{
    int code = TRALO_OK;
    const data_t *data = a->problem->data;
    double *c = a->bd[0];
    rows_pass_t pass = rows_begin(&data->X, ROWS_DENSE);
    while (rows_next(&pass))
        add_panel(a, &pass.panel, c);
    spd_sum(data->comm, a->p, a->V);
    comm_sum(data->comm, c, a->p);
    TRY(spd_eigen(data->comm, a->p, a->V, a->s));
    work_count(WORK_PASS, 2.0 * a->p * (double)a->p);
    cblas_dgemv(CblasColMajor, CblasTrans, a->p, a->p, 1.0, a->V, a->p, c, 1, 0.0, a->b, 1);
out:
    return code;
}

static void fill_rows(const spectral_t *a)
{
    rows_pass_t pass = rows_begin(&a->problem->data->X, ROWS_DENSE);
    while (rows_next(&pass)) {
        centre(a, &pass.panel);
        turn(a, pass.panel.count, a->Z + pass.panel.begin * a->p);
    }
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

/* The rows of a panel of Z. */
static const double *turned_rows(const spectral_t *a, const rows_panel_t *panel)
{
    if (holds_rows(a))
        return a->Z + panel->begin * a->p;
    centre(a, panel);
    turn(a, panel->count, a->turned);
    return a->turned;
}

/* sum_j z_j x_j, and *squares = sum_j z_j^2 d_j. */
static double sum_row(int p, const double *z, const double *x, const double *d, double *squares)
{
    double u = 0.0, h = 0.0;
#pragma omp simd reduction(+ : u, h)
    for (int j = 0; j < p; j++) {
        u += z[j] * x[j];
        h += z[j] * z[j] * d[j];
    }
    *squares = h;
    return u;
}

/* The sums in u and h of this rank's rows, and those in so many of their derivatives. */
static void sum_rows(const spectral_t *a, int derivatives)
{
    const int p = a->p;
    rows_pass_t pass = rows_begin(&a->problem->data->X, ROWS_DENSE);
    while (rows_next(&pass)) {
        const double *Z = turned_rows(a, &pass.panel);
        work_count(WORK_PASS, 2.0 * (double)(pass.panel.count * p) * (1.0 + derivatives));
        for (int64_t i = 0, row = pass.panel.begin; i < pass.panel.count; i++, row++)
            for (int k = 0; k <= derivatives; k++)
                a->u[k][row] = sum_row(p, Z + i * p, a->bd[k], a->d[k], &a->h[k][row]);
    }
}

static void predict(spectral_t *a, int derivatives)
{
    const data_t *data = a->problem->data;
    sum_rows(a, derivatives);
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
    predict(a, order >= 1 ? DERIVATIVES - 1 : 0);
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

enum { COLUMNS, SQUARE, ROWS, TABLE, PANEL };
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
    ARRAY(spectral_t, l[2], ROWS),    ARRAY(spectral_t, centred, PANEL),
    ARRAY(spectral_t, turned, PANEL)};

/* There are at most as many features as columns. */
static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    const int64_t p = shape->width;
    const int64_t counts[] = {p, p * p, shape->rows, shape->streamed ? 0 : shape->rows * p,
                              p * panel_rows(shape->width)};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

/* With what only the start needs. */
static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    (void)form; /* no Hessian is held */
    const int p = shape->width - shape->intercept;
    return arrays_memory(&arrays, shape) + alo_scalar_memory(shape->rows) + spd_eigen_memory(p);
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

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    comm_t *comm = criterion->problem->comm;
    evaluation_t evaluation;
    TRY(evaluation_find(o->common.loss, criterion->problem, &evaluation));
    TRY(comm_agree(comm, allocate(criterion)));
    spectral_t *a = criterion->work;
    a->evaluation = evaluation;
    find_means(a);
    TRY(find_basis(a));
    if (holds_rows(a))
        fill_rows(a);
out:
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

/* Of Z in memory once, of Z on the way at each lambda. */
static void cost_turn(const problem_shape_t *shape, work_t *work)
{
    const double p = shape->width - shape->intercept;
    work->amount[WORK_PANEL] += 2.0 * (double)shape->n * p * p;
}

/* The eigenvectors, found by the first rank while the others wait, and Z. */
static void cost_once(const problem_shape_t *shape, work_t *work)
{
    const int p = shape->width - shape->intercept;
    const double n = (double)shape->n, square = (double)p * p;
    if (shape->intercept) {
        work->amount[WORK_PASS] += 2.0 * cost_numbers(shape);
        cost_read(shape, 1.0, work);
        work_sum(work, 1.0, p);
        work_sum(work, 1.0, 1.0);
    }
    work->amount[WORK_PANEL] += n * panel_gram_flops(p);
    work->amount[WORK_PASS] += 2.0 * n * p + 2.0 * square * (double)shape->ranks;
    cost_read(shape, 1.0, work);
    if (!shape->streamed)
        cost_turn(shape, work);
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
    if (!shape->streamed)
        return;
    cost_turn(shape, work);
    cost_read(shape, 1.0, work);
    work_sum(work, 1.0 + (course->order < 2 ? course->directions : 0.0),
             1.0); /* could it be read? */
}

static const char *unsuited(const algebra_facts_t *facts)
{
    if (facts->shape.sparse)
        return "an X that is held dense";
    return facts->one_ridge ? NULL : "squared loss and one ridge penalty for every feature";
}

const criterion_kind_t criterion_alo_spectral = {
    .name = "alo",
    .by = "spectral",
    .form = &hessian_replicated,
    .unsuited = unsuited,
    .algebra = "eigenvalues of X'X, found once for the one ridge penalty: one pass for each lambda",
    .approximates_loo = true,
    .memory = memory,
    .cost = cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
