/* SPDX-License-Identifier: BSD-3-Clause */
/* The trials of an oracle, dealt to groups of ranks: each evaluates one at a time and gets the next
   as soon as it has answered. Rank 0 deals, and is one of the first group, unless it is dedicated
   to dealing; all others serve. Which group evaluates a trial changes nothing of it. One rank is a
   legal world.

   Where a trial of rank 0's own group waits in poll (a plugin, a criterion), rank 0 deals on in
   between: whenever the trial asks whether to stop, or the group communicates by comm.h. */
#ifndef ORACLE_DEAL_H
#define ORACLE_DEAL_H

#include "comm/comm.h"
#include "oracle/kinds.h"

enum { DEAL_HANGS = 4 }; /* status of a program that ends because a trial does not */

typedef struct deal deal_t;

/* All borrowed. */
typedef struct deal_setup {
    comm_t *comm;
    const oracle_kind_t *kind;
    const void *options;
    const space_t *space;
    bool again;         /* as the oracle's prepare wants it */
    bool (*stop)(void); /* rank 0's word counts */
} deal_setup_t;

/* Collective. Errors: those of the oracle's prepare and create, TRALO_ERR_MEMORY; the same on all
   ranks. */
int deal_create(const deal_setup_t *setup, deal_t **out);
void deal_free(deal_t **deal); /* collective */

/* Evaluates what rank 0 deals until deal_end. All ranks but rank 0; returns at once there. */
void deal_serve(deal_t *deal);

/* Gives up what is out; for good: again it does nothing. Rank 0. */
void deal_end(deal_t *deal);

typedef struct deal_done {
    int64_t ticket; /* of the trial */
    int group;      /* that evaluated it, */
    double began;   /* when: clock_seconds() of rank 0, */
    double seconds; /* and how long it took */
    const oracle_answer_t *answer;
} deal_done_t;

/* What is to be dealt. Each may be called from inside of an own trial's poll. */
typedef struct deal_source {
    void *argument;
    /* A group is idle: what is it to evaluate? The values live until the next call; the ticket is
       the caller's own. false: nothing now. */
    bool (*next)(void *argument, oracle_trial_t *trial, int64_t *ticket);
    /* A trial is done, in any order; errors end the run. Not told of one that was given up. */
    int (*done)(void *argument, const deal_done_t *done);
    /* Is all that is needed done? */
    bool (*complete)(void *argument);
} deal_source_t;

/* Deals until the source is complete; then there may be trials left that are out, which go on in
   the next run. Or until stop() says so, or an error comes: then all that is out is given up. Rank
   0. Errors: those of `done` and of the oracle. */
int deal_run(deal_t *deal, const deal_source_t *source);

/* Gives up one trial that is out, if it still is: its group is told to stop and idle as soon as it
   has. Rank 0. */
void deal_drop(deal_t *deal, int64_t ticket);

/* When the trial that is out began, clock_seconds(); -1: it is not out. Rank 0. */
double deal_since(const deal_t *deal, int64_t ticket);

/* Share of the time in deal_run that the groups spent on trials; 1 before. Rank 0. */
double deal_utilisation(const deal_t *deal);

int deal_groups(const deal_t *deal); /* how many; not collective */
int deal_idle(const deal_t *deal);   /* groups that evaluate nothing; rank 0 */

#endif
