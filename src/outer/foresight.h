/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search by values may ask for next, while replies of the batch that is out are missing:
   work for groups that would be idle. Nothing but points is foreseen: a value that was evaluated
   ahead is the search's when it asks for the same bits of theta and the same draw, so that it goes
   the same way with foresight and without. Serial, not collective.

   The requests of a search depend on its options, box and replies alone (outer.h). So copies of it
   are told all replies so far, then guesses for those that are missing (outer_guess), and asked. A
   guess for each batch is a hypothesis; the likeliest is followed first, also over several batches.

       after outer_ask:    foresight_next(...) as often as a group is idle
       after outer_tell:   foresight_told(the same replies)

   Cost: a hypothesis that leaves the way of another needs a new copy, which is told all anew. At
   most FORESIGHT_COPIES of them between two replies; a caller for whom that may be too much looks
   at the effort first. */
#ifndef OUTER_FORESIGHT_H
#define OUTER_FORESIGHT_H

#include "outer/outer.h"

enum { FORESIGHT_COPIES = 64, FORESIGHT_HYPOTHESES = 256 };

typedef struct foresight foresight_t;

typedef struct foresight_point {
    const double *theta; /* [S], owned by foresight until foresight_told or foresight_free */
    int64_t draw;
    int64_t ahead; /* evaluations that the search will have counted before it: it may come to the
                      same point another way, and then after others */
    double share;  /* about how likely it is that the search asks for it, in (0, 1] */
} foresight_point_t;

/* What it took so far. */
typedef struct foresight_effort {
    int64_t copies; /* of the search that were made, */
    int64_t told;   /* and replies that they were told */
    int64_t points; /* that were foreseen */
    double seconds; /* in foresight_next */
} foresight_effort_t;

/* For a search before its first batch. All is borrowed until foresight_free. A kind that asks for
   derivatives is legal: nothing is foreseen. Errors: TRALO_ERR_MEMORY. */
int foresight_create(const outer_kind_t *kind, const void *options, const outer_box_t *box,
                     foresight_t **out);
void foresight_free(foresight_t **foresight);

/* The search was told these replies [count] to its batch. Forgets what was foreseen for it; after a
   reply that is missing, the search was interrupted, and nothing more is foreseen. Errors:
   TRALO_ERR_MEMORY (then only foresight_free may follow). */
int foresight_told(foresight_t *foresight, const outer_reply_t *replies, int count);

/* The likeliest point that has not been given for this batch with the same `ahead`, and is not in
   it. replies [count of the batch that is out], `missing` where there is none yet; those that are
   there stay. late: what is missing takes so long that it may well fail, so that failures are
   foreseen too. found: false: none, unless more replies come. Errors: TRALO_ERR_MEMORY, those of
   outer_create (then only foresight_free may follow). */
int foresight_next(foresight_t *foresight, const outer_reply_t *replies, bool late,
                   foresight_point_t *next, bool *found);

void foresight_effort(const foresight_t *foresight, foresight_effort_t *effort);

#endif
