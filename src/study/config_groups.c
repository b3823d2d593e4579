/* SPDX-License-Identifier: BSD-3-Clause */
/* Names are found by bisection in a sorted copy of the features' names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "study/config.h"

enum { UNLISTED = -2, FREE = -1, DIGITS = 16 };

typedef struct entry {
    const char *name;
    int column;
} entry_t;

/* The features by name. */
typedef struct dictionary {
    int p;
    entry_t *entries;        /* [p] sorted by name, owned */
    char (*numbers)[DIGITS]; /* [p] names where the data have none, owned */
} dictionary_t;

static int compare(const void *a, const void *b)
{
    return strcmp(((const entry_t *)a)->name, ((const entry_t *)b)->name);
}

static int build(const config_columns_t *columns, dictionary_t *out)
{
    int code = TRALO_OK;
    out->p = columns->p;
    ALLOC(out->entries, columns->p);
    if (columns->names == NULL)
        ALLOC(out->numbers, columns->p);
    for (int j = 0; j < columns->p; j++) {
        if (columns->names == NULL)
            snprintf(out->numbers[j], DIGITS, "%d", j);
        const char *name = columns->names != NULL ? columns->names[j] : out->numbers[j];
        out->entries[j] = (entry_t){name, j};
    }
    qsort(out->entries, (size_t)out->p, sizeof *out->entries, compare);
out:
    return code;
}

static int look_up(const dictionary_t *dictionary, const char *place, const char *name, int *out)
{
    int code = TRALO_OK;
    entry_t key = {name, 0};
    const entry_t *end = dictionary->entries + dictionary->p;
    const entry_t *found = bsearch(&key, dictionary->entries, (size_t)dictionary->p,
                                   sizeof *dictionary->entries, compare);
    if (found == NULL)
        FAIL(TRALO_ERR_INPUT, "%s: the data have no feature '%.200s'%s", place, name,
             dictionary->numbers != NULL ? " (their columns have no names: number them from 0)"
                                         : "");
    bool before = found > dictionary->entries && compare(found - 1, found) == 0;
    if (before || (found + 1 < end && compare(found, found + 1) == 0))
        FAIL(TRALO_ERR_INPUT, "%s: the data have two features '%.200s', so the name is not clear",
             place, name);
    *out = found->column;
out:
    return code;
}

static int put_names(const dictionary_t *dictionary, const char *place, const config_names_t *names,
                     int value, int *group)
{
    int code = TRALO_OK, column = -1;
    for (int i = 0; i < names->count; i++) {
        TRY(look_up(dictionary, place, names->names[i], &column));
        if (group[column] != UNLISTED)
            FAIL(TRALO_ERR_INPUT, "%s: the feature '%.200s' is named twice", place,
                 names->names[i]);
        group[column] = value;
    }
out:
    return code;
}

static int put_lists(const config_groups_t *groups, const dictionary_t *dictionary, int *group)
{
    int code = TRALO_OK;
    for (int g = 0; g < groups->count; g++)
        TRY(put_names(dictionary, groups->place, &groups->lists[g], g, group));
out:
    return code;
}

/* What the columns get that neither `groups` lists nor `free` name. */
static int put_rest(const config_groups_t *groups, const config_columns_t *columns, int *group)
{
    int code = TRALO_OK;
    int next = 0;
    bool file = columns->file_group != NULL && groups->grouping != GROUPS_ONE;
    if (groups->grouping == GROUPS_FILE && !file)
        FAIL(TRALO_ERR_INPUT, "%s: the data file has no /groups", groups->place);
    for (int j = 0; j < columns->p; j++) {
        if (group[j] != UNLISTED)
            continue;
        if (groups->grouping == GROUPS_LISTS && columns->names != NULL)
            FAIL(TRALO_ERR_INPUT,
                 "%s: the feature '%.200s' is in no list; add it to one, or to model.free",
                 groups->place, columns->names[j]);
        if (groups->grouping == GROUPS_LISTS)
            FAIL(TRALO_ERR_INPUT,
                 "%s: the feature '%d' is in no list; add it to one, or to model.free",
                 groups->place, j);
        group[j] = groups->grouping == GROUPS_COLUMNS ? next++ : file ? columns->file_group[j] : 0;
    }
out:
    return code;
}

/* Every group has a column, and there is a group. */
static int check_groups(const config_groups_t *groups, int p, const int *group, int *count)
{
    int code = TRALO_OK, most = groups->count - 1;
    int64_t *columns = NULL;
    const char *place = groups->place != NULL ? groups->place : "/groups of the data file";
    for (int j = 0; j < p; j++) {
        if (group[j] < FREE || group[j] >= p)
            FAIL(TRALO_ERR_INPUT, "%s: column %d has the group %d: give 0, 1, 2, ... or -1", place,
                 j, group[j]);
        most = group[j] > most ? group[j] : most;
    }
    if (most < 0)
        FAIL(TRALO_ERR_INPUT, "%s: no feature is penalised, so there is nothing to tune",
             groups->free_place != NULL ? groups->free_place : place);
    ALLOC(columns, most + 1);
    for (int j = 0; j < p; j++)
        if (group[j] >= 0)
            columns[group[j]]++;
    for (int g = 0; g <= most; g++)
        if (columns[g] == 0)
            FAIL(TRALO_ERR_INPUT, "%s: group %d has no feature", place, g);
    *count = most + 1;
out:
    mem_free(&columns);
    return code;
}

int config_groups(const config_t *config, const config_columns_t *columns, int *group, int *count)
{
    int code = TRALO_OK;
    int *result = NULL;
    dictionary_t dictionary = {0};
    const config_groups_t *groups = &config->model.groups;
    ALLOC(result, columns->p);
    for (int j = 0; j < columns->p; j++)
        result[j] = UNLISTED;
    TRY(build(columns, &dictionary));
    TRY(put_names(&dictionary, groups->free_place, &groups->free, FREE, result));
    TRY(put_lists(groups, &dictionary, result));
    TRY(put_rest(groups, columns, result));
    TRY(check_groups(groups, columns->p, result, count));
    memcpy(group, result, (size_t)columns->p * sizeof *group);
out:
    mem_free(&result);
    mem_free(&dictionary.entries);
    mem_free(&dictionary.numbers);
    return code;
}

int config_natural(const config_lambda_t *given, int groups, int per_group, double *natural)
{
    int all = groups * per_group;
    if (given->count > 1 && given->count != groups && given->count != all)
        return error_raise(TRALO_ERR_INPUT,
                           "%s: has %d values, but there are %d penalty groups with %d "
                           "hyperparameters in all: give one value, or one per group%s",
                           given->place, given->count, groups, all,
                           per_group > 1 ? ", or one per hyperparameter" : "");
    bool every = given->count == all && per_group > 1;
    for (int s = 0; s < all; s++)
        natural[s] = every ? given->values[s] : NAN;
    for (int g = 0; !every && given->count > 0 && g < groups; g++)
        natural[(int64_t)g * per_group] = given->values[given->count == 1 ? 0 : g];
    return TRALO_OK;
}
