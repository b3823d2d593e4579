/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "study/threads.h"

enum { LAMBDA_TEXT = 128, NAMES_MOST = 5 };

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* Says so where X is not in memory. */
static void report_storage(const data_t *data, bool chosen)
{
    char room[64] = "";
    if (data->X.stream == NULL)
        return;
    if (data->free_bytes > 0.0)
        snprintf(room, sizeof room, " of %.4g GB free", 1e-9 * data->free_bytes);
    log_info(
        "memory  X stays on disk and is read in each pass: it would take %.4g GB%s on each rank"
        "%s",
        1e-9 * data->X_bytes, room, chosen ? "" : " (data.memory = stream)");
}

static const char *scaling_text(const study_t *study)
{
    const int how = study->config->data.standardize;
    return how == DATA_STANDARDIZE ? ", standardised" : how == DATA_SCALE ? ", scaled" : "";
}

/* A study of an oracle. */
static void report_oracle_start(const study_t *study)
{
    const config_t *config = study->config;
    const oracle_common_t *common = config->oracle.options;
    char text[LAMBDA_TEXT];
    log_info("oracle  %s in %s%s%s; %d group%s on %d rank%s%s", config->oracle.name,
             common->directory, common->folder != NULL ? ", trials in " : "",
             common->folder != NULL ? common->folder : "", deal_groups(study->deal),
             plural(deal_groups(study->deal)), comm_size(study->comm),
             plural(comm_size(study->comm)),
             common->driver == ORACLE_DEDICATED ? ", the first only deals" : "");
    study_lambda_text(study, study->box.start, text, sizeof text);
    log_info("search  %s, %d parameter%s with %d value%s, from %s", config->search.method.name,
             study->space->parameters, plural(study->space->parameters), study->space->count,
             plural(study->space->count), text);
}

void report_start(const study_t *study)
{
    const data_t *data = study->data;
    const config_t *config = study->config;
    char lower[LAMBDA_TEXT], upper[LAMBDA_TEXT], classes[32] = "";
    if (study->space != NULL) {
        report_oracle_start(study);
        return;
    }
    study_lambda_text(study, study->box.lower, lower, sizeof lower);
    study_lambda_text(study, study->box.upper, upper, sizeof upper);
    log_info("data    %" PRId64 " rows, %d features%s%s%s, %d rank%s with %d thread%s", data->n,
             data->p, data->X.sparse != NULL ? ", sparse" : "",
             data->intercept ? ", intercept" : "", scaling_text(study), comm_size(study->comm),
             plural(comm_size(study->comm)), threads_count(), plural(threads_count()));
    report_storage(data, config->data.memory == DATA_MEMORY_AUTO);
    if (study->outputs > 1)
        snprintf(classes, sizeof classes, " of %d classes", study->outputs);
    bool kernel = study->machine != NULL;
    log_info("model   %s loss%s, %s %s, %d hyperparameter%s", config->model.loss.name, classes,
             kernel ? config->model.kernel.name : config->model.penalty.name,
             kernel ? "kernel" : "penalty", study->hyper.count, plural(study->hyper.count));
    log_info("algebra %s", study->criterion->algebra);
    log_info("search  %s of %s, from %s to %s", config->search.method.name, config->criterion.name,
             lower, upper);
    if (study->deal != NULL)
        log_info("groups  %d, each with the data, evaluate at the same time",
                 deal_groups(study->deal));
}

void report_evaluation(const study_t *study, int64_t iteration, const result_evaluation_t *row)
{
    char lambda[LAMBDA_TEXT], gradient[16] = "-", products[32] = "", cg[32] = "", passes[32] = "";
    study_lambda_text(study, row->theta, lambda, sizeof lambda);
    if (row->failure != NULL) {
        log_info("%-7s it=%-3" PRId64 " eval=%-3" PRId64 " %s failed: %s", row->phase, iteration,
                 row->number, lambda, row->failure);
        return;
    }
    if (study->space != NULL) {
        log_info("%-7s it=%-3" PRId64 " eval=%-3" PRId64 " f=%-14.10g %s s=%.3g%s", row->phase,
                 iteration, row->number, row->f, lambda, row->seconds, row->accepted ? " *" : "");
        return;
    }
    if (!isnan(row->gradient_norm))
        snprintf(gradient, sizeof gradient, "%.2e", row->gradient_norm);
    if (row->products > 0)
        snprintf(products, sizeof products, " products=%" PRId64, row->products);
    if (row->cg_products > 0)
        snprintf(cg, sizeof cg, " cg=%" PRId64, row->cg_products);
    if (row->read_passes > 0)
        snprintf(passes, sizeof passes, " passes=%" PRId64, row->read_passes);
    log_info("%-7s it=%-3" PRId64 " eval=%-3" PRId64
             " f=%-14.10g grad=%-8s radius=%-8.3g %s inner=%" PRId64 "%s%s%s s=%.3g%s",
             row->phase, iteration, row->number, row->f, gradient, row->radius, lambda,
             row->inner_iterations, cg, products, passes, row->seconds, row->accepted ? " *" : "");
}

void report_course(int order, const work_t *before)
{
    work_t work = work_counted();
    work_add(&work, before, -1.0);
    log_detail("course  order=%d moves=%.0f factorisations=%.0f solves=%.0f products=%.0f", order,
               work.amount[WORK_MOVE], work.amount[WORK_FACTOR], work.amount[WORK_SOLVE],
               work.amount[WORK_PRODUCT]);
}

static const char *nature_text(const result_t *r)
{
    if (strcmp(r->reason, outer_reason_name(OUTER_BOUND)) == 0)
        return "; the optimum is at a bound of the search, where the criterion still falls";
    if (!r->hessian_judged || strcmp(r->reason, outer_reason_name(OUTER_STALLED)) == 0)
        return "";
    return r->hessian_definite ? "; a strict local minimum (Hessian positive definite)"
                               : "; not a strict minimum (Hessian not positive definite)";
}

/* One kind of hyperparameter (its place in a group) at one side of the box. */
typedef struct side {
    const study_t *study;
    const result_t *result;
    int place;
    bool upper;
} side_t;

/* Is the hyperparameter of group g at that side? */
static bool reaches(const side_t *side, int g)
{
    const outer_box_t *box = &side->study->box;
    int s = g * side->study->hyper.per_group + side->place;
    bool above = side->result->theta[s] > 0.5 * (box->lower[s] + box->upper[s]);
    return side->result->at_bound[s] && above == side->upper;
}

/* The first few features of these groups; "" where there are no names, or one group has all. */
static void name_features(const side_t *side, char *text, size_t size)
{
    const data_t *data = side->study->data;
    int found = 0;
    size_t used = 0;
    text[0] = '\0';
    if (data->names == NULL || side->study->hyper.groups == 1 || side->study->row_weights != NULL)
        return;
    for (int j = 0; j < data->p && found <= NAMES_MOST && used + 1 < size; j++) {
        int g = side->study->group[j];
        if (g < 0 || !reaches(side, g))
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%.30s", found > 0 ? ", " : ": ",
                                 found < NAMES_MOST ? data->names[j] : "...");
        found++;
    }
}

/* Is the hyperparameter a penalty of columns? */
static bool of_columns(const side_t *side)
{
    return side->place == 0 && side->study->machine == NULL && side->study->row_weights == NULL;
}

static void report_side(const side_t *side)
{
    static const char *const advice[2][2] = {
        {"their columns want no penalty, or lower search.lower",
         "their columns are as good as switched off, or raise search.upper"},
        {"or lower search.lower", "or raise search.upper"}};
    const hyper_t *hyper = &side->study->hyper;
    int count = 0;
    char names[256];
    for (int g = 0; g < hyper->groups; g++)
        count += reaches(side, g);
    if (count == 0)
        return;
    name_features(side, names, sizeof names);
    log_info("at bound        %d of %d %s at the %s bound (%s)%s", count, hyper->groups,
             hyper->names[side->place], side->upper ? "upper" : "lower",
             advice[!of_columns(side)][side->upper], names);
}

static void report_bounds(const study_t *study, const result_t *r)
{
    for (int place = 0; place < study->hyper.per_group; place++) {
        report_side(&(side_t){study, r, place, true});
        report_side(&(side_t){study, r, place, false});
    }
}

/* The local minima beside the result. */
static void report_minima(const study_t *study, const result_t *r)
{
    char lambda[LAMBDA_TEXT];
    for (int i = 0; i < r->minima; i++) {
        const double *theta = r->minima_theta + (int64_t)i * r->count;
        if (memcmp(theta, r->theta, (size_t)r->count * sizeof *theta) == 0)
            continue;
        study_lambda_text(study, theta, lambda, sizeof lambda);
        log_info("also a minimum  %s: %s %.12g", lambda,
                 r->space != NULL ? "value" : r->criterion_name, r->minima_criterion[i]);
    }
}

static void report_one_se(const study_t *study, const result_t *r)
{
    char lambda[LAMBDA_TEXT];
    if (!r->has_one_se)
        return;
    study_lambda_text(study, r->one_se_theta, lambda, sizeof lambda);
    log_info("one s.e. rule   %s: %s %.12g, the most penalised within one standard error", lambda,
             r->criterion_name, r->one_se_criterion);
}

static void print_communication(int64_t calls, int64_t bytes, double seconds)
{
    log_info("communication   %" PRId64 " calls, %.4g MB, %.3g s", calls, 1e-6 * (double)bytes,
             seconds);
}

void report_communication(const comm_t *comm)
{
    const comm_counters_t counters = comm_counters(comm);
    print_communication(counters.calls, counters.bytes, counters.seconds);
}

/* The parameters that have a value at a bound. */
static void report_parameter_bounds(const study_t *study, const result_t *r)
{
    const outer_box_t *box = &study->box;
    int s = 0;
    for (int k = 0; k < r->space->parameters; s += (int)r->space->list[k++].count) {
        const space_parameter_t *p = &r->space->list[k];
        int below = 0, above = 0;
        for (int i = s; i < s + (int)p->count; i++) {
            below += r->at_bound[i] && r->theta[i] <= box->lower[i];
            above += r->at_bound[i] && r->theta[i] >= box->upper[i];
        }
        if (below + above > 0)
            log_info("at bound        %s: %d of %" PRId64 " at the lower bound, %d at the upper",
                     p->name, below, p->count, above);
    }
}

static void report_oracle_result(const study_t *study, const result_t *r)
{
    char values[LAMBDA_TEXT];
    const oracle_common_t *common = study->config->oracle.options;
    study_lambda_text(study, r->theta, values, sizeof values);
    log_info(" ");
    log_info("best            %s", values);
    log_info("value           %.12g", r->criterion);
    log_info("ended           %s: %s", r->reason, r->detail);
    report_parameter_bounds(study, r);
    report_minima(study, r);
    log_info("work            %" PRId64 " iterations, %" PRId64 " evaluations, %.3g s, %" PRId64
             " group%s busy %.0f %%",
             r->iterations, r->evaluations, r->seconds, r->trial_groups, plural(r->trial_groups),
             100.0 * r->utilisation);
    if (r->trials_ahead > 0)
        log_info("ahead           %" PRId64 " trials for groups that would have been idle, %" PRId64
                 " of use",
                 r->trials_ahead, r->trials_ahead_used);
    if (common->folder != NULL)
        log_info("trials          %s", common->folder);
    log_info("result          %s", study->config->output);
}

static void report_model_result(const study_t *study, const result_t *r)
{
    char lambda[LAMBDA_TEXT], products[64] = "", cg[64] = "";
    study_lambda_text(study, r->theta, lambda, sizeof lambda);
    bool weighs = result_weighs(r);
    bool single = r->count == 1 && !weighs && !r->has_kernel && strcmp(r->penalty, "ridge") == 0;
    bool inverse = single && (strcmp(r->loss, "logistic") == 0 || strcmp(r->loss, "softmax") == 0);
    log_info(" ");
    if (inverse)
        log_info("best penalty    lambda=%.12g (C = 1/lambda = %.12g)", r->lambda[0],
                 1.0 / r->lambda[0]);
    else if (single)
        log_info("best penalty    lambda=%.12g", r->lambda[0]);
    else
        log_info("%-15s %s",
                 weighs          ? "best weights"
                 : r->has_kernel ? "best"
                                 : "best penalties",
                 lambda);
    log_info("%-15s %.12g +- %.2g (mean over %" PRId64 " rows, standard error)", r->criterion_name,
             r->criterion, r->criterion_se, r->n);
    log_info("ended           %s: %s%s", r->reason, r->detail, nature_text(r));
    report_one_se(study, r);
    report_bounds(study, r);
    report_minima(study, r);
    if (r->verified > 0)
        log_info("verified        %" PRId64 " rows left out exactly: largest difference %.2e, mean "
                 "%.2e",
                 r->verified, r->verified_largest, r->verified_mean);
    if (r->products > 0)
        snprintf(products, sizeof products, ", %" PRId64 " products of the Hessian", r->products);
    if (r->cg_products > 0)
        snprintf(cg, sizeof cg, " and %" PRId64 " products by conjugate gradients", r->cg_products);
    log_info("work            %" PRId64 " iterations, %" PRId64 " evaluations%s, %" PRId64
             " inner steps%s, %.3g s on %" PRId64 " rank%s",
             r->iterations, r->evaluations, products, r->inner_iterations, cg, r->seconds,
             r->environment.ranks, plural(r->environment.ranks));
    if (r->has_trials)
        log_info("groups          %" PRId64 " of ranks, busy %.0f %% of the search",
                 r->trial_groups, 100.0 * r->utilisation);
    print_communication(r->environment.comm_calls, r->environment.comm_bytes,
                        r->environment.comm_seconds);
    if (r->environment.read_passes > 0)
        log_info("reading         %" PRId64 " passes over X, %.4g GB, waited %.3g s for the disk",
                 r->environment.read_passes, 1e-9 * (double)r->environment.read_bytes,
                 r->environment.read_seconds);
    log_info("result          %s", study->config->output);
}

void report_result(const study_t *study, const result_t *result)
{
    (result->space != NULL ? report_oracle_result : report_model_result)(study, result);
}
