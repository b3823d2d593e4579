/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks maps of a tree against tables of options. Nothing here is collective. */
#ifndef STUDY_SCHEMA_H
#define STUDY_SCHEMA_H

#include "base/param.h"
#include "study/kinds.h"
#include "study/tree.h"

enum { SCHEMA_KEYS = 128 };

/* The keys that a map may have. */
typedef struct schema_keys {
    int count;
    const char *names[SCHEMA_KEYS];
} schema_keys_t;

void schema_add(schema_keys_t *keys, const char *name);
void schema_add_table(schema_keys_t *keys, const param_t *table); /* NULL: nothing */

/* `tree` is a map (NULL: absent, allowed) with no other keys than these. Errors: TRALO_ERR_INPUT
   with the nearest key and all that are allowed. An unknown key that is an option of another row of
   `table` (NULL: none) than `chosen` is reported as that. */
int schema_check(const tree_t *tree, const schema_keys_t *keys, const kind_table_t *table,
                 const kind_t *chosen);

/* Sets each row of `table` that `map` (NULL: none) has a key for. */
int schema_read(const tree_t *map, const param_t *table, void *options);

/* Sets one row. Errors: TRALO_ERR_INPUT with what is allowed. */
int schema_set(const tree_t *value, const param_t *row, void *options);

/* The element `key` of `map`. Errors: TRALO_ERR_INPUT when it is missing; `allowed` says what it
   may be. */
int schema_need(const tree_t *map, const char *key, const char *allowed, const tree_t **out);

/* `value` is a text that is not empty. `allowed` says what it may be. */
int schema_text(const tree_t *value, const char *allowed);

/* "one of: a, b, c": the names of the rows, into text[size]. */
void schema_names(const kind_table_t *table, char *text, size_t size);

/* The row of `table` that `value` names. Errors: TRALO_ERR_INPUT with the nearest and all names. */
int schema_kind(const tree_t *value, const kind_table_t *table, const kind_t **out);

#endif
