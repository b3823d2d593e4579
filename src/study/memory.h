/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_MEMORY_H
#define STUDY_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "criterion/algebra.h"

/* What the data have beside X and y. */
typedef struct memory_vectors {
    int offsets; /* numbers of a row in the offset */
    bool weights;
} memory_vectors_t;

/* Bytes that the data of a shape take on the rank with the most rows, shape->rows. Not collective,
   as the next. */
int64_t memory_data(const problem_shape_t *shape, const memory_vectors_t *vectors);

typedef struct memory_request {
    int64_t n, ranks;
    int p;
    int64_t entries;     /* of an X that is held by them; 0: it is held dense */
    int outputs;         /* of the loss: 1, or the classes */
    bool quadratic;      /* squared loss */
    const char *algebra; /* NULL: the one that a run with room for all of it chooses */
    int offsets;         /* numbers of a row in the offset of the data file */
    bool weights;        /* are in the data file */
    bool whitened;       /* held, where the algebra has whitened rows */
    bool streamed;       /* X stays on disk, stored as follows */
    bool single;         /* in single precision */
    int64_t band;        /* rows that share chunks; 1: not chunked */
    bool narrow;         /* a chunk has some of the columns only */
} memory_request_t;

/* Bytes that the rank with the most rows allocates to tune one penalty by approximate
   leave-one-out, with an intercept: data, training problem, criterion, and what exact refits need.
 */
int64_t memory_per_rank(const memory_request_t *request);

/* The algebra of that, with what it needs beside data and problem. */
algebra_t memory_algebra(const memory_request_t *request);

#endif
