/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/import_value.h"

static const char *name_of(const target_t *target)
{
    return target->source->target != NULL ? target->source->target : "y";
}

/* y of a row as a level; `buffer` holds the text where the row has none. */
static level_t level_of_row(const import_row_t *row, char *buffer, size_t size)
{
    if (row->label != NULL)
        return level_of(row->label);
    level_t level = {.text = buffer, .numeric = true, .number = row->y};
    snprintf(buffer, size, "%.15g", row->y);
    return level;
}

/* 1 and 1.0 are the same label. */
static bool same(const level_t *a, const level_t *b)
{
    return a->numeric && b->numeric ? a->number == b->number : strcmp(a->text, b->text) == 0;
}

static int keep(const level_t *level, level_t *out)
{
    *out = *level;
    out->text = NULL;
    return mem_string(level->text, &out->text);
}

int target_init(target_t *target, const source_t *source)
{
    int code = TRALO_OK;
    char *copy = NULL;
    const char *labels = source->options->labels;
    memset(target, 0, sizeof *target);
    target->source = source;
    if (labels == NULL)
        goto out;
    TRY(mem_string(labels, &copy));
    char *comma = strchr(copy, ',');
    if (comma == NULL || strchr(comma + 1, ',') != NULL)
        FAIL(TRALO_ERR_INPUT, "--labels %s: write two labels with a comma between, NEG,POS",
             labels);
    *comma = '\0';
    const level_t pair[2] = {level_of(value_trim(copy)), level_of(value_trim(comma + 1))};
    if (same(&pair[0], &pair[1]))
        FAIL(TRALO_ERR_INPUT, "--labels %s: the two labels are the same; write NEG,POS", labels);
    for (int i = 0; i < 2; i++)
        TRY(keep(&pair[i], &target->labels[i]));
out:
    mem_free(&copy);
    return code;
}

void target_release(target_t *target)
{
    for (int i = 0; i < TARGET_SEEN; i++)
        mem_free(&target->seen[i].text);
    for (int i = 0; i < 2; i++)
        mem_free(&target->labels[i].text);
    mem_free(&target->word);
}

bool target_mapped(const target_t *target)
{
    return target->labels[0].text != NULL;
}

static int see_word(target_t *target, const level_t *level, int64_t place)
{
    if (level->numeric || target->word != NULL)
        return TRALO_OK;
    target->word_place = place;
    return mem_string(level->text, &target->word);
}

int target_see(target_t *target, const import_row_t *row)
{
    int code = TRALO_OK;
    char buffer[32];
    const bool chosen = target_mapped(target);
    if (target->count == TARGET_SEEN && target->word != NULL && !chosen)
        goto out;
    level_t level = level_of_row(row, buffer, sizeof buffer);
    if (chosen && !same(&level, &target->labels[0]) && !same(&level, &target->labels[1]))
        FAIL(TRALO_ERR_INPUT, "%s%s%" PRId64 ": column '%s': '%.40s' is neither of --labels %s",
             target->source->options->input, target->source->kind->place, row->place,
             name_of(target), level.text, target->source->options->labels);
    TRY(see_word(target, &level, row->place));
    for (int i = 0; i < target->count; i++)
        if (same(&level, &target->seen[i]))
            goto out;
    if (target->count < TARGET_SEEN) {
        TRY(keep(&level, &target->seen[target->count]));
        target->count++;
    }
out:
    return code;
}

/* Takes the two values that were seen as labels, the smaller for -1. */
static int map_seen(target_t *target)
{
    int code = TRALO_OK;
    const int first = level_compare(&target->seen[0], &target->seen[1]) < 0 ? 0 : 1;
    TRY(keep(&target->seen[first], &target->labels[0]));
    TRY(keep(&target->seen[1 - first], &target->labels[1]));
out:
    return code;
}

/* A word beside a number is rather a typing error, or a value that is missing, than a label. */
static bool two_words(const target_t *target)
{
    return target->count == 2 && !target->seen[0].numeric && !target->seen[1].numeric;
}

int target_decide(target_t *target)
{
    int code = TRALO_OK;
    const source_t *source = target->source;
    const char *input = source->options->input;
    if (target->count == 1)
        FAIL(TRALO_ERR_INPUT,
             "%s: column '%s': the target is constant (%.40s in every row); there is "
             "nothing to learn, so choose another target",
             input, name_of(target), target->seen[0].text);
    if (target_mapped(target))
        goto out;
    if (source->options->classify && target->count != 2)
        FAIL(TRALO_ERR_INPUT,
             "%s: column '%s': --classify needs two distinct values, here are more "
             "('%.40s', '%.40s', '%.40s'); leave out rows or --classify",
             input, name_of(target), target->seen[0].text, target->seen[1].text,
             target->seen[2].text);
    if (target->word != NULL && !source->options->classify && !two_words(target))
        FAIL(TRALO_ERR_INPUT,
             "%s%s%" PRId64 ": column '%s': the target '%.40s' is not a finite number, and %s",
             input, source->kind->place, target->word_place, name_of(target), target->word,
             target->count == 2
                 ? "the other value is one; correct it, or take the two as labels by --classify"
                 : "there are more than two labels; correct it, or choose another target");
    if (source->options->classify || target->word != NULL)
        TRY(map_seen(target));
out:
    return code;
}

double target_value(const target_t *target, const import_row_t *row)
{
    char buffer[32];
    level_t level = level_of_row(row, buffer, sizeof buffer);
    if (!target_mapped(target))
        return level.number;
    return same(&level, &target->labels[1]) ? 1.0 : -1.0;
}
