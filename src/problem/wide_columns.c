/* SPDX-License-Identifier: BSD-3-Clause */
/* X diag X' and x_j'S x_j from columns, or from the Gram matrices of groups of them. */
#include <cblas.h>
#include <string.h>

#include "base/mem.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "problem/wide_parts.h"

bool wide_keeps_grams(int64_t groups, int64_t n, int64_t columns)
{
    return groups * n <= columns;
}

static void mirror(int64_t n, double *S)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            S[i + j * n] = S[j + i * n];
}

/* The same of sparse columns, in (n + 1) x (n + 1): z z' of their entries, then its edge, which all
   rows share, to all. */
static void add_sparse(wide_t *w, int group, const double *weights, double *S)
{
    const int64_t n = w->n, side = n + 1;
    double *G = w->edged;
    const csr_rows_t all = {w->X.sparse, 0, w->X.count};
    for (int k = 0; k < w->X.count; k++) {
        const int j = wide_column(w, k);
        const bool in = group < 0 || w->problem->penalty->group[j] == group;
        w->by_column[k] = in ? (weights != NULL ? weights[j] : 1.0) : 0.0;
    }
    memset(G, 0, (size_t)(side * side) * sizeof *G);
    csr_gram(all, w->by_column, (panel_block_t){0, (int)side, side}, w->edge, G);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++)
            S[i + j * n] += G[i + j * side] + G[n + i * side] + G[n + j * side] + G[n + n * side];
}

/* S [n, n] += this rank's columns of group `group` (-1: all), weighted where weights [width] are
   given. */
static void add_columns(wide_t *w, int group, const double *weights, double *S)
{
    const int64_t n = w->n;
    if (w->X.sparse != NULL) {
        add_sparse(w, group, weights, S);
        return;
    }
    for (int k = 0; k < w->X.count;) {
        int count = 0;
        for (; k < w->X.count && count < w->most; k++) {
            const int j = wide_column(w, k);
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
    if (!penalty->kind->quadratic || !wide_keeps_grams(penalty->groups, w->n, w->penalised) ||
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

void wide_columns_product(wide_t *w, const double *weights, double *out)
{
    const int64_t square = (int64_t)w->n * w->n;
    double *by_group = w->by_column;
    memset(out, 0, (size_t)square * sizeof *out);
    if (constant_by_group(w, weights, by_group) && has_grams(w)) {
        work_count(WORK_PASS, wide_grams_flops(w->n, w->problem->penalty->groups));
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
    work_count(WORK_PASS, 0.5 * wide_grams_flops(w->n, penalty->groups));
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

/* x_j'S x_j of this rank's sparse columns into by_column, from S with an edge for what all rows
   share: its row sums, and their sum. */
static void quadratic_sparse(wide_t *w, const double *S)
{
    const int64_t n = w->n, side = n + 1;
    double *M = w->edged;
    const csr_rows_t all = {w->X.sparse, 0, w->X.count};
    for (int64_t j = 0; j < side; j++)
        M[n + j * side] = 0.0;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++) {
            const double s = S[i + j * n];
            M[i + j * side] = s;
            M[n + j * side] += s;
            M[n + i * side] += i > j ? s : 0.0;
            M[n + n * side] += i > j ? 2.0 * s : s;
        }
    memset(w->by_column, 0, (size_t)w->X.count * sizeof *w->by_column);
    csr_add_quadratic(all, M, (panel_block_t){0, (int)side, side}, w->edge, w->by_column);
}

void wide_columns_quadratic(wide_t *w, const double *S, double *out)
{
    double *half = w->half;
    memset(out, 0, (size_t)w->problem->width * sizeof *out);
    panel_half(w->n, S, half);
    if (w->grams != NULL) {
        quadratic_by_group(w, half, out);
        return;
    }
    if (w->X.sparse != NULL) {
        quadratic_sparse(w, S);
        for (int k = 0; k < w->X.count; k++)
            out[wide_column(w, k)] = w->by_column[k];
    }
    for (int k = 0; w->X.sparse == NULL && k < w->X.count; k += w->most) {
        int count = w->X.count - k < w->most ? w->X.count - k : w->most;
        panel_quadratic(count, w->n, half, w->X.X + (int64_t)k * w->n, w->scratch, w->by_column);
        for (int i = 0; i < count; i++)
            out[wide_column(w, k + i)] = w->by_column[i];
    }
    comm_sum(w->problem->comm, out, w->problem->width);
}
