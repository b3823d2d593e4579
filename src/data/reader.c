/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rank opens by itself the files that hold its rows, and reads these by itself. To do so
   together through MPI-IO was measured (HDF5 1.10.8, Open MPI 4.1.4, 2 ranks of one node,
   250 000 x 200 float64 in the page cache, blocks of 16 MiB); MB/s:
                                   alone   MPI-IO, independent   MPI-IO, collective
       chunks of 655 whole rows   11 000                11 300               13 900
       contiguous                 14 100                14 500               14 200
       chunks of 1000 x 50         9 200                 8 100                3 200
       chunks of 655, gzip 4         620                   640                  520
   and from the disk no difference was seen beyond its noise. To open a file of two datasets took,
   alone and together, 0.2 and 1.0 ms on 2 ranks, 0.8 and 13 ms on 16. What collective reads win,
   6 ms, they lose elsewhere; HDF5 gives them up where numbers are converted, and cannot read
   virtual datasets so. Rows are consecutive: there is nothing that one rank could gather for
   another. */
#include "data/reader.h"

#include <stdio.h>

#include "data/foreign.h"
#include "data/h5.h"

enum {
    SLOTS = 521,
    LARGEST_CACHE = 1 << 28 /* bytes of decompressed chunks that are kept */
};

static bool is_wanted(const data_layout_t *l, reader_set_t set)
{
    const bool wanted[READER_SETS] = {
        [READER_X] = true,      [READER_INDICES] = l->sparse,  [READER_INDPTR] = l->sparse,
        [READER_Y] = l->y,      [READER_WEIGHTS] = l->weights, [READER_OFFSET] = l->offsets > 0,
        [READER_FOLD] = l->fold};
    return wanted[set];
}

static const char *name_of(const data_layout_t *l, reader_set_t set)
{
    static const char *const names[READER_SETS] = {"X",       "X/indices", "X/indptr", "y",
                                                   "weights", "offset",    "fold"};
    return set == READER_X && l->sparse ? "X/data" : names[set];
}

static int open_set(const reader_t *r, reader_set_t set, hid_t access, hid_t *out)
{
    int code = TRALO_OK;
    char what[ERROR_TEXT / 2];
    hid_t created = H5I_INVALID_HID;
    const char *path = r->files->paths[r->at];
    snprintf(what, sizeof what, "%s: /%s", path, name_of(r->layout, set));
    *out = H5Dopen2(r->file, name_of(r->layout, set), access);
    if (*out < 0)
        FAIL(TRALO_ERR_FILE, "%s cannot be opened: %s", what, h5_reason());
    created = H5Dget_create_plist(*out);
    TRY(foreign_check_virtual(created, path, what)); /* rank 0 may see more than this one */
out:
    h5_close(&created);
    return code;
}

/* The chunk cache holds one chunk: rows are read in order, whole bands of chunks at a time. */
static int open_sets(reader_t *r)
{
    int code = TRALO_OK;
    const double DROP_READ_CHUNKS_FIRST = 1.0;
    int64_t chunk = r->files->parts[r->at].chunk_bytes;
    size_t cache = (size_t)(chunk < LARGEST_CACHE ? chunk : LARGEST_CACHE);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access < 0 || H5Pset_chunk_cache(access, SLOTS, cache, DROP_READ_CHUNKS_FIRST) < 0)
        FAIL(TRALO_ERR_INTERNAL, "HDF5 cannot be set up: %s", h5_reason());
    for (int set = 0; set < READER_SETS; set++)
        if (is_wanted(r->layout, set))
            TRY(open_set(r, set, access, &r->set[set]));
out:
    h5_close(&access);
    return code;
}

static void close_file(reader_t *r)
{
    for (int set = 0; set < READER_SETS; set++)
        h5_close(&r->set[set]);
    h5_close(&r->file);
    r->at = -1;
}

reader_t reader_none(void)
{
    reader_t none = {.at = -1, .file = H5I_INVALID_HID};
    for (int set = 0; set < READER_SETS; set++)
        none.set[set] = H5I_INVALID_HID;
    return none;
}

void reader_open(const files_t *files, const data_layout_t *layout, reader_t *r)
{
    *r = reader_none();
    r->files = files;
    r->layout = layout;
}

void reader_close(reader_t *r)
{
    h5_quiet_t before = h5_quiet_begin();
    close_file(r);
    h5_quiet_end(&before);
}

int reader_go(reader_t *r, int file)
{
    int code = TRALO_OK;
    if (r->at == file)
        return code;
    h5_quiet_t before = h5_quiet_begin();
    close_file(r);
    TRY(h5_open(r->files->paths[file], &r->file));
    r->at = file;
    TRY(open_sets(r));
out:
    h5_quiet_end(&before);
    return code;
}

int reader_read(reader_t *r, reader_set_t set, const files_piece_t *piece, hid_t type, void *values)
{
    int code = TRALO_OK;
    hid_t memory = H5I_INVALID_HID, space = H5I_INVALID_HID;
    hsize_t start[2] = {(hsize_t)piece->first, 0}, count[2] = {0, 0};
    h5_quiet_t before = h5_quiet_begin();
    TRY(reader_go(r, piece->file));
    space = H5Dget_space(r->set[set]);
    int rank = H5Sget_simple_extent_dims(space, count, NULL);
    count[0] = (hsize_t)piece->count;
    memory = H5Screate_simple(rank, count, NULL);
    if (space < 0 || memory < 0 ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(r->set[set], type, memory, space, H5P_DEFAULT, values) < 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot read /%s: %s", r->files->paths[piece->file],
             name_of(r->layout, set), h5_reason());
out:
    h5_close(&memory);
    h5_close(&space);
    h5_quiet_end(&before);
    return code;
}
