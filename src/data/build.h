/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the data room: how a data set comes into being. */
#ifndef DATA_BUILD_H
#define DATA_BUILD_H

#include "data/data.h"

/* What a new data set holds. */
typedef struct data_shape {
    int64_t n;
    int p;
    bool intercept, y, weights;
    int offsets; /* numbers of a row in the offset; 0: there is none */
    bool fold, group;
} data_shape_t;

/* This rank's part of a data set, its arrays allocated and zero, mean 0, scale 1. Not collective.
   Errors: TRALO_ERR_MEMORY. */
int data_create(comm_t *comm, const data_shape_t *shape, data_t **out);

/* Every number is finite, weights are not negative, labels are -1 or +1. `where` stands in front of
   the dataset's name in messages ("file.h5: /" or ""). Not collective. Errors: TRALO_ERR_INPUT,
   naming the lowest row of this rank. */
int data_check_rows(const data_t *data, const char *where, int64_t row, int64_t count); /* X */
int data_check_vectors(const data_t *data, const char *where); /* y, weights, offset */

/* group [p] holds -1 and every number 0 .. G-1. Not collective. Errors: TRALO_ERR_INPUT,
   TRALO_ERR_MEMORY. */
int data_check_groups(const int *group, int p, const char *where);

/* The last steps, once X [rows, p] and the vectors are in place: sum of the weights,
   standardisation with the data's own mean and scale (options->standardize) or the given ones
   (scaling not NULL), intercept. Collective. Errors: TRALO_ERR_INPUT (all weights 0, numbers too
   large), TRALO_ERR_MEMORY. */
int data_finish(data_t *data, const char *where, bool standardize, const data_scaling_t *scaling);

/* Centres and scales X [rows, p] in place; sets mean, scale. Collective. Errors: as data_finish. */
int data_standardize(data_t *data, const char *where);

#endif
