/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/batch.h"

#include <string.h>

#include "base/mem.h"
#include "data/sparse.h"

/* Entries of the row of A that has most. */
static int64_t fullest(const csr_t *A)
{
    int64_t most = 0;
    for (int64_t i = 0; i < A->rows; i++)
        most = A->start[i + 1] - A->start[i] > most ? A->start[i + 1] - A->start[i] : most;
    return most;
}

int batch_create(const rows_t *X, int64_t most, batch_t *out)
{
    int code = TRALO_OK;
    ASSERT(X->stream == NULL);
    out->most = most;
    out->X.columns = X->columns;
    if (X->sparse != NULL) {
        const csr_t *A = X->sparse;
        TRY(sparse_create(most, A->columns, most * fullest(A), &out->X.sparse));
        memcpy(out->X.sparse->shift, A->shift, (size_t)A->columns * sizeof *A->shift);
    } else {
        ALLOC(out->X.dense, most * X->columns);
    }
out:
    return code;
}

void batch_release(batch_t *batch)
{
    mem_free(&batch->X.dense);
    sparse_free(&batch->X.sparse);
}

int64_t batch_memory(int columns, bool sparse, int64_t most)
{
    const int64_t number = (int64_t)sizeof(double), index = (int64_t)sizeof(int);
    const int64_t rows = most * columns * (number + (sparse ? index : 0));
    return sparse ? rows + (most + 1 + columns) * number : rows;
}

void batch_cost(bool sparse, double numbers, double times, work_t *work)
{
    if (sparse)
        work->amount[WORK_ENTRY] += times * numbers;
    else
        work->amount[WORK_PASS] += 2.0 * times * numbers;
}

static void take_entries(csr_t *to, const csr_t *from, const int64_t *which, int64_t count)
{
    to->rows = count;
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = from->start[which[i]], length = from->start[which[i] + 1] - at;
        memcpy(to->column + to->start[i], from->column + at, (size_t)length * sizeof *to->column);
        memcpy(to->value + to->start[i], from->value + at, (size_t)length * sizeof *to->value);
        to->start[i + 1] = to->start[i] + length;
    }
}

void batch_take(batch_t *batch, const rows_t *X, const int64_t *which, int64_t count)
{
    const int64_t columns = X->columns;
    ASSERT(count <= batch->most);
    batch->X.rows = count;
    if (X->sparse != NULL) {
        take_entries(batch->X.sparse, X->sparse, which, count);
        work_count(WORK_ENTRY, (double)batch->X.sparse->start[count]);
        return;
    }
    work_count(WORK_PASS, 2.0 * (double)(count * columns));
    for (int64_t i = 0; i < count; i++)
        memcpy(batch->X.dense + i * columns, X->dense + which[i] * columns,
               (size_t)columns * sizeof *X->dense);
}
