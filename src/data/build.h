/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the data room: how a data set comes into being. */
#ifndef DATA_BUILD_H
#define DATA_BUILD_H

#include "data/data.h"

/* What a new data set holds. */
typedef struct data_shape {
    int64_t n;
    int p;
    bool sparse; /* X is left NULL, for who knows how many entries there are */
    bool intercept, y, weights;
    int offsets; /* numbers of a row in the offset; 0: there is none */
    bool fold, group;
    bool streamed; /* X has no array */
} data_shape_t;

/* This rank's part of a data set, its arrays allocated and zero, mean 0, scale 1. Not collective.
   Errors: TRALO_ERR_MEMORY. */
int data_create(comm_t *comm, const data_shape_t *shape, data_t **out);

/* Where rows come from, for messages. */
typedef struct data_place {
    char where[ERROR_TEXT / 2]; /* stands in front of a dataset's name: "file.h5: /", or "" */
    int64_t row;                /* the number that local row 0 has (or would have) there */
} data_place_t;

/* Local rows row .. row+count-1 of X, or of y, weights and offset: every number is finite, weights
   are not negative, labels are what they may be. Not collective. Errors: TRALO_ERR_INPUT, naming
   the lowest row. */
int data_check_rows(const data_t *data, const data_place_t *place, int64_t row, int64_t count);
int data_check_vectors(const data_t *data, const data_place_t *place, int64_t row, int64_t count);

/* The error that X holds the number x in such a row and column; names [p] or NULL. */
int data_refuse(char *const *names, const data_place_t *place, int64_t row, int column, double x);

/* texts [count] of rank 0 become those of all ranks. Collective. Errors: TRALO_ERR_MEMORY. */
int data_share_texts(comm_t *comm, char **texts, int64_t count);

/* group [p] holds -1 and every number 0 .. G-1. Not collective. Errors: TRALO_ERR_INPUT,
   TRALO_ERR_MEMORY. */
int data_check_groups(const int *group, int p, const char *where);

/* The last steps, once X [rows, p] and the vectors are in place: sum of the weights,
   standardisation with the data's own mean and scale, or with the given ones (scaling not NULL),
   intercept. Collective. Errors: TRALO_ERR_INPUT (all weights 0, numbers too large),
   TRALO_ERR_MEMORY. */
int data_finish(data_t *data, const char *where, data_standardize_t standardize,
                const data_scaling_t *scaling);

/* Scales X in place, and centres it; sets mean, scale. Collective. Errors: as data_finish. */
int data_standardize(data_t *data, const char *where, bool centre);

/* The same with a given mean and scale. Collective. Errors: TRALO_ERR_MEMORY. */
int data_scale(data_t *data, const data_scaling_t *scaling);

#endif
