/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of X that stay on disk: each pass reads this rank's rows of a dense X from its files, ahead
   of their use (read_ahead.h), in blocks that end where chunks end. In memory are three blocks, as
   they are stored (in single or double precision), and one panel of rows as the mathematics sees
   them: in double precision, standardised, with the column of ones. Nothing here is collective.

   A failure (I/O error, a file that was changed, a number that is not finite) does not stop the
   pass, whose caller communicates with other ranks: rows that could not be read are 0, on this rank
   until its end. rows_stream_failure tells, and data_intact tells all ranks (data.h); nothing may
   be concluded from a pass before one of them was asked. */
#ifndef DATA_STREAM_H
#define DATA_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "data/files.h"

typedef struct rows_stream rows_stream_t;

typedef struct rows_stream_shape {
    int p, columns; /* columns is p, or p + 1 with the column of ones */
    bool single;    /* X is stored in single precision */
    int64_t band;   /* rows of X that share chunks; 1: not chunked */
    bool narrow;    /* a chunk has some of the columns only */
} rows_stream_shape_t;

typedef struct rows_stream_plan {
    files_t *files;      /* of data_survey; owned by the stream once that is open */
    char *const *names;  /* [p] or NULL, borrowed as long as the stream lives */
    int p, columns;      /* as above */
    bool single;         /* all files are in single precision */
    int64_t first, rows; /* of this rank */
    bool uncached;       /* the page cache cannot keep them (row_reader.h) */
} rows_stream_plan_t;

bool rows_stream_single(const rows_stream_t *stream);

/* Rows of a block: some 16 MiB, and enough for a panel; whole bands of chunks, or equal parts of a
   band that is one chunk, which HDF5 then keeps. */
int64_t rows_stream_block_rows(const rows_stream_shape_t *shape);

/* At most so many, whatever suits, from now on; 0: as many as suit. For tests. */
void rows_stream_limit_blocks(int64_t rows);

/* Whatever its plan says, a stream opened from now on leaves the page cache alone. For tests. */
void rows_stream_leave_cache(bool leave);

/* Bytes that a rank with so many rows holds of X. */
int64_t rows_stream_memory(const rows_stream_shape_t *shape, int64_t rows);

/* Opens the files and begins to read. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int rows_stream_open(const rows_stream_plan_t *plan, rows_stream_t **out);
void rows_stream_close(rows_stream_t **stream); /* NULL is accepted */

/* From now on column j of a row is (x - mean) / scale, mean and scale [p], and 0 where constant[j]
   (NULL: nowhere). Before the first call it is x. Not in the middle of a pass. */
void rows_stream_scale(rows_stream_t *stream, const double *mean, const double *scale,
                       const bool *constant);

/* A pass starts; whatever pass was under way has ended. */
void rows_stream_rewind(rows_stream_t *stream);

/* The next rows of this pass, at most `most` (<= panel_rows(columns)): how many, and where they are
   [count, columns] until the next call. 0: there are no more. */
int64_t rows_stream_next(rows_stream_t *stream, int64_t most, const double **rows);

/* Local rows begin .. begin + count - 1, outside of any pass, to `out` [count, columns]: read while
   the caller waits. */
void rows_stream_copy(rows_stream_t *stream, int64_t begin, int64_t count, double *out);

/* TRALO_OK, or what failed, its message raised anew. */
int rows_stream_failure(rows_stream_t *stream);

/* Another rank has failed. */
void rows_stream_fail(rows_stream_t *stream, int code, const char *message);

typedef struct rows_stream_counters {
    int64_t passes; /* that were begun */
    int64_t bytes;  /* of X as in the buffers, read so far */
    int64_t direct; /* of these, past HDF5 and the page cache */
    double waited;  /* seconds in which the caller waited for rows */
} rows_stream_counters_t;
rows_stream_counters_t rows_stream_counters(const rows_stream_t *stream);

#endif
