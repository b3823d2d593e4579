/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of import share: an input that is put where import reads it, and the output.
   Import is the work of one rank, so rank 0 alone calls all but import_alone. */
#ifndef TESTS_DATA_ROOM_IMPORT_FILES_H
#define TESTS_DATA_ROOM_IMPORT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "data/import.h"

enum { IMPORT_PATH = 320, IMPORT_BIG = 1 << 16 };

/* The input that was put last, the output, and its name while it is written. */
extern char import_in[IMPORT_PATH], import_out[IMPORT_PATH], import_part[IMPORT_PATH + 8];

/* Sets the name of the output; is this rank 0? To be called first in each test. */
bool import_alone(void);

/* Write the input under a name: bytes, a text, or bytes packed by gzip or xz. */
void import_put_bytes(const char *name, const void *bytes, size_t size);
void import_put(const char *name, const char *text);
void import_put_gz(const char *name, const void *bytes, size_t size);
void import_put_xz(const char *name, const void *bytes, size_t size);

/* The bytes of the input as it is stored, at most `size`; returns their number. */
size_t import_get_bytes(void *bytes, size_t size);

/* Imports the input with these options, in silence. */
int import_run(import_options_t options, import_report_t *report);

/* The output has the dataset `name` [count] with these numbers, to the last bit. */
void import_check_set(const char *name, const double *wanted, int count);
#define CHECK_SET(name, ...)                                                                       \
    do {                                                                                           \
        const double wanted_[] = {__VA_ARGS__};                                                    \
        import_check_set((name), wanted_, (int)(sizeof wanted_ / sizeof *wanted_));                \
    } while (0)

/* The texts of a dataset (attribute NULL), or of an attribute of it, are these, joined by '|'. */
void import_check_texts(const char *object, const char *attribute, const char *wanted);

/* Neither the output nor a part of it is there. */
bool import_nothing_left(void);

/* A NumPy file in memory: its header, then number by number (type as "<f8"); or a whole array
   [n, p] of 5 i - j (unsigned: 5 i + j; bool: whether i + j is odd). */
typedef struct npy {
    unsigned char bytes[4096];
    size_t size;
} npy_t;

void npy_begin(npy_t *npy, int version, const char *dict);
void npy_number(npy_t *npy, const char *type, double value);
void npy_array(npy_t *npy, int version, const char *type, bool fortran, int n, int p);

/* Writes y [n] = 0, 0.5, 1, ... and gives its path [IMPORT_PATH]. */
void npy_put_y(char *path, int n);

#endif
