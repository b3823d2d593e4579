/* SPDX-License-Identifier: BSD-3-Clause */
/* Two passes over the rows, one all-reduce after each:
       mean_j  = 1/n sum_i x_ij
       scale_j = sqrt(1/n sum_i (x_ij - mean_j)^2)
       x_ij    = (x_ij - mean_j) / scale_j, or x_ij / scale_j
   the last of them by multiplication, which takes a tenth of the time of a division. A column whose
   scale_j is at most CONSTANT |mean_j| holds nothing but the rounding of its mean: its scale is 1,
   and where it is centred it becomes 0. Rows that stay on disk are read in both passes, and are
   what the formulas say from then on. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/build.h"
#include "data/sparse.h"
#include "data/stream.h"
#include "data/sum.h"

static const double CONSTANT = 1e-14;

/* Scratch, [p] each but for sums. */
typedef struct work {
    double *sums; /* [2, p] and what rounding took from them */
    double *count;
    bool *constant;
} work_t;

static int allocate(int p, work_t *w)
{
    int code = TRALO_OK;
    ALLOC(w->sums, 2 * (int64_t)p);
    ALLOC(w->count, p);
    ALLOC(w->constant, p);
out:
    return code;
}

static void release(work_t *w)
{
    mem_free(&w->sums);
    mem_free(&w->count);
    mem_free(&w->constant);
}

/* What x_ij adds to the mean (mean NULL), or to the variance. */
static inline double term(const double *mean, int j, double x)
{
    return mean == NULL ? x : (x - mean[j]) * (x - mean[j]);
}

static void add_dense(const data_t *data, const double *mean, double *sums)
{
    const int p = data->p;
    rows_pass_t pass = rows_begin(&data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        for (int64_t i = 0; i < pass.panel.count; i++) {
            const double *x = pass.panel.dense + i * data->columns;
            for (int j = 0; j < p; j++)
                sum_add(&sums[j], &sums[p + j], term(mean, j, x[j]));
        }
}

/* count [p]: entries of this rank in each column. */
static void add_sparse(const data_t *data, const double *mean, const double *count, double *sums)
{
    const csr_t *A = data->X.sparse;
    const int p = data->p;
    for (int64_t k = 0; k < A->start[A->rows]; k++) {
        const int j = A->column[k];
        sum_add(&sums[j], &sums[p + j], term(mean, j, A->value[k]));
    }
    for (int j = 0; j < p; j++)
        sum_add(&sums[j], &sums[p + j], ((double)data->rows - count[j]) * term(mean, j, 0.0));
}

/* out [p] = 1/n times the sum of the terms over all ranks. Collective. Errors: those of
   data_intact. */
static int average(const data_t *data, const double *mean, const work_t *w, double *out)
{
    int code = TRALO_OK;
    const int p = data->p;
    memset(w->sums, 0, 2 * (size_t)p * sizeof *w->sums);
    if (data->X.sparse != NULL)
        add_sparse(data, mean, w->count, w->sums);
    else
        add_dense(data, mean, w->sums);
    TRY(data_intact(data));
    comm_sum(data->comm, w->sums, 2 * (int64_t)p);
    for (int j = 0; j < p; j++)
        out[j] = (w->sums[j] + w->sums[p + j]) / (double)data->n;
out:
    return code;
}

/* The same on all ranks, for mean and scale have the same bits on all. */
static int check_size(const data_t *data, const double *values, const char *where)
{
    int code = TRALO_OK;
    for (int j = 0; j < data->p; j++)
        if (!isfinite(values[j]))
            FAIL(TRALO_ERR_INPUT, "%sX column %d holds numbers too large to be standardised", where,
                 j);
out:
    return code;
}

static void scale_dense(data_t *data, double *factor, const bool *zero)
{
    const int p = data->p;
    const double *mean = data->mean;
    for (int j = 0; j < p; j++)
        factor[j] = zero != NULL && zero[j] ? 0.0 : 1.0 / data->scale[j];
    for (int64_t i = 0; i < data->rows; i++) {
        double *x = data->X.dense + i * data->columns;
        for (int j = 0; j < p; j++)
            x[j] = (x[j] - mean[j]) * factor[j];
    }
}

/* Applies mean and scale; scratch [p]. Collective. */
static int scale(data_t *data, double *scratch, const bool *zero)
{
    if (data->X.sparse == NULL) {
        if (data->X.stream != NULL)
            rows_stream_scale(data->X.stream, data->mean, data->scale, zero);
        else
            scale_dense(data, scratch, zero);
        return TRALO_OK;
    }
    sparse_count(data, scratch);
    comm_sum(data->comm, scratch, data->p);
    return comm_agree(data->comm, sparse_scale(data, scratch, zero));
}

int data_standardize(data_t *data, const char *where, bool centre)
{
    int code = TRALO_OK;
    work_t w = {NULL};
    TRY(comm_agree(data->comm, allocate(data->p, &w)));
    if (data->X.sparse != NULL)
        sparse_count(data, w.count);
    TRY(average(data, NULL, &w, data->mean));
    TRY(check_size(data, data->mean, where));
    TRY(average(data, data->mean, &w, data->scale));
    TRY(check_size(data, data->scale, where));
    for (int j = 0; j < data->p; j++) {
        data->scale[j] = sqrt(data->scale[j]);
        w.constant[j] = data->scale[j] <= CONSTANT * fabs(data->mean[j]);
        if (w.constant[j])
            data->scale[j] = 1.0;
        if (!centre)
            data->mean[j] = 0.0;
    }
    TRY(scale(data, w.count, centre ? w.constant : NULL));
out:
    release(&w);
    return code;
}

int data_scale(data_t *data, const data_scaling_t *scaling)
{
    int code = TRALO_OK;
    const size_t bytes = (size_t)data->p * sizeof *data->mean;
    work_t w = {NULL};
    TRY(comm_agree(data->comm, allocate(data->p, &w)));
    memcpy(data->mean, scaling->mean, bytes);
    memcpy(data->scale, scaling->scale, bytes);
    TRY(scale(data, w.count, NULL));
out:
    release(&w);
    return code;
}
