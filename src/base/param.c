/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/param.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static void *field(const param_t *row, void *options)
{
    return (char *)options + row->offset;
}

bool param_is_text(const param_t *row)
{
    return row->type == PARAM_TEXT || row->type == PARAM_PATH;
}

void param_presets(const param_t *table, void *options)
{
    for (const param_t *row = table; row != NULL && row->name != NULL; row++) {
        switch (row->type) {
        case PARAM_REAL:
            *(double *)field(row, options) = row->preset;
            break;
        case PARAM_INT:
            *(int64_t *)field(row, options) = (int64_t)row->preset;
            break;
        case PARAM_BOOL:
            *(bool *)field(row, options) = row->preset != 0.0;
            break;
        case PARAM_CHOICE:
            *(int *)field(row, options) = (int)row->preset;
            break;
        case PARAM_TEXT:
        case PARAM_PATH:
            *(char **)field(row, options) = NULL;
            break;
        }
    }
}

static bool parse_real(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && !isnan(*out);
}

static bool parse_int(const char *text, int64_t *out)
{
    double real;
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0)
        return true;
    if (!parse_real(text, &real) || real != floor(real) || fabs(real) > 9e15)
        return false;
    *out = (int64_t)real; /* 1e6 */
    return true;
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", NULL};
    static const char *const no[] = {"false", "no", "off", NULL};
    for (int i = 0; yes[i] != NULL; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool find_choice(const char *const *choices, const char *text, int *out)
{
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* "true" and "false" may be written as a bool may. */
static bool parse_choice(const char *const *choices, const char *text, int *out)
{
    bool flag;
    if (find_choice(choices, text, out))
        return true;
    return parse_bool(text, &flag) && find_choice(choices, flag ? "true" : "false", out);
}

static bool in_range(const param_t *row, double value)
{
    return value >= row->min && value <= row->max;
}

int param_set(const param_t *row, void *options, const char *text)
{
    int code = TRALO_OK, choice;
    double real;
    int64_t integer;
    bool flag, good = false;
    char allowed[512];
    void *target = field(row, options);
    switch (row->type) {
    case PARAM_REAL:
        good = parse_real(text, &real) && in_range(row, real);
        if (good)
            *(double *)target = real;
        break;
    case PARAM_INT:
        good = parse_int(text, &integer) && in_range(row, (double)integer);
        if (good)
            *(int64_t *)target = integer;
        break;
    case PARAM_BOOL:
        good = parse_bool(text, &flag);
        if (good)
            *(bool *)target = flag;
        break;
    case PARAM_CHOICE:
        good = parse_choice(row->choices, text, &choice);
        if (good)
            *(int *)target = choice;
        break;
    case PARAM_TEXT:
    case PARAM_PATH:
        mem_free(target);
        TRY(mem_string(text, (char **)target));
        good = true;
        break;
    }
    if (!good) {
        param_allowed(row, allowed, sizeof allowed);
        FAIL(TRALO_ERR_INPUT, "'%s' is not allowed: give %s", text, allowed);
    }
out:
    return code;
}

static void range_text(const param_t *row, const char *what, char *text, size_t size)
{
    bool low = isfinite(row->min), high = isfinite(row->max);
    if (low && high)
        snprintf(text, size, "%s from %.15g to %.15g", what, row->min, row->max);
    else if (low)
        snprintf(text, size, "%s >= %.15g", what, row->min);
    else if (high)
        snprintf(text, size, "%s <= %.15g", what, row->max);
    else
        snprintf(text, size, "%s", what);
}

void param_allowed(const param_t *row, char *text, size_t size)
{
    size_t used;
    switch (row->type) {
    case PARAM_REAL:
        range_text(row, "a number", text, size);
        break;
    case PARAM_INT:
        range_text(row, "a whole number", text, size);
        break;
    case PARAM_BOOL:
        snprintf(text, size, "true or false");
        break;
    case PARAM_TEXT:
        snprintf(text, size, "text");
        break;
    case PARAM_PATH:
        snprintf(text, size, "a path");
        break;
    case PARAM_CHOICE:
        snprintf(text, size, "one of:");
        for (int i = 0; row->choices[i] != NULL; i++) {
            used = strlen(text);
            snprintf(text + used, size - used, "%s %s", i > 0 ? "," : "", row->choices[i]);
        }
        break;
    }
}

void param_preset_text(const param_t *row, char *text, size_t size)
{
    switch (row->type) {
    case PARAM_REAL:
    case PARAM_INT:
        snprintf(text, size, "%.15g", row->preset);
        break;
    case PARAM_BOOL:
        snprintf(text, size, "%s", row->preset != 0.0 ? "true" : "false");
        break;
    case PARAM_CHOICE:
        snprintf(text, size, "%s", row->choices[(int)row->preset]);
        break;
    case PARAM_TEXT:
    case PARAM_PATH:
        snprintf(text, size, "none");
        break;
    }
}

void param_release(const param_t *table, void *options)
{
    for (const param_t *row = table; row != NULL && row->name != NULL; row++)
        if (param_is_text(row))
            mem_free(field(row, options));
}
