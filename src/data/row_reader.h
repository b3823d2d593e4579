/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a dense X out of its files, as often as one likes, in the order of the rows or in any
   other. Any thread may read; one at a time goes into HDF5. Nothing here is collective. */
#ifndef DATA_ROW_READER_H
#define DATA_ROW_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "data/files.h"

typedef struct row_reader row_reader_t;

/* Of p columns; of the rows first .. first + rows - 1 of the data set, rows > 0, and no others.
   files are those of data_survey; names [p], of the columns, may be NULL; both are borrowed as long
   as the reader lives. Where the page cache is not going to keep these rows until they are read
   again (uncached), it is left alone as far as possible. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY.
 */
typedef struct row_reader_plan {
    const files_t *files;
    char *const *names;
    int p;
    int64_t first, rows;
    bool uncached;
} row_reader_plan_t;
int row_reader_open(const row_reader_plan_t *plan, row_reader_t **out);
void row_reader_close(row_reader_t **reader); /* NULL is accepted */

/* Rows first .. first + count - 1 of the data set into `values` [count, p] of floats (single) or
   doubles, checked. Errors: TRALO_ERR_FILE (cannot be read; a file is not as it was when the reader
   was opened), TRALO_ERR_INPUT (a number is not finite); each names file and rows. */
int row_reader_read(row_reader_t *reader, int64_t first, int64_t count, bool single, void *values);

/* The same for rows that lie in one file, into a buffer as direct.h wants it. Numbers are checked
   the first time that blocks go over all rows in order: from then on the file is as it was. */
int row_reader_block(row_reader_t *reader, int64_t first, int64_t count, bool single, void *buffer);

/* Of all that was read, the bytes that went straight from the disk to a buffer. */
int64_t row_reader_direct(const row_reader_t *reader);

#endif
