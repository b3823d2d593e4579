/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/trials.h"

#include <hdf5.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/h5.h"
#include "study/result_fields.h"
#include "study/trace.h"

enum { WHAT_SIZE = 512, NAMES_MOST = 1 << 20 };

/* Owned; the layout and the list point into the texts. */
struct trials_rows {
    hid_t file, theta, values;
    char **names;              /* [layout.names] */
    char **phases, **failures; /* [count] */
};

static void free_texts(char ***texts, int64_t count)
{
    for (int64_t i = 0; *texts != NULL && i < count; i++)
        mem_free(&(*texts)[i]);
    mem_free(texts);
}

static void close_rows(const trials_t *t, struct trials_rows **rows)
{
    h5_quiet_t before = h5_quiet_begin();
    h5_close(&(*rows)->theta);
    h5_close(&(*rows)->values);
    h5_close(&(*rows)->file);
    h5_quiet_end(&before);
    free_texts(&(*rows)->names, t->layout.names);
    free_texts(&(*rows)->phases, t->count);
    free_texts(&(*rows)->failures, t->count);
    mem_free(rows);
}

void trials_close(trials_t **trials)
{
    trials_t *t = *trials;
    if (t == NULL)
        return;
    if (t->rows != NULL)
        close_rows(t, &t->rows);
    mem_free(&t->layout.list);
    mem_free(&t->list);
    mem_free(&t->path);
    mem_free(trials);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* A dataset and its dimensions [2]; `rank` is how many it must have. */
static int open_set(const trials_t *t, const char *name, int rank, hid_t *set, int64_t *dims)
{
    int code = TRALO_OK, found;
    char what[WHAT_SIZE];
    hid_t opened = H5I_INVALID_HID;
    snprintf(what, sizeof what, "%.400s: %.100s", t->path, name);
    if (!h5_has(t->rows->file, name))
        FAIL(TRALO_ERR_INPUT, "%s is missing, so this is not a result of this version of tralo",
             what);
    opened = H5Dopen2(t->rows->file, name, H5P_DEFAULT);
    if (opened < 0)
        FAIL(TRALO_ERR_FILE, "%s cannot be read: %s", what, h5_reason());
    TRY(h5_dims(opened, what, 2, dims, &found));
    if (found != rank)
        FAIL(TRALO_ERR_INPUT, "%s has %d dimensions in place of %d", what, found, rank);
    *set = opened;
    opened = H5I_INVALID_HID;
out:
    h5_close(&opened);
    return code;
}

/* "lr" or "w[100]", which is cut. */
static int read_name(const trials_t *t, char *text, result_name_t *out)
{
    char *bracket = strchr(text, '['), *end = NULL;
    *out = (result_name_t){.name = text};
    if (bracket == NULL)
        return TRALO_OK;
    out->length = strtoll(bracket + 1, &end, 10);
    if (end == bracket + 1 || strcmp(end, "]") != 0 || out->length < 1 || out->length > INT_MAX)
        return error_raise(TRALO_ERR_INPUT, "%s: /parameters has the name '%.80s'", t->path, text);
    *bracket = '\0';
    return TRALO_OK;
}

static int read_names(trials_t *t)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0}, values = 0;
    hid_t set = H5I_INVALID_HID;
    result_layout_t *layout = &t->layout;
    TRY(open_set(t, "/parameters", 1, &set, dims));
    if (dims[0] < 1 || dims[0] > NAMES_MOST)
        FAIL(TRALO_ERR_INPUT, "%s: /parameters has %" PRId64 " names", t->path, dims[0]);
    ALLOC(t->rows->names, dims[0]);
    ALLOC(layout->list, dims[0]);
    layout->names = (int)dims[0];
    TRY(h5_read_strings(set, "/parameters", dims[0], t->rows->names));
    for (int k = 0; k < layout->names; k++) {
        TRY(read_name(t, t->rows->names[k], &layout->list[k]));
        values += layout->list[k].length > 0 ? layout->list[k].length : 1;
    }
    if (values > INT_MAX)
        FAIL(TRALO_ERR_INPUT, "%s: /parameters has %" PRId64 " values", t->path, values);
    layout->count = (int)values;
out:
    h5_close(&set);
    return code;
}

static int open_wide(const trials_t *t, const char *name, hid_t *set)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0};
    TRY(open_set(t, name, 2, set, dims));
    if (dims[0] < t->count || dims[1] != t->layout.count)
        FAIL(TRALO_ERR_INPUT, "%s: %s has the wrong shape: [%" PRId64 ", %" PRId64 "]", t->path,
             name, dims[0], dims[1]);
out:
    return code;
}

static int open_column(const trials_t *t, int column, hid_t *set, int64_t *dims)
{
    char name[64];
    snprintf(name, sizeof name, "/trace/%s", trace_rows[column].name);
    return open_set(t, name, trace_rows[column].wide ? 2 : 1, set, dims);
}

/* The rows that all columns have: a run that was killed, or is at it, may have begun another. */
static int count_rows(const trials_t *t, int64_t *out)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0}, count = INT64_MAX;
    hid_t set = H5I_INVALID_HID;
    for (int column = 0; column < TRACE_COLUMNS; column++) {
        TRY(open_column(t, column, &set, dims));
        count = dims[0] < count ? dims[0] : count;
        h5_close(&set);
    }
    *out = count;
out:
    return code;
}

/* A column of numbers, into doubles [count]. */
static int read_numbers(const trials_t *t, int column, double *out)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0};
    const hsize_t start = 0, count = (hsize_t)t->count;
    hid_t set = H5I_INVALID_HID, from = H5I_INVALID_HID, to = H5Screate_simple(1, &count, NULL);
    TRY(open_column(t, column, &set, dims));
    from = H5Dget_space(set);
    if (H5Sselect_hyperslab(from, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
        H5Dread(set, H5T_NATIVE_DOUBLE, to, from, H5P_DEFAULT, out) < 0)
        FAIL(TRALO_ERR_FILE, "%s: /trace/%s cannot be read: %s", t->path, trace_rows[column].name,
             h5_reason());
out:
    h5_close(&from);
    h5_close(&to);
    h5_close(&set);
    return code;
}

static int read_texts(const trials_t *t, int column, char **out)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0};
    char what[WHAT_SIZE], **all = NULL;
    hid_t set = H5I_INVALID_HID;
    snprintf(what, sizeof what, "%.400s: /trace/%s", t->path, trace_rows[column].name);
    TRY(open_column(t, column, &set, dims));
    ALLOC(all, dims[0]);
    TRY(h5_read_strings(set, what, dims[0], all));
    for (int64_t i = 0; i < t->count; i++) {
        out[i] = all[i];
        all[i] = NULL;
    }
out:
    free_texts(&all, dims[0]);
    h5_close(&set);
    return code;
}

/* numbers [count] become a field of each evaluation. */
static void set_numbers(trials_t *t, const trace_row_t *row, const double *numbers)
{
    for (int64_t i = 0; i < t->count; i++) {
        void *field = (char *)&t->list[i] + row->offset;
        if (row->type == FIELD_LONG)
            *(int64_t *)field = (int64_t)numbers[i];
        else if (row->type == FIELD_INT)
            *(int *)field = (int)numbers[i];
        else if (row->type == FIELD_BOOL)
            *(bool *)field = numbers[i] != 0.0;
        else
            *(double *)field = numbers[i];
    }
}

static int read_columns(trials_t *t)
{
    int code = TRALO_OK;
    double *numbers = NULL;
    ALLOC(numbers, t->count);
    ALLOC(t->rows->phases, t->count);
    ALLOC(t->rows->failures, t->count);
    for (int column = 0; column < TRACE_COLUMNS; column++) {
        const trace_row_t *row = &trace_rows[column];
        if (row->wide || row->type == FIELD_TEXT)
            continue;
        TRY(read_numbers(t, column, numbers));
        set_numbers(t, row, numbers);
    }
    TRY(read_texts(t, TRACE_PHASE, t->rows->phases));
    TRY(read_texts(t, TRACE_FAILURE, t->rows->failures));
    for (int64_t i = 0; i < t->count; i++) {
        t->list[i].phase = t->rows->phases[i];
        t->list[i].failure = t->rows->failures[i];
    }
out:
    mem_free(&numbers);
    return code;
}

static void find_best(trials_t *t)
{
    t->best = -1;
    for (int64_t i = 0; i < t->count; i++)
        if (!isnan(t->list[i].f) && (t->best < 0 || t->list[i].f < t->list[t->best].f))
            t->best = i;
}

static int check_format(const trials_t *t)
{
    int code = TRALO_OK;
    char *format = NULL;
    if (!h5_has_attribute(t->rows->file, "format"))
        FAIL(TRALO_ERR_INPUT, "%s is not a result of tralo (it is another HDF5 file)", t->path);
    TRY(h5_read_text(t->rows->file, "format", t->path, &format));
    if (strcmp(format, RESULT_FORMAT) != 0)
        FAIL(TRALO_ERR_INPUT, "%s has the format '%.100s', this version of tralo reads '%s'",
             t->path, format, RESULT_FORMAT);
out:
    mem_free(&format);
    return code;
}

static int read_all(trials_t *t)
{
    int code = TRALO_OK;
    int64_t count = 0;
    TRY(h5_open_growing(t->path, &t->rows->file));
    TRY(check_format(t));
    TRY(read_names(t));
    TRY(count_rows(t, &count));
    ALLOC(t->list, count);
    t->count = count;
    TRY(open_wide(t, "/trace/theta", &t->rows->theta));
    TRY(open_wide(t, "/trace/values", &t->rows->values));
    if (count > 0)
        TRY(read_columns(t));
    find_best(t);
out:
    return code;
}

static int find_path(const char *path, char **out)
{
    int code = TRALO_OK;
    text_t part = {0};
    TRY(text_add(&part, "%s.part", path));
    if (access(path, F_OK) == 0 || access(part.data, F_OK) != 0)
        TRY(mem_string(path, out));
    else {
        *out = part.data;
        part.data = NULL;
    }
out:
    mem_free(&part.data);
    return code;
}

int trials_open(const char *path, trials_t **out)
{
    int code = TRALO_OK;
    trials_t *t = NULL;
    h5_quiet_t before = h5_quiet_begin();
    ALLOC(t, 1);
    ALLOC(t->rows, 1);
    t->rows->file = t->rows->theta = t->rows->values = H5I_INVALID_HID;
    TRY(find_path(path, &t->path));
    TRY(read_all(t));
    *out = t;
    t = NULL;
out:
    trials_close(&t);
    h5_quiet_end(&before);
    return code;
}

static int read_row(const trials_t *t, hid_t set, int64_t i, double *out)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    const hsize_t start[2] = {(hsize_t)i, 0}, one[2] = {1, (hsize_t)t->layout.count};
    hid_t to = H5Screate_simple(2, one, NULL), from = H5Dget_space(set);
    if (from < 0 || H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, one, NULL) < 0 ||
        H5Dread(set, H5T_NATIVE_DOUBLE, to, from, H5P_DEFAULT, out) < 0)
        FAIL(TRALO_ERR_FILE, "%s: a row of /trace cannot be read: %s", t->path, h5_reason());
out:
    h5_close(&from);
    h5_close(&to);
    h5_quiet_end(&before);
    return code;
}

int trials_row(const trials_t *trials, int64_t i, double *theta, double *values)
{
    int code = TRALO_OK;
    if (theta != NULL)
        TRY(read_row(trials, trials->rows->theta, i, theta));
    if (values != NULL)
        TRY(read_row(trials, trials->rows->values, i, values));
out:
    return code;
}
