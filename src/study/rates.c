/* SPDX-License-Identifier: BSD-3-Clause */
/* Each measurement repeats a piece of work until it has taken long enough, and divides what the
   kernels counted of it by the time. The first round, which touches the memory, is left out. */
#include "study/rates.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "linalg/dist.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "loss/loss.h"
#include "study/rates_blocks.h"
#include "study/threads.h"

enum {
    NUMBERS_MOST = 1 << 22, /* of the rows: more than caches hold */
    COLUMNS_MOST = 2000,
    SQUARE_MOST = 1000,
    ROWS_MOST = 1 << 16,
    MESSAGE = 1 << 19, /* numbers */
    SMALL_SUMS = 50,
    STREAM = 77
};
static const double LEAST = 0.05; /* seconds */

plan_rates_t rates_from(const rates_given_t *given)
{
    const double flops = 1e9 * given->gflops;
    return (plan_rates_t){.amount = {[WORK_PANEL] = flops,
                                     [WORK_WHOLE] = 0.5 * flops,
                                     [WORK_SHARED] = 0.5 * flops,
                                     [WORK_PASS] = 1e9 * given->stream / 4.0,
                                     [WORK_ROW] = 3e7,
                                     [WORK_BLOCK] = 1e5},
                          .latency = 1e-6 * given->latency,
                          .bandwidth = 1e9 * given->bandwidth,
                          .ranks = 2,
                          .threads = 1};
}

/* What is measured, on this rank. */
typedef struct bench {
    comm_t *comm;
    const plan_request_t *request;
    int64_t rows; /* of this rank, as far as they are made */
    int p;
    const loss_t *loss;
    double *X;                /* [rows, p]; owned, as all below */
    double *x, *y, *u;        /* [p], [rows], [rows] */
    double *d[LOSS_ORDERS];   /* [rows] */
    double *square, *scratch; /* [p, p], a panel */
    spd_t *spd;
    dist_t *dist;
    double *shared[3]; /* [n, columns] */
    double *message;   /* [MESSAGE] */
} bench_t;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void fill(int64_t count, double *x)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = rng_uniform(1, STREAM, (uint64_t)i) - 0.5;
}

static int allocate(bench_t *b, int square)
{
    int code = TRALO_OK;
    const int64_t panel = (int64_t)panel_rows(b->p) * b->p;
    ALLOC(b->X, b->rows * b->p);
    ALLOC(b->x, b->p);
    ALLOC(b->y, b->rows);
    ALLOC(b->u, b->rows);
    for (int k = 0; k < LOSS_ORDERS; k++)
        ALLOC(b->d[k], b->rows);
    ALLOC(b->square, (int64_t)b->p * b->p);
    ALLOC(b->scratch, panel);
    ALLOC(b->message, MESSAGE);
    TRY(spd_create(b->comm, square, &b->spd));
    fill(b->rows * b->p, b->X);
    fill(b->p, b->x);
    fill(b->rows, b->u);
    for (int64_t i = 0; i < b->rows; i++)
        b->y[i] = 1.0;
    for (int64_t j = 0; j < square; j++)
        b->spd->matrix[j * (square + 1)] = 1.0;
out:
    return code;
}

static int allocate_shared(bench_t *b)
{
    int code = TRALO_OK;
    const int64_t size = (int64_t)b->dist->n * b->dist->columns;
    for (int i = 0; i < 3; i++)
        ALLOC(b->shared[i], size);
    fill(size, b->shared[0]);
    fill(size, b->shared[1]);
out:
    return code;
}

/* As large as the request, but for what would take long. */
static int create(bench_t *b)
{
    int code = TRALO_OK;
    const plan_request_t *r = b->request;
    const int64_t side = least(least(r->kernel ? r->n : r->p + 1, SQUARE_MOST), INT32_MAX);
    const int64_t mine = (r->n + comm_size(b->comm) - 1) / comm_size(b->comm);
    b->p = (int)least((int64_t)r->p + 1, COLUMNS_MOST);
    b->rows = least(mine, NUMBERS_MOST / b->p);
    b->loss = loss_find(r->loss);
    TRY(comm_agree(b->comm, allocate(b, (int)side)));
    TRY(dist_create(b->comm, (int)side, &b->dist));
    TRY(comm_agree(b->comm, allocate_shared(b)));
out:
    return code;
}

static void release(bench_t *b)
{
    double **const arrays[] = {&b->X,         &b->x,       &b->y,         &b->u,
                               &b->square,    &b->scratch, &b->shared[0], &b->shared[1],
                               &b->shared[2], &b->message};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    for (int k = 0; k < LOSS_ORDERS; k++)
        mem_free(&b->d[k]);
    spd_free(&b->spd);
    dist_free(&b->dist);
}

/* ---- pieces of work ---- */

static void do_panels(bench_t *b)
{
    const int most = panel_rows(b->p);
    for (int64_t i = 0; i < b->rows; i += most) {
        const int count = (int)least(most, b->rows - i);
        const double *X = b->X + i * b->p;
        panel_gram(count, b->p, X, b->u + i, b->scratch, b->square);
        panel_whiten(count, b->p, b->square, X, b->scratch);
    }
}

static void do_whole(bench_t *b)
{
    spd_factor(b->spd);
}

static void do_shared(bench_t *b)
{
    dist_multiply(b->dist, b->shared[0], b->shared[1], b->shared[2]);
}

static void do_passes(bench_t *b)
{
    panel_times(b->rows, b->p, b->X, b->x, b->u);
    panel_add_transposed(b->rows, b->p, b->X, b->y, b->x);
    for (int j = 0; j < b->p; j++)
        b->x[j] = 1e-3;
}

static void do_rows(bench_t *b)
{
    const int64_t count = least(b->rows, ROWS_MOST);
    work_count(WORK_ROW, (double)count);
    loss_weighted(b->loss, count, b->y, NULL, b->u, 2, b->d);
}

static void do_small_sums(bench_t *b)
{
    for (int i = 0; i < SMALL_SUMS; i++)
        comm_sum(b->comm, b->message, 1);
}

static void do_large_sum(bench_t *b)
{
    comm_sum(b->comm, b->message, MESSAGE);
}

/* ---- measuring ---- */

/* Seconds of one call on the slowest rank. All ranks make the same number of calls. */
static double time_call(bench_t *b, void (*work)(bench_t *))
{
    double taken = 0.0, calls = 0.0;
    work(b);
    for (int64_t more = 1; taken < LEAST; more *= 2) {
        comm_barrier(b->comm);
        const double started = clock_seconds();
        for (int64_t i = 0; i < more; i++)
            work(b);
        taken = comm_max_one(b->comm, clock_seconds() - started);
        calls = (double)more;
    }
    return taken / calls;
}

static double rate(bench_t *b, work_kind_t kind, void (*work)(bench_t *))
{
    const double before = work_counted().amount[kind];
    work(b);
    const double each = comm_max_one(b->comm, work_counted().amount[kind] - before);
    return each / time_call(b, work);
}

static void measure_messages(bench_t *b, plan_rates_t *rates)
{
    const int ranks = comm_size(b->comm);
    const double both = 2.0 * (ranks - 1) / ranks;
    rates->latency = time_call(b, do_small_sums) / SMALL_SUMS;
    rates->bandwidth = both * MESSAGE * sizeof(double) / time_call(b, do_large_sum);
    rates->ranks = ranks;
    rates->messages_measured = true;
}

int rates_measure(comm_t *comm, const plan_request_t *request, plan_rates_t *rates)
{
    int code = TRALO_OK;
    bench_t b = {.comm = comm, .request = request};
    TRY(create(&b));
    rates->amount[WORK_PANEL] = rate(&b, WORK_PANEL, do_panels);
    rates->amount[WORK_WHOLE] = rate(&b, WORK_WHOLE, do_whole);
    rates->amount[WORK_SHARED] = rate(&b, WORK_SHARED, do_shared);
    rates->amount[WORK_PASS] = rate(&b, WORK_PASS, do_passes);
    if (b.loss->joint == NULL)
        rates->amount[WORK_ROW] = rate(&b, WORK_ROW, do_rows);
    else
        TRY(rates_measure_blocks(comm, request->outputs, rates));
    if (comm_size(comm) > 1)
        measure_messages(&b, rates);
    rates->threads = threads_count();
    rates->measured = true;
out:
    release(&b);
    return code;
}
