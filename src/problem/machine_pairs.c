/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows go round the ranks twice: each rank keeps those that its columns stand for, and then
   multiplies all with them. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "problem/machine.h"

enum { PANEL_ROWS = 256 };

/* Calls visit for panels of rows of X that go round, owner by owner, so that no rank holds all. */
typedef struct round {
    machine_t *machine;
    double *panel; /* [PANEL_ROWS, columns of X] */
    double *mine;  /* [columns of this rank, columns of X] the rows that its columns stand for */
} round_t;

static void keep_mine(const round_t *r, int64_t begin, int count)
{
    const size_t width = (size_t)r->machine->data->columns;
    for (int j = 0; j < r->machine->dist->columns; j++) {
        int64_t row = dist_global(r->machine->dist, j) - begin;
        if (row >= 0 && row < count)
            memcpy(r->mine + (size_t)j * width, r->panel + (size_t)row * width,
                   width * sizeof *r->mine);
    }
}

/* pairs[begin .. begin + count, mine] = inner products; the column of ones of X is left aside. */
static void multiply_mine(const round_t *r, int64_t begin, int count)
{
    const machine_t *m = r->machine;
    const int width = m->data->columns;
    if (m->dist->columns > 0)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, m->dist->columns, m->data->p,
                    1.0, r->panel, width, r->mine, width, 0.0, m->pairs + begin, m->n);
}

static void go_round(const round_t *r, void (*visit)(const round_t *, int64_t, int))
{
    const data_t *data = r->machine->data;
    const int64_t width = data->columns;
    for (int owner = 0; owner < comm_size(data->comm); owner++) {
        int64_t first, rows;
        data_partition(data->n, owner, comm_size(data->comm), &first, &rows);
        for (int64_t i = 0; i < rows; i += PANEL_ROWS) {
            int count = (int)(rows - i < PANEL_ROWS ? rows - i : PANEL_ROWS);
            int64_t size = count * width * (int64_t)sizeof(double);
            if (owner == comm_rank(data->comm))
                rows_copy(&data->X, i, count, r->panel);
            comm_share(data->comm, r->panel, size, owner);
            visit(r, first + i, count);
        }
    }
}

/* |x - z|^2 = |x|^2 + |z|^2 - 2 x'z. */
static void turn_to_distances(machine_t *m)
{
    const int64_t n = m->n;
    double *square = m->work;
    for (int j = 0; j < m->dist->columns; j++) {
        int at = dist_global(m->dist, j);
        square[at] = m->pairs[at + j * n];
    }
    dist_collect(m->dist, square);
    for (int j = 0; j < m->dist->columns; j++) {
        int at = dist_global(m->dist, j);
        double *z = m->pairs + j * n;
        for (int64_t i = 0; i < n; i++)
            z[i] = i == at ? 0.0 : fmax(square[i] + square[at] - 2.0 * z[i], 0.0);
    }
}

static int allocate_round(round_t *r)
{
    int code = TRALO_OK;
    const int64_t width = r->machine->data->columns;
    ALLOC(r->panel, PANEL_ROWS * width);
    ALLOC(r->mine, r->machine->dist->columns * width);
out:
    return code;
}

int machine_find_pairs(machine_t *machine)
{
    int code = TRALO_OK;
    round_t r = {.machine = machine};
    TRY(comm_agree(machine->comm, allocate_round(&r)));
    go_round(&r, keep_mine);
    go_round(&r, multiply_mine);
    if (machine->kernel.kind->distance)
        turn_to_distances(machine);
out:
    mem_free(&r.panel);
    mem_free(&r.mine);
    return code;
}
