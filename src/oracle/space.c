/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/space.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { NAME_MOST = 64 };

static const char *const scale_names[] = {"linear", "log", "logit", NULL};

/* "lower" and "upper" have no default: whoever reads the config asks for them. */
const param_t space_params[] = {
    {"lower", "least value", PARAM_REAL, offsetof(space_parameter_t, lower), 0, -DBL_MAX, DBL_MAX,
     NULL},
    {"upper", "largest value", PARAM_REAL, offsetof(space_parameter_t, upper), 1, -DBL_MAX, DBL_MAX,
     NULL},
    {"scale", "on which the search moves", PARAM_CHOICE, offsetof(space_parameter_t, scale),
     SPACE_LINEAR, 0, 0, scale_names},
    {"start", "where the search starts (default: the middle on the scale)", PARAM_REAL,
     offsetof(space_parameter_t, start), NAN, -DBL_MAX, DBL_MAX, NULL},
    {"integer", "whole numbers: the nearest", PARAM_BOOL, offsetof(space_parameter_t, integer), 0,
     0, 0, NULL},
    PARAM_END};

void space_release(space_t *space)
{
    for (int k = 0; k < space->parameters; k++)
        mem_free(&space->list[k].name);
    mem_free(&space->list);
    *space = (space_t){0};
}

static size_t word_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return isdigit((unsigned char)text[0]) ? 0 : length;
}

static int copy_name(const char *text, size_t length, char **out)
{
    int code = TRALO_OK;
    char *copy = NULL;
    ALLOC(copy, (int64_t)length + 1);
    memcpy(copy, text, length);
    *out = copy;
out:
    return code;
}

int space_name(const char *text, space_parameter_t *out)
{
    int code = TRALO_OK;
    const size_t length = word_length(text);
    const char *rest = text + length;
    char *end = NULL;
    long long count = 1;
    const bool vector = rest[0] == '[';
    if (vector) {
        count = isdigit((unsigned char)rest[1]) ? strtoll(rest + 1, &end, 10) : 0;
        rest = end != NULL && strcmp(end, "]") == 0 ? end + 1 : text;
    }
    if (length == 0 || length > NAME_MOST || *rest != '\0')
        FAIL(TRALO_ERR_INPUT,
             "'%.100s' is not the name of a parameter: give letters, digits and _, at most %d, not "
             "a digit first; a vector is written 'name[100]'",
             text, (int)NAME_MOST);
    if (count < 1 || count > SPACE_MOST)
        FAIL(TRALO_ERR_INPUT, "a vector has from 1 to %d values", (int)SPACE_MOST);
    TRY(copy_name(text, length, &out->name));
    out->vector = vector;
    out->count = count;
out:
    return code;
}

static double to_theta(const space_parameter_t *p, double x)
{
    switch ((space_scale_t)p->scale) {
    case SPACE_LOG:
        return log(x);
    case SPACE_LOGIT:
        return log(x) - log1p(-x);
    case SPACE_LINEAR:
        break;
    }
    return x;
}

static double from_theta(const space_parameter_t *p, double theta)
{
    switch ((space_scale_t)p->scale) {
    case SPACE_LOG:
        return exp(theta);
    case SPACE_LOGIT:
        return 1.0 / (1.0 + exp(-theta));
    case SPACE_LINEAR:
        break;
    }
    return theta;
}

static int check_scale(const space_parameter_t *p)
{
    int code = TRALO_OK;
    if (p->scale == SPACE_LOG && !(p->lower > 0.0))
        FAIL(TRALO_ERR_INPUT, "scale = log wants bounds above 0, but lower is %.15g", p->lower);
    if (p->scale == SPACE_LOGIT && !(p->lower > 0.0 && p->upper < 1.0))
        FAIL(TRALO_ERR_INPUT,
             "scale = logit wants bounds between 0 and 1, but these are %.15g and %.15g", p->lower,
             p->upper);
    if (!isfinite(to_theta(p, p->upper) - to_theta(p, p->lower)))
        FAIL(TRALO_ERR_INPUT, "the bounds %.15g and %.15g are too far apart", p->lower, p->upper);
out:
    return code;
}

int space_check(space_parameter_t *p)
{
    int code = TRALO_OK;
    if (!(p->lower < p->upper))
        FAIL(TRALO_ERR_INPUT, "lower = %.15g must be below upper = %.15g", p->lower, p->upper);
    TRY(check_scale(p));
    if (p->integer && (rint(p->lower) != p->lower || rint(p->upper) != p->upper))
        FAIL(TRALO_ERR_INPUT, "the bounds of whole numbers are whole, not %.15g and %.15g",
             p->lower, p->upper);
    if (isnan(p->start))
        p->start = from_theta(p, 0.5 * (to_theta(p, p->lower) + to_theta(p, p->upper)));
    if (!(p->start >= p->lower && p->start <= p->upper))
        FAIL(TRALO_ERR_INPUT, "start = %.15g is not within the bounds %.15g and %.15g", p->start,
             p->lower, p->upper);
out:
    return code;
}

void space_box(const space_t *space, double *lower, double *upper, double *start)
{
    int64_t s = 0;
    for (int k = 0; k < space->parameters; k++) {
        const space_parameter_t *p = &space->list[k];
        for (int64_t i = 0; i < p->count; i++, s++) {
            lower[s] = to_theta(p, p->lower);
            upper[s] = to_theta(p, p->upper);
            start[s] = fmin(fmax(to_theta(p, p->start), lower[s]), upper[s]);
        }
    }
}

/* A corner of the box is the bound itself. */
static double value_at(const space_parameter_t *p, double theta)
{
    if (theta <= to_theta(p, p->lower))
        return p->lower;
    if (theta >= to_theta(p, p->upper))
        return p->upper;
    const double x = from_theta(p, theta);
    return fmin(fmax(p->integer ? rint(x) : x, p->lower), p->upper);
}

void space_values(const space_t *space, const double *theta, double *values)
{
    int64_t s = 0;
    for (int k = 0; k < space->parameters; k++) {
        const space_parameter_t *p = &space->list[k];
        for (int64_t i = 0; i < p->count; i++, s++)
            values[s] = value_at(p, theta[s]);
    }
}

int space_add_value(text_t *text, const space_parameter_t *p, double value)
{
    char number[32];
    if (p->integer)
        return text_add(text, "%.0f", value);
    text_real(value, number);
    return text_add(text, "%s", number);
}

int space_add_values(text_t *text, const space_parameter_t *p, const double *values)
{
    int code = TRALO_OK;
    for (int64_t i = 0; i < p->count; i++) {
        if (i > 0)
            TRY(text_add(text, ","));
        TRY(space_add_value(text, p, values[i]));
    }
out:
    return code;
}

static size_t add(char *text, size_t size, size_t used, const char *word)
{
    if (used + 1 < size)
        snprintf(text + used, size - used, "%s", word);
    used += strlen(word);
    return used < size ? used : size - 1;
}

void space_text(const space_t *space, const double *values, char *text, size_t size)
{
    enum { MOST = 4 };
    char word[128];
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < space->parameters; values += space->list[k++].count) {
        const space_parameter_t *p = &space->list[k];
        snprintf(word, sizeof word, "%s%s=", k > 0 ? " " : "", p->name);
        used = add(text, size, used, word);
        for (int64_t i = 0; i < p->count; i++) {
            const bool skip = p->count > MOST && i == MOST / 2;
            i = skip ? p->count - MOST / 2 : i;
            snprintf(word, sizeof word, "%s%s%.6g", skip ? ",..." : "", i > 0 ? "," : "",
                     values[i]);
            used = add(text, size, used, word);
        }
    }
}
