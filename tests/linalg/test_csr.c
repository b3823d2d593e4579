/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels on entries, and those on columns of a matrix with dense rows, against loops over the
   matrix that the entries stand for. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "linalg/csr.h"
#include "linalg/panel_block.h"
#include "support.h"

enum { ROWS = 23, COLUMNS = 75, MOST_ENTRIES = ROWS * COLUMNS };
enum { STREAM_WHERE = 1, STREAM_VALUE, STREAM_SHIFT, STREAM_WEIGHT, STREAM_SQUARE, STREAM_X };

typedef struct bench {
    csr_t A;
    csr_rows_t rows;
    double *X;                                    /* [ROWS, COLUMNS] of rows.A, all of its rows */
    double *weights, *square, *x, *out, *scratch; /* square: NaN where it is not to be read */
} bench_t;

static int allocate(bench_t *b)
{
    int code = TRALO_OK;
    memset(b, 0, sizeof *b);
    ALLOC(b->A.start, ROWS + 1);
    ALLOC(b->A.column, MOST_ENTRIES);
    ALLOC(b->A.value, MOST_ENTRIES);
    ALLOC(b->A.shift, COLUMNS);
    ALLOC(b->X, ROWS * COLUMNS);
    ALLOC(b->weights, ROWS);
    ALLOC(b->square, COLUMNS * COLUMNS);
    ALLOC(b->x, COLUMNS);
    ALLOC(b->out, COLUMNS * COLUMNS);
    ALLOC(b->scratch, (COLUMNS + ROWS) * CSR_WIDTH + ROWS * COLUMNS);
out:
    return code;
}

static void release(bench_t *b)
{
    mem_free(&b->A.start);
    mem_free(&b->A.column);
    mem_free(&b->A.value);
    mem_free(&b->A.shift);
    mem_free(&b->X);
    mem_free(&b->weights);
    mem_free(&b->square);
    mem_free(&b->x);
    mem_free(&b->out);
    mem_free(&b->scratch);
}

/* Rows with entries in a share of their columns, the last of which is 1 where `ones`. */
static void fill(bench_t *b, double share, bool centred, bool ones)
{
    csr_t *A = &b->A;
    A->rows = ROWS;
    A->columns = COLUMNS;
    for (int j = 0; j < COLUMNS; j++)
        A->shift[j] = centred ? rng_normal(3, STREAM_SHIFT, (uint64_t)j) : 0.0;
    A->shift[COLUMNS - 1] = ones ? -1.0 : A->shift[COLUMNS - 1];
    for (int i = 0; i < ROWS; i++) {
        A->start[i + 1] = A->start[i];
        for (int j = 0; j < COLUMNS; j++) {
            const uint64_t at = (uint64_t)i * COLUMNS + (uint64_t)j;
            const bool is = !(ones && j == COLUMNS - 1) && rng_uniform(3, STREAM_WHERE, at) < share;
            const double v = is ? rng_normal(3, STREAM_VALUE, at) : 0.0;
            b->X[at] = v - A->shift[j];
            if (!is)
                continue;
            A->column[A->start[i + 1]] = j;
            A->value[A->start[i + 1]++] = v;
        }
        b->weights[i] = rng_normal(3, STREAM_WEIGHT, (uint64_t)i);
    }
    for (int j = 0; j < COLUMNS; j++)
        b->x[j] = rng_normal(3, STREAM_X, (uint64_t)j);
}

/* Without entries, few, many and all; all rows and some. */
static void for_all(void (*check)(bench_t *))
{
    static const double shares[] = {0.0, 0.05, 0.4, 1.1};
    bench_t b;
    if (CHECK_OK(allocate(&b)))
        for (int bits = 0; bits < 32; bits++) {
            fill(&b, shares[bits / 8], bits & 1, bits & 2);
            b.rows = (csr_rows_t){&b.A, bits & 4 ? 3 : 0, bits & 4 ? 17 : ROWS};
            check(&b);
        }
    release(&b);
}

static const double *row(const bench_t *b, int64_t i)
{
    return b->X + (b->rows.begin + i) * COLUMNS;
}

static double worse(double worst, double a, double b)
{
    return isnan(a) ? INFINITY : fmax(worst, fabs(a - b));
}

static void check_products(bench_t *b)
{
    double y[COLUMNS], wanted[COLUMNS], worst = 0.0;
    csr_times(b->rows, b->x, y);
    for (int i = 0; i < b->rows.count; i++) {
        double sum = 0.0;
        for (int j = 0; j < COLUMNS; j++)
            sum += row(b, i)[j] * b->x[j];
        worst = worse(worst, y[i], sum);
    }
    for (int j = 0; j < COLUMNS; j++)
        y[j] = wanted[j] = j;
    csr_add_transposed(b->rows, b->weights, y);
    for (int j = 0; j < COLUMNS; j++) {
        for (int i = 0; i < b->rows.count; i++)
            wanted[j] += row(b, i)[j] * b->weights[i];
        worst = worse(worst, y[j], wanted[j]);
    }
    CU_ASSERT(worst < 1e-13);
}

static void check_squares(bench_t *b)
{
    double worst = 0.0;
    for (int weighted = 0; weighted < 2; weighted++) {
        double y[COLUMNS], wanted[COLUMNS];
        for (int j = 0; j < COLUMNS; j++)
            y[j] = wanted[j] = j;
        csr_add_squares(b->rows, weighted ? b->weights : NULL, y);
        for (int j = 0; j < COLUMNS; j++) {
            for (int i = 0; i < b->rows.count; i++)
                wanted[j] += (weighted ? b->weights[i] : 1.0) * row(b, i)[j] * row(b, i)[j];
            worst = worse(worst, y[j], wanted[j]);
        }
    }
    CU_ASSERT(worst < 1e-12);
}

static void check_dense(bench_t *b)
{
    csr_dense(b->rows, b->out);
    CU_ASSERT(memcmp(b->out, row(b, 0), (size_t)b->rows.count * COLUMNS * sizeof(double)) == 0);
}

/* A kernel with some columns of a matrix, on the entries or on dense rows. */
typedef void kernel_t(bench_t *b, panel_block_t block, const double *in, double *out);

static void gram(bench_t *b, panel_block_t block, const double *in, double *out)
{
    csr_gram(b->rows, in, block, b->scratch, out);
}

static void norms(bench_t *b, panel_block_t block, const double *in, double *out)
{
    csr_add_norms(b->rows, in, block, b->scratch, out);
}

static void quadratic(bench_t *b, panel_block_t block, const double *in, double *out)
{
    csr_add_quadratic(b->rows, in, block, b->scratch, out);
}

static void dense_gram(bench_t *b, panel_block_t block, const double *in, double *out)
{
    panel_block_gram((int)b->rows.count, COLUMNS, row(b, 0), in, block, b->scratch, out);
}

static void dense_norms(bench_t *b, panel_block_t block, const double *in, double *out)
{
    panel_block_norms((int)b->rows.count, COLUMNS, row(b, 0), in, block, b->scratch, out);
}

static void dense_quadratic(bench_t *b, panel_block_t block, const double *in, double *out)
{
    panel_block_quadratic((int)b->rows.count, COLUMNS, row(b, 0), in, block, b->scratch, out);
}

static void check_gram_by(bench_t *b, kernel_t *kernel)
{
    static const panel_block_t blocks[] = {
        {0, COLUMNS, COLUMNS}, {0, 31, COLUMNS}, {40, 33, COLUMNS}, {COLUMNS - 1, 1, COLUMNS}};
    for (int k = 0; k < 4; k++) {
        const panel_block_t at = blocks[k];
        double worst = 0.0;
        for (int i = 0; i < COLUMNS * at.count; i++)
            b->out[i] = 0.5;
        kernel(b, at, b->weights, b->out);
        for (int64_t j = 0; j < at.count; j++)
            for (int64_t i = at.first + j; i < COLUMNS; i++) {
                double sum = 0.5;
                for (int m = 0; m < b->rows.count; m++)
                    sum += b->weights[m] * row(b, m)[i] * row(b, m)[at.first + j];
                worst = worse(worst, b->out[i + j * COLUMNS], sum);
            }
        CU_ASSERT(worst < 1e-12);
    }
}

static void check_gram(bench_t *b)
{
    check_gram_by(b, gram);
    check_gram_by(b, dense_gram);
}

/* square: numbers where i >= j (`lower`) or i <= j, NaN elsewhere. */
static void fill_square(bench_t *b, bool lower)
{
    for (int j = 0; j < COLUMNS; j++)
        for (int i = 0; i < COLUMNS; i++) {
            const uint64_t at = (uint64_t)i + (uint64_t)j * COLUMNS;
            const bool read = lower ? i >= j : i <= j;
            b->square[at] = read ? rng_normal(3, STREAM_SQUARE, at) / COLUMNS : NAN;
        }
}

/* Blocks of columns that make up the whole. */
static const int edges[] = {0, 1, 32, 70, COLUMNS};
enum { BLOCKS = sizeof edges / sizeof *edges - 1 };

static void in_blocks(bench_t *b, kernel_t *kernel, double *out)
{
    for (int k = 0; k < BLOCKS; k++) {
        const panel_block_t at = {edges[k], edges[k + 1] - edges[k], COLUMNS};
        kernel(b, at, b->square + (ptrdiff_t)edges[k] * COLUMNS, out);
    }
}

static void check_norms(bench_t *b)
{
    double out[ROWS] = {0.0}, dense[ROWS] = {0.0}, worst = 0.0;
    fill_square(b, false);
    in_blocks(b, norms, out);
    in_blocks(b, dense_norms, dense);
    for (int i = 0; i < b->rows.count; i++) {
        double wanted = 0.0;
        for (int j = 0; j < COLUMNS; j++) {
            double sum = 0.0;
            for (int l = 0; l <= j; l++)
                sum += row(b, i)[l] * b->square[l + j * COLUMNS];
            wanted += sum * sum;
        }
        worst = worse(worse(worst, out[i], wanted), dense[i], wanted);
    }
    CU_ASSERT(worst < 1e-12);
}

static void check_quadratic(bench_t *b)
{
    double out[ROWS] = {0.0}, dense[ROWS] = {0.0}, worst = 0.0;
    fill_square(b, true);
    in_blocks(b, quadratic, out);
    in_blocks(b, dense_quadratic, dense);
    for (int i = 0; i < b->rows.count; i++) {
        double wanted = 0.0;
        for (int j = 0; j < COLUMNS; j++)
            for (int l = j; l < COLUMNS; l++)
                wanted +=
                    (l > j ? 2.0 : 1.0) * row(b, i)[l] * row(b, i)[j] * b->square[l + j * COLUMNS];
        worst = worse(worse(worst, out[i], wanted), dense[i], wanted);
    }
    CU_ASSERT(worst < 1e-12);
}

/* Large and nearly equal entries in half of the rows, centred: the deviations from the mean
 * survive.
 */
static void check_centred(bench_t *b)
{
    double worst = 0.0;
    csr_t *A = &b->A;
    A->columns = 2;
    memset(A->shift, 0, 2 * sizeof *A->shift);
    for (int i = 0; i <= ROWS; i++)
        A->start[i] = i / 2 * 2;
    for (int64_t k = 0; k < A->start[ROWS]; k++) {
        A->column[k] = (int)(k % 2);
        A->value[k] = 1e8 + rng_normal(3, STREAM_VALUE, (uint64_t)k);
        A->shift[k % 2] += A->value[k] / ROWS;
    }
    for (int i = 0; i < ROWS; i++)
        b->weights[i] = 0.1 + rng_uniform(3, STREAM_WEIGHT, (uint64_t)i);
    memset(b->out, 0, 4 * sizeof *b->out);
    csr_gram((csr_rows_t){A, 0, ROWS}, b->weights, (panel_block_t){0, 2, 2}, b->scratch, b->out);
    for (int at = 0; at < 4; at += at == 0 ? 1 : 2) { /* (0, 0), (1, 0), (1, 1) */
        long double sum = 0.0L;
        for (int i = 0; i < ROWS; i++) {
            const int64_t k = A->start[i];
            const bool is = A->start[i + 1] > k;
            const long double x = (is ? A->value[k + at / 2] : 0.0L) - A->shift[at / 2];
            const long double z = (is ? A->value[k + (at > 0)] : 0.0L) - A->shift[at > 0];
            sum += b->weights[i] * x * z;
        }
        worst = fmax(worst, fabs((double)(b->out[at] / sum - 1.0L)));
    }
    CU_ASSERT(worst < 10.0 * DBL_EPSILON);
}

static void centred_without_loss(void)
{
    bench_t b;
    if (CHECK_OK(allocate(&b)))
        check_centred(&b);
    release(&b);
}

static void products_with_vectors(void)
{
    for_all(check_products);
}

static void squares_of_columns(void)
{
    for_all(check_squares);
}

static void dense_rows(void)
{
    for_all(check_dense);
}

static void gram_matrices(void)
{
    for_all(check_gram);
}

static void norms_of_products(void)
{
    for_all(check_norms);
}

static void quadratic_forms(void)
{
    for_all(check_quadratic);
}

void suite_csr(void);
void suite_csr(void)
{
    static const test_case_t cases[] = {
        {"products with vectors", products_with_vectors},
        {"squares of columns", squares_of_columns},
        {"dense rows", dense_rows},
        {"Gram matrices", gram_matrices},
        {"norms of products", norms_of_products},
        {"quadratic forms", quadratic_forms},
        {"centred without loss", centred_without_loss},
    };
    REGISTER("csr", cases);
}
