/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/tune.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "study/ahead.h"
#include "study/batch.h"
#include "study/model.h"
#include "study/outcome.h"
#include "study/report.h"
#include "study/resume.h"
#include "study/sharing.h"
#include "study/stop.h"

/* The state of one search, on rank 0. */
typedef struct tune {
    study_t *study;
    outer_t *outer;
    ahead_t *ahead;
    begun_t *begun;
    result_file_t *file;    /* borrowed */
    result_t *result;       /* which counts evaluations and products while they are made */
    outer_reply_t *replies; /* [capacity] */
    double *gradients;      /* [capacity, S] of the replies; also the product */
    double *hessians;       /* [hessian_capacity, S, S] */
    char (*failures)[512];  /* [capacity] */
    int *places;            /* [capacity] of the batch, that are to be evaluated */
    resume_t resume;        /* what an earlier run left */
    double *values;         /* [S] of the evaluation at hand */
    int capacity, hessian_capacity;
    int64_t new_products; /* since the last evaluation */
    int64_t passes;       /* over an X on disk, until the last evaluation */
    double started;
    work_t work;                /* that this rank had counted before it */
    const outer_batch_t *batch; /* that is out */
    int64_t first;              /* number of its first evaluation */
    double lowest;              /* value so far; INFINITY: there is none */
    model_best_t best;          /* of a criterion on data */
} tune_t;

static void release(tune_t *tune)
{
    mem_free(&tune->replies);
    mem_free(&tune->gradients);
    mem_free(&tune->failures);
    mem_free(&tune->places);
    tune->capacity = 0;
}

static bool wants_hessian(const outer_request_t *request)
{
    return request->order >= 2 && request->direction == NULL;
}

/* Room for the replies to a batch. */
static int reserve(tune_t *tune, const outer_batch_t *batch)
{
    int code = TRALO_OK, hessians = 0;
    int64_t S = tune->study->hyper.count;
    for (int i = 0; i < batch->count; i++)
        hessians = wants_hessian(&batch->requests[i]) ? i + 1 : hessians;
    if (batch->count > tune->capacity) {
        release(tune);
        ALLOC(tune->replies, batch->count);
        ALLOC(tune->gradients, batch->count * S);
        ALLOC(tune->failures, batch->count);
        ALLOC(tune->places, batch->count);
        tune->capacity = batch->count;
    }
    if (hessians > tune->hessian_capacity) {
        mem_free(&tune->hessians);
        tune->hessian_capacity = 0;
        ALLOC(tune->hessians, hessians * S * S);
        tune->hessian_capacity = hessians;
    }
out:
    return code;
}

static double projected_norm(const tune_t *tune, const double *theta, const double *gradient)
{
    const outer_box_t *box = &tune->study->box;
    double norm = 0.0;
    for (int s = 0; s < box->count; s++) {
        bool outward = (theta[s] <= box->lower[s] && gradient[s] > 0.0) ||
                       (theta[s] >= box->upper[s] && gradient[s] < 0.0);
        norm = outward ? norm : fmax(norm, fabs(gradient[s]));
    }
    return norm;
}

/* Keeps the numbers of the i-th reply beyond the next evaluation. */
static void keep_reply(tune_t *tune, int i, const criterion_result_t *r)
{
    size_t S = (size_t)tune->study->hyper.count;
    outer_reply_t *reply = &tune->replies[i];
    memset(reply, 0, sizeof *reply);
    memcpy(tune->failures[i], r->failure, sizeof tune->failures[i]);
    reply->failure = r->valid ? NULL : tune->failures[i];
    reply->f = r->value;
    if (r->valid && r->gradient != NULL)
        reply->gradient = memcpy(tune->gradients + (size_t)i * S, r->gradient, S * sizeof(double));
    if (r->valid && r->hessian != NULL)
        reply->hessian =
            memcpy(tune->hessians + (size_t)i * S * S, r->hessian, S * S * sizeof(double));
}

/* A product of the Hessian comes alone in its batch. */
static void multiply(tune_t *tune, const outer_request_t *request)
{
    oracle_product(tune->study->oracle, request->direction, tune->gradients);
    tune->replies[0] = (outer_reply_t){.product = tune->gradients};
    tune->result->products++;
    tune->new_products++;
}

/* Is it the lowest value so far? */
static bool is_better(tune_t *tune, const double *theta, const criterion_result_t *r)
{
    if (!r->valid || !(r->value < tune->lowest))
        return false;
    tune->lowest = r->value;
    if (tune->study->space == NULL)
        model_best_keep(tune->study, theta, r, &tune->best);
    return true;
}

/* Over an X that stays on disk. */
static int64_t passes(const study_t *study)
{
    return study->data != NULL ? data_reading(study->data).passes : 0;
}

/* An evaluation of the batch is done. */
static int take(void *argument, const batch_done_t *done)
{
    tune_t *tune = argument;
    const criterion_result_t *r = done->result;
    const outer_request_t *request = &tune->batch->requests[done->place];
    outer_state_t state;
    outer_state(tune->outer, &state);
    keep_reply(tune, done->place, r);
    study_values(tune->study, request->theta, tune->values);
    const int64_t passes_now = passes(tune->study);
    tune->result->evaluations++;
    tune->result->inner_iterations += r->inner_iterations;
    tune->result->cg_products += r->products;
    result_evaluation_t row = {
        .number = tune->first + done->place,
        .phase = tune->batch->phase,
        .theta = request->theta,
        .values = tune->values,
        .order = request->order,
        .f = r->valid ? r->value : NAN,
        .gradient_norm = r->valid && r->gradient != NULL
                             ? projected_norm(tune, request->theta, r->gradient)
                             : NAN,
        .radius = state.radius,
        .accepted = is_better(tune, request->theta, r),
        .inner_iterations = r->inner_iterations,
        .products = tune->new_products,
        .cg_products = r->products,
        .read_passes = passes_now - tune->passes,
        .group = done->group,
        .started = done->began - tune->started,
        .seconds = done->began + done->seconds - tune->started,
        .failure = tune->replies[done->place].failure,
    };
    tune->new_products = 0;
    tune->passes = passes_now;
    report_evaluation(tune->study, state.iterations, &row);
    report_course(request->order, &tune->work);
    tune->work = work_counted();
    return result_append(tune->file, &row);
}

/* What an earlier run left of the batch, which is told as it was; *left are to be evaluated. */
static int recall(tune_t *tune, int *left)
{
    int code = TRALO_OK;
    const result_evaluation_t *known;
    *left = 0;
    for (int i = 0; i < tune->batch->count; i++) {
        const double *theta = tune->batch->requests[i].theta;
        study_values(tune->study, theta, tune->values);
        TRY(resume_find(&tune->resume, tune->first + i, theta, tune->values, &known));
        if (known == NULL) {
            tune->places[(*left)++] = i;
            continue;
        }
        criterion_result_t r = {.valid = !isnan(known->f), .value = known->f};
        snprintf(r.failure, sizeof r.failure, "%s", known->failure);
        keep_reply(tune, i, &r);
        is_better(tune, theta, &r);
        tune->result->evaluations++;
        tune->result->inner_iterations += known->inner_iterations;
        tune->result->cg_products += known->cg_products;
    }
out:
    return code;
}

static int answer(tune_t *tune, const outer_batch_t *batch)
{
    int code = TRALO_OK;
    batch_work_t work = {.batch = batch,
                         .places = tune->places,
                         .first = tune->result->evaluations + 1,
                         .replies = tune->replies,
                         .ahead = tune->ahead,
                         .begun = tune->begun,
                         .done = take,
                         .argument = tune};
    for (int i = 0; i < batch->count; i++)
        tune->replies[i] = (outer_reply_t){.missing = true, .failure = "not evaluated"};
    tune->work = work_counted();
    tune->batch = batch;
    tune->first = work.first;
    if (batch->requests[0].direction == NULL) {
        TRY(recall(tune, &work.count));
        TRY(batch_evaluate(tune->study, &work));
    } else if (!stop_asked()) {
        multiply(tune, &batch->requests[0]);
    }
out:
    return code;
}

/* Tells what was evaluated, if anything was before the search was asked to stop. */
static int tell(tune_t *tune, const outer_batch_t *batch)
{
    int code = TRALO_OK;
    bool any = false;
    if (stop_asked())
        outer_interrupt(tune->outer);
    for (int i = 0; i < batch->count; i++)
        any = any || !tune->replies[i].missing;
    if (any) {
        TRY(ahead_told(tune->ahead, batch, tune->replies));
        outer_tell(tune->outer, tune->replies);
    }
out:
    return code;
}

static int search(tune_t *tune)
{
    int code = TRALO_OK;
    outer_batch_t batch;
    for (outer_ask(tune->outer, &batch); batch.count > 0; outer_ask(tune->outer, &batch)) {
        TRY(reserve(tune, &batch));
        TRY(answer(tune, &batch));
        TRY(tell(tune, &batch));
    }
out:
    return code;
}

static int conclude(tune_t *tune)
{
    int code = TRALO_OK;
    outer_state_t state;
    outer_state(tune->outer, &state);
    if (state.reason == OUTER_ERROR || !isfinite(tune->lowest))
        FAIL(TRALO_ERR_EVALUATION, "no evaluation succeeded: %s%s",
             state.detail[0] != '\0' ? state.detail : outer_reason_name(state.reason),
             tune->resume.trials != NULL ? "; those of the run before are not tried again: go on "
                                           "without --resume, with another output"
                                         : "");
    tune->result->trials_ahead = ahead_counts(tune->ahead).begun;
    tune->result->trials_ahead_used = ahead_counts(tune->ahead).used;
    TRY(outcome_fill(tune->study, tune->outer, tune->result));
    if (tune->study->space == NULL)
        TRY(model_conclude(tune->study, &tune->best, tune->result));
out:
    return code;
}

static int create_search(tune_t *tune)
{
    int code = TRALO_OK;
    const config_kind_t *method = &tune->study->config->search.method;
    ALLOC(tune->values, tune->study->hyper.count);
    if (tune->study->space == NULL)
        TRY(model_best_create(tune->study, &tune->best));
    TRY(outer_create(outer_find(method->name), method->options, &tune->study->box, &tune->outer));
    TRY(ahead_open(tune->study, &tune->ahead));
out:
    return code;
}

/* Of an oracle whose trials may end the program. */
static int open_begun(tune_t *tune)
{
    const config_t *config = tune->study->config;
    const bool wanted = tune->study->space != NULL && oracle_find(config->oracle.name)->unstoppable;
    return wanted ? begun_open(config->output, config->resume, &tune->begun) : TRALO_OK;
}

static int drive(study_t *study, void *argument)
{
    int code = TRALO_OK;
    tune_t *tune = argument;
    TRY(open_begun(tune));
    report_start(study);
    if (tune->resume.trials != NULL)
        log_info("resume  %" PRId64 " trials of %s", tune->resume.trials->count,
                 tune->resume.trials->path);
    begun_report(tune->begun);
    TRY(search(tune));
    if (study->deal != NULL)
        deal_end(study->deal);
    TRY(conclude(tune));
out:
    begun_close(&tune->begun);
    release(tune);
    mem_free(&tune->hessians);
    return code;
}

static tune_status_t status_of(const result_t *result)
{
    bool stopped = strcmp(result->reason, outer_reason_name(OUTER_BUDGET)) == 0 ||
                   strcmp(result->reason, outer_reason_name(OUTER_INTERRUPTED)) == 0;
    return stopped ? TUNE_STOPPED : TUNE_CONVERGED;
}

/* Rank 0: reads what an earlier run left, if that is wanted; its time counts too. */
static int look_back(tune_t *tune, const result_layout_t *layout)
{
    int code = TRALO_OK;
    const config_t *config = tune->study->config;
    if (!config->resume || comm_rank(tune->study->comm) != 0)
        return TRALO_OK;
    if (outer_find(config->search.method.name)->derivatives)
        FAIL(TRALO_ERR_INPUT,
             "cannot resume: %s wants derivatives, and a result keeps those of no trial",
             config->search.method.name);
    TRY(resume_open(config->output, layout, &tune->resume));
    tune->started -= tune->resume.seconds;
out:
    return code;
}

int tune_run(study_t *study, tune_outcome_t *outcome)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    tune_t tune = {.study = study, .started = clock_seconds(), .lowest = INFINITY};
    const int p = study->data != NULL ? study->data->p : 0;
    int status = TUNE_CONVERGED;
    result_layout_t layout = {0};
    stop_listen();
    TRY(comm_agree(study->comm,
                   result_create(study->hyper.count, p, study->outputs, &tune.result)));
    if (study->space == NULL)
        TRY(model_prepare(study, tune.result));
    TRY(sharing_open(study));
    TRY(comm_agree(study->comm, comm_rank(study->comm) == 0 ? create_search(&tune) : TRALO_OK));
    TRY(comm_agree(study->comm, study_layout(study, &layout)));
    TRY(comm_agree(study->comm, look_back(&tune, &layout)));
    TRY(result_open(study->comm, config->output, config->echo, &layout, tune.resume.trials,
                    &tune.file));
    TRY(study_drive(study, drive, &tune));
    TRY(outcome_environment(study, tune.started, tune.result));
    TRY(result_finish(&tune.file, tune.result));
    if (comm_rank(study->comm) == 0)
        status = status_of(tune.result);
    comm_share(study->comm, &status, sizeof status, 0);
    outcome->status = (tune_status_t)status;
    outcome->result = NULL;
    if (comm_rank(study->comm) == 0) {
        outcome->result = tune.result;
        tune.result = NULL;
    }
out:
    ahead_close(&tune.ahead);
    outer_free(&tune.outer);
    mem_free(&tune.values);
    mem_free(&layout.list);
    resume_close(&tune.resume);
    model_best_release(&tune.best);
    result_abandon(&tune.file);
    result_free(&tune.result);
    return code;
}
