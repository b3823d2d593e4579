/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/info.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/filters.h"
#include "data/foreign.h"
#include "data/h5.h"
#include "data/layout.h"
#include "data/reader.h"

enum { BLOCK_NUMBERS = 1 << 16, BLOCK_BYTES = 1 << 24, FOLDS_MAX = 1 << 20 };

/* Files that are being read. */
typedef struct scan {
    files_t *files;
    data_layout_t layout;
    reader_t reader;
    data_t *described; /* p, group, names, labels, target */
    info_t *info;
    double *block;            /* [BLOCK_NUMBERS] of vectors, or rows of a dense X */
    double *least, *most;     /* [p] of the stored values */
    int64_t *stored, *broken; /* [p] stored values, and those of them that are NaN or Inf */
} scan_t;

/* Calls see(s, value, row) for each number of a vector, or of rows of `each` numbers. */
typedef void (*see_t)(scan_t *s, double value, int64_t seen, void *state);

static int each_number(scan_t *s, reader_set_t set, int each, see_t see, void *state)
{
    int code = TRALO_OK;
    const int64_t total = s->layout.n, most = BLOCK_NUMBERS / each;
    files_piece_t piece;
    for (int64_t first = 0; first < total; first += piece.count) {
        piece = files_piece(s->files, first, total - first < most ? total - first : most);
        TRY(reader_read(&s->reader, set, &piece, H5T_NATIVE_DOUBLE, s->block));
        for (int64_t i = 0; i < piece.count * each; i++)
            see(s, s->block[i], first + i / each, state);
    }
out:
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
static int scan_vector(scan_t *s, reader_set_t set, int each, see_t see, info_vector_t *vector)
{
    int code = TRALO_OK;
    moments_t m = {.vector = vector};
    vector->present = each > 0;
    if (each == 0)
        goto out;
    TRY(each_number(s, set, each, see, &m));
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
    double *rows_block = NULL;
    files_piece_t piece;
    const int64_t p = s->layout.p, n = s->layout.n;
    int64_t block = BLOCK_BYTES / (8 * p) > 1 ? BLOCK_BYTES / (8 * p) : 1;
    if (block > n)
        block = n;
    ALLOC(rows_block, block * p);
    for (int64_t first = 0; first < n; first += piece.count) {
        piece = files_piece(s->files, first, n - first < block ? n - first : block);
        int64_t band = s->files->parts[piece.file].band, left = piece.count % band;
        piece.count -= piece.count > band && piece.first % band == 0 ? left : 0;
        TRY(reader_read(&s->reader, READER_X, &piece, H5T_NATIVE_DOUBLE, rows_block));
        for (int64_t i = 0; i < piece.count; i++)
            for (int64_t j = 0; j < p; j++)
                see_entry(s, j, rows_block[i * p + j]);
    }
out:
    mem_free(&rows_block);
    return code;
}

/* The entries of one file; columns [BLOCK_NUMBERS]. */
static int scan_entries(scan_t *s, int f, int64_t *columns)
{
    int code = TRALO_OK;
    const int64_t total = s->files->parts[f].entries;
    files_piece_t piece = {.file = f};
    for (; piece.first < total; piece.first += piece.count) {
        const int64_t left = total - piece.first;
        piece.count = left < BLOCK_NUMBERS ? left : BLOCK_NUMBERS;
        TRY(reader_read(&s->reader, READER_X, &piece, H5T_NATIVE_DOUBLE, s->block));
        TRY(reader_read(&s->reader, READER_INDICES, &piece, H5T_NATIVE_INT64, columns));
        for (int64_t k = 0; k < piece.count; k++) {
            if (columns[k] < 0 || columns[k] >= s->layout.p)
                FAIL(TRALO_ERR_INPUT,
                     "%s: /X/indices [%" PRId64 "] is %" PRId64 ", but there are %d columns",
                     s->files->paths[f], piece.first + k, columns[k], s->layout.p);
            see_entry(s, columns[k], s->block[k]);
        }
    }
out:
    return code;
}

static int scan_sparse(scan_t *s)
{
    int code = TRALO_OK;
    int64_t *columns = NULL;
    ALLOC(columns, BLOCK_NUMBERS);
    for (int f = 0; f < s->files->count; f++)
        TRY(scan_entries(s, f, columns));
out:
    mem_free(&columns);
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

static int name_constants(const scan_t *s)
{
    int code = TRALO_OK;
    info_t *info = s->info;
    char number[32];
    char *const *names = s->described->names;
    for (int j = 0; j < s->layout.p; j++) {
        if (!is_constant(s, j))
            continue;
        snprintf(number, sizeof number, "%d", j);
        if (info->constant < INFO_NAMES)
            TRY(mem_string(names != NULL ? names[j] : number,
                           &info->constant_names[info->constant]));
        info->constant++;
    }
out:
    return code;
}

/* ---- how X is stored ---------------------------------------------------------------------------
 */
static void describe_type(hid_t set, char *text)
{
    hid_t type = H5Dget_type(set);
    const bool real = H5Tget_class(type) == H5T_FLOAT,
               plain = !real && H5Tget_sign(type) == H5T_SGN_NONE;
    if (H5Tget_class(type) == H5T_ENUM)
        snprintf(text, INFO_TYPE, "bool");
    else
        snprintf(text, INFO_TYPE, "%s%d",
                 real    ? "float"
                 : plain ? "uint"
                         : "int",
                 (int)(8 * H5Tget_size(type)));
    h5_close(&type);
}

/* X of the first file. */
static void describe_X(hid_t set, info_t *info)
{
    hsize_t chunk[2] = {0, 0};
    hid_t list = H5Dget_create_plist(set);
    describe_type(set, info->type);
    if (H5Pget_layout(list) == H5D_CHUNKED)
        H5Pget_chunk(list, 2, chunk);
    info->chunk[0] = (int64_t)chunk[0];
    info->chunk[1] = (int64_t)chunk[1];
    filters_text(list, info->filters, sizeof info->filters);
    h5_close(&list);
}

static int describe_storage(scan_t *s, int f)
{
    int code = TRALO_OK;
    hid_t file = H5I_INVALID_HID, set = H5I_INVALID_HID;
    const char *path = s->files->paths[f], *name = s->layout.sparse ? "X/data" : "X";
    TRY(h5_open(path, &file));
    set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_FILE, "%s: /%s cannot be opened: %s", path, name, h5_reason());
    s->info->stored_bytes += (int64_t)H5Dget_storage_size(set);
    if (f == 0)
        describe_X(set, s->info);
    if (f == 0)
        foreign_rest(file, s->info->rest, sizeof s->info->rest);
    if (f == 0 && h5_has_attribute(file, "source"))
        TRY(h5_read_text(file, "source", path, &s->info->source));
out:
    h5_close(&set);
    h5_close(&file);
    return code;
}

/* ---- names, groups, folds ----------------------------------------------------------------------
 */
/* Groups are numbered from 0 without gaps. */
static void count_groups(info_t *info, const data_t *d)
{
    info->groups = d->group != NULL;
    for (int j = 0; info->groups && j < d->p; j++) {
        info->free += d->group[j] < 0;
        info->group_count = d->group[j] >= info->group_count ? d->group[j] + 1 : info->group_count;
    }
}

static void take_texts(info_t *info, data_t *d)
{
    info->target = d->target;
    info->labels = d->labels;
    info->label_count = d->label_count;
    d->target = NULL;
    d->labels = NULL;
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
    TRY(each_number(s, READER_FOLD, 1, see_fold, rows));
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
    info->files = s->files->count;
    info->n = l->n;
    info->p = l->p;
    info->sparse = l->sparse;
    info->entries = l->entries;
    for (int f = 0; f < s->files->count; f++)
        TRY(describe_storage(s, f));
    TRY(scan_X(s));
    TRY(name_constants(s));
    TRY(scan_vector(s, READER_Y, 1, see_target, &info->y));
    TRY(scan_vector(s, READER_WEIGHTS, l->weights, see_moment, &info->weights));
    info->offsets = l->offsets;
    TRY(scan_vector(s, READER_OFFSET, l->offsets, see_moment, &info->offset));
    TRY(scan_folds(s));
    count_groups(info, s->described);
    take_texts(info, s->described);
out:
    return code;
}

static int begin(const files_names_t *names, scan_t *s)
{
    int code = TRALO_OK;
    TRY(files_find(names, &s->files));
    const data_request_t request = {.files = s->files};
    TRY(data_survey(&request, &s->layout));
    ALLOC(s->described, 1);
    s->described->p = s->layout.p;
    TRY(data_describe(s->files, &s->layout, s->described));
    ALLOC(s->info, 1);
    ALLOC(s->block, BLOCK_NUMBERS);
    reader_open(s->files, &s->layout, &s->reader);
out:
    return code;
}

int info_read(const files_names_t *names, info_t **out)
{
    int code = TRALO_OK;
    scan_t s = {.reader = reader_none()};
    h5_quiet_t before = h5_quiet_begin();
    TRY(begin(names, &s));
    TRY(scan_all(&s));
    *out = s.info;
    s.info = NULL;
out:
    reader_close(&s.reader);
    h5_quiet_end(&before);
    info_free(&s.info);
    data_free(&s.described);
    files_free(&s.files);
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
