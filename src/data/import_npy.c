/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy arrays: X [n, p] and, in files of their own, y, weights and offset [n]. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "data/import_array.h"
#include "data/import_source.h"

typedef struct npy {
    array_t *X, *y, *weights, *offset; /* weights, offset: NULL without */
    int64_t row;
} npy_t;

/* One number per row of X. */
static int open_vector(const source_t *source, const char *path, array_t **out)
{
    int code = TRALO_OK;
    const npy_t *npy = source->state;
    TRY(array_open(path, source->options->output, out));
    if (array_columns(*out) != 1 || array_rows(*out) != array_rows(npy->X))
        FAIL(TRALO_ERR_INPUT,
             "%s: has shape (%" PRId64 ", %" PRId64 "), but %s has %" PRId64 " rows; "
             "give one number for each",
             path, array_rows(*out), array_columns(*out), source->options->input,
             array_rows(npy->X));
out:
    return code;
}

static int npy_open(source_t *source)
{
    int code = TRALO_OK;
    npy_t *npy = NULL;
    const import_options_t *o = source->options;
    const char *offset = o->offset != NULL ? o->offset : o->log_offset;
    ALLOC(npy, 1);
    source->state = npy;
    TRY(array_open(o->input, o->output, &npy->X));
    if (o->y == NULL)
        FAIL(TRALO_ERR_INPUT, "%s: where is the target? Say --y FILE.npy", o->input);
    TRY(open_vector(source, o->y, &npy->y));
    if (o->weights != NULL)
        TRY(open_vector(source, o->weights, &npy->weights));
    if (offset != NULL)
        TRY(open_vector(source, offset, &npy->offset));
    TRY(source_name_scalars(source, o->weights, offset));
    source->p = (int)array_columns(npy->X);
out:
    return code;
}

static void npy_close(source_t *source)
{
    npy_t *npy = source->state;
    array_close(&npy->X);
    array_close(&npy->y);
    array_close(&npy->weights);
    array_close(&npy->offset);
    mem_free(&npy);
}

static int npy_rewind(source_t *source, bool writing)
{
    int code = TRALO_OK;
    npy_t *npy = source->state;
    (void)writing;
    npy->row = 0;
    TRY(array_rewind(npy->X));
    TRY(array_rewind(npy->y));
    if (npy->weights != NULL)
        TRY(array_rewind(npy->weights));
    if (npy->offset != NULL)
        TRY(array_rewind(npy->offset));
out:
    return code;
}

static int check_number(const source_t *source, import_row_t *row, const char *what, double value)
{
    if (isnan(value))
        return source_missing(source, row, what, "NaN");
    if (isinf(value))
        return source_bad_number(source, row->place, what, value > 0 ? "inf" : "-inf");
    return TRALO_OK;
}

static int take_scalar(const source_t *source, import_row_t *row, array_t *array, const char *what,
                       double *out)
{
    int code = TRALO_OK;
    const double *value = NULL;
    if (array == NULL)
        goto out;
    TRY(array_next(array, &value));
    TRY(check_number(source, row, what, *value));
    *out = *value;
out:
    return code;
}

static int npy_next(source_t *source, import_row_t *row, bool *more)
{
    int code = TRALO_OK;
    npy_t *npy = source->state;
    char name[32];
    TRY(array_next(npy->X, &row->x));
    *more = row->x != NULL;
    if (!*more)
        goto out;
    row->place = npy->row++;
    for (int j = 0; j < source->p; j++) {
        if (isfinite(row->x[j]) && fabs(row->x[j]) <= source_limit(source))
            continue;
        snprintf(name, sizeof name, "%d", j);
        TRY(check_number(source, row, name, row->x[j]));
        if (isfinite(row->x[j]))
            TRY(source_too_large(source, row->place, name, row->x[j]));
    }
    TRY(take_scalar(source, row, npy->y, source->options->y, &row->y));
    TRY(take_scalar(source, row, npy->weights, source->weights, &row->weight));
    TRY(take_scalar(source, row, npy->offset, source->offset, &row->offset));
    if (!row->missing)
        TRY(source_check_scalars(source, row));
out:
    return code;
}

const source_kind_t source_npy = {.name = "NumPy",
                                  .open = npy_open,
                                  .rewind = npy_rewind,
                                  .next = npy_next,
                                  .close = npy_close,
                                  .place = ": row "};
