/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle `criterion` on groups of ranks: each group has data and model of its own, and finds
   values alone. */
#ifndef ORACLE_SHARED_H
#define ORACLE_SHARED_H

#include "criterion/criterion.h"
#include "oracle/kinds.h"

/* What builds a criterion. All its functions are collective over the ranks of a group, and give the
   same code on all. */
typedef struct oracle_source {
    void *context;
    int (*open)(void *context, comm_t *ranks, void **opened);
    /* The value at theta, which is to depend on theta alone, not on what was evaluated before.
       Errors are what no other evaluation would survive either. */
    int (*evaluate)(void *opened, const double *theta, criterion_result_t *result);
    void (*close)(void **opened);
} oracle_source_t;

/* The options that oracle_criterion is created with; the config has the first of them. The values
   of a trial are theta itself. */
typedef struct oracle_shared {
    oracle_common_t common;
    const oracle_source_t *source;
} oracle_shared_t;

#endif
