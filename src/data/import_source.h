/* SPDX-License-Identifier: BSD-3-Clause */
/* Where rows come from: one row per table of an input format. Import reads a source twice: the
   first pass checks every value and learns the width, the second gives the features. */
#ifndef DATA_IMPORT_SOURCE_H
#define DATA_IMPORT_SOURCE_H

#include "data/import.h"

typedef struct import_row {
    int64_t place;     /* line (text) or row from 0 (NumPy), for messages */
    bool missing;      /* a used value is missing: nothing below is set */
    const char *label; /* y as it is written; NULL: y is the number `y` */
    double y;
    double weight;    /* 1 where the source has none */
    double offset;    /* 0 where the source has none */
    const double *x;  /* dense, second pass: [p] */
    const int *index; /* sparse: [count], increasing, from 0 */
    const double *value;
    int64_t count;
} import_row_t;

typedef struct source source_t;

typedef struct source_kind {
    const char *name;
    int (*open)(source_t *source);
    /* Back to the first row; `writing` starts the second pass. */
    int (*rewind)(source_t *source, bool writing);
    /* The next row, valid until the next call. */
    int (*next)(source_t *source, import_row_t *row, bool *more);
    /* After the first pass: the name of feature j, owned by the caller; NULL: it has no names. */
    int (*feature)(const source_t *source, int j, char **name);
    void (*close)(source_t *source);
    bool sparse;
    const char *place; /* how a place is called behind the path: ":" or ": row " */
} source_kind_t;

struct source {
    const source_kind_t *kind;
    const import_options_t *options; /* borrowed */
    void *state;                     /* owned by the kind */
    int p;                           /* after the first pass */
    const char *target;              /* name of y, borrowed from the state; NULL: none */
    char *weights, *offset;          /* names, owned; NULL: the source has none */
};

extern const source_kind_t source_csv, source_svm, source_npy;

/* Chooses the kind by options->format, the name of the file and its first line. The first pass can
   begin. Errors: those of the kinds. */
int source_open(const import_options_t *options, source_t **out);
void source_close(source_t **source);

/* The largest number that the output can hold. */
double source_limit(const source_t *source);

/* Failures that every kind shares; each returns TRALO_ERR_INPUT (source_missing: TRALO_OK with
   row->missing set where rows with missing values are dropped). `what` names the column. */
int source_missing(const source_t *source, import_row_t *row, const char *what, const char *text);
int source_bad_number(const source_t *source, int64_t place, const char *what, const char *text);
int source_too_large(const source_t *source, int64_t place, const char *what, double value);

/* Keeps the names of weights and offset (NULL: the source has none); "log(...)" with --log-offset.
 */
int source_name_scalars(source_t *source, const char *weights, const char *offset);

/* Checks weight and offset of the row, and takes the log of the offset where asked for. */
int source_check_scalars(const source_t *source, import_row_t *row);

#endif
