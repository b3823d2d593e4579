/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside foresight.c: a search as it is, and the tree of what may become of it. Serial. */
#ifndef OUTER_HYPOTHESES_H
#define OUTER_HYPOTHESES_H

#include "outer/foresight.h"

/* The search, if a batch is told these values. */
typedef struct hypothesis {
    int parent; /* whose batch that is; the root is 0 */
    double share;
    double *f;           /* owned [count], NaN: it fails */
    int64_t count, told; /* and how many values that makes since the first */
    bool open;           /* it was not looked at */
    outer_t *copy;       /* owned; NULL: not yet, or a child has it */
    outer_batch_t batch; /* of the copy, asked for then */
    uint64_t print;      /* of all its points and their numbers */
} hypothesis_t;

typedef struct hypotheses {
    const outer_kind_t *kind; /* borrowed, as options and box */
    const void *options;
    const outer_box_t *box;
    double *f; /* owned [room]: all values that were told, NaN: failed */
    int64_t told, room;
    outer_t *root;       /* owned; NULL: not yet */
    int64_t root_told;   /* so many of them, */
    outer_batch_t batch; /* and asked then */
    int count;           /* in the tree, with the root; 0: there is none */
    int known;           /* replies of the batch for which it was grown, */
    bool late;           /* and whether for failures */
    int current, place;  /* whose points are taken, 0: nobody's, and the next of them */
    int copies;          /* that were made for it */
    foresight_effort_t effort;
    hypothesis_t list[FORESIGHT_HYPOTHESES];
} hypotheses_t;

/* {kind, options, box} of a hypotheses_t that is zero elsewhere is one before the first batch. */
void hypotheses_release(hypotheses_t *hypotheses);

/* The search was told: ends the tree. Errors: TRALO_ERR_MEMORY. */
int hypotheses_tell(hypotheses_t *hypotheses, const outer_reply_t *replies, int count);

/* Sees to it that the batch is that of the search, and the tree for these replies to it: with each
   reply that came a new one is begun. Errors: TRALO_ERR_MEMORY, those of outer_create. */
int hypotheses_follow(hypotheses_t *hypotheses, const outer_reply_t *replies, bool late);

/* Requests of the likeliest hypothesis, one at a time, then of the next; of all that come to the
   same batch those of one. NULL: no more. Valid until the next call; from: whose they are. Errors:
   as above. */
int hypotheses_next(hypotheses_t *hypotheses, const outer_request_t **request,
                    const hypothesis_t **from);

/* Stands for the bits of a request and what is `before` it. */
uint64_t hypotheses_print(const hypotheses_t *hypotheses, const outer_request_t *request,
                          uint64_t before);

#endif
