/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/spd.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "support.h"

static const int sizes[] = {1, 2, 5, 127, 128, 129, 300};
enum { SIZES = sizeof sizes / sizeof *sizes, MOST = 300 };

static double entry(int rank, int i, int j)
{
    return (rank + 1) * (3 * i - 7 * j) + rank; /* whole numbers: sums have no rounding */
}

static void check_sum(int p, double *M)
{
    int ranks = comm_size(test_comm), wrong = 0;
    for (int j = 0; j < p; j++)
        for (int i = 0; i < p; i++)
            M[i + j * p] = i < j ? NAN : entry(comm_rank(test_comm), i, j);
    comm_counters_reset(test_comm);
    spd_sum(test_comm, p, M);
    CU_ASSERT(comm_counters(test_comm).bytes == 8 * (int64_t)p * (p + 1) / 2);
    for (int j = 0; j < p; j++)
        for (int i = j; i < p; i++) {
            double sum = 0.0;
            for (int rank = 0; rank < ranks; rank++)
                sum += entry(rank, i, j);
            wrong += M[i + j * p] != sum;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void sum_adds_the_triangles_of_all_ranks(void)
{
    double *M = NULL;
    CHECK_OK(mem_alloc(MOST * MOST, sizeof *M, &M));
    for (int k = 0; k < SIZES; k++)
        check_sum(sizes[k], M);
    mem_free(&M);
}

/* A = B B' + I / 10 with columns and rows scaled by 10^(spread (j mod 5)); NaN above. */
static void fill(spd_t *spd, double spread)
{
    enum { RANK = 8 };
    static double B[MOST * RANK], scale[MOST];
    int p = spd->p;
    for (int i = 0; i < p; i++)
        scale[i] = pow(10.0, spread * (i % 5));
    for (int i = 0; i < p * RANK; i++)
        B[i] = rng_normal(3, 1, (uint64_t)i);
    for (int j = 0; j < p; j++)
        for (int i = 0; i < p; i++) {
            double sum = i == j ? 0.1 : 0.0;
            for (int k = 0; k < RANK; k++)
                sum += B[i * RANK + k] * B[j * RANK + k];
            spd->matrix[i + j * p] = i < j ? NAN : sum * scale[i] * scale[j];
        }
}

/* Largest entry of L^-1 A L^-T - I; L^-1 has zeros above. */
static double inverse_error(const spd_t *spd)
{
    int p = spd->p;
    const double *inverse = spd->inverse, *A = spd->matrix;
    double worst = 0.0;
    double *row = NULL;
    CHECK_OK(mem_alloc(p, sizeof *row, &row));
    for (int i = 0; i < p; i++) {
        memset(row, 0, (size_t)p * sizeof *row);
        for (int k = 0; k <= i; k++)
            for (int j = 0; j < p; j++)
                row[j] += inverse[i + k * p] * (j <= k ? A[k + j * p] : A[j + k * p]);
        for (int j = 0; j < p; j++) {
            double sum = i == j ? -1.0 : 0.0;
            for (int k = 0; k <= j; k++)
                sum += row[k] * inverse[j + k * p];
            worst = fmax(worst, i < j && inverse[i + j * p] != 0.0 ? INFINITY : fabs(sum));
        }
    }
    mem_free(&row);
    return worst;
}

/* Largest entry of A x - b against |A| |x|. */
static double solve_error(const spd_t *spd, const double *x, const double *b)
{
    int p = spd->p;
    double worst = 0.0;
    for (int i = 0; i < p; i++) {
        double sum = -b[i], size = fabs(b[i]);
        for (int j = 0; j < p; j++) {
            double a = j <= i ? spd->matrix[i + j * p] : spd->matrix[j + i * p];
            sum += a * x[j];
            size += fabs(a * x[j]);
        }
        worst = fmax(worst, fabs(sum) / size);
    }
    return worst;
}

static void check_factor(int p, double spread)
{
    spd_t *spd = NULL;
    double x[MOST], b[MOST];
    if (!CHECK_OK(spd_create(test_comm, p, &spd)))
        return;
    fill(spd, spread);
    CU_ASSERT(!spd->factored);
    CU_ASSERT_EQUAL(spd_factor(spd), -1);
    CU_ASSERT(spd->factored);
    CHECK_CLOSE(inverse_error(spd), 0.0, 1e-12);
    for (int i = 0; i < p; i++)
        x[i] = b[i] = rng_normal(3, 2, (uint64_t)i) * pow(10.0, spread * (i % 5));
    spd_solve(spd, x);
    CU_ASSERT(comm_same(test_comm, x, p * (int64_t)sizeof *x));
    CHECK_CLOSE(solve_error(spd, x, b), 0.0, 1e-13);
    spd_free(&spd);
    CU_ASSERT(spd == NULL);
    spd_free(&spd);
}

static void factor_inverse_and_solve(void)
{
    for (int k = 0; k < SIZES; k++) {
        check_factor(sizes[k], 0.0);
        check_factor(sizes[k], -20.0); /* the scales of the columns do not matter */
        check_factor(sizes[k], 20.0);
    }
}

/* What spd_factor says of the matrix that `spoil` made on one rank, and that it is well again when
   the matrix is. */
static void check_refused(int p, int column, void (*spoil)(spd_t *, int))
{
    for (int rank = 0; rank < comm_size(test_comm); rank += 2) {
        spd_t *spd = NULL;
        if (!CHECK_OK(spd_create(test_comm, p, &spd)))
            return;
        fill(spd, 0.0);
        if (comm_rank(test_comm) == rank)
            spoil(spd, column);
        CU_ASSERT_EQUAL(spd_factor(spd), column);
        CU_ASSERT(!spd->factored);
        fill(spd, 0.0);
        CU_ASSERT_EQUAL(spd_factor(spd), -1);
        spd_free(&spd);
    }
}

static void make_negative(spd_t *spd, int column)
{
    spd->matrix[column + column * spd->p] = -1.0;
}

static void make_zero(spd_t *spd, int column)
{
    for (int i = 0; i < spd->p; i++)
        spd->matrix[i >= column ? i + column * spd->p : column + i * spd->p] = 0.0;
}

static void make_nan(spd_t *spd, int column)
{
    spd->matrix[column + column * spd->p] = NAN;
}

static double *at(spd_t *spd, int i, int j)
{
    return &spd->matrix[i >= j ? i + j * spd->p : j + i * spd->p];
}

/* Row and column `column` become 0.3 and 1.7 times the two first: rank p - 1, but for a pivot of
   either sign that rounding leaves. */
static void make_dependent(spd_t *spd, int column)
{
    for (int i = 0; i < spd->p; i++)
        if (i != column)
            *at(spd, i, column) = 0.3 * *at(spd, i, 0) + 1.7 * *at(spd, i, 1);
    *at(spd, column, column) = 0.3 * *at(spd, column, 0) + 1.7 * *at(spd, column, 1);
}

static void not_positive_definite_is_said_at_its_column(void)
{
    for (int k = 2; k < SIZES - 1; k++)
        for (int column = 2; column < sizes[k]; column = column * 2 + 1) {
            check_refused(sizes[k], column, make_negative);
            check_refused(sizes[k], column, make_zero);
            check_refused(sizes[k], column, make_nan);
            check_refused(sizes[k], column, make_dependent);
        }
    check_refused(1, 0, make_zero);
}

/* The second pivot of (1, 1; 1, 1 + rest) is `rest`. */
static int column_refused(double rest)
{
    spd_t *spd = NULL;
    if (!CHECK_OK(spd_create(test_comm, 2, &spd)))
        return 0;
    spd->matrix[0] = spd->matrix[1] = 1.0;
    spd->matrix[3] = 1.0 + rest;
    int column = spd_factor(spd);
    spd_free(&spd);
    return column;
}

static void pivots_that_rounding_may_have_left_are_lost(void)
{
    CU_ASSERT_EQUAL(column_refused(20.0 * DBL_EPSILON), 1);
    CU_ASSERT_EQUAL(column_refused(1e-13), -1);
}

static void shares_cover_everything_once(void)
{
    static const int counts[] = {0, 1, 2, 5, 300, 2147483647};
    for (int k = 0; k < 6; k++) {
        int begin, end;
        spd_share(test_comm, counts[k], &begin, &end);
        int64_t length = end - (int64_t)begin;
        CU_ASSERT(length >= 0);
        CU_ASSERT(comm_sum_before(test_comm, length) == begin);
        CU_ASSERT(comm_sum_one_int(test_comm, length) == counts[k]);
        CU_ASSERT(comm_max_one_int(test_comm, length) <=
                  counts[k] / comm_size(test_comm) + INT64_C(1));
    }
}

static void every_allocation_may_fail(void)
{
    int64_t live = mem_live();
    for (int k = 0; k < 4; k++) {
        spd_t *spd = NULL;
        mem_fail_at(k);
        int code = spd_create(test_comm, 3, &spd);
        mem_fail_at(-1);
        CU_ASSERT_EQUAL(code, k < 3 ? TRALO_ERR_MEMORY : TRALO_OK);
        CU_ASSERT((spd != NULL) == (k == 3));
        spd_free(&spd);
        CU_ASSERT(mem_live() == live);
    }
}

void suite_spd(void)
{
    static const test_case_t cases[] = {
        {"sum adds the triangles of all ranks", sum_adds_the_triangles_of_all_ranks},
        {"factor, inverse and solve", factor_inverse_and_solve},
        {"not positive definite is said at its column",
         not_positive_definite_is_said_at_its_column},
        {"pivots that rounding may have left are lost",
         pivots_that_rounding_may_have_left_are_lost},
        {"shares cover everything once", shares_cover_everything_once},
        {"every allocation may fail", every_allocation_may_fail},
    };
    REGISTER("spd", cases);
}
