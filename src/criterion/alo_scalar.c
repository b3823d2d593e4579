/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/alo_scalar.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/share.h"
#include "problem/cost.h"

enum {
    ARRAYS = 14,  /* in the storage */
    ROW_COST = 20 /* operations for a row */
};

int alo_scalar_create(int64_t count, alo_scalar_t *out)
{
    int code = TRALO_OK;
    double **const arrays[ARRAYS] = {
        &out->h, &out->t, &out->left_out, &out->phi[0], &out->phi[1], &out->phi[2], &out->c,
        &out->k, &out->q, &out->u_dot,    &out->h_dot,  &out->c_dot,  &out->k_dot,  &out->g};
    ALLOC(out->storage, ARRAYS * count);
    out->count = count;
    for (int i = 0; i < ARRAYS; i++)
        *arrays[i] = out->storage + i * count;
out:
    return code;
}

int64_t alo_scalar_memory(int64_t count)
{
    return ARRAYS * count * (int64_t)sizeof(double);
}

void alo_scalar_free(alo_scalar_t *rows)
{
    mem_free(&rows->storage);
}

void alo_scalar_cost(const problem_shape_t *shape, int order, double directions, work_t *work)
{
    cost_rows(shape, 2.0 + (order > 0 ? 2.0 : 0.0) + 2.0 * directions, work);
}

double alo_scalar_find_t(alo_scalar_t *rows, int64_t *at)
{
    double least = 1.0;
    work_count(WORK_ROW, (double)rows->count);
    *at = -1;
    for (int64_t i = 0; i < rows->count; i++) {
        if (!rows->own_t)
            rows->t[i] = 1.0 - rows->l[2][i] * rows->h[i];
        if (!(rows->t[i] >= least)) {
            least = isnan(rows->t[i]) ? -INFINITY : rows->t[i];
            *at = i;
        }
    }
    return least;
}

bool alo_scalar_singular(criterion_result_t *result)
{
    if (result->least_t > 16.0 * DBL_EPSILON)
        return false;
    snprintf(result->failure, sizeof result->failure,
             "row %" PRId64 " determines its own fit (t = 1 - l''h = %.1e): it cannot be left out "
             "with these penalties; raise search.lower",
             result->least_t_row, result->least_t);
    return true;
}

bool alo_scalar_find_all_t(alo_scalar_t *rows, const problem_t *problem, criterion_result_t *result)
{
    int64_t at;
    double least = alo_scalar_find_t(rows, &at), all = least;
    comm_min(problem->comm, &all, 1);
    result->least_t = all;
    result->least_t_row = evaluation_lowest_row(problem, least == all ? at : -1);
    return !alo_scalar_singular(result);
}

/* Calls work(rows, begin, end) for ranges of all rows. */
static void for_rows(alo_scalar_t *rows, share_work_t work)
{
    work_count(WORK_ROW, (double)rows->count);
    share(rows->count, ROW_COST * (double)rows->count, work, rows);
}

static void leave_out(void *argument, int64_t begin, int64_t end)
{
    alo_scalar_t *rows = argument;
    for (int64_t i = begin; i < end; i++)
        rows->left_out[i] = rows->u[i] + rows->l[1][i] * rows->h[i] / rows->t[i];
}

void alo_scalar_leave_out(alo_scalar_t *rows)
{
    for_rows(rows, leave_out);
}

static void weigh(void *argument, int64_t begin, int64_t end)
{
    alo_scalar_t *rows = argument;
    for (int64_t i = begin; i < end; i++)
        rows->c[i] = rows->phi[1][i] * rows->l[1][i] / (rows->t[i] * rows->t[i]);
}

void alo_scalar_weigh(alo_scalar_t *rows)
{
    for_rows(rows, weigh);
}

static void adjoint(void *argument, int64_t begin, int64_t end)
{
    alo_scalar_t *rows = argument;
    double *const *l = rows->l;
    for (int64_t i = begin; i < end; i++) {
        double h = rows->h[i], t = rows->t[i];
        rows->q[i] = 1.0 / t + l[1][i] * l[3][i] * h * h / (t * t);
        rows->g[i] = rows->phi[1][i] * rows->q[i] - rows->k[i] * l[3][i];
    }
}

void alo_scalar_adjoint(alo_scalar_t *rows)
{
    for_rows(rows, adjoint);
}

static void move(void *argument, int64_t begin, int64_t end)
{
    alo_scalar_t *rows = argument;
    double *const *l = rows->l;
    for (int64_t i = begin; i < end; i++) {
        const double l1 = l[1][i], l2 = l[2][i], l3 = l[3][i];
        const double h = rows->h[i], t = rows->t[i], u_dot = rows->u_dot[i];
        const double h_dot = rows->h_dot[i];
        const double l1_dot = l2 * u_dot, l2_dot = l3 * u_dot, l3_dot = l[4][i] * u_dot;
        const double t_dot = -(l2_dot * h + l2 * h_dot);
        const double left_out_dot =
            u_dot + (l1_dot * h + l1 * h_dot) / t - l1 * h * t_dot / (t * t);
        const double phi1 = rows->phi[1][i], phi1_dot = rows->phi[2][i] * left_out_dot;
        rows->c_dot[i] =
            (phi1_dot * l1 + phi1 * l1_dot) / (t * t) - 2.0 * phi1 * l1 * t_dot / (t * t * t);
        const double q_dot =
            -t_dot / (t * t) +
            (l1_dot * l3 * h * h + l1 * l3_dot * h * h + 2.0 * l1 * l3 * h * h_dot) / (t * t) -
            2.0 * l1 * l3 * h * h * t_dot / (t * t * t);
        rows->g[i] = phi1_dot * rows->q[i] + phi1 * q_dot;
    }
}

void alo_scalar_move(alo_scalar_t *rows)
{
    for_rows(rows, move);
}

static void move_adjoint(void *argument, int64_t begin, int64_t end)
{
    alo_scalar_t *rows = argument;
    for (int64_t i = begin; i < end; i++)
        rows->g[i] -= rows->k_dot[i] * rows->l[3][i] + rows->k[i] * rows->l[4][i] * rows->u_dot[i];
}

void alo_scalar_move_adjoint(alo_scalar_t *rows)
{
    for_rows(rows, move_adjoint);
}
