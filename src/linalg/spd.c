/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/spd.h"

#include <cblas.h>
#include <float.h>
#include <string.h>

#include "base/mem.h"
#include "base/work.h"

/* LAPACK: Cholesky factor and inverse of a triangle. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dtrtri_(const char *uplo, const char *diag, const int *n, double *a, const int *lda,
             int *info);

/* LAPACK: eigenvalues and eigenvectors of a symmetric matrix by divide and conquer. */
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

enum { SUM_COLUMNS = 128 }; /* columns packed for one reduction */

int spd_create(comm_t *comm, int p, spd_t **out)
{
    int code = TRALO_OK;
    spd_t *spd = NULL;
    ALLOC(spd, 1);
    spd->comm = comm;
    spd->p = p;
    ALLOC(spd->matrix, (int64_t)p * p);
    ALLOC(spd->inverse, (int64_t)p * p);
    *out = spd;
    spd = NULL;
out:
    spd_free(&spd);
    return code;
}

void spd_free(spd_t **spd)
{
    if (*spd == NULL)
        return;
    mem_free(&(*spd)->matrix);
    mem_free(&(*spd)->inverse);
    mem_free(spd);
}

/* Moves the lower triangle of columns [begin, end) to the front of its first column and back:
   packed in place, since a packed column is never longer than the column it came from. */
static int64_t pack(int p, int begin, int end, double *M)
{
    double *base = M + (int64_t)begin * p + begin;
    int64_t at = p - begin;
    for (int j = begin + 1; j < end; j++, at += p - j + 1)
        memmove(base + at, M + (int64_t)j * p + j, (size_t)(p - j) * sizeof *M);
    return at;
}

static void unpack(int p, int begin, int end, int64_t length, double *M)
{
    double *base = M + (int64_t)begin * p + begin;
    for (int j = end - 1; j > begin; j--) {
        length -= p - j;
        memmove(M + (int64_t)j * p + j, base + length, (size_t)(p - j) * sizeof *M);
    }
}

void spd_sum(comm_t *comm, int p, double *M)
{
    for (int begin = 0; begin < p; begin += SUM_COLUMNS) {
        int end = begin + SUM_COLUMNS < p ? begin + SUM_COLUMNS : p;
        int64_t length = pack(p, begin, end, M);
        comm_sum(comm, M + (int64_t)begin * p + begin, length);
        unpack(p, begin, end, length, M);
    }
}

/* The column whose pivot is lost in rounding, or -1: L_jj^2 against H_jj. What rounding leaves of a
   pivot that should be 0 was seen to reach 20 epsilon of H_jj for few columns and many rows. */
static int lost_pivot(const spd_t *spd)
{
    int64_t step = (int64_t)spd->p + 1;
    for (int j = 0; j < spd->p; j++) {
        double pivot = spd->inverse[j * step], diagonal = spd->matrix[j * step];
        if (!(pivot * pivot > 4.0 * DBL_EPSILON * (spd->p + 16) * diagonal))
            return j;
    }
    return -1;
}

double spd_factor_flops(int p)
{
    return 2.0 / 3.0 * p * (double)p * p;
}

double spd_solve_flops(int p)
{
    return 2.0 * p * (double)p;
}

double spd_eigen_flops(int p)
{
    return 9.0 * p * (double)p * p;
}

int spd_sum_calls(int p)
{
    return (p + SUM_COLUMNS - 1) / SUM_COLUMNS;
}

int spd_factor(spd_t *spd)
{
    int p = spd->p, info = 0, failed;
    double *L = spd->inverse;
    work_count(WORK_WHOLE, spd_factor_flops(p));
    for (int64_t j = 0; j < p; j++) {
        memset(L + j * p, 0, (size_t)j * sizeof *L);
        memcpy(L + j * p + j, spd->matrix + j * p + j, (size_t)(p - j) * sizeof *L);
    }
    dpotrf_("L", &p, L, &p, &info);
    failed = info > 0 ? info - 1 : lost_pivot(spd);
    if (failed < 0)
        dtrtri_("L", "N", &p, L, &p, &info);
    failed = (int)comm_max_one_int(spd->comm, failed);
    spd->factored = failed < 0;
    return failed;
}

void spd_solve(spd_t *spd, double *x)
{
    int p = spd->p;
    work_count(WORK_PASS, spd_solve_flops(p));
    cblas_dtrmv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, p, spd->inverse, p, x, 1);
    cblas_dtrmv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, p, spd->inverse, p, x, 1);
    comm_share(spd->comm, x, p * (int64_t)sizeof *x, 0);
}

void spd_share(const comm_t *comm, int count, int *begin, int *end)
{
    int rank = comm_rank(comm), size = comm_size(comm);
    *begin = (int)((int64_t)count * rank / size);
    *end = (int)((int64_t)count * (rank + 1) / size);
}

/* What the routine says that it wants. */
static void eigen_sizes(int p, int *reals, int *whole)
{
    const int ask = -1;
    int info, none_whole;
    double none, real;
    dsyevd_("V", "L", &p, &none, &p, &none, &real, &ask, &none_whole, &ask, &info);
    *reals = (int)real;
    *whole = none_whole;
}

int64_t spd_eigen_memory(int p)
{
    int reals, whole;
    eigen_sizes(p, &reals, &whole);
    return reals * (int64_t)sizeof(double) + whole * (int64_t)sizeof(int);
}

static int eigen(int p, double *M, double *s)
{
    int code = TRALO_OK, reals, whole, info, *whole_work = NULL;
    double *work = NULL;
    work_count(WORK_WHOLE, spd_eigen_flops(p));
    eigen_sizes(p, &reals, &whole);
    ALLOC(work, reals);
    ALLOC(whole_work, whole);
    dsyevd_("V", "L", &p, M, &p, s, work, &reals, whole_work, &whole, &info);
    if (info != 0)
        FAIL(TRALO_ERR_EVALUATION, "the eigenvalues of X'X cannot be found: rescale the features");
    for (int j = 0; j < p; j++)
        s[j] = s[j] > 0.0 ? s[j] : 0.0;
out:
    mem_free(&work);
    mem_free(&whole_work);
    return code;
}

int spd_eigen(comm_t *comm, int p, double *M, double *s)
{
    int code = TRALO_OK;
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? eigen(p, M, s) : TRALO_OK));
    comm_share(comm, M, (int64_t)p * p * (int64_t)sizeof *M, 0);
    comm_share(comm, s, p * (int64_t)sizeof *s, 0);
out:
    return code;
}
