/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "data/import_columns.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/import_value.h"

enum { NEAR_NAMES = 3, FIRST_NAMES = 8, EDIT_TEXT = 64 };

static const char *const role_words[] = {"a feature", "--one-hot", "--target",
                                         "--weights", "--offset",  "--drop"};

/* ---- names -------------------------------------------------------------------------------------
 */
/* Edit distance of two names without regard to case; names are cut at EDIT_TEXT. */
static int distance(const char *a, const char *b)
{
    int row[EDIT_TEXT + 1];
    int m = (int)strnlen(a, EDIT_TEXT), n = (int)strnlen(b, EDIT_TEXT);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int changed = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            int best = diagonal + changed;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

static bool is_near(const char *name, const char *wanted)
{
    return (wanted[0] != '\0' && distance(name, wanted) <= 2) ||
           (strlen(wanted) > 2 && strcasestr(name, wanted) != NULL);
}

/* Near names in words, or the first names of the file. */
static void suggest(const columns_t *columns, const char *wanted, char *text, size_t size)
{
    int found = 0;
    size_t used = 0;
    for (int near = 1; near >= 0 && found == 0; near--) {
        used = (size_t)snprintf(text, size, near ? "did you mean one of" : "the columns are");
        for (int i = 0; i < columns->count && found < (near ? NEAR_NAMES : FIRST_NAMES); i++) {
            const char *name = columns->rows[i].name;
            if (used >= size || (near && !is_near(name, wanted)))
                continue;
            used += (size_t)snprintf(text + used, size - used, "%s '%.40s'", found > 0 ? "," : "",
                                     name);
            found++;
        }
    }
    const char *end = found == FIRST_NAMES && columns->count > found ? ", ..." : "";
    if (used < size)
        snprintf(text + used, size - used, "%s", end);
}

static int find_exactly(const columns_t *columns, const char *name)
{
    for (int i = 0; i < columns->count; i++)
        if (strcmp(columns->rows[i].name, name) == 0)
            return i;
    if (columns->options->no_header && name[strspn(name, "0123456789")] == '\0') {
        long number = strtol(name, NULL, 10);
        if (number >= 1 && number <= columns->count)
            return (int)number - 1;
    }
    return -1;
}

static int find(const columns_t *columns, const char *name, int *out)
{
    int code = TRALO_OK;
    char near[512];
    int found = find_exactly(columns, name);
    if (found < 0) {
        suggest(columns, name, near, sizeof near);
        FAIL(TRALO_ERR_INPUT, "%s: there is no column '%.60s'; %s", columns->options->input, name,
             near);
    }
    *out = found;
out:
    return code;
}

/* ---- roles -------------------------------------------------------------------------------------
 */
static int give_role(columns_t *columns, const char *name, column_role_t role, int *out)
{
    int code = TRALO_OK, i;
    TRY(find(columns, name, &i));
    column_t *column = &columns->rows[i];
    if (column->role != COLUMN_FEATURE && (column->role != role || out != NULL))
        FAIL(TRALO_ERR_INPUT, "%s: column '%s' is given to both %s and %s; choose one",
             columns->options->input, column->name, role_words[column->role], role_words[role]);
    column->role = role;
    if (out != NULL)
        *out = i;
out:
    return code;
}

/* A list is one name, or names with commas between. */
static int give_roles(columns_t *columns, const char *list, column_role_t role)
{
    int code = TRALO_OK;
    char *copy = NULL, *rest, *name;
    if (find_exactly(columns, list) >= 0) {
        TRY(give_role(columns, list, role, NULL));
        goto out;
    }
    TRY(mem_string(list, &copy));
    rest = copy;
    while ((name = strsep(&rest, ",")) != NULL)
        TRY(give_role(columns, value_trim(name), role, NULL));
out:
    mem_free(&copy);
    return code;
}

static bool is_auto(const columns_t *columns, const char *list)
{
    return strcmp(list, "auto") == 0 && find_exactly(columns, list) < 0;
}

bool columns_auto(const columns_t *columns)
{
    for (int i = 0; i < columns->options->one_hot_count; i++)
        if (is_auto(columns, columns->options->one_hot[i]))
            return true;
    return false;
}

static int give_all_roles(columns_t *columns)
{
    int code = TRALO_OK;
    const import_options_t *o = columns->options;
    char names[512];
    columns->target = columns->weights = columns->offset = -1;
    if (o->target == NULL) {
        suggest(columns, "", names, sizeof names);
        FAIL(TRALO_ERR_INPUT, "%s: which column is to be predicted? Say --target NAME; %s",
             o->input, names);
    }
    TRY(give_role(columns, o->target, COLUMN_TARGET, &columns->target));
    if (o->weights != NULL)
        TRY(give_role(columns, o->weights, COLUMN_WEIGHTS, &columns->weights));
    const char *offset = o->offset != NULL ? o->offset : o->log_offset;
    if (offset != NULL)
        TRY(give_role(columns, offset, COLUMN_OFFSET, &columns->offset));
    for (int i = 0; i < o->drop_count; i++)
        TRY(give_roles(columns, o->drop[i], COLUMN_DROP));
    for (int i = 0; i < o->one_hot_count; i++)
        if (!is_auto(columns, o->one_hot[i]))
            TRY(give_roles(columns, o->one_hot[i], COLUMN_ONE_HOT));
out:
    return code;
}

/* ---- header ------------------------------------------------------------------------------------
 */
static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static int check_distinct(const columns_t *columns)
{
    int code = TRALO_OK;
    const char **names = NULL;
    ALLOC(names, columns->count);
    for (int i = 0; i < columns->count; i++)
        names[i] = columns->rows[i].name;
    qsort(names, (size_t)columns->count, sizeof *names, by_name);
    for (int i = 1; i < columns->count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            FAIL(TRALO_ERR_INPUT, "%s:1: two columns are called '%s'; give each its own name",
                 columns->options->input, names[i]);
out:
    mem_free(&names);
    return code;
}

static int check_words(const columns_t *columns, const fields_t *header)
{
    int code = TRALO_OK, numbers = 0;
    double number;
    for (int i = 0; i < header->count; i++)
        numbers += value_read(header->text[i], &number) == VALUE_NUMBER;
    for (int i = 0; i < header->count; i++)
        if (strchr(header->text[i], '\r') != NULL)
            FAIL(TRALO_ERR_INPUT,
                 "%s:%" PRId64 ": lines end in carriage returns alone; make them newlines with "
                 "tr '\\r' '\\n'",
                 columns->options->input, header->line);
    if (numbers == header->count)
        FAIL(TRALO_ERR_INPUT,
             "%s:%" PRId64 ": the first line holds numbers, not names; use "
             "--no-header",
             columns->options->input, header->line);
out:
    return code;
}

/* Row names, as R and pandas write them, would be taken for a feature. */
static void warn_of_nameless(const columns_t *columns, const fields_t *header)
{
    for (int i = 0; i < columns->count; i++)
        if (header->text[i][0] == '\0' && columns->rows[i].role == COLUMN_FEATURE) {
            log_warn("%s: column %d has no name; it is a feature called %s, which --drop %s leaves "
                     "out",
                     columns->options->input, i + 1, columns->rows[i].name, columns->rows[i].name);
            return;
        }
}

int columns_init(columns_t *columns, const import_options_t *options, const fields_t *header)
{
    int code = TRALO_OK;
    char number[32];
    memset(columns, 0, sizeof *columns);
    columns->options = options;
    if (!options->no_header)
        TRY(check_words(columns, header));
    ALLOC(columns->rows, header->count);
    columns->count = header->count;
    for (int i = 0; i < header->count; i++) {
        const bool named = !options->no_header && header->text[i][0] != '\0';
        snprintf(number, sizeof number, "c%d", i + 1);
        TRY(mem_string(named ? header->text[i] : number, &columns->rows[i].name));
    }
    TRY(check_distinct(columns));
    TRY(give_all_roles(columns));
    if (!options->no_header)
        warn_of_nameless(columns, header);
out:
    return code;
}

void columns_release(columns_t *columns)
{
    for (int i = 0; i < columns->count; i++) {
        mem_free(&columns->rows[i].name);
        levels_release(&columns->rows[i].levels);
    }
    mem_free(&columns->rows);
    columns->count = 0;
}

/* ---- features ----------------------------------------------------------------------------------
 */
int columns_place(columns_t *columns, int *p)
{
    int code = TRALO_OK;
    int64_t first = 0;
    const int skipped = columns->options->one_hot_drop_first ? 1 : 0;
    for (int i = 0; i < columns->count; i++) {
        column_t *column = &columns->rows[i];
        column->width = column->role == COLUMN_FEATURE;
        if (column->role == COLUMN_ONE_HOT)
            column->width = column->levels.count - skipped;
        column->first = (int)first;
        first += column->width;
        if (first > INT_MAX / 2)
            FAIL(TRALO_ERR_INPUT, "%s: too many features; --drop columns", columns->options->input);
    }
    if (first == 0)
        FAIL(TRALO_ERR_INPUT,
             "%s: no column is left as a feature; drop fewer, or say the right "
             "--delimiter",
             columns->options->input);
    *p = (int)first;
out:
    return code;
}

/* The column that gives feature j: the first whose features end behind it. */
static int column_of(const columns_t *columns, int j)
{
    int low = 0, high = columns->count - 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (columns->rows[middle].first + columns->rows[middle].width > j)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int columns_feature(const columns_t *columns, int j, char **name)
{
    int code = TRALO_OK;
    char *joined = NULL;
    const column_t *column = &columns->rows[column_of(columns, j)];
    if (column->role == COLUMN_FEATURE) {
        TRY(mem_string(column->name, name));
        goto out;
    }
    const int skipped = columns->options->one_hot_drop_first ? 1 : 0;
    const char *level = column->levels.rows[j - column->first + skipped].text;
    const size_t size = strlen(column->name) + strlen(level) + 2;
    ALLOC(joined, (int64_t)size);
    snprintf(joined, size, "%s=%s", column->name, level);
    *name = joined;
out:
    return code;
}
