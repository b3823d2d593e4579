/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/alo_wide_matrices.h"

#include <cblas.h>
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "linalg/spd.h"

void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info);

static const double WEAK = 1e-3;

static double invert_flops(double m)
{
    return 2.0 / 3.0 * m * m * m;
}

void wide_matrices_cost(const problem_shape_t *shape, const course_t *course, work_t *work)
{
    const double m = (double)(shape->n * wide_per_row(shape->outputs));
    const double gradient = course->order > 0 ? 1.0 : 0.0, directions = course->directions;
    work->amount[WORK_WHOLE] += invert_flops(m) * (double)shape->ranks;
    work->amount[WORK_PANEL] += (gradient + 4.0 * directions) * 2.0 * m * m * m;
    work_sum(work, gradient + 2.0 * directions, m * m);
    wide_cost_product(shape, directions, work);
    wide_cost_quadratic(shape, gradient + directions, work);
}

static int64_t side(const wide_matrices_t *a)
{
    return a->wide->m;
}

/* ---- n x n products ---- */

/* Brings together what the ranks have formed of their columns [begin, end), in out [n, n]. */
static void unite(wide_matrices_t *a, int begin, int end, double *out)
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
static void multiply(const wide_matrices_t *a, product_t p, bool add, double *out)
{
    const int n = a->wide->m;
    int begin, end;
    spd_share(a->problem->comm, n, &begin, &end);
    const ptrdiff_t at = (ptrdiff_t)begin * n;
    work_count(WORK_PANEL, 2.0 * n * (double)n * (end - begin));
    if (begin < end)
        cblas_dgemm(CblasColMajor, p.of_left, p.of_right, n, end - begin, n, p.scale, p.left, n,
                    p.right + (p.of_right == CblasTrans ? begin : at), n, add ? 1.0 : 0.0, out + at,
                    n);
}

/* out = left times the block diagonal matrix of blocks [n, q, q], and the other way round. */
static void times_blocks(const wide_matrices_t *a, const double *left, const double *blocks,
                         double *out)
{
    const int64_t n = side(a), q = a->wide->per_row;
    for (int64_t j = 0; j < n; j++) {
        const double *block = blocks + j * q; /* its row */
        const double *from = left + j / q * q * n;
        for (int64_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (int64_t e = 0; e < q; e++)
                sum += from[i + e * n] * block[e];
            out[i + j * n] = sum;
        }
    }
}

static void blocks_times(const wide_matrices_t *a, const double *blocks, const double *right,
                         double *out)
{
    const int64_t n = side(a), q = a->wide->per_row;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
            const double *from = right + j * n + (q > 1 ? i / q * q : i);
            double sum = 0.0;
            for (int64_t e = 0; e < q; e++)
                sum += blocks[i * q + e] * from[e];
            out[i + j * n] = sum;
        }
}

/* ---- value ---- */

bool wide_matrices_weak(const wide_t *w, int64_t i)
{
    return w->r[i] * w->r[i] * w->K[i * (w->m + 1)] < WEAK;
}

/* T from the factors of N and E. */
static void find_T(wide_matrices_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int info = 0;
    work_count(WORK_WHOLE, invert_flops((double)n));
    memcpy(a->T, w->L, (size_t)(n * n) * sizeof *a->T);
    dpotri_("L", &w->m, a->T, &w->m, &info);
    memcpy(a->G, w->Y, (size_t)(w->free * n) * sizeof *a->G);
    if (w->free > 0) /* G = L_E^-1 Y' as rows */
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, w->m, w->free,
                    1.0, w->E, w->free, a->G, w->m);
    if (w->free > 0)
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, w->m, w->free, -1.0, a->G, w->m, 1.0,
                    a->T, w->m);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            a->T[i + j * n] = a->T[j + i * n];
}

/* G = F - K R Y, then L_E^-1 times its transpose, as rows. */
static void find_G(wide_matrices_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    memcpy(a->G, w->F, (size_t)(w->free * n) * sizeof *a->G);
    for (int64_t f = 0; f < w->free; f++) {
        for (int64_t i = 0; i < n; i++)
            a->all[i] = w->r[i] * w->Y[f * n + i];
        cblas_dsymv(CblasColMajor, CblasLower, w->m, -1.0, w->K, w->m, a->all, 1, 1.0, a->G + f * n,
                    1);
    }
    if (w->free > 0)
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, w->m, w->free,
                    1.0, w->E, w->free, a->G, w->m);
}

/* The columns of B of the `count` weak rows `at`, into the first columns of P: K - K Q K + G'G. */
static void find_weak(wide_matrices_t *a, const int *at, int count)
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
    dpotrs_("L", &w->m, &count, w->L, &w->m, Q, &w->m, &info);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++)
            Q[i + k * n] *= w->r[i];
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, w->m, count, w->m, -1.0, w->K, w->m, Q,
                w->m, 1.0, a->P, w->m);
    find_G(a);
    for (int64_t k = 0; k < count; k++)
        for (int64_t f = 0; f < w->free; f++)
            cblas_daxpy(w->m, a->G[f * n + at[k]], a->G + f * n, 1, a->P + k * n, 1);
}

/* B, and V = I - A B. */
static void find_B(wide_matrices_t *a)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    int count = 0, *at = a->at;
    for (int64_t j = 0; j < n; j++) {
        if (wide_matrices_weak(w, j)) {
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

void wide_matrices_find(wide_matrices_t *a)
{
    find_T(a);
    find_B(a);
}

/* ---- contractions with the blocks of rows ---- */

/* out [rows, q, q] (+)= the blocks of left B of this rank's rows, B symmetric. */
static void take_blocks(const wide_matrices_t *a, const double *left, const double *B, bool add,
                        double *out)
{
    const int64_t n = side(a), q = a->wide->per_row, first = a->problem->data->first;
    for (int64_t i = 0; i < a->problem->rows * q; i++)
        for (int64_t e = 0; e < q; e++) {
            const int64_t row = first * q + i, column = (first + i / q) * q + e;
            double sum = add ? out[i * q + e] : 0.0;
            for (int64_t j = 0; j < n; j++)
                sum += left[row * n + j] * B[column * n + j];
            out[i * q + e] = sum;
        }
}

/* Adds the transposes of the blocks [rows, q, q] to them. */
static void add_transposes(const wide_matrices_t *a, double *blocks)
{
    const int64_t q = a->wide->per_row;
    for (int64_t i = 0; i < a->problem->rows; i++)
        for (int64_t e = 0; e < q; e++)
            for (int64_t f = 0; f <= e; f++) {
                double *lower = blocks + (i * q + e) * q + f, *upper = blocks + (i * q + f) * q + e;
                *lower = *upper = *lower + *upper;
            }
}

/* out [columns] = x_j'S x_j / D_j^2, 0 for free columns; S by its lower triangle. */
static void find_C(wide_matrices_t *a, const double *S, double *out)
{
    const problem_t *problem = a->problem;
    const double *D = a->wide->D;
    wide_quadratic(a->wide, S, out);
    for (int j = 0; j < problem->columns; j++)
        out[j] = problem->penalty->group[j] >= 0 ? out[j] / (D[j] * D[j]) : 0.0;
}

/* out = left V', then all of it on every rank. */
static void times_V(wide_matrices_t *a, const double *left, double *out)
{
    int begin, end;
    spd_share(a->problem->comm, a->wide->m, &begin, &end);
    multiply(a, (product_t){left, a->V, CblasNoTrans, CblasTrans, 1.0}, false, out);
    unite(a, begin, end, out);
}

void wide_matrices_contract(wide_matrices_t *a, double *k, double *C)
{
    blocks_times(a, a->c, a->B, a->P); /* its columns are the rows of B c */
    take_blocks(a, a->P, a->B, false, k);
    times_blocks(a, a->V, a->c, a->P);
    times_V(a, a->P, a->U);
    find_C(a, a->U, C);
}

/* ---- along a direction ---- */

void wide_matrices_move(wide_matrices_t *a, const double *D_dot)
{
    const wide_t *w = a->wide;
    int begin, end;
    spd_share(a->problem->comm, w->m, &begin, &end);
    for (int j = 0; j < a->problem->columns; j++)
        if (a->problem->penalty->group[j] >= 0)
            a->by_column[j] = D_dot[j] / (w->D[j] * w->D[j]);
    wide_product(a->wide, a->by_column, a->K_dot);
    blocks_times(a, a->omega, a->B, a->P);
    multiply(a, (product_t){a->B, a->P, CblasNoTrans, CblasNoTrans, -1.0}, false, a->B_dot);
    multiply(a, (product_t){a->K_dot, a->V, CblasNoTrans, CblasNoTrans, 1.0}, false, a->P);
    multiply(a, (product_t){a->V, a->P, CblasTrans, CblasNoTrans, -1.0}, true, a->B_dot);
    unite(a, begin, end, a->B_dot);
}

/* half = V. c + V c. / 2 with V. = -omega B - A B., so that U. = half V' + its transpose. */
static void find_half(wide_matrices_t *a, double *V_dot, double *half)
{
    const wide_t *w = a->wide;
    const int64_t n = side(a);
    blocks_times(a, a->omega, a->B, V_dot);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            V_dot[i + j * n] = -V_dot[i + j * n] - w->r[i] * w->r[i] * a->B_dot[i + j * n];
    times_blocks(a, V_dot, a->c, half);
    times_blocks(a, a->V, a->c_dot, V_dot);
    cblas_daxpy((int)(n * n), 0.5, V_dot, 1, half, 1);
}

void wide_matrices_contract_along(wide_matrices_t *a, const double *C, const double *D_dot,
                                  double *k_dot, double *C_dot)
{
    const int64_t n = side(a);
    double *half = a->P, *U_dot = a->K_dot;
    blocks_times(a, a->c, a->B, a->P);
    take_blocks(a, a->P, a->B_dot, false, k_dot);
    add_transposes(a, k_dot);
    blocks_times(a, a->c_dot, a->B, a->P);
    take_blocks(a, a->P, a->B, true, k_dot);
    find_half(a, U_dot, half);
    times_V(a, half, U_dot);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++)
            U_dot[i + j * n] += U_dot[j + i * n];
    find_C(a, U_dot, C_dot);
    for (int j = 0; j < a->problem->columns; j++)
        if (a->problem->penalty->group[j] >= 0)
            C_dot[j] -= 2.0 * C[j] * D_dot[j] / a->wide->D[j];
}

/* ---- memory ---- */

typedef struct sizes {
    int64_t m, q, columns, free;
} sizes_t;

enum { COLUMNS, SQUARE, ROWS, BLOCKS, FREE };
static const array_row_t array_rows[] = {ARRAY(wide_matrices_t, by_column, COLUMNS),
                                         ARRAY(wide_matrices_t, T, SQUARE),
                                         ARRAY(wide_matrices_t, B, SQUARE),
                                         ARRAY(wide_matrices_t, V, SQUARE),
                                         ARRAY(wide_matrices_t, U, SQUARE),
                                         ARRAY(wide_matrices_t, K_dot, SQUARE),
                                         ARRAY(wide_matrices_t, B_dot, SQUARE),
                                         ARRAY(wide_matrices_t, P, SQUARE),
                                         ARRAY(wide_matrices_t, all, ROWS),
                                         ARRAY(wide_matrices_t, c, BLOCKS),
                                         ARRAY(wide_matrices_t, c_dot, BLOCKS),
                                         ARRAY(wide_matrices_t, omega, BLOCKS),
                                         ARRAY(wide_matrices_t, G, FREE)};

static int64_t elements(int form, const void *sizes)
{
    const sizes_t *s = sizes;
    const int64_t counts[] = {s->columns, s->m * s->m, s->m, s->m * s->q, s->free * s->m};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

int64_t wide_matrices_memory(const problem_shape_t *shape)
{
    const int64_t K = shape->outputs, q = wide_per_row(K), m = shape->n * q;
    const sizes_t s = {m, q, K * shape->width, K};
    return arrays_memory(&arrays, &s) + m * (int64_t)sizeof(int);
}

int wide_matrices_create(problem_t *problem, const hessian_t *hessian, wide_matrices_t *a)
{
    int code = TRALO_OK;
    wide_t *w = hessian_wide_of(hessian);
    const sizes_t sizes = {w->m, w->per_row, problem->columns, w->free};
    a->problem = problem;
    a->wide = w;
    TRY(arrays_create(&arrays, &sizes, a));
    ALLOC(a->at, w->m);
out:
    return code;
}

void wide_matrices_free(wide_matrices_t *a)
{
    arrays_free(&arrays, a);
    mem_free(&a->at);
}
