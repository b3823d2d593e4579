/* SPDX-License-Identifier: BSD-3-Clause */
/* Distributed matrices against plain loops over whole ones, whatever the number of ranks. */
#include "linalg/dist.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "support.h"

static const int sizes[] = {1, 5, 63, 64, 65, 200};
enum { SIZES = sizeof sizes / sizeof *sizes, MOST = 200 };

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

static void for_all(void (*check)(bench_t *))
{
    for (int k = 0; k < SIZES; k++) {
        bench_t b = {.n = sizes[k]};
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

static void columns_are_dealt_to_the_ranks(void)
{
    for_all(check_layout);
}

static void products_equal_plain_loops(void)
{
    for_all(check_products);
}

static void factors_solve_and_whiten(void)
{
    for_all(check_factor);
}

static void indefinite_matrices_are_found(void)
{
    for_all(check_indefinite);
}

void suite_dist(void)
{
    static const test_case_t cases[] = {
        {"columns are dealt to the ranks", columns_are_dealt_to_the_ranks},
        {"products equal plain loops", products_equal_plain_loops},
        {"factors solve and whiten", factors_solve_and_whiten},
        {"indefinite matrices are found", indefinite_matrices_are_found},
    };
    REGISTER("dist", cases);
}
