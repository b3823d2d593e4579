/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/regroup.h"

#include <string.h>

#include "base/mem.h"
#include "data/build.h"

enum { BLOCK = 1 << 17 }; /* numbers in one message */

/* Numbers of one row on the wire: X, then y, weights, offset, fold where they are there. */
static int row_width(const data_t *data)
{
    return data->columns + (data->y != NULL) + (data->weights != NULL) + data->offsets +
           (data->fold != NULL);
}

static void pack_row(const data_t *data, int64_t i, double *to)
{
    rows_copy(&data->X, i, 1, to);
    to += data->columns;
    if (data->y != NULL)
        *to++ = data->y[i];
    if (data->weights != NULL)
        *to++ = data->weights[i];
    for (int k = 0; k < data->offsets; k++)
        *to++ = data_offset(data, i, k);
    if (data->fold != NULL)
        *to++ = data->fold[i];
}

static void unpack_row(data_t *data, int64_t i, const double *from)
{
    memcpy(data->X.dense + i * data->columns, from, (size_t)data->columns * sizeof *from);
    from += data->columns;
    if (data->y != NULL)
        data->y[i] = *from++;
    if (data->weights != NULL)
        data->weights[i] = *from++;
    for (int k = 0; k < data->offsets; k++)
        data->offset[i * data->offsets + k] = *from++;
    if (data->fold != NULL)
        data->fold[i] = (int)*from++;
}

/* Rank `root` of data->comm shows its rows, block by block, and every rank keeps those that are its
   in the group. */
static void send_rows(const data_t *data, int root, double *block, data_t *to)
{
    int64_t first, rows, width = row_width(data), most = BLOCK / width > 0 ? BLOCK / width : 1;
    bool mine = comm_rank(data->comm) == root;
    data_partition(data->n, root, comm_size(data->comm), &first, &rows);
    for (int64_t i = 0; i < rows; i += most) {
        int64_t count = rows - i < most ? rows - i : most;
        for (int64_t k = 0; mine && k < count; k++)
            pack_row(data, i + k, block + k * width);
        comm_share(data->comm, block, count * width * (int64_t)sizeof *block, root);
        for (int64_t k = 0; k < count; k++) {
            int64_t local = first + i + k - to->first;
            if (local >= 0 && local < to->rows)
                unpack_row(to, local, block + k * width);
        }
    }
}

static int create(const data_t *data, comm_t *group, double **block, data_t **out)
{
    int code = TRALO_OK;
    data_t *copy = NULL;
    int64_t width = row_width(data);
    data_shape_t shape = {.n = data->n,
                          .p = data->p,
                          .intercept = data->intercept,
                          .y = data->y != NULL,
                          .weights = data->weights != NULL,
                          .offsets = data->offsets,
                          .fold = data->fold != NULL,
                          .group = false};
    TRY(data_create(group, &shape, &copy));
    ALLOC(*block, BLOCK > width ? BLOCK : width);
    copy->standardized = data->standardized;
    copy->weight_sum = data->weight_sum;
    memcpy(copy->mean, data->mean, (size_t)data->p * sizeof *copy->mean);
    memcpy(copy->scale, data->scale, (size_t)data->p * sizeof *copy->scale);
    *out = copy;
    copy = NULL;
out:
    data_free(&copy);
    return code;
}

int data_regroup(const data_t *data, comm_t *group, data_t **out)
{
    int code = TRALO_OK;
    data_t *copy = NULL;
    double *block = NULL;
    TRY(comm_agree(data->comm, create(data, group, &block, &copy)));
    for (int root = 0; root < comm_size(data->comm); root++)
        send_rows(data, root, block, copy);
    *out = copy;
    copy = NULL;
out:
    mem_free(&block);
    data_free(&copy);
    return code;
}
