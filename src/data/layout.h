/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the data room: what data files hold, before anybody reads their numbers. */
#ifndef DATA_LAYOUT_H
#define DATA_LAYOUT_H

#include "data/data.h"
#include "data/files.h"

/* How the caller of data_open wants the files. Borrowed pointers. */
typedef struct data_request {
    files_t *files; /* the same on all ranks; its parts only after the survey */
    data_options_t options;
    const data_scaling_t *scaling; /* not NULL: for prediction, so that /y may be missing */
} data_request_t;

/* All files together. Plain bytes, so that rank 0 can share it. */
typedef struct data_layout {
    int64_t n;
    int64_t entries;     /* stored in a sparse X */
    int64_t chunk_bytes; /* of the largest chunk that HDF5 keeps; 0: none */
    int p;
    int labels;  /* how many; 0: y is a number */
    int offsets; /* numbers of a row in /offset; 0: it is not there */
    bool sparse, y, weights, fold, group, names, target;
    bool held_sparse;           /* X will be held as it is stored: set by data_hold */
    bool single;                /* X is in single precision in all files */
    bool streamed;              /* X stays on disk; as the next, set by data_choose_memory */
    bool uncached;              /* but the page cache cannot keep a rank's part of it */
    double X_bytes, free_bytes; /* of X in memory on a rank, and free for it; 0: not known */
} data_layout_t;

/* Looks at every dataset of every file: is it there, does it have the right type and shape, is all
   the same in all files but the number of rows? Sets request->files->parts. Reads no numbers of
   rows. Not collective (rank 0 calls it, and shares). Errors: as data_open. */
int data_survey(const data_request_t *request, data_layout_t *out);

/* Decides how X is held. Not collective. Errors: TRALO_ERR_INPUT. */
int data_hold(const data_request_t *request, data_layout_t *layout);

/* Decides whether X stays on disk; does a rank's part then fit into the memory that its node has
   left, shared by its ranks? The same on all ranks. Collective. Errors: TRALO_ERR_INPUT (a sparse X
   that is to stay on disk), TRALO_ERR_MEMORY. */
int data_choose_memory(comm_t *comm, const data_request_t *request, data_layout_t *layout);

/* Reads the groups, names, labels and target name into d, whose p is set, and which owns what is
   allocated for them; compares them with those of all files. Not collective. Errors: as data_open.
   Cost: p texts of each file. */
int data_describe(const files_t *files, const data_layout_t *layout, data_t *d);

/* Rank 0 reads the groups, names, labels and target name into its data and shares them. Collective.
 * Errors: as data_open. */
int data_read_descriptions(const data_request_t *request, const data_layout_t *layout,
                           data_t *data);

/* Each rank reads its rows of X (unless it is streamed), y, weights, offset and fold, and checks
   them. Collective. Errors: as data_open. */
int data_read_rows(const data_request_t *request, const data_layout_t *layout, data_t *data);

#endif
