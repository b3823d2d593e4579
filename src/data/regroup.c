/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/regroup.h"

#include <string.h>

#include "base/mem.h"
#include "data/build.h"
#include "data/sparse.h"

enum { BLOCK = 1 << 17 }; /* numbers in one message */

/* Numbers of one row on the wire: X where it is dense, then y, weights, offset, fold where they are
 * there. */
static int row_width(const data_t *data)
{
    const int dense = data->X.sparse == NULL ? data->columns : 0;
    return dense + (data->y != NULL) + (data->weights != NULL) + data->offsets +
           (data->fold != NULL);
}

static void pack_row(const data_t *data, int64_t i, double *to)
{
    if (data->X.sparse == NULL) {
        rows_copy(&data->X, i, 1, to);
        to += data->columns;
    }
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
    if (data->X.dense != NULL) {
        memcpy(data->X.dense + i * data->columns, from, (size_t)data->columns * sizeof *from);
        from += data->columns;
    }
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
    int64_t first, rows, width = row_width(data),
                         most = BLOCK / (width + 1) > 0 ? BLOCK / (width + 1) : 1;
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

/* ---- the entries of a sparse X ---- */

/* All entries in the order of their rows; this rank gets those of its rows in the group. */
typedef struct entries {
    const data_t *data; /* borrowed, as the next */
    data_t *to;
    int64_t *length;            /* [rows of to] entries of each */
    int64_t before;             /* entries of all rows before them */
    int64_t *lengths, *columns; /* [BLOCK] on the wire, as the next */
    double *values;
} entries_t;

/* Rank `root` shows how many entries its rows have. */
static void send_lengths(entries_t *e, int root)
{
    int64_t first, rows;
    const data_t *data = e->data, *to = e->to;
    bool mine = comm_rank(data->comm) == root;
    data_partition(data->n, root, comm_size(data->comm), &first, &rows);
    for (int64_t i = 0; i < rows; i += BLOCK) {
        int64_t count = rows - i < BLOCK ? rows - i : BLOCK;
        const int64_t *start = mine ? data->X.sparse->start + i : NULL;
        for (int64_t k = 0; mine && k < count; k++)
            e->lengths[k] = start[k + 1] - start[k];
        comm_share(data->comm, e->lengths, count * (int64_t)sizeof *e->lengths, root);
        for (int64_t k = 0; k < count; k++) {
            int64_t local = first + i + k - to->first;
            e->before += local < 0 ? e->lengths[k] : 0;
            if (local >= 0 && local < to->rows)
                e->length[local] = e->lengths[k];
        }
    }
}

/* Rank `root`, before whose entries there are `at`, shows them. Returns how many it has. */
static int64_t send_entries(entries_t *e, int root, int64_t at)
{
    const csr_t *from = e->data->X.sparse;
    csr_t *to = e->to->X.sparse;
    comm_t *comm = e->data->comm;
    int64_t all = from->start[from->rows];
    comm_share(comm, &all, sizeof all, root);
    for (int64_t k = 0, count; k < all; k += count) {
        count = all - k < BLOCK ? all - k : BLOCK;
        for (int64_t m = 0; comm_rank(comm) == root && m < count; m++) {
            e->columns[m] = from->column[k + m];
            e->values[m] = from->value[k + m];
        }
        comm_share(comm, e->columns, count * (int64_t)sizeof *e->columns, root);
        comm_share(comm, e->values, count * (int64_t)sizeof *e->values, root);
        for (int64_t m = 0; m < count; m++) {
            int64_t local = at + k + m - e->before;
            if (local < 0 || local >= to->start[to->rows])
                continue;
            to->column[local] = (int)e->columns[m];
            to->value[local] = e->values[m];
        }
    }
    return all;
}

static int allocate_entries(entries_t *e)
{
    int code = TRALO_OK;
    ALLOC(e->length, e->to->rows);
    ALLOC(e->lengths, BLOCK);
    ALLOC(e->columns, BLOCK);
    ALLOC(e->values, BLOCK);
out:
    return code;
}

/* The sparse X of `to`, with where its rows begin and the shift. */
static int create_sparse(const entries_t *e)
{
    int code = TRALO_OK;
    const csr_t *from = e->data->X.sparse;
    data_t *to = e->to;
    int64_t all = 0;
    for (int64_t i = 0; i < to->rows; i++)
        all += e->length[i];
    TRY(sparse_create(to->rows, to->columns, all, &to->X.sparse));
    for (int64_t i = 0; i < to->rows; i++)
        to->X.sparse->start[i + 1] = to->X.sparse->start[i] + e->length[i];
    memcpy(to->X.sparse->shift, from->shift, (size_t)to->columns * sizeof *from->shift);
out:
    return code;
}

static int copy_entries(const data_t *data, data_t *to)
{
    int code = TRALO_OK;
    entries_t e = {.data = data, .to = to};
    int64_t at = 0;
    TRY(comm_agree(data->comm, allocate_entries(&e)));
    for (int root = 0; root < comm_size(data->comm); root++)
        send_lengths(&e, root);
    TRY(comm_agree(data->comm, create_sparse(&e)));
    for (int root = 0; root < comm_size(data->comm); root++)
        at += send_entries(&e, root, at);
out:
    mem_free(&e.length);
    mem_free(&e.lengths);
    mem_free(&e.columns);
    mem_free(&e.values);
    return code;
}

/* ---- all ---- */

static int create(const data_t *data, comm_t *group, double **block, data_t **out)
{
    int code = TRALO_OK;
    data_t *copy = NULL;
    int64_t width = row_width(data);
    data_shape_t shape = {.n = data->n,
                          .p = data->p,
                          .sparse = data->X.sparse != NULL,
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
    if (data->X.sparse != NULL)
        TRY(copy_entries(data, copy));
    *out = copy;
    copy = NULL;
out:
    mem_free(&block);
    data_free(&copy);
    return code;
}
