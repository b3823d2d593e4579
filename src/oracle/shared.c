/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/shared.h"

#include <string.h>

#include "base/mem.h"

static const param_t params[] = {
    {"groups",
     "groups of ranks, each with the data and one evaluation at a time (0: all ranks work on each)",
     PARAM_INT, offsetof(oracle_shared_t, common.groups), 0, 0, 1e9, NULL},
    {"ranks_per_group", "instead: the ranks of a group, at least", PARAM_INT,
     offsetof(oracle_shared_t, common.ranks_per_group), 0, 0, 1e9, NULL},
    {"driver", "of groups: the first rank: worker: it evaluates too; dedicated: it only deals",
     PARAM_CHOICE, offsetof(oracle_shared_t, common.driver), ORACLE_WORKER, 0, 0,
     oracle_driver_names},
    PARAM_END};

typedef struct shared {
    const oracle_source_t *source;
    void *opened;  /* the source's */
    double *theta; /* [S] of the trial that is out; owned */
    size_t size;   /* bytes of it */
} shared_t;

static void destroy(void **work)
{
    shared_t *shared = *work;
    if (shared == NULL)
        return;
    if (shared->opened != NULL)
        shared->source->close(&shared->opened);
    mem_free(&shared->theta);
    mem_free(work);
}

static int allocate(const space_t *space, shared_t **out)
{
    int code = TRALO_OK;
    shared_t *shared = NULL;
    void *built;
    ALLOC(shared, 1);
    ALLOC(shared->theta, space->count);
    shared->size = (size_t)space->count * sizeof *shared->theta;
    *out = shared;
    shared = NULL;
out:
    built = shared;
    destroy(&built);
    return code;
}

static int create(const oracle_setup_t *setup, void **work)
{
    int code = TRALO_OK;
    const oracle_shared_t *options = setup->options;
    shared_t *shared = NULL;
    void *built;
    TRY(comm_agree(setup->ranks, allocate(setup->space, &shared)));
    shared->source = options->source;
    TRY(shared->source->open(shared->source->context, setup->ranks, &shared->opened));
    *work = shared;
    shared = NULL;
out:
    built = shared;
    destroy(&built);
    return code;
}

static int begin(void *work, const oracle_trial_t *trial)
{
    shared_t *shared = work;
    memcpy(shared->theta, trial->values, shared->size);
    return TRALO_OK;
}

static int poll(void *work, oracle_answer_t *answer, bool *done)
{
    int code = TRALO_OK;
    const shared_t *shared = work;
    criterion_result_t result;
    *done = true;
    TRY(shared->source->evaluate(shared->opened, shared->theta, &result));
    *answer = (oracle_answer_t){.valid = result.valid,
                                .value = result.value,
                                .inner_iterations = result.inner_iterations,
                                .products = result.products};
    memcpy(answer->failure, result.failure, sizeof answer->failure);
out:
    return code;
}

const oracle_kind_t oracle_criterion = {
    .name = "criterion",
    .doc = "a criterion on data and model (the default)",
    .params = params,
    .options_size = sizeof(oracle_shared_t),
    .check = oracle_check_groups,
    .create = create,
    .begin = begin,
    .poll = poll,
    .destroy = destroy,
};
