/* SPDX-License-Identifier: BSD-3-Clause */
/* The distinct values of a categorical column: numbers first, by size, then words, by bytes. */
#ifndef DATA_IMPORT_LEVELS_H
#define DATA_IMPORT_LEVELS_H

#include "base/error.h"

enum { LEVELS_MAX = 4096 };

typedef struct level {
    char *text; /* owned */
    bool numeric;
    double number;
} level_t;

typedef struct levels {
    level_t *rows; /* [count], sorted */
    int count;
    int capacity;
} levels_t;

/* Negative, 0 or positive as a stands before, at or behind b. */
int level_compare(const level_t *a, const level_t *b);

/* A level that borrows `text`. */
level_t level_of(const char *text);

/* Adds `text` where it is new. TRALO_ERR_INPUT, without a message, above LEVELS_MAX; or
   TRALO_ERR_MEMORY. */
int levels_add(levels_t *levels, const char *text);

/* Its place, or -1. */
int levels_find(const levels_t *levels, const char *text);

void levels_release(levels_t *levels);

#endif
