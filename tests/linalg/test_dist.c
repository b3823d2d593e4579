/* SPDX-License-Identifier: BSD-3-Clause */
/* Distributed matrices against plain loops over whole ones, whatever the number of ranks. */
#include "linalg/dist.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "support.h"

static const int sizes[] = {1, 5, 63, 64, 65, 200, 0}, few_sizes[] = {7, 64, 300, 0};
enum { MOST = 300 };

/* Whole matrices, the same on all ranks, and the local columns of three distributed ones. */
typedef struct bench {
    int n;
    dist_t *dist;
    double *whole, *other, *want, *got; /* [n, n] column-major */
    double *A, *B, *C;                  /* [n, columns] */
} bench_t;

/* whole = G G' / n + I, other = G. */
static void fill(bench_t *b)
{
    int n = b->n;
    for (int i = 0; i < n * n; i++)
        b->other[i] = rng_normal(5, 1, (uint64_t)i);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            double sum = i == j;
            for (int k = 0; k < n; k++)
                sum += b->other[i + k * n] * b->other[j + k * n] / n;
            b->whole[i + j * n] = sum;
        }
}

static void spread(const bench_t *b, const double *whole, double *local)
{
    size_t n = (size_t)b->n;
    for (int j = 0; j < b->dist->columns; j++)
        memcpy(local + (size_t)j * n, whole + (size_t)dist_global(b->dist, j) * n,
               n * sizeof *whole);
}

/* The largest difference of the distributed matrix from b->want, in the lower triangle or in both.
 */
static double distance(bench_t *b, const double *local, bool lower)
{
    int n = b->n;
    double worst = 0.0;
    memset(b->got, 0, (size_t)n * (size_t)n * sizeof *b->got);
    for (int j = 0; j < b->dist->columns; j++)
        for (int i = 0; i < n; i++)
            b->got[i + dist_global(b->dist, j) * n] = local[i + j * n];
    comm_sum(test_comm, b->got, (int64_t)n * n);
    for (int j = 0; j < n; j++)
        for (int i = lower ? j : 0; i < n; i++)
            worst = fmax(worst, fabs(b->got[i + j * n] - b->want[i + j * n]));
    return worst;
}

/* want = A' B or A B for whole matrices. */
static void multiply(bench_t *b, const double *A, bool transposed, const double *B)
{
    int n = b->n;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            double sum = 0.0;
            for (int k = 0; k < n; k++)
                sum += A[transposed ? k + i * n : i + k * n] * B[k + j * n];
            b->want[i + j * n] = sum;
        }
}

static void check_layout(bench_t *b)
{
    int64_t columns = comm_sum_one_int(test_comm, b->dist->columns);
    int64_t most = comm_max_one_int(test_comm, b->dist->columns);
    double seen[MOST] = {0.0};
    CU_ASSERT_EQUAL(columns, b->n);
    CU_ASSERT_EQUAL(dist_elements(b->n, comm_size(test_comm)), most * b->n);
    for (int j = 0; j < b->dist->columns; j++)
        seen[dist_global(b->dist, j)] = dist_global(b->dist, j) + 1.0;
    dist_collect(b->dist, seen);
    for (int j = 0; j < b->n; j++)
        CU_ASSERT(seen[j] == j + 1.0);
}

static void check_products(bench_t *b)
{
    double x[MOST], y[MOST], worst = 0.0;
    spread(b, b->whole, b->A);
    spread(b, b->other, b->B);
    dist_multiply(b->dist, b->A, b->B, b->C);
    multiply(b, b->whole, false, b->other);
    CHECK_CLOSE(distance(b, b->C, false), 0.0, 1e-12);
    for (int i = 0; i < b->n; i++)
        x[i] = cos(i);
    dist_times(b->dist, b->B, x, y);
    for (int j = 0; j < b->n; j++) {
        double sum = 0.0;
        for (int i = 0; i < b->n; i++)
            sum += b->other[i + j * b->n] * x[i];
        worst = fmax(worst, fabs(sum - y[j]));
    }
    CHECK_CLOSE(worst, 0.0, 1e-12);
}

/* L L' = A, L (L^-1 G) = G, A (A^-1 x) = x, A - G'G symmetric. */
static void check_factor(bench_t *b)
{
    int n = b->n;
    double x[MOST], worst = 0.0;
    spread(b, b->whole, b->A);
    CU_ASSERT_EQUAL(dist_factor(b->dist, b->A), -1);
    spread(b, b->other, b->B);
    dist_whiten(b->dist, b->A, b->B);
    spread(b, b->whole, b->C);
    memcpy(b->want, b->whole, (size_t)n * (size_t)n * sizeof *b->want);
    dist_subtract_square(b->dist, b->B, b->C); /* A - G'A^-1 G */
    for (int i = 0; i < n; i++)
        x[i] = cos(i);
    dist_solve(b->dist, b->A, x);
    for (int i = 0; i < n; i++) {
        double sum = -cos(i);
        for (int k = 0; k < n; k++)
            sum += b->whole[i + k * n] * x[k];
        worst = fmax(worst, fabs(sum));
    }
    CHECK_CLOSE(worst, 0.0, 1e-10);
    for (int j = 0; j < n; j++) { /* G'A^-1 G column by column */
        memcpy(x, b->other + (size_t)j * (size_t)n, (size_t)n * sizeof *x);
        dist_solve(b->dist, b->A, x);
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                b->want[i + j * n] -= b->other[k + i * n] * x[k];
    }
    CHECK_CLOSE(distance(b, b->C, false), 0.0, 1e-10);
}

static void check_indefinite(bench_t *b)
{
    int at = b->n / 2;
    spread(b, b->whole, b->A);
    for (int j = 0; j < b->dist->columns; j++)
        if (dist_global(b->dist, j) == at)
            b->A[at + j * b->n] = -1.0;
    CU_ASSERT_EQUAL(dist_factor(b->dist, b->A), at);
}

/* All columns of a distributed matrix, in b->got. */
static void gather(bench_t *b, const double *local)
{
    const int n = b->n;
    memset(b->got, 0, (size_t)n * (size_t)n * sizeof *b->got);
    for (int j = 0; j < b->dist->columns; j++)
        memcpy(b->got + (size_t)dist_global(b->dist, j) * (size_t)n, local + (size_t)j * (size_t)n,
               (size_t)n * sizeof *local);
    comm_sum(test_comm, b->got, (int64_t)n * n);
}

/* V A = I for the inverse V, and R R' = V for the upper triangle R. */
static void check_inverse(bench_t *b)
{
    const int n = b->n;
    double *panel = b->other; /* columns are at most n */
    spread(b, b->whole, b->A);
    memcpy(b->C, b->A, (size_t)n * (size_t)b->dist->columns * sizeof *b->C);
    CU_ASSERT_EQUAL(dist_factor(b->dist, b->A), -1);
    dist_invert(b->dist, b->A, b->B, b->A);
    gather(b, b->A);
    memset(b->want, 0, (size_t)n * (size_t)n * sizeof *b->want);
    for (int j = 0; j < n; j++)
        for (int i = j; i < n; i++)
            for (int k = i; k < n; k++)
                b->want[i + j * n] += b->got[i + k * n] * b->got[j + k * n];
    CHECK_CLOSE(distance(b, b->B, true), 0.0, 1e-10);
    dist_mirror(b->dist, (dist_square_t){.count = n}, b->B, b->A);
    dist_symmetric(b->dist, b->B, b->C, panel, b->A);
    memset(b->want, 0, (size_t)n * (size_t)n * sizeof *b->want);
    for (int j = 0; j < n; j++)
        b->want[j + j * n] = 1.0;
    CHECK_CLOSE(distance(b, b->A, false), 0.0, 1e-10);
}

static double entry(int rank, int i, int j)
{
    return (rank + 1) * (3 * i - 7 * j) + rank; /* whole numbers: sums have no rounding */
}

/* Sums of all ranks arrive at the owners, in the lower triangle; what is shown is what is there. */
static void check_panels(bench_t *b)
{
    const int n = b->n, rank = comm_rank(test_comm), ranks = comm_size(test_comm);
    double *panel = b->other, diagonal[MOST];
    int wrong = 0;
    for (panel_block_t k = {0}; dist_next(b->dist, &k);) {
        for (int j = 0; j < k.count; j++)
            for (int i = 0; i < n; i++)
                panel[i + j * n] = entry(rank, i, k.first + j);
        dist_settle(b->dist, panel, k, b->A);
    }
    memset(b->want, 0, (size_t)n * (size_t)n * sizeof *b->want);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            for (int k = 0; k < ranks; k++)
                b->want[i + j * n] += entry(k, i, j);
    CU_ASSERT(distance(b, b->A, true) == 0.0);
    spread(b, b->want, b->A);
    for (int part = DIST_LOWER; part <= DIST_UPPER; part++)
        for (panel_block_t k = {0}; dist_next(b->dist, &k);) {
            const int begin = part == DIST_LOWER ? k.first : 0;
            const int end = part == DIST_LOWER ? n : k.first + k.count;
            dist_show(b->dist, b->A, k, (dist_part_t)part, panel);
            for (int j = 0; j < k.count; j++)
                for (int i = begin; i < end; i++)
                    wrong += panel[i + j * n] != b->want[i + (k.first + j) * n];
        }
    dist_diagonal(b->dist, b->A, diagonal);
    for (int j = 0; j < n; j++)
        wrong += diagonal[j] != b->want[j + j * n];
    CU_ASSERT_EQUAL(wrong, 0);
}

/* C - A - A', and what is added to its diagonal. */
static void check_both(bench_t *b)
{
    const int n = b->n;
    double diagonal[MOST];
    spread(b, b->whole, b->C);
    spread(b, b->other, b->A);
    dist_subtract_both(b->dist, b->A, b->C);
    for (int j = 0; j < n; j++) {
        diagonal[j] = cos(j);
        for (int i = 0; i < n; i++)
            b->want[i + j * n] = b->whole[i + j * n] - b->other[i + j * n] - b->other[j + i * n] +
                                 (i == j ? cos(j) : 0.0);
    }
    dist_add_diagonal(b->dist, diagonal, b->C);
    CHECK_CLOSE(distance(b, b->C, true), 0.0, 1e-13);
}

static int create(bench_t *b)
{
    int code = TRALO_OK;
    int64_t all = (int64_t)b->n * b->n, mine = (int64_t)b->n * b->dist->columns;
    ALLOC(b->whole, all);
    ALLOC(b->other, all);
    ALLOC(b->want, all);
    ALLOC(b->got, all);
    ALLOC(b->A, mine);
    ALLOC(b->B, mine);
    ALLOC(b->C, mine);
out:
    return code;
}

static void for_each(const int *size, void (*check)(bench_t *))
{
    for (; *size > 0; size++) {
        bench_t b = {.n = *size};
        if (CHECK_OK(dist_create(test_comm, b.n, &b.dist)) && CHECK_OK(create(&b))) {
            fill(&b);
            check(&b);
        }
        mem_free(&b.whole);
        mem_free(&b.other);
        mem_free(&b.want);
        mem_free(&b.got);
        mem_free(&b.A);
        mem_free(&b.B);
        mem_free(&b.C);
        dist_free(&b.dist);
    }
}

/* A square somewhere in the matrix: its lower triangle, and nothing else, becomes symmetric. */
static void check_squares(bench_t *b)
{
    const int n = b->n, count = n / 3, row = n / 2, column = n / 7;
    spread(b, b->other, b->A);
    dist_symmetrize(b->dist, (dist_square_t){row, column, count}, b->A, b->B);
    memcpy(b->want, b->other, (size_t)n * (size_t)n * sizeof *b->want);
    for (int j = 0; j < count; j++)
        for (int i = j; i < count; i++)
            b->want[row + i + (column + j) * n] =
                0.5 * (b->other[row + i + (column + j) * n] + b->other[row + j + (column + i) * n]);
    CHECK_CLOSE(distance(b, b->A, false), 0.0, 0.0);
}

static void columns_are_dealt_to_the_ranks(void)
{
    for_each(sizes, check_layout);
}

static void products_equal_plain_loops(void)
{
    for_each(sizes, check_products);
}

static void factors_solve_and_whiten(void)
{
    for_each(sizes, check_factor);
}

static void indefinite_matrices_are_found(void)
{
    for_each(sizes, check_indefinite);
}

static void inverses_are_that(void)
{
    for_each(few_sizes, check_inverse);
}

static void panels_go_round(void)
{
    for_each(few_sizes, check_panels);
}

static void triangles_are_subtracted(void)
{
    for_each(few_sizes, check_both);
}

static void squares_become_symmetric(void)
{
    for_each(few_sizes, check_squares);
}

void suite_dist(void)
{
    static const test_case_t cases[] = {
        {"columns are dealt to the ranks", columns_are_dealt_to_the_ranks},
        {"products equal plain loops", products_equal_plain_loops},
        {"factors solve and whiten", factors_solve_and_whiten},
        {"indefinite matrices are found", indefinite_matrices_are_found},
        {"inverses are that", inverses_are_that},
        {"panels go round", panels_go_round},
        {"squares become symmetric", squares_become_symmetric},
        {"triangles are subtracted", triangles_are_subtracted},
    };
    REGISTER("dist", cases);
}
