/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for more columns than rows: the mathematics of alo.c in n x n matrices,
   all rows on every rank. Notation of problem/wide.h; D = diag(r''), a dot for the derivative along
   a direction.

       T = N^-1 - Y E^-1 Y' = I - R B R               B = (X F) H^-1 (X F)',  h = diag B, t = diag T
       V = I - A B                                    (beta rows of) H^-1 X' = D^-1 X' V
       gradient   k = (B o B) c,  U = V diag(c) V',   C_jj = x_j'U x_j / D_j^2
       Hessian    K. = X diag(D. / D^2) X'            B. = -B diag(w) B - V'K. V,  w = l''' u.
                  h. = diag B.                        k. = 2 (B o B.) c + (B o B) c.
                  V. = -diag(w) B - A B.              U. = V. diag(c) V' + its transpose
                                                           + V diag(c.) V'
                  C._jj = x_j'U. x_j / D_j^2 - 2 C_jj D._j / D_j

   A row of little curvature, a_i K_ii < WEAK, has B_ij not from T, which hardly shows it, but from
   B = K - K Q K + (F - K R Y) E^-1 (F - K R Y)'; the others from T, for 1 - a_i B_ii would cancel
   where a model interpolates.

   Each rank forms its share of the columns of a product, and one reduction puts them together. The
   rest of a direction is that of alo.c (adjoint.c). */
#include <cblas.h>
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
#include "linalg/spd.h"
#include "problem/wide.h"

void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info);

static const double WEAK = 1e-3;

typedef struct alo_wide {
    problem_t *problem; /* borrowed */
    wide_t *wide;       /* of the fit's Hessian */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    alo_scalar_t rows; /* of this rank */
    double *xv;        /* [rows] */
    double *by_column; /* [columns] */
    /* [n, n], column-major, all of them symmetric but V and P */
    double *T, *B, *V, *U, *K_dot, *B_dot, *P;
    /* [n] of all rows */
    double *all, *c, *c_dot, *omega;
    double *G;  /* [free, n] what T, or B, owes to the free columns: as L_E^-1 times rows */
    int *at;    /* [n] the weak rows */
    bool ready; /* l'''', xv, c are known at this point */
} alo_wide_t;

static int64_t side(const alo_wide_t *a)
{
    return a->wide->n;
}

/* ---- n x n products ---- */

/* Brings together what the ranks have formed of their columns [begin, end), in out [n, n]. */
static void unite(alo_wide_t *a, int begin, int end, double *out)
{
    const int64_t n = side(a);
    memset(out, 0, (size_t)(begin * n) * sizeof *out);
    memset(out + end * n, 0, (size_t)((n - end) * n) * sizeof *out);
    comm_sum(a->problem->comm, out, n * n);
}

typedef struct product {
    const double *left, *right;
    CBLAS_TRANSPOSE of_left, of_right;
    double scale;
} product_t;

/* This rank's columns [begin, end) of out = scale left right + (add) out. */
static void multiply(const alo_wide_t *a, product_t p, bool add, double *out)
{
    const int n = a->wide->n;
    int begin, end;
    spd_share(a->problem->comm, n, &begin, &end);
    const ptrdiff_t at = (ptrdiff_t)begin * n;
    if (begin < end)
        cblas_dgemm(CblasColMajor, p.of_left, p.of_right, n, end - begin, n, p.scale, p.left, n,
                    p.right + (p.of_right == CblasTrans ? begin : at), n, add ? 1.0 : 0.0, out + at,
                    n);
}

/* out = left diag(weights), or diag(weights) left. */
static void scale_columns(int64_t n, const double *left, const double *weights, double *out)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            out[i + j * n] = left[i + j * n] * weights[j];
}

static void scale_rows(int64_t n, const double *left, const double *weights, double *out)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            out[i + j * n] = weights[i] * left[i + j * n];
}

/* ---- value ---- */

static bool weak(const wide_t *w, int64_t i)
{
    return w->r[i] * w->r[i] * w->K[i * (w->n + 1)] < WEAK;
}

/* T from the factors of N and E. */
static void find_T(alo_wide_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int info = 0;
    memcpy(a->T, w->L, (size_t)(n * n) * sizeof *a->T);
    dpotri_("L", &w->n, a->T, &w->n, &info);
    memcpy(a->G, w->Y, (size_t)(w->free * n) * sizeof *a->G);
    if (w->free > 0) /* G = L_E^-1 Y' as rows */
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, w->n, w->free,
                    1.0, w->E, w->free, a->G, w->n);
    if (w->free > 0)
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, w->n, w->free, -1.0, a->G, w->n, 1.0,
                    a->T, w->n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            a->T[i + j * n] = a->T[j + i * n];
}

/* G = F - K R Y, then L_E^-1 times its transpose, as rows. */
static void find_G(alo_wide_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    memcpy(a->G, w->F, (size_t)(w->free * n) * sizeof *a->G);
    for (int64_t f = 0; f < w->free; f++) {
        for (int64_t i = 0; i < n; i++)
            a->all[i] = w->r[i] * w->Y[f * n + i];
        cblas_dsymv(CblasColMajor, CblasLower, w->n, -1.0, w->K, w->n, a->all, 1, 1.0, a->G + f * n,
                    1);
    }
    if (w->free > 0)
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, w->n, w->free,
                    1.0, w->E, w->free, a->G, w->n);
}

/* The columns of B of the `count` weak rows `at`, into the first columns of P: K - K Q K + G'G. */
static void find_weak(alo_wide_t *a, const int *at, int count)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int info = 0;
    double *Q = a->U; /* [n, count], free until the gradient */
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++) {
            a->P[i + k * n] = w->K[i + at[k] * n];
            Q[i + k * n] = w->r[i] * w->K[i + at[k] * n];
        }
    dpotrs_("L", &w->n, &count, w->L, &w->n, Q, &w->n, &info);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++)
            Q[i + k * n] *= w->r[i];
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, w->n, count, w->n, -1.0, w->K, w->n, Q,
                w->n, 1.0, a->P, w->n);
    find_G(a);
    for (int64_t k = 0; k < count; k++)
        for (int64_t f = 0; f < w->free; f++)
            cblas_daxpy(w->n, a->G[f * n + at[k]], a->G + f * n, 1, a->P + k * n, 1);
}

/* B, and V = I - A B. */
static void find_B(alo_wide_t *a, int *at)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int count = 0;
    for (int64_t j = 0; j < n; j++) {
        if (weak(w, j)) {
            at[count++] = (int)j;
            continue;
        }
        for (int64_t i = 0; i < n; i++)
            a->B[i + j * n] = ((i == j ? 1.0 : 0.0) - a->T[i + j * n]) / (w->r[i] * w->r[j]);
        for (int64_t i = 0; i < n; i++)
            a->V[i + j * n] = w->r[i] * a->T[i + j * n] / w->r[j];
    }
    if (count > 0)
        find_weak(a, at, count);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++) {
            const double b = a->P[i + k * n];
            a->B[i + at[k] * n] = a->B[at[k] + i * n] = b;
            a->V[i + at[k] * n] = (i == at[k] ? 1.0 : 0.0) - w->r[i] * w->r[i] * b;
        }
}

/* h and t of this rank's rows. */
static void find_leverages(alo_wide_t *a)
{
    const wide_t *w = a->wide;
    const int64_t first = a->problem->data->first, step = side(a) + 1;
    for (int64_t i = 0; i < a->problem->rows; i++) {
        const int64_t at = (first + i) * step;
        a->rows.h[i] = a->B[at];
        a->rows.t[i] = weak(w, first + i) ? a->V[at] : a->T[at];
    }
}

/* ---- gradient ---- */

/* out [columns] = x_j'S x_j / D_j^2, 0 for free columns; S by its lower triangle. */
static void find_C(alo_wide_t *a, const double *S, double *out)
{
    const wide_t *w = a->wide;
    wide_quadratic(a->wide, S, out);
    for (int k = 0; k < w->penalised; k++) {
        const int j = w->list[k];
        out[j] /= w->D[j] * w->D[j];
    }
}

/* out = left V', then all of it on every rank. */
static void times_V(alo_wide_t *a, const double *left, double *out)
{
    int begin, end;
    spd_share(a->problem->comm, a->wide->n, &begin, &end);
    multiply(a, (product_t){left, a->V, CblasNoTrans, CblasTrans, 1.0}, false, out);
    unite(a, begin, end, out);
}

static void find_gradient(alo_wide_t *a)
{
    const int64_t n = side(a), first = a->problem->data->first;
    alo_scalar_weigh(&a->rows);
    wide_gather(a->wide, a->rows.c, a->c);
    for (int64_t i = 0; i < a->problem->rows; i++) {
        const double *B = a->B + (first + i) * n;
        a->rows.k[i] = 0.0;
        for (int64_t j = 0; j < n; j++)
            a->rows.k[i] += B[j] * B[j] * a->c[j];
    }
    scale_columns(n, a->V, a->c, a->P);
    times_V(a, a->P, a->U);
    find_C(a, a->U, a->adjoint.C);
    alo_scalar_adjoint(&a->rows);
    problem_transposed(a->problem, a->rows.g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
}

/* ---- Hessian along one direction ---- */

static void find_B_dot(alo_wide_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int begin, end;
    spd_share(a->problem->comm, w->n, &begin, &end);
    for (int k = 0; k < w->penalised; k++) {
        const int j = w->list[k];
        a->by_column[j] = a->adjoint.D_dot[j] / (w->D[j] * w->D[j]);
    }
    wide_product(a->wide, a->by_column, a->K_dot);
    scale_rows(n, a->B, a->omega, a->P);
    multiply(a, (product_t){a->B, a->P, CblasNoTrans, CblasNoTrans, -1.0}, false, a->B_dot);
    multiply(a, (product_t){a->K_dot, a->V, CblasNoTrans, CblasNoTrans, 1.0}, false, a->P);
    multiply(a, (product_t){a->V, a->P, CblasTrans, CblasNoTrans, -1.0}, true, a->B_dot);
    unite(a, begin, end, a->B_dot);
}

/* b, u., and h. along delta. */
static void move_fit(alo_wide_t *a)
{
    const problem_t *problem = a->problem;
    const int64_t step = side(a) + 1;
    adjoint_move_fit(&a->adjoint);
    problem_times(problem, a->adjoint.b, a->rows.u_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] = problem->l[3][i] * a->rows.u_dot[i];
    wide_gather(a->wide, a->rows.g, a->omega);
    find_B_dot(a);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.h_dot[i] = a->B_dot[(problem->data->first + i) * step];
}

/* U. into P, its lower triangle, and C._jj. */
static void move_C(alo_wide_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    double *half = a->P, *U_dot = a->K_dot, *C_dot = a->adjoint.C_dot;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = i + j * n;
            const double V_dot = -a->omega[i] * a->B[at] - w->r[i] * w->r[i] * a->B_dot[at];
            half[at] = V_dot * a->c[j] + 0.5 * a->V[at] * a->c_dot[j];
        }
    times_V(a, half, U_dot);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++)
            U_dot[i + j * n] += U_dot[j + i * n];
    find_C(a, U_dot, C_dot);
    for (int k = 0; k < w->penalised; k++) {
        const int j = w->list[k];
        C_dot[j] -= 2.0 * a->adjoint.C[j] * a->adjoint.D_dot[j] / w->D[j];
    }
}

/* k., C._jj, then v. */
static void move_adjoint(alo_wide_t *a)
{
    const problem_t *problem = a->problem;
    const int64_t n = side(a), first = problem->data->first;
    wide_gather(a->wide, a->rows.c_dot, a->c_dot);
    for (int64_t i = 0; i < problem->rows; i++) {
        const double *B = a->B + (first + i) * n, *B_dot = a->B_dot + (first + i) * n;
        a->rows.k_dot[i] = 0.0;
        for (int64_t j = 0; j < n; j++)
            a->rows.k_dot[i] += B[j] * (2.0 * B_dot[j] * a->c[j] + B[j] * a->c_dot[j]);
    }
    move_C(a);
    alo_scalar_move_adjoint(&a->rows);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] -= problem->l[3][i] * a->rows.u_dot[i] * a->xv[i];
    problem_transposed(a->problem, a->rows.g, a->adjoint.v_dot);
    adjoint_find_product(&a->adjoint);
}

/* The Hessian times adjoint.delta into adjoint.product. */
static void find_product(void *work)
{
    alo_wide_t *a = work;
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
    alo_wide_t *a = criterion->work;
    if (!fit_minimise(criterion, &a->fit, theta, result))
        return;
    if (order > 0)
        problem_rows(a->problem, 3);
    find_T(a);
    find_B(a, a->at);
    find_leverages(a);
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
    alo_wide_t *a = criterion->work;
    adjoint_multiply(&a->adjoint, find_product, a, direction, out);
}

enum { LOCAL, COLUMNS, SQUARE, ROWS };
static const array_row_t array_rows[] = {
    ARRAY(alo_wide_t, xv, LOCAL),     ARRAY(alo_wide_t, by_column, COLUMNS),
    ARRAY(alo_wide_t, T, SQUARE),     ARRAY(alo_wide_t, B, SQUARE),
    ARRAY(alo_wide_t, V, SQUARE),     ARRAY(alo_wide_t, U, SQUARE),
    ARRAY(alo_wide_t, K_dot, SQUARE), ARRAY(alo_wide_t, B_dot, SQUARE),
    ARRAY(alo_wide_t, P, SQUARE),     ARRAY(alo_wide_t, all, ROWS),
    ARRAY(alo_wide_t, c, ROWS),       ARRAY(alo_wide_t, c_dot, ROWS),
    ARRAY(alo_wide_t, omega, ROWS)};

static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    const int64_t counts[] = {shape->rows, shape->width, shape->n * shape->n, shape->n};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

/* As if one column were free. */
static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + alo_scalar_memory(shape->rows) +
           arrays_memory(&arrays, shape) + shape->n * (int64_t)(sizeof(double) + sizeof(int));
}

static double flops(const hessian_kind_t *form, const problem_shape_t *shape)
{
    const double n = (double)shape->n;
    return 4.0 * form->flops(shape) + (6.0 + 9.0 * shape->count) * n * n * n;
}

static int allocate(criterion_t *criterion)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    const problem_shape_t shape = problem_shape(problem);
    alo_wide_t *a = criterion->work;
    a->problem = problem;
    a->wide = hessian_wide_of(a->fit.hessian);
    TRY(adjoint_allocate(problem, a->fit.hessian, &a->adjoint));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = problem->u;
    a->rows.l = problem->l;
    a->rows.own_t = true;
    TRY(arrays_create(&arrays, &shape, a));
    ALLOC(a->G, (int64_t)a->wide->free * a->wide->n);
    ALLOC(a->at, a->wide->n);
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    comm_t *comm = criterion->problem->comm;
    evaluation_t evaluation;
    alo_wide_t *a;
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
    alo_wide_t *a = criterion->work;
    if (a == NULL)
        return;
    arrays_free(&arrays, a);
    alo_scalar_free(&a->rows);
    mem_free(&a->G);
    mem_free(&a->at);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo_wide = {
    .name = "alo",
    .form = &hessian_wide,
    .approximates_loo = true,
    .memory = memory,
    .flops = flops,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
