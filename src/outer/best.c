/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/best.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/box.h"

int best_create(const outer_box_t *box, outer_best_t *out)
{
    int code = TRALO_OK;
    out->box = box;
    out->f = NAN;
    ALLOC(out->theta, box->count);
    ALLOC(out->at_bound, box->count);
out:
    return code;
}

void best_release(outer_best_t *best)
{
    mem_free(&best->theta);
    mem_free(&best->at_bound);
}

static void keep(outer_best_t *best, const double *theta, double f)
{
    const outer_box_t *box = best->box;
    memcpy(best->theta, theta, (size_t)box->count * sizeof *theta);
    for (int i = 0; i < box->count; i++)
        best->at_bound[i] = box_at_bound(box, theta, i);
    best->f = f;
    best->known = true;
}

double best_take(outer_best_t *best, const double *theta, const outer_reply_t *reply)
{
    best->accepted = false;
    if (reply->missing)
        return NAN;
    best->evaluations++;
    if (reply->failure != NULL || !isfinite(reply->f)) {
        best->failures++;
        snprintf(best->failure, sizeof best->failure, "%s",
                 reply->failure != NULL ? reply->failure : "the value is not finite");
        return NAN;
    }
    best->accepted = !best->known || reply->f < best->f;
    if (best->accepted)
        keep(best, theta, reply->f);
    return reply->f;
}

void best_end(outer_best_t *best, outer_reason_t reason, const char *detail)
{
    if (best->ended)
        return;
    best->ended = true;
    best->reason = best->known || reason == OUTER_INTERRUPTED ? reason : OUTER_ERROR;
    if (best->reason == OUTER_ERROR)
        snprintf(best->detail, sizeof best->detail,
                 "none of %" PRId64 " evaluations has a value: %s", best->evaluations,
                 best->failure);
    else
        snprintf(best->detail, sizeof best->detail, "%s", detail);
}

bool best_ended(outer_best_t *best)
{
    if (best->interrupted) {
        char detail[64];
        snprintf(detail, sizeof detail, "interrupted after %" PRId64 " evaluations",
                 best->evaluations);
        best_end(best, OUTER_INTERRUPTED, detail);
    }
    return best->ended;
}

void best_state(const outer_best_t *best, outer_state_t *state)
{
    *state = (outer_state_t){.evaluations = best->evaluations,
                             .start = 1,
                             .theta = best->known ? best->theta : best->box->start,
                             .f = best->f,
                             .gradient_norm = NAN,
                             .at_bound = best->known ? best->at_bound : NULL,
                             .phase = "search",
                             .accepted = best->accepted,
                             .reason = best->reason};
    memcpy(state->detail, best->detail, sizeof state->detail);
}
