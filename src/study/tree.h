/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML document as a small tree that knows where each value came from (file and line, or an
   override of the command line). Aliases, tags' meaning and several documents are not supported.
   Nothing here is collective. */
#ifndef STUDY_TREE_H
#define STUDY_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Where a text came from; must outlive the trees made from it. */
typedef struct tree_origin {
    const char *name; /* of the file, or the whole override */
    bool override;
} tree_origin_t;

typedef enum tree_type { TREE_SCALAR, TREE_LIST, TREE_MAP } tree_type_t;

typedef struct tree {
    tree_type_t type;
    char *key;                   /* in a map; NULL elsewhere; owned */
    char *text;                  /* of a scalar; owned */
    bool quoted;                 /* the scalar was written in quotes */
    const tree_origin_t *origin; /* borrowed */
    int line;                    /* from 1 */
    struct tree *parent;         /* NULL: the root; borrowed */
    struct tree *child;          /* first element of a list or map; owned */
    struct tree *next;           /* sibling; owned */
} tree_t;

/* Parses one YAML document. Errors: TRALO_ERR_INPUT (syntax, key given twice, a key that is not a
   word, alias, empty, nested too deeply) with file and line; TRALO_ERR_MEMORY. */
int tree_parse(const tree_origin_t *origin, const char *text, tree_t **out);
void tree_free(tree_t **tree);

/* Applies one override `key.sub=VALUE` (origin->name) to `root`: replaces or adds the value. A
   scalar on the way for which `expand(key)` names a key K ("criterion" -> "kind") becomes a map {K:
   scalar}. Errors: TRALO_ERR_INPUT, TRALO_ERR_MEMORY. */
int tree_override(tree_t *root, const tree_origin_t *origin,
                  const char *(*expand)(const char *key));

/* The element of a map with that key; NULL: none. */
const tree_t *tree_find(const tree_t *map, const char *key);

int tree_count(const tree_t *tree); /* elements of a list or map */

/* "FILE:LINE" or "override 'TEXT'", then the key: "study.yaml:3: model.groups[0]", into text[size].
 */
void tree_place(const tree_t *tree, char *text, size_t size);

/* The key alone: "model.groups[0]", into text[size]; "" for the root. */
void tree_key(const tree_t *tree, char *text, size_t size);

/* Raises TRALO_ERR_INPUT: the place of `tree`, then the message (printf format). */
int tree_raise(const tree_t *tree, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
