/* SPDX-License-Identifier: BSD-3-Clause */
/* What y holds: numbers, or labels. Two labels become -1 and +1, more of them 0, 1, 2, ... */
#ifndef DATA_IMPORT_TARGET_H
#define DATA_IMPORT_TARGET_H

#include "data/import_levels.h"
#include "data/import_source.h"

typedef struct target {
    const source_t *source; /* borrowed */
    level_t *seen; /* [most] distinct values, numbers first, sorted; owned with their texts */
    int count, most;
    bool more;          /* there are more than `most` */
    int64_t word_place; /* where the first value that is no number stands */
    char *word;         /* that value, owned; NULL: all are numbers */
    level_t *labels;    /* [label_count] what the numbers stand for; owned with their texts */
    int label_count;    /* 0: not mapped */
} target_t;

/* Errors: TRALO_ERR_INPUT where options->labels is not a list of two or more, TRALO_ERR_MEMORY. */
int target_init(target_t *target, const source_t *source);
void target_release(target_t *target);

/* First pass: looks at the y of a row that is kept. Errors: TRALO_ERR_INPUT (none of --labels).
 */
int target_see(target_t *target, const import_row_t *row);

/* Between the passes: decides on the mapping. Errors: TRALO_ERR_INPUT (constant, words that are not
   two, a word and a number without --classify, too many classes). */
int target_decide(target_t *target);

bool target_mapped(const target_t *target);

/* Second pass: the number to write. */
double target_value(const target_t *target, const import_row_t *row);

#endif
