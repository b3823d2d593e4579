/* SPDX-License-Identifier: BSD-3-Clause */
#include "tralo/study.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "study/tune.h"

/* The public result first, so that a pointer to it is a pointer to this. */
typedef struct answer {
    tralo_result_t result;
    double *numbers; /* owned; the result's arrays point into it */
    int64_t total;   /* how many */
    bool has_gradient, has_hessian, has_coefficients;
    char reason[32];
} answer_t;

static void answer_free(answer_t **answer)
{
    if (*answer != NULL)
        mem_free(&(*answer)->numbers);
    mem_free(answer);
}

static int allocate(const study_t *study, bool has_hessian, answer_t **out)
{
    int code = TRALO_OK;
    int64_t S = study->hyper.count, p = study->data != NULL ? study->data->p : 0,
            K = study->outputs;
    answer_t *answer = NULL;
    ALLOC(answer, 1);
    answer->result.count = (int)S;
    answer->result.p = (int)p;
    answer->result.outputs = (int)K;
    answer->has_hessian = has_hessian;
    answer->total = 3 * S + (has_hessian ? S * S : 0) + K * (p + 1);
    ALLOC(answer->numbers, answer->total);
    *out = answer;
    answer = NULL;
out:
    answer_free(&answer);
    return code;
}

/* Fills the numbers and all that is not a pointer, on rank 0. */
static void fill(answer_t *answer, const result_t *from, tune_status_t status)
{
    tralo_result_t *to = &answer->result;
    size_t S = (size_t)to->count, K = (size_t)to->outputs, p = (size_t)to->p;
    const struct {
        const double *values;
        size_t count;
    } parts[] = {{from->theta, S},
                 {from->lambda, S},
                 {from->gradient, S},
                 {from->hessian, from->has_hessian ? S * S : 0},
                 {from->coefficients_original, K * p},
                 {from->intercept_original, K}};
    double *at = answer->numbers;
    for (int i = 0; i < 6; at += parts[i++].count)
        if (parts[i].count > 0)
            memcpy(at, parts[i].values, parts[i].count * sizeof *at);
    to->n = from->n;
    to->criterion = from->criterion;
    to->criterion_se = from->criterion_se;
    answer->has_gradient = from->has_gradient;
    to->hessian_definite = from->hessian_definite;
    to->converged = status == TUNE_CONVERGED;
    to->iterations = from->iterations;
    to->evaluations = from->evaluations;
    answer->has_coefficients = from->has_coefficients;
    to->intercept = from->intercept_original[0];
    strncpy(answer->reason, from->reason, sizeof answer->reason - 1);
}

/* Lets the pointers of the result point into this rank's memory. */
static void point(answer_t *answer)
{
    tralo_result_t *to = &answer->result;
    size_t S = (size_t)to->count, K = (size_t)to->outputs, p = (size_t)to->p;
    const double *at = answer->numbers;
    to->theta = at;
    to->lambda = at + S;
    to->gradient = answer->has_gradient ? at + 2 * S : NULL;
    to->hessian = answer->has_hessian ? at + 3 * S : NULL;
    to->intercepts = at + answer->total - K;
    to->coefficients = answer->has_coefficients ? to->intercepts - K * p : NULL;
    to->reason = answer->reason;
}

static void share(comm_t *comm, answer_t *answer)
{
    double *numbers = answer->numbers;
    comm_share(comm, answer, sizeof *answer, 0);
    answer->numbers = numbers;
    comm_share(comm, numbers, answer->total * (int64_t)sizeof *numbers, 0);
    point(answer);
}

static int answer_study(comm_t *comm, const study_t *study, const tune_outcome_t *outcome,
                        tralo_result_t **out)
{
    int code = TRALO_OK;
    answer_t *answer = NULL;
    bool has_hessian = outcome->result != NULL && outcome->result->has_hessian;
    comm_share(comm, &has_hessian, sizeof has_hessian, 0);
    TRY(comm_agree(comm, allocate(study, has_hessian, &answer)));
    if (outcome->result != NULL)
        fill(answer, outcome->result, outcome->status);
    share(comm, answer);
    *out = &answer->result;
    answer = NULL;
out:
    answer_free(&answer);
    return code;
}

int tralo_tune(tralo_comm_t *comm, const char *config, int count, const char *const *overrides,
               tralo_result_t **out)
{
    int code = TRALO_OK;
    config_t *parsed = NULL;
    study_t *study = NULL;
    tune_outcome_t outcome = {.result = NULL};
    log_setup(LOG_QUIET, comm_rank(comm) == 0);
    TRY(config_read(comm, config, count, overrides, &parsed));
    TRY(study_open(comm, parsed, &study));
    TRY(tune_run(study, &outcome));
    TRY(answer_study(comm, study, &outcome, out));
out:
    result_free(&outcome.result);
    study_close(&study);
    config_free(&parsed);
    return code;
}

void tralo_result_free(tralo_result_t **result)
{
    answer_t *answer = (answer_t *)(void *)*result;
    answer_free(&answer);
    *result = NULL;
}
