/* SPDX-License-Identifier: BSD-3-Clause */
/* Each rank reads its rows, piece by piece where they lie in several files:
   dense    a block of rows arrives packed [count, p] where it belongs in X [rows, columns], then
            its rows move apart, the last one first
   sparse   a block of entries arrives in a buffer, and each entry goes to its place in X, so that
            no second copy of X exists: behind the others, or where X is dense and 0
   Blocks of a dense X end where chunks end, for a chunk that
   is compressed costs as much to read in part as in full. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/build.h"
#include "data/h5.h"
#include "data/layout.h"
#include "data/reader.h"
#include "data/sparse.h"

enum {
    BLOCK_BYTES = 1 << 24,  /* of rows of a dense X that are read at once */
    BLOCK_ENTRIES = 1 << 17 /* of a sparse X that are read at once */
};

/* The longest piece from local row `row` on, and where it is. */
static files_piece_t next_piece(const files_t *files, const data_t *d, int64_t row,
                                data_place_t *place)
{
    files_piece_t piece = files_piece(files, d->first + row, d->rows - row);
    snprintf(place->where, sizeof place->where, "%s: /", files->paths[piece.file]);
    place->row = piece.first - row;
    return piece;
}

/* Row i from [count, p] to [count, columns], both starting at x. */
static void spread(double *x, int64_t count, int p, int columns)
{
    for (int64_t i = count - 1; i > 0 && columns > p; i--)
        memmove(x + i * columns, x + i * p, (size_t)p * sizeof *x);
}

/* Rows of a block that begins at row `first` of a file. */
static int64_t block_rows(const files_part_t *part, int columns, int64_t first)
{
    int64_t bands = BLOCK_BYTES / (8 * (int64_t)columns) / part->band;
    return part->band * (bands > 1 ? bands : 1) - first % part->band;
}

static int read_dense(reader_t *r, data_t *d)
{
    int code = TRALO_OK;
    data_place_t place;
    files_piece_t piece;
    for (int64_t row = 0; row < d->rows; row += piece.count) {
        double *x = d->X.dense + row * d->columns;
        piece = next_piece(r->files, d, row, &place);
        int64_t most = block_rows(&r->files->parts[piece.file], d->columns, piece.first);
        piece.count = piece.count < most ? piece.count : most;
        TRY(reader_read(r, READER_X, &piece, H5T_NATIVE_DOUBLE, x));
        spread(x, piece.count, d->p, d->columns);
        TRY(data_check_rows(d, &place, row, piece.count));
    }
out:
    return code;
}

/* Buffers of a sparse X on its way in. */
typedef struct entries {
    int64_t *indptr; /* [rows + 1], of one piece */
    int64_t *column; /* [BLOCK_ENTRIES] */
    double *value;   /* [BLOCK_ENTRIES] */
    int64_t *last;   /* [p], 1 + the last local row with an entry in this column */
    int64_t all;     /* entries of this rank */
    int64_t put;     /* of these are in X */
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

/* Goes up from 0 to the number of entries of the file. */
static int check_indptr(const files_part_t *part, const files_piece_t *piece, const int64_t *indptr,
                        const char *where)
{
    int code = TRALO_OK;
    if (piece->first == 0 && indptr[0] != 0)
        FAIL(TRALO_ERR_INPUT, "%sX/indptr starts with %" PRId64 ", wanted is 0", where, indptr[0]);
    for (int64_t i = 0; i <= piece->count; i++) {
        if (indptr[i] < 0 || indptr[i] > part->entries)
            FAIL(TRALO_ERR_INPUT,
                 "%sX/indptr [%" PRId64 "] is %" PRId64 ", outside of 0 to %" PRId64, where,
                 piece->first + i, indptr[i], part->entries);
        if (i > 0 && indptr[i] < indptr[i - 1])
            FAIL(TRALO_ERR_INPUT, "%sX/indptr [%" PRId64 "] is less than the one before", where,
                 piece->first + i);
    }
    if (piece->first + piece->count == part->rows && indptr[piece->count] != part->entries)
        FAIL(TRALO_ERR_INPUT, "%sX/indptr ends with %" PRId64 ", but there are %" PRId64 " entries",
             where, indptr[piece->count], part->entries);
out:
    return code;
}

static int read_indptr(reader_t *r, const files_piece_t *piece, const char *where, int64_t *indptr)
{
    int code = TRALO_OK;
    const files_piece_t ends = {piece->file, piece->first, piece->count + 1};
    TRY(reader_read(r, READER_INDPTR, &ends, H5T_NATIVE_INT64, indptr));
    TRY(check_indptr(&r->files->parts[piece->file], piece, indptr, where));
out:
    return code;
}

/* One entry of local row `row` into X. */
static int put_entry(data_t *d, const data_place_t *place, int64_t row, int64_t i, entries_t *e)
{
    int code = TRALO_OK;
    const int64_t column = e->column[i];
    csr_t *A = d->X.sparse;
    if (column < 0 || column >= d->p)
        FAIL(TRALO_ERR_INPUT,
             "%sX row %" PRId64 " has an entry in column %" PRId64 ", but there are %d columns",
             place->where, place->row + row, column, d->p);
    if (e->last[column] == row + 1)
        FAIL(TRALO_ERR_INPUT, "%sX row %" PRId64 " has two entries in column %" PRId64,
             place->where, place->row + row, column);
    e->last[column] = row + 1;
    if (!isfinite(e->value[i]))
        TRY(data_refuse(d->names, place, row, (int)column, e->value[i]));
    if (A == NULL) {
        d->X.dense[row * d->columns + column] = e->value[i];
        return TRALO_OK;
    }
    A->column[e->put] = (int)column;
    A->value[e->put] = e->value[i];
    A->start[row + 1] = ++e->put;
out:
    return code;
}

/* The entries of a piece, whose indptr has been read, into X from local row `row` on. */
static int read_entries(reader_t *r, data_t *d, const files_piece_t *piece,
                        const data_place_t *place, int64_t row, entries_t *e)
{
    int code = TRALO_OK;
    const int64_t end = e->indptr[piece->count];
    const int64_t *next = e->indptr + 1; /* where the row ends */
    for (int64_t k = e->indptr[0], count; k < end; k += count) {
        count = end - k < BLOCK_ENTRIES ? end - k : BLOCK_ENTRIES;
        const files_piece_t block = {piece->file, k, count};
        TRY(reader_read(r, READER_INDICES, &block, H5T_NATIVE_INT64, e->column));
        TRY(reader_read(r, READER_X, &block, H5T_NATIVE_DOUBLE, e->value));
        for (int64_t i = 0; i < count; i++) {
            for (; *next <= k + i; next++)
                row++;
            TRY(put_entry(d, place, row, i, e));
        }
    }
out:
    return code;
}

/* Where rows end, and room for all their entries. */
static int check_sparse(reader_t *r, data_t *d, entries_t *e)
{
    int code = TRALO_OK;
    data_place_t place;
    files_piece_t piece;
    TRY(create_entries(d, e));
    for (int64_t row = 0; row < d->rows; row += piece.count) {
        piece = next_piece(r->files, d, row, &place);
        TRY(read_indptr(r, &piece, place.where, e->indptr));
        e->all += e->indptr[piece.count] - e->indptr[0];
    }
    if (d->X.dense == NULL)
        TRY(sparse_create(d->rows, d->columns, e->all, &d->X.sparse));
out:
    return code;
}

/* The ends of rows without entries. */
static void end_rows(csr_t *A)
{
    for (int64_t i = 0; i < A->rows; i++)
        if (A->start[i + 1] < A->start[i])
            A->start[i + 1] = A->start[i];
}

static int fill_sparse(reader_t *r, data_t *d, entries_t *e)
{
    int code = TRALO_OK;
    data_place_t place;
    files_piece_t piece;
    for (int64_t row = 0; row < d->rows; row += piece.count) {
        piece = next_piece(r->files, d, row, &place);
        TRY(read_indptr(r, &piece, place.where, e->indptr));
        TRY(read_entries(r, d, &piece, &place, row, e));
    }
    if (d->X.sparse != NULL) {
        end_rows(d->X.sparse);
        sparse_sort(d->X.sparse);
    }
out:
    return code;
}

/* Two agreements, so that which error comes first does not depend on the number of ranks. */
static int read_sparse(reader_t *r, data_t *d)
{
    int code = TRALO_OK;
    entries_t e = {NULL};
    TRY(comm_agree(d->comm, check_sparse(r, d, &e)));
    TRY(comm_agree(d->comm, fill_sparse(r, d, &e)));
out:
    free_entries(&e);
    return code;
}

static int read_vector(reader_t *r, reader_set_t set, const files_piece_t *piece, double *values)
{
    return values == NULL ? TRALO_OK : reader_read(r, set, piece, H5T_NATIVE_DOUBLE, values);
}

static int read_vectors(reader_t *r, data_t *d)
{
    int code = TRALO_OK;
    data_place_t place;
    files_piece_t piece;
    for (int64_t row = 0; row < d->rows; row += piece.count) {
        piece = next_piece(r->files, d, row, &place);
        double *offset = d->offset == NULL ? NULL : d->offset + row * d->offsets;
        TRY(read_vector(r, READER_Y, &piece, d->y == NULL ? NULL : d->y + row));
        TRY(read_vector(r, READER_WEIGHTS, &piece, d->weights == NULL ? NULL : d->weights + row));
        TRY(read_vector(r, READER_OFFSET, &piece, offset));
        if (d->fold != NULL)
            TRY(reader_read(r, READER_FOLD, &piece, H5T_NATIVE_INT, d->fold + row));
        TRY(data_check_vectors(d, &place, row, piece.count));
    }
out:
    return code;
}

int data_read_rows(const data_request_t *request, const data_layout_t *layout, data_t *d)
{
    int code = TRALO_OK;
    reader_t r = reader_none();
    reader_open(request->files, layout, &r);
    if (layout->sparse)
        TRY(read_sparse(&r, d));
    else if (!layout->streamed)
        TRY(comm_agree(d->comm, read_dense(&r, d)));
    TRY(comm_agree(d->comm, read_vectors(&r, d)));
out:
    reader_close(&r);
    return code;
}
