/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers out of the files of a data set that was surveyed. At most one file is open at a time;
   to read rows in order opens each file once. Not collective. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include <hdf5.h>

#include "data/files.h"
#include "data/layout.h"

typedef enum reader_set {
    READER_X, /* dense, or the values of a sparse X */
    READER_INDICES,
    READER_INDPTR,
    READER_Y,
    READER_WEIGHTS,
    READER_OFFSET,
    READER_FOLD,
    READER_SETS
} reader_set_t;

typedef struct reader {
    const files_t *files;        /* borrowed */
    const data_layout_t *layout; /* borrowed */
    int at;                      /* the file that is open; -1: none */
    hid_t file, set[READER_SETS];
} reader_t;

/* One that is not open: reader_close accepts it. */
reader_t reader_none(void);

/* Begins; files are opened when they are read. */
void reader_open(const files_t *files, const data_layout_t *layout, reader_t *reader);

/* Rows of one file from a dataset [rows] or [rows, columns] as numbers of the native type `type`,
   packed (entries instead of rows from READER_INDICES, and from READER_X where X is sparse).
   Errors: TRALO_ERR_FILE. */
int reader_read(reader_t *reader, reader_set_t set, const files_piece_t *piece, hid_t type,
                void *values);

/* Opens that file, unless it is the one that is open. Errors: TRALO_ERR_FILE. */
int reader_go(reader_t *reader, int file);

void reader_close(reader_t *reader);

#endif
