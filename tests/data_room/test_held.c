/* SPDX-License-Identifier: BSD-3-Clause */
/* X held by its entries, as it is stored, is the X that is held dense. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data/regroup.h"
#include "data_room/h5_files.h"
#include "support.h"

static char path[300];

/* The largest difference of the local rows, and of mean and scale. */
static double difference(const data_t *a, const data_t *b)
{
    double worst = 0.0, *x = NULL, *y = NULL;
    CU_ASSERT(a->rows == b->rows && a->columns == b->columns);
    CHECK_OK(mem_alloc(a->columns, sizeof *x, &x));
    CHECK_OK(mem_alloc(a->columns, sizeof *y, &y));
    for (int64_t i = 0; i < a->rows && a->rows == b->rows && a->columns == b->columns; i++) {
        rows_copy(&a->X, i, 1, x);
        rows_copy(&b->X, i, 1, y);
        for (int j = 0; j < a->columns; j++)
            worst = fmax(worst, fabs(x[j] - y[j]));
    }
    for (int j = 0; j < a->p; j++)
        worst = fmax(worst, fabs(a->mean[j] - b->mean[j]) + fabs(a->scale[j] / b->scale[j] - 1.0));
    mem_free(&x);
    mem_free(&y);
    return worst;
}

/* The same rows for prediction, with a mean and scale from elsewhere. */
static void check_scaled(const file_spec_t *spec, const data_t *trained)
{
    const char *file = path;
    const files_names_t names = {1, &file};
    const data_scaling_t scaling = {spec->p, trained->mean, trained->scale};
    data_t *d = NULL;
    if (CHECK_OK(data_open_scaled(test_comm, &names, trained->intercept, &scaling, &d)))
        CU_ASSERT(difference(d, trained) < 1e-14);
    data_free(&d);
}

static void check(const file_spec_t *spec, data_standardize_t how, bool intercept)
{
    data_options_t options = {.standardize = how, .intercept = intercept};
    data_t *dense = NULL, *sparse = NULL;
    options.storage = DATA_HOLD_DENSE;
    CHECK_OK(data_open(test_comm, path, &options, &dense));
    options.storage = DATA_HOLD_SPARSE;
    CHECK_OK(data_open(test_comm, path, &options, &sparse));
    if (dense != NULL && sparse != NULL) {
        CU_ASSERT(dense->X.sparse == NULL && sparse->X.dense == NULL);
        CU_ASSERT(sparse->standardized == (how != DATA_AS_IT_IS));
        CU_ASSERT(difference(sparse, dense) < 1e-14);
        check_scaled(spec, dense);
    }
    data_free(&dense);
    data_free(&sparse);
}

static void held_as_stored(void)
{
    const file_spec_t specs[] = {{41, 5, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE,
                                  .sparse = true, .names = STRINGS_FIXED},
                                 {41, 5, H5T_IEEE_F32LE, H5T_STD_I64LE, H5T_STD_I64LE,
                                  .sparse = true, .chunk = 7, .names = STRINGS_VARIABLE,
                                  .vectors = true},
                                 {2, 1, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE,
                                  .sparse = true, .names = STRINGS_VARIABLE}};
    test_path("held.h5", path, sizeof path);
    for (int i = 0; i < 3; i++) {
        file_write(path, &specs[i]);
        for (int how = 0; how < 3; how++)
            for (int intercept = 0; intercept < 2; intercept++)
                check(&specs[i], (data_standardize_t)how, intercept == 1);
    }
}

/* Rows in which entries are few, many, in every row, and the same; as arrays. */
enum { N = 60, P = 6 };

static data_t *make(comm_t *comm, data_standardize_t how, data_storage_t storage)
{
    static double X[N * P], y[N];
    const data_options_t options = {how, .intercept = true, .storage = storage};
    const data_arrays_t arrays = {.n = N, .p = P, .X = X, .y = y};
    data_t *d = NULL;
    for (int i = 0; i < N; i++) {
        const double row[P] = {i % 9 == 2 ? 1e6 + i : 0.0,
                               i % 4 != 0 ? 1e6 + i : 0.0,
                               1e6 + i * i % 11,
                               7.1,
                               0.0,
                               i % 5 - 2.0};
        memcpy(X + i * P, row, sizeof row);
        y[i] = i % 2;
    }
    CHECK_OK(data_from_arrays(comm, &arrays, &options, &d));
    return d;
}

static void columns_of_all_sorts(void)
{
    for (int how = 0; how < 3; how++) {
        data_t *dense = make(test_comm, (data_standardize_t)how, DATA_AUTO);
        data_t *sparse = make(test_comm, (data_standardize_t)how, DATA_HOLD_SPARSE);
        if (dense != NULL && sparse != NULL) {
            const csr_t *A = sparse->X.sparse;
            CU_ASSERT(dense->X.dense != NULL && A != NULL);
            CU_ASSERT(difference(sparse, dense) < (how == DATA_STANDARDIZE ? 1e-14 : 1e-9));
            for (int j = 0; A != NULL && j < P; j++) /* what csr.h promises */
                CU_ASSERT(fabs(A->shift[j]) <= 1.0);
            if (how != DATA_STANDARDIZE)
                CU_ASSERT(sparse->mean[0] == 0.0 && sparse->mean[2] == 0.0);
            CU_ASSERT(sparse->scale[3] == 1.0);
        }
        data_free(&dense);
        data_free(&sparse);
    }
}

/* Every group of ranks has all rows. */
static void regrouped(void)
{
    comm_t *group = NULL;
    data_t *whole = make(test_comm, DATA_STANDARDIZE, DATA_HOLD_SPARSE), *part = NULL, *own = NULL;
    if (!CHECK_OK(comm_split(test_comm, comm_rank(test_comm) % 2, &group)))
        return;
    own = make(group, DATA_STANDARDIZE, DATA_HOLD_DENSE);
    if (whole != NULL && own != NULL && CHECK_OK(data_regroup(whole, group, &part))) {
        CU_ASSERT(part->X.sparse != NULL && part->n == N && part->first == own->first);
        CU_ASSERT(difference(part, own) < 1e-13);
        CU_ASSERT(memcmp(part->y, own->y, (size_t)own->rows * sizeof *own->y) == 0);
    }
    data_free(&part);
    data_free(&own);
    data_free(&whole);
    comm_free(&group);
}

void suite_held(void);
void suite_held(void)
{
    static const test_case_t cases[] = {
        {"held as stored", held_as_stored},
        {"columns of all sorts", columns_of_all_sorts},
        {"regrouped", regrouped},
    };
    REGISTER("held", cases);
}
