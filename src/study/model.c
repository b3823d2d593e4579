/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/model.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "study/one_se.h"
#include "study/stop.h"
#include "study/verify.h"

/* ---- the best so far --------------------------------------------------------------------------
 */

int model_best_create(const study_t *study, model_best_t *best)
{
    int code = TRALO_OK;
    ALLOC(best->theta, study->hyper.count);
    ALLOC(best->beta, study->criterion->unknowns);
out:
    return code;
}

void model_best_release(model_best_t *best)
{
    mem_free(&best->theta);
    mem_free(&best->beta);
}

void model_best_keep(const study_t *study, const double *theta, const criterion_result_t *r,
                     model_best_t *best)
{
    best->last = *r;
    best->last.beta = r->beta != NULL ? best->beta : NULL;
    memcpy(best->theta, theta, (size_t)study->hyper.count * sizeof *theta);
    if (r->beta != NULL)
        memcpy(best->beta, r->beta, (size_t)study->criterion->unknowns * sizeof *r->beta);
}

/* ---- the model at the best theta --------------------------------------------------------------
 */

/* The columns whose first hyperparameter, lambda, is at its upper bound. */
static void find_switched_off(const study_t *study, result_t *r)
{
    const outer_box_t *box = &study->box;
    int m = study->hyper.per_group;
    if (r->has_kernel || study->row_weights != NULL) /* there are no columns to switch off */
        return;
    for (int j = 0; j < r->p; j++) {
        int s = study->group[j] * m;
        r->switched_off[j] = s >= 0 && r->at_bound[s] && r->theta[s] >= box->upper[s];
    }
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

static void fill_model(const study_t *study, const criterion_result_t *at_best, result_t *r)
{
    const data_t *data = study->data;
    r->n = data->n;
    r->loss_parameter = study->loss.parameter;
    r->criterion = at_best->value;
    r->criterion_se = at_best->standard_error;
    r->standardized = data->standardized;
    r->has_intercept = data->intercept;
    memcpy(r->means, data->mean, (size_t)r->p * sizeof *r->means);
    memcpy(r->scales, data->scale, (size_t)r->p * sizeof *r->scales);
    memcpy(r->groups, study->group, (size_t)r->p * sizeof *r->groups);
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

static int fill_texts(const study_t *study, result_t *r)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    const data_t *data = study->data;
    TRY(mem_string(config->model.loss.name, &r->loss));
    TRY(mem_string(config->model.penalty.name, &r->penalty));
    TRY(mem_string(config->model.kernel.name, &r->kernel));
    TRY(fill_names(&study->hyper, &r->hyperparameters));
    TRY(mem_string(config->criterion.name, &r->criterion_name));
    TRY(mem_string(data->target, &r->target));
    TRY(result_labels(r, data->label_count, data->labels));
    TRY(result_names(r, data->names));
out:
    return code;
}

/* The model at the best theta: evaluated once more, since the last evaluation may have been
   elsewhere. Where that fails, as it may at the edge of what can be evaluated, the model of the
   first time serves, but for its rows. */
static int find_model(study_t *study, const double *theta, const model_best_t *best,
                      criterion_result_t *at_best)
{
    int code = TRALO_OK;
    oracle_evaluate(study->oracle, theta, CRITERION_MODEL, at_best);
    if (at_best->valid)
        goto out;
    if (best->last.beta == NULL ||
        memcmp(theta, best->theta, (size_t)study->hyper.count * sizeof *theta) != 0)
        FAIL(TRALO_ERR_EVALUATION, "the best point could not be evaluated again: %s",
             at_best->failure);
    log_warn("the best point lies at the edge of what can be evaluated, and none of its rows is "
             "verified: evaluated once more, %s",
             at_best->failure);
    *at_best = best->last;
    at_best->rows = NULL;
out:
    return code;
}

int model_conclude(study_t *study, const model_best_t *best, result_t *result)
{
    int code = TRALO_OK;
    criterion_result_t at_best;
    TRY(find_model(study, result->theta, best, &at_best));
    fill_model(study, &at_best, result);
    find_switched_off(study, result);
    TRY(fill_texts(study, result));
    if (at_best.rows != NULL)
        TRY(verify_rows(study, &at_best, result));
    if (study->config->verify.one_se && study->row_weights == NULL && !stop_asked())
        one_se_find(study, result);
out:
    return code;
}

int model_prepare(study_t *study, result_t *r)
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
