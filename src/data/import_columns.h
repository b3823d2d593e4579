/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of a CSV file: their names, and what each is used for. */
#ifndef DATA_IMPORT_COLUMNS_H
#define DATA_IMPORT_COLUMNS_H

#include "data/import.h"
#include "data/import_fields.h"
#include "data/import_levels.h"

typedef enum column_role {
    COLUMN_FEATURE,
    COLUMN_ONE_HOT,
    COLUMN_TARGET,
    COLUMN_WEIGHTS,
    COLUMN_OFFSET,
    COLUMN_DROP
} column_role_t;

typedef struct column {
    char *name; /* owned */
    column_role_t role;
    levels_t levels; /* one-hot */
    int first;       /* its first feature; set by columns_place */
    int width;       /* how many features it gives */
} column_t;

typedef struct columns {
    const import_options_t *options; /* borrowed */
    column_t *rows;                  /* [count] */
    int count;
    int target, weights, offset; /* their columns; -1: none */
} columns_t;

/* Names the columns from the first record (or c1, c2, ... without a header) and gives each its
   role. Errors: TRALO_ERR_INPUT (no names, twice the same name, unknown names with near ones, a
   column used twice, no target, no features), TRALO_ERR_MEMORY. */
int columns_init(columns_t *columns, const import_options_t *options, const fields_t *header);
void columns_release(columns_t *columns);

/* True when options ask for every column that is not numeric. */
bool columns_auto(const columns_t *columns);

/* Lays the features side by side; *p is their number. Errors: TRALO_ERR_INPUT (none, or more than
   an int counts). */
int columns_place(columns_t *columns, int *p);

/* The name of feature j (after columns_place), owned by the caller. */
int columns_feature(const columns_t *columns, int j, char **name);

#endif
