/* SPDX-License-Identifier: BSD-3-Clause */
/* Each measurement repeats a piece of work until all has taken long enough, and divides what the
   kernels counted of it by the time. The first call, which touches the memory, is left out. */
#include "study/rates.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "linalg/csr.h"
#include "linalg/dist.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "loss/loss.h"
#include "study/rates_blocks.h"
#include "study/threads.h"

enum {
    ENTRIES_LEAST = 8,      /* of a row */
    NUMBERS_MOST = 1 << 22, /* of the rows: more than caches hold */
    COLUMNS_MOST = 2000,
    ACROSS_MOST = 1 << 15, /* columns of passes */
    SQUARE_MOST = 1000,
    ROWS_MOST = 1 << 16,
    MESSAGE = 1 << 19, /* numbers */
    SMALL_SUMS = 50,
    STREAM = 77
};
static const double LEAST = 0.05; /* seconds */

plan_rates_t rates_from(const rates_given_t *given)
{
    const double flops = 1e9 * given->gflops / work_typical.amount[WORK_PANEL];
    const double stream = 1e9 * given->stream / (4.0 * work_typical.amount[WORK_PASS]);
    plan_rates_t rates = {.does = work_typical, .threads = 1};
    for (int k = WORK_PANEL; k <= WORK_SHARED; k++)
        rates.does.amount[k] *= flops;
    for (int k = WORK_PASS; k <= WORK_PAIR; k++)
        rates.does.amount[k] *= stream;
    rates.does.amount[WORK_READ] = 1e9 * given->disk;
    rates.does.latency = 1e-6 * given->latency;
    rates.does.bandwidth = 1e9 * given->bandwidth;
    return rates;
}

/* What is measured, on this rank. */
typedef struct bench {
    comm_t *comm;
    const plan_request_t *request;
    int64_t rows; /* of this rank, as far as they are made */
    int p;
    int64_t down; /* for passes: rows, as often as X will be there, of so many columns */
    int across;
    const loss_t *loss;
    double *X;                /* [rows, p] or [down, across]; owned, as all below */
    double *x, *y, *u;        /* [across], [rows] or [down] */
    double *d[LOSS_ORDERS];   /* [rows] */
    double *square, *scratch; /* [p, p], a panel and [across] at least */
    csr_t sparse;             /* as many entries in each row */
    spd_t *spd;
    dist_t *dist;
    double *shared[3]; /* [n, columns] */
    double *message;   /* [MESSAGE] */
} bench_t;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
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
    const int64_t rows = most(b->rows, b->down);
    const int64_t numbers = most(b->rows * b->p, b->down * b->across);
    ALLOC(b->X, numbers);
    ALLOC(b->x, b->across);
    ALLOC(b->y, rows);
    ALLOC(b->u, rows);
    for (int k = 0; k < LOSS_ORDERS; k++)
        ALLOC(b->d[k], b->rows);
    ALLOC(b->square, (int64_t)b->p * b->p);
    ALLOC(b->scratch, most(panel, b->across));
    ALLOC(b->message, MESSAGE);
    TRY(spd_create(b->comm, square, &b->spd));
    fill(numbers, b->X);
    fill(b->across, b->x);
    fill(rows, b->u);
    for (int64_t i = 0; i < rows; i++)
        b->y[i] = 1.0;
    for (int64_t j = 0; j < square; j++)
        b->spd->matrix[j * (square + 1)] = 1.0;
out:
    return code;
}

/* Each row has as many entries as the density says, at random distances. */
static int allocate_sparse(bench_t *b)
{
    int code = TRALO_OK;
    csr_t *A = &b->sparse;
    const double wanted = b->request->density * b->p;
    const int few = b->p < ENTRIES_LEAST ? b->p : ENTRIES_LEAST;
    const int each = wanted > few ? (int)wanted : few;
    A->rows = least(b->rows, NUMBERS_MOST / (8 * (int64_t)each));
    A->columns = b->p;
    ALLOC(A->start, A->rows + 1);
    ALLOC(A->column, A->rows * each);
    ALLOC(A->value, A->rows * each);
    ALLOC(A->shift, b->p);
    fill(A->rows * each, A->value);
    for (int64_t i = 0; i < A->rows; i++)
        for (int64_t k = 0; k < each; k++) {
            const int64_t from = k * b->p / each, to = (k + 1) * b->p / each;
            const uint64_t at = (uint64_t)(i * each + k);
            A->column[i * each + k] = (int)(from + rng_below(1, STREAM, at, to - from));
            A->start[i + 1] = (i + 1) * each;
        }
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
    const int64_t width = (int64_t)r->p + 1, ranks = comm_size(b->comm);
    const bool wide = width > r->n; /* what is long is dealt to the ranks */
    const int64_t shorter = wide ? r->n : width, longer = wide ? width : r->n;
    const int64_t each = wide && r->outputs > 1 ? r->outputs - 1 : r->outputs;
    const int64_t side = least(r->kernel ? r->n : shorter * each, SQUARE_MOST);
    b->p = (int)least(shorter, COLUMNS_MOST);
    b->rows = least((longer + ranks - 1) / ranks, NUMBERS_MOST / b->p);
    const int64_t held = wide ? 2 : 1; /* by rows and by columns */
    b->across = r->kernel ? b->p : (int)least(width, ACROSS_MOST);
    b->down = most(1, held * least((r->n + ranks - 1) / ranks, NUMBERS_MOST / b->across));
    b->loss = loss_find(r->loss);
    TRY(comm_agree(b->comm, allocate(b, (int)side)));
    TRY(comm_agree(b->comm, allocate_sparse(b)));
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
    mem_free(&b->sparse.start);
    mem_free(&b->sparse.column);
    mem_free(&b->sparse.value);
    mem_free(&b->sparse.shift);
    spd_free(&b->spd);
    dist_free(&b->dist);
}

/* ---- pieces of work ---- */

static void do_panels(bench_t *b)
{
    const int height = panel_rows(b->p);
    for (int64_t i = 0; i < b->rows; i += height) {
        const int count = (int)least(height, b->rows - i);
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

/* As a move of the training problem: each panel is still at hand for the way back. */
static void do_passes(bench_t *b)
{
    const int height = panel_near_rows(b->across);
    for (int64_t i = 0; i < b->down; i += height) {
        const int64_t count = least(height, b->down - i);
        panel_times(count, b->across, b->X + i * b->across, b->x, b->u + i);
        panel_add_transposed(count, b->across, b->X + i * b->across, b->y + i, b->scratch);
    }
}

static void do_entries(bench_t *b)
{
    const csr_rows_t all = {&b->sparse, 0, b->sparse.rows};
    csr_times(all, b->x, b->u);
    csr_add_transposed(all, b->y, b->scratch);
}

static void do_pairs(bench_t *b)
{
    const csr_rows_t all = {&b->sparse, 0, b->sparse.rows};
    csr_gram(all, b->y, (panel_block_t){0, b->p, b->p}, b->scratch, b->square);
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

static double wall(void)
{
    return clock_seconds();
}

/* Seconds of one call on the slowest rank by a clock, in the fastest of some rounds. All ranks make
   the same calls. */
static double time_call(bench_t *b, void (*work)(bench_t *), double (*now)(void))
{
    double shortest = INFINITY, spent = 0.0;
    work(b);
    for (int64_t calls = 1; spent < LEAST; calls *= 2) {
        comm_barrier(b->comm);
        const double started = now();
        for (int64_t i = 0; i < calls; i++)
            work(b);
        const double taken = comm_max_one(b->comm, now() - started);
        shortest = fmin(shortest, taken / (double)calls);
        spent += taken;
        calls = taken > 0.1 * LEAST ? (calls + 1) / 2 : calls;
    }
    return shortest;
}

/* Of a rank's own work by its processor time, which other programs on the machine disturb little.
 */
static double rate(bench_t *b, work_kind_t kind, void (*work)(bench_t *))
{
    const bool alone = kind != WORK_SHARED || comm_size(b->comm) == 1;
    const double before = work_counted().amount[kind];
    work(b);
    const double each = comm_max_one(b->comm, work_counted().amount[kind] - before);
    return each / time_call(b, work, alone ? clock_processor : wall);
}

static void measure_messages(bench_t *b, plan_rates_t *rates)
{
    const int ranks = comm_size(b->comm);
    const double both = 2.0 * (ranks - 1) / ranks;
    rates->does.latency = time_call(b, do_small_sums, wall) / SMALL_SUMS;
    rates->does.bandwidth = both * MESSAGE * sizeof(double) / time_call(b, do_large_sum, wall);
    rates->does.ranks = ranks;
    rates->messages_measured = true;
}

int rates_measure(comm_t *comm, const plan_request_t *request, plan_rates_t *rates)
{
    int code = TRALO_OK;
    bench_t b = {.comm = comm, .request = request};
    TRY(create(&b));
    rates->does.amount[WORK_PANEL] = rate(&b, WORK_PANEL, do_panels);
    rates->does.amount[WORK_WHOLE] = rate(&b, WORK_WHOLE, do_whole);
    rates->does.amount[WORK_SHARED] = rate(&b, WORK_SHARED, do_shared);
    rates->does.amount[WORK_PASS] = rate(&b, WORK_PASS, do_passes);
    rates->does.amount[WORK_ENTRY] = rate(&b, WORK_ENTRY, do_entries);
    rates->does.amount[WORK_PAIR] = rate(&b, WORK_PAIR, do_pairs);
    if (b.loss->joint == NULL)
        rates->does.amount[WORK_ROW] = rate(&b, WORK_ROW, do_rows);
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
