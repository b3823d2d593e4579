/* SPDX-License-Identifier: BSD-3-Clause */
/* Several outputs in the form `wide`. With V [K, K - 1] an orthonormal basis across the common
   shift (Helmert's) A_i = V M V', and M = U diag(r^2) U' gives W_i = V U: an A_i with more zeros
   than the one along the shift still has its W_i across that. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/arrays.h"
#include "loss/joint.h"
#include "problem/wide_parts.h"

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);

typedef struct sizes {
    int64_t n, K, free_columns;
} sizes_t;

enum { BASES, FREE_ROWS, PLANES, PLAIN, ROW };
static const array_row_t array_rows[] = {
    ARRAY(wide_outputs_t, W, BASES), ARRAY(wide_outputs_t, F, FREE_ROWS),
    ARRAY(wide_outputs_t, planes, PLANES), ARRAY(wide_outputs_t, plain, PLAIN),
    ARRAY(wide_outputs_t, row, ROW)};

static int64_t elements(int shape, const void *sizes)
{
    const sizes_t *s = sizes;
    const int64_t n = s->n, K = s->K;
    const int64_t counts[] = {n * K * (K - 1), n * s->free_columns, n * K, n * n, (2 * K + 34) * K};
    return K > 1 ? counts[shape] : 0;
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

int wide_outputs_create(wide_t *w)
{
    const problem_t *problem = w->problem;
    const sizes_t sizes = {w->n, problem->outputs, problem->width - w->penalised};
    return arrays_create(&arrays, &sizes, &w->outputs);
}

void wide_outputs_free(wide_t *w)
{
    arrays_free(&arrays, &w->outputs);
}

int64_t wide_outputs_memory(int64_t n, int64_t K, int64_t free_columns)
{
    const sizes_t sizes = {n, K, free_columns};
    return arrays_memory(&arrays, &sizes);
}

static int outputs(const wide_t *w)
{
    return w->problem->outputs;
}

static const double *basis(const wide_t *w, int64_t i)
{
    return w->outputs.W + i * outputs(w) * w->per_row;
}

/* out = V'x and out = V x for x [K] and [K - 1]. */
static void across(int K, const double *x, double *out)
{
    double sum = x[0];
    for (int e = 1; e < K; e++) {
        out[e - 1] = (sum - e * x[e]) / sqrt(e * (e + 1.0));
        sum += x[e];
    }
}

static void back(int K, const double *x, double *out)
{
    double sum = 0.0;
    for (int e = K - 1; e >= 1; e--) {
        const double part = x[e - 1] / sqrt(e * (e + 1.0));
        out[e] = sum - e * part;
        sum += part;
    }
    out[0] = sum;
}

/* W_i and the eigenvalues of local row i, for A_i in weights [blocks, rows]. */
static void turn_row(wide_t *w, const double *weights, int64_t i)
{
    const int64_t K = outputs(w), q = w->per_row, at = w->problem->data->first + i;
    const int order = (int)q, lwork = 34 * (int)K;
    double x[JOINT_MOST], turned[JOINT_MOST], *W = w->outputs.W + at * K * q;
    double *AV = w->outputs.row, *M = AV + K * q, *work = M + q * q; /* AV by columns */
    int info;
    for (int64_t a = 0; a < K; a++) {
        for (int64_t b = 0; b < K; b++)
            x[b] = weights[joint_at((int)a, (int)b) * w->problem->rows + i];
        across((int)K, x, turned);
        for (int64_t e = 0; e < q; e++)
            AV[e * K + a] = turned[e];
    }
    for (int64_t e = 0; e < q; e++)
        across((int)K, AV + e * K, M + e * q);
    dsyev_("V", "L", &order, M, &order, w->r + at * q, work, &lwork, &info);
    for (int64_t e = 0; e < q; e++) {
        back((int)K, M + e * q, x);
        for (int64_t a = 0; a < K; a++)
            W[a * q + e] = x[a];
    }
}

/* F = W'(I x F of the data). */
static void turn_free(wide_t *w)
{
    const int64_t K = outputs(w), q = w->per_row;
    for (int64_t f = 0; f < w->free; f++)
        for (int64_t i = 0; i < w->n; i++)
            for (int64_t e = 0; e < q; e++)
                w->F[f * w->m + i * q + e] =
                    w->outputs.F[f / K * w->n + i] * basis(w, i)[f % K * q + e];
}

void wide_outputs_turn(wide_t *w, const double *weights)
{
    const int64_t size = (int64_t)w->m * outputs(w);
    work_count(WORK_BLOCK, (double)w->problem->rows);
    memset(w->outputs.W, 0, (size_t)size * sizeof(double));
    memset(w->r, 0, (size_t)w->m * sizeof(double));
    for (int64_t i = 0; i < w->problem->rows; i++)
        turn_row(w, weights, i);
    comm_sum(w->problem->comm, w->outputs.W, size);
    comm_sum(w->problem->comm, w->r, w->m);
    turn_free(w);
}

/* out [n, n] (lower triangle) = the part of S, by its lower triangle, of output a: W_a S W_a'. */
static void take_output(const wide_t *w, int64_t a, const double *S, double *out)
{
    const int64_t n = w->n, m = w->m, q = w->per_row;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++) {
            const double *left = basis(w, i) + a * q, *right = basis(w, j) + a * q;
            double sum = 0.0;
            for (int64_t f = 0; f < q; f++)
                for (int64_t e = 0; e < q; e++) {
                    const int64_t r = i * q + e, c = j * q + f;
                    sum += left[e] * right[f] * (r >= c ? S[r + c * m] : S[c + r * m]);
                }
            out[i + j * n] = sum;
        }
}

/* out [m, m] += W_a'S W_a. */
static void add_output(const wide_t *w, int64_t a, const double *S, double *out)
{
    const int64_t n = w->n, m = w->m, q = w->per_row;
    for (int64_t j = 0; j < n; j++)
        for (int64_t f = 0; f < q; f++) {
            const double right = basis(w, j)[a * q + f];
            double *column = out + (j * q + f) * m;
            for (int64_t i = 0; i < n; i++)
                for (int64_t e = 0; e < q; e++)
                    column[i * q + e] += S[i + j * n] * right * basis(w, i)[a * q + e];
        }
}

/* Are the weights of output a those of the one before, on the penalised columns? */
static bool same_weights(const wide_t *w, int64_t a, const double *weights)
{
    const int64_t width = w->problem->width;
    for (int k = 0; a > 0 && k < w->penalised; k++) {
        const double *here = weights + a * width + w->list[k];
        if (*here != *(here - width))
            return false;
    }
    return a > 0;
}

void wide_outputs_product(wide_t *w, const double *weights, double *out)
{
    double *plain = w->outputs.plain;
    work_count(WORK_PASS, wide_outputs_flops(w->m, outputs(w)));
    memset(out, 0, (size_t)w->m * (size_t)w->m * sizeof *out);
    for (int64_t a = 0; a < outputs(w); a++) {
        if (!same_weights(w, a, weights))
            wide_columns_product(w, weights + a * w->problem->width, plain);
        add_output(w, a, plain, out);
    }
}

void wide_outputs_quadratic(wide_t *w, const double *S, double *out)
{
    work_count(WORK_PASS, wide_outputs_flops(w->m, outputs(w)));
    for (int64_t a = 0; a < outputs(w); a++) {
        take_output(w, a, S, w->outputs.plain);
        wide_columns_quadratic(w, w->outputs.plain, out + a * w->problem->width);
    }
}

/* The curvatures of a free column c of the data: sum_i (W_i diag(r^2) W_i')_aa F_i^2. */
static void find_curvatures(const wide_t *w, int64_t c, double *v)
{
    const int64_t K = outputs(w), q = w->per_row;
    memset(v, 0, (size_t)K * sizeof *v);
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t a = 0; a < K; a++)
            for (int64_t e = 0; e < q; e++) {
                const double part =
                    basis(w, i)[a * q + e] * w->r[i * q + e] * w->outputs.F[c * w->n + i];
                v[a] += part * part;
            }
}

void wide_outputs_add_gauge(wide_t *w, double gauge)
{
    const int64_t K = outputs(w);
    double v[JOINT_MOST];
    for (int64_t c = 0; c < w->free / K; c++) {
        find_curvatures(w, c, v);
        for (int64_t b = 0; b < K; b++)
            for (int64_t a = b; a < K; a++)
                w->E[c * K + a + (c * K + b) * w->free] += gauge * sqrt(v[a] * v[b]);
    }
}

void wide_outputs_combine(const wide_t *w, const double *planes, double *out)
{
    const int64_t K = outputs(w), q = w->per_row;
    memset(out, 0, (size_t)w->m * sizeof *out);
    for (int64_t a = 0; a < K; a++)
        for (int64_t i = 0; i < w->n; i++)
            for (int64_t e = 0; e < q; e++)
                out[i * q + e] += basis(w, i)[a * q + e] * planes[a * w->n + i];
}

void wide_outputs_spread(const wide_t *w, const double *x, double *planes)
{
    const int64_t K = outputs(w), q = w->per_row;
    for (int64_t a = 0; a < K; a++)
        for (int64_t i = 0; i < w->n; i++) {
            double sum = 0.0;
            for (int64_t e = 0; e < q; e++)
                sum += basis(w, i)[a * q + e] * x[i * q + e];
            planes[a * w->n + i] = sum;
        }
}
