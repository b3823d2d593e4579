/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/h5.h"
#include "study/result_fields.h"
#include "base/text.h"

enum { CHUNK_ROWS = 64 };

/* Columns of /trace. */
typedef enum trace_column {
    TRACE_NUMBER,
    TRACE_PHASE,
    TRACE_THETA,
    TRACE_ORDER,
    TRACE_F,
    TRACE_GRADIENT_NORM,
    TRACE_RADIUS,
    TRACE_ACCEPTED,
    TRACE_INNER_ITERATIONS,
    TRACE_PRODUCTS,
    TRACE_CG_PRODUCTS,
    TRACE_READ_PASSES,
    TRACE_SECONDS,
    TRACE_FAILURE,
    TRACE_COLUMNS
} trace_column_t;

typedef struct trace_row {
    const char *name;
    field_type_t type;
    size_t offset; /* in result_evaluation_t */
} trace_row_t;

#define ROW(name, type)                                                                            \
    {                                                                                              \
#name, type, offsetof(result_evaluation_t, name)                                           \
    }
static const trace_row_t trace_rows[TRACE_COLUMNS] = {
    [TRACE_NUMBER] = ROW(number, FIELD_LONG),
    [TRACE_PHASE] = ROW(phase, FIELD_TEXT),
    [TRACE_THETA] = ROW(theta, FIELD_REAL),
    [TRACE_ORDER] = ROW(order, FIELD_INT),
    [TRACE_F] = ROW(f, FIELD_REAL),
    [TRACE_GRADIENT_NORM] = ROW(gradient_norm, FIELD_REAL),
    [TRACE_RADIUS] = ROW(radius, FIELD_REAL),
    [TRACE_ACCEPTED] = ROW(accepted, FIELD_BOOL),
    [TRACE_INNER_ITERATIONS] = ROW(inner_iterations, FIELD_LONG),
    [TRACE_PRODUCTS] = ROW(products, FIELD_LONG),
    [TRACE_CG_PRODUCTS] = ROW(cg_products, FIELD_LONG),
    [TRACE_READ_PASSES] = ROW(read_passes, FIELD_LONG),
    [TRACE_SECONDS] = ROW(seconds, FIELD_REAL),
    [TRACE_FAILURE] = ROW(failure, FIELD_TEXT),
};

struct result_file {
    comm_t *comm;               /* borrowed */
    char *path, *part;          /* rank 0; owned */
    hid_t file, text;           /* rank 0; text: the type of texts */
    hid_t trace[TRACE_COLUMNS]; /* rank 0 */
    int count;                  /* S */
    hsize_t rows;               /* in /trace */
};

/* ---- opening ----------------------------------------------------------------------------------
 */

static int check_output(const char *output)
{
    struct stat status;
    if (output[0] == '\0' || output[strlen(output) - 1] == '/')
        return error_raise(TRALO_ERR_FILE, "the output '%s' is not the name of a file", output);
    if (stat(output, &status) == 0 && S_ISDIR(status.st_mode))
        return error_raise(TRALO_ERR_FILE, "cannot write the output %s: it is a folder", output);
    if (path_special(output))
        return error_raise(TRALO_ERR_FILE,
                           "cannot write the output %s: it is not a regular file; HDF5 needs one",
                           output);
    return TRALO_OK;
}

static int set_paths(result_file_t *file, const char *output)
{
    int code = TRALO_OK;
    text_t part = {0};
    TRY(mem_string(output, &file->path));
    TRY(text_add(&part, "%s.part", output));
    file->part = part.data;
    part.data = NULL;
out:
    mem_free(&part.data);
    return code;
}

/* The message of the last failure with the name of the file in front. */
static int in_file(const result_file_t *file, int code)
{
    if (code == TRALO_OK)
        return TRALO_OK;
    return error_raise(code, "%s: %s", file->part, tralo_error_message());
}

static int write_text(const result_file_t *file, hid_t at, const char *name, const char *text)
{
    return in_file(file, h5_write_numbers(at, name, file->text, 0, NULL, &text));
}

static hid_t trace_type(const result_file_t *file, int column)
{
    field_type_t type = trace_rows[column].type;
    return type == FIELD_TEXT ? file->text : field_memory_type(type);
}

/* An empty dataset [0, ...] that can grow. */
static int create_column(result_file_t *file, hid_t group, int column)
{
    int code = TRALO_OK, rank = column == TRACE_THETA ? 2 : 1;
    hsize_t size[2] = {0, (hsize_t)file->count}, most[2] = {H5S_UNLIMITED, size[1]};
    hsize_t chunk[2] = {CHUNK_ROWS, size[1]};
    hid_t space = H5Screate_simple(rank, size, most), plan = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plan, rank, chunk);
    file->trace[column] = H5Dcreate2(group, trace_rows[column].name, trace_type(file, column),
                                     space, H5P_DEFAULT, plan, H5P_DEFAULT);
    if (file->trace[column] < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot create /trace/%s: %s", file->part, trace_rows[column].name,
             h5_reason());
out:
    h5_close(&plan);
    h5_close(&space);
    return code;
}

static int make_group(const result_file_t *file, const char *name, hid_t *out)
{
    int code = TRALO_OK;
    hid_t group = H5Gcreate2(file->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot create %s: %s", file->part, name, h5_reason());
    *out = group;
out:
    return code;
}

/* Room for a new chunk of every column and what HDF5 notes of it. */
static int reserve(const result_file_t *file)
{
    return h5_reserve(file->file, file->part,
                      (int64_t)sizeof(double) * CHUNK_ROWS * (file->count + 2 * TRACE_COLUMNS) +
                          65536);
}

/* Gives back the room that was not needed. */
static void release(const result_file_t *file)
{
    struct stat status;
    if (stat(file->part, &status) == 0 && truncate(file->part, status.st_size) != 0)
        log_detail("%s takes more room on the disk than it needs", file->part);
}

static int flush(const result_file_t *file)
{
    int code = TRALO_OK;
    TRY(reserve(file));
    if (H5Fflush(file->file, H5F_SCOPE_LOCAL) < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", file->part, h5_reason());
out:
    return code;
}

static int start_file(result_file_t *file, const char *config)
{
    int code = TRALO_OK;
    hid_t group = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    TRY(h5_create(file->part, &file->file));
    file->text = H5Tcopy(H5T_C_S1);
    H5Tset_size(file->text, H5T_VARIABLE);
    H5Tset_cset(file->text, H5T_CSET_UTF8);
    TRY(in_file(file, h5_write_text(file->file, "format", RESULT_FORMAT)));
    TRY(write_text(file, file->file, "config", config));
    TRY(make_group(file, "/trace", &group));
    for (int column = 0; column < TRACE_COLUMNS; column++)
        TRY(create_column(file, group, column));
    TRY(flush(file));
out:
    h5_close(&group);
    h5_quiet_end(&before);
    return code;
}

static int open_local(comm_t *comm, const char *output, const char *config, int count,
                      result_file_t **out)
{
    int code = TRALO_OK;
    result_file_t *file = NULL;
    ALLOC(file, 1);
    file->comm = comm;
    file->count = count;
    file->file = file->text = H5I_INVALID_HID;
    for (int column = 0; column < TRACE_COLUMNS; column++)
        file->trace[column] = H5I_INVALID_HID;
    if (comm_rank(comm) == 0) {
        TRY(check_output(output));
        TRY(set_paths(file, output));
        TRY(start_file(file, config));
    }
    *out = file;
    file = NULL;
out:
    result_abandon(&file);
    return code;
}

int result_open(comm_t *comm, const char *output, const char *config, int count,
                result_file_t **out)
{
    int code = TRALO_OK;
    result_file_t *file = NULL;
    TRY(comm_agree(comm, open_local(comm, output, config, count, &file)));
    *out = file;
    file = NULL;
out:
    result_abandon(&file);
    return code;
}

/* ---- trace ------------------------------------------------------------------------------------
 */

static const void *column_value(const result_evaluation_t *evaluation, int column)
{
    const char *field = (const char *)evaluation + trace_rows[column].offset;
    return column == TRACE_THETA ? *(const void *const *)(const void *)field : (const void *)field;
}

static int append_column(const result_file_t *file, int column, const void *value)
{
    int code = TRALO_OK, rank = column == TRACE_THETA ? 2 : 1;
    hsize_t width = (hsize_t)file->count;
    hsize_t size[2] = {file->rows + 1, width}, start[2] = {file->rows, 0}, one[2] = {1, width};
    hid_t set = file->trace[column], from = H5Screate_simple(rank, one, NULL);
    hid_t to = H5Dset_extent(set, size) < 0 ? H5I_INVALID_HID : H5Dget_space(set);
    if (to < 0 || H5Sselect_hyperslab(to, H5S_SELECT_SET, start, NULL, one, NULL) < 0 ||
        H5Dwrite(set, trace_type(file, column), from, to, H5P_DEFAULT, value) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot add to /trace/%s: %s", file->part, trace_rows[column].name,
             h5_reason());
out:
    h5_close(&from);
    h5_close(&to);
    return code;
}

int result_append(result_file_t *file, const result_evaluation_t *evaluation)
{
    int code = TRALO_OK;
    result_evaluation_t row = *evaluation;
    h5_quiet_t before = h5_quiet_begin();
    row.failure = row.failure == NULL ? "" : row.failure;
    TRY(reserve(file));
    for (int column = 0; column < TRACE_COLUMNS; column++)
        TRY(append_column(file, column, column_value(&row, column)));
    TRY(flush(file));
    file->rows++;
out:
    h5_quiet_end(&before);
    return code;
}

/* ---- end --------------------------------------------------------------------------------------
 */

static int write_field(const result_file_t *file, hid_t group, const field_t *field,
                       const result_t *result)
{
    int64_t dims[2];
    const void *values = field_values(result, field);
    if (field->flag != 0 && !*((const bool *)result + field->flag))
        return TRALO_OK;
    if (field->type == FIELD_TEXT) {
        const char *text = *(char *const *)values;
        return text == NULL ? TRALO_OK : write_text(file, group, field->name, text);
    }
    int rank = field_dims(result, field->shape, dims);
    return in_file(file, h5_write_numbers(group, field->name, field_memory_type(field->type), rank,
                                          dims, values));
}

static int write_fields(const result_file_t *file, const char *name, const field_t *table,
                        const result_t *result)
{
    int code = TRALO_OK;
    hid_t group = H5I_INVALID_HID;
    if (h5_has(file->file, name))
        group = H5Gopen2(file->file, name, H5P_DEFAULT);
    else
        TRY(make_group(file, name, &group));
    for (const field_t *field = table; field->name != NULL; field++)
        TRY(write_field(file, group, field, result));
out:
    h5_close(&group);
    return code;
}

static int write_minima(const result_file_t *file, const result_t *result)
{
    int code = TRALO_OK;
    const int64_t dims[2] = {result->minima, result->count};
    const struct {
        const char *name;
        int rank;
        const double *values;
    } parts[] = {{"/result/minima_theta", 2, result->minima_theta},
                 {result->space != NULL ? "/result/minima_values" : "/result/minima_lambda", 2,
                  result->minima_lambda},
                 {"/result/minima_criterion", 1, result->minima_criterion}};
    for (int i = 0; result->minima > 0 && i < 3; i++)
        TRY(in_file(file, h5_write_numbers(file->file, parts[i].name, H5T_NATIVE_DOUBLE,
                                           parts[i].rank, dims, parts[i].values)));
out:
    return code;
}

static int write_kernel(const result_file_t *file, const result_t *result)
{
    int code = TRALO_OK;
    const int64_t dims[2] = {result->n, result->p};
    if (!result->has_kernel)
        return TRALO_OK;
    TRY(in_file(file, h5_write_numbers(file->file, "/result/alpha", H5T_NATIVE_DOUBLE, 1, dims,
                                       result->alpha)));
    TRY(in_file(file, h5_write_numbers(file->file, "/result/training_rows", H5T_NATIVE_DOUBLE, 2,
                                       dims, result->training_rows)));
out:
    return code;
}

/* /result/values [S], and of which parameters: their names and how many values each has. */
static int write_parameters(const result_file_t *file, const result_t *result)
{
    int code = TRALO_OK;
    const space_t *space = result->space;
    const int64_t S = result->count, parameters = space->parameters;
    const char **names = NULL;
    int64_t *counts = NULL;
    ALLOC(names, parameters);
    ALLOC(counts, parameters);
    for (int k = 0; k < space->parameters; k++) {
        names[k] = space->list[k].name;
        counts[k] = space->list[k].count;
    }
    TRY(in_file(file, h5_write_numbers(file->file, "/result/values", H5T_NATIVE_DOUBLE, 1, &S,
                                       result->lambda)));
    TRY(in_file(file, h5_write_numbers(file->file, "/result/parameter_counts", H5T_NATIVE_INT64, 1,
                                       &parameters, counts)));
    TRY(in_file(file, h5_write_strings(file->file, "/result/parameters", names, parameters)));
out:
    mem_free(&names);
    mem_free(&counts);
    return code;
}

/* What is not in the table: lists of texts, the minima, a kernel's rows, and the criterion of each
 * row. */
static int write_lists(const result_file_t *file, const result_t *result)
{
    int code = TRALO_OK;
    int64_t rows = result->rows;
    if (result->feature_names != NULL)
        TRY(in_file(file, h5_write_strings(file->file, "/result/feature_names",
                                           (const char *const *)result->feature_names, result->p)));
    if (result->label_count > 0)
        TRY(in_file(file,
                    h5_write_strings(file->file, "/result/labels",
                                     (const char *const *)result->labels, result->label_count)));
    if (result->row_criterion != NULL)
        TRY(in_file(file, h5_write_numbers(file->file, "/result/row_criterion", H5T_NATIVE_DOUBLE,
                                           1, &rows, result->row_criterion)));
    TRY(write_minima(file, result));
    TRY(write_kernel(file, result));
out:
    return code;
}

static void close_parts(result_file_t *file)
{
    for (int column = 0; column < TRACE_COLUMNS; column++)
        h5_close(&file->trace[column]);
    h5_close(&file->text);
}

static int finish_local(result_file_t *file, const result_t *result)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    TRY(write_fields(file, "/result", search_fields, result));
    TRY(result->space != NULL ? write_parameters(file, result)
                              : write_fields(file, "/result", model_fields, result));
    TRY(write_lists(file, result));
    TRY(write_fields(file, "/environment", environment_fields, result));
    close_parts(file);
    TRY(reserve(file));
    TRY(h5_finish(&file->file, file->part));
    release(file);
    if (rename(file->part, file->path) != 0)
        FAIL(TRALO_ERR_FILE, "cannot rename %s to %s: %s", file->part, file->path, strerror(errno));
out:
    h5_quiet_end(&before);
    return code;
}

int result_finish(result_file_t **file, const result_t *result)
{
    comm_t *comm = (*file)->comm;
    int code = comm_rank(comm) == 0 ? finish_local(*file, result) : TRALO_OK;
    result_abandon(file);
    return comm_agree(comm, code);
}

void result_abandon(result_file_t **file)
{
    if (*file == NULL)
        return;
    h5_quiet_t before = h5_quiet_begin();
    if ((*file)->file >= 0) /* the trace is on disk; what followed it may be what failed */
        h5_abandon((*file)->file);
    close_parts(*file);
    h5_close(&(*file)->file);
    h5_quiet_end(&before);
    mem_free(&(*file)->path);
    mem_free(&(*file)->part);
    mem_free(file);
}
