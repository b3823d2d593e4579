/* SPDX-License-Identifier: BSD-3-Clause */
/* Many columns, whose p x p matrices the ranks share: see tests/bench/README.md.

   mpirun -n RANKS large_p sums ROWS COLUMNS [REPEATS]
       X'X by block columns, by PDSYRK on X as it is held, and by panels of columns
   mpirun -n RANKS large_p alo ROWS COLUMNS [LOSS [ALGEBRA [LAMBDA]]]
       one evaluation of alo with its gradient, one ridge penalty; LOSS logistic or squared */
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "criterion/criterion.h"
#include "data/build.h"
#include "problem/distributed.h"

enum { STREAM_X = 1, STREAM_BETA, STREAM_Y };

void descinit_(int *descriptor, const int *m, const int *n, const int *mb, const int *nb,
               const int *first_row, const int *first_column, const int *context, const int *ld,
               int *info);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *A, const int *ia, const int *ja, const int *desca, const double *beta,
             double *C, const int *ic, const int *jc, const int *descc);

typedef struct bench {
    comm_t *comm;
    data_t *data;
    penalty_t *penalty;
    problem_t *problem;
    hessian_t *hessian;
    void *options, *inner_options;
    criterion_t *criterion;
} bench_t;

/* ---- clocks and memory ----------------------------------------------------------------------- */

/* Of this process, in bytes: the most memory that was resident since forget_peak. */
static int64_t peak_resident(void)
{
    char line[256];
    int64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoll(line + 6, NULL, 10);
    if (status != NULL)
        fclose(status);
    return kib * 1024;
}

static void forget_peak(void)
{
    FILE *refs = fopen("/proc/self/clear_refs", "w");
    if (refs == NULL)
        return;
    fputs("5", refs);
    fclose(refs);
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- a problem on random rows ---------------------------------------------------------------- */

/* Numbers as they would come from float32 storage. */
static int fill(data_t *data)
{
    int code = TRALO_OK;
    double *beta = NULL;
    ALLOC(beta, data->p);
    for (int j = 0; j < data->p; j++)
        beta[j] = rng_normal(1, STREAM_BETA, (uint64_t)j) / sqrt(data->p);
    for (int64_t i = 0; i < data->rows; i++) {
        double *x = data->X.dense + i * data->columns, eta = 0.0;
        const uint64_t row = (uint64_t)(data->first + i);
        for (int j = 0; j < data->p; j++) {
            x[j] = (float)rng_normal(1, STREAM_X, row * (uint64_t)data->p + (uint64_t)j);
            eta += x[j] * beta[j];
        }
        data->y[i] = rng_uniform(1, STREAM_Y, row) < 1.0 / (1.0 + exp(-eta)) ? 1.0 : -1.0;
    }
out:
    mem_free(&beta);
    return code;
}

static int make_penalty(bench_t *b)
{
    int code = TRALO_OK, *group = NULL;
    ALLOC(group, b->data->columns);
    TRY(penalty_create(penalty_find("ridge"), b->data->columns, group, 1, &b->penalty));
out:
    mem_free(&group);
    return code;
}

static int make_problem(bench_t *b, int64_t n, int p, const char *loss)
{
    int code = TRALO_OK;
    const data_shape_t shape = {.n = n, .p = p, .y = true};
    TRY(comm_agree(b->comm, data_create(b->comm, &shape, &b->data)));
    TRY(comm_agree(b->comm, fill(b->data)));
    TRY(data_finish(b->data, "", DATA_AS_IT_IS, NULL));
    TRY(comm_agree(b->comm, make_penalty(b)));
    TRY(problem_create(b->data, loss_find(loss), b->penalty, &b->problem));
out:
    return code;
}

static int make_options(const param_t *params, size_t size, void **out)
{
    int code = mem_alloc((int64_t)size, 1, out);
    if (code == TRALO_OK)
        param_presets(params, *out);
    return code;
}

static int make_criterion(bench_t *b, const char *algebra)
{
    int code = TRALO_OK;
    criterion_setup_t s = {
        .kind = criterion_find("alo"), .problem = b->problem, .inner = inner_find("newton")};
    TRY(make_options(s.kind->params, s.kind->options_size, &b->options));
    TRY(make_options(s.inner->params, s.inner->options_size, &b->inner_options));
    for (const param_t *row = s.kind->params; row->name != NULL; row++)
        if (strcmp(row->name, "algebra") == 0)
            TRY(param_set(row, b->options, algebra));
    s.options = b->options;
    s.inner_options = b->inner_options;
    TRY(criterion_create(&s, &b->criterion));
out:
    return code;
}

static void release(bench_t *b)
{
    criterion_free(&b->criterion);
    hessian_free(&b->hessian);
    problem_free(&b->problem);
    penalty_free(&b->penalty);
    data_free(&b->data);
    mem_free(&b->options);
    mem_free(&b->inner_options);
}

/* ---- alo ------------------------------------------------------------------------------------- */

static void say_memory(bench_t *b, int64_t before, int64_t resident)
{
    const problem_shape_t shape = problem_shape(b->problem);
    const criterion_kind_t *kind = b->criterion->kind;
    const int64_t more = kind->more != NULL ? kind->more(b->criterion->form, &shape) : 0;
    const double said =
        (double)(kind->memory(b->criterion->form, &shape) + more + problem_gram_memory(&shape));
    double mine[] = {(double)(mem_peak() - before), (double)mem_peak(), (double)resident}, all[3];
    for (int rank = 0; rank < comm_size(b->comm); rank++) {
        memcpy(all, mine, sizeof all);
        comm_share(b->comm, all, sizeof all, rank);
        if (comm_rank(b->comm) == 0)
            printf("rank %d: criterion %.0f bytes, by the formula %.0f; with X %.3f GB; resident "
                   "%.3f GB\n",
                   rank, all[0], said, 1e-9 * all[1], 1e-9 * all[2]);
    }
}

static int run_alo(bench_t *b, int64_t n, int p, char **argv)
{
    int code = TRALO_OK;
    const char *loss = argv[0] != NULL ? argv[0] : "logistic";
    const char *algebra = argv[0] != NULL && argv[1] != NULL ? argv[1] : "distributed";
    const bool given = argv[0] != NULL && argv[1] != NULL && argv[2] != NULL;
    const double theta = log(given ? strtod(argv[2], NULL) : 0.1 * (double)n);
    criterion_result_t r;
    TRY(make_problem(b, n, p, loss));
    const int64_t before = mem_bytes();
    mem_peak_reset();
    forget_peak();
    TRY(make_criterion(b, algebra));
    comm_counters_reset(b->comm);
    const double started = clock_seconds(), worked = processor_seconds();
    criterion_evaluate(b->criterion, &theta, 1, &r);
    if (!r.valid)
        FAIL(TRALO_ERR_EVALUATION, "%s", r.failure);
    const comm_counters_t sent = comm_counters(b->comm);
    if (comm_rank(b->comm) == 0)
        printf("%s, n = %" PRId64 ", p = %d, %d ranks: f = %.15g, f' = %.15g, %" PRId64
               " Newton steps, %.0f s, %.0f s of processor, %.2f GB sent in %" PRId64 " calls\n",
               loss, n, p, comm_size(b->comm), r.value, r.gradient[0], r.inner_iterations,
               clock_seconds() - started, processor_seconds() - worked, 1e-9 * (double)sent.bytes,
               sent.calls);
    say_memory(b, before, peak_resident());
out:
    return code;
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* C = X'X by ScaLAPACK: this rank's rows are columns of a p x n matrix, a block for each rank. All
   have as many rows. */
static void by_library(const distributed_t *d, double *C)
{
    const data_t *data = d->problem->data;
    const int p = data->columns, rows = (int)data->rows, n = (int)data->n, zero = 0, one = 1;
    const double plus = 1.0, nothing = 0.0;
    int of_rows[9], info;
    descinit_(of_rows, &p, &n, &p, &rows, &zero, &zero, &d->dist->context, &p, &info);
    pdsyrk_("L", "N", &p, &n, &plus, data->X.dense, &one, &one, of_rows, &nothing, C, &one, &one,
            d->dist->descriptor);
}

static void by_panels(const distributed_t *d, double *C)
{
    for (int64_t i = 0; i < d->problem->rows; i++)
        d->problem->l[3][i] = 1.0;
    distributed_gram(d, d->problem->l[3], C);
}

static double largest_difference(const distributed_t *d, const double *A, const double *B)
{
    double most = 0.0;
    for (int64_t j = 0; j < d->dist->columns; j++)
        for (int64_t i = dist_global(d->dist, (int)j); i < d->dist->n; i++)
            most = fmax(most, fabs(A[i + j * d->dist->n] - B[i + j * d->dist->n]));
    return comm_max_one(d->problem->comm, most);
}

/* The least seconds and the most memory beside what was there, over repeats and ranks. */
static void measure(bench_t *b, const char *name, int repeats,
                    void (*form)(const distributed_t *, double *), double *C)
{
    const distributed_t *d = hessian_blocks(b->hessian);
    double wall = INFINITY, processor = INFINITY, memory = 0.0;
    for (int k = 0; k <= repeats; k++) {
        comm_barrier(b->comm);
        forget_peak();
        const double there = (double)peak_resident();
        const double started = clock_seconds(), worked = processor_seconds();
        form(d, C);
        const double took[] = {comm_max_one(b->comm, clock_seconds() - started),
                               comm_max_one(b->comm, processor_seconds() - worked)};
        memory = fmax(memory, comm_max_one(b->comm, (double)peak_resident() - there));
        if (k > 0) {
            wall = fmin(wall, took[0]);
            processor = fmin(processor, took[1]);
        }
    }
    if (comm_rank(b->comm) == 0)
        printf("%7" PRId64 " %6d %5d  %-7s %8.2f %9.2f %8.0f\n", b->data->n, b->data->p,
               comm_size(b->comm), name, wall, processor, 1e-6 * memory);
}

static int run_sums(bench_t *b, int64_t n, int p, int repeats)
{
    int code = TRALO_OK;
    double *A = NULL, *B = NULL;
    const int ranks = comm_size(b->comm);
    TRY(make_problem(b, (n + ranks - 1) / ranks * ranks, p, "squared"));
    TRY(hessian_create(b->problem, hessian_find("distributed"), &b->hessian));
    const distributed_t *d = hessian_blocks(b->hessian);
    const int64_t numbers = dist_elements(d->dist->n, ranks);
    int local = mem_alloc(numbers, sizeof *A, &A);
    if (local == TRALO_OK)
        local = mem_alloc(numbers, sizeof *B, &B);
    TRY(comm_agree(b->comm, local));
    measure(b, "PDSYRK", repeats, by_library, A);
    measure(b, "panels", repeats, by_panels, B);
    const double apart = largest_difference(d, A, B);
    if (!(apart < 1e-9 * (double)n))
        FAIL(TRALO_ERR_EVALUATION, "the two differ by %g", apart);
out:
    mem_free(&A);
    mem_free(&B);
    return code;
}

int main(int argc, char **argv)
{
    bench_t b = {NULL};
    int provided, code;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (argc < 4 || comm_world(&b.comm) != TRALO_OK) {
        fprintf(stderr, "usage: mpirun -n RANKS large_p sums|alo ROWS COLUMNS [...]\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    const int64_t n = strtoll(argv[2], NULL, 10);
    const int p = (int)strtol(argv[3], NULL, 10);
    if (strcmp(argv[1], "alo") == 0)
        code = run_alo(&b, n, p, argv + 4);
    else
        code = run_sums(&b, n, p, argc > 4 ? (int)strtol(argv[4], NULL, 10) : 3);
    if (code != TRALO_OK && comm_rank(b.comm) == 0)
        fprintf(stderr, "large_p: %s\n", tralo_error_message());
    release(&b);
    comm_free(&b.comm);
    MPI_Finalize();
    return code == TRALO_OK ? 0 : 1;
}
