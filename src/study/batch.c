/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/batch.h"

#include <string.h>

#include "base/clock.h"
#include "study/stop.h"

/* All ranks work on each. */
static int by_criterion(study_t *study, const batch_work_t *work)
{
    int code = TRALO_OK;
    for (int k = 0; k < work->count && !stop_asked(); k++) {
        const int i = work->places[k];
        const outer_request_t *request = &work->batch->requests[i];
        criterion_result_t result;
        batch_done_t done = {.place = i, .began = clock_seconds(), .result = &result};
        oracle_evaluate(study->oracle, request->theta, request->order, &result);
        TRY(data_failure(study->data));
        done.seconds = clock_seconds() - done.began;
        TRY(work->done(work->argument, &done));
    }
out:
    return code;
}

/* What the deal of a batch needs. */
typedef struct dealing {
    study_t *study;
    const batch_work_t *work;
    int given, done;
} dealing_t;

static bool next_trial(void *argument, oracle_trial_t *trial, int64_t *ticket)
{
    dealing_t *dealing = argument;
    const study_t *study = dealing->study;
    if (dealing->given == dealing->work->count)
        return false;
    const int place = dealing->work->places[dealing->given++];
    const outer_request_t *request = &dealing->work->batch->requests[place];
    const double *values = request->theta;
    if (study->space != NULL) {
        space_values(study->space, request->theta, study->values);
        values = study->values;
    }
    *trial = (oracle_trial_t){dealing->work->first + place, request->draw, values};
    *ticket = place;
    return true;
}

static int take_answer(void *argument, const deal_done_t *dealt)
{
    dealing_t *dealing = argument;
    const oracle_answer_t *answer = dealt->answer;
    criterion_result_t result = {.valid = answer->valid,
                                 .value = answer->value,
                                 .inner_iterations = answer->inner_iterations,
                                 .products = answer->products};
    const batch_done_t done = {(int)dealt->ticket, dealt->group, dealt->began, dealt->seconds,
                               &result};
    memcpy(result.failure, answer->failure, sizeof result.failure);
    dealing->done++;
    return dealing->work->done(dealing->work->argument, &done);
}

static bool all_done(void *argument)
{
    const dealing_t *dealing = argument;
    return dealing->done == dealing->work->count;
}

/* Each group works on another. */
static int by_groups(study_t *study, const batch_work_t *work)
{
    dealing_t dealing = {.study = study, .work = work};
    const deal_source_t source = {&dealing, next_trial, take_answer, all_done};
    return deal_run(study->deal, &source);
}

int batch_evaluate(study_t *study, const batch_work_t *work)
{
    return (study->deal != NULL ? by_groups : by_criterion)(study, work);
}
