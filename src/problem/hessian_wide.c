/* SPDX-License-Identifier: BSD-3-Clause */
/* H of a problem with more columns than rows, through n x n matrices (Woodbury; Guttman 1946 for
   the free columns). Notation of wide.h; b and x are split into penalised and free parts.

       factor   K, N = L L', Y, E = Cholesky factor of (R F)'Y
       solve    w = X D^-1 b                            H (x, xf) = (b, bf)
                xf = E^-1 (bf - Y'R w)
                z = R N^-1 R (w + F xf)                 which is A (X x + F xf)
                x = D^-1 (b - X'z)

   A ridge penalty with few groups has D constant on each: then K = sum_g X_g X_g' / D_g comes from
   Gram matrices that are made once, and no step costs n^2 p. */
#include "problem/wide_parts.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "linalg/panel.h"
#include "linalg/spd.h"

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info);

/* ---- memory ---- */

typedef struct sizes {
    int64_t n, m, columns, free, most, edge;
} sizes_t;

enum { SQUARE, PLAIN, FREE, FREE_SQUARE, ROWS, COLUMNS, PANEL, EDGED, EDGE };
static const array_row_t array_rows[] = {ARRAY(wide_t, F, FREE),
                                         ARRAY(wide_t, D, COLUMNS),
                                         ARRAY(wide_t, inverse_D, COLUMNS),
                                         ARRAY(wide_t, r, ROWS),
                                         ARRAY(wide_t, K, SQUARE),
                                         ARRAY(wide_t, L, SQUARE),
                                         ARRAY(wide_t, Y, FREE),
                                         ARRAY(wide_t, E, FREE_SQUARE),
                                         ARRAY(wide_t, panel, PANEL),
                                         ARRAY(wide_t, scratch, PANEL),
                                         ARRAY(wide_t, w, ROWS),
                                         ARRAY(wide_t, z, ROWS),
                                         ARRAY(wide_t, by_column, COLUMNS),
                                         ARRAY(wide_t, half, PLAIN),
                                         ARRAY(wide_t, edged, EDGED),
                                         ARRAY(wide_t, edge, EDGE)};

static int64_t elements(int shape, const void *sizes)
{
    const sizes_t *s = sizes;
    const int64_t counts[] = {s->m * s->m, s->n * s->n, s->free * s->m, (s->free + 1) * s->free,
                              s->m,        s->columns,  s->most * s->n, s->edge * s->edge,
                              2 * s->edge};
    return counts[shape];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static sizes_t sizes_of(const problem_shape_t *shape, int64_t penalised, int64_t free)
{
    const int64_t n = shape->n, most = panel_rows((int)n), K = shape->outputs;
    return (sizes_t){.n = n,
                     .m = n * wide_per_row(K),
                     .columns = shape->width * K,
                     .free = free,
                     .most = shape->sparse      ? 0
                             : penalised < most ? penalised
                                                : most,
                     .edge = shape->sparse ? n + 1 : 0};
}

/* As if one column were free, and the penalty had as many groups as hyperparameters. */
static int64_t memory(const problem_shape_t *shape)
{
    const int64_t n = shape->n, width = shape->width, K = shape->outputs;
    const sizes_t s = sizes_of(shape, width, K);
    const int64_t X = shape->sparse ? data_columns_sparse_memory(shape->entries * shape->ranks, n,
                                                                 width, shape->ranks)
                                    : data_columns_memory(n, width, shape->ranks);
    int64_t grams = wide_has_grams(shape) ? shape->count * n * n : 0;
    return arrays_memory(&arrays, &s) + wide_outputs_memory(n, K, 1) + X +
           grams * (int64_t)sizeof(double) + width * (int64_t)sizeof(int);
}

static const char *unsuited(const problem_shape_t *shape)
{
    const int64_t largest = 46340; /* whose square is an int */
    if (shape->streamed)
        return "an X that is in memory";
    return shape->n * wide_per_row(shape->outputs) > largest
               ? "at most 46340 rows, times one less than the classes"
               : NULL;
}

/* ---- the start ---- */

static void list_columns(wide_t *w)
{
    const int *group = w->problem->penalty->group;
    int count = 0;
    for (int j = 0; j < w->problem->width; j++)
        if (group[j] >= 0)
            w->list[count++] = j;
    w->penalised = count;
    for (int j = 0; j < w->problem->width; j++)
        if (group[j] < 0)
            w->list[count++] = j;
    w->free = (count - w->penalised) * w->problem->outputs;
}

static int allocate(hessian_t *hessian)
{
    int code = TRALO_OK;
    problem_t *problem = hessian->problem;
    wide_t *w = NULL;
    ALLOC(w, 1);
    hessian->work = w;
    w->problem = problem;
    w->n = (int)problem->data->n;
    w->per_row = (int)wide_per_row(problem->outputs);
    w->m = w->n * w->per_row;
    ALLOC(w->list, problem->width);
    list_columns(w);
    const problem_shape_t shape = problem_shape(problem);
    const sizes_t sizes = sizes_of(&shape, w->penalised, w->free);
    w->most = (int)sizes.most;
    TRY(arrays_create(&arrays, &sizes, w));
    TRY(wide_outputs_create(w));
out:
    return code;
}

void wide_gather(const wide_t *w, const double *values, double *all)
{
    const data_t *data = w->problem->data;
    memset(all, 0, (size_t)w->n * sizeof *all);
    if (data->rows > 0)
        memcpy(all + data->first, values, (size_t)data->rows * sizeof *all);
    comm_sum(w->problem->comm, all, w->n);
}

/* The free columns, on every rank. */
static void collect_free(wide_t *w)
{
    const data_t *data = w->problem->data;
    const int64_t columns = w->problem->width - w->penalised;
    double *row = w->by_column, *F = w->problem->outputs > 1 ? w->outputs.F : w->F;
    for (int64_t i = 0; i < data->rows; i++) {
        rows_copy(&data->X, i, 1, row);
        for (int64_t f = 0; f < columns; f++)
            F[f * w->n + data->first + i] = row[w->list[w->penalised + f]];
    }
    comm_sum(w->problem->comm, F, columns * w->n);
}

static int create(hessian_t *hessian)
{
    int code = TRALO_OK;
    problem_t *problem = hessian->problem;
    TRY(comm_agree(problem->comm, allocate(hessian)));
    wide_t *w = hessian->work;
    TRY(data_columns(problem->data, w->list, w->penalised, &w->X));
    collect_free(w);
out:
    return code;
}

static void destroy(hessian_t *hessian)
{
    wide_t *w = hessian->work;
    if (w == NULL)
        return;
    arrays_free(&arrays, w);
    wide_outputs_free(w);
    data_columns_free(&w->X);
    mem_free(&w->grams);
    mem_free(&w->list);
    mem_free(&hessian->work);
}

wide_t *hessian_wide_of(const hessian_t *hessian)
{
    ASSERT(hessian->kind == &hessian_wide);
    return hessian->work;
}

/* ---- sums over columns ---- */

void wide_product(wide_t *w, const double *weights, double *out)
{
    if (w->problem->outputs > 1)
        wide_outputs_product(w, weights, out);
    else
        wide_columns_product(w, weights, out);
}

void wide_quadratic(wide_t *w, const double *S, double *out)
{
    if (w->problem->outputs > 1)
        wide_outputs_quadratic(w, S, out);
    else
        wide_columns_quadratic(w, S, out);
}

/* ---- factor and solve ---- */

/* The first penalised element without curvature, or -1. */
static int find_flat(const wide_t *w)
{
    const problem_t *problem = w->problem;
    for (int j = 0; j < problem->columns; j++)
        if (problem->penalty->group[j] >= 0 && !(w->D[j] > 0.0))
            return j;
    return -1;
}

/* The element of beta that is the f-th free one. */
static int free_at(const wide_t *w, int f)
{
    const int K = w->problem->outputs;
    return w->list[w->penalised + f / K] + f % K * w->problem->width;
}

/* r, K and the factor of N; false where that is not finite. Collective. */
static bool factor_rows(wide_t *w, const double *weights)
{
    const int64_t m = w->m;
    int info = 0;
    work_count(WORK_WHOLE, (double)(m * m) * (double)m / 3.0);
    if (w->problem->outputs > 1)
        wide_outputs_turn(w, weights);
    else
        wide_gather(w, weights, w->r);
    for (int64_t i = 0; i < m; i++)
        w->r[i] = sqrt(fmax(w->r[i], 0.0));
    wide_product(w, w->inverse_D, w->K);
    for (int64_t j = 0; j < m; j++)
        for (int64_t i = j; i < m; i++)
            w->L[i + j * m] = w->r[i] * w->K[i + j * m] * w->r[j] + (i == j ? 1.0 : 0.0);
    dpotrf_("L", &w->m, w->L, &w->m, &info);
    return info == 0;
}

/* Y and the factor of E; the free element that depends on others, or -1. */
static int factor_free(wide_t *w, double gauge)
{
    const int64_t n = w->m;
    int info = 0;
    for (int64_t f = 0; f < w->free; f++)
        for (int64_t i = 0; i < n; i++)
            w->Y[f * n + i] = w->r[i] * w->F[f * n + i];
    if (w->free > 0)
        dpotrs_("L", &w->m, &w->free, w->L, &w->m, w->Y, &w->m, &info);
    for (int64_t f = 0; f < w->free; f++)
        for (int64_t g = f; g < w->free; g++) {
            double sum = 0.0;
            for (int64_t i = 0; i < n; i++)
                sum += w->F[f * n + i] * w->r[i] * w->Y[g * n + i];
            w->E[g + f * w->free] = sum;
        }
    if (w->free > 0 && gauge > 0.0)
        wide_outputs_add_gauge(w, gauge);
    if (w->free > 0)
        dpotrf_("L", &w->free, w->E, &w->free, &info);
    if (info > 0)
        return free_at(w, info - 1);
    for (int64_t f = 0; f < w->free; f++) { /* the pivot against F'AF, as in spd.c */
        double whole = 0.0, pivot = w->E[f * (w->free + 1)];
        for (int64_t i = 0; i < n; i++)
            whole += w->r[i] * w->r[i] * w->F[f * n + i] * w->F[f * n + i];
        if (!(pivot * pivot > 4.0 * DBL_EPSILON * (w->free + 16) * whole))
            return free_at(w, (int)f);
    }
    return -1;
}

static int factor(hessian_t *hessian, const hessian_terms_t *terms)
{
    wide_t *w = hessian->work;
    comm_t *comm = w->problem->comm;
    memcpy(w->D, terms->diagonal, (size_t)w->problem->columns * sizeof *w->D);
    int failed = find_flat(w);
    if (failed >= 0)
        return failed;
    for (int j = 0; j < w->problem->columns; j++)
        w->inverse_D[j] = 1.0 / w->D[j]; /* not finite for free columns, which nothing reads */
    failed = factor_rows(w, terms->weights) ? factor_free(w, terms->gauge) : w->list[0];
    return (int)comm_max_one_int(comm, failed);
}

/* w = X D^-1 b. Collective. */
static void apply_columns(wide_t *w, const double *b)
{
    const problem_t *problem = w->problem;
    const int64_t K = problem->outputs;
    double *planes = K > 1 ? w->outputs.planes : w->w;
    memset(planes, 0, (size_t)(K * w->n) * sizeof *planes);
    for (int64_t a = 0; a < K; a++) {
        for (int k = 0; k < w->X.count; k++) {
            const int64_t j = wide_column(w, k) + a * problem->width;
            w->by_column[k] = b[j] / w->D[j];
        }
        data_columns_add_transposed(&w->X, w->by_column, w->edge, planes + a * w->n);
    }
    comm_sum(problem->comm, planes, K * w->n);
    if (K > 1)
        wide_outputs_combine(w, planes, w->w);
}

/* The free part of x from its right-hand side, in place, and z. */
static void solve_rows(wide_t *w, double *x)
{
    const int n = w->m, one = 1;
    int info = 0;
    work_count(WORK_PASS, wide_solve_flops(n));
    double *xf = w->E + (int64_t)w->free * w->free; /* [free] */
    for (int i = 0; i < n; i++)
        w->z[i] = w->r[i] * w->w[i];
    for (int f = 0; f < w->free; f++)
        xf[f] = x[free_at(w, f)] - cblas_ddot(n, w->Y + (int64_t)f * n, 1, w->z, 1);
    if (w->free > 0)
        dpotrs_("L", &w->free, &one, w->E, &w->free, xf, &w->free, &info);
    for (int f = 0; f < w->free; f++) {
        x[free_at(w, f)] = xf[f];
        for (int i = 0; i < n; i++)
            w->z[i] += xf[f] * w->r[i] * w->F[(int64_t)f * n + i];
    }
    /* DPOTRS would copy all of L for one column */
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, w->L, n, w->z, 1);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, n, w->L, n, w->z, 1);
    for (int i = 0; i < n; i++)
        w->z[i] *= w->r[i];
}

/* x = D^-1 (b - X'z) for the penalised elements of the columns that are here; 0 elsewhere. */
static void solve_columns(wide_t *w, double *x)
{
    const int64_t K = w->problem->outputs, width = w->problem->width;
    const double *planes = K > 1 ? w->outputs.planes : w->z;
    if (K > 1)
        wide_outputs_spread(w, w->z, w->outputs.planes);
    for (int64_t a = 0; a < K; a++) {
        data_columns_times(&w->X, planes + a * w->n, w->edge, w->by_column);
        for (int k = 0; k < w->penalised; k++) {
            const int64_t j = w->list[k] + a * width, mine = k - w->X.first;
            const bool here = mine >= 0 && mine < w->X.count;
            x[j] = here ? (x[j] - w->by_column[mine]) / w->D[j] : 0.0;
        }
    }
}

static void solve(hessian_t *hessian, double *x)
{
    wide_t *w = hessian->work;
    const bool first = comm_rank(w->problem->comm) == 0;
    apply_columns(w, x);
    solve_rows(w, x);
    solve_columns(w, x);
    for (int f = 0; f < w->free && !first; f++)
        x[free_at(w, f)] = 0.0;
    comm_sum(w->problem->comm, x, w->problem->columns);
}

const hessian_kind_t hessian_wide = {
    .name = "wide",
    .doc = "n x n matrices, for fewer rows than columns",
    .memory = memory,
    .cost = wide_cost,
    .unsuited = unsuited,
    .create = create,
    .destroy = destroy,
    .factor = factor,
    .solve = solve,
};
