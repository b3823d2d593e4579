/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/plan_kinds.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { WORD = 128 };

static int set(const param_t *row, const char *of, const char *name, const char *value,
               void *options)
{
    char reason[ERROR_TEXT];
    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    if (row->name == NULL)
        return error_raise(TRALO_ERR_INPUT, "%s has no option '%s'; see tralo list", of, name);
    if (param_set(row, options, value) == TRALO_OK)
        return TRALO_OK;
    snprintf(reason, sizeof reason, "%s", tralo_error_message());
    return error_raise(TRALO_ERR_INPUT, "%s %s: %s", of, name, reason);
}

/* The next word of *text, which moves behind it; "": there is none. */
static int take(const char **text, char word[WORD])
{
    *text += strspn(*text, " ");
    const size_t length = strcspn(*text, " ");
    if (length >= WORD)
        return error_raise(TRALO_ERR_INPUT, "'%.40s...' is too long", *text);
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += length;
    return TRALO_OK;
}

/* "option=value ..." behind the name of a kind. */
static int read_options(const char *name, const char *text, const param_t *params, size_t size,
                        void **out)
{
    int code = TRALO_OK;
    char word[WORD];
    TRY(mem_alloc((int64_t)size, 1, out));
    param_presets(params, *out);
    for (;;) {
        TRY(take(&text, word));
        char *value = strchr(word, '=');
        if (word[0] == '\0')
            break;
        if (value == NULL)
            FAIL(TRALO_ERR_INPUT, "%s: '%s' is not option=value", name, word);
        *value = '\0';
        TRY(set(params, name, word, value + 1, *out));
    }
out:
    return code;
}

static int read_inner(const char *text, plan_kinds_t *out)
{
    int code = TRALO_OK;
    char name[WORD];
    TRY(take(&text, name));
    out->inner = inner_find(name);
    if (out->inner == NULL)
        FAIL(TRALO_ERR_INPUT, "there is no inner solver '%s'; see tralo list", name);
    if (out->inner->moves == NULL && strcmp(name, "newton") != 0)
        FAIL(TRALO_ERR_INPUT, "plans know how newton, adam and gd go, not %s", name);
    TRY(read_options(name, text, out->inner->params, out->inner->options_size,
                     &out->inner_options));
out:
    return code;
}

int plan_kinds_search(const char *text, int64_t evaluations, plan_kinds_t *out)
{
    int code = TRALO_OK;
    char name[WORD], budget[WORD];
    TRY(take(&text, name));
    out->method = outer_find(name);
    if (out->method == NULL)
        FAIL(TRALO_ERR_INPUT, "there is no search '%s'; see tralo list", name);
    TRY(read_options(name, text, out->method->params, out->method->options_size,
                     &out->method_options));
    snprintf(budget, sizeof budget, "%lld", (long long)evaluations);
    if (evaluations > 0 && !out->method->derivatives)
        TRY(set(out->method->params, name, "max_evaluations", budget, out->method_options));
out:
    return code;
}

int plan_kinds_read(const char *inner, const char *method, int64_t evaluations, plan_kinds_t *out)
{
    int code = TRALO_OK;
    *out = (plan_kinds_t){NULL, NULL, NULL, NULL};
    if (inner != NULL)
        TRY(read_inner(inner, out));
    if (method != NULL)
        TRY(plan_kinds_search(method, evaluations, out));
out:
    return code;
}

void plan_kinds_release(plan_kinds_t *kinds)
{
    if (kinds->inner_options != NULL)
        param_release(kinds->inner->params, kinds->inner_options);
    if (kinds->method_options != NULL)
        param_release(kinds->method->params, kinds->method_options);
    mem_free(&kinds->inner_options);
    mem_free(&kinds->method_options);
}
