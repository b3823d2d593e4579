/* SPDX-License-Identifier: BSD-3-Clause */
/* Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, section 3.4: with
   B = I + A^1/2 K A^1/2, whose eigenvalues are at least 1, (K + A^-1)^-1 = A^1/2 B^-1 A^1/2 without
   a division by A. */
#include "problem/machine.h"

#include <cblas.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/work.h"

enum { MATRICES = 3, VECTORS = 13 + LOSS_ORDERS };

void machine_exclude(machine_t *machine, int64_t row)
{
    machine->excluded = row;
    machine->factored = false;
}

const kernel_values_t *machine_column(machine_t *machine, int j, int order)
{
    const int64_t n = machine->n;
    work_count(WORK_ROW, (double)n);
    kernel_at(&machine->kernel, machine->theta, n, machine->pairs + j * n, order, &machine->column);
    return &machine->column;
}

void machine_set(machine_t *machine, const double *theta)
{
    const int64_t pairs = (int64_t)machine->n * machine->dist->columns;
    const kernel_values_t all = {.k = machine->K};
    memmove(machine->theta, theta, (size_t)machine->count * sizeof *theta);
    work_count(WORK_ROW, (double)pairs);
    kernel_at(&machine->kernel, machine->theta, pairs, machine->pairs, 0, &all);
    machine->factored = false;
}

void machine_along(machine_t *machine, const double *delta, double *out)
{
    const int n = machine->n;
    for (int j = 0; j < machine->dist->columns; j++) {
        const kernel_values_t *k = machine_column(machine, j, 1);
        double *column = out + (int64_t)j * n;
        memset(column, 0, (size_t)n * sizeof *column);
        for (int s = 0; s < machine->count; s++)
            cblas_daxpy(n, delta[s], k->s[s], 1, column, 1);
    }
}

void machine_rows(machine_t *machine, int order)
{
    work_count(WORK_ROW, (double)machine->n);
    loss_weighted(&machine->loss, machine->n, machine->y, machine->weights, machine->u, order,
                  machine->l);
    for (int k = 0; machine->excluded >= 0 && k <= order; k++)
        machine->l[k][machine->excluded] = 0.0;
}

static double largest(int n, const double *x)
{
    double most = 0.0;
    for (int i = 0; i < n; i++)
        most = fmax(most, isnan(x[i]) ? INFINITY : fabs(x[i]));
    return most;
}

static machine_size_t measure(const machine_t *machine)
{
    const int n = machine->n;
    const double *alpha = machine->solution, *l1 = machine->l[1];
    machine_size_t size = {.value = 0.5 * cblas_ddot(n, alpha, 1, machine->f, 1),
                           .largest_u = largest(n, machine->u)};
    double sum = 0.0, terms = DBL_MIN;
    for (int i = 0; i < n; i++) {
        double part = fabs(alpha[i] + l1[i]);
        size.residual = fmax(size.residual, isnan(part) ? INFINITY : part);
        size.value += machine->l[0][i];
        sum += l1[i];
        terms += fabs(l1[i]);
    }
    double scale = fmax(largest(n, l1), fmax(1e-4 * machine->null_slope, DBL_MIN));
    size.relative = size.residual / scale;
    if (machine->data->intercept)
        size.relative = fmax(size.relative, fabs(sum) / terms);
    if (!isfinite(size.relative) || !isfinite(size.value))
        size.relative = INFINITY;
    return size;
}

void machine_move(machine_t *machine)
{
    const int n = machine->n;
    work_count(WORK_MOVE, 1.0);
    dist_times(machine->dist, machine->K, machine->solution, machine->f);
    for (int i = 0; i < n; i++)
        machine->u[i] = machine->f[i] + machine->solution[n] +
                        (machine->offset != NULL ? machine->offset[i] : 0.0);
    machine_rows(machine, 2);
    machine->size = measure(machine);
    comm_share(machine->comm, &machine->size, sizeof machine->size, 0);
}

void machine_reduce(const machine_t *machine, const double *x, double *y)
{
    const int n = machine->n;
    for (int i = 0; i < n; i++)
        y[i] = machine->root[i] * x[i];
    dist_solve(machine->dist, machine->factor, y);
    for (int i = 0; i < n; i++)
        y[i] *= machine->root[i];
}

static void fill_factor(machine_t *machine)
{
    const int64_t n = machine->n;
    const double *root = machine->root;
    for (int j = 0; j < machine->dist->columns; j++) {
        int64_t at = dist_global(machine->dist, j);
        double *to = machine->factor + j * n;
        const double *from = machine->K + j * n;
        for (int64_t i = 0; i < n; i++)
            to[i] = root[i] * root[at] * from[i];
        to[at] += 1.0;
    }
}

/* With the roots at hand. */
static int factor(machine_t *machine)
{
    const int n = machine->n;
    work_count(WORK_FACTOR, 1.0);
    fill_factor(machine);
    int failed = dist_factor(machine->dist, machine->factor);
    machine->factored = failed < 0;
    machine->sigma = INFINITY;
    if (failed >= 0 || !machine->data->intercept)
        return failed;
    for (int i = 0; i < n; i++)
        machine->work[i] = 1.0;
    machine_reduce(machine, machine->work, machine->ones);
    machine->sigma = cblas_ddot(n, machine->ones, 1, machine->work, 1);
    machine->factored = machine->sigma > 0.0;
    return machine->factored ? -1 : 0;
}

int machine_factor(machine_t *machine)
{
    if (machine->factored && machine->loss.quadratic)
        return -1;
    for (int i = 0; i < machine->n; i++)
        machine->root[i] = sqrt(fmax(machine->l[2][i], 0.0));
    return factor(machine);
}

double machine_bound(const machine_t *machine, int64_t i)
{
    return loss_bound(&machine->loss, machine->y[i], machine->u[i], machine->l[1][i],
                      machine->l[2][i]);
}

int machine_majorise(machine_t *machine)
{
    for (int i = 0; i < machine->n; i++)
        machine->root[i] = sqrt(fmax(machine_bound(machine, i), 0.0));
    return factor(machine);
}

/* ---- from the data ---------------------------------------------------------------------------
 */

static int check_target(const data_t *data, const loss_t *loss)
{
    int code = TRALO_OK;
    if (loss->joint != NULL || data->offsets > 1)
        FAIL(TRALO_ERR_INPUT, "a kernel serves losses of one output: not '%s'%s", loss->name,
             data->offsets > 1 ? ", nor an offset of several numbers in a row" : "");
    for (int64_t i = 0; i < data->rows; i++)
        if (!loss->valid(data->y[i]))
            FAIL(TRALO_ERR_INPUT,
                 "row %" PRId64 ": y = %g is not allowed for the loss '%s': give %s",
                 data->first + i, data->y[i], loss->name, loss->domain);
out:
    return code;
}

int64_t machine_memory(int64_t n, int p, int ranks)
{
    int64_t matrix = dist_elements((int)n, ranks);
    int64_t numbers = MATRICES * matrix + (VECTORS + KERNEL_MOST * (KERNEL_MOST + 1)) * n;
    return (numbers + matrix / n * (p + 1)) * (int64_t)sizeof(double);
}

static int check_memory(const data_t *data)
{
    int code = TRALO_OK;
    if (data->n > INT_MAX)
        FAIL(TRALO_ERR_INPUT, "a kernel needs an n x n matrix, and %" PRId64 " rows are too many",
             data->n);
    int64_t needed = machine_memory(data->n, data->p, comm_size(data->comm));
    int64_t there = mem_available_each(comm_local_ranks(data->comm));
    if (there > 0 && needed > there)
        FAIL(TRALO_ERR_MEMORY,
             "a kernel for %" PRId64 " rows needs %.2f GB on each of %d ranks for n x n matrices, "
             "and %.2f GB are free for it: use more nodes, or fewer rows",
             data->n, 1e-9 * (double)needed, comm_size(data->comm), 1e-9 * (double)there);
out:
    return code;
}

static int allocate(machine_t *m)
{
    int code = TRALO_OK;
    const int64_t n = m->n, matrix = n * m->dist->columns;
    ALLOC(m->y, n);
    if (m->data->weights != NULL)
        ALLOC(m->weights, n);
    if (m->data->offset != NULL)
        ALLOC(m->offset, n);
    ALLOC(m->pairs, matrix);
    ALLOC(m->K, matrix);
    ALLOC(m->factor, matrix);
    ALLOC(m->theta, m->count);
    ALLOC(m->solution, n + 1);
    ALLOC(m->f, n);
    ALLOC(m->u, n);
    for (int k = 0; k < LOSS_ORDERS; k++)
        ALLOC(m->l[k], n);
    ALLOC(m->root, n);
    ALLOC(m->ones, n);
    ALLOC(m->work, n);
    ALLOC(m->newton, 4 * n + 2);
    TRY(kernel_values_create(&m->kernel, n, &m->column));
out:
    return code;
}

/* values [rows] of this rank to all [n] of all ranks; NULL stays. */
static void gather(const data_t *data, const double *values, double *all)
{
    if (values == NULL)
        return;
    memcpy(all + data->first, values, (size_t)data->rows * sizeof *all);
    comm_sum(data->comm, all, data->n);
}

static void measure_null(machine_t *machine)
{
    gather(machine->data, machine->data->y, machine->y);
    gather(machine->data, machine->data->weights, machine->weights);
    gather(machine->data, machine->data->offset, machine->offset);
    if (machine->offset != NULL)
        memcpy(machine->u, machine->offset, (size_t)machine->n * sizeof *machine->u);
    machine_rows(machine, 1);
    double slope = largest(machine->n, machine->l[1]);
    machine->null_slope = isfinite(slope) ? slope : 0.0;
}

int machine_create(const data_t *data, const loss_t *loss, const kernel_t *kernel, machine_t **out)
{
    int code = TRALO_OK;
    machine_t *machine = NULL;
    TRY(comm_agree(data->comm, check_target(data, loss)));
    TRY(comm_agree(data->comm, check_memory(data)));
    TRY(comm_agree(data->comm, mem_alloc(1, sizeof *machine, &machine)));
    machine->comm = data->comm;
    machine->data = data;
    machine->loss = *loss;
    machine->kernel = *kernel;
    machine->n = (int)data->n;
    machine->count = kernel_hyper(kernel).count;
    machine->excluded = -1;
    TRY(dist_create(data->comm, machine->n, &machine->dist));
    TRY(comm_agree(data->comm, allocate(machine)));
    TRY(machine_find_pairs(machine));
    measure_null(machine);
    *out = machine;
    machine = NULL;
out:
    machine_free(&machine);
    return code;
}

void machine_free(machine_t **machine)
{
    machine_t *m = *machine;
    if (m == NULL)
        return;
    double **const arrays[] = {&m->y,      &m->weights, &m->offset,   &m->pairs, &m->K,
                               &m->factor, &m->theta,   &m->solution, &m->f,     &m->u,
                               &m->root,   &m->ones,    &m->work,     &m->newton};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    for (int k = 0; k < LOSS_ORDERS; k++)
        mem_free(&m->l[k]);
    kernel_values_free(&m->column);
    dist_free(&m->dist);
    mem_free(machine);
}
