/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/panel.h"

#include <cblas.h>
#include <string.h>

#include "base/share.h"
#include "base/work.h"

enum {
    BLOCK_ROWS = 32,          /* whose matrices are worked on at once */
    PANEL_ELEMENTS = 1 << 17, /* 1 MiB of doubles */
    ROWS_LEAST = 512,
    ROWS_MOST = 4096,
    NEAR_ELEMENTS = 1 << 15, /* 256 KiB */
    NEAR_LEAST = 8,
    ROWS_SMALL = 96, /* OpenBLAS has kernels for small matrices, which copy nothing */
    BLOCKS = 8,
    BLOCK_LEAST = 32
};

static const double NUMBER_COST = 0.5; /* operations, of the loops here */

static panel_counters_t counters;

panel_counters_t panel_counters(void)
{
    return counters;
}

void panel_counted(int64_t square, int64_t linear)
{
    counters.square += square;
    counters.linear += linear;
}

int panel_rows(int p)
{
    int rows = PANEL_ELEMENTS / p;
    return rows < ROWS_LEAST ? ROWS_LEAST : rows > ROWS_MOST ? ROWS_MOST : rows;
}

/* Several threads want more work at a time than few rows are. */
int panel_near_rows(int p)
{
    const int rows = NEAR_ELEMENTS / p;
    if (openblas_get_num_threads() > 1)
        return panel_rows(p);
    return rows < NEAR_LEAST ? NEAR_LEAST : rows > ROWS_MOST ? ROWS_MOST : rows;
}

/* Width of the blocks that p is cut into. */
static int block_width(int p)
{
    int width = (p + BLOCKS - 1) / BLOCKS;
    width = (width + 7) / 8 * 8;
    return width < BLOCK_LEAST ? BLOCK_LEAST : width;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

double panel_gram_flops(int p)
{
    double flops = 0.0;
    const int width = block_width(p);
    for (int j = 0; j < p; j += width)
        flops += 2.0 * (p - j) * least(width, p - j);
    return flops;
}

double panel_whiten_flops(int p)
{
    double flops = 0.0;
    const int width = block_width(p);
    for (int i = 0; i < p; i += width)
        flops += 2.0 * least(width, p - i) * (double)(i + least(width, p - i));
    return flops;
}

/* Rows [m, p], each with another vector or number. */
typedef struct pass {
    int64_t p;
    const double *rows, *with;
    double *out;
} pass_t;

static void scale_rows(void *argument, int64_t begin, int64_t end)
{
    const pass_t *pass = argument;
    for (int64_t i = begin; i < end; i++)
        for (int64_t j = i * pass->p; j < (i + 1) * pass->p; j++)
            pass->out[j] = pass->with[i] * pass->rows[j];
}

static void multiply_rows(void *argument, int64_t begin, int64_t end)
{
    const pass_t *pass = argument;
    for (int64_t i = begin; i < end; i++) {
        const double *x = pass->rows + i * pass->p, *y = pass->with + i * pass->p;
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < pass->p; j++)
            sum += x[j] * y[j];
        pass->out[i] = sum;
    }
}

static void share_rows(int m, pass_t pass, share_work_t work)
{
    share(m, NUMBER_COST * m * (double)pass.p, work, &pass);
}

void panel_gram(int m, int p, const double *rows, const double *weights, double *scratch, double *C)
{
    panel_gram_at(m, p, rows, weights, scratch, C, p);
}

void panel_gram_at(int m, int p, const double *rows, const double *weights, double *scratch,
                   double *C, int ld)
{
    const double *scaled = rows;
    int width = block_width(p);
    counters.square += m;
    work_count(WORK_PANEL, m * panel_gram_flops(p));
    if (weights != NULL) {
        share_rows(m, (pass_t){p, rows, weights, scratch}, scale_rows);
        scaled = scratch;
    }
    for (int j = 0; j < p; j += width) /* C[j:p, block] += rows[:, j:p]' scaled[:, block] */
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, p - j, least(width, p - j), m, 1.0,
                    rows + j, p, scaled + j, p, 1.0, C + j + (int64_t)j * ld, ld);
}

void panel_whiten(int m, int p, const double *L, const double *rows, double *out)
{
    int width = block_width(p);
    counters.square += m;
    work_count(WORK_PANEL, m * panel_whiten_flops(p));
    for (int i = 0; i < p; i += width) { /* out[:, block] = rows[:, 0:end] L[block, 0:end]' */
        int rows_of_L = least(width, p - i);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows_of_L, m, i + rows_of_L, 1.0,
                    L + i, p, rows, p, 0.0, out + i, p);
    }
}

void panel_quadratic(int m, int p, const double *half, const double *rows, double *scratch,
                     double *q)
{
    panel_whiten(m, p, half, rows, scratch);
    share_rows(m, (pass_t){p, rows, scratch, q}, multiply_rows);
}

void panel_half(int p, const double *M, double *half)
{
    for (int64_t j = 0; j < p; j++) {
        memset(half + j * p, 0, (size_t)j * sizeof *half);
        half[j + j * p] = M[j + j * p];
        for (int64_t i = j + 1; i < p; i++)
            half[i + j * p] = 2.0 * M[i + j * p];
    }
}

void panel_times(int64_t m, int p, const double *rows, const double *x, double *y)
{
    counters.linear += m;
    work_count(WORK_PASS, 2.0 * (double)m * p);
    for (int64_t i = 0; i < m; i += ROWS_MOST)
        cblas_dgemv(CblasColMajor, CblasTrans, p, (int)(m - i < ROWS_MOST ? m - i : ROWS_MOST), 1.0,
                    rows + i * p, p, x, 1, 0.0, y + i, 1);
}

void panel_add_transposed(int64_t m, int p, const double *rows, const double *x, double *y)
{
    counters.linear += m;
    work_count(WORK_PASS, 2.0 * (double)m * p);
    for (int64_t i = 0; i < m; i += ROWS_MOST)
        cblas_dgemv(CblasColMajor, CblasNoTrans, p, (int)(m - i < ROWS_MOST ? m - i : ROWS_MOST),
                    1.0, rows + i * p, p, x + i, 1, 1.0, y, 1);
}

/* Rows in a call for several vectors. */
static int64_t rows_at_once(void)
{
    return openblas_get_num_threads() > 1 ? ROWS_MOST : ROWS_SMALL;
}

/* The rows pass once, for all vectors. */
static void count_each(int64_t m, int p, int k)
{
    const double flops = 2.0 * (double)m * p;
    work_count(WORK_PASS, flops);
    work_count(WORK_PANEL, k * flops);
}

void panel_times_each(int64_t m, int p, const double *rows, int k, const double *x, int64_t ld,
                      double *y)
{
    const int64_t most = rows_at_once();
    if (k == 1) {
        panel_times(m, p, rows, x, y);
        return;
    }
    counters.linear += k * m;
    count_each(m, p, k);
    for (int64_t i = 0; i < m; i += most)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)(m - i < most ? m - i : most), k,
                    p, 1.0, rows + i * p, p, x, p, 0.0, y + i, (int)ld);
}

void panel_add_transposed_each(int64_t m, int p, const double *rows, int k, const double *x,
                               int64_t ld, double *y)
{
    const int64_t most = rows_at_once();
    if (k == 1) {
        panel_add_transposed(m, p, rows, x, y);
        return;
    }
    counters.linear += k * m;
    count_each(m, p, k);
    for (int64_t i = 0; i < m; i += most)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, p, k,
                    (int)(m - i < most ? m - i : most), 1.0, rows + i * p, p, x + i, (int)ld, 1.0,
                    y, p);
}

/* y = A x of `count` rows at once. */
static void blocks_times(int k, int64_t count, int64_t ld, const double *A, const double *x,
                         double *y)
{
    double sum[PANEL_BLOCKS][BLOCK_ROWS];
    for (int64_t a = 0; a < k; a++) {
        const double *xa = x + a * ld;
        for (int64_t i = 0; i < count; i++)
            sum[a][i] = 0.0;
        for (int64_t b = 0; b <= a; b++) {
            const double *block = A + (a * (a + 1) / 2 + b) * ld, *xb = x + b * ld;
            for (int64_t i = 0; i < count; i++)
                sum[a][i] += block[i] * xb[i];
            for (int64_t i = 0; b < a && i < count; i++)
                sum[b][i] += block[i] * xa[i];
        }
    }
    for (int64_t a = 0; a < k; a++)
        memcpy(y + a * ld, sum[a], (size_t)count * sizeof *y);
}

void panel_blocks_times(int k, int64_t m, int64_t ld, const double *A, const double *x, double *y)
{
    work_count(WORK_PASS, panel_blocks_flops(k) * (double)m);
    for (int64_t i = 0; i < m; i += BLOCK_ROWS)
        blocks_times(k, m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS, ld, A + i, x + i, y + i);
}

double panel_blocks_flops(int k)
{
    return 2.0 * k * k;
}

void panel_threads(int threads)
{
    const double row[2] = {1.0, 1.0};
    double square[4] = {0.0};
    openblas_set_num_threads(threads);
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, 2, 1, 1.0, row, 2, 0.0, square, 2);
}

void panel_alone(bool alone)
{
    static int before;
    if (alone)
        before = openblas_get_num_threads();
    openblas_set_num_threads(alone ? 1 : before);
}

const char *panel_library(void)
{
    return openblas_get_config();
}
