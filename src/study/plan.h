/* SPDX-License-Identifier: BSD-3-Clause */
/* What a study will need, before there are data: which algebra would be used, by the choice of a
   run (criterion/algebra.h), and memory, work, messages and time of its evaluations, by the
   formulas that stand beside each form. Nothing here is collective. */
#ifndef STUDY_PLAN_H
#define STUDY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/work.h"
#include "criterion/course.h"
#include "study/plan_search.h"

/* Where the rates of a plan come from. */
typedef struct plan_rates {
    work_rates_t does; /* what a rank does */
    int threads;       /* of a rank */
    bool measured, messages_measured;
} plan_rates_t;

enum { PLAN_ORDERS = 3 };

typedef struct plan_request {
    int64_t n;
    int p;
    double density;                         /* of X, that is held by its entries below 1 / 5 */
    int count;                              /* hyperparameters */
    int outputs;                            /* of the loss */
    const char *loss, *criterion, *algebra; /* names, as in a config */
    bool kernel;
    bool streamed;  /* X stays on disk, where it is dense */
    bool single;    /* there, in single precision */
    int64_t parts;  /* of k-fold */
    bool weights;   /* the hyperparameters are weights of rows, not penalties */
    int64_t memory; /* bytes that a rank may use; 0: not known */
    course_known_t known;
    const inner_kind_t *inner; /* NULL: Newton's method; borrowed, as all below */
    const void *inner_options;
    const plan_search_t *search; /* by values; NULL: by derivatives, trust_region */
    const plan_groups_t *groups; /* that share the trials of the search; NULL: all ranks work on
                                    each evaluation */
    plan_rates_t rates;
} plan_request_t;

/* With groups all but the memory, which has the model of all ranks besides, is of one group. */
typedef struct plan {
    int64_t ranks, groups, group_ranks; /* 1 group of all; the ranks of the smallest */
    double waves, use; /* trials one after the other, and the share of its time that a group has
                          one; 0 for a search by derivatives */
    char algebra[32], why[160];
    int64_t memory; /* bytes on the rank that needs most, with what it takes besides */
    bool fits;      /* into request->memory */
    bool roomy;     /* with what spares work */
    bool streamed;  /* with X on disk */
    work_t once, work[PLAN_ORDERS]; /* before the first evaluation; for f, +gradient, +Hessian */
    double once_seconds, seconds[PLAN_ORDERS], model_seconds, study_seconds;
} plan_t;

/* On so many ranks. Errors: TRALO_ERR_INPUT (names; an algebra that does not suit; numbers beyond
   what the program can count). */
int plan_make(const plan_request_t *request, int64_t ranks, plan_t *out);

/* Visits the plan of every algebra that suits. Errors as above. */
int plan_each(const plan_request_t *request, int64_t ranks,
              void (*visit)(const plan_t *plan, void *context), void *context);

/* The least number of ranks that fits into request->memory, 0: none of up to `most`. Errors as
   above. */
int plan_least_ranks(const plan_request_t *request, int64_t most, int64_t *out);

#endif
