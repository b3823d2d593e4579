/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/kinds.h"

#include <string.h>

#include "base/clock.h"

const oracle_kind_t *const oracle_kinds[] = {&oracle_criterion, &oracle_command, &oracle_plugin,
                                             NULL};

const char *const oracle_driver_names[] = {"worker", "dedicated", NULL};

const oracle_kind_t *oracle_find(const char *name)
{
    for (int i = 0; oracle_kinds[i] != NULL; i++)
        if (strcmp(oracle_kinds[i]->name, name) == 0)
            return oracle_kinds[i];
    return NULL;
}

int64_t oracle_groups(int64_t groups, int64_t ranks_per_group, int64_t ranks)
{
    const int64_t count = ranks_per_group > 0 ? ranks / ranks_per_group
                          : groups > 0        ? groups
                                              : ranks;
    return count < 1 ? 1 : count > ranks ? ranks : count;
}

int oracle_check_groups(const void *options, const space_t *space)
{
    const oracle_common_t *common = options;
    (void)space;
    if (common->groups > 0 && common->ranks_per_group > 0)
        return error_raise(TRALO_ERR_INPUT, "groups: give this or ranks_per_group, not both");
    return TRALO_OK;
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
