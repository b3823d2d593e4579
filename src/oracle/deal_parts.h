/* SPDX-License-Identifier: BSD-3-Clause */
/* What deal.c and deal_run.c share. */
#ifndef ORACLE_DEAL_PARTS_H
#define ORACLE_DEAL_PARTS_H

#include "oracle/deal.h"

typedef enum verb { VERB_TRIAL, VERB_STOP, VERB_END } verb_t;

/* From rank 0, with the values behind it. */
typedef struct order {
    int64_t verb, ticket;
    oracle_trial_t trial; /* but for its values */
    double values[];
} order_t;

/* To rank 0. */
typedef struct reply {
    int64_t ticket;
    double seconds;
    int code; /* of the oracle; with its message */
    char message[ERROR_TEXT];
    oracle_answer_t answer;
} reply_t;

/* On rank 0: what a group has to do. */
typedef struct post {
    int64_t ticket; /* of its trial, */
    double since;   /* which it got then, clock_seconds(); -1: it is idle */
    bool dropped;   /* it was told to give that up */
} post_t;

struct deal {
    deal_setup_t setup;
    comm_t *group;    /* owned: the ranks of this one's group */
    int first;        /* the first rank that evaluates: 0, or 1 */
    int groups, mine; /* how many, and which is this rank's; -1: none */
    void *work;       /* the oracle's; NULL in no group */
    order_t *order;   /* owned, of `size` bytes */
    int size;
    bool stopping; /* what this group evaluates is to be given up; rank 0: no more are given out */
    /* rank 0: */
    bool ended;                  /* the others have been told so */
    post_t *posts;               /* [groups] */
    const deal_source_t *source; /* of the run; NULL: there is none */
    int code;                    /* its first error, */
    char message[ERROR_TEXT];    /* with the words: the last ones may be those of a later trial */
    bool begun;                  /* its own group has a trial that is to be polled */
    double tended;               /* clock_seconds() when it last looked after the others */
    double busy, open;           /* seconds: of all groups on trials, and inside deal_run */
};

int deal_leader(const deal_t *deal, int group); /* the first rank of a group */
bool deal_leads(const deal_t *deal);            /* is this one such? */

/* On the first rank of a group: to its others. */
void deal_pass_on(const deal_t *deal, const order_t *order, int size);

/* Rank 0: looks after the other groups, if it has not for a while. */
void deal_tend(deal_t *deal);

#endif
