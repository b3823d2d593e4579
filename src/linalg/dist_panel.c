/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns of a distributed matrix on their way: from their owners to all ranks, and sums over the
   ranks to their owners. A panel is some blocks, which have an owner each. */
#include <cblas.h>
#include <string.h>

#include "base/clock.h"
#include "base/work.h"
#include "comm/mpi.h"
#include "linalg/dist.h"

enum { PANEL = 4 * DIST_BLOCK };

int dist_panel(int n)
{
    return n < PANEL ? n : PANEL;
}

bool dist_next(const dist_t *dist, panel_block_t *panel)
{
    panel->first += panel->count;
    const int left = dist->n - panel->first, most = dist_panel(dist->n);
    panel->count = left < most ? left : most;
    panel->ld = dist->n;
    return panel->count > 0;
}

/* One block of a panel: rows row .. row + height - 1 of the columns first .. first + count - 1. */
typedef struct piece {
    int first, count, row, height;
    int owner;
    int64_t local; /* its first column there */
} piece_t;

/* The next block of the panel; false: there are no more. */
static bool next_piece(const dist_t *dist, panel_block_t panel, piece_t *p)
{
    const int end = panel.first + panel.count, ranks = comm_size(dist->comm);
    p->first = p->count == 0 ? panel.first : p->first + p->count;
    p->count = end - p->first < DIST_BLOCK ? end - p->first : DIST_BLOCK;
    p->owner = p->first / DIST_BLOCK % ranks;
    p->local = (int64_t)(p->first / DIST_BLOCK / ranks) * DIST_BLOCK;
    return p->count > 0;
}

static void copy(int64_t height, int64_t count, const double *from, int64_t from_ld, double *to,
                 int64_t to_ld)
{
    for (int64_t j = 0; j < count; j++)
        memcpy(to + j * to_ld, from + j * from_ld, (size_t)height * sizeof *to);
}

/* Columns that stand ld apart in a panel, one behind the other, and back. */
static void pack(const piece_t *p, int64_t ld, double *columns)
{
    for (int64_t j = 1; j < p->count; j++)
        memmove(columns + j * p->height, columns + j * ld, (size_t)p->height * sizeof *columns);
}

static void unpack(const piece_t *p, int64_t ld, double *columns)
{
    for (int64_t j = p->count - 1; j > 0; j--)
        memmove(columns + j * ld, columns + j * p->height, (size_t)p->height * sizeof *columns);
}

void dist_show(const dist_t *dist, const double *A, panel_block_t panel, dist_part_t part,
               double *out)
{
    const int64_t n = dist->n;
    piece_t p = {.row = part == DIST_LOWER ? panel.first : 0};
    p.height = (part == DIST_LOWER ? dist->n : panel.first + panel.count) - p.row;
    while (next_piece(dist, panel, &p)) {
        const bool mine = p.owner == comm_rank(dist->comm);
        const int64_t bytes = (int64_t)p.height * p.count * (int64_t)sizeof *out;
        double *to = out + (p.first - panel.first) * n + p.row;
        if (mine)
            copy(p.height, p.count, A + p.local * n + p.row, n, to, p.height);
        comm_share(dist->comm, to, bytes, p.owner);
        unpack(&p, n, to);
    }
}

static void reduce(comm_t *comm, double *summands, int count, int owner)
{
    const double started = clock_seconds();
    const bool mine = owner == comm_rank(comm);
    MPI_Reduce(mine ? MPI_IN_PLACE : summands, mine ? summands : NULL, count, MPI_DOUBLE, MPI_SUM,
               owner, comm_mpi(comm));
    comm_count(comm, (int64_t)count * (int64_t)sizeof *summands, started);
}

void dist_settle(const dist_t *dist, double *summands, panel_block_t panel, double *A)
{
    const int64_t n = dist->n;
    piece_t p = {.row = panel.first, .height = dist->n - panel.first};
    while (next_piece(dist, panel, &p)) {
        double *from = summands + (p.first - panel.first) * n + p.row;
        pack(&p, n, from);
        reduce(dist->comm, from, p.height * p.count, p.owner);
        if (p.owner == comm_rank(dist->comm))
            copy(p.height, p.count, from, p.height, A + p.local * n + p.row, n);
    }
}

static double symmetric_flops(int n, int columns)
{
    return 2.0 * n * (double)n * columns;
}

/* Of the columns K of S: C_K += S_KK B_K + S_below' B_below, C_below += S_below B_K. */
void dist_symmetric(const dist_t *dist, const double *S, const double *B, double *panel, double *C)
{
    const int n = dist->n, columns = dist->columns;
    panel_block_t k = {0};
    work_count(WORK_SHARED, symmetric_flops(n, columns));
    memset(C, 0, (size_t)n * (size_t)columns * sizeof *C);
    while (dist_next(dist, &k)) {
        const int end = k.first + k.count;
        dist_show(dist, S, k, DIST_LOWER, panel);
        if (columns == 0)
            continue;
        cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, k.count, columns, 1.0, panel + k.first, n,
                    B + k.first, n, 1.0, C + k.first, n);
        if (end == n)
            continue;
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, k.count, columns, n - end, 1.0,
                    panel + end, n, B + end, n, 1.0, C + k.first, n);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n - end, columns, k.count, 1.0,
                    panel + end, n, B + k.first, n, 1.0, C + end, n);
    }
}

/* Calls, and bytes of the blocks whose owner is 0, or of all where ranks is 1. */
static void cost_panels(int n, int ranks, dist_part_t part, double times, work_t *work)
{
    for (int first = 0; first < n; first += DIST_BLOCK) {
        const int begin = first / PANEL * PANEL, end = begin + PANEL < n ? begin + PANEL : n;
        const int count = n - first < DIST_BLOCK ? n - first : DIST_BLOCK;
        const double numbers = (double)count * (part == DIST_LOWER ? n - begin : end);
        const bool mine = first / DIST_BLOCK % ranks == 0;
        work_sum(work, times, mine ? numbers : 0.0);
    }
}

void dist_cost_show(int n, int ranks, dist_part_t part, double times, work_t *work)
{
    cost_panels(n, ranks, part, times, work);
}

void dist_cost_settle(int n, double times, work_t *work)
{
    cost_panels(n, 1, DIST_LOWER, times, work);
}

void dist_cost_symmetric(int n, int ranks, double times, work_t *work)
{
    work->amount[WORK_SHARED] += times * symmetric_flops(n, n);
    cost_panels(n, ranks, DIST_LOWER, times, work);
}
