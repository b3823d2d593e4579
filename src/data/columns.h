/* SPDX-License-Identifier: BSD-3-Clause */
/* The same matrix by columns: every rank holds all rows of its share of some columns. */
#ifndef DATA_COLUMNS_H
#define DATA_COLUMNS_H

#include "data/data.h"

typedef struct data_columns {
    int64_t n; /* rows over all ranks */
    int first; /* of the list, this rank has columns first .. first + count - 1 */
    int count; /* may be 0 */
    double *X; /* [count, n] row-major: row k is column list[first + k] of X; owned */
} data_columns_t;

/* The columns list [length], of data->columns, dealt to the ranks in consecutive parts; list is the
   same on all ranks. Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks. Cost: every
   number is sent once. */
int data_columns(const data_t *data, const int *list, int length, data_columns_t *out);
void data_columns_free(data_columns_t *columns);

/* Bytes on the rank that has most. Not collective. */
int64_t data_columns_memory(int64_t n, int64_t length, int64_t ranks);

#endif
