/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels over panels of rows: rows [m, p] row-major with m rows that stay in cache. Symmetric p x
   p matrices are held by their lower triangle, column-major (element (i, j), i >= j, at i + j p);
   what lies above is not read and may be overwritten. Nothing here is collective.

   Each kernel walks p in blocks and calls DGEMM on the part that matters, so that it runs at
   DGEMM's rate with (1 + 1/blocks)/2 of the flops of the full product: faster than DSYRK and DTRMM
   here. */
#ifndef LINALG_PANEL_H
#define LINALG_PANEL_H

#include <stdbool.h>
#include <stdint.h>

/* Rows in a panel for p columns. */
int panel_rows(int p);

/* Rows that stay in the nearest cache from one product with vectors to the next. */
int panel_near_rows(int p);

/* Flops of panel_gram and of panel_whiten for each row; panel_quadratic is panel_whiten. */
double panel_gram_flops(int p);
double panel_whiten_flops(int p);

/* C += rows' diag(weights) rows. weights [m] of any sign, or NULL (all 1); scratch [m, p]. */
void panel_gram(int m, int p, const double *rows, const double *weights, double *scratch,
                double *C);

/* The same into a part of a larger matrix: element (i, j) of C at i + j ld. */
void panel_gram_at(int m, int p, const double *rows, const double *weights, double *scratch,
                   double *C, int ld);

/* out_i = L rows_i for lower triangular L (zeros above); out [m, p] must not overlap rows. */
void panel_whiten(int m, int p, const double *L, const double *rows, double *out);

/* q[i] = rows_i' M rows_i for the symmetric M that panel_half turned into `half`; scratch [m, p].
 */
void panel_quadratic(int m, int p, const double *half, const double *rows, double *scratch,
                     double *q);

/* half = lower triangle of M with the off-diagonal doubled and zeros above: x'Mx = x'(half)x.
   half [p, p] may be M itself. */
void panel_half(int p, const double *M, double *half);

/* y = A x and y += A' x for rows A [m, p]; x, y [p] and [m]. */
void panel_times(int64_t m, int p, const double *rows, const double *x, double *y);
void panel_add_transposed(int64_t m, int p, const double *rows, const double *x, double *y);

/* The same for k vectors at once, for k > 1 by DGEMM, which goes over the rows once: x [k, p] and y
   [k, m], or the other way round; vectors of length m are ld >= m numbers apart. */
void panel_times_each(int64_t m, int p, const double *rows, int k, const double *x, int64_t ld,
                      double *y);
void panel_add_transposed_each(int64_t m, int p, const double *rows, int k, const double *x,
                               int64_t ld, double *y);

/* y_i = A_i x_i for m symmetric k x k matrices: x, y [k, m]; A [k (k + 1) / 2, m] holds element (a,
   b), a >= b, of each in its row a (a + 1) / 2 + b. Rows of all three are ld >= m numbers apart. y
   may be x; k is at most PANEL_BLOCKS. */
enum { PANEL_BLOCKS = 512 };
void panel_blocks_times(int k, int64_t m, int64_t ld, const double *A, const double *x, double *y);
double panel_blocks_flops(int k); /* for each row */

/* Rows that this process has given to the kernels so far, so that passes over data can be counted:
   `square` to those that cost m p^2 flops, `linear` to those that cost m p. */
typedef struct panel_counters {
    int64_t square, linear;
} panel_counters_t;
panel_counters_t panel_counters(void);
void panel_counted(int64_t square, int64_t linear); /* adds rows of kernels elsewhere */

/* Threads that BLAS uses in this process. OpenBLAS takes its own memory (128 MiB of addresses) here
   and not in the midst of work, so that it counts where somebody asks what is left. */
void panel_threads(int threads);

/* From panel_alone(true) to panel_alone(false) each call of BLAS is worked on by its caller alone.
   For many calls on small matrices: OpenBLAS shares some of them among its threads whatever their
   size, and 5 times the processor time and more was seen for 10 x 10. */
void panel_alone(bool alone);

/* Which BLAS this is. */
const char *panel_library(void);

#endif
