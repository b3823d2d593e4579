/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/h5.h"
#include "study/result_fields.h"
#include "study/trace.h"
#include "study/trials.h"

struct result_file {
    comm_t *comm;      /* borrowed */
    char *path, *part; /* rank 0; owned */
    hid_t file, text;  /* rank 0; text: the type of texts */
    trace_t trace;     /* rank 0 */
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
    return h5_reserve(file->file, file->part, trace_chunks(&file->trace) + 65536);
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

/* /parameters: "lr", "w[100]": the names of what stands in a row of /trace/values. */
static int write_names(const result_file_t *file, const result_layout_t *layout)
{
    int code = TRALO_OK;
    text_t text = {0};
    char **names = NULL;
    ALLOC(names, layout->names);
    for (int k = 0; k < layout->names; k++) {
        TRY(layout->list[k].length > 0
                ? text_add(&text, "%s[%" PRId64 "]", layout->list[k].name, layout->list[k].length)
                : text_add(&text, "%s", layout->list[k].name));
        names[k] = text.data;
        text = (text_t){0};
    }
    TRY(in_file(file, h5_write_strings(file->file, "/parameters", (const char *const *)names,
                                       layout->names)));
out:
    for (int k = 0; names != NULL && k < layout->names; k++)
        mem_free(&names[k]);
    mem_free(&names);
    mem_free(&text.data);
    return code;
}

static int start_file(result_file_t *file, const char *config, const result_layout_t *layout)
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
    TRY(write_names(file, layout));
    TRY(trace_create(group, file->part, file->text, layout->count, &file->trace));
    TRY(flush(file));
out:
    h5_close(&group);
    h5_quiet_end(&before);
    return code;
}

int result_append(result_file_t *file, const result_evaluation_t *evaluation)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    TRY(reserve(file));
    TRY(trace_append(&file->trace, evaluation));
    TRY(flush(file));
    file->trace.rows++;
out:
    h5_quiet_end(&before);
    return code;
}

static int copy_rows(result_file_t *file, const trials_t *before)
{
    int code = TRALO_OK;
    const int64_t S = before->layout.count;
    double *wide = NULL;
    ALLOC(wide, 2 * S);
    for (int64_t i = 0; i < before->count; i++) {
        result_evaluation_t row = before->list[i];
        row.theta = wide;
        row.values = wide + S;
        TRY(trials_row(before, i, wide, wide + S));
        TRY(result_append(file, &row));
    }
out:
    mem_free(&wide);
    return code;
}

/* Under another name until there is what `before` has: a part is whole at any time. */
static int start(result_file_t *file, const char *config, const result_layout_t *layout,
                 const trials_t *before)
{
    int code = TRALO_OK;
    text_t name = {0};
    char *part = file->part;
    TRY(h5_unlocked(part));
    TRY(text_add(&name, "%s.new", part));
    file->part = name.data;
    TRY(start_file(file, config, layout));
    if (before != NULL)
        TRY(copy_rows(file, before));
    if (rename(file->part, part) != 0)
        FAIL(TRALO_ERR_FILE, "cannot rename %s to %s: %s", file->part, part, strerror(errno));
out:
    file->part = part;
    file->trace.path = part;
    mem_free(&name.data);
    return code;
}

static int open_local(comm_t *comm, const char *output, const char *config,
                      const result_layout_t *layout, const trials_t *before, result_file_t **out)
{
    int code = TRALO_OK;
    result_file_t *file = NULL;
    ALLOC(file, 1);
    file->comm = comm;
    file->file = file->text = H5I_INVALID_HID;
    file->trace = trace_none();
    if (comm_rank(comm) == 0) {
        TRY(check_output(output));
        TRY(set_paths(file, output));
        TRY(start(file, config, layout, before));
    }
    *out = file;
    file = NULL;
out:
    result_abandon(&file);
    return code;
}

int result_open(comm_t *comm, const char *output, const char *config, const result_layout_t *layout,
                const trials_t *before, result_file_t **out)
{
    int code = TRALO_OK;
    result_file_t *file = NULL;
    TRY(comm_agree(comm, open_local(comm, output, config, layout, before, &file)));
    *out = file;
    file = NULL;
out:
    result_abandon(&file);
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
    trace_close(&file->trace);
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
