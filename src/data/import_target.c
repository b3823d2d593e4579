/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data/import_value.h"

enum { SEEN = 3 }; /* distinct values that tell labels from numbers */

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

/* Numbers first, by size, then words, by bytes; 0: the same label. */
static int order(const level_t *a, const level_t *b)
{
    return same(a, b) ? 0 : level_compare(a, b);
}

static int check_chosen(const target_t *target, const level_t *level)
{
    int code = TRALO_OK;
    const char *labels = target->source->options->labels;
    if (level->text[0] == '\0')
        FAIL(TRALO_ERR_INPUT, "--labels %s: a label is empty", labels);
    for (int k = 0; k < target->label_count; k++)
        if (same(level, &target->labels[k]))
            FAIL(TRALO_ERR_INPUT, "--labels %s: two labels are the same", labels);
out:
    return code;
}

/* The list A,B,... of --labels. */
static int choose_labels(target_t *target)
{
    int code = TRALO_OK, commas = 0;
    char *copy = NULL, *rest = NULL, *at;
    const char *labels = target->source->options->labels;
    for (const char *c = labels; *c != '\0'; c++)
        commas += *c == ',';
    if (commas == 0 || commas >= DATA_LABELS)
        FAIL(TRALO_ERR_INPUT, "--labels %.200s: write 2 to %d labels with commas between: NEG,POS",
             labels, DATA_LABELS);
    TRY(mem_string(labels, &copy));
    ALLOC(target->labels, commas + 1);
    for (rest = copy; (at = strsep(&rest, ",")) != NULL; target->label_count++) {
        level_t level = level_of(value_trim(at));
        TRY(check_chosen(target, &level));
        TRY(keep(&level, &target->labels[target->label_count]));
    }
out:
    mem_free(&copy);
    return code;
}

int target_init(target_t *target, const source_t *source)
{
    int code = TRALO_OK;
    const import_options_t *options = source->options;
    memset(target, 0, sizeof *target);
    target->source = source;
    target->most = options->classify ? DATA_LABELS : SEEN;
    ALLOC(target->seen, target->most);
    if (options->labels != NULL)
        TRY(choose_labels(target));
out:
    return code;
}

static void release(level_t **levels, int count)
{
    for (int k = 0; *levels != NULL && k < count; k++)
        mem_free(&(*levels)[k].text);
    mem_free(levels);
}

void target_release(target_t *target)
{
    release(&target->seen, target->count);
    release(&target->labels, target->label_count);
    mem_free(&target->word);
}

bool target_mapped(const target_t *target)
{
    return target->label_count > 0;
}

/* The place of a level among the labels, or -1. */
static int find_label(const target_t *target, const level_t *level)
{
    for (int k = 0; k < target->label_count; k++)
        if (same(level, &target->labels[k]))
            return k;
    return -1;
}

static int see_word(target_t *target, const level_t *level, int64_t place)
{
    if (level->numeric || target->word != NULL)
        return TRALO_OK;
    target->word_place = place;
    return mem_string(level->text, &target->word);
}

/* Puts a new level in its place among those seen. */
static int see_level(target_t *target, const level_t *level)
{
    int code = TRALO_OK, low = 0, high = target->count;
    level_t kept;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (order(&target->seen[middle], level) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < target->count && order(&target->seen[low], level) == 0)
        goto out;
    target->more = target->more || target->count == target->most;
    if (target->count == target->most)
        goto out;
    TRY(keep(level, &kept));
    memmove(target->seen + low + 1, target->seen + low,
            (size_t)(target->count - low) * sizeof kept);
    target->seen[low] = kept;
    target->count++;
out:
    return code;
}

int target_see(target_t *target, const import_row_t *row)
{
    int code = TRALO_OK;
    char buffer[32];
    const bool chosen = target_mapped(target);
    if (target->count == target->most && target->word != NULL && !chosen && target->more)
        goto out;
    level_t level = level_of_row(row, buffer, sizeof buffer);
    if (chosen && find_label(target, &level) < 0)
        FAIL(TRALO_ERR_INPUT, "%s%s%" PRId64 ": column '%s': '%.40s' is none of --labels %s",
             target->source->options->input, target->source->kind->place, row->place,
             name_of(target), level.text, target->source->options->labels);
    TRY(see_word(target, &level, row->place));
    TRY(see_level(target, &level));
out:
    return code;
}

/* Takes the values that were seen as labels. */
static int map_seen(target_t *target)
{
    int code = TRALO_OK;
    ALLOC(target->labels, target->count);
    for (int k = 0; k < target->count; k++, target->label_count++)
        TRY(keep(&target->seen[k], &target->labels[k]));
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
    if (source->options->classify && target->more)
        FAIL(TRALO_ERR_INPUT,
             "%s: column '%s': --classify found more than %d distinct values ('%.40s', '%.40s', "
             "'%.40s', ...); are they numbers? Leave out --classify",
             input, name_of(target), target->most, target->seen[0].text, target->seen[1].text,
             target->seen[2].text);
    if (target->word != NULL && !source->options->classify && !two_words(target))
        FAIL(TRALO_ERR_INPUT,
             "%s%s%" PRId64 ": column '%s': the target '%.40s' is not a finite number, and %s",
             input, source->kind->place, target->word_place, name_of(target), target->word,
             target->count == 2
                 ? "the other value is one; correct it, or take the two as labels by --classify"
                 : "there are more than two labels; correct it, choose another target, or take "
                   "them as classes by --classify");
    if (source->options->classify || target->word != NULL)
        TRY(map_seen(target));
out:
    return code;
}

double target_value(const target_t *target, const import_row_t *row)
{
    char buffer[32];
    level_t level = level_of_row(row, buffer, sizeof buffer);
    return target_mapped(target) ? data_label_value(target->label_count, find_label(target, &level))
                                 : level.number;
}
