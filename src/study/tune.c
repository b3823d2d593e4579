/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/tune.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "linalg/panel.h"
#include "study/one_se.h"
#include "study/report.h"
#include "study/stop.h"
#include "study/threads.h"
#include "study/verify.h"

/* The state of one search, on rank 0. */
typedef struct tune {
    study_t *study;
    outer_t *outer;
    result_file_t *file; /* borrowed */
    result_t *result;
    outer_reply_t *replies; /* [capacity] */
    double *numbers;        /* [capacity, S + S * S] gradients and Hessians of the replies */
    char (*failures)[512];  /* [capacity] */
    int capacity;
    int64_t evaluations, inner_iterations;
    double started, best;
} tune_t;

/* Room for the replies to `count` requests. */
static int reserve(tune_t *tune, int count)
{
    int code = TRALO_OK;
    int64_t S = tune->study->penalty->count;
    if (count <= tune->capacity)
        goto out;
    mem_free(&tune->replies);
    mem_free(&tune->numbers);
    mem_free(&tune->failures);
    ALLOC(tune->replies, count);
    ALLOC(tune->numbers, count * (S + S * S));
    ALLOC(tune->failures, count);
    tune->capacity = count;
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
    size_t S = (size_t)tune->study->penalty->count;
    double *gradient = tune->numbers + (size_t)i * (S + S * S), *hessian = gradient + S;
    outer_reply_t *reply = &tune->replies[i];
    memset(reply, 0, sizeof *reply);
    memcpy(tune->failures[i], r->failure, sizeof tune->failures[i]);
    reply->failure = r->valid ? NULL : tune->failures[i];
    reply->f = r->value;
    if (r->valid && r->gradient != NULL)
        reply->gradient = memcpy(gradient, r->gradient, S * sizeof *gradient);
    if (r->valid && r->hessian != NULL)
        reply->hessian = memcpy(hessian, r->hessian, S * S * sizeof *hessian);
}

static int evaluate(tune_t *tune, int i, const outer_batch_t *batch)
{
    const outer_request_t *request = &batch->requests[i];
    criterion_result_t r;
    outer_state_t state;
    outer_state(tune->outer, &state);
    oracle_evaluate(tune->study->oracle, request->theta, request->order, &r);
    keep_reply(tune, i, &r);
    bool better = r.valid && r.value < tune->best;
    tune->best = better ? r.value : tune->best;
    tune->inner_iterations += r.inner_iterations;
    result_evaluation_t row = {
        .number = ++tune->evaluations,
        .phase = batch->phase,
        .theta = request->theta,
        .order = request->order,
        .f = r.valid ? r.value : NAN,
        .gradient_norm =
            r.valid && r.gradient != NULL ? projected_norm(tune, request->theta, r.gradient) : NAN,
        .radius = state.radius,
        .accepted = better,
        .inner_iterations = r.inner_iterations,
        .seconds = clock_seconds() - tune->started,
        .failure = tune->replies[i].failure,
    };
    report_evaluation(tune->study, state.iterations, &row);
    return result_append(tune->file, &row);
}

/* Tells what was evaluated; `done` is less than the batch when the search was asked to stop. */
static void tell(tune_t *tune, const outer_batch_t *batch, int done)
{
    if (stop_asked())
        outer_interrupt(tune->outer);
    for (int i = done; i < batch->count; i++)
        tune->replies[i] = (outer_reply_t){.missing = true, .failure = "not evaluated"};
    if (done > 0)
        outer_tell(tune->outer, tune->replies);
}

static int search(tune_t *tune)
{
    int code = TRALO_OK, done;
    outer_batch_t batch;
    for (outer_ask(tune->outer, &batch); batch.count > 0; outer_ask(tune->outer, &batch)) {
        TRY(reserve(tune, batch.count));
        for (done = 0; done < batch.count && !stop_asked(); done++)
            TRY(evaluate(tune, done, &batch));
        tell(tune, &batch, done);
    }
out:
    return code;
}

static void fill_search(tune_t *tune, const outer_state_t *state)
{
    result_t *r = tune->result;
    size_t S = (size_t)r->count;
    memcpy(r->theta, state->theta, S * sizeof *r->theta);
    penalty_natural(tune->study->penalty, r->theta, r->lambda);
    r->has_gradient = state->gradient != NULL;
    r->has_hessian = state->hessian != NULL;
    if (r->has_gradient)
        memcpy(r->gradient, state->gradient, S * sizeof *r->gradient);
    if (r->has_hessian)
        memcpy(r->hessian, state->hessian, S * S * sizeof *r->hessian);
    r->gradient_norm = r->has_gradient ? state->gradient_norm : NAN;
    r->hessian_definite = state->definite;
    for (size_t s = 0; s < S; s++)
        r->at_bound[s] = state->at_bound != NULL && state->at_bound[s];
    r->iterations = state->iterations;
    r->evaluations = tune->evaluations;
    r->inner_iterations = tune->inner_iterations;
}

static void fill_model(tune_t *tune, const criterion_result_t *at_best)
{
    result_t *r = tune->result;
    const data_t *data = tune->study->data;
    r->n = data->n;
    r->loss_parameter = tune->study->problem->loss.parameter;
    r->criterion = at_best->value;
    r->criterion_se = at_best->standard_error;
    r->standardized = data->standardized;
    r->has_intercept = data->intercept;
    memcpy(r->coefficients, at_best->beta, (size_t)r->p * sizeof *r->coefficients);
    r->intercept = data->intercept ? at_best->beta[r->p] : 0.0;
    memcpy(r->means, data->mean, (size_t)r->p * sizeof *r->means);
    memcpy(r->scales, data->scale, (size_t)r->p * sizeof *r->scales);
    memcpy(r->groups, tune->study->group, (size_t)r->p * sizeof *r->groups);
    result_unscale(r);
}

static int fill_texts(tune_t *tune, const outer_state_t *state)
{
    int code = TRALO_OK;
    result_t *r = tune->result;
    const config_t *config = tune->study->config;
    const data_t *data = tune->study->data;
    TRY(mem_string(outer_reason_name(state->reason), &r->reason));
    TRY(mem_string(state->detail, &r->detail));
    TRY(mem_string(config->model.loss.name, &r->loss));
    TRY(mem_string(config->model.penalty.name, &r->penalty));
    TRY(mem_string(config->criterion.name, &r->criterion_name));
    TRY(mem_string(config->search.method.name, &r->method));
    TRY(mem_string(data->target, &r->target));
    TRY(mem_string(data->labels[0], &r->labels[0]));
    TRY(mem_string(data->labels[1], &r->labels[1]));
    TRY(result_names(r, data->names));
out:
    return code;
}

static int fill_minima(tune_t *tune)
{
    int code = TRALO_OK;
    result_t *r = tune->result;
    const outer_minimum_t *minima = NULL;
    int count = outer_minima(tune->outer, &minima);
    size_t S = (size_t)r->count;
    ALLOC(r->minima_theta, (int64_t)count * r->count);
    ALLOC(r->minima_lambda, (int64_t)count * r->count);
    ALLOC(r->minima_criterion, count);
    for (int i = 0; i < count; i++) {
        double *theta = r->minima_theta + (size_t)i * S;
        memcpy(theta, minima[i].theta, S * sizeof *theta);
        penalty_natural(tune->study->penalty, theta, r->minima_lambda + (size_t)i * S);
        r->minima_criterion[i] = minima[i].f;
    }
    r->minima = count;
out:
    return code;
}

/* The model at the best theta: evaluated once more, since the last evaluation may have been
 * elsewhere. */
static int conclude(tune_t *tune)
{
    int code = TRALO_OK;
    outer_state_t state;
    criterion_result_t at_best;
    outer_state(tune->outer, &state);
    if (state.reason == OUTER_ERROR || !isfinite(tune->best))
        FAIL(TRALO_ERR_EVALUATION, "no evaluation succeeded: %s",
             state.detail[0] != '\0' ? state.detail : outer_reason_name(state.reason));
    oracle_evaluate(tune->study->oracle, state.theta, 0, &at_best);
    if (!at_best.valid)
        FAIL(TRALO_ERR_EVALUATION, "the best point could not be evaluated again: %s",
             at_best.failure);
    fill_search(tune, &state);
    fill_model(tune, &at_best);
    TRY(fill_texts(tune, &state));
    TRY(fill_minima(tune));
    TRY(verify_rows(tune->study, &at_best, tune->result));
    if (tune->study->config->verify.one_se)
        one_se_find(tune->study, tune->result);
out:
    return code;
}

static int create_search(tune_t *tune)
{
    int code = TRALO_OK;
    const config_kind_t *method = &tune->study->config->search.method;
    TRY(outer_create(outer_find(method->name), method->options, &tune->study->box, &tune->outer));
out:
    return code;
}

static int drive(study_t *study, void *argument)
{
    int code = TRALO_OK;
    tune_t *tune = argument;
    report_start(study);
    TRY(search(tune));
    TRY(conclude(tune));
out:
    mem_free(&tune->replies);
    mem_free(&tune->numbers);
    mem_free(&tune->failures);
    return code;
}

static int fill_environment(study_t *study, result_t *result, double started)
{
    int code = TRALO_OK;
    comm_counters_t counters = comm_counters(study->comm);
    TRY(result_environment(study->comm, result));
    result->environment.threads = threads_count();
    result->environment.comm_calls = counters.calls;
    result->environment.comm_bytes = counters.bytes;
    result->environment.comm_seconds = counters.seconds;
    result->environment.wall_seconds = result->seconds = clock_seconds() - started;
out:
    return code;
}

static int agree_on_versions(study_t *study, result_t *result)
{
    int code = TRALO_OK;
    TRY(mem_string(comm_library(), &result->environment.mpi));
    TRY(mem_string(panel_library(), &result->environment.blas));
out:
    return comm_agree(study->comm, code);
}

static tune_status_t status_of(const result_t *result)
{
    bool stopped = strcmp(result->reason, outer_reason_name(OUTER_BUDGET)) == 0 ||
                   strcmp(result->reason, outer_reason_name(OUTER_INTERRUPTED)) == 0;
    return stopped ? TUNE_STOPPED : TUNE_CONVERGED;
}

int tune_run(study_t *study, tune_outcome_t *outcome)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    tune_t tune = {.study = study, .started = clock_seconds(), .best = INFINITY};
    int status = TUNE_CONVERGED;
    stop_listen();
    TRY(comm_agree(study->comm,
                   result_create(study->penalty->count, study->data->p, &tune.result)));
    TRY(comm_agree(study->comm, comm_rank(study->comm) == 0 ? create_search(&tune) : TRALO_OK));
    TRY(result_open(study->comm, config->output, config->echo, study->penalty->count, &tune.file));
    TRY(study_drive(study, drive, &tune));
    TRY(fill_environment(study, tune.result, tune.started));
    TRY(agree_on_versions(study, tune.result));
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
    outer_free(&tune.outer);
    result_abandon(&tune.file);
    result_free(&tune.result);
    return code;
}
