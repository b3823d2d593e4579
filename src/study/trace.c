/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/trace.h"

#include "data/h5.h"

enum { CHUNK_ROWS = 64, CHUNK_BYTES = 1 << 20 };

#define ROW(name, type, wide)                                                                      \
    {                                                                                              \
#name, offsetof(result_evaluation_t, name), type, wide                                     \
    }
const trace_row_t trace_rows[TRACE_COLUMNS] = {
    [TRACE_NUMBER] = ROW(number, FIELD_LONG, false),
    [TRACE_PHASE] = ROW(phase, FIELD_TEXT, false),
    [TRACE_THETA] = ROW(theta, FIELD_REAL, true),
    [TRACE_VALUES] = ROW(values, FIELD_REAL, true),
    [TRACE_ORDER] = ROW(order, FIELD_INT, false),
    [TRACE_F] = ROW(f, FIELD_REAL, false),
    [TRACE_GRADIENT_NORM] = ROW(gradient_norm, FIELD_REAL, false),
    [TRACE_RADIUS] = ROW(radius, FIELD_REAL, false),
    [TRACE_ACCEPTED] = ROW(accepted, FIELD_BOOL, false),
    [TRACE_INNER_ITERATIONS] = ROW(inner_iterations, FIELD_LONG, false),
    [TRACE_PRODUCTS] = ROW(products, FIELD_LONG, false),
    [TRACE_CG_PRODUCTS] = ROW(cg_products, FIELD_LONG, false),
    [TRACE_READ_PASSES] = ROW(read_passes, FIELD_LONG, false),
    [TRACE_GROUP] = ROW(group, FIELD_INT, false),
    [TRACE_STARTED] = ROW(started, FIELD_REAL, false),
    [TRACE_SECONDS] = ROW(seconds, FIELD_REAL, false),
    [TRACE_FAILURE] = ROW(failure, FIELD_TEXT, false),
};

trace_t trace_none(void)
{
    trace_t trace = {.rows = 0};
    for (int column = 0; column < TRACE_COLUMNS; column++)
        trace.sets[column] = H5I_INVALID_HID;
    return trace;
}

/* Of a wide column: about a megabyte. */
static hsize_t wide_rows(int count)
{
    const int64_t rows = CHUNK_BYTES / ((int64_t)sizeof(double) * count);
    return (hsize_t)(rows < 1 ? 1 : rows > CHUNK_ROWS ? CHUNK_ROWS : rows);
}

int64_t trace_chunks(const trace_t *trace)
{
    const int64_t wide = (int64_t)wide_rows(trace->count) * trace->count;
    return (int64_t)sizeof(double) * (2 * wide + (int64_t)CHUNK_ROWS * 2 * TRACE_COLUMNS);
}

static hid_t type_of(const trace_t *trace, int column)
{
    const field_type_t type = trace_rows[column].type;
    return type == FIELD_TEXT ? trace->text : field_memory_type(type);
}

/* An empty dataset [0, ...] that can grow. */
static int create_column(hid_t group, int column, trace_t *trace)
{
    int code = TRALO_OK;
    const bool wide = trace_rows[column].wide;
    const int rank = wide ? 2 : 1;
    hsize_t size[2] = {0, (hsize_t)trace->count}, most[2] = {H5S_UNLIMITED, size[1]};
    hsize_t chunk[2] = {wide ? wide_rows(trace->count) : CHUNK_ROWS, size[1]};
    hid_t space = H5Screate_simple(rank, size, most), plan = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plan, rank, chunk);
    trace->sets[column] = H5Dcreate2(group, trace_rows[column].name, type_of(trace, column), space,
                                     H5P_DEFAULT, plan, H5P_DEFAULT);
    if (trace->sets[column] < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot create /trace/%s: %s", trace->path,
             trace_rows[column].name, h5_reason());
out:
    h5_close(&plan);
    h5_close(&space);
    return code;
}

int trace_create(hid_t group, const char *path, hid_t text, int count, trace_t *trace)
{
    int code = TRALO_OK;
    *trace = trace_none();
    trace->path = path;
    trace->text = text;
    trace->count = count;
    for (int column = 0; column < TRACE_COLUMNS; column++)
        TRY(create_column(group, column, trace));
out:
    return code;
}

static int append_column(const trace_t *trace, int column, const void *value)
{
    int code = TRALO_OK, rank = trace_rows[column].wide ? 2 : 1;
    hsize_t width = (hsize_t)trace->count;
    hsize_t size[2] = {trace->rows + 1, width}, start[2] = {trace->rows, 0}, one[2] = {1, width};
    hid_t set = trace->sets[column], from = H5Screate_simple(rank, one, NULL);
    hid_t to = H5Dset_extent(set, size) < 0 ? H5I_INVALID_HID : H5Dget_space(set);
    if (to < 0 || H5Sselect_hyperslab(to, H5S_SELECT_SET, start, NULL, one, NULL) < 0 ||
        H5Dwrite(set, type_of(trace, column), from, to, H5P_DEFAULT, value) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot add to /trace/%s: %s", trace->path,
             trace_rows[column].name, h5_reason());
out:
    h5_close(&from);
    h5_close(&to);
    return code;
}

int trace_append(const trace_t *trace, const result_evaluation_t *evaluation)
{
    int code = TRALO_OK;
    result_evaluation_t row = *evaluation;
    row.failure = row.failure == NULL ? "" : row.failure;
    for (int column = 0; column < TRACE_COLUMNS; column++) {
        const void *field = (const char *)&row + trace_rows[column].offset;
        TRY(append_column(trace, column,
                          trace_rows[column].wide ? *(const void *const *)field : field));
    }
out:
    return code;
}

void trace_close(trace_t *trace)
{
    for (int column = 0; column < TRACE_COLUMNS; column++)
        h5_close(&trace->sets[column]);
}
