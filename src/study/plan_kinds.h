/* SPDX-License-Identifier: BSD-3-Clause */
/* An inner solver and a search with their options, in words: "adam steps=500 batch=64". */
#ifndef STUDY_PLAN_KINDS_H
#define STUDY_PLAN_KINDS_H

#include "inner/inner.h"
#include "outer/outer.h"

typedef struct plan_kinds {
    const inner_kind_t *inner; /* NULL: none was named, as below */
    const outer_kind_t *method;
    void *inner_options, *method_options; /* owned */
} plan_kinds_t;

/* `inner` and `method` may be NULL. `evaluations` > 0 is the budget of a method of values. Not
   collective. Errors: TRALO_ERR_INPUT, TRALO_ERR_MEMORY; plan_kinds_release is to follow in any
   case. */
int plan_kinds_read(const char *inner, const char *method, int64_t evaluations, plan_kinds_t *out);

/* The search alone, where none was named. Errors as above. */
int plan_kinds_search(const char *method, int64_t evaluations, plan_kinds_t *kinds);
void plan_kinds_release(plan_kinds_t *kinds);

#endif
