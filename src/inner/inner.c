/* SPDX-License-Identifier: BSD-3-Clause */
#include "inner/inner.h"

#include <stddef.h>
#include <string.h>

#include "inner/kinds.h"

const inner_kind_t *const inner_kinds[] = {&inner_newton, &inner_lbfgs, NULL};

const inner_kind_t *inner_find(const char *name)
{
    for (int i = 0; inner_kinds[i] != NULL; i++)
        if (strcmp(inner_kinds[i]->name, name) == 0)
            return inner_kinds[i];
    return NULL;
}

const char *inner_reason_name(inner_reason_t reason)
{
    static const char *const names[] = {"gradient",       "rounding", "iterations", "separable",
                                        "rank_deficient", "overflow", "memory"};
    return names[reason];
}
