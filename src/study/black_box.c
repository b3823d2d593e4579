/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/black_box.h"

#include "base/mem.h"
#include "study/resume.h"
#include "study/stop.h"

static int allocate(study_t *study)
{
    int code = TRALO_OK;
    const int64_t S = study->space->count;
    double *lower, *upper, *start;
    ALLOC(study->theta, 3 * S);
    ALLOC(study->values, S);
    lower = study->theta;
    upper = lower + S;
    start = upper + S;
    space_box(study->space, lower, upper, start);
    study->box = (outer_box_t){.count = (int)S, .lower = lower, .upper = upper, .start = start};
out:
    return code;
}

/* What a run that goes on would be in the way of. */
static int check_output(const study_t *study)
{
    const config_t *config = study->config;
    return config->resume && comm_rank(study->comm) == 0 ? resume_check(config->output) : TRALO_OK;
}

int black_box_open(study_t *study)
{
    int code = TRALO_OK;
    const config_kind_t *chosen = &study->config->oracle;
    const deal_setup_t setup = {.comm = study->comm,
                                .kind = oracle_find(chosen->name),
                                .options = chosen->options,
                                .space = &study->config->space,
                                .again = study->config->resume,
                                .stop = stop_asked};
    study->space = setup.space;
    study->hyper = (hyper_t){.owner = chosen->name, .count = setup.space->count};
    TRY(comm_agree(study->comm, allocate(study)));
    TRY(comm_agree(study->comm, check_output(study)));
    TRY(deal_create(&setup, &study->deal));
out:
    return code;
}

void black_box_close(study_t *study)
{
    deal_free(&study->deal);
    mem_free(&study->values);
}
