/* SPDX-License-Identifier: BSD-3-Clause */
/* What a data file holds, and what it will need: the report of `tralo info`. */
#ifndef DATA_INFO_H
#define DATA_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "data/files.h"

enum { INFO_DISTINCT = 10, INFO_NAMES = 10, INFO_TYPE = 16, INFO_FILTERS = 64, INFO_REST = 200 };

/* Finite values of a vector. */
typedef struct info_vector {
    bool present;
    double mean, sd, min, max; /* sd with 1/n */
    int64_t zeros;
    int64_t bad; /* NaN or Inf */
} info_vector_t;

typedef struct info {
    int files;
    int64_t n; /* in all files, as all numbers */
    int p;
    bool sparse;
    int64_t entries;                  /* stored in a sparse X */
    char type[INFO_TYPE];             /* of X in the first file: float64, float32, int32, ... */
    int64_t chunk[2];                 /* there; rows, columns (sparse: entries, 0); 0: contiguous */
    char filters[INFO_FILTERS];       /* there: "gzip 4, shuffle"; "" without */
    int64_t stored_bytes;             /* X in the files */
    int64_t nonzeros;                 /* of X */
    int64_t bad;                      /* NaN or Inf in X */
    int64_t constant;                 /* columns with one value */
    char *constant_names[INFO_NAMES]; /* the first of them (NULL: no more); owned, as all texts */
    info_vector_t y, weights, offset;
    int offsets;                 /* numbers of a row in the offset; 0: there is none */
    int distinct;                /* values of y; INFO_DISTINCT + 1: more than INFO_DISTINCT */
    double value[INFO_DISTINCT]; /* increasing */
    int64_t count[INFO_DISTINCT];
    char *target, *source; /* NULL: not in the file */
    int label_count;       /* 0: y is a number */
    char **labels;         /* [label_count] */
    bool groups;
    int group_count; /* distinct penalised groups */
    int64_t free;    /* columns that are not penalised */
    bool folds;
    int fold_count;
    int64_t fold_least, fold_most; /* rows in the smallest and largest fold */
    char rest[INFO_REST];          /* what else is in the root of the first file: "obs, var" */
} info_t;

/* Streams over the file in blocks of rows; memory: a few numbers per column and a block. Not
   collective. Errors: TRALO_ERR_FILE, TRALO_ERR_INPUT (as data_open, but NaN and Inf are counted),
   TRALO_ERR_MEMORY. */
int info_read(const files_names_t *names, info_t **out);
void info_free(info_t **info);

#endif
