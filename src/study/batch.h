/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluations of one batch of a search, whatever gives the values. */
#ifndef STUDY_BATCH_H
#define STUDY_BATCH_H

#include "study/begun.h"
#include "study/study.h"

typedef struct batch_done {
    int place;      /* in the batch */
    int group;      /* of ranks that evaluated it, from 0, */
    double began;   /* when: clock_seconds(), */
    double seconds; /* and how long it took */
    const criterion_result_t *result;
} batch_done_t;

typedef struct ahead ahead_t; /* ahead.h */

typedef struct batch_work {
    const outer_batch_t *batch;   /* of evaluations, not of products */
    int count;                    /* of those that are wanted, */
    const int *places;            /* [count] and where they are in the batch, rising */
    int64_t first;                /* number of its first evaluation in the study */
    const outer_reply_t *replies; /* [of the batch]; `missing` until `done` was told of it */
    ahead_t *ahead;               /* NULL: nothing is */
    begun_t *begun;               /* NULL: nothing is noted */
    /* Told of each evaluation as it ends, all borrowed for the call. Errors end the batch. */
    int (*done)(void *argument, const batch_done_t *done);
    void *argument;
} batch_work_t;

/* Evaluates them in any order, until all are done or a stop was asked for: what is not done then
   is not told of. Rank 0. Errors: those of `done`, of data that cannot be read any more, and of an
   oracle. */
int batch_evaluate(study_t *study, const batch_work_t *work);

/* theta [S] in the terms of the oracle, which live until the next call. */
const double *batch_values(study_t *study, const double *theta);

/* An oracle's answer as the result of a criterion. */
void batch_result(const oracle_answer_t *answer, criterion_result_t *result);

#endif
