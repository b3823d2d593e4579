/* SPDX-License-Identifier: BSD-3-Clause */
/* How a search by values goes, found by asking the method itself: it is told values that fall for
   ever, so that it ends where its budget does. Nothing here is collective. */
#ifndef STUDY_PLAN_SEARCH_H
#define STUDY_PLAN_SEARCH_H

#include "outer/outer.h"

enum { PLAN_SIZES = 16 };

/* Trials that are asked for at once make a step. */
typedef struct plan_search {
    const outer_kind_t *kind;
    double trials; /* at most */
    double steps;
    int64_t most; /* trials of the largest step */
    int sizes;
    struct {
        int64_t trials; /* of a step */
        double steps;   /* that are so large */
    } size[PLAN_SIZES];
} plan_search_t;

/* Of a method of values with such options and so many hyperparameters. Errors: those of
   outer_create, TRALO_ERR_MEMORY. */
int plan_search_make(const outer_kind_t *kind, const void *options, int count, plan_search_t *out);

/* Trials one after the other, where so many go at once and all take as long. */
double plan_search_waves(const plan_search_t *search, int64_t groups);

/* How the ranks are shared out, as oracle/deal.h does. */
typedef struct plan_groups {
    int64_t groups, ranks_per_group; /* asked for, at most one; both 0: each rank is a group */
    bool dedicated;
} plan_groups_t;

/* Groups on so many ranks, and the ranks of the smallest. */
int64_t plan_groups_count(const plan_groups_t *asked, int64_t ranks, int64_t *each);

/* As many ranks as all trials of a step want, or about 64, which is as many as are usual. */
int64_t plan_groups_ranks(const plan_groups_t *asked, const plan_search_t *search);

#endif
