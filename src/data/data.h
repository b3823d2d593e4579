/* SPDX-License-Identifier: BSD-3-Clause */
/* A data set partitioned by rows: every rank holds its own consecutive rows, no rank holds all. */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "data/files.h"
#include "data/rows.h"

typedef struct data {
    comm_t *comm;   /* borrowed */
    int64_t n;      /* rows over all ranks */
    int64_t first;  /* this rank holds rows first .. first+rows-1 */
    int64_t rows;   /* may be 0 (more ranks than rows) */
    int p;          /* features */
    int columns;    /* p, plus 1 with an intercept */
    bool intercept; /* the last column is 1 */
    bool standardized;
    rows_t X;          /* this rank's rows, standardised; owned, as all below */
    double X_bytes;    /* that X would take in memory on a rank; a file's only, as the next */
    double free_bytes; /* that were free for a rank when the file was opened; 0: not known */
    double *y;         /* [rows]; two labels are -1 / +1, more are 0, 1, 2, ...; NULL only after
                          data_open_scaled */
    double *weights;   /* [rows], > 0 somewhere, >= 0; NULL: all 1 */
    double *offset;    /* [rows, offsets]; NULL: all 0 */
    int offsets;       /* numbers of a row: 1, or one for each class */
    int *fold;         /* [rows]; NULL: not in the file */
    int *group;        /* [p] from /groups, -1: not penalised; NULL: not in the file; same on all
                          ranks, as all below */
    double *mean;      /* [p] subtracted (0 where not centred) */
    double *scale;     /* [p] divided by (1 where not scaled or constant) */
    char **names;      /* [p] feature names; NULL: not in the file */
    int label_count;   /* 0: y is a number */
    char **labels;     /* [label_count] what -1 and +1, or 0, 1, 2, ... stood for */
    char *target;      /* name of y; NULL: not in the file */
    char *title;       /* "data.h5", "a.h5 and 2 more files"; NULL: from arrays */
    double weight_sum; /* over all ranks */
} data_t;

/* Where a file's X is between passes: in memory, or in the file, which each pass reads (stream.h).
   Auto: in the file where X is dense and would take more than 4/5 of the free memory on any rank.
 */
typedef enum data_memory { DATA_MEMORY_AUTO, DATA_RESIDENT, DATA_STREAM } data_memory_t;

/* Divide by the standard deviation (1/n, unweighted), and subtract the mean before. A constant
   column (deviation <= 1e-14 |mean|) has scale 1, and becomes 0 where it is centred. */
typedef enum data_standardize {
    DATA_AS_IT_IS,
    DATA_STANDARDIZE,
    DATA_SCALE /* without subtracting the mean */
} data_standardize_t;

/* How X is held: by its entries, or as dense rows. From arrays, auto is dense; from a file, it is
   sparse where X is stored so and has entries in less than DATA_DENSE of all places. */
typedef enum data_storage { DATA_AUTO, DATA_HOLD_DENSE, DATA_HOLD_SPARSE } data_storage_t;
#define DATA_DENSE 0.2

typedef struct data_options {
    data_standardize_t standardize;
    bool intercept; /* add the column of ones */
    data_storage_t storage;
    data_memory_t memory;
} data_options_t;

/* What was subtracted from and divided through when a model was fitted. */
typedef struct data_scaling {
    int p;
    const double *mean, *scale; /* [p], borrowed */
} data_scaling_t;

/* Reads `file` (HDF5, formats in README "Files"; or a pattern of several): each rank its rows.
   Checks every number: NaN/Inf are named by dataset, row and column (both from 0); those of an X
   that stays on disk when a pass reads them (data_intact). Collective. Errors: TRALO_ERR_FILE
   (cannot open, truncated, not HDF5), TRALO_ERR_INPUT (missing dataset, wrong shape or type, NaN,
   bad CSR, fewer than 2 rows, bad weights, groups or labels, an intercept but no offset for a y
   with the same number in every row, DATA_HOLD_SPARSE for a dense X, DATA_STREAM for a sparse one),
   TRALO_ERR_MEMORY (says how much each rank would need and how much there is); same on all ranks.
   Cost: one read of the file, two (only to standardise) where X stays on disk; two all-reduces of
   2p numbers. */
int data_open(comm_t *comm, const char *file, const data_options_t *options, data_t **out);

/* The same from several files or patterns of files, whose rows follow each other: the same data set
   to the last bit as one file of all rows. Files without rows are allowed. Names are significant on
   all ranks, but rank 0 looks for the files. Further errors: TRALO_ERR_FILE (nothing matches a
   pattern), TRALO_ERR_INPUT (a file twice; files that differ in anything but rows and types of
   numbers). Cost: rank 0 opens every file for the survey, each rank those with rows of its own. */
int data_open_files(comm_t *comm, const files_names_t *names, const data_options_t *options,
                    data_t **out);

/* The same for prediction: standardises with a given mean [p] and scale [p] (all ranks pass the
   same) instead of the data's own; /y may be missing (y is NULL then), and one row is enough.
   Further error: TRALO_ERR_INPUT where /X has not p columns. */
int data_open_scaled(comm_t *comm, const files_names_t *names, bool intercept,
                     const data_scaling_t *scaling, data_t **out);

/* Arrays that every rank passes whole; each keeps its rows. */
typedef struct data_arrays {
    int64_t n;
    int p;
    const double *X;       /* [n, p] row-major */
    const double *y;       /* [n] */
    const double *weights; /* [n] or NULL */
    const double *offset;  /* [n, offsets] or NULL */
    int offsets;           /* 0 is 1 */
} data_arrays_t;

/* A data set from arrays in memory. Collective. Checks, standardisation and errors as data_open. */
int data_from_arrays(comm_t *comm, const data_arrays_t *arrays, const data_options_t *options,
                     data_t **out);

/* Frees everything; sets *data to NULL; NULL is accepted. Not collective. */
void data_free(data_t **data);

/* Have all passes so far, of all ranks, seen the rows as they are in the file? Always where X is in
   memory. To be asked before anything is concluded from passes. Collective; no communication where
   X is in memory. Errors: TRALO_ERR_FILE (I/O, a file that changed while it was in use),
   TRALO_ERR_INPUT (a number that is not finite), each naming rows, the same on all ranks and for
   good. */
int data_intact(const data_t *data);

/* What passes over an X on disk have cost this rank so far; all 0 where X is in memory. Not
   collective. */
typedef struct data_reading {
    int64_t passes;
    int64_t bytes;  /* of X, as its numbers are stored, before compression */
    double seconds; /* in which the rank waited for rows */
} data_reading_t;
data_reading_t data_reading(const data_t *data);

/* What data_intact has found, or found on this rank since. Not collective. */
int data_failure(const data_t *data);

/* What is added to the k-th linear predictor of local row i. */
static inline double data_offset(const data_t *data, int64_t i, int k)
{
    int each = data->offsets;
    return data->offset == NULL ? 0.0 : data->offset[i * each + (each > 1 ? k : 0)];
}

enum { DATA_LABELS = 512 }; /* at most */

/* The number that the k-th of `count` labels has in y, and which label a number stands for. */
static inline double data_label_value(int count, int k)
{
    return count == 2 ? 2.0 * k - 1.0 : k;
}

static inline int data_label_of(int count, double y)
{
    return count == 2 ? y > 0.0 : (int)y;
}

/* Rows of rank `rank` of `size` among n: first row and count; counts differ by at most one. */
void data_partition(int64_t n, int rank, int size, int64_t *first, int64_t *rows);

#endif
