/* SPDX-License-Identifier: BSD-3-Clause */
/* Best-first search in a tree:

       root    the search as it is, which is told all values, its batch out
       child   its parent's batch is told a case of outer_guess, or, where the root's is late, that
               all that is missing fails; share = that of the parent * that of the case
       repeat
           look at the likeliest child that is open. Its copy of the search is
               the parent's, for the first child that is looked at; else a new one, told all anew
           close it where the search ends there, or another asks for the same batch after as many
           values
           take its requests one by one */
#include "outer/hypotheses.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

uint64_t hypotheses_print(const hypotheses_t *t, const outer_request_t *request, uint64_t before)
{
    uint64_t print = (before ^ (uint64_t)request->draw) * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < t->box->count; i++) {
        uint64_t bits;
        memcpy(&bits, &request->theta[i], sizeof bits);
        print = (print ^ (print >> 29) ^ bits) * 0x9e3779b97f4a7c15u;
    }
    return print ^ (print >> 32);
}

static uint64_t print_of_batch(const hypotheses_t *t, const hypothesis_t *h)
{
    uint64_t print = (uint64_t)h->told;
    for (int i = 0; i < h->batch.count; i++)
        print = hypotheses_print(t, &h->batch.requests[i], print);
    return print;
}

static double value_of(const outer_reply_t *reply)
{
    return reply->failure == NULL && isfinite(reply->f) ? reply->f : NAN;
}

/* ---- the tree ---- */

static void fell(hypotheses_t *t)
{
    for (int i = 0; i < t->count; i++) {
        mem_free(&t->list[i].f);
        outer_free(&t->list[i].copy);
    }
    t->count = t->copies = t->current = 0;
}

static void add_child(hypotheses_t *t, int parent, double share, double **f)
{
    const hypothesis_t *from = &t->list[parent];
    t->list[t->count++] = (hypothesis_t){.parent = parent,
                                         .share = from->share * share,
                                         .f = *f,
                                         .count = from->batch.count,
                                         .told = from->told + from->batch.count,
                                         .open = true};
    *f = NULL;
}

/* NaN where nothing is known. */
static int begin_values(const outer_batch_t *batch, const outer_reply_t *replies, double **f)
{
    int code = TRALO_OK;
    ALLOC(*f, batch->count);
    for (int i = 0; i < batch->count; i++)
        (*f)[i] = replies != NULL && !replies[i].missing ? value_of(&replies[i]) : NAN;
out:
    return code;
}

/* replies: to the root's batch; NULL elsewhere. */
static int add_children(hypotheses_t *t, int parent, const outer_t *copy,
                        const outer_reply_t *replies)
{
    int code = TRALO_OK;
    const outer_batch_t *batch = &t->list[parent].batch;
    const double failing = replies != NULL && t->late ? 0.5 : 0.0;
    double *f = NULL;
    TRY(begin_values(batch, replies, &f));
    if (failing > 0.0 && t->count < FORESIGHT_HYPOTHESES)
        add_child(t, parent, failing, &f);
    for (int k = 0; t->count < FORESIGHT_HYPOTHESES; k++) {
        mem_free(&f);
        TRY(begin_values(batch, replies, &f));
        const double share = (1.0 - failing) * outer_guess(copy, replies, k, f);
        if (!(share > 0.0))
            break;
        add_child(t, parent, share, &f);
    }
out:
    mem_free(&f);
    return code;
}

/* ---- copies of the search ---- */

static int retell(hypotheses_t *t, outer_t *copy, const double *f, int64_t count)
{
    t->effort.told += count;
    return outer_retell(copy, f, count);
}

static int new_copy(hypotheses_t *t, outer_t **out)
{
    int code = TRALO_OK;
    outer_t *copy = NULL;
    t->effort.copies++;
    TRY(outer_create(t->kind, t->options, t->box, &copy));
    TRY(retell(t, copy, t->f, t->told));
    *out = copy;
    copy = NULL;
out:
    outer_free(&copy);
    return code;
}

/* A copy that is at `above` goes on to `below`. */
static int lead(hypotheses_t *t, outer_t *copy, int above, int below)
{
    int code = TRALO_OK, way[FORESIGHT_HYPOTHESES], steps = 0;
    for (int i = below; i != above; i = t->list[i].parent)
        way[steps++] = i;
    while (steps > 0) {
        const hypothesis_t *h = &t->list[way[--steps]];
        TRY(retell(t, copy, h->f, h->count));
    }
out:
    return code;
}

/* NULL stays NULL where no more may be made. */
static int make_copy(hypotheses_t *t, int index)
{
    int code = TRALO_OK;
    hypothesis_t *h = &t->list[index], *parent = &t->list[h->parent];
    const int above = parent->copy != NULL ? h->parent : 0;
    if (above == 0 && t->copies++ >= FORESIGHT_COPIES)
        return code;
    if (above == 0)
        TRY(new_copy(t, &h->copy));
    else
        h->copy = parent->copy;
    if (above != 0)
        parent->copy = NULL;
    TRY(lead(t, h->copy, above, index));
out:
    return code;
}

/* There is a copy afterwards if it leads to a batch of its own. */
static int look(hypotheses_t *t, int index)
{
    int code = TRALO_OK;
    hypothesis_t *h = &t->list[index];
    h->open = false;
    TRY(make_copy(t, index));
    if (h->copy == NULL)
        return code;
    outer_ask(h->copy, &h->batch);
    h->print = print_of_batch(t, h);
    bool closed = h->batch.count == 0;
    for (int i = 1; i < t->count && !closed; i++)
        closed = i != index && t->list[i].print == h->print;
    if (closed)
        outer_free(&h->copy);
    else
        TRY(add_children(t, index, h->copy, NULL));
out:
    return code;
}

/* The likeliest that is open; 0: none is. */
static int choose(const hypotheses_t *t)
{
    int best = 0;
    for (int i = 1; i < t->count; i++)
        if (t->list[i].open && (best == 0 || t->list[i].share > t->list[best].share))
            best = i;
    return best;
}

/* ---- the interface ---- */

void hypotheses_release(hypotheses_t *t)
{
    fell(t);
    outer_free(&t->root);
    mem_free(&t->f);
}

static int make_room(hypotheses_t *t, int64_t count)
{
    int code = TRALO_OK;
    double *larger = NULL;
    const int64_t room = t->told + count > 2 * t->room ? t->told + count : 2 * t->room;
    if (t->told + count <= t->room)
        return code;
    ALLOC(larger, room);
    if (t->told > 0)
        memcpy(larger, t->f, (size_t)t->told * sizeof *larger);
    mem_free(&t->f);
    t->f = larger;
    t->room = room;
out:
    return code;
}

int hypotheses_tell(hypotheses_t *t, const outer_reply_t *replies, int count)
{
    int code = TRALO_OK;
    fell(t);
    TRY(make_room(t, count));
    for (int i = 0; i < count; i++)
        t->f[t->told++] = value_of(&replies[i]);
out:
    return code;
}

/* The root is told what it was not yet. */
static int follow_root(hypotheses_t *t)
{
    int code = TRALO_OK;
    if (t->root != NULL && t->root_told == t->told)
        return code;
    if (t->root == NULL)
        TRY(new_copy(t, &t->root));
    else
        TRY(retell(t, t->root, t->f + t->root_told, t->told - t->root_told));
    t->root_told = t->told;
    outer_ask(t->root, &t->batch);
out:
    return code;
}

int hypotheses_follow(hypotheses_t *t, const outer_reply_t *replies, bool late)
{
    int code = TRALO_OK, known = 0;
    TRY(follow_root(t));
    for (int i = 0; i < t->batch.count; i++)
        known += !replies[i].missing;
    if (t->count > 0 && t->known == known && t->late == late)
        return code;
    fell(t);
    t->known = known;
    t->late = late;
    t->list[0] = (hypothesis_t){.share = 1.0, .told = t->told, .batch = t->batch};
    t->count = 1; /* no child asks for its batch: more was told */
    if (t->batch.count > 0)
        TRY(add_children(t, 0, t->root, replies));
out:
    return code;
}

int hypotheses_next(hypotheses_t *t, const outer_request_t **request, const hypothesis_t **from)
{
    int code = TRALO_OK;
    *request = NULL;
    while (t->current == 0 || t->list[t->current].copy == NULL ||
           t->place == t->list[t->current].batch.count) {
        t->current = choose(t);
        t->place = 0;
        if (t->current == 0)
            return code;
        TRY(look(t, t->current));
    }
    *from = &t->list[t->current];
    *request = &(*from)->batch.requests[t->place++];
out:
    return code;
}
