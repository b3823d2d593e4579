/* SPDX-License-Identifier: BSD-3-Clause */
/* This rank's rows of the matrix X that the mathematics sees: standardised, with the column of
   ones. How they are held is known here and in the data room only. Everybody else goes over them in
   panels,

       rows_pass_t pass = rows_begin(&data->X, ROWS_AS_HELD);
       while (rows_next(&pass))
           rows_times(&pass.panel, x, y + pass.panel.begin);

   each of which is some consecutive rows. Nothing here is collective. */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "linalg/csr.h"
#include "linalg/panel_block.h"

typedef struct rows {
    int64_t rows;  /* of this rank */
    int columns;   /* with the column of ones */
    double *dense; /* [rows, columns] row-major, owned by the data set; NULL: held as */
    csr_t *sparse; /* the entries that are not 0, owned by the data set; NULL: dense, or */
    struct rows_stream *stream; /* on disk, from where each pass reads them, one pass at a time
                                   (stream.h); owned by the data set; NULL: in memory */
} rows_t;

typedef struct rows_panel {
    const rows_t *X;
    int64_t begin, count; /* local rows begin .. begin + count - 1 */
    const double *dense;  /* [count, columns]; NULL: they are not held so */
} rows_panel_t;

typedef struct rows_pass {
    rows_panel_t panel; /* after rows_next */
    int64_t most;       /* rows in a panel */
} rows_pass_t;

int64_t rows_entries(const rows_t *X); /* numbers of X that are held */

/* What the panels are for: the kernels below, which take them as large as suits; a few products
   with vectors on each panel, of which all but the first find it in the nearest cache; or
   rows_dense, so that a panel has at most panel_rows(columns) rows. */
typedef enum rows_use { ROWS_AS_HELD, ROWS_NEAR, ROWS_DENSE } rows_use_t;

/* A pass over all rows of this rank; false: there are no more. */
rows_pass_t rows_begin(const rows_t *X, rows_use_t use);
bool rows_next(rows_pass_t *pass);

/* The panel as dense rows [count, columns]: where they are, or written to buffer
   [rows_buffer(X)]. */
const double *rows_dense(const rows_panel_t *panel, double *buffer);
int64_t rows_buffer(const rows_t *X); /* numbers; 0: no buffer is needed */

/* y = P x and y += P'x for the panel P; x, y [columns] and [count]. Cost: 2 count columns flops. */
void rows_times(const rows_panel_t *panel, const double *x, double *y);
void rows_add_transposed(const rows_panel_t *panel, const double *x, double *y);

/* The same for k vectors at once: x [k, columns] and y [k, count], or the other way round; those of
   length count are ld numbers apart. */
void rows_times_each(const rows_panel_t *panel, int k, const double *x, int64_t ld, double *y);
void rows_add_transposed_each(const rows_panel_t *panel, int k, const double *x, int64_t ld,
                              double *y);

/* y[j] += sum_i weights_i P_ij^2, y [columns]; weights [count] or NULL (all 1). */
void rows_add_squares(const rows_panel_t *panel, const double *weights, double *y);

/* C += P' diag(weights) P, lower triangle, element (i, j) of C at i + j ld; weights [count];
   scratch [rows_scratch(columns, held sparse)], as below. Cost: count columns^2 flops, or a
   multiplication for each pair of entries of a row. */
void rows_gram(const rows_panel_t *panel, const double *weights, double *scratch, double *C,
               int ld);
int64_t rows_scratch(int columns, bool sparse); /* numbers */

/* The same in some columns of C, and the squares |x_i'R|^2 and forms x_i'M x_i that some columns of
   an upper triangular R and of a symmetric M give to the rows x_i of the panel: out [count] += as
   in panel_block.h, or in csr.h, which say what they cost. */
void rows_gram_block(const rows_panel_t *panel, const double *weights, panel_block_t block,
                     double *scratch, double *C);
void rows_add_norms(const rows_panel_t *panel, const double *R, panel_block_t block,
                    double *scratch, double *out);
void rows_add_quadratic(const rows_panel_t *panel, const double *M, panel_block_t block,
                        double *scratch, double *out);

/* Local rows begin .. begin + count - 1 as dense rows [count, columns], outside of any pass. */
void rows_copy(const rows_t *X, int64_t begin, int64_t count, double *out);

#endif
