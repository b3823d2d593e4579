/* SPDX-License-Identifier: BSD-3-Clause */
/* With x = v - s, v the entries and s the shift:
       X x             V x - (s'x) 1
       X'x             V'x - (1'x) s
       X'WX            V'WV - s t' - t s',   t = V'w - (1'w) s / 2
       x'Mx            v'M v - 2 v'M s + s'M s, which in a part of the columns j is
                       sum_j v_j (M_j'v - M_j's) - v'(sum_j s_j M_j) + sum_j s_j M_j's */
#include "linalg/csr.h"

#include <string.h>

#include "base/share.h"
#include "base/work.h"
#include "linalg/panel.h"

static void count_entries(csr_rows_t rows)
{
    const int64_t *start = rows.A->start + rows.begin;
    work_count(WORK_ENTRY, (double)(start[rows.count] - start[0]));
}

/* Operations on the entries, each once. */
static double cost(csr_rows_t rows)
{
    const int64_t *start = rows.A->start + rows.begin;
    return (double)(start[rows.count] - start[0] + rows.count);
}

static double dot(int64_t count, const double *x, const double *y)
{
    double sum = 0.0;
    for (int64_t j = 0; j < count; j++)
        sum += x[j] * y[j];
    return sum;
}

/* What a kernel works on, by rows or by columns. */
typedef struct csr_work {
    csr_rows_t rows;
    panel_block_t block;
    const double *x; /* the vector, weights or matrix that the rows meet */
    const double *its, *all, *shifted;
    double sum;
    int height;
    double *y;     /* what comes out */
    int64_t pairs; /* counted, by several threads */
} csr_work_t;

static void add_pair_count(csr_work_t *w, int64_t pairs)
{
    __atomic_fetch_add(&w->pairs, pairs, __ATOMIC_RELAXED);
}

static void multiply_rows(void *argument, int64_t begin, int64_t end)
{
    const csr_work_t *w = argument;
    const csr_t *A = w->rows.A;
    const int64_t *start = A->start + w->rows.begin;
    for (int64_t i = begin; i < end; i++) {
        double sum = 0.0;
        for (int64_t k = start[i]; k < start[i + 1]; k++)
            sum += A->value[k] * w->x[A->column[k]];
        w->y[i] = sum - w->sum;
    }
}

void csr_times(csr_rows_t rows, const double *x, double *y)
{
    csr_work_t w = {.rows = rows, .x = x, .y = y, .sum = dot(rows.A->columns, rows.A->shift, x)};
    panel_counted(0, rows.count);
    count_entries(rows);
    share(rows.count, cost(rows), multiply_rows, &w);
}

/* The first entry from k on, and before end, in a column >= first. */
static int64_t seek(const csr_t *A, int64_t k, int64_t end, int64_t first)
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

/* y += V'x in some columns, so that no two threads write to one. */
static void add_columns(void *argument, int64_t begin, int64_t end)
{
    const csr_work_t *w = argument;
    const csr_t *A = w->rows.A;
    const int64_t *start = A->start + w->rows.begin;
    for (int64_t i = 0; i < w->rows.count; i++)
        for (int64_t k = begin > 0 ? seek(A, start[i], start[i + 1], begin) : start[i];
             k < start[i + 1] && A->column[k] < end; k++)
            w->y[A->column[k]] += A->value[k] * w->x[i];
}

/* y += V'x; returns 1'x. */
static double add_entries(csr_rows_t rows, const double *x, double *y)
{
    csr_work_t w = {.rows = rows, .x = x, .y = y};
    double sum = 0.0;
    count_entries(rows);
    share(rows.A->columns, cost(rows), add_columns, &w);
    for (int64_t i = 0; i < rows.count; i++)
        sum += x[i];
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

/* C += V' diag(weights) V in the columns begin .. end - 1 of the block. */
static void add_pairs_of(void *argument, int64_t begin, int64_t end)
{
    csr_work_t *w = argument;
    const csr_t *A = w->rows.A;
    const int *column = A->column;
    const double *value = A->value;
    const int64_t first = w->block.first;
    int64_t pairs = 0;
    for (int64_t i = 0; i < w->rows.count; i++) {
        const int64_t *start = A->start + w->rows.begin + i, last = start[1];
        int64_t a = seek(A, start[0], last, first + begin);
        for (; a < last && column[a] - first < end; a++) {
            pairs += last - a;
            double *to = w->y + (column[a] - first) * w->block.ld;
            const double weight = w->x[i] * value[a];
            for (int64_t b = a; b < last; b++)
                to[column[b]] += weight * value[b];
        }
    }
    add_pair_count(w, pairs);
}

static void add_pairs(csr_rows_t rows, const double *weights, panel_block_t block, double *C)
{
    csr_work_t w = {.rows = rows, .block = block, .x = weights, .y = C};
    share(block.count, cost(rows), add_pairs_of, &w);
    work_count(WORK_PAIR, (double)w.pairs);
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
static void add_strip(void *argument, int64_t begin, int64_t end)
{
    csr_work_t *w = argument;
    const csr_t *A = w->rows.A;
    int64_t met = 0;
    for (int64_t i = begin; i < end; i++) {
        const int64_t *start = A->start + w->rows.begin + i;
        double sum[CSR_WIDTH], square = 0.0;
        for (int j = 0; j < CSR_WIDTH; j++)
            sum[j] = -w->shifted[j];
        for (int64_t k = start[0]; k < start[1] && A->column[k] < w->height; k++) {
            const double *from = w->x + (int64_t)A->column[k] * CSR_WIDTH, v = A->value[k];
            met++;
            for (int j = 0; j < CSR_WIDTH; j++)
                sum[j] += v * from[j];
        }
        for (int j = 0; j < CSR_WIDTH; j++)
            square += sum[j] * sum[j];
        w->y[i] += square;
    }
    add_pair_count(w, met);
}

void csr_add_norms(csr_rows_t rows, const double *R, panel_block_t block, double *scratch,
                   double *out)
{
    const double *shift = rows.A->shift;
    double *shifted = scratch, *strip = scratch + CSR_WIDTH;
    csr_work_t w = {.rows = rows, .x = strip, .shifted = shifted, .y = out};
    panel_counted(rows.count, 0);
    for (int j = 0, count; j < block.count; j += count) {
        count = block.count - j < CSR_WIDTH ? block.count - j : CSR_WIDTH;
        const int height = take_columns(R + j * block.ld, block.ld, block.first + j, count, strip);
        memset(shifted, 0, CSR_WIDTH * sizeof *shifted);
        for (int64_t i = 0; i < height; i++)
            for (int64_t k = 0; k < CSR_WIDTH; k++)
                shifted[k] += shift[i] * strip[i * CSR_WIDTH + k];
        w.height = height;
        share(rows.count, CSR_WIDTH * cost(rows), add_strip, &w);
    }
    work_count(WORK_PASS, 2.0 * CSR_WIDTH * (double)w.pairs);
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

static void add_forms(void *argument, int64_t begin, int64_t end)
{
    csr_work_t *w = argument;
    const csr_t *A = w->rows.A;
    const int *column = A->column;
    const double *value = A->value;
    const panel_block_t block = w->block;
    int64_t pairs = 0;
    for (int64_t i = begin; i < end; i++) {
        const int64_t *start = A->start + w->rows.begin + i, last = start[1];
        double form = w->sum;
        int64_t a = seek(A, start[0], last, block.first);
        for (int64_t b = a; b < last; b++)
            form -= value[b] * w->all[column[b]];
        for (; a < last && column[a] - block.first < block.count; a++) {
            const double *from = w->x + (column[a] - block.first) * block.ld;
            double below = 0.0;
            pairs += last - a;
            for (int64_t b = a + 1; b < last; b++)
                below += value[b] * from[column[b]];
            form += value[a] * (value[a] * from[column[a]] + 2.0 * below - w->its[column[a]]);
        }
        w->y[i] += form;
    }
    add_pair_count(w, pairs);
}

void csr_add_quadratic(csr_rows_t rows, const double *M, panel_block_t block, double *scratch,
                       double *out)
{
    double *its = scratch, *all = scratch + rows.A->columns;
    csr_work_t w = {.rows = rows, .block = block, .x = M, .its = its, .all = all, .y = out};
    w.sum = shift_quadratic(rows.A, M, block, its, all);
    panel_counted(rows.count, 0);
    share(rows.count, cost(rows), add_forms, &w);
    work_count(WORK_PAIR, (double)w.pairs);
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
