/* SPDX-License-Identifier: BSD-3-Clause */
/* The row-panel kernels against loops. */
#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "linalg/panel.h"
#include "support.h"

static const int columns[] = {1, 2, 31, 32, 33, 127, 129, 300};
static const int row_counts[] = {1, 7, 513};
enum { COLUMNS = sizeof columns / sizeof *columns, ROW_COUNTS = 3, ROWS = 513, MOST = 300 };
enum { STREAM_ROWS = 1, STREAM_WEIGHTS, STREAM_SQUARE, STREAM_X };

typedef struct bench {
    int m, p;
    double *rows, *weights, *square, *scratch; /* inputs; square: lower triangle, NaN above */
    double *out, *half, *x;                    /* [ROWS, MOST], [MOST, MOST], [2 ROWS] */
} bench_t;

static int allocate(bench_t *b)
{
    int code = TRALO_OK;
    memset(b, 0, sizeof *b);
    ALLOC(b->rows, ROWS * MOST);
    ALLOC(b->weights, ROWS);
    ALLOC(b->square, MOST * MOST);
    ALLOC(b->scratch, ROWS * MOST);
    ALLOC(b->out, ROWS * MOST);
    ALLOC(b->half, MOST * MOST);
    ALLOC(b->x, 2 * ROWS);
out:
    return code;
}

static void release(bench_t *b)
{
    mem_free(&b->rows);
    mem_free(&b->weights);
    mem_free(&b->square);
    mem_free(&b->scratch);
    mem_free(&b->out);
    mem_free(&b->half);
    mem_free(&b->x);
}

static void fill(bench_t *b, int m, int p, double above)
{
    b->m = m;
    b->p = p;
    for (int i = 0; i < m * p; i++)
        b->rows[i] = rng_uniform(5, STREAM_ROWS, (uint64_t)i) - 0.5;
    for (int i = 0; i < m; i++)
        b->weights[i] = rng_normal(5, STREAM_WEIGHTS, (uint64_t)i);
    for (int i = 0; i < 2 * ROWS; i++)
        b->x[i] = rng_uniform(5, STREAM_X, (uint64_t)i) - 0.5;
    for (int j = 0; j < p; j++)
        for (int i = 0; i < p; i++)
            b->square[i + j * p] =
                i < j ? above
                      : rng_uniform(5, STREAM_SQUARE, (uint64_t)i + (uint64_t)j * MOST) - 0.5;
}

/* Calls `check` for every shape; what stands above the diagonal of `square` is `above`. */
static void for_all(void (*check)(bench_t *), double above)
{
    bench_t b;
    if (CHECK_OK(allocate(&b)))
        for (int c = 0; c < COLUMNS; c++)
            for (int r = 0; r < ROW_COUNTS; r++) {
                fill(&b, row_counts[r], columns[c], above);
                check(&b);
            }
    release(&b);
}

/* The largest error, so that a wrong kernel gives one message and not thousands. */
static double worst_of(double worst, double error)
{
    return error > worst || isnan(error) ? error : worst;
}

static double gram_error(const bench_t *b, const double *weights)
{
    double worst = 0.0;
    for (int j = 0; j < b->p; j++)
        for (int i = j; i < b->p; i++) {
            double sum = b->square[i + j * b->p];
            for (int k = 0; k < b->m; k++)
                sum += (weights != NULL ? weights[k] : 1.0) * b->rows[k * b->p + i] *
                       b->rows[k * b->p + j];
            worst = worst_of(worst, fabs(b->half[i + j * b->p] - sum));
        }
    return worst;
}

static void check_gram(bench_t *b)
{
    size_t bytes = (size_t)b->p * (size_t)b->p * sizeof *b->half;
    memcpy(b->half, b->square, bytes);
    panel_gram(b->m, b->p, b->rows, b->weights, b->scratch, b->half);
    CHECK_CLOSE(gram_error(b, b->weights), 0.0, 1e-13 * b->m);
    memcpy(b->half, b->square, bytes);
    panel_gram(b->m, b->p, b->rows, NULL, NULL, b->half);
    CHECK_CLOSE(gram_error(b, NULL), 0.0, 1e-13 * b->m);
}

static void gram_adds_the_weighted_products(void)
{
    for_all(check_gram, NAN);
}

static void check_whiten(bench_t *b)
{
    double worst = 0.0;
    panel_whiten(b->m, b->p, b->square, b->rows, b->out);
    for (int k = 0; k < b->m; k++)
        for (int i = 0; i < b->p; i++) {
            double sum = 0.0;
            for (int j = 0; j <= i; j++)
                sum += b->square[i + j * b->p] * b->rows[k * b->p + j];
            worst = worst_of(worst, fabs(b->out[k * b->p + i] - sum));
        }
    CHECK_CLOSE(worst, 0.0, 1e-13);
}

static void whiten_multiplies_by_the_triangle(void)
{
    for_all(check_whiten, 0.0);
}

static double quadratic_error(const bench_t *b)
{
    double worst = 0.0;
    for (int k = 0; k < b->m; k++) {
        const double *x = b->rows + k * b->p;
        double sum = 0.0;
        for (int j = 0; j < b->p; j++)
            for (int i = j; i < b->p; i++)
                sum += (i > j ? 2.0 : 1.0) * b->square[i + j * b->p] * x[i] * x[j];
        worst = worst_of(worst, fabs(b->x[k] - sum));
    }
    return worst;
}

static void check_quadratic(bench_t *b)
{
    panel_half(b->p, b->square, b->half);
    panel_quadratic(b->m, b->p, b->half, b->rows, b->scratch, b->x);
    CHECK_CLOSE(quadratic_error(b), 0.0, 1e-14 * (b->p + 10));
    memcpy(b->out, b->square, (size_t)b->p * (size_t)b->p * sizeof *b->out);
    panel_half(b->p, b->out, b->out);
    CU_ASSERT(memcmp(b->out, b->half, (size_t)b->p * (size_t)b->p * sizeof *b->out) == 0);
}

static void quadratic_forms_of_the_symmetric_matrix(void)
{
    for_all(check_quadratic, NAN);
}

static void check_products(bench_t *b)
{
    double worst = 0.0;
    panel_times(b->m, b->p, b->rows, b->x, b->out);
    for (int k = 0; k < b->m; k++) {
        double sum = 0.0;
        for (int j = 0; j < b->p; j++)
            sum += b->rows[k * b->p + j] * b->x[j];
        worst = worst_of(worst, fabs(b->out[k] - sum));
    }
    for (int j = 0; j < b->p; j++)
        b->out[j] = j % 3;
    panel_add_transposed(b->m, b->p, b->rows, b->x, b->out);
    for (int j = 0; j < b->p; j++) {
        double sum = j % 3;
        for (int k = 0; k < b->m; k++)
            sum += b->rows[k * b->p + j] * b->x[k];
        worst = worst_of(worst, fabs(b->out[j] - sum));
    }
    CHECK_CLOSE(worst, 0.0, 1e-13);
}

static void products_with_a_vector(void)
{
    for_all(check_products, 0.0);
}

/* Several vectors at once, those of length m with a gap between them: one by one. */
static void check_several(bench_t *b)
{
    enum { K = 3, GAP = 2 };
    const int m = b->m, p = b->p, ld = m + GAP;
    double *y = b->scratch, *one = b->out, *z = b->scratch + K * ld, worst = 0.0;
    panel_times_each(m, p, b->rows, K, b->x, ld, y);
    for (int k = 0; k < K; k++) {
        panel_times(m, p, b->rows, b->x + k * p, one);
        for (int i = 0; i < m; i++)
            worst = worst_of(worst, fabs(y[k * ld + i] - one[i]));
    }
    memset(z, 0, (size_t)(K * p) * sizeof *z);
    memset(one, 0, (size_t)(K * p) * sizeof *one);
    panel_add_transposed_each(m, p, b->rows, K, y, ld, z);
    for (int k = 0; k < K; k++)
        panel_add_transposed(m, p, b->rows, y + k * ld, one + k * p);
    for (int j = 0; j < K * p; j++)
        worst = worst_of(worst, fabs(z[j] - one[j]));
    CHECK_CLOSE(worst, 0.0, 1e-11);
}

static void products_with_several_vectors(void)
{
    for_all(check_several, 0.0);
}

/* More rows than go into one call, and none. */
static void products_with_many_rows(void)
{
    enum { MANY = 10001, P = 3 };
    double *rows = NULL, *y = NULL;
    const double x[P] = {1.0, -2.0, 0.5};
    double sums[P] = {0.0}, worst = 0.0;
    CHECK_OK(mem_alloc(MANY * P, sizeof *rows, &rows));
    CHECK_OK(mem_alloc(MANY, sizeof *y, &y));
    for (int i = 0; i < MANY * P; i++)
        rows[i] = i % 11 - 5;
    panel_times(MANY, P, rows, x, y);
    for (int i = 0; i < MANY; i++)
        worst = worst_of(
            worst, fabs(y[i] - (rows[i * P] - 2.0 * rows[i * P + 1] + 0.5 * rows[i * P + 2])));
    for (int i = 0; i < MANY; i++)
        y[i] = i % 7;
    panel_add_transposed(MANY, P, rows, y, sums);
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < P; j++)
            sums[j] -= rows[i * P + j] * y[i];
    for (int j = 0; j < P; j++)
        worst = worst_of(worst, fabs(sums[j])); /* whole numbers: no rounding */
    CU_ASSERT(worst == 0.0);
    panel_times(0, P, rows, x, y);
    panel_add_transposed(0, P, rows, y, sums);
    CU_ASSERT(sums[0] == 0.0);
    mem_free(&rows);
    mem_free(&y);
}

static void panels_have_some_rows_for_any_width(void)
{
    for (int p = 1; p < 1 << 20; p = p * 3 / 2 + 1) {
        int rows = panel_rows(p);
        CU_ASSERT(rows >= 512 && rows <= 4096);
    }
}

/* A quarter of a MiB, but for very wide ones; threads share larger panels. */
static void near_panels_are_small(void)
{
    const int before = openblas_get_num_threads();
    for (int p = 1; p < 1 << 20; p = p * 3 / 2 + 1) {
        panel_threads(1);
        const int rows = panel_near_rows(p);
        CU_ASSERT(rows >= 8 && rows <= panel_rows(p) && (rows == 8 || rows * p <= 1 << 15));
        panel_threads(2);
        CU_ASSERT(panel_near_rows(p) == panel_rows(p));
    }
    panel_threads(before);
}

static void alone_for_a_while(void)
{
    const int before = openblas_get_num_threads();
    panel_threads(2);
    panel_alone(true);
    CU_ASSERT(openblas_get_num_threads() == 1);
    panel_alone(false);
    CU_ASSERT(openblas_get_num_threads() == 2);
    panel_threads(before);
}

void suite_panel(void)
{
    static const test_case_t cases[] = {
        {"gram adds the weighted products", gram_adds_the_weighted_products},
        {"whiten multiplies by the triangle", whiten_multiplies_by_the_triangle},
        {"quadratic forms of the symmetric matrix", quadratic_forms_of_the_symmetric_matrix},
        {"products with a vector", products_with_a_vector},
        {"products with several vectors", products_with_several_vectors},
        {"products with many rows, and with none", products_with_many_rows},
        {"panels have some rows for any width", panels_have_some_rows_for_any_width},
        {"near panels are small", near_panels_are_small},
        {"alone for a while", alone_for_a_while},
    };
    REGISTER("panel", cases);
}
