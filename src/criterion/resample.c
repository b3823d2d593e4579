/* SPDX-License-Identifier: BSD-3-Clause */
/* Hold-out, k-fold and exact leave-one-out: rows of the table of criteria. The mathematics is in
   resample_part.c, the work of several groups of ranks in resample_groups.c. */
#include "criterion/resample.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/algebra.h"
#include "criterion/kinds.h"

typedef struct options {
    criterion_common_t common;
    int source;
    int64_t folds;
    double fraction;
    int64_t seed;
    bool stratify;
    int64_t groups;
    int model;
} options_t;

static const char *const models[] = {"all", "training", NULL};
enum { MODEL_ALL, MODEL_TRAINING };

static const char *const sources[] = {"auto", "file", "seed", NULL};

#define OPTION_LOSS                                                                                \
    {                                                                                              \
        "loss", EVALUATION_DOC, PARAM_TEXT, offsetof(options_t, common.loss), 0, 0, 0, NULL        \
    }
#define OPTION_ALGEBRA                                                                             \
    {                                                                                              \
        "algebra", ALGEBRA_DOC, PARAM_CHOICE, offsetof(options_t, common.algebra), 0, 0, 0,        \
            algebra_names                                                                          \
    }
#define OPTION_SPLIT                                                                               \
    {"split",                                                                                      \
     "where the parts come from: /fold of the data file, the seed, or auto: the file if it has "   \
     "it",                                                                                         \
     PARAM_CHOICE,                                                                                 \
     offsetof(options_t, source),                                                                  \
     PARTS_AUTO,                                                                                   \
     0,                                                                                            \
     0,                                                                                            \
     sources},                                                                                     \
        {"seed", "of the random parts", PARAM_INT, offsetof(options_t, seed), 1, 0, 9e15, NULL},   \
    {                                                                                              \
        "stratify", "keep the proportion of the labels in every part", PARAM_BOOL,                 \
            offsetof(options_t, stratify), 0, 0, 0, NULL                                           \
    }

#define OPTION_GROUPS                                                                              \
    {                                                                                              \
        "groups",                                                                                  \
            "groups of ranks that fit different parts at once, each with all rows; 0: as many as " \
            "pay",                                                                                 \
            PARAM_INT, offsetof(options_t, groups), 0, 0, 1e6, NULL                                \
    }

static const param_t loo_params[] = {OPTION_LOSS, OPTION_ALGEBRA, OPTION_GROUPS, PARAM_END};
static const param_t kfold_params[] = {
    OPTION_LOSS,
    OPTION_ALGEBRA,
    {"folds", "how many parts", PARAM_INT, offsetof(options_t, folds), 10, 2, 1e6, NULL},
    OPTION_SPLIT,
    OPTION_GROUPS,
    PARAM_END};
static const param_t holdout_params[] = {
    OPTION_LOSS,
    OPTION_ALGEBRA,
    {"fraction", "share of the rows that validate", PARAM_REAL, offsetof(options_t, fraction), 0.25,
     1e-6, 1.0 - 1e-6, NULL},
    OPTION_SPLIT,
    {"model",
     "what is reported: fitted on all rows, or on those that "
     "train",
     PARAM_CHOICE, offsetof(options_t, model), MODEL_ALL, 0, 0, models},
    PARAM_END};

static void find_error(const resample_t *a, criterion_result_t *result)
{
    double square = 0.0, n = (double)a->validating;
    for (int64_t i = 0; i < a->problem->rows; i++) {
        if (!resample_handles(a, resample_part_of_row(a, i)))
            continue;
        double part = resample_weight(a, i) * (a->values[i] - result->value);
        square += part * part;
    }
    square = comm_sum_one(a->all, square);
    result->standard_error = n > 1.0 ? sqrt(square * n / (n - 1.0)) / a->weight : NAN;
}

/* The model itself, fitted on all rows: what is reported, and where leave-one-out starts. */
static bool fit_all(criterion_t *criterion, const double *theta, criterion_result_t *result)
{
    resample_t *a = criterion->work;
    resample_select_all(a);
    a->hessian->factored = false;
    return resample_fit(criterion, theta, a->full, -1, 0, result);
}

/* Room for the Hessian, made when it is first asked for, and set to 0. */
static bool make_second(resample_t *a, criterion_result_t *result)
{
    int64_t count = a->problem->count;
    int code = a->second != NULL ? TRALO_OK : mem_alloc(count * count, sizeof(double), &a->second);
    if (comm_agree(a->all, code) != TRALO_OK) {
        snprintf(result->failure, sizeof result->failure, "%.500s", tralo_error_message());
        return false;
    }
    memset(a->second, 0, (size_t)(count * count) * sizeof *a->second);
    return true;
}

/* Starts from 0. */
static void forget(resample_t *a)
{
    const int64_t p = a->problem->columns;
    memset(a->beta, 0, (size_t)(resample_kept(a) * p) * sizeof *a->beta);
    memset(a->full, 0, (size_t)p * sizeof *a->full);
    a->hessian->factored = false;
}

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    resample_t *a = criterion->work;
    size_t count = (size_t)a->problem->count;
    const bool all = a->each_row || (order == CRITERION_MODEL && !a->trained);
    bool good = true;
    if (order >= 2 && !make_second(a, result))
        return;
    if (criterion->cold)
        forget(a);
    memset(a->gradient, 0, count * sizeof *a->gradient);
    if (all)
        good = fit_all(criterion, theta, result);
    for (int64_t k = a->group; good && k < a->count; k += a->groups) {
        if (!a->each_row)
            a->hessian->factored = false;
        good = resample_visit(criterion, theta, k, order, result);
        if (good && order >= 1)
            resample_add_gradient(a);
        if (good && order >= 2)
            good = resample_add_hessian(a, k, result);
    }
    resample_select_all(a);
    result->products = a->hessian->products - a->products;
    a->products = a->hessian->products;
    memcpy(a->theta, theta, count * sizeof *theta);
    if (!resample_agree(a, good, result))
        return;
    if (a->groups > 1)
        resample_sum_groups(a, order, result);
    find_error(a, result);
    if (a->groups > 1)
        resample_share_values(a, criterion->problem->data, a->shared_values);
    result->valid = true;
    result->gradient = order >= 1 ? a->gradient : NULL;
    result->hessian = order >= 2 ? a->second : NULL;
    result->beta = all ? a->full : a->trained ? a->beta : NULL;
    result->rows = a->groups > 1 ? a->shared_values : a->values;
}

/* Visits every part again: the minimum is known, so that costs a factor and an adjoint for each. */
static void product(criterion_t *criterion, const double *direction, double *out)
{
    resample_t *a = criterion->work;
    int64_t count = a->problem->count;
    criterion_result_t unused = {.valid = false};
    memset(a->product, 0, (size_t)count * sizeof *a->product);
    for (int64_t k = a->group; k < a->count; k += a->groups) {
        if (!a->each_row)
            a->hessian->factored = false;
        if (!resample_visit(criterion, a->theta, k, 2, &unused) ||
            !resample_add_product(a, direction, a->product))
            a->product[0] = NAN;
    }
    resample_select_all(a);
    if (a->groups > 1) {
        cblas_dscal((int)count, comm_rank(a->problem->comm) == 0 ? 1.0 : 0.0, a->product, 1);
        comm_sum(a->all, a->product, count);
    }
    memcpy(out, a->product, (size_t)count * sizeof *out);
}

static int64_t parts_of_loo(const void *options, int64_t n)
{
    (void)options;
    return n;
}

static int64_t parts_of_kfold(const void *options, int64_t n)
{
    (void)n;
    return ((const options_t *)options)->folds;
}

static int64_t parts_of_holdout(const void *options, int64_t n)
{
    (void)options;
    (void)n;
    return 1;
}

static int allocate(resample_t *a)
{
    int code = TRALO_OK;
    const problem_t *problem = a->problem;
    int64_t rows = problem->rows, p = problem->columns, S = problem->count;
    int64_t planes = problem->outputs * rows;
    double **by_output[] = {&a->phi[1], &a->xb, &a->xv, &a->g};
    double **by_column[] = {&a->scale, &a->full, &a->v, &a->b, &a->D_dot, &a->v_dot, &a->along};
    double **by_hyper[] = {&a->delta, &a->gradient, &a->product, &a->theta};
    ALLOC(a->values, rows);
    ALLOC(a->phi[0], rows);
    ALLOC(a->phi[2], problem->blocks * rows);
    for (size_t i = 0; i < sizeof by_output / sizeof *by_output; i++)
        TRY(mem_alloc(planes, sizeof(double), by_output[i]));
    for (size_t i = 0; i < sizeof by_column / sizeof *by_column; i++)
        TRY(mem_alloc(p, sizeof(double), by_column[i]));
    for (size_t i = 0; i < sizeof by_hyper / sizeof *by_hyper; i++)
        TRY(mem_alloc(S, sizeof(double), by_hyper[i]));
    ALLOC(a->beta, resample_kept(a) * p);
    if (problem->row_weights != NULL) {
        ALLOC(a->by_row, rows);
        ALLOC(a->along_rows, planes);
        ALLOC(a->by_group, S);
    }
    if (hessian_iterates(a->hessian) && !a->each_row)
        ALLOC(a->adjoints, resample_kept(a) * p);
    TRY(resample_allocate_solver(a));
    if (a->each_row)
        ALLOC(a->row_sums, 2 * (int64_t)problem->width + 1);
    if (problem->data->standardized)
        ALLOC(a->sums, (1 + resample_kept(a)) * (2 * (int64_t)problem->width + 1));
out:
    return code;
}

static void form_grams(resample_t *a)
{
    int64_t square = (int64_t)a->problem->columns * a->problem->columns;
    for (int64_t i = 0; i < a->problem->rows; i++)
        a->g[i] = a->part[i] == PART_UNUSED ? 0.0 : resample_weight(a, i);
    problem_gram(a->problem, a->g, a->full_gram);
    for (int64_t k = 0; k < a->count; k++) {
        for (int64_t i = 0; i < a->problem->rows; i++)
            a->g[i] = a->part[i] == k ? resample_weight(a, i) : 0.0;
        problem_gram(a->problem, a->g, a->part_grams + k * square);
    }
}

/* X'WX of every part. */
static int prepare_grams(resample_t *a)
{
    int64_t p = a->problem->columns;
    int code = mem_alloc(p * p, sizeof(double), &a->full_gram);
    if (code == TRALO_OK)
        code = mem_alloc(p * p, sizeof(double), &a->gram);
    if (code == TRALO_OK)
        code = mem_alloc(a->count * p * p, sizeof(double), &a->part_grams);
    TRY(comm_agree(a->problem->comm, code));
    form_grams(a);
out:
    return code;
}

static void count_validating(resample_t *a)
{
    double weight = 0.0;
    int64_t rows = 0;
    for (int64_t i = 0; i < a->problem->rows; i++)
        if (a->each_row || a->part[i] >= 0) {
            rows++;
            weight += resample_weight(a, i);
        }
    a->validating = comm_sum_one_int(a->problem->comm, rows);
    a->weight = comm_sum_one(a->problem->comm, weight);
}

static int find_parts(resample_t *a, const parts_request_t *request)
{
    int code = TRALO_OK, count;
    TRY(comm_agree(a->problem->comm, mem_alloc(a->problem->rows, sizeof *a->part, &a->part)));
    TRY(parts_assign(a->problem->data, request, a->part, &count));
    a->count = count;
out:
    return code;
}

static int prepare(const criterion_t *criterion, const options_t *options,
                   const parts_request_t *request)
{
    int code = TRALO_OK;
    resample_t *a = criterion->work;
    TRY(evaluation_find(options->common.loss, a->problem, &a->evaluation));
    if (request != NULL)
        TRY(find_parts(a, request));
    TRY(hessian_create(a->problem, criterion->form, &a->hessian));
    TRY(comm_agree(a->problem->comm, allocate(a)));
    count_validating(a);
    if (a->sums != NULL)
        resample_find_sums(a);
    if (criterion->roomy && a->problem->row_weights == NULL)
        TRY(prepare_grams(a));
    if (!(a->weight > 0.0))
        FAIL(TRALO_ERR_INPUT, "the rows that validate have weight 0 in all");
out:
    return code;
}

/* request NULL: leave-one-out. */
static int create(criterion_t *criterion, const options_t *options, const parts_request_t *request)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    resample_t *a;
    TRY(comm_agree(problem->comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    a->all = problem->comm;
    a->problem = problem;
    a->each_row = request == NULL;
    a->trained = options->model == MODEL_TRAINING;
    a->count = request == NULL ? problem->data->n : request->folds > 0 ? request->folds : 1;
    a->groups = resample_choose_groups(a, problem, options->groups);
    if (a->groups > 1 && problem->data->X.stream != NULL)
        FAIL(TRALO_ERR_INPUT,
             "criterion.groups = %" PRId64 ": each group would hold all rows in memory, but they "
             "stay on disk (data.memory): leave it to 0",
             options->groups);
    if (a->groups > 1 && problem->row_weights != NULL)
        FAIL(TRALO_ERR_INPUT, "criterion.groups = %" PRId64 ": model.weights wants one group",
             options->groups);
    if (a->groups > 1)
        TRY(resample_build_group(criterion, a));
    TRY(comm_agree(a->all, prepare(criterion, options, request)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    resample_t *a = criterion->work;
    if (a == NULL)
        return;
    double **arrays[] = {&a->values, &a->phi[0],   &a->phi[1],    &a->phi[2],     &a->xb,
                         &a->xv,     &a->g,        &a->scale,     &a->full,       &a->v,
                         &a->b,      &a->D_dot,    &a->v_dot,     &a->along,      &a->delta,
                         &a->second, &a->gradient, &a->theta,     &a->product,    &a->beta,
                         &a->sums,   &a->by_row,   &a->by_group,  &a->along_rows, &a->adjoints,
                         &a->gram,   &a->row_sums, &a->full_gram, &a->part_grams};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    conjugate_release(&a->conjugate);
    mem_free(&a->shared_values);
    mem_free(&a->part);
    hessian_free(&a->hessian);
    if (a->groups > 1 && a->own_data != NULL && a->problem->data == a->own_data)
        problem_free(&a->problem);
    data_free(&a->own_data);
    comm_free(&a->own_comm);
    mem_free(&criterion->work);
}

static int create_loo(criterion_t *criterion, const void *options)
{
    return create(criterion, options, NULL);
}

static int create_kfold(criterion_t *criterion, const void *options)
{
    const options_t *o = options;
    parts_request_t request = {.source = (parts_source_t)o->source,
                               .folds = (int)o->folds,
                               .seed = o->seed,
                               .stratify = o->stratify};
    return create(criterion, o, &request);
}

static int create_holdout(criterion_t *criterion, const void *options)
{
    const options_t *o = options;
    parts_request_t request = {.source = (parts_source_t)o->source,
                               .fraction = o->fraction,
                               .seed = o->seed,
                               .stratify = o->stratify};
    return create(criterion, o, &request);
}

const criterion_kind_t criterion_loo = {
    .name = "loo",
    .doc = "exact leave-one-out error, by a refit for every row",
    .params = loo_params,
    .options_size = sizeof(options_t),
    .memory = resample_memory_each,
    .cost = resample_cost_each,
    .parts = parts_of_loo,
    .create = create_loo,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};

const criterion_kind_t criterion_kfold = {
    .name = "kfold",
    .weighs = true,
    .doc = "k-fold cross-validation error",
    .params = kfold_params,
    .options_size = sizeof(options_t),
    .memory = resample_memory,
    .more = resample_more,
    .cost = resample_cost,
    .parts = parts_of_kfold,
    .create = create_kfold,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};

const criterion_kind_t criterion_holdout = {
    .name = "holdout",
    .weighs = true,
    .doc = "error on rows that are held out",
    .params = holdout_params,
    .options_size = sizeof(options_t),
    .memory = resample_memory,
    .more = resample_more,
    .cost = resample_cost,
    .parts = parts_of_holdout,
    .create = create_holdout,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
