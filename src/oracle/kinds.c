/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/kinds.h"

#include <string.h>

const oracle_kind_t *const oracle_kinds[] = {&oracle_command, NULL};

const oracle_kind_t *oracle_find(const char *name)
{
    for (int i = 0; oracle_kinds[i] != NULL; i++)
        if (strcmp(oracle_kinds[i]->name, name) == 0)
            return oracle_kinds[i];
    return NULL;
}
