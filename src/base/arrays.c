/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/arrays.h"

#include "base/mem.h"

int arrays_create(const array_table_t *table, const void *sizes, void *owner)
{
    int code = TRALO_OK;
    for (int i = 0; i < table->count; i++)
        TRY(mem_alloc(table->elements(table->rows[i].shape, sizes), sizeof(double),
                      (char *)owner + table->rows[i].offset));
out:
    return code;
}

void arrays_free(const array_table_t *table, void *owner)
{
    for (int i = 0; i < table->count; i++)
        mem_free((char *)owner + table->rows[i].offset);
}

int64_t arrays_memory(const array_table_t *table, const void *sizes)
{
    int64_t numbers = 0;
    for (int i = 0; i < table->count; i++)
        numbers += table->elements(table->rows[i].shape, sizes);
    return numbers * (int64_t)sizeof(double);
}
