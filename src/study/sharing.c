/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/sharing.h"

#include "base/mem.h"
#include "oracle/shared.h"
#include "study/stop.h"

struct sharing {
    oracle_shared_t options;
    oracle_source_t source;
    space_t space; /* only its count */
};

static int open_part(void *context, comm_t *ranks, void **opened)
{
    int code = TRALO_OK;
    study_t *part = NULL;
    TRY(study_open_part(ranks, context, &part));
    *opened = part;
out:
    return code;
}

static int evaluate_part(void *opened, const double *theta, criterion_result_t *result)
{
    const study_t *part = opened;
    criterion_evaluate(part->criterion, theta, 0, result);
    return data_failure(part->data);
}

static void close_part(void **opened)
{
    study_t *part = *opened;
    study_close(&part);
    *opened = NULL;
}

int sharing_open(study_t *study)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    const oracle_common_t *common = config->oracle.options;
    struct sharing *sharing = NULL;
    if (study->space != NULL || common == NULL ||
        (common->groups == 0 && common->ranks_per_group == 0))
        return TRALO_OK;
    TRY(comm_agree(study->comm, mem_alloc(1, sizeof *sharing, &sharing)));
    study->sharing = sharing;
    sharing->source =
        (oracle_source_t){(void *)(uintptr_t)config, open_part, evaluate_part, close_part};
    sharing->options = (oracle_shared_t){*common, &sharing->source};
    sharing->space.count = study->hyper.count;
    const deal_setup_t setup = {.comm = study->comm,
                                .kind = &oracle_criterion,
                                .options = &sharing->options,
                                .space = &sharing->space,
                                .stop = stop_asked};
    TRY(deal_create(&setup, &study->deal));
out:
    return code;
}

void sharing_close(study_t *study)
{
    if (study->sharing != NULL)
        deal_free(&study->deal);
    mem_free(&study->sharing);
}
