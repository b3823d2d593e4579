/* SPDX-License-Identifier: BSD-3-Clause */
/* Blackford et al., ScaLAPACK Users' Guide, 1997: a descriptor tells the library how the columns
   are dealt, and one call does for the whole matrix what BLAS or LAPACK does for a local one. The
   bytes that these calls send are counted as what a rank has to show the others: its columns of the
   matrix that goes round. Their time, which is mostly work, does not count as communication. */
#include "linalg/dist.h"

#include <cblas.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/work.h"
#include "comm/mpi.h"

/* BLACS and ScaLAPACK come without a C header. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *block, const int *rank, const int *first, const int *ranks);
void descinit_(int *descriptor, const int *m, const int *n, const int *mb, const int *nb,
               const int *first_row, const int *first_column, const int *context, const int *ld,
               int *info);
void pdgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
             const double *alpha, const double *A, const int *ia, const int *ja, const int *desca,
             const double *B, const int *ib, const int *jb, const int *descb, const double *beta,
             double *C, const int *ic, const int *jc, const int *descc);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *A, const int *ia, const int *ja, const int *desca, const double *beta,
             double *C, const int *ic, const int *jc, const int *descc);
void pdtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *A, const int *ia, const int *ja,
             const int *desca, double *B, const int *ib, const int *jb, const int *descb);
void pdtradd_(const char *uplo, const char *trans, const int *m, const int *n, const double *alpha,
              const double *A, const int *ia, const int *ja, const int *desca, const double *beta,
              double *C, const int *ic, const int *jc, const int *descc);
void pdpotrf_(const char *uplo, const int *n, double *A, const int *ia, const int *ja,
              const int *desca, int *info);
void pdtrtri_(const char *uplo, const char *diag, const int *n, double *A, const int *ia,
              const int *ja, const int *desca, int *info);
void pdlauum_(const char *uplo, const int *n, double *A, const int *ia, const int *ja,
              const int *desca);

static const int one = 1, zero = 0;
static const double plus = 1.0, minus = -1.0, nothing = 0.0;

static int count_columns(int n, int rank, int ranks)
{
    const int block = DIST_BLOCK;
    return numroc_(&n, &block, &rank, &zero, &ranks);
}

/* All layouts of a communicator would share one handle, so none keeps it. */
static int make_grid(comm_t *comm)
{
    int handle = Csys2blacs_handle(comm_mpi(comm)), context = handle;
    Cblacs_gridinit(&context, "Row", 1, comm_size(comm));
    Cfree_blacs_system_handle(handle);
    return context;
}

int dist_create(comm_t *comm, int n, dist_t **out)
{
    int code = TRALO_OK, info = 0;
    const int block = DIST_BLOCK, ranks = comm_size(comm);
    dist_t *dist = NULL;
    TRY(comm_agree(comm, mem_alloc(1, sizeof *dist, &dist)));
    dist->comm = comm;
    dist->n = n;
    dist->columns = count_columns(n, comm_rank(comm), ranks);
    dist->context = make_grid(comm);
    descinit_(dist->descriptor, &n, &n, &block, &block, &zero, &zero, &dist->context, &n, &info);
    ASSERT(info == 0);
    *out = dist;
    dist = NULL;
out:
    mem_free(&dist);
    return code;
}

void dist_free(dist_t **dist)
{
    if (*dist == NULL)
        return;
    Cblacs_gridexit((*dist)->context);
    mem_free(dist);
}

int64_t dist_elements(int n, int ranks)
{
    return (int64_t)n * count_columns(n, 0, ranks);
}

int dist_global(const dist_t *dist, int column)
{
    int block = column / DIST_BLOCK * comm_size(dist->comm) + comm_rank(dist->comm);
    return block * DIST_BLOCK + column % DIST_BLOCK;
}

/* How much of its columns a rank shows the others in a call, and flops over n^3. */
static const struct {
    double share, cubes;
} calls[] = {
    [DIST_MULTIPLY] = {1.0, 2.0},     [DIST_FACTOR] = {0.5, 1.0 / 3.0}, [DIST_WHITEN] = {0.5, 1.0},
    [DIST_SUBTRACT] = {1.5, 1.0},     [DIST_INVERT] = {1.5, 2.0 / 3.0}, [DIST_MIRROR] = {0.5, 0.0},
    [DIST_SUBTRACT_BOTH] = {0.5, 0.0}};

static void count(const dist_t *dist, dist_call_t call)
{
    const int others = comm_size(dist->comm) > 1;
    const double mine = (double)dist->n * dist->columns;
    const double bytes = others * calls[call].share * mine * (double)sizeof(double);
    work_count(WORK_SHARED, calls[call].cubes * dist->n * mine);
    comm_count(dist->comm, (int64_t)bytes, clock_seconds());
}

void dist_cost(int n, int ranks, dist_call_t call, double times, work_t *work)
{
    const double most = ranks > 1 ? (double)dist_elements(n, ranks) : 0.0;
    work->amount[WORK_SHARED] += times * calls[call].cubes * n * (double)n * n;
    work_sum(work, times, calls[call].share * most);
}

static double vector_flops(int n)
{
    return 2.0 * n * (double)n;
}

/* One rank after the other. */
void dist_cost_solve(int n, int ranks, double times, work_t *work)
{
    work->amount[WORK_PASS] += times * vector_flops(n) * ranks;
    work_sum(work, times, n);
}

void dist_cost_times(int n, double times, work_t *work)
{
    work->amount[WORK_PASS] += times * vector_flops(n);
    work_sum(work, times, n);
}

void dist_multiply(const dist_t *dist, const double *A, const double *B, double *C)
{
    const int n = dist->n, *d = dist->descriptor;
    pdgemm_("N", "N", &n, &n, &n, &plus, A, &one, &one, d, B, &one, &one, d, &nothing, C, &one,
            &one, d);
    count(dist, DIST_MULTIPLY);
}

int dist_factor(const dist_t *dist, double *A)
{
    int info = 0;
    pdpotrf_("L", &dist->n, A, &one, &one, dist->descriptor, &info);
    count(dist, DIST_FACTOR);
    return (int)comm_max_one_int(dist->comm, info > 0 ? info - 1 : -1);
}

void dist_whiten(const dist_t *dist, const double *L, double *B)
{
    const int n = dist->n, *d = dist->descriptor;
    pdtrsm_("L", "L", "N", "N", &n, &n, &plus, L, &one, &one, d, B, &one, &one, d);
    count(dist, DIST_WHITEN);
}

void dist_subtract_square(const dist_t *dist, double *W, double *C)
{
    const int n = dist->n, *d = dist->descriptor;
    pdsyrk_("L", "T", &n, &n, &minus, W, &one, &one, d, &plus, C, &one, &one, d);
    memcpy(W, C, (size_t)n * (size_t)dist->columns * sizeof *W);
    pdtradd_("U", "T", &n, &n, &plus, W, &one, &one, d, &nothing, C, &one, &one, d);
    count(dist, DIST_SUBTRACT);
}

/* L^-1, its transpose, and L^-T L^-1. */
void dist_invert(const dist_t *dist, const double *L, double *V, double *R)
{
    const int n = dist->n, *d = dist->descriptor;
    int info = 0;
    memcpy(V, L, (size_t)n * (size_t)dist->columns * sizeof *V);
    pdtrtri_("L", "N", &n, V, &one, &one, d, &info);
    pdtradd_("U", "T", &n, &n, &plus, V, &one, &one, d, &nothing, R, &one, &one, d);
    pdlauum_("L", &n, V, &one, &one, d);
    count(dist, DIST_INVERT);
}

/* A triangle of the square S of A becomes `add` times that of S' more than `keep` times itself. */
static void add_transposed(const dist_t *dist, const char *triangle, dist_square_t square,
                           double add, double keep, double *A, double *scratch)
{
    const int *d = dist->descriptor, most = square.count;
    const int row = square.row + 1, column = square.column + 1;
    memcpy(scratch, A, (size_t)dist->n * (size_t)dist->columns * sizeof *A);
    pdtradd_(triangle, "T", &most, &most, &add, scratch, &row, &column, d, &keep, A, &row, &column,
             d);
    count(dist, DIST_MIRROR);
}

void dist_mirror(const dist_t *dist, dist_square_t square, double *A, double *scratch)
{
    add_transposed(dist, "U", square, 1.0, 0.0, A, scratch);
}

void dist_symmetrize(const dist_t *dist, dist_square_t square, double *A, double *scratch)
{
    add_transposed(dist, "L", square, 0.5, 0.5, A, scratch);
}

void dist_subtract_both(const dist_t *dist, const double *A, double *C)
{
    const int n = dist->n, *d = dist->descriptor;
    pdtradd_("L", "T", &n, &n, &minus, A, &one, &one, d, &plus, C, &one, &one, d);
    for (int64_t j = 0; j < dist->columns; j++)
        for (int64_t i = dist_global(dist, (int)j); i < n; i++)
            C[i + j * n] -= A[i + j * n];
    count(dist, DIST_SUBTRACT_BOTH);
}

/* The right-hand side is a matrix of one column, which the first rank holds. */
void dist_solve(const dist_t *dist, const double *L, double *x)
{
    const int n = dist->n, *d = dist->descriptor;
    work_count(WORK_PASS, vector_flops(n));
    pdtrsm_("L", "L", "N", "N", &n, &one, &plus, L, &one, &one, d, x, &one, &one, d);
    pdtrsm_("L", "L", "T", "N", &n, &one, &plus, L, &one, &one, d, x, &one, &one, d);
    comm_share(dist->comm, x, n * (int64_t)sizeof *x, 0);
}

void dist_times(const dist_t *dist, const double *A, const double *x, double *y)
{
    const int n = dist->n;
    work_count(WORK_PASS, 2.0 * n * (double)dist->columns);
    for (int j = 0; j < dist->columns; j++)
        y[dist_global(dist, j)] = cblas_ddot(n, A + (int64_t)j * n, 1, x, 1);
    dist_collect(dist, y);
}

void dist_diagonal(const dist_t *dist, const double *A, double *diagonal)
{
    for (int64_t j = 0; j < dist->columns; j++) {
        const int at = dist_global(dist, (int)j);
        diagonal[at] = A[at + j * dist->n];
    }
    dist_collect(dist, diagonal);
}

void dist_add_diagonal(const dist_t *dist, const double *diagonal, double *A)
{
    for (int64_t j = 0; j < dist->columns; j++) {
        const int at = dist_global(dist, (int)j);
        A[at + j * dist->n] += diagonal[at];
    }
}

void dist_collect(const dist_t *dist, double *values)
{
    const int ranks = comm_size(dist->comm), rank = comm_rank(dist->comm);
    for (int j = 0; j < dist->n; j++)
        if (j / DIST_BLOCK % ranks != rank)
            values[j] = 0.0;
    comm_sum(dist->comm, values, dist->n);
}
