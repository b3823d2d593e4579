/* SPDX-License-Identifier: BSD-3-Clause */
/* All ranks go over their rows in blocks at the same time. In each round a rank sends to every
   other the part of its block that lies in the other's columns, column by column. */
#include "data/columns.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "comm/mpi.h"
#include "data/sparse.h"
#include "linalg/panel.h"

enum { BLOCK = 1 << 21 }; /* numbers that a rank sends in one round */

typedef struct exchange {
    const data_t *data;
    const int *list;
    int length, ranks;
    int64_t most;        /* rows of a block */
    int *counts, *begin; /* [2 ranks]: sent to each, received from each; where they start */
    int64_t *block;      /* [ranks, 2] first row, of all, and rows of each rank's block */
    double *rows;        /* [most, columns] */
    double *sent;        /* [most, length] */
    double *received;    /* [ranks, most, count] */
} exchange_t;

static int allocate(exchange_t *e, data_columns_t *out)
{
    int code = TRALO_OK;
    ALLOC(e->counts, 2 * (int64_t)e->ranks);
    ALLOC(e->begin, 2 * (int64_t)e->ranks);
    ALLOC(e->block, 2 * (int64_t)e->ranks);
    ALLOC(e->rows, e->most * e->data->columns);
    ALLOC(e->sent, e->most * e->length);
    ALLOC(e->received, e->ranks * e->most * out->count);
    ALLOC(out->X, out->n * out->count);
out:
    return code;
}

static void release(exchange_t *e)
{
    mem_free(&e->counts);
    mem_free(&e->begin);
    mem_free(&e->block);
    mem_free(&e->rows);
    mem_free(&e->sent);
    mem_free(&e->received);
}

/* Local rows [from, from + count), for each rank its columns one after the other. */
static void pack(exchange_t *e, int64_t from, int64_t count)
{
    const int64_t columns = e->data->columns;
    rows_copy(&e->data->X, from, count, e->rows);
    for (int64_t k = 0; k < e->length; k++)
        for (int64_t i = 0; i < count; i++)
            e->sent[k * count + i] = e->rows[i * columns + e->list[k]];
}

static void count_parts(exchange_t *e, int64_t count, int64_t mine)
{
    int at = 0;
    for (int q = 0; q < e->ranks; q++) {
        int64_t first, share;
        data_partition(e->length, q, e->ranks, &first, &share);
        e->counts[q] = (int)(share * count);
        e->begin[q] = (int)(first * count);
        e->counts[e->ranks + q] = (int)(mine * e->block[2 * q + 1]);
        e->begin[e->ranks + q] = at;
        at += e->counts[e->ranks + q];
    }
}

static void unpack(const exchange_t *e, data_columns_t *out)
{
    for (int64_t q = 0; q < e->ranks; q++) {
        const double *from = e->received + e->begin[e->ranks + q];
        const int64_t row = e->block[2 * q], count = e->block[2 * q + 1];
        for (int64_t k = 0; k < out->count; k++)
            memcpy(out->X + k * out->n + row, from + k * count, (size_t)count * sizeof *from);
    }
}

/* One round, from local row `from` on; collective. */
static void go_round(exchange_t *e, int64_t from, data_columns_t *out)
{
    const double started = clock_seconds();
    const MPI_Comm comm = comm_mpi(e->data->comm);
    int64_t left = e->data->rows - from, count = left < e->most ? left : e->most;
    count = count > 0 ? count : 0;
    const int64_t mine[2] = {e->data->first + (count > 0 ? from : 0), count};
    MPI_Allgather(mine, 2, MPI_INT64_T, e->block, 2, MPI_INT64_T, comm);
    pack(e, count > 0 ? from : 0, count);
    count_parts(e, count, out->count);
    MPI_Alltoallv(e->sent, e->counts, e->begin, MPI_DOUBLE, e->received, e->counts + e->ranks,
                  e->begin + e->ranks, MPI_DOUBLE, comm);
    comm_count(e->data->comm, count * e->length * (int64_t)sizeof(double), started);
    unpack(e, out);
}

int data_columns(const data_t *data, const int *list, int length, data_columns_t *out)
{
    int code = TRALO_OK, ranks = comm_size(data->comm);
    int64_t first, count, block = BLOCK / data->columns;
    const int64_t rows = comm_max_one_int(data->comm, data->rows);
    exchange_t e = {.data = data, .list = list, .length = length, .ranks = ranks};
    block = block < rows ? block : rows;
    e.most = block > 0 ? block : 1;
    data_partition(length, comm_rank(data->comm), ranks, &first, &count);
    *out = (data_columns_t){.n = data->n, .first = (int)first, .count = (int)count};
    if (data->X.sparse != NULL)
        return data_columns_sparse(data, list, length, out);
    int64_t rounds = comm_max_one_int(data->comm, (data->rows + e.most - 1) / e.most);
    TRY(comm_agree(data->comm, allocate(&e, out)));
    for (int64_t i = 0; i < rounds; i++)
        go_round(&e, i * e.most, out);
out:
    release(&e);
    return code;
}

void data_columns_free(data_columns_t *columns)
{
    mem_free(&columns->X);
    sparse_free(&columns->sparse);
}

static csr_rows_t all_of(const data_columns_t *columns)
{
    return (csr_rows_t){columns->sparse, 0, columns->count};
}

void data_columns_times(const data_columns_t *columns, const double *x, double *scratch, double *y)
{
    const int64_t n = columns->n;
    if (columns->sparse == NULL) {
        panel_times(columns->count, (int)n, columns->X, x, y);
        return;
    }
    memcpy(scratch, x, (size_t)n * sizeof *x);
    scratch[n] = 0.0;
    for (int64_t i = 0; i < n; i++)
        scratch[n] += x[i];
    csr_times(all_of(columns), scratch, y);
}

void data_columns_add_transposed(const data_columns_t *columns, const double *x, double *scratch,
                                 double *y)
{
    const int64_t n = columns->n;
    if (columns->sparse == NULL) {
        panel_add_transposed(columns->count, (int)n, columns->X, x, y);
        return;
    }
    memset(scratch, 0, (size_t)(n + 1) * sizeof *scratch);
    csr_add_transposed(all_of(columns), x, scratch);
    for (int64_t i = 0; i < n; i++)
        y[i] += scratch[i] + scratch[n];
}

int64_t data_columns_memory(int64_t n, int64_t length, int64_t ranks)
{
    return n * ((length + ranks - 1) / ranks) * (int64_t)sizeof(double);
}

int64_t data_columns_sparse_memory(int64_t entries, int64_t n, int64_t length, int64_t ranks)
{
    const int64_t each = (int64_t)(sizeof(double) + sizeof(int)),
                  count = (length + ranks - 1) / ranks;
    return (entries + length + ranks - 1) / ranks * each + (count + 1) * (int64_t)sizeof(int64_t) +
           (n + 1) * (int64_t)sizeof(double);
}
