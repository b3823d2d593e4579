/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows train and which validate. */
#ifndef CRITERION_PARTS_H
#define CRITERION_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "data/data.h"

enum {
    PART_TRAINS = -1, /* a row that trains in every part */
    PART_UNUSED = -2  /* a row that neither trains nor validates */
};

typedef enum parts_source { PARTS_AUTO, PARTS_FILE, PARTS_SEED } parts_source_t;

typedef struct parts_request {
    parts_source_t source; /* /fold of the data file, the seed, or the file where it has /fold */
    int folds;             /* k-fold: how many parts; 0: hold-out, one part */
    double fraction;       /* hold-out: share of the rows that validate */
    int64_t seed;
    bool stratify; /* both labels in the same proportion in every part */
} parts_request_t;

/* part [rows]: the number (from 0) of the part in which the row validates, or one of the two names
   above; *count: parts. By seed, a row's part depends on its number and n alone, never on the
   ranks, and the sizes of parts differ by at most one (per label when stratified). /fold of the
   file is, for k-fold, the part's number (negative: always trains), and for hold-out 0: trains, 1:
   validates, other: unused. Collective. Errors: TRALO_ERR_INPUT (no /fold, a gap in it, an empty
   part, more parts than rows, stratify without labels); the same on all ranks. */
int parts_assign(const data_t *data, const parts_request_t *request, int *part, int *count);

#endif
