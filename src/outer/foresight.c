/* SPDX-License-Identifier: BSD-3-Clause */
/* The requests of hypotheses.h, each once. */
#include "outer/foresight.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "outer/hypotheses.h"

/* A point that was given. */
typedef struct given {
    double *theta; /* owned [S] */
    uint64_t print;
    struct given *before; /* owned */
} given_t;

struct foresight {
    bool blind; /* nothing is foreseen */
    hypotheses_t tree;
    given_t *given; /* owned; the last for this batch */
};

/* ---- points that were given ---- */

/* Given before, or out. Two points of the same print would be one: then one is not foreseen. */
static bool is_known(const foresight_t *s, const outer_request_t *request, uint64_t print)
{
    const outer_batch_t *out = &s->tree.batch;
    const size_t size = (size_t)s->tree.box->count * sizeof(double);
    for (const given_t *g = s->given; g != NULL; g = g->before)
        if (g->print == print)
            return true;
    for (int i = 0; i < out->count; i++)
        if (out->requests[i].draw == request->draw &&
            memcmp(out->requests[i].theta, request->theta, size) == 0)
            return true;
    return false;
}

/* What is given stays for the caller. */
static int give(foresight_t *s, const outer_request_t *request, uint64_t print,
                const double **theta)
{
    int code = TRALO_OK;
    const int S = s->tree.box->count;
    given_t *new = NULL;
    ALLOC(new, 1);
    new->before = s->given;
    s->given = new;
    new->print = print;
    ALLOC(new->theta, S);
    memcpy(new->theta, request->theta, (size_t)S * sizeof(double));
    *theta = new->theta;
    s->tree.effort.points++;
out:
    return code;
}

static void forget_given(foresight_t *s)
{
    while (s->given != NULL) {
        given_t *last = s->given;
        s->given = last->before;
        mem_free(&last->theta);
        mem_free(&last);
    }
}

/* ---- the interface ---- */

int foresight_create(const outer_kind_t *kind, const void *options, const outer_box_t *box,
                     foresight_t **out)
{
    int code = TRALO_OK;
    foresight_t *s = NULL;
    ALLOC(s, 1);
    s->blind = kind->derivatives;
    s->tree.kind = kind;
    s->tree.options = options;
    s->tree.box = box;
    *out = s;
out:
    return code;
}

void foresight_free(foresight_t **foresight)
{
    if (*foresight == NULL)
        return;
    forget_given(*foresight);
    hypotheses_release(&(*foresight)->tree);
    mem_free(foresight);
}

int foresight_told(foresight_t *s, const outer_reply_t *replies, int count)
{
    int code = TRALO_OK;
    forget_given(s);
    for (int i = 0; i < count; i++)
        s->blind = s->blind || replies[i].missing;
    if (!s->blind)
        TRY(hypotheses_tell(&s->tree, replies, count));
out:
    return code;
}

static int find_next(foresight_t *s, foresight_point_t *next, bool *found)
{
    int code = TRALO_OK;
    const hypothesis_t *from = NULL;
    const outer_request_t *request;
    int64_t ahead;
    uint64_t print;
    do {
        TRY(hypotheses_next(&s->tree, &request, &from));
        if (request == NULL)
            return code;
        ahead = from->told + (request - from->batch.requests);
        print = hypotheses_print(&s->tree, request, (uint64_t)ahead);
    } while (is_known(s, request, print));
    *next = (foresight_point_t){.draw = request->draw, .ahead = ahead, .share = from->share};
    TRY(give(s, request, print, &next->theta));
    *found = true;
out:
    return code;
}

int foresight_next(foresight_t *s, const outer_reply_t *replies, bool late, foresight_point_t *next,
                   bool *found)
{
    int code = TRALO_OK;
    const double began = clock_seconds();
    *found = false;
    if (s->blind)
        return code;
    TRY(hypotheses_follow(&s->tree, replies, late));
    TRY(find_next(s, next, found));
out:
    s->tree.effort.seconds += clock_seconds() - began;
    return code;
}

void foresight_effort(const foresight_t *s, foresight_effort_t *effort)
{
    *effort = s->tree.effort;
}
