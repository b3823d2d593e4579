/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of a data set: one, or several whose rows follow each other. Who reads rows goes

       for (int64_t row = first; row < end; row += piece.count)
           piece = files_piece(files, row, end - row);

   and reads each piece from its file (reader.h). Not collective but for files_share. */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"

/* What one file holds. Plain bytes, so that rank 0 can share it. */
typedef struct files_part {
    int64_t first, rows; /* it holds rows first .. first+rows-1 of the data set; may be 0 */
    int64_t entries;     /* stored in its sparse X */
    int64_t band;        /* rows of X that share chunks; 1: not chunked */
    bool narrow;         /* whose chunks have some of its columns only */
    int64_t chunk_bytes; /* of the largest chunk that HDF5 keeps while it is read; 0: none */
} files_part_t;

typedef struct files {
    int count;
    char **paths;        /* [count], owned */
    files_part_t *parts; /* [count], owned; first and rows are set by data_survey */
} files_t;

/* Names of files [count] as a user gives them, borrowed. One that does not exist is a pattern of
   glob(7), which stands for the files that match it, in the order of their bytes. */
typedef struct files_names {
    int count;
    const char *const *names;
} files_names_t;

/* Errors: TRALO_ERR_FILE (nothing matches), TRALO_ERR_INPUT (a file twice), TRALO_ERR_MEMORY. */
int files_find(const files_names_t *names, files_t **out);

/* Errors: TRALO_ERR_INPUT when `output` is a file that the names stand for, which are `what` ("the
   data"). Names that stand for nothing are nobody's harm. Local: call on one rank. */
int files_spare(const char *output, const files_names_t *names, const char *what);

/* Those of rank 0 (*files; NULL on the others) on all ranks. Collective. Errors:
   TRALO_ERR_MEMORY, the same on all ranks. */
int files_share(comm_t *comm, files_t **files);

/* Sets *files to NULL; NULL is accepted. */
void files_free(files_t **files);

/* "a.h5", or "a.h5 and 3 more files", into text[size]. */
void files_title(const files_t *files, char *text, size_t size);

/* Rows of one file. */
typedef struct files_piece {
    int file;
    int64_t first; /* row of the file, from 0 */
    int64_t count;
} files_piece_t;

/* As many of the rows row .. row+count-1 of the data set, count >= 1, as lie behind each other in
   one file: at least one. Cost: O(log files). */
files_piece_t files_piece(const files_t *files, int64_t row, int64_t count);

#endif
