/* SPDX-License-Identifier: BSD-3-Clause */
/* The trials of an oracle, dealt to groups of ranks: each evaluates one at a time and gets the next
   as soon as it has answered. Rank 0 deals, and is one of the first group, unless it is dedicated
   to dealing; all others serve. Which group evaluates a trial changes nothing of it. One rank is a
   legal world. A trial that waits in poll (a plugin) keeps rank 0 from dealing until it ends. */
#ifndef ORACLE_DEAL_H
#define ORACLE_DEAL_H

#include "comm/comm.h"
#include "oracle/kinds.h"

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
void deal_end(deal_t *deal); /* rank 0; for good: again it does nothing */

typedef struct deal_done {
    int place;      /* in the batch */
    int group;      /* that evaluated it, */
    double began;   /* when: clock_seconds() of rank 0, */
    double seconds; /* and how long it took */
    const oracle_answer_t *answer;
} deal_done_t;

typedef struct deal_batch {
    int count;
    void *argument;
    /* Fills the i-th trial; its values live until the next call. */
    void (*trial)(void *argument, int i, oracle_trial_t *trial);
    /* A trial is done, in any order; errors end the batch. */
    int (*done)(void *argument, const deal_done_t *done);
} deal_batch_t;

/* Evaluates a batch, until all are done or stop() says so: then what runs is given up and not told
   of. Rank 0. Errors: those of `done` and of the oracle. */
int deal_run(deal_t *deal, const deal_batch_t *batch);

/* Share of the time in deal_run that the groups spent on trials; 1 before. Rank 0. */
double deal_utilisation(const deal_t *deal);

int deal_groups(const deal_t *deal); /* how many; not collective */

#endif
