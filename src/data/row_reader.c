/* SPDX-License-Identifier: BSD-3-Clause */
/* HDF5 reads zeros behind the end of a file that has become shorter, so the file's size and time of
   change are looked at after each read. A single file stays open: one that another has replaced
   under its name stays as it was for those who have it open. */
#include "data/row_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "data/build.h"
#include "data/direct.h"
#include "data/h5.h"
#include "data/reader.h"

/* A file as it was. */
typedef struct state {
    ino_t node;
    off_t size;
    struct timespec changed;
} state_t;

struct row_reader {
    row_reader_plan_t plan; /* its pointers are borrowed */
    data_layout_t layout;   /* that of X alone */
    reader_t reader;
    direct_t direct;
    int direct_at;              /* the file that `direct` was opened for; -1: none */
    _Atomic int64_t past_cache; /* bytes */
    int advised;                /* the file that the system knows to be read in order */
    int64_t checked;            /* the first row that no block so far has shown to be finite */
    state_t *seen;              /* [files], of those with rows of ours; owned */
};

static int64_t number_bytes(bool single)
{
    return single ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
}

static hid_t native(bool single)
{
    return single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

static state_t state_of(const struct stat *status)
{
    return (state_t){status->st_ino, status->st_size, status->st_mtim};
}

static int look(const row_reader_t *r)
{
    int code = TRALO_OK;
    const row_reader_plan_t *plan = &r->plan;
    files_piece_t piece;
    struct stat status;
    for (int64_t row = 0; row < plan->rows; row += piece.count) {
        piece = files_piece(plan->files, plan->first + row, plan->rows - row);
        const char *path = plan->files->paths[piece.file];
        if (stat(path, &status) != 0)
            FAIL(TRALO_ERR_FILE, "cannot open %s: %s", path, strerror(errno));
        r->seen[piece.file] = state_of(&status);
    }
out:
    return code;
}

int row_reader_open(const row_reader_plan_t *plan, row_reader_t **out)
{
    int code = TRALO_OK;
    row_reader_t *r = NULL;
    ALLOC(r, 1);
    r->plan = *plan;
    r->reader = reader_none();
    r->checked = plan->first;
    r->direct = direct_none();
    r->advised = r->direct_at = -1;
    ALLOC(r->seen, plan->files->count);
    TRY(look(r));
    reader_open(plan->files, &r->layout, &r->reader);
    TRY(reader_go(&r->reader, files_piece(plan->files, plan->first, 1).file));
    *out = r;
    r = NULL;
out:
    row_reader_close(&r);
    return code;
}

void row_reader_close(row_reader_t **reader)
{
    row_reader_t *r = *reader;
    if (r == NULL)
        return;
    direct_close(&r->direct);
    reader_close(&r->reader);
    mem_free(&r->seen);
    mem_free(reader);
}

/* What a change of the file is called; NULL: there is none. */
static const char *change(const state_t *before, const state_t *now)
{
    if (now->node != before->node)
        return "another file has taken its place";
    if (now->size < before->size)
        return "the file has been cut short";
    if (now->size != before->size || now->changed.tv_sec != before->changed.tv_sec ||
        now->changed.tv_nsec != before->changed.tv_nsec)
        return "the file has been written to";
    return NULL;
}

/* handle: of the file; -1: it is not open. */
static int check_unchanged(const row_reader_t *r, const files_piece_t *piece, int handle)
{
    int code = TRALO_OK;
    struct stat status;
    if (handle < 0 || fstat(handle, &status) != 0)
        return TRALO_OK;
    const state_t now = state_of(&status);
    const char *why = change(&r->seen[piece->file], &now);
    if (why != NULL)
        FAIL(TRALO_ERR_FILE,
             "%s: cannot read /X rows %" PRId64 " to %" PRId64 ": %s while it was in use",
             r->plan.files->paths[piece->file], piece->first, piece->first + piece->count - 1, why);
out:
    return code;
}

/* To the page cache: rows come in order; or, those of ours that were read before this piece are not
   wanted again soon. Where they lie is guessed, as if the file held nothing but X. */
static void advise(row_reader_t *r, const files_piece_t *piece, int handle)
{
    const files_part_t *part = &r->plan.files->parts[piece->file];
    const int64_t first = r->plan.first - part->first, begin = first > 0 ? first : 0;
    const double row_bytes = (double)r->seen[piece->file].size / (double)part->rows;
    if (r->advised != piece->file)
        posix_fadvise(handle, 0, 0, POSIX_FADV_SEQUENTIAL);
    r->advised = piece->file;
    if (r->plan.uncached && piece->first > begin)
        posix_fadvise(handle, (off_t)(row_bytes * (double)begin),
                      (off_t)(row_bytes * (double)(piece->first - begin)), POSIX_FADV_DONTNEED);
}

/* One piece by HDF5, its numbers as they come. */
static int read_piece(row_reader_t *r, const files_piece_t *piece, bool single, void *values)
{
    int code = TRALO_OK;
    void *handle = NULL;
    h5_quiet_t before = h5_quiet_begin();
    const int found = reader_read(&r->reader, READER_X, piece, native(single), values);
    if (r->reader.file >= 0 && H5Fget_vfd_handle(r->reader.file, H5P_DEFAULT, &handle) >= 0) {
        advise(r, piece, *(const int *)handle);
        TRY(check_unchanged(r, piece, *(const int *)handle));
    }
    if (found != TRALO_OK)
        FAIL(found, "%s (rows %" PRId64 " to %" PRId64 ")", tralo_error_message(), piece->first,
             piece->first + piece->count - 1);
out:
    h5_quiet_end(&before);
    return code;
}

/* The same past HDF5; false: it cannot be done. */
static bool read_direct(row_reader_t *r, const files_piece_t *piece, bool single, void *buffer)
{
    const int64_t row_bytes = r->plan.p * number_bytes(single);
    if (r->direct_at != piece->file) {
        h5_quiet_t before = h5_quiet_begin();
        direct_close(&r->direct);
        if (reader_go(&r->reader, piece->file) == TRALO_OK)
            r->direct = direct_open(r->reader.file, r->reader.set[READER_X], native(single));
        r->direct_at = piece->file;
        h5_quiet_end(&before);
    }
    if (!direct_read(&r->direct, piece->first * row_bytes, piece->count * row_bytes, buffer))
        return false;
    r->past_cache += piece->count * row_bytes;
    return true;
}

/* x * 0 is 0 for every finite x, and NaN for the others. */
static bool all_finite(int64_t count, bool single, const void *values)
{
    const float *small = values;
    const double *large = values;
    double sum = 0.0;
    if (single) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < count; i++)
            sum += (double)small[i] * 0.0;
    } else {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < count; i++)
            sum += large[i] * 0.0;
    }
    return sum == 0.0;
}

static int check_piece(const row_reader_t *r, const files_piece_t *piece, bool single,
                       const void *values)
{
    int code = TRALO_OK;
    const int p = r->plan.p;
    data_place_t place = {.row = piece->first};
    if (all_finite(piece->count * p, single, values))
        return TRALO_OK;
    snprintf(place.where, sizeof place.where, "%s: /", r->plan.files->paths[piece->file]);
    for (int64_t i = 0; i < piece->count * p; i++) {
        const double x = single ? (double)((const float *)values)[i] : ((const double *)values)[i];
        if (!isfinite(x))
            TRY(data_refuse(r->plan.names, &place, i / p, (int)(i % p), x));
    }
out:
    return code;
}

int row_reader_read(row_reader_t *r, int64_t first, int64_t count, bool single, void *values)
{
    int code = TRALO_OK;
    char *at = values;
    files_piece_t piece;
    for (int64_t row = 0; row < count; row += piece.count) {
        piece = files_piece(r->plan.files, first + row, count - row);
        TRY(read_piece(r, &piece, single, at));
        TRY(check_piece(r, &piece, single, at));
        at += piece.count * r->plan.p * number_bytes(single);
    }
out:
    return code;
}

int row_reader_block(row_reader_t *r, int64_t first, int64_t count, bool single, void *buffer)
{
    int code = TRALO_OK;
    const files_piece_t piece = files_piece(r->plan.files, first, count);
    ASSERT(piece.count == count);
    if (r->plan.uncached && read_direct(r, &piece, single, buffer))
        TRY(check_unchanged(r, &piece, r->direct.file));
    else
        TRY(read_piece(r, &piece, single, buffer));
    if (first + count > r->checked)
        TRY(check_piece(r, &piece, single, buffer));
    if (first == r->checked)
        r->checked += count;
out:
    return code;
}

int64_t row_reader_direct(const row_reader_t *r)
{
    return r->past_cache;
}
