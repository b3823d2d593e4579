/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/batch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "study/ahead.h"
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

const double *batch_values(study_t *study, const double *theta)
{
    if (study->space == NULL)
        return theta;
    space_values(study->space, theta, study->values);
    return study->values;
}

void batch_result(const oracle_answer_t *answer, criterion_result_t *result)
{
    *result = (criterion_result_t){.valid = answer->valid,
                                   .value = answer->value,
                                   .inner_iterations = answer->inner_iterations,
                                   .products = answer->products};
    memcpy(result->failure, answer->failure, sizeof result->failure);
}

/* What the deal of a batch needs. */
typedef struct dealing {
    study_t *study;
    const batch_work_t *work;
    int given, done;
    bool alone; /* the trial that is out is to be the only one */
} dealing_t;

/* Was the next in the batch begun ahead of it? Then it is not to be given out. */
static bool is_ahead(const dealing_t *dealing)
{
    const int place = dealing->work->places[dealing->given];
    return !dealing->work->replies[place].missing || ahead_has(dealing->work->ahead, place);
}

/* May it begin now? */
static bool is_free(dealing_t *dealing, int64_t number)
{
    const deal_t *deal = dealing->study->deal;
    const bool alone = begun_before(dealing->work->begun, number) >= BEGUN_ALONE;
    if (alone && deal_idle(deal) < deal_groups(deal))
        return false;
    dealing->alone = alone;
    return true;
}

static bool next_trial(void *argument, oracle_trial_t *trial, int64_t *ticket)
{
    dealing_t *dealing = argument;
    const batch_work_t *work = dealing->work;
    if (dealing->alone)
        return false;
    while (dealing->given < work->count && is_ahead(dealing))
        dealing->given++;
    if (dealing->given == work->count)
        return ahead_next(work->ahead, trial, ticket);
    const int place = work->places[dealing->given];
    const outer_request_t *request = &work->batch->requests[place];
    if (!is_free(dealing, work->first + place))
        return false;
    dealing->given++;
    begun_note(work->begun, work->first + place, false);
    *trial = (oracle_trial_t){work->first + place, request->draw,
                              batch_values(dealing->study, request->theta), 0};
    *ticket = place;
    return true;
}

static int take(dealing_t *dealing, const batch_done_t *done)
{
    dealing->done++;
    return dealing->work->done(dealing->work->argument, done);
}

static int take_answer(void *argument, const deal_done_t *dealt)
{
    dealing_t *dealing = argument;
    criterion_result_t result;
    const int place = ahead_answer(dealing->work->ahead, dealt);
    const batch_done_t done = {place, dealt->group, dealt->began, dealt->seconds, &result};
    if (place < 0)
        return TRALO_OK;
    dealing->alone = false;
    begun_note(dealing->work->begun, dealing->work->first + place, true);
    batch_result(dealt->answer, &result);
    return take(dealing, &done);
}

/* What is done before anything is dealt. */
static int take_known(dealing_t *dealing, int place)
{
    const batch_work_t *work = dealing->work;
    criterion_result_t result = {.valid = false};
    batch_done_t done = {.place = place, .began = clock_seconds(), .result = &result};
    if (ahead_take(work->ahead, place, &done, &result))
        return take(dealing, &done);
    if (begun_before(work->begun, work->first + place) < BEGUN_TOO_OFTEN)
        return TRALO_OK;
    snprintf(result.failure, sizeof result.failure,
             "%d runs ended while it was evaluated, at last alone", (int)BEGUN_TOO_OFTEN);
    return take(dealing, &done);
}

static bool all_done(void *argument)
{
    const dealing_t *dealing = argument;
    return dealing->done == dealing->work->count;
}

/* Each group works on another. */
static int by_groups(study_t *study, const batch_work_t *work)
{
    int code = TRALO_OK;
    dealing_t dealing = {.study = study, .work = work};
    const deal_source_t source = {&dealing, next_trial, take_answer, all_done};
    ahead_begin(work->ahead, work);
    for (int k = 0; k < work->count; k++)
        TRY(take_known(&dealing, work->places[k]));
    TRY(deal_run(study->deal, &source));
out:
    return code;
}

int batch_evaluate(study_t *study, const batch_work_t *work)
{
    return (study->deal != NULL ? by_groups : by_criterion)(study, work);
}
