/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "criterion/criterion.h"
#include "inner/inner.h"
#include "kernel/kernel.h"
#include "loss/loss.h"
#include "oracle/kinds.h"
#include "outer/outer.h"
#include "penalty/penalty.h"

static kind_table_t tables[KIND_SORTS] = {
    [KIND_LOSS] = {"model.loss", "loss", "losses"},
    [KIND_PENALTY] = {"model.penalty", "penalty", "penalties"},
    [KIND_KERNEL] = {"model.kernel", "kernel", "kernels"},
    [KIND_CRITERION] = {"criterion", "criterion", "criteria"},
    [KIND_SEARCH] = {"search", "method", "search methods"},
    [KIND_INNER] = {"inner", "inner solver", "inner solvers"},
    [KIND_ORACLE] = {"oracle", "oracle", "oracles"},
};

static void add(kind_sort_t sort, kind_t kind)
{
    kind_table_t *table = &tables[sort];
    ASSERT(table->count < KIND_MAX);
    table->rows[table->count++] = kind;
}

/* Losses, penalties and kernels have one number as their option, or none. */
static kind_t one_option(const char *name, const char *doc, const param_t *params)
{
    return (kind_t){name, doc, params, params != NULL ? sizeof(double) : 0};
}

static void fill(void)
{
    for (int i = 0; loss_kinds[i] != NULL; i++)
        add(KIND_LOSS, one_option(loss_kinds[i]->name, loss_kinds[i]->doc, loss_kinds[i]->params));
    for (int i = 0; penalty_kinds[i] != NULL; i++)
        add(KIND_PENALTY,
            one_option(penalty_kinds[i]->name, penalty_kinds[i]->doc, penalty_kinds[i]->params));
    for (int i = 0; kernel_kinds[i] != NULL; i++)
        add(KIND_KERNEL,
            one_option(kernel_kinds[i]->name, kernel_kinds[i]->doc, kernel_kinds[i]->params));
    for (int i = 0; criterion_kinds[i] != NULL; i++) {
        const criterion_kind_t *row = criterion_kinds[i];
        add(KIND_CRITERION, (kind_t){row->name, row->doc, row->params, row->options_size});
    }
    for (int i = 0; outer_kinds[i] != NULL; i++) {
        const outer_kind_t *row = outer_kinds[i];
        add(KIND_SEARCH,
            (kind_t){row->name, row->doc, row->params, row->options_size, row->derivatives});
    }
    for (int i = 0; inner_kinds[i] != NULL; i++) {
        const inner_kind_t *row = inner_kinds[i];
        add(KIND_INNER, (kind_t){row->name, row->doc, row->params, row->options_size});
    }
    for (int i = 0; oracle_kinds[i] != NULL; i++) {
        const oracle_kind_t *row = oracle_kinds[i];
        add(KIND_ORACLE, (kind_t){row->name, row->doc, row->params, row->options_size});
    }
}

const kind_table_t *kinds_builtin(void)
{
    static bool filled = false;
    if (!filled)
        fill();
    filled = true;
    return tables;
}

const kind_t *kinds_find(const kind_table_t *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}
