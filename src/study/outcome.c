/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/outcome.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "linalg/panel.h"
#include "study/threads.h"

static int fill_search(const study_t *study, const outer_state_t *state, result_t *r)
{
    int code = TRALO_OK;
    size_t S = (size_t)r->count;
    memcpy(r->theta, state->theta, S * sizeof *r->theta);
    study_natural(study, r->theta, r->lambda);
    r->criterion = state->f;
    r->criterion_se = NAN;
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
    r->iterations = state->iterations;
out:
    return code;
}

static int fill_texts(const study_t *study, const outer_state_t *state, result_t *r)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    TRY(mem_string(outer_reason_name(state->reason), &r->reason));
    TRY(mem_string(state->detail, &r->detail));
    TRY(mem_string(config->search.method.name, &r->method));
    r->space = study->space;
    if (r->space != NULL)
        TRY(mem_string(config->oracle.name, &r->oracle));
    r->has_trials = study->deal != NULL;
    if (r->has_trials) {
        r->trial_groups = deal_groups(study->deal);
        r->utilisation = deal_utilisation(study->deal);
    }
    r->has_coefficients = r->has_coefficients && r->space == NULL;
out:
    return code;
}

static int fill_minima(const study_t *study, const outer_t *outer, result_t *r)
{
    int code = TRALO_OK;
    const outer_minimum_t *minima = NULL;
    int count = outer_minima(outer, &minima);
    size_t S = (size_t)r->count;
    ALLOC(r->minima_theta, (int64_t)count * r->count);
    ALLOC(r->minima_lambda, (int64_t)count * r->count);
    ALLOC(r->minima_criterion, count);
    for (int i = 0; i < count; i++) {
        double *theta = r->minima_theta + (size_t)i * S;
        memcpy(theta, minima[i].theta, S * sizeof *theta);
        study_natural(study, theta, r->minima_lambda + (size_t)i * S);
        r->minima_criterion[i] = minima[i].f;
    }
    r->minima = count;
out:
    return code;
}

int outcome_fill(const study_t *study, const outer_t *outer, result_t *result)
{
    int code = TRALO_OK;
    outer_state_t state;
    outer_state(outer, &state);
    TRY(fill_search(study, &state, result));
    TRY(fill_texts(study, &state, result));
    TRY(fill_minima(study, outer, result));
out:
    return code;
}

static int fill_versions(result_t *result)
{
    int code = TRALO_OK;
    TRY(mem_string(comm_library(), &result->environment.mpi));
    TRY(mem_string(panel_library(), &result->environment.blas));
out:
    return code;
}

int outcome_environment(study_t *study, double started, result_t *result)
{
    int code = TRALO_OK;
    comm_counters_t counters = comm_counters(study->comm);
    const data_reading_t reading =
        study->data != NULL ? data_reading(study->data) : (data_reading_t){0};
    TRY(comm_agree(study->comm, fill_versions(result)));
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
