/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/plan_search.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "oracle/kinds.h"

/* What is asked: of steps beyond them only that they go on alike. */
enum { COUNT_MOST = 200, STEPS_MOST = 2000, RANKS_USUAL = 64 };
static const double FAR = 1e12; /* a bound that is never met */

typedef struct box {
    double *lower, *upper, *start; /* [count], owned */
} box_t;

static int make_box(int count, box_t *box)
{
    int code = TRALO_OK;
    ALLOC(box->lower, count);
    ALLOC(box->upper, count);
    ALLOC(box->start, count);
    for (int j = 0; j < count; j++) {
        box->lower[j] = -FAR;
        box->upper[j] = FAR;
    }
out:
    return code;
}

static void note(int64_t trials, plan_search_t *out)
{
    int i = 0;
    while (i < out->sizes && out->size[i].trials != trials && i < PLAN_SIZES - 1)
        i++;
    out->sizes = i < out->sizes ? out->sizes : i + 1;
    out->size[i].trials = trials > out->size[i].trials ? trials : out->size[i].trials;
    out->size[i].steps += 1.0;
    out->trials += (double)trials;
    out->steps += 1.0;
    out->most = trials > out->most ? trials : out->most;
}

/* Tells one step f = sum of theta. */
static int answer(outer_t *outer, const outer_batch_t *batch, int count)
{
    int code = TRALO_OK;
    outer_reply_t *replies = NULL;
    ALLOC(replies, batch->count);
    for (int i = 0; i < batch->count; i++)
        for (int j = 0; j < count; j++)
            replies[i].f += batch->requests[i].theta[j];
    outer_tell(outer, replies);
out:
    mem_free(&replies);
    return code;
}

static int64_t option(const outer_kind_t *kind, const void *options, const char *name)
{
    int64_t value = INT64_MAX;
    for (const param_t *row = kind->params; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            memcpy(&value, (const char *)options + row->offset, sizeof value);
    return value;
}

/* The budget: more steps like those that were seen. */
static void go_on(const void *options, plan_search_t *out)
{
    const double trials = (double)option(out->kind, options, "max_evaluations"),
                 steps = (double)option(out->kind, options, "max_iterations"),
                 times = fmin(trials / out->trials, steps / out->steps);
    out->trials *= times;
    out->steps *= times;
    for (int i = 0; i < out->sizes; i++)
        out->size[i].steps *= times;
}

int plan_search_make(const outer_kind_t *kind, const void *options, int count, plan_search_t *out)
{
    int code = TRALO_OK;
    const int some = count < COUNT_MOST ? count : COUNT_MOST;
    box_t arrays = {NULL, NULL, NULL};
    outer_t *outer = NULL;
    outer_batch_t batch;
    outer_state_t state;
    *out = (plan_search_t){.kind = kind};
    TRY(make_box(some, &arrays));
    const outer_box_t box = {
        .count = some, .lower = arrays.lower, .upper = arrays.upper, .start = arrays.start};
    TRY(outer_create(kind, options, &box, &outer));
    for (outer_ask(outer, &batch); batch.count > 0 && out->steps < STEPS_MOST;
         outer_ask(outer, &batch)) {
        note(batch.count, out);
        TRY(answer(outer, &batch, some));
    }
    outer_state(outer, &state);
    if (state.reason != OUTER_BUDGET && state.reason != OUTER_COMPLETE)
        go_on(options, out);
out:
    outer_free(&outer);
    mem_free(&arrays.lower);
    mem_free(&arrays.upper);
    mem_free(&arrays.start);
    return code;
}

double plan_search_waves(const plan_search_t *search, int64_t groups)
{
    double waves = 0.0;
    for (int i = 0; i < search->sizes; i++) {
        const int64_t each = (search->size[i].trials + groups - 1) / groups;
        waves += search->size[i].steps * (double)each;
    }
    return waves;
}

int64_t plan_groups_count(const plan_groups_t *asked, int64_t ranks, int64_t *each)
{
    const int64_t workers = ranks - (asked->dedicated && ranks > 1);
    const int64_t count = oracle_groups(asked->groups, asked->ranks_per_group, workers);
    *each = workers / count;
    return count;
}

int64_t plan_groups_ranks(const plan_groups_t *asked, const plan_search_t *search)
{
    const int64_t each = asked->ranks_per_group > 0 ? asked->ranks_per_group : 1;
    const int64_t usual = each < RANKS_USUAL ? RANKS_USUAL / each : 1;
    const int64_t groups = asked->groups > 0      ? asked->groups
                           : search->most < usual ? search->most
                                                  : usual;
    return groups * each + asked->dedicated;
}
