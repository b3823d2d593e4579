/* SPDX-License-Identifier: BSD-3-Clause */
/* One view of all tables of kinds (losses, penalties, kernels, criteria, outer methods, inner
   solvers, oracles), for the config and `tralo list`: what the rows have in common. */
#ifndef STUDY_KINDS_H
#define STUDY_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/param.h"

typedef struct kind {
    const char *name;
    const char *doc;
    const param_t *params; /* NULL: no options */
    size_t options_size;   /* 0: no options */
    bool derivatives;      /* of a search method: it wants them */
} kind_t;

typedef enum kind_sort {
    KIND_LOSS,
    KIND_PENALTY,
    KIND_KERNEL,
    KIND_CRITERION,
    KIND_SEARCH,
    KIND_INNER,
    KIND_ORACLE,
    KIND_SORTS
} kind_sort_t;

enum { KIND_MAX = 64 }; /* rows of one table (more: a bug) */

typedef struct kind_table {
    const char *section; /* where the config names it: "model.loss", "search", ... */
    const char *noun;    /* "loss", "criterion", "method", ... */
    const char *plural;  /* "losses", ... */
    int count;
    kind_t rows[KIND_MAX];
} kind_table_t;

/* The tables that the program was built with [KIND_SORTS]; they live as long as it. Not collective.
 */
const kind_table_t *kinds_builtin(void);

/* The row of that name, NULL: none. Not collective. */
const kind_t *kinds_find(const kind_table_t *table, const char *name);

#endif
