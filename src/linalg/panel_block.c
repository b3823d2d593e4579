/* SPDX-License-Identifier: BSD-3-Clause */
/* BLAS sees the rows [m, p] as X' [p, m] by columns, and scratch as Y [count, m]. With J the
   columns of the block:
       Gram         Y = X_J' diag(w),                  C_J += X' Y'
       norms        Y = R_JJ' X_J' + R_above' X_above',   out_i += |y_i|^2
       quadratic    Y = M_JJ X_J' + 2 M_below' X_below',  out_i += x_iJ' y_i */
#include "linalg/panel_block.h"

#include <cblas.h>

#include "base/work.h"
#include "linalg/panel.h"

/* Multiplied by `height` rows of a block. */
static void counted(int m, int height, panel_block_t block)
{
    panel_counted(m, 0);
    work_count(WORK_PANEL, 2.0 * m * (double)height * block.count);
}

/* Y = weights_i x_iJ, with weights NULL for all 1. */
static void take(int m, int p, const double *rows, const double *weights, panel_block_t block,
                 double *Y)
{
    for (int64_t i = 0; i < m; i++) {
        const double *x = rows + i * p + block.first, w = weights != NULL ? weights[i] : 1.0;
        for (int64_t j = 0; j < block.count; j++)
            Y[i * block.count + j] = w * x[j];
    }
}

void panel_block_gram(int m, int p, const double *rows, const double *weights, panel_block_t block,
                      double *scratch, double *C)
{
    const int first = block.first;
    counted(m, p - first, block);
    take(m, p, rows, weights, block, scratch);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, p - first, block.count, m, 1.0,
                rows + first, p, scratch, block.count, 1.0, C + first, (int)block.ld);
}

void panel_block_norms(int m, int p, const double *rows, const double *R, panel_block_t block,
                       double *scratch, double *out)
{
    const int first = block.first, count = block.count, ld = (int)block.ld;
    counted(m, first + count, block);
    take(m, p, rows, NULL, block, scratch);
    cblas_dtrmm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, count, m, 1.0,
                R + first, ld, scratch, count);
    if (first > 0)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, m, first, 1.0, R, ld, rows, p,
                    1.0, scratch, count);
    for (int64_t i = 0; i < m; i++)
        out[i] += cblas_ddot(count, scratch + i * count, 1, scratch + i * count, 1);
}

void panel_block_quadratic(int m, int p, const double *rows, const double *M, panel_block_t block,
                           double *scratch, double *out)
{
    const int first = block.first, count = block.count, ld = (int)block.ld, end = first + count;
    counted(m, p - first, block);
    cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, count, m, 1.0, M + first, ld, rows + first, p,
                0.0, scratch, count);
    if (end < p)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, m, p - end, 2.0, M + end, ld,
                    rows + end, p, 1.0, scratch, count);
    for (int64_t i = 0; i < m; i++)
        out[i] += cblas_ddot(count, scratch + i * count, 1, rows + i * p + first, 1);
}
