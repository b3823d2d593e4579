/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "data/h5.h"
#include "study/result_fields.h"

#define AT(field) offsetof(result_t, field)

const field_t search_fields[] = {
    {"theta", FIELD_REAL, SHAPE_S, AT(theta), 0},
    {"criterion", FIELD_REAL, SHAPE_ONE, AT(criterion), 0},
    {"gradient", FIELD_REAL, SHAPE_S, AT(gradient), AT(has_gradient)},
    {"hessian", FIELD_REAL, SHAPE_SS, AT(hessian), AT(has_hessian)},
    {"gradient_norm", FIELD_REAL, SHAPE_ONE, AT(gradient_norm), 0},
    {"hessian_definite", FIELD_BOOL, SHAPE_ONE, AT(hessian_definite), AT(hessian_judged)},
    {"at_bound", FIELD_BOOL, SHAPE_S, AT(at_bound), 0},
    {"reason", FIELD_TEXT, SHAPE_ONE, AT(reason), 0},
    {"detail", FIELD_TEXT, SHAPE_ONE, AT(detail), 0},
    {"iterations", FIELD_LONG, SHAPE_ONE, AT(iterations), 0},
    {"evaluations", FIELD_LONG, SHAPE_ONE, AT(evaluations), 0},
    {"seconds", FIELD_REAL, SHAPE_ONE, AT(seconds), 0},
    {"method", FIELD_TEXT, SHAPE_ONE, AT(method), 0},
    {"oracle", FIELD_TEXT, SHAPE_ONE, AT(oracle), 0},
    {"trial_groups", FIELD_LONG, SHAPE_ONE, AT(trial_groups), AT(has_trials)},
    {"utilisation", FIELD_REAL, SHAPE_ONE, AT(utilisation), AT(has_trials)},
    {"trials_ahead", FIELD_LONG, SHAPE_ONE, AT(trials_ahead), AT(has_trials)},
    {"trials_ahead_used", FIELD_LONG, SHAPE_ONE, AT(trials_ahead_used), AT(has_trials)},
    {.name = NULL}};

const field_t model_fields[] = {
    {"lambda", FIELD_REAL, SHAPE_S, AT(lambda), 0},
    {"hyperparameters", FIELD_TEXT, SHAPE_ONE, AT(hyperparameters), 0},
    {"criterion_se", FIELD_REAL, SHAPE_ONE, AT(criterion_se), 0},
    {"switched_off", FIELD_BOOL, SHAPE_P, AT(switched_off), 0},
    {"inner_iterations", FIELD_LONG, SHAPE_ONE, AT(inner_iterations), 0},
    {"products", FIELD_LONG, SHAPE_ONE, AT(products), 0},
    {"cg_products", FIELD_LONG, SHAPE_ONE, AT(cg_products), 0},
    {"n", FIELD_LONG, SHAPE_ONE, AT(n), 0},
    {"loss", FIELD_TEXT, SHAPE_ONE, AT(loss), 0},
    {"loss_parameter", FIELD_REAL, SHAPE_ONE, AT(loss_parameter), 0},
    {"penalty", FIELD_TEXT, SHAPE_ONE, AT(penalty), 0},
    {"kernel", FIELD_TEXT, SHAPE_ONE, AT(kernel), 0},
    {"kernel_degree", FIELD_LONG, SHAPE_ONE, AT(kernel_degree), AT(has_kernel)},
    {"criterion_name", FIELD_TEXT, SHAPE_ONE, AT(criterion_name), 0},
    {"standardized", FIELD_BOOL, SHAPE_ONE, AT(standardized), 0},
    {"has_intercept", FIELD_BOOL, SHAPE_ONE, AT(has_intercept), 0},
    {"coefficients", FIELD_REAL, SHAPE_KP, AT(coefficients), AT(has_coefficients)},
    {"intercept", FIELD_REAL, SHAPE_K, AT(intercept), 0},
    {"coefficients_original", FIELD_REAL, SHAPE_KP, AT(coefficients_original),
     AT(has_coefficients)},
    {"intercept_original", FIELD_REAL, SHAPE_K, AT(intercept_original), 0},
    {"means", FIELD_REAL, SHAPE_P, AT(means), 0},
    {"scales", FIELD_REAL, SHAPE_P, AT(scales), 0},
    {"groups", FIELD_INT, SHAPE_P, AT(groups), 0},
    {"one_se_theta", FIELD_REAL, SHAPE_S, AT(one_se_theta), AT(has_one_se)},
    {"one_se_lambda", FIELD_REAL, SHAPE_S, AT(one_se_lambda), AT(has_one_se)},
    {"one_se_criterion", FIELD_REAL, SHAPE_ONE, AT(one_se_criterion), 0},
    {"verified", FIELD_LONG, SHAPE_ONE, AT(verified), 0},
    {"verified_largest", FIELD_REAL, SHAPE_ONE, AT(verified_largest), 0},
    {"verified_mean", FIELD_REAL, SHAPE_ONE, AT(verified_mean), 0},
    {"target", FIELD_TEXT, SHAPE_ONE, AT(target), 0},
    {"p", FIELD_INT, SHAPE_ONE, AT(p), 0}, /* last: while reading, it sizes the rows above */
    {.name = NULL}};

const field_t environment_fields[] = {
    {"version", FIELD_TEXT, SHAPE_ONE, AT(environment.version), 0},
    {"mpi", FIELD_TEXT, SHAPE_ONE, AT(environment.mpi), 0},
    {"hdf5", FIELD_TEXT, SHAPE_ONE, AT(environment.hdf5), 0},
    {"blas", FIELD_TEXT, SHAPE_ONE, AT(environment.blas), 0},
    {"date", FIELD_TEXT, SHAPE_ONE, AT(environment.date), 0},
    {"ranks", FIELD_LONG, SHAPE_ONE, AT(environment.ranks), 0},
    {"threads", FIELD_LONG, SHAPE_ONE, AT(environment.threads), 0},
    {"hosts", FIELD_LONG, SHAPE_ONE, AT(environment.hosts), 0},
    {"wall_seconds", FIELD_REAL, SHAPE_ONE, AT(environment.wall_seconds), 0},
    {"comm_seconds", FIELD_REAL, SHAPE_ONE, AT(environment.comm_seconds), 0},
    {"comm_calls", FIELD_LONG, SHAPE_ONE, AT(environment.comm_calls), 0},
    {"comm_bytes", FIELD_LONG, SHAPE_ONE, AT(environment.comm_bytes), 0},
    {"read_passes", FIELD_LONG, SHAPE_ONE, AT(environment.read_passes), 0},
    {"read_bytes", FIELD_LONG, SHAPE_ONE, AT(environment.read_bytes), 0},
    {"read_seconds", FIELD_REAL, SHAPE_ONE, AT(environment.read_seconds), 0},
    {.name = NULL}};

hid_t field_memory_type(field_type_t type)
{
    switch (type) {
    case FIELD_INT:
        return H5T_NATIVE_INT;
    case FIELD_LONG:
        return H5T_NATIVE_INT64;
    case FIELD_BOOL:
        return H5T_NATIVE_UINT8;
    case FIELD_REAL:
    case FIELD_TEXT:
        break;
    }
    return H5T_NATIVE_DOUBLE;
}

int field_dims(const result_t *result, field_shape_t shape, int64_t *dims)
{
    const bool several = result->outputs > 1;
    const bool by_output = several && (shape == SHAPE_K || shape == SHAPE_KP);
    dims[0] = by_output                               ? result->outputs
              : shape == SHAPE_P || shape == SHAPE_KP ? result->p
                                                      : result->count;
    dims[1] = shape == SHAPE_KP ? result->p : result->count;
    if (shape == SHAPE_ONE || (shape == SHAPE_K && !several))
        return 0;
    return shape == SHAPE_SS || (shape == SHAPE_KP && several) ? 2 : 1;
}

int64_t field_count(const result_t *result, field_shape_t shape)
{
    int64_t dims[2], count = 1;
    int rank = field_dims(result, shape, dims);
    for (int i = 0; i < rank; i++)
        count *= dims[i];
    return count;
}

void *field_values(const result_t *result, const field_t *field)
{
    char *at = (char *)(uintptr_t)result + field->offset;
    return field->shape == SHAPE_ONE ? (void *)at : *(void **)(void *)at;
}

static size_t element_size(field_type_t type)
{
    return type == FIELD_BOOL ? sizeof(bool) : type == FIELD_INT ? sizeof(int) : sizeof(double);
}

/* Room for the arrays of a table. */
static int allocate(const field_t *table, result_t *result)
{
    int code = TRALO_OK;
    for (const field_t *field = table; field->name != NULL; field++)
        if (field->shape != SHAPE_ONE && field->shape != SHAPE_SS)
            TRY(mem_alloc(field_count(result, field->shape), element_size(field->type),
                          (char *)result + field->offset));
out:
    return code;
}

int result_create(int count, int p, int outputs, result_t **out)
{
    int code = TRALO_OK;
    result_t *result = NULL;
    ALLOC(result, 1);
    result->count = count;
    result->p = p;
    result->has_coefficients = true;
    result->outputs = outputs;
    TRY(allocate(search_fields, result));
    TRY(allocate(model_fields, result));
    *out = result;
    result = NULL;
out:
    result_free(&result);
    return code;
}

int result_keep_hessian(result_t *result)
{
    int64_t count = result->count;
    return result->hessian != NULL ? TRALO_OK
                                   : mem_alloc(count * count, sizeof(double), &result->hessian);
}

int result_keep_rows(result_t *result)
{
    int code = mem_alloc(result->n, sizeof(double), &result->alpha);
    return code != TRALO_OK
               ? code
               : mem_alloc(result->n * result->p, sizeof(double), &result->training_rows);
}

static void free_fields(const field_t *table, result_t *result)
{
    for (const field_t *field = table; field->name != NULL; field++)
        if (field->shape != SHAPE_ONE || field->type == FIELD_TEXT)
            mem_free((char *)result + field->offset);
}

void result_free(result_t **result)
{
    result_t *r = *result;
    if (r == NULL)
        return;
    free_fields(search_fields, r);
    free_fields(model_fields, r);
    free_fields(environment_fields, r);
    for (int j = 0; r->feature_names != NULL && j < r->p; j++)
        mem_free(&r->feature_names[j]);
    mem_free(&r->feature_names);
    for (int k = 0; k < r->label_count; k++)
        mem_free(&r->labels[k]);
    mem_free(&r->labels);
    mem_free(&r->row_criterion);
    mem_free(&r->alpha);
    mem_free(&r->training_rows);
    mem_free(&r->minima_theta);
    mem_free(&r->minima_lambda);
    mem_free(&r->minima_criterion);
    mem_free(result);
}

bool result_weighs(const result_t *result)
{
    return result->hyperparameters != NULL && strcmp(result->hyperparameters, "weight") == 0;
}

int result_names(result_t *result, char *const *names)
{
    int code = TRALO_OK;
    if (names == NULL)
        return TRALO_OK;
    ALLOC(result->feature_names, result->p);
    for (int j = 0; j < result->p; j++)
        TRY(mem_string(names[j], &result->feature_names[j]));
out:
    return code;
}

int result_labels(result_t *result, int count, char *const *labels)
{
    int code = TRALO_OK;
    if (count == 0)
        return TRALO_OK;
    ALLOC(result->labels, count);
    result->label_count = count;
    for (int k = 0; k < count; k++)
        TRY(mem_string(labels[k], &result->labels[k]));
out:
    return code;
}

/* b_j / s_j for the raw column, and b_0 - sum_j m_j b_j / s_j: u = b_0 + sum_j b_j (x_j - m_j) /
   s_j; for each output. */
void result_unscale(result_t *result)
{
    for (int k = 0; k < result->outputs; k++) {
        const double *trained = result->coefficients + (int64_t)k * result->p;
        double *original = result->coefficients_original + (int64_t)k * result->p, shift = 0.0;
        for (int j = 0; j < result->p; j++) {
            original[j] = trained[j] / result->scales[j];
            shift += result->means[j] * original[j];
        }
        result->intercept_original[k] = result->intercept[k] - shift;
    }
}

static int local_environment(result_environment_t *environment)
{
    int code = TRALO_OK;
    char text[64];
    unsigned major, minor, patch;
    time_t now = time(NULL);
    struct tm utc;
    TRY(mem_string(tralo_version(), &environment->version));
    h5_quiet_t before = h5_quiet_begin();
    H5get_libversion(&major, &minor, &patch);
    h5_quiet_end(&before);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, patch);
    TRY(mem_string(text, &environment->hdf5));
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    TRY(mem_string(text, &environment->date));
out:
    return code;
}

int result_environment(comm_t *comm, result_t *result)
{
    int code = TRALO_OK;
    result_environment_t *environment = &result->environment;
    TRY(comm_agree(comm, local_environment(environment)));
    environment->ranks = comm_size(comm);
    environment->hosts = llround(comm_sum_one(comm, 1.0 / comm_local_ranks(comm)));
out:
    return code;
}
