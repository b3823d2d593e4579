/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_levels.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "data/import_value.h"

int level_compare(const level_t *a, const level_t *b)
{
    if (a->numeric != b->numeric)
        return a->numeric ? -1 : 1;
    if (a->numeric && a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return strcmp(a->text, b->text);
}

level_t level_of(const char *text)
{
    level_t level = {.text = (char *)(uintptr_t)text};
    level.numeric = value_read(text, &level.number) == VALUE_NUMBER;
    return level;
}

/* The first place whose level is not before `level`. */
static int lower_bound(const levels_t *levels, const level_t *level)
{
    int low = 0, high = levels->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (level_compare(&levels->rows[middle], level) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int grow(levels_t *levels)
{
    int code = TRALO_OK;
    level_t *larger = NULL;
    int capacity = levels->capacity == 0 ? 8 : 2 * levels->capacity;
    ALLOC(larger, capacity);
    if (levels->count > 0)
        memcpy(larger, levels->rows, (size_t)levels->count * sizeof *larger);
    mem_free(&levels->rows);
    levels->rows = larger;
    levels->capacity = capacity;
out:
    return code;
}

static bool is_at(const levels_t *levels, int place, const level_t *level)
{
    return place < levels->count && level_compare(&levels->rows[place], level) == 0;
}

int levels_add(levels_t *levels, const char *text)
{
    int code = TRALO_OK;
    level_t level = level_of(text);
    int place = lower_bound(levels, &level);
    if (is_at(levels, place, &level))
        goto out;
    if (levels->count == LEVELS_MAX)
        return TRALO_ERR_INPUT;
    if (levels->count == levels->capacity)
        TRY(grow(levels));
    TRY(mem_string(text, &level.text));
    memmove(levels->rows + place + 1, levels->rows + place,
            (size_t)(levels->count - place) * sizeof level);
    levels->rows[place] = level;
    levels->count++;
out:
    return code;
}

int levels_find(const levels_t *levels, const char *text)
{
    level_t level = level_of(text);
    int place = lower_bound(levels, &level);
    return is_at(levels, place, &level) ? place : -1;
}

void levels_release(levels_t *levels)
{
    for (int i = 0; i < levels->count; i++)
        mem_free(&levels->rows[i].text);
    mem_free(&levels->rows);
    levels->count = levels->capacity = 0;
}
