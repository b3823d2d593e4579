/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels over panels of rows (panel.h) with some columns of a p x p matrix, so that no rank needs
   to hold all of them. Nothing here is collective. */
#ifndef LINALG_PANEL_BLOCK_H
#define LINALG_PANEL_BLOCK_H

#include <stdint.h>

/* The columns first .. first + count - 1, column-major: element (i, first + j) is at i + j ld. */
typedef struct panel_block {
    int first, count;
    int64_t ld;
} panel_block_t;

/* C += rows' diag(weights) rows in the columns of `block`, on and below the diagonal; what is above
   it may be overwritten. weights [m] of any sign; scratch [m, block.count], as below. Cost: 2 m
   (p - first) count flops. */
void panel_block_gram(int m, int p, const double *rows, const double *weights, panel_block_t block,
                      double *scratch, double *C);

/* out[i] += |rows_i'R|^2 over the columns of `block` of an upper triangular R; what is below its
   diagonal is not read. Cost: 2 m (first + count) count. */
void panel_block_norms(int m, int p, const double *rows, const double *R, panel_block_t block,
                       double *scratch, double *out);

/* out[i] += the part of rows_i'M rows_i that the columns of `block` of a symmetric M have on and
   below the diagonal, those below counted twice: the sum over blocks is rows_i'M rows_i. What is
   above the diagonal is not read. Cost: 2 m (p - first) count. */
void panel_block_quadratic(int m, int p, const double *rows, const double *M, panel_block_t block,
                           double *scratch, double *out);

#endif
