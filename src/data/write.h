/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes an input file of tralo row by row. The file is made under a temporary name beside the
   final one and takes that name when it is whole. Not collective.

   Rows are written in blocks: as many as fit into 1 MiB, at least one, at most all. A dataset lies
   in one piece, from where rows can be read past the page cache (direct.h), or, compressed, in such
   blocks as chunks. Those who read panels of rows so read each chunk once. 1 MiB because to unpack
   gzip was fastest so (2 ranks: 125, 145, 160, 105, 70 MB/s for chunks of 1/8, 1/4, 1, 4,
   16 MiB). */
#ifndef DATA_WRITE_H
#define DATA_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct writer writer_t;

typedef struct write_shape {
    int64_t n;
    int p;
    int64_t nonzeros; /* of a CSR /X; -1: dense */
    bool float32;     /* /X in single precision */
    int gzip;         /* level of /X, 0: none */
    bool weights, offset;
    bool fold; /* /fold, with the same number for every row: */
    int part;
} write_shape_t;

typedef struct write_row {
    const double *x;     /* [p], dense */
    const int *index;    /* [count], sparse */
    const double *value; /* [count] */
    int64_t count;
    double y, weight, offset;
} write_row_t;

/* Makes `path`.part with the datasets of the shape. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int writer_create(const char *path, const write_shape_t *shape, writer_t **out);

/* Rows in order. Errors: TRALO_ERR_FILE; TRALO_ERR_INPUT for more rows or values than the shape
 * has. */
int writer_row(writer_t *writer, const write_row_t *row);

/* Attribute `name` of `object` ("/", "/y", ...): one text, or count texts. */
int writer_text(writer_t *writer, const char *object, const char *name, const char *text);
int writer_texts(writer_t *writer, const char *object, const char *name, const char *const *texts,
                 int64_t count);

/* /feature_names [p]. */
int writer_features(writer_t *writer, const char *const *names);

/* Completes the file and gives it its name. Errors: TRALO_ERR_FILE (disk full, ...);
   TRALO_ERR_INPUT where rows are missing. The writer is still to be freed. */
int writer_finish(writer_t *writer);

/* Frees; a file that was not finished is removed. Sets *writer to NULL; NULL is accepted. */
void writer_free(writer_t **writer);

#endif
