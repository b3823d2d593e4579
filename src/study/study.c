/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/study.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "study/black_box.h"
#include "study/box.h"
#include "study/sharing.h"
#include "study/threads.h"

static int find_groups(study_t *study, int *groups)
{
    int code = TRALO_OK;
    const data_t *data = study->data;
    config_columns_t columns = {.p = data->p, .names = data->names, .file_group = data->group};
    int64_t width = data->columns;
    ALLOC(study->group, study->outputs * width);
    if (data->intercept)
        study->group[data->p] = -1;
    TRY(config_groups(study->config, &columns, study->group, groups));
    for (int k = 1; k < study->outputs; k++)
        memcpy(study->group + k * width, study->group, (size_t)width * sizeof *study->group);
out:
    return code;
}

static int build_penalty(study_t *study)
{
    int code = TRALO_OK, groups;
    const penalty_kind_t *kind = penalty_find(study->config->model.penalty.name);
    TRY(find_groups(study, &groups));
    TRY(penalty_create(kind, study->outputs * study->data->columns, study->group, groups,
                       &study->penalty));
    penalty_configure(study->penalty, study->config->model.penalty.options);
    study->hyper = penalty_hyper(study->penalty);
out:
    return code;
}

static int build_criterion(study_t *study, bool cold)
{
    const config_t *config = study->config;
    criterion_setup_t setup = {.kind = criterion_find(config->criterion.name),
                               .options = config->criterion.options,
                               .problem = study->problem,
                               .machine = study->machine,
                               .inner = inner_find(config->inner.name),
                               .inner_options = config->inner.options,
                               .cold = cold};
    return criterion_create(&setup, &study->criterion);
}

/* The weights of rows are searched for, and the penalty stays. */
static int build_weights(study_t *study)
{
    int code = TRALO_OK;
    const config_weights_t *weights = &study->config->model.weights;
    if (study->penalty->kind->per_group != 1)
        FAIL(TRALO_ERR_INPUT, "model.weights: the penalty '%s' has more than lambda: take ridge",
             study->penalty->kind->name);
    TRY(row_weights_create(study->data, weights->groups, &study->row_weights));
    TRY(comm_agree(study->comm, problem_search_weights(study->problem, study->row_weights,
                                                       log(weights->lambda))));
    study->hyper = row_weights_hyper(study->row_weights);
out:
    return code;
}

static int build_problem(study_t *study)
{
    int code = TRALO_OK;
    TRY(comm_agree(study->comm, build_penalty(study)));
    TRY(problem_create(study->data, &study->loss, study->penalty, &study->problem));
    if (study->config->model.weights.groups > 0)
        TRY(build_weights(study));
out:
    return code;
}

/* What a kernel goes with. The same on all ranks. */
static int check_kernel(const study_t *study)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    if (criterion_find(config->criterion.name)->kernel == NULL)
        FAIL(TRALO_ERR_INPUT, "criterion = %s: a model with a kernel is judged by alo",
             config->criterion.name);
    if (inner_find(config->inner.name)->solve_machine == NULL)
        FAIL(TRALO_ERR_INPUT, "inner = %s: a model with a kernel is trained by newton",
             config->inner.name);
out:
    return code;
}

static int build_machine(study_t *study)
{
    int code = TRALO_OK;
    const config_kind_t *chosen = &study->config->model.kernel;
    kernel_t kernel = kernel_configured(kernel_find(chosen->name), chosen->options);
    TRY(check_kernel(study));
    TRY(comm_agree(study->comm, mem_alloc(study->data->columns, sizeof(int), &study->group)));
    study->hyper = kernel_hyper(&kernel);
    TRY(machine_create(study->data, &study->loss, &kernel, &study->machine));
out:
    return code;
}

static int open_model(study_t *study, bool cold)
{
    int code = TRALO_OK;
    comm_t *comm = study->comm;
    const config_t *config = study->config;
    const files_names_t files = config_files(config);
    data_options_t options = {.standardize = (data_standardize_t)config->data.standardize,
                              .intercept = config->data.intercept,
                              .storage = (data_storage_t)config->data.storage,
                              .memory = (data_memory_t)config->data.memory};
    TRY(data_open_files(comm, &files, &options, &study->data));
    study->loss = loss_configured(loss_find(config->model.loss.name), config->model.loss.options);
    TRY(problem_outputs(study->data, &study->loss, &study->outputs));
    TRY(config->model.kernel.name != NULL ? build_machine(study) : build_problem(study));
    TRY(build_criterion(study, cold));
out:
    return code;
}

static int open_criterion(study_t *study)
{
    int code = TRALO_OK;
    TRY(threads_setup(study->comm));
    TRY(open_model(study, false));
    TRY(oracle_create(study->comm, study->criterion, &study->oracle));
    TRY(box_find(study));
out:
    return code;
}

static int create(comm_t *comm, const config_t *config, study_t **out)
{
    int code = TRALO_OK;
    TRY(comm_agree(comm, mem_alloc(1, sizeof **out, out)));
    (*out)->comm = comm;
    (*out)->config = config;
out:
    return code;
}

int study_open_part(comm_t *comm, const config_t *config, study_t **out)
{
    int code = TRALO_OK;
    study_t *study = NULL;
    TRY(create(comm, config, &study));
    TRY(open_model(study, true));
    *out = study;
    study = NULL;
out:
    study_close(&study);
    return code;
}

int study_open(comm_t *comm, const config_t *config, study_t **out)
{
    int code = TRALO_OK;
    study_t *study = NULL;
    TRY(create(comm, config, &study));
    TRY(config->space.parameters > 0 ? black_box_open(study) : open_criterion(study));
    *out = study;
    study = NULL;
out:
    study_close(&study);
    return code;
}

void study_close(study_t **study)
{
    study_t *s = *study;
    if (s == NULL)
        return;
    sharing_close(s);
    black_box_close(s);
    oracle_free(&s->oracle);
    criterion_free(&s->criterion);
    problem_free(&s->problem);
    row_weights_free(&s->row_weights);
    machine_free(&s->machine);
    penalty_free(&s->penalty);
    mem_free(&s->group);
    mem_free(&s->theta);
    mem_free(&s->swept);
    data_free(&s->data);
    mem_free(study);
}

int study_wants_data(const config_t *config, const char *what)
{
    if (config->space.parameters == 0)
        return TRALO_OK;
    return error_raise(
        TRALO_ERR_INPUT,
        "%s wants a criterion on data, but this is a study of an oracle on parameters", what);
}

int study_drive(study_t *study, int (*driver)(study_t *study, void *argument), void *argument)
{
    int code = TRALO_OK;
    const bool first = comm_rank(study->comm) == 0;
    if (first)
        code = driver(study, argument);
    if (study->deal != NULL)
        first ? deal_end(study->deal) : deal_serve(study->deal);
    if (study->space == NULL)
        first ? oracle_stop(study->oracle) : oracle_serve(study->oracle);
    if (study->data != NULL && data_failure(study->data) != TRALO_OK)
        code = data_failure(study->data); /* what the driver made of it counts for nothing */
    return comm_agree(study->comm, code);
}

void study_natural(const study_t *study, const double *theta, double *natural)
{
    if (study->space != NULL)
        space_values(study->space, theta, natural);
    else
        hyper_natural(&study->hyper, theta, natural);
}

int study_layout(const study_t *study, result_layout_t *layout)
{
    int code = TRALO_OK;
    const space_t *space = study->space;
    const hyper_t *hyper = &study->hyper;
    const int names = space != NULL ? space->parameters : hyper->per_group;
    result_name_t *list = NULL;
    ALLOC(list, names);
    for (int k = 0; space != NULL && k < names; k++)
        list[k] =
            (result_name_t){space->list[k].name, space->list[k].vector ? space->list[k].count : 0};
    for (int a = 0; space == NULL && a < names; a++)
        list[a] = (result_name_t){hyper->names[a], hyper->groups > 1 ? hyper->groups : 0};
    *layout = (result_layout_t){hyper->count, names, list};
out:
    return code;
}

void study_values(const study_t *study, const double *theta, double *values)
{
    const hyper_t *hyper = &study->hyper;
    const ptrdiff_t m = hyper->per_group;
    double natural[HYPER_PER_GROUP];
    if (study->space != NULL)
        space_values(study->space, theta, values);
    for (ptrdiff_t g = 0; study->space == NULL && g < hyper->groups; g++) {
        hyper_group_natural(hyper, theta + g * m, natural);
        for (ptrdiff_t a = 0; a < m; a++)
            values[a * hyper->groups + g] = natural[a];
    }
}

/* The a-th hyperparameter of each group: "lambda=1.5,0.2"; returns the new length. */
static size_t add_values(const study_t *study, const double *theta, int a, char *text, size_t size)
{
    const hyper_t *hyper = &study->hyper;
    const int most = 4, groups = hyper->groups;
    const ptrdiff_t m = hyper->per_group;
    size_t used = (size_t)snprintf(text, size, "%s%s=", a > 0 ? " " : "", hyper->names[a]);
    for (int g = 0; g < groups && used + 1 < size; g++) {
        double natural[HYPER_PER_GROUP];
        if (groups > most && g == most / 2) {
            used += (size_t)snprintf(text + used, size - used, ",...");
            g = groups - most / 2;
        }
        hyper_group_natural(hyper, theta + g * m, natural);
        if (used + 1 < size)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%.6g", g > 0 ? "," : "", natural[a]);
    }
    return used < size ? used : size - 1;
}

void study_lambda_text(const study_t *study, const double *theta, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    if (study->space != NULL) {
        space_values(study->space, theta, study->values);
        space_text(study->space, study->values, text, size);
    }
    for (int a = 0; a < study->hyper.per_group; a++)
        used += add_values(study, theta, a, text + used, size - used);
}
