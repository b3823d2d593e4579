/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/outer.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "outer/kinds.h"

struct outer {
    const outer_kind_t *kind;
    void *work;
    outer_box_t box; /* its arrays are in the next two */
    double *storage; /* owned [3 * S]: lower, upper, start */
    bool *swept;     /* owned [S] or NULL */
    int pending;     /* requests that wait for their replies */
};

const outer_kind_t *const outer_kinds[] = {
    &outer_trust_region, &outer_hozog,  &outer_random, &outer_grid,
    &outer_nelder_mead,  &outer_cobyla, &outer_bobyqa, NULL};

const outer_kind_t *outer_find(const char *name)
{
    for (int i = 0; outer_kinds[i] != NULL; i++)
        if (strcmp(outer_kinds[i]->name, name) == 0)
            return outer_kinds[i];
    return NULL;
}

const char *outer_reason_name(outer_reason_t reason)
{
    static const char *const names[] = {
        [OUTER_RUNNING] = "running",   [OUTER_GRADIENT] = "gradient",
        [OUTER_STEP] = "step",         [OUTER_BOUND] = "bound",
        [OUTER_BUDGET] = "budget",     [OUTER_STALLED] = "stalled",
        [OUTER_COMPLETE] = "complete", [OUTER_INTERRUPTED] = "interrupted",
        [OUTER_ERROR] = "error"};
    ASSERT(reason >= OUTER_RUNNING && reason <= OUTER_ERROR);
    return names[reason];
}

static int check_box(const outer_box_t *box)
{
    int code = TRALO_OK;
    if (box->count < 1)
        FAIL(TRALO_ERR_INPUT, "there is no hyperparameter to search");
    for (int i = 0; i < box->count; i++) {
        double lower = box->lower[i], upper = box->upper[i], start = box->start[i];
        if (!isfinite(lower) || !isfinite(upper) || !(lower < upper))
            FAIL(
                TRALO_ERR_INPUT,
                "hyperparameter %d: the bounds %g and %g must be finite, the lower below the upper",
                i + 1, lower, upper);
        if (!(start >= lower && start <= upper))
            FAIL(TRALO_ERR_INPUT,
                 "hyperparameter %d: the start %g lies outside its bounds %g to %g", i + 1, start,
                 lower, upper);
    }
out:
    return code;
}

static int copy_box(const outer_box_t *box, outer_t *outer)
{
    int code = TRALO_OK;
    size_t count = (size_t)box->count;
    ALLOC(outer->storage, 3 * (int64_t)count);
    if (box->swept != NULL) {
        ALLOC(outer->swept, box->count);
        memcpy(outer->swept, box->swept, count * sizeof(bool));
    }
    memcpy(outer->storage, box->lower, count * sizeof(double));
    memcpy(outer->storage + count, box->upper, count * sizeof(double));
    memcpy(outer->storage + 2 * count, box->start, count * sizeof(double));
    outer->box = (outer_box_t){.count = box->count,
                               .lower = outer->storage,
                               .upper = outer->storage + count,
                               .start = outer->storage + 2 * count,
                               .swept = outer->swept,
                               .products = box->products};
out:
    return code;
}

int outer_create(const outer_kind_t *kind, const void *options, const outer_box_t *box,
                 outer_t **out)
{
    int code = TRALO_OK;
    outer_t *outer = NULL;
    TRY(check_box(box));
    ALLOC(outer, 1);
    outer->kind = kind;
    TRY(copy_box(box, outer));
    TRY(kind->create(options, &outer->box, &outer->work));
    *out = outer;
    outer = NULL;
out:
    outer_free(&outer);
    return code;
}

void outer_free(outer_t **outer)
{
    if (*outer == NULL)
        return;
    if ((*outer)->work != NULL)
        (*outer)->kind->destroy(&(*outer)->work);
    mem_free(&(*outer)->storage);
    mem_free(&(*outer)->swept);
    mem_free(outer);
}

void outer_ask(outer_t *outer, outer_batch_t *batch)
{
    outer->kind->ask(outer->work, batch);
    outer->pending = batch->count;
}

void outer_tell(outer_t *outer, const outer_reply_t *replies)
{
    ASSERT(outer->pending > 0);
    outer->pending = 0;
    outer->kind->tell(outer->work, replies);
}

/* Tells as many of f as the batch has requests. */
static int retell_batch(outer_t *outer, const outer_batch_t *batch, const double *f)
{
    int code = TRALO_OK;
    outer_reply_t *replies = NULL;
    ALLOC(replies, batch->count);
    for (int i = 0; i < batch->count; i++)
        replies[i] = (outer_reply_t){.f = f[i]};
    outer_tell(outer, replies);
out:
    mem_free(&replies);
    return code;
}

int outer_retell(outer_t *outer, const double *f, int64_t count)
{
    int code = TRALO_OK;
    outer_batch_t batch;
    if (outer->kind->retell != NULL && count > 0) {
        outer->kind->retell(outer->work, f, count);
        outer->pending = 0;
        return code;
    }
    for (int64_t done = 0; done < count; done += batch.count) {
        outer_ask(outer, &batch);
        ASSERT(batch.count > 0 && batch.count <= count - done);
        TRY(retell_batch(outer, &batch, f + done));
    }
out:
    return code;
}

double outer_guess(const outer_t *outer, const outer_reply_t *replies, int k, double *f)
{
    ASSERT(outer->pending > 0);
    return outer->kind->guess != NULL ? outer->kind->guess(outer->work, replies, k, f) : 0.0;
}

void outer_interrupt(outer_t *outer)
{
    outer->kind->interrupt(outer->work);
}

void outer_state(const outer_t *outer, outer_state_t *state)
{
    outer->kind->state(outer->work, state);
}

int outer_minima(const outer_t *outer, const outer_minimum_t **minima)
{
    *minima = NULL;
    return outer->kind->minima != NULL ? outer->kind->minima(outer->work, minima) : 0;
}
