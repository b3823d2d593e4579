/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/data.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/touch.h"
#include "data/build.h"
#include "data/sparse.h"
#include "data/stream.h"
#include "data/sum.h"
#include "linalg/panel.h"

void data_partition(int64_t n, int rank, int size, int64_t *first, int64_t *rows)
{
    int64_t each = n / size, longer = n % size;
    *first = rank * each + (rank < longer ? rank : longer);
    *rows = each + (rank < longer ? 1 : 0);
}

void data_free(data_t **data)
{
    data_t *d = *data;
    if (d == NULL)
        return;
    rows_stream_close(&d->X.stream);
    mem_free(&d->X.dense);
    sparse_free(&d->X.sparse);
    mem_free(&d->y);
    mem_free(&d->weights);
    mem_free(&d->offset);
    mem_free(&d->fold);
    mem_free(&d->group);
    mem_free(&d->mean);
    mem_free(&d->scale);
    for (int j = 0; d->names != NULL && j < d->p; j++)
        mem_free(&d->names[j]);
    mem_free(&d->names);
    for (int k = 0; d->labels != NULL && k < d->label_count; k++)
        mem_free(&d->labels[k]);
    mem_free(&d->labels);
    mem_free(&d->target);
    mem_free(&d->title);
    mem_free(data);
}

int data_failure(const data_t *data)
{
    return data->X.stream != NULL ? rows_stream_failure(data->X.stream) : TRALO_OK;
}

data_reading_t data_reading(const data_t *data)
{
    if (data->X.stream == NULL)
        return (data_reading_t){0};
    const rows_stream_counters_t c = rows_stream_counters(data->X.stream);
    return (data_reading_t){c.passes, c.bytes, c.waited};
}

int data_intact(const data_t *data)
{
    if (data->X.stream == NULL)
        return TRALO_OK;
    const int mine = data_failure(data), code = comm_agree(data->comm, mine);
    if (code != TRALO_OK)
        rows_stream_fail(data->X.stream, code, tralo_error_message());
    return code;
}

static int allocate_vectors(data_t *d, const data_shape_t *shape)
{
    int code = TRALO_OK;
    if (shape->y)
        ALLOC(d->y, d->rows);
    if (shape->weights)
        ALLOC(d->weights, d->rows);
    if (shape->offsets > 0)
        ALLOC(d->offset, d->rows * shape->offsets);
    d->offsets = shape->offsets;
    if (shape->fold)
        ALLOC(d->fold, d->rows);
    if (shape->group)
        ALLOC(d->group, d->p);
    ALLOC(d->mean, d->p);
    ALLOC(d->scale, d->p);
    for (int j = 0; j < d->p; j++)
        d->scale[j] = 1.0;
out:
    return code;
}

/* Dense rows, whose pages the threads touch first that will work on the panels. */
static int allocate_dense(data_t *d)
{
    int code = TRALO_OK;
    const int64_t width = d->columns, row = width * (int64_t)sizeof *d->X.dense;
    int64_t count;
    ALLOC(d->X.dense, __builtin_mul_overflow(d->rows, width, &count) ? -1 : count);
    touch_first(d->X.dense, d->rows * row, panel_rows(d->columns) * row);
out:
    return code;
}

int data_create(comm_t *comm, const data_shape_t *shape, data_t **out)
{
    int code = TRALO_OK;
    data_t *d = NULL;
    ALLOC(d, 1);
    d->comm = comm;
    d->n = shape->n;
    d->p = shape->p;
    d->columns = shape->p + (shape->intercept ? 1 : 0);
    d->intercept = shape->intercept;
    data_partition(d->n, comm_rank(comm), comm_size(comm), &d->first, &d->rows);
    d->X.rows = d->rows;
    d->X.columns = d->columns;
    if (!shape->sparse && !shape->streamed)
        TRY(allocate_dense(d));
    TRY(allocate_vectors(d, shape));
    *out = d;
    d = NULL;
out:
    data_free(&d);
    return code;
}

static int sum_weights(data_t *data, const char *where)
{
    int code = TRALO_OK;
    double sum = 0.0, lost = 0.0;
    for (int64_t i = 0; i < data->rows; i++)
        sum_add(&sum, &lost, data->weights == NULL ? 1.0 : data->weights[i]);
    double total = comm_sum_one(data->comm, sum + lost);
    if (total == 0.0)
        FAIL(TRALO_ERR_INPUT, "%sweights are all 0: at least one row must count", where);
    if (!isfinite(total))
        FAIL(TRALO_ERR_INPUT, "%sweights are so large that their sum overflows", where);
    data->weight_sum = total;
out:
    return code;
}

/* A y that is the same in every row is told by the intercept alone. */
static int check_target(const data_t *data, const char *where)
{
    int code = TRALO_OK;
    double ends[2] = {-INFINITY, -INFINITY}; /* largest -y and y */
    if (!data->intercept || data->offset != NULL)
        return TRALO_OK;
    for (int64_t i = 0; i < data->rows; i++) {
        ends[0] = fmax(ends[0], -data->y[i]);
        ends[1] = fmax(ends[1], data->y[i]);
    }
    comm_max(data->comm, ends, 2);
    if (ends[0] == -ends[1])
        FAIL(TRALO_ERR_INPUT, "%sy is %g in every row: there is nothing to learn", where, ends[1]);
out:
    return code;
}

static void add_ones(data_t *data)
{
    if (data->X.sparse != NULL)
        data->X.sparse->shift[data->p] = -1.0;
    for (int64_t i = 0; data->X.dense != NULL && i < data->rows; i++)
        data->X.dense[i * data->columns + data->p] = 1.0;
}

int data_finish(data_t *data, const char *where, data_standardize_t standardize,
                const data_scaling_t *scaling)
{
    int code = TRALO_OK;
    TRY(sum_weights(data, where));
    if (scaling == NULL)
        TRY(check_target(data, where));
    if (scaling != NULL)
        TRY(data_scale(data, scaling));
    else if (standardize != DATA_AS_IT_IS)
        TRY(data_standardize(data, where, standardize == DATA_STANDARDIZE));
    data->standardized = standardize != DATA_AS_IT_IS || scaling != NULL;
    if (data->intercept)
        add_ones(data);
out:
    return code;
}

/* This rank's rows of `each` numbers. */
static void copy_part(double *to, const double *whole, int each, const data_t *data)
{
    if (whole != NULL)
        memcpy(to, whole + data->first * each, (size_t)(data->rows * each) * sizeof *to);
}

static int build(comm_t *comm, const data_arrays_t *arrays, bool intercept, data_t **out)
{
    int code = TRALO_OK;
    data_t *d = NULL;
    const int each = arrays->offsets > 1 ? arrays->offsets : 1;
    data_shape_t shape = {.n = arrays->n,
                          .p = arrays->p,
                          .intercept = intercept,
                          .y = true,
                          .weights = arrays->weights != NULL,
                          .offsets = arrays->offset != NULL ? each : 0};
    if (arrays->n < 2)
        FAIL(TRALO_ERR_INPUT, "X has %" PRId64 " rows: at least 2 are needed", arrays->n);
    if (arrays->p < 1 || arrays->p == INT_MAX)
        FAIL(TRALO_ERR_INPUT, "X has %d columns: 1 to %d are possible", arrays->p, INT_MAX - 1);
    TRY(data_create(comm, &shape, &d));
    for (int64_t i = 0; i < d->rows; i++)
        memcpy(d->X.dense + i * d->columns, arrays->X + (d->first + i) * d->p,
               (size_t)d->p * sizeof *d->X.dense);
    copy_part(d->y, arrays->y, 1, d);
    copy_part(d->weights, arrays->weights, 1, d);
    copy_part(d->offset, arrays->offset, each, d);
    *out = d;
    d = NULL;
out:
    data_free(&d);
    return code;
}

int data_from_arrays(comm_t *comm, const data_arrays_t *arrays, const data_options_t *options,
                     data_t **out)
{
    int code = TRALO_OK;
    data_t *d = NULL;
    TRY(comm_agree(comm, build(comm, arrays, options->intercept, &d)));
    const data_place_t place = {.where = "", .row = d->first};
    TRY(comm_agree(comm, data_check_rows(d, &place, 0, d->rows)));
    TRY(comm_agree(comm, data_check_vectors(d, &place, 0, d->rows)));
    if (options->storage == DATA_HOLD_SPARSE)
        TRY(comm_agree(comm, sparse_from_dense(d)));
    TRY(data_finish(d, "", options->standardize, NULL));
    *out = d;
    d = NULL;
out:
    data_free(&d);
    return code;
}
