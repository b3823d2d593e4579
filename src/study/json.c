/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"

enum { DIGITS = 17, NAME_SIZE = 64 };

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* How many bytes the UTF-8 character there takes; 0: it is none. */
static int character(const char *bytes)
{
    for (int length = 1; length <= 4 && bytes[length - 1] != '\0'; length++) {
        json_t *one = json_stringn(bytes, (size_t)length);
        json_decref(one);
        if (one != NULL)
            return length;
    }
    return 0;
}

/* Each byte that is not UTF-8 becomes U+FFFD: JSON has no others. */
static json_t *name(const char *bytes)
{
    int code = TRALO_OK;
    text_t clean = {0};
    json_t *out = NULL;
    for (const char *at = bytes; *at != '\0';) {
        int length = character(at);
        TRY(text_add(&clean, "%.*s", length > 0 ? length : 3, length > 0 ? at : "\xef\xbf\xbd"));
        at += length > 0 ? length : 1;
    }
    out = json_string(clean.data != NULL ? clean.data : "");
out:
    mem_free(&clean.data);
    return code == TRALO_OK ? out : NULL;
}

/* Takes the item over; on failure *list becomes NULL, which no object takes. */
static bool append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) == 0)
        return true;
    json_decref(*list);
    *list = NULL;
    return false;
}

static json_t *reals(const double *values, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        if (!append(&list, real(values[i])))
            break;
    return list;
}

static json_t *flags(const bool *values, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        if (!append(&list, json_boolean(values[i])))
            break;
    return list;
}

/* Every `step`-th value from values[first] on. */
static json_t *every(const double *values, int count, int first, int step)
{
    json_t *list = json_array();
    for (int i = first; i < count; i += step)
        if (!append(&list, real(values[i])))
            break;
    return list;
}

/* Names of the features whose lambda ran to its upper bound; their numbers where they have none. */
static json_t *switched_off(const result_t *r)
{
    json_t *list = json_array();
    for (int j = 0; j < r->p; j++) {
        if (!r->switched_off[j])
            continue;
        if (!append(&list, r->feature_names != NULL ? name(r->feature_names[j]) : json_integer(j)))
            break;
    }
    return list;
}

/* How many hyperparameters a group has. */
static int per_group(const result_t *r)
{
    int count = 1;
    for (const char *at = r->hyperparameters; at != NULL && *at != '\0'; at++)
        count += *at == ',';
    return count;
}

/* "lambda": [one per group], "q": [one per group], ... into `object`. */
static int put_hyperparameters(json_t *object, const result_t *r, const double *values)
{
    int bad = 0, step = per_group(r);
    const char *at = r->hyperparameters != NULL ? r->hyperparameters : "lambda";
    for (int a = 0; a < step; a++) {
        char key[NAME_SIZE];
        int length = (int)strcspn(at, ",");
        snprintf(key, sizeof key, "%.*s", length, at);
        bad |= json_object_set_new(object, key, every(values, r->count, a, step));
        at += length + (at[length] == ',');
    }
    return bad;
}

static json_t *parameter_value(const space_parameter_t *p, double value)
{
    return p->integer ? json_integer((json_int_t)value) : real(value);
}

/* A number, or the list of a vector. */
static json_t *parameter(const space_parameter_t *p, const double *values)
{
    if (!p->vector)
        return parameter_value(p, values[0]);
    json_t *list = json_array();
    for (int64_t i = 0; i < p->count; i++)
        if (!append(&list, parameter_value(p, values[i])))
            break;
    return list;
}

static int put_parameters(json_t *object, const space_t *space, const double *values)
{
    int bad = 0;
    for (int k = 0; k < space->parameters; values += space->list[k++].count)
        bad |= json_object_set_new(object, space->list[k].name, parameter(&space->list[k], values));
    return bad;
}

/* What is searched for by name, of a study of either kind. */
static int put_point(json_t *object, const result_t *r, const double *values)
{
    return r->space != NULL ? put_parameters(object, r->space, values)
                            : put_hyperparameters(object, r, values);
}

static json_t *hyperparameters(const result_t *r)
{
    json_t *object = json_object();
    if (put_point(object, r, r->lambda) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *matrix(const double *values, int count, int length)
{
    json_t *rows = json_array();
    for (int i = 0; i < count; i++)
        if (!append(&rows, reals(values + (int64_t)i * length, length)))
            break;
    return rows;
}

/* The labels of the classes; their numbers where they have none. */
static json_t *classes(const result_t *r)
{
    json_t *list = json_array();
    for (int k = 0; k < r->outputs; k++) {
        bool named = r->label_count == r->outputs;
        json_t *one = named ? name(r->labels[k]) : json_integer(k);
        if (!append(&list, one))
            break;
    }
    return list;
}

/* scikit-learn's C = 1/lambda: a number with one group, else a list. */
static json_t *inverse(const result_t *result)
{
    if (result->count == 1)
        return real(1.0 / result->lambda[0]);
    json_t *list = json_array();
    for (int s = 0; s < result->count; s++)
        if (!append(&list, real(1.0 / result->lambda[s])))
            break;
    return list;
}

/* [{"lambda": [...], ..., "criterion": f}, ...] */
static json_t *minima(const result_t *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->minima; i++) {
        json_t *one = json_object();
        int bad = put_point(one, r, r->minima_lambda + (int64_t)i * r->count);
        bad |= json_object_set_new(one, "criterion", real(r->minima_criterion[i]));
        if (bad != 0) {
            json_decref(one);
            one = NULL;
        }
        if (!append(&list, one))
            break;
    }
    return list;
}

/* What only penalties and kernels have. */
static int put_penalties(json_t *root, const result_t *r)
{
    const int step = per_group(r);
    const bool weighs = result_weighs(r);
    int bad = json_object_set_new(root, weighs ? "weights" : "lambda",
                                  every(r->lambda, r->count, 0, step));
    const bool classifies = strcmp(r->loss, "logistic") == 0 || strcmp(r->loss, "softmax") == 0;
    if (classifies && !weighs && !r->has_kernel && strcmp(r->penalty, "ridge") == 0)
        bad |= json_object_set_new(root, "C", inverse(r));
    bad |= json_object_set_new(root, "criterion_se", real(r->criterion_se));
    bad |= json_object_set_new(root, "switched_off", switched_off(r));
    bad |= json_object_set_new(root, "lambda_1se",
                               r->has_one_se ? every(r->one_se_lambda, r->count, 0, step)
                                             : json_null());
    bad |= json_object_set_new(root, "criterion_1se",
                               r->has_one_se ? real(r->one_se_criterion) : json_null());
    bad |= json_object_set_new(root, "cg_products", json_integer(r->cg_products));
    bad |= json_object_set_new(root, "inner_iterations", json_integer(r->inner_iterations));
    return bad;
}

static int put_derivatives(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "gradient",
                                  r->has_gradient ? reals(r->gradient, r->count) : json_null());
    bad |= json_object_set_new(
        root, "hessian", r->has_hessian ? matrix(r->hessian, r->count, r->count) : json_null());
    bad |= json_object_set_new(root, "gradient_norm", real(r->gradient_norm));
    bad |= json_object_set_new(root, "hessian_definite",
                               r->hessian_judged ? json_boolean(r->hessian_definite) : json_null());
    return bad;
}

static int put_search(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "hyperparameters", hyperparameters(r));
    bad |= json_object_set_new(root, "theta", reals(r->theta, r->count));
    bad |= json_object_set_new(root, "criterion", real(r->criterion));
    bad |= put_derivatives(root, r);
    bad |= json_object_set_new(root, "at_bound", flags(r->at_bound, r->count));
    bad |= json_object_set_new(root, "method",
                               r->method != NULL ? json_string(r->method) : json_null());
    bad |= json_object_set_new(root, "reason", json_string(r->reason));
    bad |= json_object_set_new(root, "minima", minima(r));
    bad |= json_object_set_new(root, "iterations", json_integer(r->iterations));
    bad |= json_object_set_new(root, "evaluations", json_integer(r->evaluations));
    bad |= json_object_set_new(root, "products", json_integer(r->products));
    bad |= json_object_set_new(root, "seconds", real(r->seconds));
    return bad;
}

static int put_kernel(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "kernel", json_string(r->kernel));
    bad |= json_object_set_new(root, "alpha", reals(r->alpha, (int)r->n));
    bad |= json_object_set_new(root, "intercept",
                               r->has_intercept ? real(r->intercept[0]) : json_null());
    return bad;
}

static int put_columns(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "penalty", json_string(r->penalty));
    const bool several = r->outputs > 1;
    json_t *coefficients =
        several ? matrix(r->coefficients, r->outputs, r->p) : reals(r->coefficients, r->p);
    json_t *intercept = several ? reals(r->intercept, r->outputs) : real(r->intercept[0]);
    bad |= json_object_set_new(root, "coefficients", coefficients);
    bad |= json_object_set_new(root, "intercept", r->has_intercept ? intercept : json_null());
    if (!r->has_intercept)
        json_decref(intercept);
    if (several)
        bad |= json_object_set_new(root, "classes", classes(r));
    return bad;
}

static json_t *communication(const result_environment_t *environment)
{
    json_t *out = json_object();
    json_object_set_new(out, "calls", json_integer(environment->comm_calls));
    json_object_set_new(out, "bytes", json_integer(environment->comm_bytes));
    json_object_set_new(out, "seconds", real(environment->comm_seconds));
    return out;
}

static int put_environment(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "ranks", json_integer(r->environment.ranks));
    bad |= json_object_set_new(root, "communication", communication(&r->environment));
    return bad;
}

static int put_trials(json_t *root, const result_t *r)
{
    int bad = json_object_set_new(root, "groups", json_integer(r->trial_groups));
    bad |= json_object_set_new(root, "utilisation", real(r->utilisation));
    bad |= json_object_set_new(root, "trials_ahead", json_integer(r->trials_ahead));
    bad |= json_object_set_new(root, "trials_ahead_used", json_integer(r->trials_ahead_used));
    return bad;
}

static int put_model(json_t *root, const result_t *r)
{
    int bad = put_penalties(root, r);
    bad |= json_object_set_new(root, "n", json_integer(r->n));
    bad |= json_object_set_new(root, "p", json_integer(r->p));
    bad |= json_object_set_new(root, "read_passes", json_integer(r->environment.read_passes));
    bad |= json_object_set_new(root, "read_bytes", json_integer(r->environment.read_bytes));
    bad |= json_object_set_new(root, "read_seconds", real(r->environment.read_seconds));
    bad |= json_object_set_new(root, "threads", json_integer(r->environment.threads));
    bad |= json_object_set_new(root, "loss", json_string(r->loss));
    bad |= r->has_kernel ? put_kernel(root, r) : put_columns(root, r);
    return bad;
}

static int dump(const json_t *root, FILE *stream, const char *name)
{
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS);
    errno = 0;
    if (json_dumpf(root, stream, flags) != 0 || fputc('\n', stream) == EOF || fflush(stream) != 0)
        return error_raise(TRALO_ERR_FILE, "cannot write JSON to %s: %s", name, strerror(errno));
    return TRALO_OK;
}

static int dump_file(const json_t *root, const char *path)
{
    int code = TRALO_OK;
    text_t part = {0};
    FILE *stream = NULL;
    const bool special = path_special(path);
    TRY(text_add(&part, "%s%s", path, special ? "" : ".part"));
    stream = fopen(part.data, "w");
    if (stream == NULL)
        FAIL(TRALO_ERR_FILE, "cannot write JSON to %s: %s", part.data, strerror(errno));
    TRY(dump(root, stream, part.data));
    int closed = fclose(stream);
    stream = NULL;
    if (closed != 0 || (!special && rename(part.data, path) != 0))
        FAIL(TRALO_ERR_FILE, "cannot write JSON to %s: %s", path, strerror(errno));
out:
    if (stream != NULL)
        fclose(stream);
    if (code != TRALO_OK && part.data != NULL && !special)
        unlink(part.data);
    mem_free(&part.data);
    return code;
}

int result_json_check(const char *path)
{
    int code = TRALO_OK;
    text_t part = {0};
    FILE *stream = NULL;
    struct stat status;
    if (strcmp(path, "-") == 0 || path_special(path))
        goto out;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        FAIL(TRALO_ERR_FILE, "cannot write JSON to %s: it is a folder", path);
    TRY(text_add(&part, "%s.part", path));
    stream = fopen(part.data, "w");
    if (stream == NULL)
        FAIL(TRALO_ERR_FILE, "cannot write JSON to %s: %s", part.data, strerror(errno));
    fclose(stream);
    unlink(part.data);
out:
    mem_free(&part.data);
    return code;
}

int result_json(const result_t *result, const char *path)
{
    int code = TRALO_OK;
    json_t *root = json_object();
    int bad = root == NULL || (put_search(root, result) | put_environment(root, result)) != 0;
    if (!bad && result->has_trials)
        bad = put_trials(root, result);
    if (!bad)
        bad = result->space != NULL
                  ? json_object_set_new(root, "oracle", json_string(result->oracle))
                  : put_model(root, result);
    if (bad != 0)
        FAIL(TRALO_ERR_MEMORY, "out of memory while writing JSON");
    TRY(strcmp(path, "-") == 0 ? dump(root, stdout, "standard output") : dump_file(root, path));
out:
    json_decref(root);
    return code;
}
