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
#include "problem/wide.h"

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
    int64_t n, columns, free, most;
} sizes_t;

enum { SQUARE, FREE, FREE_SQUARE, ROWS, COLUMNS, PANEL };
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
                                         ARRAY(wide_t, half, SQUARE)};

static int64_t elements(int shape, const void *sizes)
{
    const sizes_t *s = sizes;
    const int64_t counts[] = {s->n * s->n, s->free * s->n, (s->free + 1) * s->free,
                              s->n,        s->columns,     s->most * s->n};
    return counts[shape];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static int panel_of(int64_t n, int64_t columns)
{
    int most = panel_rows((int)n);
    return columns < most ? (int)columns : most;
}

/* Gram matrices are worth their memory where they take no more than X does. */
static bool keeps_grams(int64_t groups, int64_t n, int64_t columns)
{
    return groups * n <= columns;
}

/* As if one column were free, and the penalty had as many groups as hyperparameters. */
static int64_t memory(const problem_shape_t *shape)
{
    const sizes_t s = {shape->n, shape->width, 1, panel_of(shape->n, shape->width)};
    int64_t grams = keeps_grams(shape->count, s.n, s.columns) ? shape->count * s.n * s.n : 0;
    return arrays_memory(&arrays, &s) + data_columns_memory(s.n, s.columns, shape->ranks) +
           grams * (int64_t)sizeof(double) + s.columns * (int64_t)sizeof(int);
}

static double flops(const problem_shape_t *shape)
{
    const double n = (double)shape->n, p = shape->width, groups = shape->count;
    return n * n * fmin(p, groups) + n * n * n / 3.0 + 4.0 * n * p;
}

static const char *unsuited(const problem_shape_t *shape)
{
    const int64_t largest = 46340; /* whose square is an int */
    if (shape->outputs > 1)
        return "a loss of one output";
    return shape->n > largest ? "at most 46340 rows" : NULL;
}

/* ---- the start ---- */

static void list_columns(wide_t *w)
{
    const int *group = w->problem->penalty->group;
    for (int j = 0; j < w->problem->columns; j++)
        if (group[j] >= 0)
            w->list[w->penalised++] = j;
    for (int j = 0; j < w->problem->columns; j++)
        if (group[j] < 0)
            w->list[w->penalised + w->free++] = j;
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
    ALLOC(w->list, problem->columns);
    list_columns(w);
    w->most = panel_of(w->n, w->penalised);
    const sizes_t sizes = {w->n, problem->columns, w->free, w->most};
    TRY(arrays_create(&arrays, &sizes, w));
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

/* F, on every rank. */
static void collect_free(wide_t *w)
{
    const data_t *data = w->problem->data;
    double *row = w->by_column;
    for (int64_t i = 0; i < data->rows; i++) {
        rows_copy(&data->X, i, 1, row);
        for (int64_t f = 0; f < w->free; f++)
            w->F[f * w->n + data->first + i] = row[w->list[w->penalised + f]];
    }
    comm_sum(w->problem->comm, w->F, (int64_t)w->free * w->n);
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

/* ---- X diag X' and its like ---- */

static void mirror(int64_t n, double *S)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            S[i + j * n] = S[j + i * n];
}

static int column_of(const wide_t *w, int k)
{
    return w->list[w->X.first + k];
}

/* S [n, n] += this rank's columns of group `group` (-1: all), weighted where weights [columns] are
   given. */
static void add_columns(wide_t *w, int group, const double *weights, double *S)
{
    const int64_t n = w->n;
    for (int k = 0; k < w->X.count;) {
        int count = 0;
        for (; k < w->X.count && count < w->most; k++) {
            const int j = column_of(w, k);
            if (group >= 0 && w->problem->penalty->group[j] != group)
                continue;
            memcpy(w->panel + count * n, w->X.X + k * n, (size_t)n * sizeof *S);
            w->by_column[count++] = weights != NULL ? weights[j] : 1.0;
        }
        panel_gram(count, w->n, w->panel, weights != NULL ? w->by_column : NULL, w->scratch, S);
    }
}

/* The weight of each group into by_group [groups], where its columns share one. */
static bool constant_by_group(const wide_t *w, const double *weights, double *by_group)
{
    const int *group = w->problem->penalty->group;
    for (int k = w->penalised - 1; k >= 0; k--)
        by_group[group[w->list[k]]] = weights[w->list[k]];
    for (int k = 0; k < w->penalised; k++)
        if (weights[w->list[k]] != by_group[group[w->list[k]]])
            return false;
    return true;
}

static int reserve_grams(wide_t *w)
{
    return mem_alloc((int64_t)w->problem->penalty->groups * w->n * w->n, sizeof(double), &w->grams);
}

/* Are there Gram matrices? They are made when they are first of use. Collective. */
static bool has_grams(wide_t *w)
{
    const penalty_t *penalty = w->problem->penalty;
    if (w->grams != NULL)
        return true;
    if (!penalty->kind->quadratic || !keeps_grams(penalty->groups, w->n, w->penalised) ||
        comm_agree(w->problem->comm, reserve_grams(w)) != TRALO_OK) {
        mem_free(&w->grams);
        return false;
    }
    for (int g = 0; g < penalty->groups; g++) {
        double *S = w->grams + (int64_t)g * w->n * w->n;
        add_columns(w, g, NULL, S);
        spd_sum(w->problem->comm, w->n, S);
    }
    return true;
}

void wide_product(wide_t *w, const double *weights, double *out)
{
    const int64_t square = (int64_t)w->n * w->n;
    double *by_group = w->by_column;
    memset(out, 0, (size_t)square * sizeof *out);
    if (constant_by_group(w, weights, by_group) && has_grams(w)) {
        constant_by_group(w, weights, by_group); /* making them overwrites it */
        for (int g = 0; g < w->problem->penalty->groups; g++)
            for (int64_t i = 0; i < square; i++)
                out[i] += by_group[g] * w->grams[g * square + i];
    } else {
        add_columns(w, -1, weights, out);
        spd_sum(w->problem->comm, w->n, out);
    }
    mirror(w->n, out);
}

/* <X_g X_g', S> / columns of g for each column of group g. */
static void quadratic_by_group(wide_t *w, const double *half, double *out)
{
    const penalty_t *penalty = w->problem->penalty;
    const int64_t n = w->n;
    double *mean = w->by_column;
    for (int g = 0; g < penalty->groups; g++) {
        const double *gram = w->grams + g * n * n;
        int columns = 0;
        mean[g] = 0.0;
        for (int64_t j = 0; j < n; j++)
            mean[g] += cblas_ddot((int)(n - j), gram + j * (n + 1), 1, half + j * (n + 1), 1);
        for (int k = 0; k < w->penalised; k++)
            columns += penalty->group[w->list[k]] == g;
        mean[g] /= columns;
    }
    for (int k = 0; k < w->penalised; k++)
        out[w->list[k]] = mean[penalty->group[w->list[k]]];
}

void wide_quadratic(wide_t *w, const double *S, double *out)
{
    double *half = w->half;
    memset(out, 0, (size_t)w->problem->columns * sizeof *out);
    panel_half(w->n, S, half);
    if (w->grams != NULL) {
        quadratic_by_group(w, half, out);
        return;
    }
    for (int k = 0; k < w->X.count; k += w->most) {
        int count = w->X.count - k < w->most ? w->X.count - k : w->most;
        panel_quadratic(count, w->n, half, w->X.X + (int64_t)k * w->n, w->scratch, w->by_column);
        for (int i = 0; i < count; i++)
            out[column_of(w, k + i)] = w->by_column[i];
    }
    comm_sum(w->problem->comm, out, w->problem->columns);
}

/* ---- factor and solve ---- */

/* The first penalised column without curvature, or -1. */
static int find_flat(const wide_t *w)
{
    int lowest = -1;
    for (int k = w->penalised - 1; k >= 0; k--)
        if (!(w->D[w->list[k]] > 0.0))
            lowest = w->list[k];
    return lowest;
}

/* r, K and the factor of N; false where that is not finite. Collective. */
static bool factor_rows(wide_t *w, const double *weights)
{
    const int64_t n = w->n;
    int info = 0;
    wide_gather(w, weights, w->r);
    for (int64_t i = 0; i < n; i++)
        w->r[i] = sqrt(fmax(w->r[i], 0.0));
    wide_product(w, w->inverse_D, w->K);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++)
            w->L[i + j * n] = w->r[i] * w->K[i + j * n] * w->r[j] + (i == j ? 1.0 : 0.0);
    dpotrf_("L", &w->n, w->L, &w->n, &info);
    return info == 0;
}

/* Y and the factor of E; the free column that depends on others, or -1. */
static int factor_free(wide_t *w)
{
    const int64_t n = w->n;
    int info = 0;
    for (int64_t f = 0; f < w->free; f++)
        for (int64_t i = 0; i < n; i++)
            w->Y[f * n + i] = w->r[i] * w->F[f * n + i];
    if (w->free > 0)
        dpotrs_("L", &w->n, &w->free, w->L, &w->n, w->Y, &w->n, &info);
    for (int64_t f = 0; f < w->free; f++)
        for (int64_t g = f; g < w->free; g++) {
            double sum = 0.0;
            for (int64_t i = 0; i < n; i++)
                sum += w->F[f * n + i] * w->r[i] * w->Y[g * n + i];
            w->E[g + f * w->free] = sum;
        }
    if (w->free > 0)
        dpotrf_("L", &w->free, w->E, &w->free, &info);
    if (info > 0)
        return w->list[w->penalised + info - 1];
    for (int64_t f = 0; f < w->free; f++) { /* the pivot against F'AF, as in spd.c */
        double whole = 0.0, pivot = w->E[f * (w->free + 1)];
        for (int64_t i = 0; i < n; i++)
            whole += w->r[i] * w->r[i] * w->F[f * n + i] * w->F[f * n + i];
        if (!(pivot * pivot > 4.0 * DBL_EPSILON * (w->free + 16) * whole))
            return w->list[w->penalised + f];
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
    failed = factor_rows(w, terms->weights) ? factor_free(w) : w->list[0];
    return (int)comm_max_one_int(comm, failed);
}

/* w = X D^-1 b. Collective. */
static void apply_columns(wide_t *w, const double *b)
{
    memset(w->w, 0, (size_t)w->n * sizeof *w->w);
    for (int k = 0; k < w->X.count; k++)
        w->by_column[k] = b[column_of(w, k)] / w->D[column_of(w, k)];
    panel_add_transposed(w->X.count, w->n, w->X.X, w->by_column, w->w);
    comm_sum(w->problem->comm, w->w, w->n);
}

/* The free part of x from its right-hand side, in place, and z. */
static void solve_rows(wide_t *w, double *x)
{
    const int n = w->n, one = 1;
    int info = 0;
    double *xf = w->E + (int64_t)w->free * w->free; /* [free] */
    for (int i = 0; i < n; i++)
        w->z[i] = w->r[i] * w->w[i];
    for (int f = 0; f < w->free; f++)
        xf[f] = x[w->list[w->penalised + f]] - cblas_ddot(n, w->Y + (int64_t)f * n, 1, w->z, 1);
    if (w->free > 0)
        dpotrs_("L", &w->free, &one, w->E, &w->free, xf, &w->free, &info);
    for (int f = 0; f < w->free; f++) {
        x[w->list[w->penalised + f]] = xf[f];
        for (int i = 0; i < n; i++)
            w->z[i] += xf[f] * w->r[i] * w->F[(int64_t)f * n + i];
    }
    dpotrs_("L", &n, &one, w->L, &n, w->z, &n, &info);
    for (int i = 0; i < n; i++)
        w->z[i] *= w->r[i];
}

static void solve(hessian_t *hessian, double *x)
{
    wide_t *w = hessian->work;
    const bool first = comm_rank(w->problem->comm) == 0;
    apply_columns(w, x);
    solve_rows(w, x);
    panel_times(w->X.count, w->n, w->X.X, w->z, w->by_column);
    for (int k = 0; k < w->penalised; k++) {
        const int j = w->list[k], mine = k - w->X.first;
        const bool here = mine >= 0 && mine < w->X.count;
        x[j] = here ? (x[j] - w->by_column[mine]) / w->D[j] : 0.0;
    }
    for (int f = 0; f < w->free && !first; f++)
        x[w->list[w->penalised + f]] = 0.0;
    comm_sum(w->problem->comm, x, w->problem->columns);
}

const hessian_kind_t hessian_wide = {
    .name = "wide",
    .doc = "n x n matrices, for fewer rows than columns",
    .memory = memory,
    .flops = flops,
    .unsuited = unsuited,
    .create = create,
    .destroy = destroy,
    .factor = factor,
    .solve = solve,
};
