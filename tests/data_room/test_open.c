/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data_room/h5_files.h"
#include "support.h"

enum { N = 41, P = 5 };

static char path[300];

static void check_texts(const data_t *d, const file_spec_t *s)
{
    char name[16];
    CU_ASSERT((d->names != NULL) == (s->names != STRINGS_NONE));
    for (int j = 0; d->names != NULL && j < d->p; j++) {
        file_name(j, name);
        CU_ASSERT(strcmp(d->names[j], name) == 0);
    }
    CU_ASSERT((d->label_count == 2) == s->labels && (d->target != NULL) == s->labels);
    if (d->target != NULL && d->labels != NULL)
        CU_ASSERT(strcmp(d->labels[0], "gut") == 0 && strcmp(d->labels[1], "böse") == 0 &&
                  strcmp(d->target, "diagnosis") == 0);
}

static void check_vectors(const data_t *d, const file_spec_t *s)
{
    CU_ASSERT((d->weights != NULL) == s->vectors && (d->offset != NULL) == s->vectors);
    CU_ASSERT((d->fold != NULL) == s->vectors && (d->group != NULL) == s->vectors);
    for (int j = 0; d->group != NULL && j < d->p; j++)
        CU_ASSERT(d->group[j] == file_group(j));
    for (int64_t k = 0; k < d->rows; k++) {
        int i = (int)(d->first + k);
        CU_ASSERT(d->y[k] == file_y(s, i));
        CU_ASSERT(d->weights == NULL || d->weights[k] == file_weight(i));
        CU_ASSERT(d->offset == NULL || d->offset[k] == file_offset(i));
        CU_ASSERT(d->fold == NULL || d->fold[k] == file_fold(i));
    }
}

/* Every number of the file is where it belongs. */
static void check_plain(const file_spec_t *s)
{
    data_t *d = NULL;
    data_options_t options = {.intercept = true};
    CHECK_OK(data_open(test_comm, path, &options, &d));
    if (d == NULL)
        return;
    CU_ASSERT(d->n == s->n && d->p == s->p && d->columns == s->p + 1);
    CU_ASSERT(comm_sum_before(test_comm, d->rows) == d->first);
    CU_ASSERT(comm_sum_one_int(test_comm, d->rows) == s->n);
    for (int64_t k = 0; k < d->rows; k++) {
        for (int j = 0; j < s->p; j++)
            CU_ASSERT(d->X.dense[k * d->columns + j] == file_X(s, (int)(d->first + k), j));
        CU_ASSERT(d->X.dense[k * d->columns + s->p] == 1.0);
    }
    check_vectors(d, s);
    check_texts(d, s);
    data_free(&d);
}

/* A file and arrays of the same numbers become the same data set. */
static void check_standardised(const file_spec_t *s)
{
    data_t *d = NULL, *e = NULL;
    data_options_t options = {.standardize = true};
    double *X = NULL, *y = NULL;
    CHECK_OK(mem_alloc((int64_t)s->n * s->p, sizeof *X, &X));
    CHECK_OK(mem_alloc(s->n, sizeof *y, &y));
    for (int i = 0; i < s->n * s->p; i++)
        X[i] = file_X(s, i / s->p, i % s->p);
    data_arrays_t arrays = {s->n, s->p, X, y, NULL, NULL};
    CHECK_OK(data_open(test_comm, path, &options, &d));
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &e));
    if (d != NULL && e != NULL) {
        CU_ASSERT(memcmp(d->X.dense, e->X.dense, (size_t)(d->rows * d->p) * sizeof *X) == 0);
        CU_ASSERT(memcmp(d->mean, e->mean, (size_t)d->p * sizeof *X) == 0);
        CU_ASSERT(memcmp(d->scale, e->scale, (size_t)d->p * sizeof *X) == 0);
    }
    data_free(&d);
    data_free(&e);
    mem_free(&X);
    mem_free(&y);
}

static void reads_what_was_written(void)
{
    const file_spec_t specs[] = {
        {N, P, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE},
        {N, P, H5T_IEEE_F32LE, H5T_STD_I8LE, H5T_STD_I64LE, .chunk = 4, .labels = true,
         .names = STRINGS_VARIABLE, .vectors = true},
        {N, P, H5T_STD_I16BE, H5T_IEEE_F32BE, H5T_STD_I8LE, .chunk = 100, .labels = true,
         .names = STRINGS_FIXED, .vectors = true},
        {N, P, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .sparse = true,
         .names = STRINGS_FIXED},
        {N, P, H5T_IEEE_F32LE, H5T_STD_I64LE, H5T_STD_I64LE, .sparse = true, .chunk = 7,
         .labels = true, .names = STRINGS_VARIABLE, .vectors = true},
        {2, 1, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .names = STRINGS_FIXED},
        {3, 2, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .sparse = true,
         .names = STRINGS_VARIABLE},
        {20000, 131, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 300},
        {20000, 131, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE},
        {9000, 131, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .sparse = true, .chunk = 10000,
         .names = STRINGS_VARIABLE},
    };
    test_path("plain.h5", path, sizeof path);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        file_write(path, &specs[i]);
        check_plain(&specs[i]);
        check_standardised(&specs[i]);
    }
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static void no_second_copy(void)
{
    const file_spec_t specs[] = {
        {60000, 33, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 5000},
        {60000, 33, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .sparse = true, .chunk = 5000}};
    const data_options_t options = {.standardize = true, .intercept = true};
    const int64_t BUFFERS = 3 << 20;
    test_path("large.h5", path, sizeof path);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        data_t *d = NULL;
        file_write(path, &specs[i]);
        int64_t before = mem_bytes();
        mem_peak_reset();
        CHECK_OK(data_open(test_comm, path, &options, &d));
        if (d != NULL)
            CU_ASSERT(mem_peak() - before <= 8 * d->rows * (d->columns + 2) + BUFFERS);
        data_free(&d);
    }
}

static void drop_y(hid_t file, const void *context)
{
    (void)context;
    H5Ldelete(file, "y", H5P_DEFAULT);
}

static void check_scaled(const file_spec_t *s, bool has_y)
{
    const double mean[2] = {1.0, -2.0}, scale[2] = {4.0, 0.5};
    const data_scaling_t scaling = {2, mean, scale};
    const char *name = path;
    const files_names_t names = {1, &name};
    data_t *d = NULL;
    CHECK_OK(data_open_scaled(test_comm, &names, true, &scaling, &d));
    if (d == NULL)
        return;
    CU_ASSERT(d->standardized && (d->y != NULL) == has_y && d->n == s->n);
    CU_ASSERT(memcmp(d->mean, mean, sizeof mean) == 0);
    CU_ASSERT(memcmp(d->scale, scale, sizeof scale) == 0);
    for (int64_t k = 0; k < d->rows; k++)
        for (int j = 0; j < 3; j++) {
            double raw = j < 2 ? file_X(s, (int)(d->first + k), j) : 1.0;
            double wanted = j < 2 ? (raw - mean[j]) / scale[j] : 1.0;
            CU_ASSERT(d->X.dense[k * 3 + j] == wanted);
        }
    data_free(&d);
}

static void scaled_as_the_model_says(void)
{
    const file_spec_t specs[] = {
        {N, 2, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .labels = true},
        {1, 2, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .sparse = true}};
    test_path("scaled.h5", path, sizeof path);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        file_write(path, &specs[i]);
        check_scaled(&specs[i], true);
        file_edit(path, drop_y, NULL);
        check_scaled(&specs[i], false);
    }
}

/* /offset with a number for each of three classes. */
static void put_offsets(hid_t file, const void *context)
{
    const hsize_t dims[2] = {N, 3};
    file_replace(file, "offset", H5T_NATIVE_DOUBLE, 2, dims, context);
}

static void offsets_of_each_class(void)
{
    const file_spec_t spec = {N, 2, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .vectors = true};
    const data_options_t options = {.intercept = true};
    double offsets[3 * N];
    data_t *d = NULL;
    for (int m = 0; m < 3 * N; m++)
        offsets[m] = 0.5 * m;
    test_path("offsets.h5", path, sizeof path);
    file_write(path, &spec);
    file_edit(path, put_offsets, offsets);
    if (CHECK_OK(data_open(test_comm, path, &options, &d))) {
        CU_ASSERT(d->offsets == 3);
        for (int64_t i = 0; i < d->rows; i++)
            for (int k = 0; k < 3; k++)
                CU_ASSERT(data_offset(d, i, k) == offsets[3 * (d->first + i) + k]);
    }
    data_free(&d);
    offsets[3 * (N - 1) + 1] = NAN;
    file_edit(path, put_offsets, offsets);
    CHECK_FAILS(data_open(test_comm, path, &options, &d), TRALO_ERR_INPUT, "offset row ");
    data_free(&d);
}

void suite_data_open(void)
{
    static const test_case_t cases[] = {
        {"reads what was written", reads_what_was_written},
        {"no second copy of X", no_second_copy},
        {"scaled as the model says", scaled_as_the_model_says},
        {"offsets of each class", offsets_of_each_class},
    };
    REGISTER("data open", cases);
}
