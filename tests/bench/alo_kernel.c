/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast ALO's value, gradient and Hessian are against DGEMM, and on all ranks against one.

   mpirun -n RANKS alo_kernel ROWS COLUMNS LOSS [REPEATS]

   repeat: DGEMM on rank 0 alone, then f, f and its gradient, f and both derivatives there, all rows
           the same on all ranks at once, each with its share of the rows
   print medians over the repeats of each ratio; tests/bench/README.md has the columns */
#include <cblas.h>
#include <limits.h>
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
#include "linalg/panel.h"

enum { ORDERS = 3, DGEMM = 1024, DGEMM_CALLS = 3, REPEATS = 5, REPEATS_MOST = 99 };
enum { STREAM_X = 1, STREAM_BETA, STREAM_Y };

/* Flops of f, of f and its gradient, of f and both derivatives, over n p^2. */
static const double flops[ORDERS] = {2.0, 5.0, 11.0};

/* Seconds, the most over the ranks. Other programs on the machine lengthen the wall time, but not
   the processor time. */
typedef struct span {
    double wall, processor;
} span_t;

typedef struct sample {
    span_t gemm;
    span_t inner;             /* the inner solve after a step in theta */
    span_t criterion[ORDERS]; /* the rest of the evaluation */
} sample_t;

/* The ratios of a repeat. */
enum { RATE, INNER = RATE + ORDERS, EFFICIENCY_GEMM, EFFICIENCY, RATIOS = EFFICIENCY + ORDERS };

typedef struct bench {
    comm_t *comm;
    data_t *data;
    penalty_t *penalty;
    problem_t *problem;
    void *options, *inner_options;
    criterion_t *criterion;
} bench_t;

typedef struct setup {
    int64_t n;
    int p;
    const char *loss;
    int repeats;
} setup_t;

/* ---- clocks, and Newton's method with one ---------------------------------------------------- */

static span_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (span_t){clock_seconds(), (double)t.tv_sec + 1e-9 * (double)t.tv_nsec};
}

static span_t between(comm_t *comm, span_t begin, span_t end)
{
    double seconds[] = {end.wall - begin.wall, end.processor - begin.processor};
    comm_max(comm, seconds, 2);
    return (span_t){seconds[0], seconds[1]};
}

static span_t inner_ended;

static void timed_solve(const void *options, problem_t *problem, const double *theta, double *beta,
                        hessian_t *hessian, inner_result_t *result)
{
    inner_find("newton")->solve(options, problem, theta, beta, hessian, result);
    inner_ended = now();
}

/* ---- a problem on random rows ---------------------------------------------------------------- */

/* Row i of all: normal features, and a target of signal-to-noise ratio about 1. */
static double draw_row(const setup_t *setup, int64_t i, const double *beta, double *x)
{
    double eta = 0.0;
    for (int j = 0; j < setup->p; j++) {
        x[j] = rng_normal(1, STREAM_X, (uint64_t)(i * setup->p + j));
        eta += x[j] * beta[j];
    }
    if (strcmp(setup->loss, "logistic") == 0)
        return rng_uniform(1, STREAM_Y, (uint64_t)i) < 1.0 / (1.0 + exp(-eta)) ? 1.0 : -1.0;
    return eta + rng_normal(1, STREAM_Y, (uint64_t)i);
}

static int make_rows(const setup_t *setup, data_t *data)
{
    int code = TRALO_OK;
    double *beta = NULL;
    ALLOC(beta, setup->p);
    for (int j = 0; j < setup->p; j++)
        beta[j] = rng_normal(1, STREAM_BETA, (uint64_t)j) / sqrt(setup->p);
    for (int64_t i = 0; i < data->rows; i++)
        data->y[i] = draw_row(setup, data->first + i, beta, data->X.dense + i * data->columns);
out:
    mem_free(&beta);
    return code;
}

static int make_data(comm_t *comm, const setup_t *setup, data_t **out)
{
    int code = TRALO_OK;
    data_t *data = NULL;
    data_shape_t shape = {.n = setup->n, .p = setup->p, .y = true};
    TRY(comm_agree(comm, data_create(comm, &shape, &data)));
    TRY(comm_agree(comm, make_rows(setup, data)));
    TRY(data_finish(data, "", false, NULL));
    *out = data;
    data = NULL;
out:
    data_free(&data);
    return code;
}

static int make_options(const param_t *params, size_t size, void **out)
{
    int code = mem_alloc((int64_t)size, 1, out);
    if (code == TRALO_OK)
        param_presets(params, *out);
    return code;
}

static const param_t *option(const param_t *params, const char *name)
{
    while (strcmp(params->name, name) != 0)
        params++;
    return params;
}

/* One ridge penalty on all columns. */
static int make_penalty(const setup_t *setup, penalty_t **out)
{
    int code = TRALO_OK;
    int *group = NULL;
    ALLOC(group, setup->p);
    TRY(penalty_create(penalty_find("ridge"), setup->p, group, 1, out));
out:
    mem_free(&group);
    return code;
}

static int make_bench(comm_t *comm, const setup_t *setup, bench_t *b)
{
    static inner_kind_t inner;
    int code = TRALO_OK;
    inner = *inner_find("newton");
    inner.solve = timed_solve;
    criterion_setup_t s = {.kind = criterion_find("alo"), .inner = &inner};
    b->comm = comm;
    TRY(make_data(comm, setup, &b->data));
    TRY(comm_agree(comm, make_penalty(setup, &b->penalty)));
    TRY(problem_create(b->data, loss_find(setup->loss), b->penalty, &b->problem));
    TRY(make_options(s.kind->params, s.kind->options_size, &b->options));
    TRY(param_set(option(s.kind->params, "algebra"), b->options, "replicated"));
    TRY(make_options(s.inner->params, s.inner->options_size, &b->inner_options));
    s.problem = b->problem;
    s.options = b->options;
    s.inner_options = b->inner_options;
    TRY(criterion_create(&s, &b->criterion));
out:
    return code;
}

static void free_bench(bench_t *b)
{
    criterion_free(&b->criterion);
    problem_free(&b->problem);
    penalty_free(&b->penalty);
    data_free(&b->data);
    mem_free(&b->options);
    mem_free(&b->inner_options);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static span_t time_gemm(comm_t *comm, const double *A, const double *B, double *C)
{
    comm_barrier(comm);
    span_t begin = now();
    for (int i = 0; i < DGEMM_CALLS; i++)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, DGEMM, DGEMM, DGEMM, 1.0, A, DGEMM,
                    B, DGEMM, 0.0, C, DGEMM);
    return between(comm, begin, now());
}

/* The steps in theta are as small as near the end of a search. */
static int measure(const bench_t *b, int repeat, double *const *square, sample_t *out)
{
    int code = TRALO_OK;
    const double theta = log(0.01 * (double)b->data->n) + 0.05 * (repeat % 2);
    criterion_result_t result;
    out->gemm = time_gemm(b->comm, square[0], square[1], square[2]);
    for (int order = 0; order < ORDERS; order++) {
        comm_barrier(b->comm);
        span_t begin = now();
        criterion_evaluate(b->criterion, &theta, order, &result);
        span_t end = now();
        if (!result.valid)
            FAIL(TRALO_ERR_INTERNAL, "%s", result.failure);
        out->criterion[order] = between(b->comm, inner_ended, end);
        if (order == 0)
            out->inner = between(b->comm, begin, inner_ended);
    }
out:
    return code;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

/* The ratios of one repeat: on `ranks` ranks, against one rank alone. */
static void find_ratios(const setup_t *setup, int ranks, const sample_t *alone, const sample_t *all,
                        double *ratios)
{
    double np2 = (double)setup->n * setup->p * (double)setup->p / ranks;
    double gemm = 2.0 * DGEMM_CALLS * (double)DGEMM * DGEMM * DGEMM / all->gemm.processor;
    for (int order = 0; order < ORDERS; order++) {
        ratios[RATE + order] = flops[order] * np2 / all->criterion[order].processor / gemm;
        ratios[EFFICIENCY + order] =
            alone->criterion[order].wall / all->criterion[order].wall / ranks;
    }
    ratios[INNER] = all->inner.processor / all->criterion[0].processor;
    ratios[EFFICIENCY_GEMM] = alone->gemm.wall / all->gemm.wall;
}

static void print_medians(const setup_t *setup, int ranks, const sample_t *alone,
                          const sample_t *all)
{
    double ratios[REPEATS_MOST][RATIOS], column[REPEATS_MOST];
    printf("%8lld %6d %-9s %5d", (long long)setup->n, setup->p, setup->loss, ranks);
    for (int i = 0; i < setup->repeats; i++)
        find_ratios(setup, ranks, &alone[i], &all[i], ratios[i]);
    for (int k = 0; k < (ranks == 1 ? EFFICIENCY_GEMM : RATIOS); k++) {
        for (int i = 0; i < setup->repeats; i++)
            column[i] = ratios[i][k];
        printf(" %6.2f", median(column, setup->repeats));
    }
    printf("\n");
}

static int make_squares(double **square)
{
    int code = TRALO_OK;
    for (int i = 0; i < 3; i++)
        ALLOC(square[i], DGEMM * DGEMM);
    for (int64_t i = 0; i < DGEMM * DGEMM; i++)
        square[0][i] = square[1][i] = rng_uniform(1, STREAM_X, (uint64_t)i);
out:
    return code;
}

/* Rank 0 measures alone while the others wait, then all measure together; the first of each is
   not counted: it touches the memory. */
static int run(comm_t *self, comm_t *world, const setup_t *setup)
{
    int code = TRALO_OK, size = comm_size(world);
    bool first = comm_rank(world) == 0;
    double *square[3] = {NULL, NULL, NULL};
    bench_t alone = {.comm = NULL}, together = {.comm = NULL};
    sample_t one[REPEATS_MOST + 1] = {0}, all[REPEATS_MOST + 1] = {0};
    TRY(comm_agree(world, make_squares(square)));
    TRY(comm_agree(world, first ? make_bench(self, setup, &alone) : TRALO_OK));
    if (size > 1)
        TRY(make_bench(world, setup, &together));
    for (int i = 0; i <= setup->repeats; i++) {
        TRY(comm_agree(world, first ? measure(&alone, i, square, &one[i]) : TRALO_OK));
        if (size > 1)
            TRY(measure(&together, i, square, &all[i]));
    }
    if (first)
        print_medians(setup, 1, one + 1, one + 1);
    if (first && size > 1)
        print_medians(setup, size, one + 1, all + 1);
out:
    free_bench(&alone);
    free_bench(&together);
    for (int i = 0; i < 3; i++)
        mem_free(&square[i]);
    return code;
}

/* A whole number of 1 .. most. */
static bool parse_count(const char *text, int64_t most, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *out >= 1 && *out <= most;
}

static bool parse(int argc, char **argv, setup_t *out)
{
    int64_t n, p, repeats = REPEATS;
    if (argc < 4 || argc > 5 || !parse_count(argv[1], INT64_MAX, &n) || n < 2 ||
        !parse_count(argv[2], INT_MAX, &p) || loss_find(argv[3]) == NULL ||
        (argc > 4 && !parse_count(argv[4], REPEATS_MOST, &repeats)))
        return false;
    *out = (setup_t){n, (int)p, argv[3], (int)repeats};
    return true;
}

int main(int argc, char **argv)
{
    int code = TRALO_OK, provided;
    setup_t setup;
    comm_t *self = NULL, *world = NULL;
    if (!parse(argc, argv, &setup)) {
        fprintf(stderr, "usage: alo_kernel ROWS COLUMNS squared|logistic [REPEATS <= %d]\n",
                REPEATS_MOST);
        return 2;
    }
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    panel_threads(1);
    TRY(comm_self(&self));
    TRY(comm_world(&world));
    TRY(run(self, world, &setup));
out:
    if (code != TRALO_OK)
        fprintf(stderr, "alo_kernel: %s\n", tralo_error_message());
    comm_free(&world);
    comm_free(&self);
    MPI_Finalize();
    return code != TRALO_OK;
}
