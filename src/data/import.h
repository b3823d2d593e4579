/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns text and NumPy files into the HDF5 file that tralo reads. */
#ifndef DATA_IMPORT_H
#define DATA_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum import_format { IMPORT_AUTO, IMPORT_CSV, IMPORT_LIBSVM, IMPORT_NPY } import_format_t;

/* What hold-out does with the rows, where they are one file of several of a data set. */
typedef enum import_part {
    IMPORT_NO_PART, /* no /fold is written */
    IMPORT_TRAIN,
    IMPORT_VALIDATE,
    IMPORT_NEITHER
} import_part_t;

typedef struct import_options {
    const char *input;  /* plain, gzip or xz */
    const char *output; /* HDF5 */
    import_format_t format;
    /* CSV: columns by name */
    char delimiter;          /* 0: found out */
    bool no_header;          /* columns are c1, c2, ...; a number names a column too */
    const char *target;      /* needed */
    const char *const *drop; /* [drop_count] names, or names with commas between */
    int drop_count;
    const char *const *one_hot; /* as drop; "auto": every column that is not numeric */
    int one_hot_count;
    bool one_hot_drop_first; /* no column for the first level */
    /* CSV: columns; NumPy: files of one number per row */
    const char *weights, *offset, *log_offset;
    /* LIBSVM */
    bool dense;       /* write a dense /X */
    bool zero_based;  /* the first feature has index 0 */
    int64_t features; /* number of features; 0: the largest index */
    /* NumPy */
    const char *y; /* file of the target, needed */
    /* all */
    const char *labels; /* "NEG,POS": the values of y that become -1 and +1; more: 0, 1, 2, ... */
    bool classify;      /* y has two values: the smaller becomes -1, the larger +1 */
    bool missing_drop;  /* rows with missing values are left out */
    bool force;         /* an existing output is replaced */
    import_part_t part; /* of all rows, in /fold */
    bool float32;       /* store /X in single precision */
    int gzip;           /* compression level of /X, 1 to 9; 0: none */
} import_options_t;

typedef struct import_report {
    int64_t n, dropped; /* rows written, rows left out */
    int p;
    int64_t nonzeros; /* stored values of a CSR /X; -1: dense */
} import_report_t;

/* Reads options->input twice (three times with one-hot "auto") and writes options->output (layout:
   README "Files"). The output appears under its name only when it is whole; a failure leaves
   nothing behind and an old file as it was.

   The target: two words are mapped to -1 (first in order of bytes) and +1, numbers are kept as they
   are unless `labels` or `classify` is given; more than two values are then classes 0, 1, 2, ...,
   numbers first, by size. What they stood for is kept in the attribute `labels` of /y. Says in two
   lines (log) what was done.

   Not collective: rank 0 alone calls it. Memory: a few MiB, the longest line, the names and levels
   of the columns; nothing that grows with the number of rows.
   Errors: TRALO_ERR_INPUT (bad value, naming file, line and column, or bad options),
   TRALO_ERR_FILE, TRALO_ERR_MEMORY. `report` may be NULL. */
int import_file(const import_options_t *options, import_report_t *report);

#endif
