/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/h5.h"

enum { CHUNK_BYTES = 1 << 20, CHUNK_COLUMNS = 1 << 26 };

/* A dataset that is filled front to back, rows of `width` items at a time. */
typedef struct sink {
    hid_t set, type; /* type: of the items in memory, borrowed */
    size_t row_bytes;
    int64_t width, total; /* items in a row, rows in all */
    int64_t capacity, held, done;
    char *block; /* [capacity rows] */
} sink_t;

struct writer {
    char *path, *part; /* owned */
    write_shape_t shape;
    hid_t file;
    bool finished;
    int64_t stored; /* values of CSR so far */
    sink_t x, index, indptr, y, weights, offset;
};

enum { SINKS = 6 };

static void all_sinks(writer_t *w, sink_t *sinks[SINKS])
{
    sink_t *const list[SINKS] = {&w->x, &w->index, &w->indptr, &w->y, &w->weights, &w->offset};
    memcpy(sinks, list, sizeof list);
}

/* ---- sinks -------------------------------------------------------------------------------------
 */
typedef struct sink_plan {
    const char *path;
    hid_t stored, memory;
    int64_t total, width; /* width 0: a vector */
    int gzip;
} sink_plan_t;

/* In one piece, or compressed in chunks of whole rows of about CHUNK_BYTES. */
static hid_t storage_of(const sink_plan_t *plan, int64_t capacity)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (plan->gzip == 0 || plan->total == 0)
        return list;
    const int64_t rows = capacity < plan->total ? capacity : plan->total;
    const int64_t columns = plan->width < CHUNK_COLUMNS ? plan->width : CHUNK_COLUMNS;
    const hsize_t chunk[2] = {(hsize_t)rows, (hsize_t)columns};
    H5Pset_chunk(list, plan->width == 0 ? 1 : 2, chunk);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, (unsigned)plan->gzip);
    return list;
}

static int sink_open(const writer_t *w, const sink_plan_t *plan, sink_t *sink)
{
    int code = TRALO_OK;
    const int64_t width = plan->width == 0 ? 1 : plan->width;
    const hsize_t dims[2] = {(hsize_t)plan->total, (hsize_t)width};
    hid_t space = H5I_INVALID_HID, storage = H5I_INVALID_HID;
    sink->type = plan->memory;
    sink->width = width;
    sink->total = plan->total;
    sink->row_bytes = (size_t)width * H5Tget_size(plan->memory);
    sink->capacity = CHUNK_BYTES / (int64_t)((size_t)width * H5Tget_size(plan->stored));
    if (sink->capacity < 1)
        sink->capacity = 1;
    TRY(mem_alloc(sink->capacity, sink->row_bytes, &sink->block));
    space = H5Screate_simple(plan->width == 0 ? 1 : 2, dims, NULL);
    storage = storage_of(plan, sink->capacity);
    sink->set =
        H5Dcreate2(w->file, plan->path, plan->stored, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    if (sink->set < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", w->part, h5_reason());
out:
    h5_close(&storage);
    h5_close(&space);
    return code;
}

static int sink_flush(const writer_t *w, sink_t *sink)
{
    int code = TRALO_OK;
    const hsize_t start[2] = {(hsize_t)sink->done, 0};
    const hsize_t count[2] = {(hsize_t)sink->held, (hsize_t)sink->width};
    hid_t file = H5I_INVALID_HID, memory = H5I_INVALID_HID;
    if (sink->held == 0)
        return code;
    h5_quiet_t before = h5_quiet_begin();
    file = H5Dget_space(sink->set);
    memory = H5Screate_simple(H5Sget_simple_extent_ndims(file), count, NULL);
    H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (H5Dwrite(sink->set, sink->type, memory, file, H5P_DEFAULT, sink->block) < 0 ||
        H5Dflush(sink->set) < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", w->part, h5_reason());
    sink->done += sink->held;
    sink->held = 0;
out:
    h5_close(&memory);
    h5_close(&file);
    h5_quiet_end(&before);
    return code;
}

static int sink_add(const writer_t *w, sink_t *sink, const void *rows, int64_t count)
{
    int code = TRALO_OK;
    const char *from = rows;
    if (sink->done + sink->held + count > sink->total)
        FAIL(TRALO_ERR_INPUT, "%s: the input has grown while it was read; try again", w->path);
    while (count > 0) {
        const int64_t room = sink->capacity - sink->held, taken = room < count ? room : count;
        memcpy(sink->block + (size_t)sink->held * sink->row_bytes, from,
               (size_t)taken * sink->row_bytes);
        from += (size_t)taken * sink->row_bytes;
        sink->held += taken;
        count -= taken;
        if (sink->held == sink->capacity)
            TRY(sink_flush(w, sink));
    }
out:
    return code;
}

static void sink_close(sink_t *sink)
{
    h5_close(&sink->set);
    mem_free(&sink->block);
}

/* ---- datasets ----------------------------------------------------------------------------------
 */
/* /X as AnnData writes it: a group of three vectors and three attributes. */
static int create_csr(writer_t *w, hid_t stored)
{
    int code = TRALO_OK;
    const write_shape_t *s = &w->shape;
    const int64_t start = 0, shape[2] = {s->n, s->p}, two = 2;
    const hsize_t dims[1] = {(hsize_t)two};
    hid_t space = H5I_INVALID_HID, attribute = H5I_INVALID_HID;
    hid_t group = H5Gcreate2(w->file, "/X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", w->part, h5_reason());
    TRY(h5_write_text(group, "encoding-type", "csr_matrix"));
    TRY(h5_write_text(group, "encoding-version", "0.1.0"));
    space = H5Screate_simple(1, dims, NULL);
    attribute = H5Acreate2(group, "shape", H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, shape) < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", w->part, h5_reason());
    const sink_plan_t data = {"/X/data", stored, H5T_NATIVE_DOUBLE, s->nonzeros, 0, s->gzip},
                      index = {"/X/indices", H5T_NATIVE_INT, H5T_NATIVE_INT, s->nonzeros, 0,
                               s->gzip},
                      indptr = {"/X/indptr", H5T_NATIVE_INT64, H5T_NATIVE_INT64, s->n + 1,
                                0,           s->gzip};
    TRY(sink_open(w, &data, &w->x));
    TRY(sink_open(w, &index, &w->index));
    TRY(sink_open(w, &indptr, &w->indptr));
    TRY(sink_add(w, &w->indptr, &start, 1));
out:
    h5_close(&attribute);
    h5_close(&space);
    h5_close(&group);
    return code;
}

static int create_vector(writer_t *w, const char *path, sink_t *sink)
{
    const sink_plan_t plan = {path, H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, w->shape.n, 0, 0};
    return sink_open(w, &plan, sink);
}

/* The part of all rows is the value of what is not written. */
static int create_fold(const writer_t *w)
{
    int code = TRALO_OK;
    const hsize_t dims[1] = {(hsize_t)w->shape.n};
    hid_t space = H5Screate_simple(1, dims, NULL), storage = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_fill_value(storage, H5T_NATIVE_INT, &w->shape.part);
    hid_t set =
        H5Dcreate2(w->file, "/fold", H5T_NATIVE_INT, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    if (set < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", w->part, h5_reason());
out:
    h5_close(&set);
    h5_close(&storage);
    h5_close(&space);
    return code;
}

static int create_sets(writer_t *w)
{
    int code = TRALO_OK;
    const write_shape_t *s = &w->shape;
    const hid_t stored = s->float32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    const sink_plan_t dense = {"/X", stored, H5T_NATIVE_DOUBLE, s->n, s->p, s->gzip};
    TRY(h5_create(w->part, &w->file));
    TRY(s->nonzeros >= 0 ? create_csr(w, stored) : sink_open(w, &dense, &w->x));
    TRY(create_vector(w, "/y", &w->y));
    if (s->weights)
        TRY(create_vector(w, "/weights", &w->weights));
    if (s->offset)
        TRY(create_vector(w, "/offset", &w->offset));
    if (s->fold)
        TRY(create_fold(w));
out:
    return code;
}

int writer_create(const char *path, const write_shape_t *shape, writer_t **out)
{
    int code = TRALO_OK;
    writer_t *w = NULL;
    sink_t *sinks[SINKS];
    h5_quiet_t before = h5_quiet_begin();
    ALLOC(w, 1);
    w->shape = *shape;
    w->file = H5I_INVALID_HID;
    all_sinks(w, sinks);
    for (int i = 0; i < SINKS; i++)
        sinks[i]->set = H5I_INVALID_HID;
    TRY(mem_string(path, &w->path));
    const size_t size = strlen(path) + sizeof ".part";
    ALLOC(w->part, (int64_t)size);
    snprintf(w->part, size, "%s.part", path);
    TRY(create_sets(w));
    *out = w;
    w = NULL;
out:
    writer_free(&w);
    h5_quiet_end(&before);
    return code;
}

int writer_row(writer_t *w, const write_row_t *row)
{
    int code = TRALO_OK;
    TRY(sink_add(w, &w->y, &row->y, 1));
    if (w->shape.weights)
        TRY(sink_add(w, &w->weights, &row->weight, 1));
    if (w->shape.offset)
        TRY(sink_add(w, &w->offset, &row->offset, 1));
    if (w->shape.nonzeros < 0) {
        TRY(sink_add(w, &w->x, row->x, 1));
        goto out;
    }
    w->stored += row->count;
    TRY(sink_add(w, &w->x, row->value, row->count));
    TRY(sink_add(w, &w->index, row->index, row->count));
    TRY(sink_add(w, &w->indptr, &w->stored, 1));
out:
    return code;
}

int writer_texts(writer_t *w, const char *object, const char *name, const char *const *texts,
                 int64_t count)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    hid_t at = H5Oopen(w->file, object, H5P_DEFAULT);
    TRY(h5_write_attribute_strings(at, name, texts, count));
out:
    h5_close(&at);
    h5_quiet_end(&before);
    return code;
}

int writer_text(writer_t *w, const char *object, const char *name, const char *text)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    hid_t at = H5Oopen(w->file, object, H5P_DEFAULT);
    TRY(h5_write_text(at, name, text));
out:
    h5_close(&at);
    h5_quiet_end(&before);
    return code;
}

int writer_features(writer_t *w, const char *const *names)
{
    return h5_write_strings(w->file, "/feature_names", names, w->shape.p);
}

int writer_finish(writer_t *w)
{
    int code = TRALO_OK;
    sink_t *sinks[SINKS];
    h5_quiet_t before = h5_quiet_begin();
    all_sinks(w, sinks);
    for (int i = 0; i < SINKS; i++) {
        TRY(sink_flush(w, sinks[i]));
        if (sinks[i]->done < sinks[i]->total)
            FAIL(TRALO_ERR_INPUT, "%s: the input has shrunk while it was read; try again", w->path);
        sink_close(sinks[i]);
    }
    TRY(h5_finish(&w->file, w->part));
    if (rename(w->part, w->path) != 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s", w->path, strerror(errno));
    w->finished = true;
out:
    h5_quiet_end(&before);
    return code;
}

void writer_free(writer_t **writer)
{
    sink_t *sinks[SINKS];
    writer_t *w = *writer;
    if (w == NULL)
        return;
    h5_quiet_t before = h5_quiet_begin();
    all_sinks(w, sinks);
    if (w->file >= 0)
        h5_abandon(w->file);
    for (int i = 0; i < SINKS; i++)
        sink_close(sinks[i]);
    h5_close(&w->file);
    h5_quiet_end(&before);
    if (!w->finished && w->part != NULL)
        unlink(w->part);
    mem_free(&w->path);
    mem_free(&w->part);
    mem_free(writer);
}
