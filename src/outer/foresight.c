/* SPDX-License-Identifier: BSD-3-Clause */
/* Best-first search in the tree of hypotheses:

       the root is the search as it is: told all replies, its batch out (kept in step with it)
       a child: its parent's batch is told a case of outer_guess, or, of the root's where it is
           late, that all that is missing fails; share = that of the parent * that of the case
       repeat
           take the likeliest child that was not looked at, make its copy:
               the parent's, for the first child that is looked at; else a new one, told all
           forget it where the search ends there, or another asks for the same batch
           give the points of its batch, one at a time

   With each reply that comes, and each batch, a new tree is begun. */
#include "outer/foresight.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

typedef struct hypothesis {
    int parent; /* the root is 0 */
    double share;
    double *f;           /* owned [count]: what the parent's batch is told */
    int64_t count, told; /* and how many values that makes since the first */
    bool open;           /* it was not looked at */
    outer_t *copy;       /* owned; NULL: not yet, or a child has it */
    outer_batch_t batch; /* of the copy */
    uint64_t print;      /* of all its points */
} hypothesis_t;

/* A point that was given. */
typedef struct given {
    double *theta; /* owned [S] */
    uint64_t print;
} given_t;

struct foresight {
    const outer_kind_t *kind;
    const void *options;
    const outer_box_t *box;
    bool blind; /* nothing is foreseen */
    double *f;  /* owned [room]: all replies so far, NaN: failed */
    int64_t told, room;
    outer_t *root;       /* owned; NULL: not yet */
    outer_batch_t batch; /* of the root */
    int tree;            /* hypotheses in the tree, 0: there is none */
    int known, late;     /* what it was grown for */
    int current, place;  /* whose points are given, and the next of them */
    int copies;          /* that were made for it */
    hypothesis_t hypotheses[FORESIGHT_HYPOTHESES];
    given_t *given; /* owned [given_room] for this batch */
    int64_t given_count, given_room;
    foresight_effort_t effort;
};

/* ---- arrays that grow ---- */

static int grow(int64_t used, int64_t wanted, size_t size, int64_t *room, void *array)
{
    int code = TRALO_OK;
    char *old, *larger = NULL;
    const int64_t more = wanted > 2 * *room ? wanted : 2 * *room;
    memcpy(&old, array, sizeof old);
    if (wanted <= *room)
        return code;
    TRY(mem_alloc(more, size, &larger));
    if (used > 0)
        memcpy(larger, old, (size_t)used * size);
    mem_free(array);
    memcpy(array, &larger, sizeof larger);
    *room = more;
out:
    return code;
}

/* ---- points ---- */

static uint64_t mix(uint64_t print, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        print = (print ^ bytes[i]) * 0x100000001b3u; /* Fowler, Noll & Vo */
    return print;
}

static uint64_t print_of(const foresight_t *s, const outer_request_t *request, uint64_t from)
{
    const uint64_t print = mix(from, &request->draw, sizeof request->draw);
    return mix(print, request->theta, (size_t)s->box->count * sizeof(double));
}

static const uint64_t print_begin = 0xcbf29ce484222325u;

static uint64_t print_of_batch(const foresight_t *s, const outer_batch_t *batch)
{
    uint64_t print = print_begin;
    for (int i = 0; i < batch->count; i++)
        print = print_of(s, &batch->requests[i], print);
    return print;
}

/* Given before, or out. Two points of the same print would be one: then one is not foreseen. */
static bool is_known(const foresight_t *s, const outer_request_t *request, uint64_t print)
{
    const size_t size = (size_t)s->box->count * sizeof(double);
    for (int64_t i = 0; i < s->given_count; i++)
        if (s->given[i].print == print)
            return true;
    for (int i = 0; i < s->batch.count; i++)
        if (s->batch.requests[i].draw == request->draw &&
            memcmp(s->batch.requests[i].theta, request->theta, size) == 0)
            return true;
    return false;
}

static int give(foresight_t *s, const outer_request_t *request, uint64_t print,
                foresight_point_t *next)
{
    int code = TRALO_OK;
    const hypothesis_t *h = &s->hypotheses[s->current];
    given_t *new;
    TRY(grow(s->given_count, s->given_count + 1, sizeof *new, &s->given_room, &s->given));
    new = &s->given[s->given_count];
    *new = (given_t){.print = print};
    ALLOC(new->theta, s->box->count);
    s->given_count++;
    s->effort.points++;
    memcpy(new->theta, request->theta, (size_t)s->box->count * sizeof(double));
    *next = (foresight_point_t){.theta = new->theta,
                                .draw = request->draw,
                                .ahead = h->told + s->place - 1,
                                .share = h->share};
out:
    return code;
}

static void forget_given(foresight_t *s)
{
    for (int64_t i = 0; i < s->given_count; i++)
        mem_free(&s->given[i].theta);
    s->given_count = 0;
}

/* ---- the tree ---- */

static void fell(foresight_t *s)
{
    for (int i = 0; i < s->tree; i++) {
        mem_free(&s->hypotheses[i].f);
        outer_free(&s->hypotheses[i].copy);
    }
    s->tree = s->copies = s->current = 0;
}

static void add_child(foresight_t *s, int parent, double share, double **f)
{
    const hypothesis_t *from = &s->hypotheses[parent];
    s->hypotheses[s->tree++] = (hypothesis_t){.parent = parent,
                                              .share = from->share * share,
                                              .f = *f,
                                              .count = from->batch.count,
                                              .told = from->told + from->batch.count,
                                              .open = true};
    *f = NULL;
}

/* The values of the batch that are there, and NaN. */
static int new_values(const outer_batch_t *batch, const outer_reply_t *replies, double **f)
{
    int code = TRALO_OK;
    ALLOC(*f, batch->count);
    for (int i = 0; i < batch->count; i++) {
        const bool there = replies != NULL && !replies[i].missing && replies[i].failure == NULL;
        (*f)[i] = there ? replies[i].f : NAN;
    }
out:
    return code;
}

/* The children of a hypothesis whose copy waits for its batch. */
static int branch(foresight_t *s, int parent, const outer_t *copy, const outer_reply_t *replies)
{
    int code = TRALO_OK;
    const hypothesis_t *from = &s->hypotheses[parent];
    const double failing = replies != NULL && s->late ? 0.5 : 0.0;
    double *f = NULL;
    TRY(new_values(&from->batch, replies, &f));
    if (failing > 0.0)
        add_child(s, parent, failing, &f);
    for (int k = 0; s->tree < FORESIGHT_HYPOTHESES; k++) {
        mem_free(&f);
        TRY(new_values(&from->batch, replies, &f));
        const double share = outer_guess(copy, replies, k, f);
        if (!(share > 0.0))
            break;
        add_child(s, parent, (1.0 - failing) * share, &f);
    }
out:
    mem_free(&f);
    return code;
}

static int plant(foresight_t *s, const outer_reply_t *replies)
{
    s->hypotheses[0] = (hypothesis_t){.share = 1.0, .told = s->told, .batch = s->batch};
    s->hypotheses[0].print = print_of_batch(s, &s->batch);
    s->tree = 1;
    return branch(s, 0, s->root, replies);
}

/* ---- copies ---- */

static int new_copy(foresight_t *s, outer_t **out)
{
    int code = TRALO_OK;
    outer_t *copy = NULL;
    TRY(outer_create(s->kind, s->options, s->box, &copy));
    TRY(outer_retell(copy, s->f, s->told));
    s->effort.copies++;
    s->effort.told += s->told;
    *out = copy;
    copy = NULL;
out:
    outer_free(&copy);
    return code;
}

/* From the state of hypothesis `above`, on the way to `below`. */
static int lead(foresight_t *s, outer_t *copy, int above, int below)
{
    int code = TRALO_OK, way[FORESIGHT_HYPOTHESES], steps = 0;
    for (int i = below; i != above; i = s->hypotheses[i].parent)
        way[steps++] = i;
    while (steps > 0) {
        const hypothesis_t *h = &s->hypotheses[way[--steps]];
        TRY(outer_retell(copy, h->f, h->count));
        s->effort.told += h->count;
    }
out:
    return code;
}

/* Looks at a hypothesis; it has a copy afterwards, unless nothing new lies there. */
static int look(foresight_t *s, int index)
{
    int code = TRALO_OK;
    hypothesis_t *h = &s->hypotheses[index], *parent = &s->hypotheses[h->parent];
    const bool inherits = parent->copy != NULL;
    h->open = false;
    if (!inherits && s->copies == FORESIGHT_COPIES)
        return code;
    h->copy = parent->copy;
    parent->copy = NULL;
    if (!inherits) {
        s->copies++;
        TRY(new_copy(s, &h->copy));
    }
    TRY(lead(s, h->copy, inherits ? h->parent : 0, index));
    outer_ask(h->copy, &h->batch);
    h->print = print_of_batch(s, &h->batch);
    bool same = h->batch.count == 0;
    for (int i = 0; i < s->tree && !same; i++)
        same = i != index && s->hypotheses[i].print == h->print;
    if (same)
        outer_free(&h->copy);
    else
        TRY(branch(s, index, h->copy, NULL));
out:
    return code;
}

/* The likeliest that is open; 0: none is. */
static int choose(const foresight_t *s)
{
    int best = 0;
    for (int i = 1; i < s->tree; i++)
        if (s->hypotheses[i].open &&
            (best == 0 || s->hypotheses[i].share > s->hypotheses[best].share))
            best = i;
    return best;
}

/* ---- the interface ---- */

int foresight_create(const outer_kind_t *kind, const void *options, const outer_box_t *box,
                     foresight_t **out)
{
    int code = TRALO_OK;
    foresight_t *s = NULL;
    ALLOC(s, 1);
    *s = (foresight_t){.kind = kind, .options = options, .box = box, .blind = kind->derivatives};
    *out = s;
out:
    return code;
}

void foresight_free(foresight_t **foresight)
{
    foresight_t *s = *foresight;
    if (s == NULL)
        return;
    fell(s);
    forget_given(s);
    outer_free(&s->root);
    mem_free(&s->given);
    mem_free(&s->f);
    mem_free(foresight);
}

static bool any_missing(const outer_reply_t *replies, int count)
{
    for (int i = 0; i < count; i++)
        if (replies[i].missing)
            return true;
    return false;
}

int foresight_told(foresight_t *s, const outer_reply_t *replies, int count)
{
    int code = TRALO_OK;
    fell(s);
    forget_given(s);
    s->blind = s->blind || any_missing(replies, count);
    if (s->blind)
        return code;
    TRY(grow(s->told, s->told + count, sizeof *s->f, &s->room, &s->f));
    for (int i = 0; i < count; i++)
        s->f[s->told + i] = replies[i].failure == NULL ? replies[i].f : NAN;
    if (s->root != NULL) {
        TRY(outer_retell(s->root, s->f + s->told, count));
        s->effort.told += count;
    }
    s->told += count;
out:
    return code;
}

/* A tree for what is known. */
static int prepare(foresight_t *s, const outer_reply_t *replies, bool late)
{
    int code = TRALO_OK, known = 0;
    if (s->root == NULL)
        TRY(new_copy(s, &s->root));
    outer_ask(s->root, &s->batch);
    for (int i = 0; i < s->batch.count; i++)
        known += !replies[i].missing;
    if (s->tree > 0 && (s->known != known || s->late != late))
        fell(s);
    if (s->tree == 0 && s->batch.count > 0) {
        s->known = known;
        s->late = late;
        TRY(plant(s, replies));
    }
out:
    return code;
}

int foresight_next(foresight_t *s, const outer_reply_t *replies, bool late, foresight_point_t *next,
                   bool *found)
{
    int code = TRALO_OK;
    *found = false;
    if (s->blind)
        return code;
    TRY(prepare(s, replies, late));
    while (!*found && (s->current > 0 || choose(s) > 0)) {
        if (s->current == 0) {
            s->current = choose(s);
            s->place = 0;
            TRY(look(s, s->current));
        }
        const hypothesis_t *h = &s->hypotheses[s->current];
        if (h->copy == NULL || s->place == h->batch.count) {
            s->current = 0;
            continue;
        }
        const outer_request_t *request = &h->batch.requests[s->place++];
        const uint64_t print = print_of(s, request, print_begin);
        if (is_known(s, request, print))
            continue;
        TRY(give(s, request, print, next));
        *found = true;
    }
out:
    return code;
}

void foresight_effort(const foresight_t *s, foresight_effort_t *effort)
{
    *effort = s->effort;
}
