/* SPDX-License-Identifier: BSD-3-Clause */
/* Some of this rank's rows of X by themselves, in any order, held as X holds its own: for steps
   that look at a few rows only. X must be in memory. Nothing here is collective. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include "base/work.h"
#include "data/rows.h"

typedef struct batch {
    rows_t X;     /* the rows that were taken; owned */
    int64_t most; /* how many there may be */
} batch_t;

/* Room for `most` rows of X. Errors: TRALO_ERR_MEMORY; batch_release is to follow in any case. */
int batch_create(const rows_t *X, int64_t most, batch_t *out);
void batch_release(batch_t *batch);

/* Bytes at most: a sparse row may have an entry in every column. */
int64_t batch_memory(int columns, bool sparse, int64_t most);

/* Adds what it costs to take so many numbers of X, over all ranks, so many times. */
void batch_cost(bool sparse, double numbers, double times, work_t *work);

/* Takes the local rows which [count] of X, the one that the batch was made for. */
void batch_take(batch_t *batch, const rows_t *X, const int64_t *which, int64_t count);

#endif
