/* SPDX-License-Identifier: BSD-3-Clause */
/* The same matrix by columns: every rank holds all rows of its share of some columns. Those of a
   sparse X are held by their entries z, with a further one at n that all rows share, minus the
   shift: x = z_0..n-1 + z_n 1 is what the mathematics sees. */
#ifndef DATA_COLUMNS_H
#define DATA_COLUMNS_H

#include "data/data.h"

typedef struct data_columns {
    int64_t n; /* rows over all ranks */
    int first; /* of the list, this rank has columns first .. first + count - 1 */
    int count; /* may be 0 */
    double *X; /* [count, n] row-major: row k is column list[first + k] of X; owned; or NULL, and */
    csr_t *sparse; /* [count, n + 1] the entries z, without shift; owned */
} data_columns_t;

/* The columns list [length], of data->columns, dealt to the ranks in consecutive parts; list is the
   same on all ranks. Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks. Cost: every
   number is sent once, every entry of a sparse X to all ranks. */
int data_columns(const data_t *data, const int *list, int length, data_columns_t *out);
int data_columns_sparse(const data_t *data, const int *list, int length, data_columns_t *out);
void data_columns_free(data_columns_t *columns);

/* y = P x and y += P'x for the columns as rows of P [count, n]; x, y [n] and [count]; scratch
   [n + 1]. Not collective, as all below. */
void data_columns_times(const data_columns_t *columns, const double *x, double *scratch, double *y);
void data_columns_add_transposed(const data_columns_t *columns, const double *x, double *scratch,
                                 double *y);

/* Bytes on the rank that has most; of a sparse X as if each held the same share of `entries`, which
   are those of all ranks (dense: not read). */
int64_t data_columns_memory(int64_t n, int64_t length, int64_t ranks);
int64_t data_columns_sparse_memory(int64_t entries, int64_t n, int64_t length, int64_t ranks);

#endif
