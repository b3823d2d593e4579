/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/tune.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "linalg/panel.h"
#include "study/one_se.h"
#include "study/report.h"
#include "study/stop.h"
#include "base/text.h"
#include "study/threads.h"
#include "study/verify.h"

/* The state of one search, on rank 0. */
typedef struct tune {
    study_t *study;
    outer_t *outer;
    result_file_t *file; /* borrowed */
    result_t *result;
    outer_reply_t *replies; /* [capacity] */
    double *gradients;      /* [capacity, S] of the replies; also the product */
    double *hessians;       /* [hessian_capacity, S, S] */
    char (*failures)[512];  /* [capacity] */
    int capacity, hessian_capacity;
    int64_t evaluations, products, cg_products, inner_iterations;
    int64_t new_products; /* since the last evaluation */
    int64_t passes;       /* over an X on disk, until the last evaluation */
    double started;
    criterion_result_t best; /* the lowest value so far; INFINITY: there is none */
    double *best_theta;      /* [S] */
    double *best_beta;       /* [columns] */
} tune_t;

static void release(tune_t *tune)
{
    mem_free(&tune->replies);
    mem_free(&tune->gradients);
    mem_free(&tune->failures);
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

/* Keeps the model of the lowest value; says whether this is it. */
static bool keep_best(tune_t *tune, const double *theta, const criterion_result_t *r)
{
    if (!r->valid || !(r->value < tune->best.value))
        return false;
    tune->best = *r;
    tune->best.beta = tune->best_beta;
    memcpy(tune->best_theta, theta, (size_t)tune->study->hyper.count * sizeof *theta);
    memcpy(tune->best_beta, r->beta, (size_t)tune->study->criterion->unknowns * sizeof *r->beta);
    return true;
}

/* A product of the Hessian comes alone in its batch. */
static void multiply(tune_t *tune, const outer_request_t *request)
{
    oracle_product(tune->study->oracle, request->direction, tune->gradients);
    tune->replies[0] = (outer_reply_t){.product = tune->gradients};
    tune->products++;
    tune->new_products++;
}

static int evaluate(tune_t *tune, int i, const outer_batch_t *batch)
{
    const outer_request_t *request = &batch->requests[i];
    criterion_result_t r;
    outer_state_t state;
    outer_state(tune->outer, &state);
    oracle_evaluate(tune->study->oracle, request->theta, request->order, &r);
    if (data_failure(tune->study->data) != TRALO_OK)
        return data_failure(tune->study->data);
    keep_reply(tune, i, &r);
    const int64_t passes = data_reading(tune->study->data).passes;
    bool better = keep_best(tune, request->theta, &r);
    tune->inner_iterations += r.inner_iterations;
    tune->cg_products += r.products;
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
        .products = tune->new_products,
        .cg_products = r.products,
        .read_passes = passes - tune->passes,
        .seconds = clock_seconds() - tune->started,
        .failure = tune->replies[i].failure,
    };
    tune->new_products = 0;
    tune->passes = passes;
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
        TRY(reserve(tune, &batch));
        for (done = 0; done < batch.count && !stop_asked(); done++) {
            if (batch.requests[done].direction != NULL)
                multiply(tune, &batch.requests[done]);
            else
                TRY(evaluate(tune, done, &batch));
        }
        tell(tune, &batch, done);
    }
out:
    return code;
}

/* The columns whose first hyperparameter, lambda, is at its upper bound. */
static void find_switched_off(const tune_t *tune, result_t *r)
{
    const outer_box_t *box = &tune->study->box;
    int m = tune->study->hyper.per_group;
    if (r->has_kernel) /* it has no columns to switch off */
        return;
    for (int j = 0; j < r->p; j++) {
        int s = tune->study->group[j] * m;
        r->switched_off[j] = s >= 0 && r->at_bound[s] && r->theta[s] >= box->upper[s];
    }
}

static int fill_search(tune_t *tune, const outer_state_t *state)
{
    int code = TRALO_OK;
    result_t *r = tune->result;
    size_t S = (size_t)r->count;
    memcpy(r->theta, state->theta, S * sizeof *r->theta);
    hyper_natural(&tune->study->hyper, r->theta, r->lambda);
    r->has_gradient = state->gradient != NULL;
    r->has_hessian = state->hessian != NULL;
    if (r->has_gradient)
        memcpy(r->gradient, state->gradient, S * sizeof *r->gradient);
    if (r->has_hessian) {
        TRY(result_keep_hessian(r));
        memcpy(r->hessian, state->hessian, S * S * sizeof *r->hessian);
    }
    r->gradient_norm = r->has_gradient ? state->gradient_norm : NAN;
    r->hessian_definite = state->definite && state->judged;
    r->hessian_judged = state->judged;
    for (size_t s = 0; s < S; s++)
        r->at_bound[s] = state->at_bound != NULL && state->at_bound[s];
    find_switched_off(tune, r);
    r->iterations = state->iterations;
    r->evaluations = tune->evaluations;
    r->products = tune->products;
    r->cg_products = tune->cg_products;
    r->inner_iterations = tune->inner_iterations;
out:
    return code;
}

static void take_columns(result_t *r, const data_t *data, const double *minimum)
{
    for (int k = 0; k < r->outputs; k++) {
        const double *beta = minimum + (int64_t)k * data->columns;
        memcpy(r->coefficients + (int64_t)k * r->p, beta, (size_t)r->p * sizeof *beta);
        r->intercept[k] = data->intercept ? beta[r->p] : 0.0;
    }
    result_unscale(r);
}

static void take_kernel(result_t *r, const data_t *data, const double *minimum)
{
    memcpy(r->alpha, minimum, (size_t)data->n * sizeof *minimum);
    r->intercept[0] = r->intercept_original[0] = minimum[data->n];
}

static void fill_model(tune_t *tune, const criterion_result_t *at_best)
{
    result_t *r = tune->result;
    const data_t *data = tune->study->data;
    r->n = data->n;
    r->loss_parameter = tune->study->loss.parameter;
    r->criterion = at_best->value;
    r->criterion_se = at_best->standard_error;
    r->standardized = data->standardized;
    r->has_intercept = data->intercept;
    memcpy(r->means, data->mean, (size_t)r->p * sizeof *r->means);
    memcpy(r->scales, data->scale, (size_t)r->p * sizeof *r->scales);
    memcpy(r->groups, tune->study->group, (size_t)r->p * sizeof *r->groups);
    if (r->has_kernel)
        take_kernel(r, data, at_best->beta);
    else
        take_columns(r, data, at_best->beta);
}

/* The names of a group's hyperparameters with commas between. */
static int fill_names(const hyper_t *hyper, char **out)
{
    int code = TRALO_OK;
    text_t names = {0};
    for (int a = 0; a < hyper->per_group; a++)
        TRY(text_add(&names, "%s%s", a > 0 ? "," : "", hyper->names[a]));
    *out = names.data;
    names.data = NULL;
out:
    mem_free(&names.data);
    return code;
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
    TRY(mem_string(config->model.kernel.name, &r->kernel));
    TRY(fill_names(&tune->study->hyper, &r->hyperparameters));
    TRY(mem_string(config->criterion.name, &r->criterion_name));
    TRY(mem_string(config->search.method.name, &r->method));
    TRY(mem_string(data->target, &r->target));
    TRY(result_labels(r, data->label_count, data->labels));
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
        hyper_natural(&tune->study->hyper, theta, r->minima_lambda + (size_t)i * S);
        r->minima_criterion[i] = minima[i].f;
    }
    r->minima = count;
out:
    return code;
}

/* The model at the best theta: evaluated once more, since the last evaluation may have been
   elsewhere. Where that fails, as it may at the edge of what can be evaluated, the model of the
   first time serves, but for its rows. */
static int find_model(tune_t *tune, const double *theta, criterion_result_t *at_best)
{
    int code = TRALO_OK;
    oracle_evaluate(tune->study->oracle, theta, 0, at_best);
    if (at_best->valid)
        goto out;
    if (memcmp(theta, tune->best_theta, (size_t)tune->study->hyper.count * sizeof *theta) != 0)
        FAIL(TRALO_ERR_EVALUATION, "the best point could not be evaluated again: %s",
             at_best->failure);
    log_warn("the best point lies at the edge of what can be evaluated, and none of its rows is "
             "verified: evaluated once more, %s",
             at_best->failure);
    *at_best = tune->best;
    at_best->rows = NULL;
out:
    return code;
}

static int conclude(tune_t *tune)
{
    int code = TRALO_OK;
    outer_state_t state;
    criterion_result_t at_best;
    outer_state(tune->outer, &state);
    if (state.reason == OUTER_ERROR || !isfinite(tune->best.value))
        FAIL(TRALO_ERR_EVALUATION, "no evaluation succeeded: %s",
             state.detail[0] != '\0' ? state.detail : outer_reason_name(state.reason));
    TRY(find_model(tune, state.theta, &at_best));
    TRY(fill_search(tune, &state));
    fill_model(tune, &at_best);
    TRY(fill_texts(tune, &state));
    TRY(fill_minima(tune));
    if (at_best.rows != NULL)
        TRY(verify_rows(tune->study, &at_best, tune->result));
    if (tune->study->config->verify.one_se && !stop_asked())
        one_se_find(tune->study, tune->result);
out:
    return code;
}

/* What only a model with a kernel has in its result: room for alpha, and on rank 0 the training
   rows, as trained. Collective. */
static int add_kernel(study_t *study, result_t *r)
{
    int code = TRALO_OK;
    const data_t *data = study->data;
    const int64_t width = data->columns;
    double *X = NULL, *mine = NULL;
    bool first = comm_rank(study->comm) == 0;
    if (study->machine == NULL)
        return TRALO_OK;
    r->has_kernel = true;
    r->has_coefficients = false;
    r->n = data->n;
    r->kernel_degree = study->machine->kernel.degree;
    code = first ? result_keep_rows(r) : TRALO_OK;
    if (code == TRALO_OK && first)
        code = mem_alloc(data->n * width, sizeof *X, &X);
    if (code == TRALO_OK)
        code = mem_alloc(data->rows * width, sizeof *mine, &mine);
    TRY(comm_agree(study->comm, code));
    rows_copy(&data->X, 0, data->rows, mine);
    comm_gather(study->comm, mine, data->rows * width, X);
    for (int64_t i = 0; first && i < data->n; i++)
        memcpy(r->training_rows + i * data->p, X + i * width, (size_t)data->p * sizeof *X);
out:
    mem_free(&X);
    mem_free(&mine);
    return code;
}

static int create_search(tune_t *tune)
{
    int code = TRALO_OK;
    const config_kind_t *method = &tune->study->config->search.method;
    ALLOC(tune->best_theta, tune->study->hyper.count);
    ALLOC(tune->best_beta, tune->study->criterion->unknowns);
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
    release(tune);
    mem_free(&tune->hessians);
    return code;
}

static int fill_environment(study_t *study, result_t *result, double started)
{
    int code = TRALO_OK;
    comm_counters_t counters = comm_counters(study->comm);
    const data_reading_t reading = data_reading(study->data);
    TRY(result_environment(study->comm, result));
    result->environment.threads = threads_count();
    result->environment.comm_calls = counters.calls;
    result->environment.comm_bytes = counters.bytes;
    result->environment.comm_seconds = counters.seconds;
    result->environment.read_passes = reading.passes;
    result->environment.read_bytes = comm_sum_one_int(study->comm, reading.bytes);
    result->environment.read_seconds = comm_max_one(study->comm, reading.seconds);
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
    tune_t tune = {.study = study, .started = clock_seconds(), .best.value = INFINITY};
    int status = TUNE_CONVERGED;
    stop_listen();
    TRY(comm_agree(study->comm, result_create(study->hyper.count, study->data->p, study->outputs,
                                              &tune.result)));
    TRY(add_kernel(study, tune.result));
    TRY(comm_agree(study->comm, comm_rank(study->comm) == 0 ? create_search(&tune) : TRALO_OK));
    TRY(result_open(study->comm, config->output, config->echo, study->hyper.count, &tune.file));
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
    mem_free(&tune.best_theta);
    mem_free(&tune.best_beta);
    result_abandon(&tune.file);
    result_free(&tune.result);
    return code;
}
