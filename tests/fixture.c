/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/import.h"
#include "support.h"

enum { STREAM_X = 1, STREAM_BETA, STREAM_Y, STREAM_WEIGHT, STREAM_OFFSET, STREAM_PLACE };

static double uniform(uint64_t i)
{
    return rng_uniform(11, STREAM_Y, i);
}

static double draw_number(double eta, uint64_t i)
{
    return eta + rng_normal(11, STREAM_Y, i);
}

static double draw_count(double eta, uint64_t i) /* Poisson, by inversion */
{
    double u = uniform(i), probability = exp(-exp(eta)), sum = probability;
    int count = 0;
    while (u > sum && count < 100)
        sum += probability *= exp(eta) / ++count;
    return count;
}

static double draw_amount(double eta, uint64_t i)
{
    return exp(eta + 0.5 * rng_normal(11, STREAM_Y, i));
}

static double draw_class(double eta, uint64_t i) /* of three; the first rows one of each */
{
    double u = uniform(i), all = exp(eta) + exp(-eta) + 1.0;
    int class = u < exp(eta) / all ? 0 : u < 1.0 - 1.0 / all ? 1 : 2;
    return i < 3 ? (double)i : class;
}

static double draw_label(double eta, uint64_t i)
{
    return uniform(i) < 1.0 / (1.0 + exp(-eta)) ? 1.0 : -1.0;
}

typedef double draw_t(double eta, uint64_t i);
static draw_t *const number_draws[] = {draw_number, draw_count, draw_amount, NULL};
static draw_t *const label_draws[] = {draw_class, draw_label, NULL};

/* y [n] from eta, of the first sort that the loss allows in all rows; so a new loss needs nothing
   here. */
static bool draw_targets(const loss_t *loss, int64_t n, const double *eta, double *y)
{
    draw_t *const *draw = loss->classifies ? label_draws : number_draws;
    for (bool good = false; *draw != NULL && !good; draw += !good) {
        good = true;
        for (int64_t i = 0; i < n; i++) {
            y[i] = (*draw)(eta[i], (uint64_t)i);
            good = good && loss->valid(y[i]);
        }
    }
    CU_ASSERT(*draw != NULL);
    return *draw != NULL;
}

/* One for each row, and for each class of several. */
static int count_offsets(const fixture_setup_t *setup, const double *y)
{
    int count = 1;
    for (int64_t i = 0; loss_find(setup->loss)->joint != NULL && i < setup->n; i++)
        count = y[i] >= count ? (int)y[i] + 1 : count;
    return count;
}

static double draw_x(const fixture_setup_t *setup, int j, uint64_t at)
{
    const double x = rng_normal(11, STREAM_X, at);
    const int last = setup->p - 1 - j;
    if (setup->density == 0.0)
        return x;
    if (last < 3)
        return last == 2 ? 2.0 : last == 1 ? 0.0 : 3.0 + x;
    return rng_uniform(11, STREAM_PLACE, at) < setup->density ? x : 0.0;
}

static int make_arrays(const fixture_setup_t *setup, fixture_t *f)
{
    int code = TRALO_OK;
    int p = setup->p;
    double *etas = NULL;
    ALLOC(f->X, setup->n * p);
    ALLOC(f->y, setup->n);
    ALLOC(f->weights, setup->n);
    ALLOC(etas, setup->n);
    for (int64_t i = 0; i < setup->n; i++) {
        double eta = 0.3;
        for (int j = 0; j < p; j++) {
            uint64_t at = (uint64_t)(i * p + j);
            f->X[at] = draw_x(setup, j, at);
            eta += f->X[at] * 0.6 * rng_normal(11, STREAM_BETA, (uint64_t)j) / sqrt(1.0 + 0.1 * p);
        }
        etas[i] = eta;
        f->weights[i] = 0.5 + 1.5 * rng_uniform(11, STREAM_WEIGHT, (uint64_t)i);
    }
    if (!draw_targets(loss_find(setup->loss), setup->n, etas, f->y))
        FAIL(TRALO_ERR_INPUT, "the tests know no y for the loss %s", setup->loss);
    f->offsets = count_offsets(setup, f->y);
    ALLOC(f->offset, setup->n * f->offsets);
    for (int64_t i = 0; i < setup->n * f->offsets; i++)
        f->offset[i] = 0.1 * rng_normal(11, STREAM_OFFSET, (uint64_t)i);
out:
    mem_free(&etas);
    return code;
}

static int make_penalty(const fixture_setup_t *setup, fixture_t *f)
{
    int code = TRALO_OK, outputs;
    int *group = NULL;
    int p = f->data->p, width = f->data->columns;
    TRY(problem_outputs(f->data, loss_find(setup->loss), &outputs));
    ALLOC(group, (int64_t)outputs * width);
    for (int j = 0; j < outputs * width; j++) {
        int column = j % width;
        bool free =
            (column == p && !setup->penalised_intercept) || (setup->free_column && column == 0);
        group[j] = free ? -1 : column % setup->groups;
    }
    TRY(penalty_create(penalty_find(setup->penalty), outputs * width, group, setup->groups,
                       &f->penalty));
out:
    mem_free(&group);
    return code;
}

static int make_options(const param_t *params, size_t size, void **out)
{
    int code = mem_alloc((int64_t)size, 1, out);
    if (code == TRALO_OK)
        param_presets(params, *out);
    return code;
}

/* Sets the option called `name`, where it and its value are there. */
static int set_option(const param_t *row, const char *name, const char *value, void *options)
{
    for (; name != NULL && value != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return param_set(row, options, value);
    return TRALO_OK;
}

static int make_criterion(const fixture_setup_t *setup, fixture_t *f)
{
    int code = TRALO_OK;
    criterion_setup_t s = {.kind = criterion_find(setup->criterion),
                           .problem = f->problem,
                           .inner = inner_find(setup->inner != NULL ? setup->inner : "newton")};
    TRY(make_options(s.kind->params, s.kind->options_size, &f->options));
    TRY(make_options(s.inner->params, s.inner->options_size, &f->inner_options));
    f->params = s.kind->params;
    TRY(set_option(f->params, setup->option, setup->value, f->options));
    TRY(set_option(f->params, "algebra", setup->algebra, f->options));
    TRY(set_option(s.inner->params, setup->inner_option, setup->inner_value, f->inner_options));
    s.options = f->options;
    s.inner_options = f->inner_options;
    TRY(criterion_create(&s, &f->criterion));
out:
    return code;
}

static int make_problem(const fixture_setup_t *setup, fixture_t *f)
{
    int code = TRALO_OK;
    TRY(problem_create(f->data, loss_find(setup->loss), f->penalty, &f->problem));
    if (setup->row_groups == 0)
        return TRALO_OK;
    TRY(row_weights_create(f->data, setup->row_groups, &f->row_weights));
    TRY(problem_search_weights(f->problem, f->row_weights, log(2.0)));
out:
    return code;
}

static bool finish(const fixture_setup_t *setup, fixture_t *f)
{
    return CHECK_OK(make_penalty(setup, f)) && CHECK_OK(make_problem(setup, f)) &&
           CHECK_OK(make_criterion(setup, f));
}

static void free_options(fixture_t *f)
{
    if (f->options != NULL)
        param_release(f->params, f->options);
    mem_free(&f->options);
    mem_free(&f->inner_options);
}

bool fixture_judge(const fixture_setup_t *setup, fixture_t *f)
{
    free_options(f);
    return CHECK_OK(make_criterion(setup, f));
}

/* A data set [n, columns] of a file, or [n]. */
static bool write_set(hid_t file, const char *name, hid_t type, const hsize_t *size, int rank,
                      const double *values)
{
    hid_t space = H5Screate_simple(rank, size, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool good = H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    H5Dclose(set);
    H5Sclose(space);
    return good;
}

static void write_file(const fixture_setup_t *setup, const data_arrays_t *a, const char *path)
{
    const hsize_t size[] = {(hsize_t)a->n, (hsize_t)a->p};
    const hid_t type = setup->single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(write_set(file, "X", type, size, 2, a->X));
    CU_ASSERT(write_set(file, "y", H5T_IEEE_F64LE, size, 1, a->y));
    if (a->weights != NULL)
        CU_ASSERT(write_set(file, "weights", H5T_IEEE_F64LE, size, 1, a->weights));
    H5Fclose(file);
}

/* From a file that the arrays are written to. */
static int stream_data(comm_t *comm, const fixture_setup_t *setup, const data_arrays_t *arrays,
                       data_options_t options, data_t **out)
{
    char path[300];
    test_path("fixture.h5", path, sizeof path);
    options.memory = DATA_STREAM;
    comm_barrier(comm); /* nobody has the file open any more */
    if (comm_rank(comm) == 0)
        write_file(setup, arrays, path);
    comm_barrier(comm);
    return data_open(comm, path, &options, out);
}

bool fixture_create(comm_t *comm, const fixture_setup_t *setup, fixture_t *out)
{
    data_options_t options = {.standardize = setup->standardize,
                              .intercept = setup->intercept,
                              .storage = setup->storage};
    memset(out, 0, sizeof *out);
    if (!CHECK_OK(make_arrays(setup, out)))
        return false;
    data_arrays_t arrays = {.n = setup->n,
                            .p = setup->p,
                            .X = out->X,
                            .y = out->y,
                            .weights = setup->weights ? out->weights : NULL,
                            .offset = setup->offset ? out->offset : NULL,
                            .offsets = out->offsets};
    const int code = setup->streamed ? stream_data(comm, setup, &arrays, options, &out->data)
                                     : data_from_arrays(comm, &arrays, &options, &out->data);
    return CHECK_OK(code) && finish(setup, out);
}

data_t *fixture_import(const char *name, const char *target, const char *labels,
                       const data_options_t *options)
{
    char source[512], folder[512], input[600], output[600];
    data_t *data = NULL;
    test_source("tests/data", source, sizeof source);
    test_path(name, folder, sizeof folder);
    snprintf(input, sizeof input, "%s/%s.csv", source, name);
    snprintf(output, sizeof output, "%s.h5", folder);
    import_options_t import = {
        .input = input, .output = output, .target = target, .labels = labels, .force = true};
    log_setup(LOG_QUIET, true);
    int code = comm_rank(test_comm) == 0 ? import_file(&import, NULL) : TRALO_OK;
    log_setup(LOG_NORMAL, true);
    if (CHECK_OK(comm_agree(test_comm, code)))
        CHECK_OK(data_open(test_comm, output, options, &data));
    return data;
}

bool fixture_wrap(data_t *data, const fixture_setup_t *setup, fixture_t *out)
{
    memset(out, 0, sizeof *out);
    out->data = data;
    return finish(setup, out);
}

void fixture_free(fixture_t *f)
{
    criterion_free(&f->criterion);
    problem_free(&f->problem);
    row_weights_free(&f->row_weights);
    penalty_free(&f->penalty);
    data_free(&f->data);
    free_options(f);
    mem_free(&f->X);
    mem_free(&f->y);
    mem_free(&f->weights);
    mem_free(&f->offset);
}

bool fixture_evaluate(fixture_t *f, const double *theta, int order, fixture_numbers_t *out)
{
    criterion_result_t r;
    size_t count = (size_t)f->problem->count;
    criterion_evaluate(f->criterion, theta, order, &r);
    if (!r.valid)
        fprintf(stderr, "evaluation failed: %s\n", r.failure);
    CU_ASSERT(r.valid && count <= FIXTURE_MOST);
    if (!r.valid || count > FIXTURE_MOST)
        return false;
    out->count = (int)count;
    out->value = r.value;
    out->error = r.standard_error;
    if (order >= 1)
        memcpy(out->gradient, r.gradient, count * sizeof(double));
    if (order >= 2)
        memcpy(out->hessian, r.hessian, count * count * sizeof(double));
    return true;
}

data_t *fixture_data(const char *name, const char *target, const char *labels, bool intercept)
{
    const data_options_t options = {.standardize = true, .intercept = intercept};
    return fixture_import(name, target, labels, &options);
}
