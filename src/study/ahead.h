/* SPDX-License-Identifier: BSD-3-Clause */
/* Trials ahead of the search. Where groups of ranks would be idle they evaluate what the search may
   ask for next (outer/foresight.h). What it then asks for, to the last bit of theta, is done or
   under way; the others are given up. The search and its result do not depend on it. Rank 0 alone.

       ahead_begin      a batch is out
       ahead_take ...   what of it is done already;  ahead_has: what is under way
       ahead_next ...   all of the batch is given out, and a group is idle
       ahead_answer     a trial of ahead_next has ended
       ahead_told       the search was told the batch

   Every function but the first is legal with NULL, when nothing is ahead. */
#ifndef STUDY_AHEAD_H
#define STUDY_AHEAD_H

#include "study/batch.h"

typedef struct ahead_counts {
    int64_t begun, used;
} ahead_counts_t;

/* For a study with a deal, before its search begins; *out is NULL where the oracle's options do not
   want it, or there is one group alone. Errors: those of foresight_create. */
int ahead_open(study_t *study, ahead_t **out);
void ahead_close(ahead_t **ahead); /* after deal_end; removes what trials left that nobody needed */

void ahead_begin(ahead_t *ahead, const batch_work_t *work);

/* Was the evaluation in this place of the batch done ahead? Then *done is filled, and its failure
   or value in *result. Once for each. */
bool ahead_take(ahead_t *ahead, int place, batch_done_t *done, criterion_result_t *result);

/* Is it under way? Then ahead_answer will tell of its end. */
bool ahead_has(const ahead_t *ahead, int place);

/* Another trial for an idle group, values as fill_values has them; false: none now. */
bool ahead_next(ahead_t *ahead, oracle_trial_t *trial, int64_t *ticket);

/* Whose was this? The place of the batch, -1: nobody's yet. */
int ahead_answer(ahead_t *ahead, const deal_done_t *done);

/* Errors: those of foresight_told. */
int ahead_told(ahead_t *ahead, const outer_batch_t *batch, const outer_reply_t *replies);

ahead_counts_t ahead_counts(const ahead_t *ahead);

#endif
