/* SPDX-License-Identifier: BSD-3-Clause */
/* Each rank in turn shows its entries to all, in blocks, and every rank keeps those of its columns.
 */
#include "data/columns.h"

#include "base/mem.h"
#include "data/sparse.h"

enum { BLOCK = 1 << 16 };

typedef struct exchange {
    const data_t *data;
    data_columns_t *to;
    int *place;     /* [columns] of the data: where it is in the list, -1: nowhere */
    double *counts; /* [length] entries of each column of the list */
    int64_t *used;  /* [to->count] entries so far */
    /* [BLOCK] of a block */
    int *columns, *rows;
    double *values;
} exchange_t;

static int allocate(exchange_t *e, const int *list, int length)
{
    int code = TRALO_OK;
    ALLOC(e->place, e->data->columns);
    ALLOC(e->counts, length);
    ALLOC(e->used, e->to->count);
    ALLOC(e->columns, BLOCK);
    ALLOC(e->rows, BLOCK);
    ALLOC(e->values, BLOCK);
    for (int j = 0; j < e->data->columns; j++)
        e->place[j] = -1;
    for (int k = 0; k < length; k++)
        e->place[list[k]] = k;
out:
    return code;
}

static void release(exchange_t *e)
{
    mem_free(&e->place);
    mem_free(&e->counts);
    mem_free(&e->used);
    mem_free(&e->columns);
    mem_free(&e->rows);
    mem_free(&e->values);
}

static void count_entries(exchange_t *e, int length)
{
    const csr_t *from = e->data->X.sparse;
    for (int64_t k = 0; k < from->start[from->rows]; k++)
        if (e->place[from->column[k]] >= 0)
            e->counts[e->place[from->column[k]]] += 1.0;
    comm_sum(e->data->comm, e->counts, length);
}

/* Columns with room for their entries and one for the shift. */
static int create(const exchange_t *e)
{
    int code = TRALO_OK;
    data_columns_t *to = e->to;
    int64_t all = to->count;
    for (int k = 0; k < to->count; k++)
        all += (int64_t)e->counts[to->first + k];
    TRY(sparse_create(to->count, (int)to->n + 1, all, &to->sparse));
    for (int k = 0; k < to->count; k++)
        to->sparse->start[k + 1] = to->sparse->start[k] + (int64_t)e->counts[to->first + k] + 1;
out:
    return code;
}

static void keep(exchange_t *e, int k, int row, double value)
{
    csr_t *A = e->to->sparse;
    const int64_t at = A->start[k] + e->used[k]++;
    A->column[at] = row;
    A->value[at] = value;
}

static void keep_block(exchange_t *e, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const int k = e->place[e->columns[i]] - e->to->first;
        if (k >= 0 && k < e->to->count)
            keep(e, k, e->rows[i], e->values[i]);
    }
}

/* Rank `root` shows its entries. Collective. */
static void show(exchange_t *e, int root)
{
    const data_t *data = e->data;
    const csr_t *from = data->X.sparse;
    int64_t all = from->start[from->rows], row = 0;
    comm_share(data->comm, &all, sizeof all, root);
    for (int64_t begin = 0, count; begin < all; begin += count) {
        count = all - begin < BLOCK ? all - begin : BLOCK;
        for (int64_t i = 0; comm_rank(data->comm) == root && i < count; i++) {
            while (from->start[row + 1] <= begin + i)
                row++;
            e->columns[i] = from->column[begin + i];
            e->rows[i] = (int)(data->first + row);
            e->values[i] = from->value[begin + i];
        }
        comm_share(data->comm, e->columns, count * (int64_t)sizeof *e->columns, root);
        comm_share(data->comm, e->rows, count * (int64_t)sizeof *e->rows, root);
        comm_share(data->comm, e->values, count * (int64_t)sizeof *e->values, root);
        keep_block(e, count);
    }
}

int data_columns_sparse(const data_t *data, const int *list, int length, data_columns_t *out)
{
    int code = TRALO_OK;
    exchange_t e = {.data = data, .to = out};
    TRY(comm_agree(data->comm, allocate(&e, list, length)));
    count_entries(&e, length);
    TRY(comm_agree(data->comm, create(&e)));
    for (int root = 0; root < comm_size(data->comm); root++)
        show(&e, root);
    for (int k = 0; k < out->count; k++)
        keep(&e, k, (int)out->n, -data->X.sparse->shift[list[out->first + k]]);
    sparse_sort(out->sparse);
out:
    release(&e);
    return code;
}
