/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy arrays (.npy, format versions 1 to 3) of numbers, read by rows. */
#ifndef DATA_IMPORT_ARRAY_H
#define DATA_IMPORT_ARRAY_H

#include <stdint.h>

#include "base/error.h"

typedef struct array array_t;

/* Opens a one- or two-dimensional array of f4, f8, i1..i8, u1..u8 or bool, in C or Fortran order,
   little- or big-endian; (n) is taken as (n, 1). A compressed file in Fortran order is unpacked
   into a file without a name in the folder of `scratch`. Errors: as stream_open; TRALO_ERR_INPUT
   (not NumPy, other types or shapes, shorter or longer than its shape says). */
int array_open(const char *path, const char *scratch, array_t **out);
void array_close(array_t **array);
int array_rewind(array_t *array);

int64_t array_rows(const array_t *array);
int64_t array_columns(const array_t *array);

/* The next row [columns], valid until the next call; NULL after the last. Memory: a block of
   a few MiB, or one row. */
int array_next(array_t *array, const double **row);

#endif
