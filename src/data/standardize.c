/* SPDX-License-Identifier: BSD-3-Clause */
/* Two passes over the rows, one all-reduce after each:
       mean_j  = 1/n sum_i x_ij
       x_ij   -= mean_j
       scale_j = sqrt(1/n sum_i x_ij^2)
       x_ij   /= scale_j
   A column whose scale_j is at most CONSTANT |mean_j| holds nothing but the rounding of its mean:
   it becomes 0 and its scale 1. */
#include <math.h>

#include "base/mem.h"
#include "data/build.h"
#include "data/sum.h"

static const double CONSTANT = 1e-14;

/* out [p] = 1/n sum_i x_ij (square false) or of x_ij^2, over all ranks; sums [2p] is scratch. */
static void average(const data_t *data, bool square, double *sums, double *out)
{
    int p = data->p;
    for (int j = 0; j < 2 * p; j++)
        sums[j] = 0.0;
    for (int64_t i = 0; i < data->rows; i++) {
        const double *x = data->X.dense + i * data->columns;
        for (int j = 0; j < p; j++)
            sum_add(&sums[j], &sums[p + j], square ? x[j] * x[j] : x[j]);
    }
    comm_sum(data->comm, sums, 2 * (int64_t)p);
    for (int j = 0; j < p; j++)
        out[j] = (sums[j] + sums[p + j]) / (double)data->n;
}

static void centre(data_t *data)
{
    for (int64_t i = 0; i < data->rows; i++)
        for (int j = 0; j < data->p; j++)
            data->X.dense[i * data->columns + j] -= data->mean[j];
}

static void divide(data_t *data, const bool *constant)
{
    for (int64_t i = 0; i < data->rows; i++)
        for (int j = 0; j < data->p; j++) {
            double *x = &data->X.dense[i * data->columns + j];
            *x = constant[j] ? 0.0 : *x / data->scale[j];
        }
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

static int allocate(int p, double **sums, bool **constant)
{
    int code = TRALO_OK;
    ALLOC(*sums, 2 * (int64_t)p);
    ALLOC(*constant, p);
out:
    return code;
}

int data_standardize(data_t *data, const char *where)
{
    int code = TRALO_OK;
    double *sums = NULL;
    bool *constant = NULL;
    TRY(comm_agree(data->comm, allocate(data->p, &sums, &constant)));
    average(data, false, sums, data->mean);
    TRY(check_size(data, data->mean, where));
    centre(data);
    average(data, true, sums, data->scale);
    TRY(check_size(data, data->scale, where));
    for (int j = 0; j < data->p; j++) {
        data->scale[j] = sqrt(data->scale[j]);
        constant[j] = data->scale[j] <= CONSTANT * fabs(data->mean[j]);
        if (constant[j])
            data->scale[j] = 1.0;
    }
    divide(data, constant);
out:
    mem_free(&sums);
    mem_free(&constant);
    return code;
}
