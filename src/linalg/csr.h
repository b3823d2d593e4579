/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels over rows that are held by their entries v_ij (CSR) and stand for the matrix

       x_ij = v_ij - shift_j        (v_ij = 0 where there is no entry)

   which is never formed: a mean is subtracted by shift, and a column of ones is one without entries
   whose shift is -1. Each kernel works on the rows begin .. begin + count - 1, in the time that
   their entries take and what it says beside that. Nothing here is collective.

   Accuracy: results are those of entries that are off by a few roundings of |v_ij| + |shift_j|, so
   nothing is lost where |shift_j| is not large against the deviation of its column. In a column
   with entries in half of the rows or fewer it is at most that deviation, whatever the values:
   (mean v)^2 <= d mean v^2 for a share d of entries. Columns with more entries should be held
   without a shift, by an entry for every row. */
#ifndef LINALG_CSR_H
#define LINALG_CSR_H

#include <stdint.h>

#include "linalg/panel_block.h"

typedef struct csr {
    int64_t rows;
    int columns;
    int64_t *start; /* [rows + 1] the entries of row i are start[i] .. start[i + 1] - 1 */
    int *column;    /* [entries] increasing within a row */
    double *value;  /* [entries] */
    double *shift;  /* [columns] */
} csr_t;

/* Some rows of a matrix. */
typedef struct csr_rows {
    const csr_t *A;
    int64_t begin, count;
} csr_rows_t;

/* y = X x and y += X'x; x, y [columns] and [count]. Beside the entries: columns. */
void csr_times(csr_rows_t rows, const double *x, double *y);
void csr_add_transposed(csr_rows_t rows, const double *x, double *y);

/* y[j] += sum_i weights_i x_ij^2 for y [columns]; weights [count] or NULL (all 1). Beside the
   entries: columns. */
void csr_add_squares(csr_rows_t rows, const double *weights, double *y);

/* C += X' diag(weights) X in the columns of `block`, on and below the diagonal; weights [count] of
   any sign. scratch [columns]. Cost: a multiplication for each pair of entries of a row, and 2
   columns * block.count where there are shifts. */
void csr_gram(csr_rows_t rows, const double *weights, panel_block_t block, double *scratch,
              double *C);

/* out[i] += |x_i'R|^2 over the columns of `block` of an upper triangular R (what is below its
   diagonal is not read). scratch [columns * CSR_WIDTH + CSR_WIDTH]. Cost: 2 flops for each entry
   and column that meet. */
enum { CSR_WIDTH = 32 };
void csr_add_norms(csr_rows_t rows, const double *R, panel_block_t block, double *scratch,
                   double *out);

/* out[i] += the part of x_i'M x_i that the columns of `block` of a symmetric M have on and below
   the diagonal, those below counted twice: the sum over blocks is x_i'M x_i. scratch [2 columns].
   Cost: as csr_gram. */
void csr_add_quadratic(csr_rows_t rows, const double *M, panel_block_t block, double *scratch,
                       double *out);

/* The rows as a matrix out [count, columns], row-major. */
void csr_dense(csr_rows_t rows, double *out);

#endif
