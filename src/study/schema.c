/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/schema.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64, LIST_SIZE = 512 };

void schema_add(schema_keys_t *keys, const char *name)
{
    ASSERT(keys->count < SCHEMA_KEYS);
    keys->names[keys->count++] = name;
}

void schema_add_table(schema_keys_t *keys, const param_t *table)
{
    for (const param_t *row = table; row != NULL && row->name != NULL; row++)
        schema_add(keys, row->name);
}

static bool knows(const schema_keys_t *keys, const char *name)
{
    for (int i = 0; i < keys->count; i++)
        if (strcmp(keys->names[i], name) == 0)
            return true;
    return false;
}

static int min3(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance of the first WORD_MAX characters. */
static int distance(const char *a, const char *b)
{
    int row[WORD_MAX + 1];
    size_t rows = strnlen(a, WORD_MAX), columns = strnlen(b, WORD_MAX);
    for (size_t j = 0; j <= columns; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= rows; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= columns; j++) {
            int above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[columns];
}

static const char *nearest(const schema_keys_t *keys, const char *name)
{
    const char *best = keys->names[0];
    for (int i = 1; i < keys->count; i++)
        if (distance(keys->names[i], name) < distance(best, name))
            best = keys->names[i];
    return best;
}

static void list(const schema_keys_t *keys, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < keys->count && used < size - 1; i++) {
        snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", keys->names[i]);
        used = strlen(text);
    }
}

/* Another row of the table that has such an option; NULL: none. */
static const kind_t *owner(const kind_table_t *table, const char *option)
{
    for (int i = 0; table != NULL && i < table->count; i++)
        for (const param_t *row = table->rows[i].params; row != NULL && row->name != NULL; row++)
            if (strcmp(row->name, option) == 0)
                return &table->rows[i];
    return NULL;
}

static int unknown_key(const tree_t *at, const schema_keys_t *keys, const kind_table_t *table,
                       const kind_t *chosen)
{
    char allowed[LIST_SIZE];
    const kind_t *other = owner(table, at->key);
    list(keys, allowed, sizeof allowed);
    if (other != NULL)
        return tree_raise(at, "this is an option of the %s '%s', not of '%s'; allowed here: %s",
                          table->noun, other->name, chosen->name, allowed);
    return tree_raise(at, "unknown key; did you mean '%s'? allowed here: %s",
                      nearest(keys, at->key), allowed);
}

int schema_check(const tree_t *tree, const schema_keys_t *keys, const kind_table_t *table,
                 const kind_t *chosen)
{
    int code = TRALO_OK;
    char allowed[LIST_SIZE];
    if (tree != NULL && tree->type != TREE_MAP) {
        list(keys, allowed, sizeof allowed);
        TRY(tree_raise(tree, "must be a map 'key: value' with the keys %s", allowed));
    }
    for (const tree_t *at = tree != NULL ? tree->child : NULL; at != NULL; at = at->next)
        if (!knows(keys, at->key))
            TRY(unknown_key(at, keys, table, chosen));
out:
    return code;
}

int schema_text(const tree_t *value, const char *allowed)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (value->type != TREE_SCALAR)
        return tree_raise(value, "is a %s: give %s", value->type == TREE_LIST ? "list" : "map",
                          allowed);
    for (size_t i = 0; !value->quoted && i < sizeof nulls / sizeof *nulls; i++)
        if (strcmp(value->text, nulls[i]) == 0)
            return tree_raise(value, "has no value: give %s", allowed);
    if (value->text[0] == '\0')
        return tree_raise(value, "is an empty text: give %s", allowed);
    return TRALO_OK;
}

int schema_set(const tree_t *value, const param_t *row, void *options)
{
    int code = TRALO_OK;
    char allowed[LIST_SIZE];
    param_allowed(row, allowed, sizeof allowed);
    TRY(schema_text(value, allowed));
    if (value->quoted && !param_is_text(row) && row->type != PARAM_CHOICE)
        TRY(tree_raise(value, "'%.200s' is a text because of its quotes: give %s", value->text,
                       allowed));
    code = param_set(row, options, value->text);
    if (code == TRALO_ERR_INPUT)
        code = tree_raise(value, "%s", tralo_error_message());
out:
    return code;
}

int schema_read(const tree_t *map, const param_t *table, void *options)
{
    int code = TRALO_OK;
    for (const param_t *row = table; row != NULL && row->name != NULL; row++) {
        const tree_t *value = tree_find(map, row->name);
        if (value != NULL)
            TRY(schema_set(value, row, options));
    }
out:
    return code;
}

int schema_need(const tree_t *map, const char *key, const char *allowed, const tree_t **out)
{
    const tree_t *found = tree_find(map, key);
    if (found == NULL)
        return tree_raise(map, "the key '%s' is missing: give %s", key, allowed);
    *out = found;
    return TRALO_OK;
}

static void name_keys(const kind_table_t *table, schema_keys_t *keys)
{
    for (int i = 0; i < table->count; i++)
        schema_add(keys, table->rows[i].name);
}

void schema_names(const kind_table_t *table, char *text, size_t size)
{
    schema_keys_t names = {0};
    name_keys(table, &names);
    snprintf(text, size, "one of: ");
    list(&names, text + strlen(text), size - strlen(text));
}

int schema_kind(const tree_t *value, const kind_table_t *table, const kind_t **out)
{
    int code = TRALO_OK;
    schema_keys_t names = {0};
    char allowed[LIST_SIZE];
    name_keys(table, &names);
    schema_names(table, allowed, sizeof allowed);
    TRY(schema_text(value, allowed));
    const kind_t *found = kinds_find(table, value->text);
    if (found == NULL)
        TRY(tree_raise(value, "there is no %s '%.100s'; did you mean '%s'? give %s", table->noun,
                       value->text, nearest(&names, value->text), allowed));
    *out = found;
out:
    return code;
}
