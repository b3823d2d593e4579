/* SPDX-License-Identifier: BSD-3-Clause */
/* The arrays of numbers that a struct owns, as one table by the shape they have: what is allocated,
   what is freed and what it takes in memory cannot differ. Not collective. */
#ifndef BASE_ARRAYS_H
#define BASE_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct array_row {
    size_t offset; /* of a double * in the struct */
    int shape;     /* one of the owner's own numbers */
} array_row_t;

typedef struct array_table {
    const array_row_t *rows;
    int count;
    int64_t (*elements)(int shape, const void *sizes); /* of an array of that shape */
} array_table_t;

#define ARRAY(type, field, shape)                                                                  \
    {                                                                                              \
        offsetof(type, field), shape                                                               \
    }
#define ARRAY_TABLE(rows, elements)                                                                \
    {                                                                                              \
        rows, (int)(sizeof(rows) / sizeof *(rows)), elements                                       \
    }

/* Zeroed arrays for every row; `sizes` is handed to table->elements. arrays_free is to follow in
   any case. Errors: TRALO_ERR_MEMORY. */
int arrays_create(const array_table_t *table, const void *sizes, void *owner);
void arrays_free(const array_table_t *table, void *owner);
int64_t arrays_memory(const array_table_t *table, const void *sizes); /* bytes */

#endif
