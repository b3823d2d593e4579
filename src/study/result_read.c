/* SPDX-License-Identifier: BSD-3-Clause */
#include <hdf5.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/h5.h"
#include "study/result_fields.h"

enum { WHAT_SIZE = 512 };

/* A file that is being read. */
typedef struct reading {
    const char *path;
    hid_t file;
} reading_t;

static void say_what(const reading_t *reading, const char *name, char *what)
{
    snprintf(what, WHAT_SIZE, "%.400s: %.100s", reading->path, name);
}

static int open_dataset(const reading_t *reading, const char *name, hid_t *out)
{
    int code = TRALO_OK;
    hid_t set = H5I_INVALID_HID;
    if (!h5_has(reading->file, name))
        FAIL(TRALO_ERR_INPUT, "%s: %s is missing, so this is not a whole result of tralo",
             reading->path, name);
    set = H5Dopen2(reading->file, name, H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read %s: %s", reading->path, name, h5_reason());
    *out = set;
out:
    return code;
}

/* The length of a vector, 1 .. INT_MAX; with `rows`, it may have rows of that length, 2 or more. */
static int read_length(const reading_t *reading, const char *name, int *rows, int *out)
{
    int code = TRALO_OK, rank;
    int64_t dims[2] = {0};
    char what[WHAT_SIZE];
    hid_t set = H5I_INVALID_HID;
    say_what(reading, name, what);
    TRY(open_dataset(reading, name, &set));
    TRY(h5_dims(set, what, 2, dims, &rank));
    int64_t count = rank == 2 ? dims[0] : 1, length = rank == 2 ? dims[1] : dims[0];
    bool good = rank == 1 || (rank == 2 && rows != NULL && count >= 2 && count <= INT_MAX);
    if (!good || length < 1 || length > INT_MAX)
        FAIL(TRALO_ERR_INPUT, "%s must be a list of numbers%s that is not empty", what,
             rows != NULL ? ", or rows of them," : "");
    *out = (int)length;
    if (rows != NULL)
        *rows = (int)count;
out:
    h5_close(&set);
    return code;
}

static int check_shape(const result_t *result, const field_t *field, hid_t set, const char *what)
{
    int code = TRALO_OK, rank, wanted;
    int64_t dims[2] = {0}, want[2] = {0};
    wanted = field_dims(result, field->shape, want);
    TRY(h5_dims(set, what, 2, dims, &rank));
    bool same = rank == wanted;
    for (int i = 0; same && i < rank; i++)
        same = dims[i] == want[i];
    if (!same)
        FAIL(TRALO_ERR_INPUT, "%s has the wrong shape: %d dimensions, [%" PRId64 ", %" PRId64 "]",
             what, rank, dims[0], dims[1]);
out:
    return code;
}

static int read_numbers(const field_t *field, hid_t set, const char *what, result_t *result)
{
    int code = TRALO_OK;
    void *values = field_values(result, field);
    unsigned char *flags = values; /* when FIELD_BOOL */
    TRY(check_shape(result, field, set, what));
    if (field->shape == SHAPE_SS) {
        TRY(result_keep_hessian(result));
        values = result->hessian;
    }
    if (H5Dread(set, field_memory_type(field->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        FAIL(TRALO_ERR_FILE, "%s cannot be read: %s", what, h5_reason());
    int64_t count = field_count(result, field->shape);
    for (int64_t i = 0; field->type == FIELD_BOOL && i < count; i++)
        flags[i] = flags[i] != 0;
out:
    return code;
}

static int read_field(const reading_t *reading, const char *group, const field_t *field,
                      result_t *result)
{
    int code = TRALO_OK;
    char name[64], what[WHAT_SIZE];
    hid_t set = H5I_INVALID_HID;
    snprintf(name, sizeof name, "%s/%s", group, field->name);
    say_what(reading, name, what);
    bool there = h5_has(reading->file, name);
    if (field->flag != 0)
        *((bool *)result + field->flag) = there;
    if (!there && (field->flag != 0 || field->type == FIELD_TEXT))
        return TRALO_OK;
    TRY(open_dataset(reading, name, &set));
    if (field->type == FIELD_TEXT)
        TRY(h5_read_strings(set, what, 1, (char **)field_values(result, field)));
    else
        TRY(read_numbers(field, set, what, result));
out:
    h5_close(&set);
    return code;
}

static int read_group(const reading_t *reading, const char *group, const field_t *table,
                      result_t *result)
{
    int code = TRALO_OK;
    for (const field_t *field = table; field->name != NULL; field++)
        TRY(read_field(reading, group, field, result));
out:
    return code;
}

static int read_strings(const reading_t *reading, const char *name, int64_t count, char **texts)
{
    int code = TRALO_OK;
    char what[WHAT_SIZE];
    hid_t set = H5I_INVALID_HID;
    say_what(reading, name, what);
    TRY(open_dataset(reading, name, &set));
    TRY(h5_read_strings(set, what, count, texts));
out:
    h5_close(&set);
    return code;
}

static int read_alpha(const reading_t *reading, result_t *result)
{
    int code = TRALO_OK, n = 0;
    hid_t set = H5I_INVALID_HID;
    if (!result->has_kernel)
        return TRALO_OK;
    TRY(read_length(reading, "/result/alpha", NULL, &n));
    if (n != result->n)
        FAIL(TRALO_ERR_INPUT, "%s: /result/n is %" PRId64 ", but alpha has %d numbers",
             reading->path, result->n, n);
    ALLOC(result->alpha, n);
    TRY(open_dataset(reading, "/result/alpha", &set));
    if (H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, result->alpha) < 0)
        FAIL(TRALO_ERR_FILE, "%s: /result/alpha cannot be read: %s", reading->path, h5_reason());
out:
    h5_close(&set);
    return code;
}

static int read_lists(const reading_t *reading, result_t *result)
{
    int code = TRALO_OK;
    if (h5_has(reading->file, "/result/feature_names")) {
        ALLOC(result->feature_names, result->p);
        TRY(read_strings(reading, "/result/feature_names", result->p, result->feature_names));
    }
    if (h5_has(reading->file, "/result/labels")) {
        int labels;
        TRY(read_length(reading, "/result/labels", NULL, &labels));
        ALLOC(result->labels, labels);
        result->label_count = labels;
        TRY(read_strings(reading, "/result/labels", labels, result->labels));
        if (labels < 2)
            FAIL(TRALO_ERR_INPUT, "%s: /result/labels has %d of them", reading->path, labels);
    }
out:
    return code;
}

static int check_format(const reading_t *reading)
{
    int code = TRALO_OK;
    char *format = NULL;
    if (!h5_has_attribute(reading->file, "format"))
        FAIL(TRALO_ERR_INPUT, "%s is not a result of tralo (it is another HDF5 file)",
             reading->path);
    TRY(h5_read_text(reading->file, "format", reading->path, &format));
    if (strcmp(format, RESULT_FORMAT) != 0)
        FAIL(TRALO_ERR_INPUT, "%s has the format '%.100s', this version of tralo reads '%s'",
             reading->path, format, RESULT_FORMAT);
    if (!h5_has(reading->file, "/result"))
        FAIL(TRALO_ERR_INPUT, "%s has no /result: the study that wrote it did not finish",
             reading->path);
    if (h5_has(reading->file, "/result/oracle"))
        FAIL(TRALO_ERR_INPUT, "%s is the result of an oracle on parameters: it has no model",
             reading->path);
out:
    mem_free(&format);
    return code;
}

static int check_texts(const reading_t *reading, const result_t *result)
{
    bool model = result->penalty != NULL || (result->has_kernel && result->kernel != NULL);
    if (result->loss != NULL && model && result->reason != NULL)
        return TRALO_OK;
    return error_raise(TRALO_ERR_INPUT,
                       "%s: /result/%s is missing, so this is not a whole result of tralo",
                       reading->path,
                       result->loss == NULL ? "loss"
                       : !model             ? "penalty"
                                            : "reason");
}

static int read_all(const reading_t *reading, result_t **out)
{
    int code = TRALO_OK, count = 0, p = 0, outputs = 1;
    result_t *result = NULL;
    TRY(check_format(reading));
    TRY(read_length(reading, "/result/theta", NULL, &count));
    if (h5_has(reading->file, "/result/alpha"))
        TRY(read_length(reading, "/result/means", NULL, &p));
    else
        TRY(read_length(reading, "/result/coefficients", &outputs, &p));
    TRY(result_create(count, p, outputs, &result));
    TRY(read_group(reading, "/result", search_fields, result));
    TRY(read_group(reading, "/result", model_fields, result));
    TRY(read_group(reading, "/environment", environment_fields, result));
    if (result->p != p)
        FAIL(TRALO_ERR_INPUT, "%s: /result/p is %d, but there are %d coefficients", reading->path,
             result->p, p);
    TRY(read_lists(reading, result));
    TRY(read_alpha(reading, result));
    TRY(check_texts(reading, result));
    *out = result;
    result = NULL;
out:
    if (result != NULL)
        result->p = p;
    result_free(&result);
    return code;
}

static int read_local(const char *path, result_t **out)
{
    int code = TRALO_OK;
    reading_t reading = {path, H5I_INVALID_HID};
    h5_quiet_t before = h5_quiet_begin();
    TRY(h5_open(path, &reading.file));
    TRY(read_all(&reading, out));
out:
    h5_close(&reading.file);
    h5_quiet_end(&before);
    return code;
}

int result_read(comm_t *comm, const char *path, result_t **out)
{
    int code = TRALO_OK;
    result_t *result = NULL;
    TRY(comm_agree(comm, read_local(path, &result)));
    *out = result;
    result = NULL;
out:
    result_free(&result);
    return code;
}
