/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside methods that need values only: the best point as it was evaluated, and how the search
   ends. Nothing here is collective. */
#ifndef OUTER_BEST_H
#define OUTER_BEST_H

#include "outer/outer.h"

typedef struct outer_best {
    const outer_box_t *box; /* borrowed */
    double *theta;          /* owned [S] */
    bool *at_bound;         /* owned [S] */
    double f;
    bool known, accepted, interrupted, ended;
    int64_t evaluations, failures;
    outer_reason_t reason;
    char detail[640], failure[512]; /* the last one, "" when there was none */
} outer_best_t;

/* Errors: TRALO_ERR_MEMORY; best_release is to follow in any case. */
int best_create(const outer_box_t *box, outer_best_t *out);
void best_release(outer_best_t *best);

/* Counts a reply to a request for f at theta, keeps the point if it is the best; returns f, NaN
   where there is none. */
double best_take(outer_best_t *best, const double *theta, const outer_reply_t *reply);

/* The search has ended, unless it has before. Without any value the reason is OUTER_ERROR. detail
   is a whole sentence without its full stop. */
void best_end(outer_best_t *best, outer_reason_t reason, const char *detail);

/* To be called first in ask: ends the search that was interrupted; true: it has ended. */
bool best_ended(outer_best_t *best);

void best_state(const outer_best_t *best, outer_state_t *state);

#endif
