/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data/data.h"
#include "support.h"

enum { N = 23, P = 4 };

static double X[N * P], y[N], weights[N], offset[N];
static const data_arrays_t arrays = {N, P, X, y, weights, offset};

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++)
            X[i * P + j] = 100.0 * j + (1.0 + j) * rng_normal(1, (uint64_t)j, (uint64_t)i);
        y[i] = rng_normal(2, 0, (uint64_t)i);
        weights[i] = rng_uniform(2, 1, (uint64_t)i);
        offset[i] = rng_normal(2, 2, (uint64_t)i);
    }
}

static void partition_covers_every_row_once(void)
{
    for (int64_t n = 0; n < 20; n++)
        for (int size = 1; size < 8; size++) {
            int64_t next = 0, least = n, most = 0;
            for (int rank = 0; rank < size; rank++) {
                int64_t first, rows;
                data_partition(n, rank, size, &first, &rows);
                CU_ASSERT(first == next);
                next += rows;
                least = rows < least ? rows : least;
                most = rows > most ? rows : most;
            }
            CU_ASSERT(next == n && most - least <= 1);
        }
    int64_t first, rows;
    data_partition(INT64_C(5000000000), 6, 7, &first, &rows);
    CU_ASSERT(first + rows == INT64_C(5000000000));
}

static void each_rank_keeps_its_rows(void)
{
    data_t *d = NULL;
    data_options_t options = {.intercept = true};
    double weight_sum = 0.0;
    fill();
    for (int i = 0; i < N; i++)
        weight_sum += weights[i];
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &d));
    if (d == NULL)
        return;
    CU_ASSERT(d->n == N && d->p == P && d->columns == P + 1 && d->intercept && !d->standardized);
    CU_ASSERT(comm_sum_one_int(test_comm, d->rows) == N);
    CU_ASSERT(comm_sum_before(test_comm, d->rows) == d->first);
    for (int64_t i = 0; i < d->rows; i++) {
        int64_t row = d->first + i;
        CU_ASSERT(memcmp(d->X.dense + i * d->columns, X + row * P, P * sizeof *X) == 0);
        CU_ASSERT(d->X.dense[i * d->columns + P] == 1.0);
        CU_ASSERT(d->y[i] == y[row] && d->weights[i] == weights[row]);
        CU_ASSERT(d->offset[i] == offset[row]);
    }
    CHECK_CLOSE(d->weight_sum, weight_sum, 1e-15);
    CU_ASSERT(d->fold == NULL && d->group == NULL && d->names == NULL && d->target == NULL);
    data_free(&d);
    CU_ASSERT(d == NULL);
    data_free(&d);
}

/* Mean and deviation in long double. */
static void moments(int j, double *mean, double *scale)
{
    long double sum = 0.0L, squares = 0.0L;
    for (int i = 0; i < N; i++)
        sum += X[i * P + j];
    for (int i = 0; i < N; i++)
        squares += (X[i * P + j] - sum / N) * (X[i * P + j] - sum / N);
    *mean = (double)(sum / N);
    *scale = (double)sqrtl(squares / N);
}

static void standardised_as_in_serial(void)
{
    data_t *d = NULL;
    data_options_t options = {.standardize = true};
    fill();
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &d));
    for (int j = 0; d != NULL && j < P; j++) {
        double mean, scale;
        moments(j, &mean, &scale);
        CHECK_CLOSE(d->mean[j], mean, 4e-16);
        CHECK_CLOSE(d->scale[j], scale, 4e-16);
        for (int64_t i = 0; i < d->rows; i++)
            CHECK_CLOSE(d->X.dense[i * d->columns + j], (X[(d->first + i) * P + j] - mean) / scale,
                        1e-13);
    }
    CU_ASSERT(d != NULL && d->standardized && d->columns == P);
    data_free(&d);
}

static void many_rows_do_not_lose_digits(void)
{
    enum { ROWS = 100000 };
    double *x = NULL, *zeros = NULL;
    data_t *d = NULL;
    data_options_t options = {.standardize = true};
    CHECK_OK(mem_alloc(ROWS, sizeof *x, &x));
    CHECK_OK(mem_alloc(ROWS, sizeof *zeros, &zeros));
    for (int i = 0; i < ROWS; i++)
        x[i] = 1e6 + 0.1 * (i % 10);
    data_arrays_t tall = {ROWS, 1, x, zeros, NULL, NULL};
    CHECK_OK(data_from_arrays(test_comm, &tall, &options, &d));
    if (d != NULL) {
        CHECK_CLOSE(d->mean[0] / (1e6 + 0.45), 1.0, 3e-16);
        CHECK_CLOSE(d->scale[0], sqrt(0.0825), 1e-9);
        CU_ASSERT(d->weight_sum == ROWS);
    }
    data_free(&d);
    mem_free(&x);
    mem_free(&zeros);
}

static void constant_columns_become_zero(void)
{
    data_t *d = NULL;
    data_options_t options = {.standardize = true, .intercept = true};
    fill();
    for (int i = 0; i < N; i++) {
        X[i * P] = 0.1;
        X[i * P + 1] = 0.0;
        X[i * P + 2] = i % 2 == 0 ? 1e-30 : 2e-30;
    }
    CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &d));
    if (d == NULL)
        return;
    CHECK_CLOSE(d->mean[0], 0.1, 1e-16);
    CU_ASSERT(d->scale[0] == 1.0 && d->scale[1] == 1.0 && d->mean[1] == 0.0);
    CU_ASSERT(d->scale[2] > 4e-31 && d->scale[2] < 6e-31);
    for (int64_t i = 0; i < d->rows; i++)
        CU_ASSERT(d->X.dense[i * d->columns] == 0.0 && d->X.dense[i * d->columns + 1] == 0.0 &&
                  d->X.dense[i * d->columns + P] == 1.0);
    data_free(&d);
}

static void more_ranks_than_rows(void)
{
    data_t *d = NULL;
    data_options_t options = {.standardize = true, .intercept = true};
    const data_arrays_t two = {2, 1, (const double[]){1.0, 5.0}, y, NULL, NULL};
    CHECK_OK(data_from_arrays(test_comm, &two, &options, &d));
    if (d == NULL)
        return;
    CU_ASSERT(d->mean[0] == 3.0 && d->scale[0] == 2.0 && d->weight_sum == 2.0);
    CU_ASSERT(d->rows == 0 || d->X.dense[0] == (d->first == 0 ? -1.0 : 1.0));
    data_free(&d);
}

static void fails(const data_arrays_t *bad, const char *message)
{
    data_t *d = NULL;
    data_options_t options = {.standardize = true};
    CHECK_FAILS(data_from_arrays(test_comm, bad, &options, &d), TRALO_ERR_INPUT, message);
    CU_ASSERT(d == NULL);
}

static void bad_numbers_are_named(void)
{
    fill();
    fails(&(data_arrays_t){1, P, X, y, NULL, NULL}, "X has 1 rows: at least 2 are needed");
    fails(&(data_arrays_t){N, 0, X, y, NULL, NULL}, "X has 0 columns");
    X[20 * P + 1] = INFINITY;
    X[21 * P + 0] = NAN;
    fails(&arrays, "X row 20, column 1 is inf");
    fill();
    y[9] = NAN;
    fails(&arrays, "y row 9 is nan");
    fill();
    weights[22] = INFINITY;
    fails(&arrays, "weights row 22 is inf");
    weights[22] = -0.5;
    fails(&arrays, "weights row 22 is -0.5: it must not be negative");
    memset(weights, 0, sizeof weights);
    fails(&arrays, "weights are all 0");
    weights[0] = weights[1] = 1e308;
    fails(&arrays, "weights are so large that their sum overflows");
    fill();
    offset[3] = NAN;
    fails(&arrays, "offset row 3 is nan");
    fill();
    X[0] = 1e200;
    fails(&arrays, "X column 0 holds numbers too large to be standardised");
}

static void every_allocation_may_fail(void)
{
    data_options_t options = {.standardize = true, .intercept = true};
    bool done = false;
    fill();
    int64_t live = mem_live();
    for (int rank = 0; rank < comm_size(test_comm); rank++, done = false)
        for (int k = 0; k < 100 && !done; k++) {
            data_t *d = NULL;
            mem_fail_at(comm_rank(test_comm) == rank ? k : -1);
            int code = data_from_arrays(test_comm, &arrays, &options, &d);
            mem_fail_at(-1);
            done = code == TRALO_OK;
            CU_ASSERT(done ? d != NULL && k > 8 : code == TRALO_ERR_MEMORY && d == NULL);
            CU_ASSERT(comm_same(test_comm, &code, sizeof code));
            data_free(&d);
            CU_ASSERT(mem_live() == live);
        }
}

void suite_data_arrays(void)
{
    static const test_case_t cases[] = {
        {"partition covers every row once", partition_covers_every_row_once},
        {"each rank keeps its rows", each_rank_keeps_its_rows},
        {"standardised as in serial", standardised_as_in_serial},
        {"many rows do not lose digits", many_rows_do_not_lose_digits},
        {"constant columns become zero", constant_columns_become_zero},
        {"more ranks than rows", more_ranks_than_rows},
        {"bad numbers are named", bad_numbers_are_named},
        {"every allocation may fail, on any rank", every_allocation_may_fail},
    };
    REGISTER("data arrays", cases);
}
