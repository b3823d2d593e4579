/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/layout.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/alike.h"
#include "data/filters.h"
#include "data/foreign.h"
#include "data/h5.h"

enum { WHAT = 512, LARGEST_NUMBER = 16 };

/* A file that is being looked at. */
typedef struct survey {
    const char *path; /* borrowed */
    hid_t file;
    data_layout_t layout; /* of this file */
    int64_t chunk[2];     /* rows and columns of a chunk of X */
} survey_t;

/* A bool of h5py: FALSE and TRUE are 0 and 1 of one byte. */
static bool is_bool(hid_t type)
{
    char no[1] = {1}, yes[1] = {0};
    return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 &&
           H5Tenum_valueof(type, "FALSE", no) >= 0 && H5Tenum_valueof(type, "TRUE", yes) >= 0 &&
           no[0] == 0 && yes[0] == 1;
}

/* A type that is not of numbers. */
static int refuse_type(const survey_t *s, const char *name, H5T_class_t kind)
{
    int code = TRALO_OK;
    if (kind == H5T_ENUM && strcmp(name, "y") == 0)
        FAIL(TRALO_ERR_INPUT, "%s: /y is a bool or another enumeration: store it as -1 and +1",
             s->path);
    if (kind == H5T_ENUM)
        FAIL(TRALO_ERR_INPUT, "%s: /%s is an enumeration: store it as int8", s->path, name);
    if (kind == H5T_STRING && strcmp(name, "y") == 0)
        FAIL(TRALO_ERR_INPUT,
             "%s: /y must hold numbers, not texts. In Python: labels, y = numpy.unique(y, "
             "return_inverse=True); f[\"y\"] = y if len(labels) > 2 else 2 * y - 1; "
             "f[\"y\"].attrs[\"labels\"] = list(labels)",
             s->path);
    FAIL(TRALO_ERR_INPUT, "%s: /%s must hold numbers%s", s->path, name,
         kind == H5T_COMPOUND ? ", not records or complex numbers" : "");
out:
    return code;
}

/* The numbers of X may be bools. */
static int check_numbers(const survey_t *s, const char *name, hid_t set, bool whole)
{
    int code = TRALO_OK;
    hid_t type = H5Dget_type(set);
    H5T_class_t kind = H5Tget_class(type);
    bool logical = kind == H5T_ENUM && is_bool(type) && name[0] == 'X' && !whole;
    if (!logical && kind != H5T_INTEGER && kind != H5T_FLOAT)
        TRY(refuse_type(s, name, kind));
    if (whole && kind != H5T_INTEGER)
        FAIL(TRALO_ERR_INPUT, "%s: /%s must hold integers", s->path, name);
    if (H5Tget_size(type) > LARGEST_NUMBER)
        FAIL(TRALO_ERR_INPUT, "%s: /%s holds numbers of %zu bytes, at most %d are possible",
             s->path, name, H5Tget_size(type), LARGEST_NUMBER);
out:
    h5_close(&type);
    return code;
}

/* Opens a dataset and finds its shape. */
static int open_set(const survey_t *s, const char *name, int64_t dims[2], int *rank, hid_t *out)
{
    int code = TRALO_OK;
    char what[WHAT];
    hid_t set = H5I_INVALID_HID;
    snprintf(what, sizeof what, "%s: /%s", s->path, name);
    if (!h5_has(s->file, name))
        FAIL(TRALO_ERR_INPUT, "%s does not exist; `tralo import` makes files that can be read",
             what);
    set = H5Dopen2(s->file, name, H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_INPUT, "%s cannot be opened as a dataset: %s", what, h5_reason());
    TRY(h5_dims(set, what, 2, dims, rank));
    *out = set;
    set = H5I_INVALID_HID;
out:
    h5_close(&set);
    return code;
}

static int check_length(const survey_t *s, const char *name, const int64_t *dims, int rank,
                        int64_t wanted)
{
    int code = TRALO_OK;
    if (rank == 0)
        FAIL(TRALO_ERR_INPUT, "%s: /%s is a single value, wanted is [%" PRId64 "]", s->path, name,
             wanted);
    if (rank == 2)
        FAIL(TRALO_ERR_INPUT,
             "%s: /%s has shape [%" PRId64 ", %" PRId64 "], wanted is [%" PRId64 "]", s->path, name,
             dims[0], dims[1], wanted);
    if (dims[0] != wanted)
        FAIL(TRALO_ERR_INPUT, "%s: /%s has shape [%" PRId64 "], wanted is [%" PRId64 "]", s->path,
             name, dims[0], wanted);
out:
    return code;
}

/* Does HDF5 have to keep a chunk for its next part? It reads plain ones of whole rows as they lie.
 */
static bool is_kept(hid_t set, hid_t created, const hsize_t chunk[2])
{
    hsize_t dims[2] = {0, 0};
    hid_t space = H5Dget_space(set);
    const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    h5_close(&space);
    return H5Pget_nfilters(created) != 0 || (rank == 2 && chunk[1] < dims[1]);
}

/* Rows and columns of a chunk (1 and all without chunks), and the bytes of the largest so far. */
static int survey_chunks(survey_t *s, const char *name, hid_t set, int64_t shape[2])
{
    int code = TRALO_OK;
    hsize_t chunk[2] = {1, 1};
    char what[WHAT];
    hid_t type = H5Dget_type(set), created = H5Dget_create_plist(set);
    snprintf(what, sizeof what, "%s: /%s", s->path, name);
    if (type < 0 || created < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read how /%s is stored: %s", s->path, name, h5_reason());
    int found = 0; /* dimensions */
    if (H5Pget_layout(created) == H5D_CHUNKED)
        found = H5Pget_chunk(created, 2, chunk);
    if (found > 0 && is_kept(set, created, chunk)) {
        int64_t bytes = (int64_t)(H5Tget_size(type) * chunk[0] * chunk[1]);
        s->layout.chunk_bytes = bytes > s->layout.chunk_bytes ? bytes : s->layout.chunk_bytes;
    }
    TRY(filters_check(created, what));
    TRY(foreign_check_virtual(created, s->path, what));
    shape[0] = chunk[0] > 0 ? (int64_t)chunk[0] : 1;
    shape[1] = found == 2 ? (int64_t)chunk[1] : INT64_MAX;
out:
    h5_close(&created);
    h5_close(&type);
    return code;
}

/* A vector of `wanted` numbers. */
static int survey_vector(survey_t *s, const char *name, int64_t wanted, bool whole)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0}, chunk[2];
    int rank = 0;
    hid_t set = H5I_INVALID_HID;
    TRY(open_set(s, name, dims, &rank, &set));
    TRY(check_length(s, name, dims, rank, wanted));
    TRY(check_numbers(s, name, set, whole));
    TRY(survey_chunks(s, name, set, chunk));
out:
    h5_close(&set);
    return code;
}

static int survey_optional(survey_t *s, const char *name, int64_t wanted, bool whole, bool *has)
{
    *has = h5_has(s->file, name);
    return *has ? survey_vector(s, name, wanted, whole) : TRALO_OK;
}

/* One number for each row, or one for each class. */
static int survey_offset(survey_t *s)
{
    int code = TRALO_OK, rank = 0;
    int64_t dims[2] = {0}, chunk[2];
    hid_t set = H5I_INVALID_HID;
    if (!h5_has(s->file, "offset"))
        return TRALO_OK;
    TRY(open_set(s, "offset", dims, &rank, &set));
    bool classes = rank == 2 && dims[0] == s->layout.n && dims[1] >= 2 && dims[1] <= DATA_LABELS;
    if (!classes)
        TRY(check_length(s, "offset", dims, rank, s->layout.n));
    TRY(check_numbers(s, "offset", set, false));
    TRY(survey_chunks(s, "offset", set, chunk));
    s->layout.offsets = classes ? (int)dims[1] : 1;
out:
    h5_close(&set);
    return code;
}

static int set_shape(survey_t *s, int64_t n, int64_t p)
{
    int code = TRALO_OK;
    if (p < 1)
        FAIL(TRALO_ERR_INPUT, "%s: /X has no columns", s->path);
    if (p >= INT_MAX)
        FAIL(TRALO_ERR_INPUT, "%s: /X has %" PRId64 " columns, at most %d are possible", s->path, p,
             INT_MAX - 1);
    s->layout.n = n;
    s->layout.p = (int)p;
out:
    return code;
}

static int survey_dense(survey_t *s)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0};
    int rank = 0;
    hid_t set = H5I_INVALID_HID, type = H5I_INVALID_HID;
    TRY(open_set(s, "X", dims, &rank, &set));
    if (rank != 2)
        FAIL(TRALO_ERR_INPUT, "%s: /X has %d dimension(s), wanted is [rows, columns]", s->path,
             rank);
    TRY(check_numbers(s, "X", set, false));
    TRY(set_shape(s, dims[0], dims[1]));
    TRY(survey_chunks(s, "X", set, s->chunk));
    type = H5Dget_type(set);
    s->layout.single = H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) <= sizeof(float);
out:
    h5_close(&type);
    h5_close(&set);
    return code;
}

/* The attribute `shape` of a sparse X. */
static int read_sparse_shape(survey_t *s, hid_t group)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0}, shape[2] = {0};
    int rank = 0;
    hid_t attribute = H5Aopen(group, "shape", H5P_DEFAULT);
    if (attribute < 0)
        FAIL(TRALO_ERR_INPUT, "%s: /X is a group without the attribute 'shape'", s->path);
    TRY(h5_dims(attribute, "the attribute 'shape' of /X", 1, dims, &rank));
    if (rank != 1 || dims[0] != 2 || H5Aread(attribute, H5T_NATIVE_INT64, shape) < 0)
        FAIL(TRALO_ERR_INPUT, "%s: the attribute 'shape' of /X must be two integers", s->path);
    if (shape[0] < 0 || shape[0] == INT64_MAX)
        FAIL(TRALO_ERR_INPUT, "%s: the attribute 'shape' of /X says %" PRId64 " rows", s->path,
             shape[0]);
    TRY(set_shape(s, shape[0], shape[1]));
out:
    h5_close(&attribute);
    return code;
}

static int check_encoding(const survey_t *s, hid_t group)
{
    int code = TRALO_OK;
    char *encoding = NULL, what[WHAT];
    snprintf(what, sizeof what, "%s: /X", s->path);
    if (h5_has_attribute(group, "pandas_type"))
        TRY(foreign_explain_X(s->file, s->path));
    if (!h5_has_attribute(group, "encoding-type"))
        FAIL(TRALO_ERR_INPUT,
             "%s is a group without the attribute 'encoding-type', wanted is \"csr_matrix\"", what);
    TRY(h5_read_text(group, "encoding-type", what, &encoding));
    if (strcmp(encoding, "csr_matrix") != 0)
        FAIL(TRALO_ERR_INPUT, "%s is stored as \"%s\", wanted is \"csr_matrix\"%s", what, encoding,
             strcmp(encoding, "csc_matrix") == 0 ? " (X.tocsr() in Python)" : "");
out:
    mem_free(&encoding);
    return code;
}

/* As many indices as values. */
static int survey_entries(survey_t *s)
{
    int code = TRALO_OK;
    int64_t dims[2] = {0};
    int rank = 0;
    hid_t values = H5I_INVALID_HID;
    TRY(open_set(s, "X/data", dims, &rank, &values));
    TRY(survey_vector(s, "X/data", dims[0], false));
    TRY(survey_vector(s, "X/indices", dims[0], true));
    s->layout.entries = dims[0];
out:
    h5_close(&values);
    return code;
}

static int survey_sparse(survey_t *s)
{
    int code = TRALO_OK;
    hid_t group = H5Gopen2(s->file, "X", H5P_DEFAULT);
    if (group < 0)
        FAIL(TRALO_ERR_INPUT, "%s: /X is neither a dataset nor a group", s->path);
    s->layout.sparse = true;
    TRY(check_encoding(s, group));
    TRY(read_sparse_shape(s, group));
    TRY(survey_vector(s, "X/indptr", s->layout.n + 1, true));
    TRY(survey_entries(s));
out:
    h5_close(&group);
    return code;
}

static int survey_X(survey_t *s)
{
    int code = TRALO_OK;
    H5O_info_t info;
    if (!h5_has(s->file, "X"))
        TRY(foreign_explain_X(s->file, s->path));
    if (H5Oget_info_by_name(s->file, "X", &info, H5P_DEFAULT) < 0)
        FAIL(TRALO_ERR_FILE, "%s: /X cannot be opened: %s", s->path, h5_reason());
    TRY(info.type == H5O_TYPE_DATASET ? survey_dense(s) : survey_sparse(s));
out:
    return code;
}

/* The labels of /y: two or more texts. */
static int count_labels(const survey_t *s, hid_t set, int *count)
{
    int code = TRALO_OK, rank = 0;
    int64_t dims[1] = {0};
    char what[WHAT];
    hid_t attribute = H5Aopen(set, "labels", H5P_DEFAULT);
    snprintf(what, sizeof what, "%s: the attribute 'labels' of /y", s->path);
    TRY(h5_dims(attribute, what, 1, dims, &rank));
    if (rank != 1 || dims[0] < 2 || dims[0] > DATA_LABELS)
        FAIL(TRALO_ERR_INPUT, "%s must be a list of 2 to %d texts", what, DATA_LABELS);
    *count = (int)dims[0];
out:
    h5_close(&attribute);
    return code;
}

static int survey_y(survey_t *s, bool required)
{
    int code = TRALO_OK;
    hid_t set = H5I_INVALID_HID;
    data_layout_t *l = &s->layout;
    l->y = required || h5_has(s->file, "y");
    if (!l->y)
        goto out;
    if (!h5_has(s->file, "y"))
        TRY(foreign_explain_y(s->file, s->path));
    TRY(survey_vector(s, "y", l->n, false));
    set = H5Dopen2(s->file, "y", H5P_DEFAULT);
    if (h5_has_attribute(set, "labels"))
        TRY(count_labels(s, set, &l->labels));
    l->target = h5_has_attribute(set, "name");
out:
    h5_close(&set);
    return code;
}

static int check_size(const data_request_t *request, const data_layout_t *l)
{
    int code = TRALO_OK;
    char title[WHAT];
    files_title(request->files, title, sizeof title);
    int64_t least = request->scaling == NULL ? 2 : 1;
    if (l->n < least)
        FAIL(TRALO_ERR_INPUT, "%s: /X has %" PRId64 " rows: at least %" PRId64 " needed", title,
             l->n, least);
    if (request->scaling != NULL && request->scaling->p != l->p)
        FAIL(TRALO_ERR_INPUT, "%s: /X has %d columns, but the model was fitted on %d", title, l->p,
             request->scaling->p);
out:
    return code;
}

static int survey_all(survey_t *s, const data_request_t *request)
{
    int code = TRALO_OK;
    char names[WHAT];
    data_layout_t *l = &s->layout;
    TRY(survey_X(s));
    if (request->files->count == 1)
        TRY(check_size(request, l));
    TRY(survey_y(s, request->scaling == NULL));
    TRY(survey_optional(s, "weights", l->n, false, &l->weights));
    TRY(survey_offset(s));
    TRY(survey_optional(s, "fold", l->n, true, &l->fold));
    TRY(survey_optional(s, "groups", l->p, true, &l->group));
    TRY(foreign_names(s->file, s->path, names, sizeof names, &l->names));
out:
    return code;
}

static int survey_file(const data_request_t *request, int f, data_layout_t *out)
{
    int code = TRALO_OK;
    survey_t s = {request->files->paths[f], H5I_INVALID_HID, {0}, {1, INT64_MAX}};
    TRY(h5_open(s.path, &s.file));
    TRY(survey_all(&s, request));
    request->files->parts[f] = (files_part_t){.rows = s.layout.n,
                                              .entries = s.layout.entries,
                                              .band = s.chunk[0],
                                              .narrow = s.chunk[1] < s.layout.p,
                                              .chunk_bytes = s.layout.chunk_bytes};
    *out = s.layout;
out:
    h5_close(&s.file);
    return code;
}

/* The rows of file f stand behind those of the files before. */
static int add_file(files_t *files, int f, const data_layout_t *l, data_layout_t *all)
{
    int code = TRALO_OK;
    files->parts[f].first = f == 0 ? 0 : all->n;
    if (f == 0) {
        *all = *l;
        goto out;
    }
    TRY(alike_layouts(files, f, l, all));
    if (__builtin_add_overflow(all->n, l->n, &all->n) ||
        __builtin_add_overflow(all->entries, l->entries, &all->entries))
        FAIL(TRALO_ERR_INPUT, "%s: too many rows", files->paths[f]);
    all->single = all->single && l->single;
    all->chunk_bytes = l->chunk_bytes > all->chunk_bytes ? l->chunk_bytes : all->chunk_bytes;
out:
    return code;
}

int data_survey(const data_request_t *request, data_layout_t *out)
{
    int code = TRALO_OK;
    files_t *files = request->files;
    data_layout_t all = {0}, one = {0};
    h5_quiet_t before = h5_quiet_begin();
    for (int f = 0; f < files->count; f++) {
        TRY(survey_file(request, f, &one));
        TRY(add_file(files, f, &one, &all));
    }
    TRY(check_size(request, &all));
    *out = all;
out:
    h5_quiet_end(&before);
    return code;
}

static double density(const data_layout_t *l)
{
    return (double)l->entries / ((double)l->n * l->p);
}

int data_hold(const data_request_t *request, data_layout_t *l)
{
    int code = TRALO_OK;
    const data_storage_t storage = request->options.storage;
    char title[WHAT];
    files_title(request->files, title, sizeof title);
    if (storage == DATA_HOLD_SPARSE && !l->sparse)
        FAIL(TRALO_ERR_INPUT,
             "%s: /X is stored dense, but data.storage = sparse: leave that to auto, or store it "
             "as CSR",
             title);
    l->held_sparse =
        storage == DATA_AUTO ? l->sparse && density(l) < DATA_DENSE : storage == DATA_HOLD_SPARSE;
out:
    return code;
}
