/* SPDX-License-Identifier: BSD-3-Clause */
#include "inner/inner.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "inner/kinds.h"

const inner_kind_t *const inner_kinds[] = {&inner_newton, &inner_lbfgs, &inner_adam, &inner_gd,
                                           NULL};

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
                                        "rank_deficient", "overflow", "memory",     "steps"};
    return names[reason];
}

void inner_no_minimum(const char *what, const inner_result_t *result, char *text, size_t size)
{
    snprintf(
        text, size,
        "%s at a minimum of training, but that ended after %" PRId64
        " steps at a relative gradient of %.1e: search by values (search.method: hozog, random "
        "or grid), raise inner.steps or inner.tolerance, or train by newton",
        what, result->iterations, result->relative_gradient);
}
