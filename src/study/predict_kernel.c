/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/predict_kernel.h"

#include <cblas.h>
#include <hdf5.h>
#include <inttypes.h>
#include <math.h>

#include "base/mem.h"
#include "data/h5.h"
#include "kernel/kernel.h"

enum { TRAINING = 512, ROWS = 256 }; /* of a block */

typedef struct work {
    const char *path; /* borrowed, as the next two */
    const result_t *model;
    const data_t *data;
    hid_t file, rows; /* the result, and /result/training_rows in it */
    kernel_t kernel;
    double *block;           /* [TRAINING, p] training rows */
    double *pairs;           /* [ROWS, TRAINING] */
    double *x;               /* [ROWS, columns] rows of the data */
    kernel_values_t values;  /* of these */
    double square[TRAINING]; /* |x_i|^2 of the block */
} work_t;

static int open_rows(work_t *w)
{
    int code = TRALO_OK, rank = 0;
    int64_t dims[2] = {0};
    TRY(h5_open(w->path, &w->file));
    if (!h5_has(w->file, "/result/training_rows"))
        FAIL(TRALO_ERR_INPUT,
             "%s: /result/training_rows is missing, so this is not a whole result of tralo",
             w->path);
    w->rows = H5Dopen2(w->file, "/result/training_rows", H5P_DEFAULT);
    if (w->rows < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read /result/training_rows: %s", w->path, h5_reason());
    TRY(h5_dims(w->rows, "/result/training_rows", 2, dims, &rank));
    if (rank != 2 || dims[0] != w->model->n || dims[1] != w->model->p)
        FAIL(TRALO_ERR_INPUT, "%s: /result/training_rows has the wrong shape", w->path);
out:
    return code;
}

static int prepare(work_t *w)
{
    int code = TRALO_OK;
    const result_t *model = w->model;
    const kernel_kind_t *kind = kernel_find(model->kernel);
    if (kind == NULL || model->count != 1 + kind->own)
        FAIL(TRALO_ERR_INPUT,
             "the model's kernel '%s' with %d hyperparameters is not known to "
             "this version",
             model->kernel, model->count);
    w->kernel = kernel_configured(kind, &model->kernel_degree);
    TRY(open_rows(w));
    ALLOC(w->block, (int64_t)TRAINING * model->p);
    ALLOC(w->pairs, (int64_t)ROWS * TRAINING);
    ALLOC(w->x, (int64_t)ROWS * w->data->columns);
    TRY(kernel_values_create(&w->kernel, (int64_t)ROWS * TRAINING, &w->values));
out:
    return code;
}

/* Rows begin .. begin + count of the training rows into the block. */
static int read_block(work_t *w, int64_t begin, int count)
{
    int code = TRALO_OK;
    const int p = w->model->p;
    hsize_t start[2] = {(hsize_t)begin, 0}, size[2] = {(hsize_t)count, (hsize_t)p};
    hid_t from = H5Dget_space(w->rows), to = H5Screate_simple(2, size, NULL);
    H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, size, NULL);
    if (H5Dread(w->rows, H5T_NATIVE_DOUBLE, to, from, H5P_DEFAULT, w->block) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read /result/training_rows: %s", w->path, h5_reason());
    for (int i = 0; i < count; i++) {
        const double *x = w->block + (int64_t)i * p;
        w->square[i] = cblas_ddot(p, x, 1, x, 1);
    }
out:
    h5_close(&from);
    h5_close(&to);
    return code;
}

/* u += the share of the block, training rows begin .. begin + count, for `rows` rows of the data in
 * x.
 */
static void add_block(work_t *w, int64_t begin, int count, int rows, double *u)
{
    const int p = w->model->p, width = w->data->columns;
    const double *x = w->x;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, rows, p, 1.0, w->block, p, x, width,
                0.0, w->pairs, count);
    for (int i = 0; w->kernel.kind->distance && i < rows; i++) {
        const double *row = x + (int64_t)i * width;
        double square = cblas_ddot(p, row, 1, row, 1), *z = w->pairs + (int64_t)i * count;
        for (int k = 0; k < count; k++)
            z[k] = fmax(square + w->square[k] - 2.0 * z[k], 0.0);
    }
    kernel_at(&w->kernel, w->model->theta, (int64_t)rows * count, w->pairs, 0, &w->values);
    cblas_dgemv(CblasColMajor, CblasTrans, count, rows, 1.0, w->values.k, count,
                w->model->alpha + begin, 1, 1.0, u, 1);
}

int predict_kernel(const char *path, const result_t *model, const data_t *data, double *u)
{
    int code = TRALO_OK;
    work_t w = {.path = path,
                .model = model,
                .data = data,
                .file = H5I_INVALID_HID,
                .rows = H5I_INVALID_HID};
    h5_quiet_t before = h5_quiet_begin();
    TRY(prepare(&w));
    for (int64_t i = 0; i < data->rows; i++)
        u[i] = model->intercept[0];
    for (int64_t begin = 0; begin < model->n; begin += TRAINING) {
        int count = (int)(model->n - begin < TRAINING ? model->n - begin : TRAINING);
        TRY(read_block(&w, begin, count));
        for (int64_t i = 0; i < data->rows; i += ROWS) {
            int rows = (int)(data->rows - i < ROWS ? data->rows - i : ROWS);
            rows_copy(&data->X, i, rows, w.x);
            add_block(&w, begin, count, rows, u + i);
        }
    }
out:
    h5_close(&w.rows);
    h5_close(&w.file);
    h5_quiet_end(&before);
    mem_free(&w.block);
    mem_free(&w.pairs);
    mem_free(&w.x);
    kernel_values_free(&w.values);
    return code;
}
