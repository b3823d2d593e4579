/* SPDX-License-Identifier: BSD-3-Clause */
/* With x = v - s, v the entries and s the shift:
       X x             V x - (s'x) 1
       X'x             V'x - (1'x) s
       X'WX            V'WV - s t' - t s',   t = V'w - (1'w) s / 2
       x'Mx            v'M v - 2 v'M s + s'M s, which in a part of the columns j is
                       sum_j v_j (M_j'v - M_j's) - v'(sum_j s_j M_j) + sum_j s_j M_j's */
#include "linalg/csr.h"

#include <string.h>

#include "base/work.h"
#include "linalg/panel.h"

static void count_entries(csr_rows_t rows)
{
    const int64_t *start = rows.A->start + rows.begin;
    work_count(WORK_ENTRY, (double)(start[rows.count] - start[0]));
}

static double dot(int64_t count, const double *x, const double *y)
{
    double sum = 0.0;
    for (int64_t j = 0; j < count; j++)
        sum += x[j] * y[j];
    return sum;
}

void csr_times(csr_rows_t rows, const double *x, double *y)
{
    const csr_t *A = rows.A;
    const int64_t *start = A->start + rows.begin;
    const double shifted = dot(A->columns, A->shift, x);
    panel_counted(0, rows.count);
    count_entries(rows);
    for (int64_t i = 0; i < rows.count; i++) {
        double sum = 0.0;
        for (int64_t k = start[i]; k < start[i + 1]; k++)
            sum += A->value[k] * x[A->column[k]];
        y[i] = sum - shifted;
    }
}

/* y += V'x; returns 1'x. */
static double add_entries(csr_rows_t rows, const double *x, double *y)
{
    const csr_t *A = rows.A;
    const int64_t *start = A->start + rows.begin;
    double sum = 0.0;
    count_entries(rows);
    for (int64_t i = 0; i < rows.count; i++) {
        for (int64_t k = start[i]; k < start[i + 1]; k++)
            y[A->column[k]] += A->value[k] * x[i];
        sum += x[i];
    }
    return sum;
}

void csr_add_transposed(csr_rows_t rows, const double *x, double *y)
{
    const csr_t *A = rows.A;
    const double sum = add_entries(rows, x, y);
    panel_counted(0, rows.count);
    for (int j = 0; j < A->columns; j++)
        y[j] -= sum * A->shift[j];
}

void csr_add_squares(csr_rows_t rows, const double *weights, double *y)
{
    const csr_t *A = rows.A;
    const int64_t *start = A->start + rows.begin;
    double sum = 0.0;
    for (int64_t i = 0; i < rows.count; i++) {
        const double w = weights != NULL ? weights[i] : 1.0;
        for (int64_t k = start[i]; k < start[i + 1]; k++)
            y[A->column[k]] += w * A->value[k] * (A->value[k] - 2.0 * A->shift[A->column[k]]);
        sum += w;
    }
    for (int j = 0; j < A->columns; j++)
        y[j] += sum * A->shift[j] * A->shift[j];
}

/* The first entry from k on, and before end, in a column >= first. */
static int64_t seek(const csr_t *A, int64_t k, int64_t end, int first)
{
    while (k < end) {
        const int64_t middle = k + (end - k) / 2;
        if (A->column[middle] < first)
            k = middle + 1;
        else
            end = middle;
    }
    return k;
}

/* C += V' diag(weights) V in the block. */
static void add_pairs(csr_rows_t rows, const double *weights, panel_block_t block, double *C)
{
    const csr_t *A = rows.A;
    const int *column = A->column;
    const double *value = A->value;
    int64_t pairs = 0;
    for (int64_t i = 0; i < rows.count; i++) {
        const int64_t *start = A->start + rows.begin + i, end = start[1];
        int64_t a = seek(A, start[0], end, block.first);
        for (; a < end && column[a] - block.first < block.count; a++) {
            pairs += end - a;
            double *to = C + (column[a] - block.first) * block.ld;
            const double w = weights[i] * value[a];
            for (int64_t b = a; b < end; b++)
                to[column[b]] += w * value[b];
        }
    }
    work_count(WORK_PAIR, (double)pairs);
}

/* C -= s t' + t s' in the block. Most shifts are 0 where nothing is centred. */
static void subtract_shift(const csr_t *A, const double *t, panel_block_t block, double *C)
{
    const double *s = A->shift;
    int from = 0;
    work_count(WORK_PASS, 2.0 * A->columns * (double)block.count);
    while (from < A->columns && s[from] == 0.0)
        from++;
    for (int64_t j = block.first; j < block.first + block.count; j++) {
        double *to = C + (j - block.first) * block.ld;
        for (int64_t i = s[j] == 0.0 && j < from ? from : j; i < A->columns; i++)
            to[i] -= s[i] * t[j] + t[i] * s[j];
    }
}

void csr_gram(csr_rows_t rows, const double *weights, panel_block_t block, double *scratch,
              double *C)
{
    const csr_t *A = rows.A;
    double *t = scratch;
    panel_counted(rows.count, 0);
    add_pairs(rows, weights, block, C);
    memset(t, 0, (size_t)A->columns * sizeof *t);
    const double sum = add_entries(rows, weights, t);
    for (int j = 0; j < A->columns; j++)
        t[j] -= 0.5 * sum * A->shift[j];
    subtract_shift(A, t, block, C);
}

/* Up to CSR_WIDTH columns of an upper triangular R from first on, side by side: to [rows,
   CSR_WIDTH], 0 where there is none. Returns rows. */
static int take_columns(const double *R, int64_t ld, int first, int count, double *to)
{
    const int rows = first + count;
    memset(to, 0, (size_t)rows * CSR_WIDTH * sizeof *to);
    for (int64_t j = 0; j < count; j++)
        for (int64_t i = 0; i <= first + j; i++)
            to[i * CSR_WIDTH + j] = R[i + j * ld];
    return rows;
}

/* out[i] += |x_i'R|^2 for R [height, CSR_WIDTH], row-major; shifted [CSR_WIDTH] = s'R. */
static void add_strip(csr_rows_t rows, const double *R, int height, const double *shifted,
                      double *out)
{
    const csr_t *A = rows.A;
    int64_t met = 0;
    for (int64_t i = 0; i < rows.count; i++) {
        const int64_t *start = A->start + rows.begin + i;
        double sum[CSR_WIDTH], square = 0.0;
        for (int j = 0; j < CSR_WIDTH; j++)
            sum[j] = -shifted[j];
        for (int64_t k = start[0]; k < start[1] && A->column[k] < height; k++) {
            const double *from = R + (int64_t)A->column[k] * CSR_WIDTH, v = A->value[k];
            met++;
            for (int j = 0; j < CSR_WIDTH; j++)
                sum[j] += v * from[j];
        }
        for (int j = 0; j < CSR_WIDTH; j++)
            square += sum[j] * sum[j];
        out[i] += square;
    }
    work_count(WORK_PAIR, CSR_WIDTH * (double)met);
}

void csr_add_norms(csr_rows_t rows, const double *R, panel_block_t block, double *scratch,
                   double *out)
{
    const double *shift = rows.A->shift;
    double *shifted = scratch, *strip = scratch + CSR_WIDTH;
    panel_counted(rows.count, 0);
    for (int j = 0, count; j < block.count; j += count) {
        count = block.count - j < CSR_WIDTH ? block.count - j : CSR_WIDTH;
        const int height = take_columns(R + j * block.ld, block.ld, block.first + j, count, strip);
        memset(shifted, 0, CSR_WIDTH * sizeof *shifted);
        for (int64_t i = 0; i < height; i++)
            for (int64_t k = 0; k < CSR_WIDTH; k++)
                shifted[k] += shift[i] * strip[i * CSR_WIDTH + k];
        add_strip(rows, strip, height, shifted, out);
    }
}

/* With M_j the column j of the block, those below the diagonal doubled and those above it 0: its[j]
   = M_j's for the columns of the block, all [columns] = sum_j s_j M_j; returns s'M s. */
static double shift_quadratic(const csr_t *A, const double *M, panel_block_t block, double *its,
                              double *all)
{
    const double *s = A->shift;
    double sum = 0.0;
    memset(all, 0, (size_t)A->columns * sizeof *all);
    for (int64_t j = block.first; j < block.first + block.count; j++) {
        const double *from = M + (j - block.first) * block.ld;
        double below = 0.0;
        for (int64_t i = j + 1; i < A->columns; i++) {
            below += from[i] * s[i];
            all[i] += 2.0 * s[j] * from[i];
        }
        all[j] += s[j] * from[j];
        its[j] = from[j] * s[j] + 2.0 * below;
        sum += s[j] * its[j];
    }
    return sum;
}

void csr_add_quadratic(csr_rows_t rows, const double *M, panel_block_t block, double *scratch,
                       double *out)
{
    const csr_t *A = rows.A;
    const int *column = A->column;
    const double *value = A->value;
    double *its = scratch, *all = scratch + A->columns;
    const double sum = shift_quadratic(A, M, block, its, all);
    int64_t pairs = 0;
    panel_counted(rows.count, 0);
    for (int64_t i = 0; i < rows.count; i++) {
        const int64_t *start = A->start + rows.begin + i, end = start[1];
        double form = sum;
        int64_t a = seek(A, start[0], end, block.first);
        for (int64_t b = a; b < end; b++)
            form -= value[b] * all[column[b]];
        for (; a < end && column[a] - block.first < block.count; a++) {
            const double *from = M + (column[a] - block.first) * block.ld;
            double below = 0.0;
            pairs += end - a;
            for (int64_t b = a + 1; b < end; b++)
                below += value[b] * from[column[b]];
            form += value[a] * (value[a] * from[column[a]] + 2.0 * below - its[column[a]]);
        }
        out[i] += form;
    }
    work_count(WORK_PAIR, (double)pairs);
}

void csr_dense(csr_rows_t rows, double *out)
{
    const csr_t *A = rows.A;
    const int64_t columns = A->columns;
    for (int64_t i = 0; i < rows.count; i++) {
        const int64_t *start = A->start + rows.begin + i;
        double *to = out + i * columns;
        for (int64_t j = 0; j < columns; j++)
            to[j] = 0.0 - A->shift[j];
        for (int64_t k = start[0]; k < start[1]; k++)
            to[A->column[k]] += A->value[k];
    }
}
