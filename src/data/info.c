/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/info.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/h5.h"
#include "data/layout.h"

enum { WHAT = 512, BLOCK_NUMBERS = 1 << 16, BLOCK_BYTES = 1 << 24, FOLDS_MAX = 1 << 20 };
static const int64_t largest_cache = INT64_C(1) << 28;

/* A file that is being read. */
typedef struct scan {
    const char *path;
    hid_t file;
    data_layout_t layout;
    info_t *info;
    double *block;            /* [BLOCK_NUMBERS] of vectors, or rows of a dense X */
    double *least, *most;     /* [p] of the stored values */
    int64_t *stored, *broken; /* [p] stored values, and those of them that are NaN or Inf */
} scan_t;

/* ---- numbers of a dataset ----------------------------------------------------------------------
 */
/* Rows first .. first+rows-1 of a dataset as numbers of `type`. */
static int read_rows(const scan_t *s, hid_t set, const char *name, int64_t first, int64_t rows,
                     hid_t type, void *values)
{
    int code = TRALO_OK;
    hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {0, 0};
    hid_t memory = H5I_INVALID_HID, space = H5Dget_space(set);
    int rank = H5Sget_simple_extent_dims(space, count, NULL);
    count[0] = (hsize_t)rows;
    memory = H5Screate_simple(rank, count, NULL);
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(set, type, memory, space, H5P_DEFAULT, values) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read /%s: %s", s->path, name, h5_reason());
out:
    h5_close(&memory);
    h5_close(&space);
    return code;
}

static int open_set(const scan_t *s, const char *name, hid_t *out)
{
    int code = TRALO_OK;
    const size_t slots = 521;
    const int64_t cache =
        s->layout.chunk_bytes < largest_cache ? s->layout.chunk_bytes : largest_cache;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (cache > 0)
        H5Pset_chunk_cache(access, slots, (size_t)cache, 1.0);
    *out = H5Dopen2(s->file, name, access);
    h5_close(&access);
    if (*out < 0)
        FAIL(TRALO_ERR_FILE, "%s: /%s cannot be opened: %s", s->path, name, h5_reason());
out:
    return code;
}

/* Calls see(s, value, row) for each number of a vector, or of rows of `each` numbers. */
typedef void (*see_t)(scan_t *s, double value, int64_t seen, void *state);

static int each_number(scan_t *s, const char *name, int each, see_t see, void *state)
{
    int code = TRALO_OK;
    const int64_t total = s->layout.n, most = BLOCK_NUMBERS / each;
    hid_t set = H5I_INVALID_HID;
    TRY(open_set(s, name, &set));
    for (int64_t first = 0, rows; first < total; first += rows) {
        rows = total - first < most ? total - first : most;
        TRY(read_rows(s, set, name, first, rows, H5T_NATIVE_DOUBLE, s->block));
        for (int64_t i = 0; i < rows * each; i++)
            see(s, s->block[i], first + i / each, state);
    }
out:
    h5_close(&set);
    return code;
}

/* ---- y, weights, offset ------------------------------------------------------------------------
 */
typedef struct moments {
    info_vector_t *vector;
    int64_t finite;
    double squares;
} moments_t;

/* Running mean and sum of squares (Welford 1962). */
static void see_moment(scan_t *s, double value, int64_t seen, void *state)
{
    moments_t *m = state;
    info_vector_t *v = m->vector;
    (void)s;
    (void)seen;
    if (!isfinite(value)) {
        v->bad++;
        return;
    }
    const double before = value - v->mean;
    m->finite++;
    v->mean += before / (double)m->finite;
    m->squares += before * (value - v->mean);
    v->zeros += value == 0.0;
    v->min = m->finite == 1 ? value : fmin(v->min, value);
    v->max = m->finite == 1 ? value : fmax(v->max, value);
}

static void see_distinct(info_t *info, double value)
{
    int at = 0;
    while (at < info->distinct && at < INFO_DISTINCT && info->value[at] < value)
        at++;
    if (at < info->distinct && at < INFO_DISTINCT && info->value[at] == value) {
        info->count[at]++;
        return;
    }
    if (info->distinct >= INFO_DISTINCT) {
        info->distinct = INFO_DISTINCT + 1;
        return;
    }
    const size_t behind = (size_t)(info->distinct - at);
    memmove(info->value + at + 1, info->value + at, behind * sizeof *info->value);
    memmove(info->count + at + 1, info->count + at, behind * sizeof *info->count);
    info->value[at] = value;
    info->count[at] = 1;
    info->distinct++;
}

static void see_target(scan_t *s, double value, int64_t seen, void *state)
{
    see_moment(s, value, seen, state);
    if (isfinite(value) && s->info->distinct <= INFO_DISTINCT)
        see_distinct(s->info, value);
}

/* `each`: numbers of a row; 0: it is not there. */
static int scan_vector(scan_t *s, const char *name, int each, see_t see, info_vector_t *vector)
{
    int code = TRALO_OK;
    moments_t m = {.vector = vector};
    vector->present = each > 0;
    if (each == 0)
        goto out;
    TRY(each_number(s, name, each, see, &m));
    vector->sd = m.finite > 0 ? sqrt(m.squares / (double)m.finite) : 0.0;
out:
    return code;
}

/* ---- X -----------------------------------------------------------------------------------------
 */
static void see_entry(scan_t *s, int64_t column, double value)
{
    s->stored[column]++;
    if (!isfinite(value)) {
        s->broken[column]++;
        s->info->bad++;
        return;
    }
    s->info->nonzeros += value != 0.0;
    s->least[column] = fmin(s->least[column], value);
    s->most[column] = fmax(s->most[column], value);
}

static int scan_dense(scan_t *s)
{
    int code = TRALO_OK;
    hid_t set = H5I_INVALID_HID;
    double *rows_block = NULL;
    const int64_t p = s->layout.p, band = s->layout.band;
    int64_t block = BLOCK_BYTES / (8 * p) > 1 ? BLOCK_BYTES / (8 * p) : 1;
    if (block > band)
        block = block / band * band;
    if (block > s->layout.n)
        block = s->layout.n;
    ALLOC(rows_block, block * p);
    TRY(open_set(s, "X", &set));
    for (int64_t first = 0, rows; first < s->layout.n; first += rows) {
        rows = s->layout.n - first < block ? s->layout.n - first : block;
        TRY(read_rows(s, set, "X", first, rows, H5T_NATIVE_DOUBLE, rows_block));
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < p; j++)
                see_entry(s, j, rows_block[i * p + j]);
    }
out:
    mem_free(&rows_block);
    h5_close(&set);
    return code;
}

static int scan_sparse(scan_t *s)
{
    int code = TRALO_OK;
    hid_t values = H5I_INVALID_HID, indices = H5I_INVALID_HID;
    int64_t *columns = NULL;
    const int64_t total = s->layout.entries;
    ALLOC(columns, BLOCK_NUMBERS);
    TRY(open_set(s, "X/data", &values));
    TRY(open_set(s, "X/indices", &indices));
    for (int64_t first = 0, count; first < total; first += count) {
        count = total - first < BLOCK_NUMBERS ? total - first : BLOCK_NUMBERS;
        TRY(read_rows(s, values, "X/data", first, count, H5T_NATIVE_DOUBLE, s->block));
        TRY(read_rows(s, indices, "X/indices", first, count, H5T_NATIVE_INT64, columns));
        for (int64_t k = 0; k < count; k++) {
            if (columns[k] < 0 || columns[k] >= s->layout.p)
                FAIL(TRALO_ERR_INPUT,
                     "%s: /X/indices [%" PRId64 "] is %" PRId64 ", but there are %d columns",
                     s->path, first + k, columns[k], s->layout.p);
            see_entry(s, columns[k], s->block[k]);
        }
    }
out:
    mem_free(&columns);
    h5_close(&values);
    h5_close(&indices);
    return code;
}

static int scan_X(scan_t *s)
{
    int code = TRALO_OK;
    const int p = s->layout.p;
    ALLOC(s->least, p);
    ALLOC(s->most, p);
    ALLOC(s->stored, p);
    ALLOC(s->broken, p);
    for (int j = 0; j < p; j++) {
        s->least[j] = INFINITY;
        s->most[j] = -INFINITY;
    }
    TRY(s->layout.sparse ? scan_sparse(s) : scan_dense(s));
out:
    return code;
}

/* What a sparse X does not store is 0. */
static bool is_constant(const scan_t *s, int j)
{
    const bool zeros = s->stored[j] < s->layout.n;
    const double least = zeros ? fmin(s->least[j], 0.0) : s->least[j];
    const double most = zeros ? fmax(s->most[j], 0.0) : s->most[j];
    return s->broken[j] == 0 && least == most;
}

static int name_constants(scan_t *s)
{
    int code = TRALO_OK;
    info_t *info = s->info;
    char **names = NULL, number[32];
    const int p = s->layout.p;
    hid_t set = H5I_INVALID_HID;
    ALLOC(names, p);
    if (s->layout.names) {
        TRY(open_set(s, "feature_names", &set));
        TRY(h5_read_strings(set, "/feature_names", p, names));
    }
    for (int j = 0; j < p; j++) {
        if (!is_constant(s, j))
            continue;
        snprintf(number, sizeof number, "%d", j);
        if (info->constant < INFO_NAMES)
            TRY(mem_string(names[j] != NULL ? names[j] : number,
                           &info->constant_names[info->constant]));
        info->constant++;
    }
out:
    for (int j = 0; names != NULL && j < p; j++)
        mem_free(&names[j]);
    mem_free(&names);
    h5_close(&set);
    return code;
}

/* ---- how X is stored ---------------------------------------------------------------------------
 */
static void describe_type(hid_t set, char *text)
{
    hid_t type = H5Dget_type(set);
    const bool real = H5Tget_class(type) == H5T_FLOAT,
               plain = !real && H5Tget_sign(type) == H5T_SGN_NONE;
    snprintf(text, INFO_TYPE, "%s%d",
             real    ? "float"
             : plain ? "uint"
                     : "int",
             (int)(8 * H5Tget_size(type)));
    h5_close(&type);
}

static void describe_filter(hid_t list, unsigned i, char *text, size_t size)
{
    unsigned flags, values[8] = {0};
    size_t count = 8;
    char name[24] = "";
    const H5Z_filter_t filter =
        H5Pget_filter2(list, i, &flags, &count, values, sizeof name, name, NULL);
    name[sizeof name - 1] = '\0';
    if (filter == H5Z_FILTER_DEFLATE)
        snprintf(text, size, "gzip %u", values[0]);
    else
        snprintf(text, size, "%s", name);
}

static void describe_filters(hid_t list, char *text)
{
    size_t used = 0;
    char one[32];
    for (int i = 0; i < H5Pget_nfilters(list) && used < INFO_FILTERS; i++) {
        describe_filter(list, (unsigned)i, one, sizeof one);
        used += (size_t)snprintf(text + used, INFO_FILTERS - used, "%s%s", i > 0 ? ", " : "", one);
    }
}

static int describe_storage(scan_t *s)
{
    int code = TRALO_OK;
    info_t *info = s->info;
    hsize_t chunk[2] = {0, 0};
    hid_t set = H5I_INVALID_HID, list = H5I_INVALID_HID;
    TRY(open_set(s, s->layout.sparse ? "X/data" : "X", &set));
    list = H5Dget_create_plist(set);
    describe_type(set, info->type);
    if (H5Pget_layout(list) == H5D_CHUNKED)
        H5Pget_chunk(list, 2, chunk);
    info->chunk[0] = (int64_t)chunk[0];
    info->chunk[1] = (int64_t)chunk[1];
    describe_filters(list, info->filters);
    info->stored_bytes = (int64_t)H5Dget_storage_size(set);
out:
    h5_close(&list);
    h5_close(&set);
    return code;
}

/* ---- names, groups, folds ----------------------------------------------------------------------
 */
static int read_texts(const scan_t *s)
{
    int code = TRALO_OK;
    hid_t set = H5I_INVALID_HID;
    TRY(open_set(s, "y", &set));
    if (s->layout.target)
        TRY(h5_read_text(set, "name", "/y", &s->info->target));
    if (s->layout.labels > 0) {
        ALLOC(s->info->labels, s->layout.labels);
        s->info->label_count = s->layout.labels;
        TRY(h5_read_attribute_strings(set, "labels", "/y", s->layout.labels, s->info->labels));
    }
    if (h5_has_attribute(s->file, "source"))
        TRY(h5_read_text(s->file, "source", "/", &s->info->source));
out:
    h5_close(&set);
    return code;
}

static int by_size(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int scan_groups(scan_t *s)
{
    int code = TRALO_OK;
    int *group = NULL;
    hid_t set = H5I_INVALID_HID;
    const int p = s->layout.p;
    s->info->groups = s->layout.group;
    if (!s->layout.group)
        goto out;
    ALLOC(group, p);
    TRY(open_set(s, "groups", &set));
    TRY(read_rows(s, set, "groups", 0, p, H5T_NATIVE_INT, group));
    qsort(group, (size_t)p, sizeof *group, by_size);
    for (int j = 0; j < p; j++) {
        s->info->free += group[j] < 0;
        s->info->group_count += group[j] >= 0 && (j == 0 || group[j] != group[j - 1]);
    }
out:
    mem_free(&group);
    h5_close(&set);
    return code;
}

static void see_fold(scan_t *s, double value, int64_t seen, void *state)
{
    int64_t *rows = state;
    (void)s;
    (void)seen;
    if (value >= 0 && value < FOLDS_MAX)
        rows[(int64_t)value]++;
}

static int scan_folds(scan_t *s)
{
    int code = TRALO_OK;
    int64_t *rows = NULL;
    info_t *info = s->info;
    info->folds = s->layout.fold;
    if (!s->layout.fold)
        goto out;
    ALLOC(rows, FOLDS_MAX);
    TRY(each_number(s, "fold", 1, see_fold, rows));
    for (int64_t k = 0; k < FOLDS_MAX; k++) {
        if (rows[k] == 0)
            continue;
        info->fold_least =
            info->fold_count == 0 || rows[k] < info->fold_least ? rows[k] : info->fold_least;
        info->fold_most = rows[k] > info->fold_most ? rows[k] : info->fold_most;
        info->fold_count++;
    }
out:
    mem_free(&rows);
    return code;
}

/* ---- all ---------------------------------------------------------------------------------------
 */
static int scan_all(scan_t *s)
{
    int code = TRALO_OK;
    info_t *info = s->info;
    const data_layout_t *l = &s->layout;
    info->n = l->n;
    info->p = l->p;
    info->sparse = l->sparse;
    info->entries = l->entries;
    TRY(describe_storage(s));
    TRY(scan_X(s));
    TRY(name_constants(s));
    TRY(scan_vector(s, "y", 1, see_target, &info->y));
    TRY(scan_vector(s, "weights", l->weights, see_moment, &info->weights));
    info->offsets = l->offsets;
    TRY(scan_vector(s, "offset", l->offsets, see_moment, &info->offset));
    TRY(scan_groups(s));
    TRY(scan_folds(s));
    TRY(read_texts(s));
out:
    return code;
}

int info_read(const char *path, info_t **out)
{
    int code = TRALO_OK;
    scan_t s = {.path = path, .file = H5I_INVALID_HID};
    const data_request_t request = {.file = path};
    h5_quiet_t before = h5_quiet_begin();
    TRY(data_survey(&request, &s.layout));
    ALLOC(s.info, 1);
    ALLOC(s.block, BLOCK_NUMBERS);
    TRY(h5_open(path, &s.file));
    TRY(scan_all(&s));
    *out = s.info;
    s.info = NULL;
out:
    h5_close(&s.file);
    h5_quiet_end(&before);
    info_free(&s.info);
    mem_free(&s.block);
    mem_free(&s.least);
    mem_free(&s.most);
    mem_free(&s.stored);
    mem_free(&s.broken);
    return code;
}

void info_free(info_t **info)
{
    if (*info == NULL)
        return;
    for (int i = 0; i < INFO_NAMES; i++)
        mem_free(&(*info)->constant_names[i]);
    mem_free(&(*info)->target);
    for (int k = 0; k < (*info)->label_count; k++)
        mem_free(&(*info)->labels[k]);
    mem_free(&(*info)->labels);
    mem_free(&(*info)->source);
    mem_free(info);
}
