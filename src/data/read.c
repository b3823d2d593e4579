/* SPDX-License-Identifier: BSD-3-Clause */
/* All ranks open the file and its datasets together, then each reads its rows on its own:
   dense    a block of rows arrives packed [count, p] where it belongs in X [rows, columns], then
   its rows move apart, the last one first sparse   a block of entries arrives in a buffer, and each
   entry goes to its place in X, which is 0 so that no second copy of X exists. Blocks of a dense X
   end where chunks end, for a chunk that is compressed costs as much to read in part as in full. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "comm/mpi.h"
#include "data/build.h"
#include "data/h5.h"
#include "data/layout.h"

enum {
    NAME = 64,
    BLOCK_BYTES = 1 << 24,   /* of rows of a dense X that are read at once */
    BLOCK_ENTRIES = 1 << 17, /* of a sparse X that are read at once */
    LARGEST_CACHE = 1 << 28  /* bytes of decompressed chunks that are kept */
};

/* The file as all ranks have it open. */
typedef struct reader {
    const char *path;
    hid_t file, X, indices, indptr, y, weights, offset, fold;
} reader_t;

static int open_file(reader_t *r, const comm_t *comm)
{
    int code = TRALO_OK;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_fapl_mpio(access, comm_mpi(comm), MPI_INFO_NULL) < 0)
        FAIL(TRALO_ERR_INTERNAL, "HDF5 cannot use MPI-IO: %s", h5_reason());
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, access);
    if (r->file < 0)
        FAIL(TRALO_ERR_FILE, "cannot open %s with MPI-IO: %s", r->path, h5_reason());
out:
    h5_close(&access);
    return code;
}

static int open_set(const reader_t *r, const char *name, hid_t access, bool wanted, hid_t *set)
{
    int code = TRALO_OK;
    if (!wanted)
        return TRALO_OK;
    *set = H5Dopen2(r->file, name, access);
    if (*set < 0)
        FAIL(TRALO_ERR_FILE, "%s: /%s cannot be opened: %s", r->path, name, h5_reason());
out:
    return code;
}

/* The descriptions of all datasets are read once, by rank 0, which hands them on inside HDF5. */
static int open_sets(reader_t *r, const data_layout_t *l)
{
    int code = TRALO_OK;
    const size_t SLOTS = 521;
    const double DROP_READ_CHUNKS_FIRST = 1.0;
    int64_t cache = l->chunk_bytes < LARGEST_CACHE ? l->chunk_bytes : LARGEST_CACHE;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access < 0 || H5Pset_all_coll_metadata_ops(access, true) < 0 ||
        H5Pset_chunk_cache(access, SLOTS, (size_t)cache, DROP_READ_CHUNKS_FIRST) < 0)
        FAIL(TRALO_ERR_INTERNAL, "HDF5 cannot be set up: %s", h5_reason());
    TRY(open_set(r, l->sparse ? "X/data" : "X", access, true, &r->X));
    TRY(open_set(r, "X/indices", access, l->sparse, &r->indices));
    TRY(open_set(r, "X/indptr", access, l->sparse, &r->indptr));
    TRY(open_set(r, "y", access, l->y, &r->y));
    TRY(open_set(r, "weights", access, l->weights, &r->weights));
    TRY(open_set(r, "offset", access, l->offsets > 0, &r->offset));
    TRY(open_set(r, "fold", access, l->fold, &r->fold));
out:
    h5_close(&access);
    return code;
}

static void close_all(reader_t *r)
{
    h5_close(&r->X);
    h5_close(&r->indices);
    h5_close(&r->indptr);
    h5_close(&r->y);
    h5_close(&r->weights);
    h5_close(&r->offset);
    h5_close(&r->fold);
    h5_close(&r->file);
}

/* Rows first .. first+rows-1 of a dataset [n] or [n, p] as numbers of `type`, packed. */
static int read_slab(const reader_t *r, hid_t set, hid_t type, int64_t first, int64_t rows,
                     void *values)
{
    int code = TRALO_OK;
    hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)rows, 0}, size[2] = {0};
    char name[NAME] = "?";
    hid_t memory = H5I_INVALID_HID, space = H5Dget_space(set);
    H5Iget_name(set, name, sizeof name);
    int rank = H5Sget_simple_extent_dims(space, size, NULL);
    count[1] = size[1];
    memory = H5Screate_simple(rank, count, NULL);
    if (space < 0 || memory < 0 ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(set, type, memory, space, H5P_DEFAULT, values) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read %s: %s", r->path, name, h5_reason());
out:
    h5_close(&memory);
    h5_close(&space);
    return code;
}

/* Row i from [count, p] to [count, columns], both starting at x. */
static void spread(double *x, int64_t count, int p, int columns)
{
    for (int64_t i = count - 1; i > 0 && columns > p; i--)
        memmove(x + i * columns, x + i * p, (size_t)p * sizeof *x);
}

static int read_dense(const reader_t *r, const data_layout_t *l, data_t *d, const char *where)
{
    int code = TRALO_OK;
    int64_t bands = BLOCK_BYTES / (8 * (int64_t)d->columns) / l->band;
    int64_t block = l->band * (bands > 1 ? bands : 1);
    for (int64_t row = 0, count; row < d->rows; row += count) {
        int64_t left = d->rows - row, to_edge = block - (d->first + row) % l->band;
        double *x = d->X.dense + row * d->columns;
        count = left < to_edge ? left : to_edge;
        TRY(read_slab(r, r->X, H5T_NATIVE_DOUBLE, d->first + row, count, x));
        spread(x, count, d->p, d->columns);
        TRY(data_check_rows(d, where, row, count));
    }
out:
    return code;
}

/* Buffers of a sparse X on its way in. */
typedef struct entries {
    int64_t *indptr; /* [rows + 1] */
    int64_t *column; /* [BLOCK_ENTRIES] */
    double *value;   /* [BLOCK_ENTRIES] */
    int64_t *last;   /* [p], 1 + the last row with an entry in this column */
} entries_t;

static int create_entries(const data_t *d, entries_t *e)
{
    int code = TRALO_OK;
    ALLOC(e->indptr, d->rows + 1);
    ALLOC(e->column, BLOCK_ENTRIES);
    ALLOC(e->value, BLOCK_ENTRIES);
    ALLOC(e->last, d->p);
out:
    return code;
}

static void free_entries(entries_t *e)
{
    mem_free(&e->indptr);
    mem_free(&e->column);
    mem_free(&e->value);
    mem_free(&e->last);
}

/* Goes up from 0 to the number of entries. */
static int check_indptr(const data_t *d, const int64_t *indptr, int64_t entries, const char *where)
{
    int code = TRALO_OK;
    if (d->first == 0 && indptr[0] != 0)
        FAIL(TRALO_ERR_INPUT, "%sX/indptr starts with %" PRId64 ", wanted is 0", where, indptr[0]);
    for (int64_t i = 0; i <= d->rows; i++) {
        if (indptr[i] < 0 || indptr[i] > entries)
            FAIL(TRALO_ERR_INPUT,
                 "%sX/indptr [%" PRId64 "] is %" PRId64 ", outside of 0 to %" PRId64, where,
                 d->first + i, indptr[i], entries);
        if (i > 0 && indptr[i] < indptr[i - 1])
            FAIL(TRALO_ERR_INPUT, "%sX/indptr [%" PRId64 "] is less than the one before", where,
                 d->first + i);
    }
    if (d->first + d->rows == d->n && indptr[d->rows] != entries)
        FAIL(TRALO_ERR_INPUT, "%sX/indptr ends with %" PRId64 ", but there are %" PRId64 " entries",
             where, indptr[d->rows], entries);
out:
    return code;
}

/* One entry of row `row` into X. */
static int place(data_t *d, int64_t row, int64_t column, double value, int64_t *last,
                 const char *where)
{
    int code = TRALO_OK;
    if (column < 0 || column >= d->p)
        FAIL(TRALO_ERR_INPUT,
             "%sX row %" PRId64 " has an entry in column %" PRId64 ", but there are %d columns",
             where, d->first + row, column, d->p);
    if (last[column] == row + 1)
        FAIL(TRALO_ERR_INPUT, "%sX row %" PRId64 " has two entries in column %" PRId64, where,
             d->first + row, column);
    last[column] = row + 1;
    d->X.dense[row * d->columns + column] = value;
    if (!isfinite(value))
        TRY(data_check_rows(d, where, row, 1));
out:
    return code;
}

static int read_entries(const reader_t *r, data_t *d, const entries_t *e, const char *where)
{
    int code = TRALO_OK;
    int64_t end = e->indptr[d->rows], row = 0;
    for (int64_t k = e->indptr[0], count; k < end; k += count) {
        count = end - k < BLOCK_ENTRIES ? end - k : BLOCK_ENTRIES;
        TRY(read_slab(r, r->indices, H5T_NATIVE_INT64, k, count, e->column));
        TRY(read_slab(r, r->X, H5T_NATIVE_DOUBLE, k, count, e->value));
        for (int64_t i = 0; i < count; i++) {
            while (e->indptr[row + 1] <= k + i)
                row++;
            TRY(place(d, row, e->column[i], e->value[i], e->last, where));
        }
    }
out:
    return code;
}

static int read_indptr(const reader_t *r, const data_layout_t *l, const data_t *d, entries_t *e,
                       const char *where)
{
    int code = TRALO_OK;
    if (d->rows == 0)
        return TRALO_OK;
    TRY(create_entries(d, e));
    TRY(read_slab(r, r->indptr, H5T_NATIVE_INT64, d->first, d->rows + 1, e->indptr));
    TRY(check_indptr(d, e->indptr, l->entries, where));
out:
    return code;
}

/* Two agreements, so that which error comes first does not depend on the number of ranks. */
static int read_sparse(const reader_t *r, const data_layout_t *l, data_t *d, const char *where)
{
    int code = TRALO_OK;
    entries_t e = {NULL};
    TRY(comm_agree(d->comm, read_indptr(r, l, d, &e, where)));
    TRY(comm_agree(d->comm, d->rows == 0 ? TRALO_OK : read_entries(r, d, &e, where)));
out:
    free_entries(&e);
    return code;
}

static int read_vectors(const reader_t *r, data_t *d, const char *where)
{
    int code = TRALO_OK;
    const struct {
        hid_t set, type;
        void *values;
    } vectors[] = {{r->y, H5T_NATIVE_DOUBLE, d->y},
                   {r->weights, H5T_NATIVE_DOUBLE, d->weights},
                   {r->offset, H5T_NATIVE_DOUBLE, d->offset},
                   {r->fold, H5T_NATIVE_INT, d->fold}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors && d->rows > 0; i++)
        if (vectors[i].values != NULL)
            TRY(read_slab(r, vectors[i].set, vectors[i].type, d->first, d->rows,
                          vectors[i].values));
    TRY(data_check_vectors(d, where));
out:
    return code;
}

int data_read_rows(const data_request_t *request, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    char where[ERROR_TEXT / 2];
    reader_t r = {request->file,   H5I_INVALID_HID, H5I_INVALID_HID,
                  H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID,
                  H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID};
    h5_quiet_t before = h5_quiet_begin();
    snprintf(where, sizeof where, "%s: /", request->file);
    TRY(comm_agree(d->comm, open_file(&r, d->comm)));
    TRY(comm_agree(d->comm, open_sets(&r, layout)));
    if (layout->sparse)
        TRY(read_sparse(&r, layout, d, where));
    else
        TRY(comm_agree(d->comm, read_dense(&r, layout, d, where)));
    TRY(comm_agree(d->comm, read_vectors(&r, d, where)));
out:
    close_all(&r);
    h5_quiet_end(&before);
    return code;
}
