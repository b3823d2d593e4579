/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks 0 .. blocks-1 of something slow, pass after pass, fetched by a thread of its own into a
   ring of buffers while the caller works on the block before. Between passes the thread fetches the
   first blocks of the next one, and then waits. Nothing here is collective. */
#ifndef DATA_READ_AHEAD_H
#define DATA_READ_AHEAD_H

#include <stdint.h>

#include "base/error.h"

enum { READ_AHEAD_SLOTS = 3, READ_AHEAD_ALIGNED = 4096 };

typedef struct read_ahead read_ahead_t;

typedef struct read_ahead_source {
    int64_t blocks; /* > 0 */
    int64_t bytes;  /* of the largest block */
    /* Fetches a block to a buffer, which begins at a multiple of READ_AHEAD_ALIGNED; returns an
       error code, its message raised as usual. Runs in the thread, so it must neither allocate by
       base/mem.h nor communicate. */
    int (*fetch)(void *context, int64_t block, void *buffer);
    void *context; /* borrowed as long as the read-ahead lives */
} read_ahead_source_t;

/* Bytes of the ring for blocks of so many. */
int64_t read_ahead_memory(int64_t bytes);

/* Starts the thread. Errors: TRALO_ERR_MEMORY. */
int read_ahead_create(const read_ahead_source_t *source, read_ahead_t **out);

/* Ends the thread. Accepts NULL, sets NULL. */
void read_ahead_free(read_ahead_t **ahead);

/* The next block of this pass, valid until the next call of any of these; NULL: it could not be
   fetched, and nothing will be from now on. At most `blocks` calls in a pass. */
const void *read_ahead_next(read_ahead_t *ahead);

/* Ends the pass, wherever it stands: what comes next is block 0. */
void read_ahead_rewind(read_ahead_t *ahead);

/* TRALO_OK, or, once a block was NULL, the code of the failed fetch with its message raised anew.
 */
int read_ahead_failure(read_ahead_t *ahead);

double read_ahead_waited(const read_ahead_t *ahead); /* seconds that read_ahead_next had to wait */

#endif
