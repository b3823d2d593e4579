/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/sparse.h"

#include <string.h>

#include "base/mem.h"
#include "base/touch.h"

static int allocate(csr_t *A, int64_t entries)
{
    int code = TRALO_OK;
    ALLOC(A->start, A->rows + 1);
    ALLOC(A->column, entries);
    ALLOC(A->value, entries);
    ALLOC(A->shift, A->columns);
    touch_first(A->column, entries * (int64_t)sizeof(int), entries * (int64_t)sizeof(int));
    touch_first(A->value, entries * (int64_t)sizeof(double), entries * (int64_t)sizeof(double));
out:
    return code;
}

int sparse_create(int64_t rows, int columns, int64_t entries, csr_t **out)
{
    int code = TRALO_OK;
    csr_t *A = NULL;
    ALLOC(A, 1);
    A->rows = rows;
    A->columns = columns;
    TRY(allocate(A, entries));
    *out = A;
    A = NULL;
out:
    sparse_free(&A);
    return code;
}

void sparse_free(csr_t **A)
{
    if (*A == NULL)
        return;
    mem_free(&(*A)->start);
    mem_free(&(*A)->column);
    mem_free(&(*A)->value);
    mem_free(&(*A)->shift);
    mem_free(A);
}

/* ---- order ---- */

static void swap(int *column, double *value, int64_t a, int64_t b)
{
    const int j = column[a];
    const double v = value[a];
    column[a] = column[b];
    value[a] = value[b];
    column[b] = j;
    value[b] = v;
}

/* Lets the top of a heap that begins at 0 sink to its place. */
static void sink(int *column, double *value, int64_t top, int64_t count)
{
    for (int64_t child; (child = 2 * top + 1) < count; top = child) {
        if (child + 1 < count && column[child] < column[child + 1])
            child++;
        if (column[top] >= column[child])
            return;
        swap(column, value, top, child);
    }
}

/* Heapsort (Williams 1964), as both arrays stay where they are. */
static void sort_row(int *column, double *value, int64_t count)
{
    for (int64_t top = count / 2 - 1; top >= 0; top--)
        sink(column, value, top, count);
    for (int64_t last = count - 1; last > 0; last--) {
        swap(column, value, 0, last);
        sink(column, value, 0, last);
    }
}

void sparse_sort(csr_t *A)
{
    for (int64_t i = 0; i < A->rows; i++) {
        int *column = A->column + A->start[i];
        const int64_t count = A->start[i + 1] - A->start[i];
        int64_t k = 1;
        while (k < count && column[k - 1] < column[k])
            k++;
        if (k < count)
            sort_row(column, A->value + A->start[i], count);
    }
}

/* ---- from dense rows ---- */

int sparse_from_dense(data_t *data)
{
    int code = TRALO_OK;
    const int64_t columns = data->columns, all = data->rows * columns;
    int64_t entries = 0;
    csr_t *A = NULL;
    for (int64_t k = 0; k < all; k++)
        entries += data->X.dense[k] != 0.0;
    TRY(sparse_create(data->rows, data->columns, entries, &A));
    entries = 0;
    for (int64_t i = 0; i < data->rows; i++) {
        for (int j = 0; j < data->columns; j++)
            if (data->X.dense[i * columns + j] != 0.0) {
                A->column[entries] = j;
                A->value[entries++] = data->X.dense[i * columns + j];
            }
        A->start[i + 1] = entries;
    }
    mem_free(&data->X.dense);
    data->X.sparse = A;
out:
    return code;
}

/* ---- scaling ---- */

void sparse_count(const data_t *data, double *count)
{
    const csr_t *A = data->X.sparse;
    memset(count, 0, (size_t)data->p * sizeof *count);
    for (int64_t k = 0; k < A->start[A->rows]; k++)
        count[A->column[k]] += 1.0;
}

typedef enum held { HELD_AS_IT_IS, HELD_IN_ALL_ROWS, HELD_NOWHERE } held_t;

/* How each column is to be held [p], and how many are in all rows; false: all as they are. */
static bool decide(const data_t *data, const double *count, const bool *zero, held_t *held,
                   int *in_all)
{
    bool changes = false;
    *in_all = 0;
    for (int j = 0; j < data->p; j++) {
        const bool many = data->mean[j] != 0.0 && 2.0 * count[j] > (double)data->n;
        held[j] = zero != NULL && zero[j] ? HELD_NOWHERE : many ? HELD_IN_ALL_ROWS : HELD_AS_IT_IS;
        *in_all += held[j] == HELD_IN_ALL_ROWS;
        changes = changes || (held[j] != HELD_AS_IT_IS && count[j] > 0.0);
    }
    return changes;
}

/* The row i of A once more, behind the entries of B, whose columns are held as told: full [in_all]
   are those that are held in all rows. */
static void copy_row(const csr_t *A, int64_t i, const held_t *held, const int *full, int in_all,
                     csr_t *B)
{
    int64_t to = B->start[i];
    int next = 0;
    for (int64_t k = A->start[i]; k < A->start[i + 1]; k++) {
        const int j = A->column[k];
        while (next < in_all && full[next] < j)
            B->column[to++] = full[next++];
        next += next < in_all && full[next] == j;
        if (held[j] == HELD_NOWHERE)
            continue;
        B->column[to] = j;
        B->value[to++] = A->value[k];
    }
    while (next < in_all)
        B->column[to++] = full[next++];
    B->start[i + 1] = to;
}

static int hold(data_t *data, const held_t *held, int in_all)
{
    int code = TRALO_OK, *full = NULL, found = 0;
    const csr_t *A = data->X.sparse;
    csr_t *B = NULL;
    int64_t entries = A->rows * in_all;
    for (int64_t k = 0; k < A->start[A->rows]; k++)
        entries += held[A->column[k]] == HELD_AS_IT_IS;
    ALLOC(full, in_all);
    for (int j = 0; j < data->p; j++)
        if (held[j] == HELD_IN_ALL_ROWS)
            full[found++] = j;
    TRY(sparse_create(A->rows, A->columns, entries, &B));
    for (int64_t i = 0; i < A->rows; i++)
        copy_row(A, i, held, full, in_all, B);
    sparse_free(&data->X.sparse);
    data->X.sparse = B;
out:
    mem_free(&full);
    return code;
}

int sparse_scale(data_t *data, const double *count, const bool *zero)
{
    int code = TRALO_OK, in_all;
    held_t *held = NULL;
    ALLOC(held, data->p);
    if (decide(data, count, zero, held, &in_all))
        TRY(hold(data, held, in_all));
    csr_t *A = data->X.sparse;
    for (int64_t k = 0; k < A->start[A->rows]; k++) {
        const int j = A->column[k];
        const double mean = held[j] == HELD_IN_ALL_ROWS ? data->mean[j] : 0.0;
        A->value[k] = (A->value[k] - mean) / data->scale[j];
    }
    for (int j = 0; j < data->p; j++)
        A->shift[j] = held[j] == HELD_AS_IT_IS ? data->mean[j] / data->scale[j] : 0.0;
out:
    mem_free(&held);
    return code;
}
