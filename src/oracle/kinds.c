/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/kinds.h"

#include <string.h>

#include "base/clock.h"

const oracle_kind_t *const oracle_kinds[] = {&oracle_command, &oracle_plugin, NULL};

const char *const oracle_driver_names[] = {"worker", "dedicated", NULL};

const oracle_kind_t *oracle_find(const char *name)
{
    for (int i = 0; oracle_kinds[i] != NULL; i++)
        if (strcmp(oracle_kinds[i]->name, name) == 0)
            return oracle_kinds[i];
    return NULL;
}

int oracle_run(const oracle_kind_t *kind, void *work, const oracle_trial_t *trial,
               oracle_answer_t *answer)
{
    int code = TRALO_OK;
    bool done = false;
    double waited = 0.0;
    TRY(kind->begin(work, trial));
    TRY(kind->poll(work, answer, &done));
    while (!done) {
        clock_nap(&waited);
        TRY(kind->poll(work, answer, &done));
    }
out:
    return code;
}
