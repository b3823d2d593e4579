/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether sums of p x p matrices over the ranks are worth hiding: see tests/bench/README.md.

   mpirun -n RANKS overlap COLUMNS [ROWS [REPEATS [WIDTH]]]
       X'diag(w)X of ROWS rows on each rank, summed by panels of WIDTH columns, in four ways */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "linalg/panel.h"
#include "linalg/panel_block.h"
#include "linalg/spd.h"

enum { WAYS = 4, REPEATS_MOST = 101, FLIGHTS = 2, TIMES = 2 /* computing, all */ };

/* A panel of columns on its way through MPI_Iallreduce. */
typedef struct flight {
    MPI_Request request; /* MPI_REQUEST_NULL: none */
    int begin, end;
    double *packed;
} flight_t;

typedef struct bench {
    comm_t *comm;
    int p, rows, width, repeats;
    double *X;                /* [rows, p] */
    double *weights;          /* [rows] */
    double *scratch;          /* [panel_rows(p), p] */
    double *C;                /* [p, p], the lower triangle is summed */
    double *first;            /* [p, p], as the first way sums it */
    flight_t flight[FLIGHTS]; /* of the last panels */
    double took[WAYS][TIMES][REPEATS_MOST], ratio[WAYS][REPEATS_MOST];
} bench_t;

/* ---- panels of columns ----------------------------------------------------------------------- */

static void unpack(const bench_t *b, const flight_t *f)
{
    const double *from = f->packed;
    for (int64_t j = f->begin; j < f->end; from += b->p - j, j++)
        memcpy(b->C + j * b->p + j, from, (size_t)(b->p - j) * sizeof *from);
}

static void land(const bench_t *b, flight_t *f)
{
    if (f->request == MPI_REQUEST_NULL)
        return;
    MPI_Wait(&f->request, MPI_STATUS_IGNORE);
    unpack(b, f);
}

/* Sends the lower triangle of columns [begin, end) off, when the panel before the last is back. */
static void start(bench_t *b, int begin, int end)
{
    flight_t *f = &b->flight[begin / b->width % FLIGHTS];
    double *to = f->packed;
    land(b, f);
    f->begin = begin;
    f->end = end;
    for (int64_t j = begin; j < end; to += b->p - j, j++)
        memcpy(to, b->C + j * b->p + j, (size_t)(b->p - j) * sizeof *to);
    MPI_Iallreduce(MPI_IN_PLACE, f->packed, (int)(to - f->packed), MPI_DOUBLE, MPI_SUM,
                   MPI_COMM_WORLD, &f->request);
}

static void land_all(bench_t *b)
{
    for (int k = 0; k < FLIGHTS; k++)
        land(b, &b->flight[k]);
}

/* Messages move on while MPI is called only. */
static void look_after(bench_t *b)
{
    for (int k = 0, back; k < FLIGHTS; k++)
        if (b->flight[k].request != MPI_REQUEST_NULL) {
            MPI_Test(&b->flight[k].request, &back, MPI_STATUS_IGNORE);
            if (back)
                unpack(b, &b->flight[k]);
        }
}

/* ---- the ways -------------------------------------------------------------------------------- */

static int panel_end(const bench_t *b, int begin)
{
    return begin + b->width < b->p ? begin + b->width : b->p;
}

static void compute_all(bench_t *b)
{
    const int most = panel_rows(b->p);
    memset(b->C, 0, (size_t)b->p * (size_t)b->p * sizeof *b->C);
    for (int i = 0; i < b->rows; i += most)
        panel_gram(b->rows - i < most ? b->rows - i : most, b->p, b->X + (int64_t)i * b->p,
                   b->weights + i, b->scratch, b->C);
}

static void compute_panel(bench_t *b, int begin, int end)
{
    const int most = panel_rows(b->p);
    const panel_block_t block = {begin, end - begin, b->p};
    double *C = b->C + (int64_t)begin * b->p;
    memset(C, 0, (size_t)(end - begin) * (size_t)b->p * sizeof *C);
    for (int i = 0; i < b->rows; i += most) {
        panel_block_gram(b->rows - i < most ? b->rows - i : most, b->p, b->X + (int64_t)i * b->p,
                         b->weights + i, block, b->scratch, C);
        look_after(b);
    }
}

static double blocking(bench_t *b)
{
    compute_all(b);
    const double computed = clock_seconds();
    spd_sum(b->comm, b->p, b->C);
    return computed;
}

static double while_packing(bench_t *b)
{
    compute_all(b);
    const double computed = clock_seconds();
    for (int begin = 0; begin < b->p; begin += b->width)
        start(b, begin, panel_end(b, begin));
    land_all(b);
    return computed;
}

static double by_panels(bench_t *b, bool wait)
{
    for (int begin = 0; begin < b->p; begin += b->width) {
        compute_panel(b, begin, panel_end(b, begin));
        start(b, begin, panel_end(b, begin));
        if (wait)
            land_all(b);
    }
    const double computed = clock_seconds();
    land_all(b);
    return computed;
}

static double panels_in_turn(bench_t *b)
{
    return by_panels(b, true);
}

static double while_computing(bench_t *b)
{
    return by_panels(b, false);
}

/* Each returns when the last panel had been computed. */
static const struct {
    const char *name;
    double (*run)(bench_t *b);
} ways[WAYS] = {{"blocking", blocking},
                {"while packing", while_packing},
                {"panels in turn", panels_in_turn},
                {"while computing", while_computing}};

/* ---- times ----------------------------------------------------------------------------------- */

static double difference(const bench_t *b)
{
    double most = 0.0;
    for (int64_t j = 0; j < b->p; j++)
        for (int64_t i = j; i < b->p; i++)
            most = fmax(most, fabs(b->C[j * b->p + i] - b->first[j * b->p + i]));
    return most;
}

/* Of the slowest rank. */
static int run(bench_t *b, int way, int repeat)
{
    int code = TRALO_OK;
    MPI_Barrier(MPI_COMM_WORLD);
    const double before = clock_seconds(), computed = ways[way].run(b);
    double took[TIMES] = {computed - before, clock_seconds() - before};
    comm_max(b->comm, took, TIMES);
    for (int k = 0; k < TIMES; k++)
        b->took[way][k][repeat] = took[k];
    if (way == 0)
        memcpy(b->first, b->C, (size_t)b->p * (size_t)b->p * sizeof *b->C);
    const double apart = comm_max_one(b->comm, difference(b));
    if (!(apart < 1e-12 * b->rows * comm_size(b->comm)))
        FAIL(TRALO_ERR_EVALUATION, "%s: the sum differs by %g", ways[way].name, apart);
out:
    return code;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(int count, double *x)
{
    qsort(x, (size_t)count, sizeof *x, compare);
    return 0.5 * (x[(count - 1) / 2] + x[count / 2]);
}

static void say(bench_t *b)
{
    for (int way = 0; way < WAYS; way++)
        for (int r = 0; r < b->repeats; r++)
            b->ratio[way][r] = b->took[way][1][r] / b->took[0][1][r];
    for (int way = 0; way < WAYS; way++)
        printf("%6d %6d %5d  %-16s %10.4f %10.4f %9.3f\n", b->p, b->rows, comm_size(b->comm),
               ways[way].name, median(b->repeats, b->took[way][0]),
               median(b->repeats, b->took[way][1]), median(b->repeats, b->ratio[way]));
}

/* ---- from nothing to the end ------------------------------------------------------------------
 */

static int allocate(bench_t *b)
{
    int code = TRALO_OK;
    const int64_t p = b->p, numbers = b->rows * p;
    const uint64_t stream = (uint64_t)comm_rank(b->comm);
    ALLOC(b->X, numbers);
    ALLOC(b->weights, b->rows);
    ALLOC(b->scratch, p * (panel_rows(b->p) > b->width ? panel_rows(b->p) : b->width));
    ALLOC(b->C, p * p);
    ALLOC(b->first, p * p);
    for (int k = 0; k < FLIGHTS; k++) {
        ALLOC(b->flight[k].packed, p * b->width);
        b->flight[k].request = MPI_REQUEST_NULL;
    }
    for (int64_t i = 0; i < numbers; i++)
        b->X[i] = rng_uniform(1, stream, (uint64_t)i) - 0.5;
    for (int i = 0; i < b->rows; i++)
        b->weights[i] = 1.0 - 0.25 * (i % 4);
out:
    return code;
}

static void release(bench_t *b)
{
    double **const arrays[] = {&b->X, &b->weights, &b->scratch, &b->C, &b->first};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        mem_free(arrays[k]);
    for (int k = 0; k < FLIGHTS; k++)
        mem_free(&b->flight[k].packed);
}

/* The ways take turns, a first round is not counted. */
static int measure(bench_t *b)
{
    int code = TRALO_OK;
    TRY(comm_agree(b->comm, allocate(b)));
    for (int round = 0; round <= b->repeats; round++)
        for (int way = 0; way < WAYS; way++)
            TRY(run(b, way, round > 0 ? round - 1 : 0));
    if (comm_rank(b->comm) == 0)
        say(b);
out:
    release(b);
    return code;
}

static int argument(int argc, char **argv, int at, int otherwise)
{
    const long value = argc > at ? strtol(argv[at], NULL, 10) : otherwise;
    return value > 0 && value < 1000000 ? (int)value : otherwise;
}

int main(int argc, char **argv)
{
    static bench_t b;
    int provided, code;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (argc < 2 || comm_world(&b.comm) != TRALO_OK) {
        fprintf(stderr, "usage: mpirun -n RANKS overlap COLUMNS [ROWS [REPEATS [WIDTH]]]\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    b.p = argument(argc, argv, 1, 1000);
    b.rows = argument(argc, argv, 2, 2000);
    b.repeats = argument(argc, argv, 3, 7);
    b.repeats = b.repeats < REPEATS_MOST ? b.repeats : REPEATS_MOST;
    b.width = argument(argc, argv, 4, 128);
    code = measure(&b);
    if (code != TRALO_OK && comm_rank(b.comm) == 0)
        fprintf(stderr, "overlap: %s\n", tralo_error_message());
    comm_free(&b.comm);
    MPI_Finalize();
    return code == TRALO_OK ? 0 : 1;
}
