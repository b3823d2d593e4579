/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/resume.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/h5.h"

static bool same_layout(const result_layout_t *a, const result_layout_t *b)
{
    bool same = a->count == b->count && a->names == b->names;
    for (int k = 0; same && k < a->names; k++)
        same =
            a->list[k].length == b->list[k].length && strcmp(a->list[k].name, b->list[k].name) == 0;
    return same;
}

static int note_places(resume_t *r)
{
    int code = TRALO_OK;
    const trials_t *t = r->trials;
    for (int64_t i = 0; i < t->count; i++) {
        if (t->list[i].number < 1 || t->list[i].number > INT32_MAX)
            FAIL(TRALO_ERR_INPUT, "%s: there is a trial number %" PRId64, t->path,
                 t->list[i].number);
        r->numbers = t->list[i].number >= r->numbers ? t->list[i].number + 1 : r->numbers;
        r->seconds = fmax(r->seconds, t->list[i].seconds);
    }
    ALLOC(r->places, r->numbers);
    for (int64_t i = 0; i < r->numbers; i++)
        r->places[i] = -1;
    for (int64_t i = 0; i < t->count; i++)
        r->places[t->list[i].number] = i;
out:
    return code;
}

int resume_check(const char *output)
{
    int code = TRALO_OK;
    text_t part = {0};
    TRY(text_add(&part, "%s.part", output));
    TRY(h5_unlocked(part.data));
out:
    mem_free(&part.data);
    return code;
}

int resume_open(const char *output, const result_layout_t *layout, resume_t *resume)
{
    int code = TRALO_OK;
    text_t part = {0};
    *resume = (resume_t){.seconds = 0.0};
    TRY(resume_check(output));
    TRY(text_add(&part, "%s.part", output));
    const char *path = access(part.data, F_OK) == 0 ? part.data : output;
    if (access(path, F_OK) != 0)
        goto out;
    TRY(trials_open(path, &resume->trials));
    if (!same_layout(layout, &resume->trials->layout))
        FAIL(TRALO_ERR_INPUT, "cannot resume: the trials in %s are of other parameters",
             resume->trials->path);
    ALLOC(resume->theta, 2 * (int64_t)layout->count);
    TRY(note_places(resume));
out:
    mem_free(&part.data);
    return code;
}

void resume_close(resume_t *resume)
{
    trials_close(&resume->trials);
    mem_free(&resume->places);
    mem_free(&resume->theta);
}

/* But for the rounding of a box that was found on other ranks. */
static bool same_point(const double *a, const double *b, int count)
{
    bool same = true;
    for (int s = 0; same && s < count; s++)
        same = fabs(a[s] - b[s]) <= 1e-9 * (1.0 + fabs(b[s]));
    return same;
}

int resume_find(const resume_t *resume, int64_t number, const double *theta, const double *values,
                const result_evaluation_t **out)
{
    int code = TRALO_OK;
    const trials_t *t = resume->trials;
    const int S = t != NULL ? t->layout.count : 0;
    const int64_t place = t != NULL && number < resume->numbers ? resume->places[number] : -1;
    *out = NULL;
    if (place < 0)
        return TRALO_OK;
    TRY(trials_row(t, place, resume->theta, resume->theta + S));
    if (!same_point(theta, resume->theta, S) || !same_point(values, resume->theta + S, S))
        FAIL(TRALO_ERR_INPUT,
             "cannot resume: trial %" PRId64 " in %s was elsewhere: the search has other options",
             number, t->path);
    *out = &t->list[place];
out:
    return code;
}
