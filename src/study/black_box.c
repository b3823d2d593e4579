/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/black_box.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
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

/* Rank 0 alone holds an oracle. */
static int create(study_t *study)
{
    int code = TRALO_OK;
    const config_kind_t *chosen = &study->config->oracle;
    const oracle_setup_t setup = {
        .options = chosen->options, .space = study->space, .stop = stop_asked};
    TRY(study->black_box->prepare(chosen->options));
    TRY(study->black_box->create(&setup, &study->trials));
out:
    return code;
}

int black_box_open(study_t *study)
{
    int code = TRALO_OK;
    const bool first = comm_rank(study->comm) == 0;
    study->space = &study->config->space;
    study->black_box = oracle_find(study->config->oracle.name);
    study->hyper = (hyper_t){.owner = study->black_box->name, .count = study->space->count};
    TRY(comm_agree(study->comm, allocate(study)));
    TRY(comm_agree(study->comm, first ? create(study) : TRALO_OK));
    if (comm_size(study->comm) > 1)
        log_warn("an oracle is asked by one rank: the other %d are idle",
                 comm_size(study->comm) - 1);
out:
    return code;
}

void black_box_close(study_t *study)
{
    if (study->trials != NULL)
        study->black_box->destroy(&study->trials);
    mem_free(&study->values);
}

int black_box_evaluate(study_t *study, const black_box_request_t *request,
                       criterion_result_t *result, bool *stopped)
{
    int code = TRALO_OK;
    oracle_answer_t answer;
    space_values(study->space, request->theta, study->values);
    const oracle_trial_t trial = {request->number, request->draw, study->values};
    TRY(study->black_box->run(study->trials, &trial, &answer));
    *stopped = answer.stopped;
    *result = (criterion_result_t){.valid = answer.valid, .value = answer.value};
    memcpy(result->failure, answer.failure, sizeof result->failure);
out:
    return code;
}
