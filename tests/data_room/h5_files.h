/* SPDX-License-Identifier: BSD-3-Clause */
/* Data files for tests, written with HDF5 itself as other programs would write them. */
#ifndef TESTS_DATA_ROOM_H5_FILES_H
#define TESTS_DATA_ROOM_H5_FILES_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum file_strings { STRINGS_NONE, STRINGS_VARIABLE, STRINGS_FIXED } file_strings_t;

typedef struct file_spec {
    int n, p;
    hid_t X, y, whole; /* types in the file: of X, of y, and of indices, groups and fold */
    int chunk;         /* rows (entries) of a chunk of half the columns, compressed by gzip; 0:
                          contiguous; -k: k whole rows, not compressed */
    int first;         /* the file holds rows first .. first+n-1 of a longer one */
    file_strings_t names;
    bool sparse;  /* CSR, columns of a row in falling order, some entries 0 */
    bool vectors; /* weights, offset, fold, groups */
    bool labels;  /* y is -1/+1 with the attributes labels and name */
} file_spec_t;

/* Row i of the longest such file: the same numbers for every spec of that p, sparse, labels. */
double file_X(const file_spec_t *spec, int i, int j);
double file_y(const file_spec_t *spec, int i);
double file_weight(int i);
double file_offset(int i);
int file_fold(int i);
int file_group(int j);
void file_name(int j, char name[16]);

/* Writes the file on rank 0; the others wait. Collective. */
void file_write(const char *path, const file_spec_t *spec);

/* Rank 0 opens the file for changes and calls `edit`; the others wait. Collective. */
void file_edit(const char *path, void (*edit)(hid_t file, const void *context),
               const void *context);

/* Inside `edit`: element number `index` of a dataset, counted through its rows, becomes `value`. */
void file_poke(hid_t file, const char *name, hsize_t index, double value);

/* Inside `edit`: a contiguous dataset [dims] in place of one of that name, if any. */
void file_replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                  const void *values);

/* The same for a string attribute [count] (0: scalar) of an object. */
void file_attribute(hid_t file, const char *object, const char *name, file_strings_t kind,
                    int count, const char *const *texts);

#endif
