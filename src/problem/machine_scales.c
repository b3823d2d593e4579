/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problem/machine.h"

enum { SAMPLE = 256, NULL_STEPS = 50 };

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Rows i n / m, i = 0 .. m - 1, stand for all: the pairs of one of them at a time, and then the
   median of the rows' medians. */
static double median_distance(machine_t *m)
{
    const int64_t n = m->n, sample = n < SAMPLE ? n : SAMPLE;
    double part[SAMPLE], medians[SAMPLE];
    memset(m->work, 0, (size_t)n * sizeof *m->work);
    for (int j = 0; j < m->dist->columns; j++) {
        const double *z = m->pairs + j * n;
        int found = 0;
        for (int64_t i = 0; i < sample; i++)
            if (z[i * n / sample] > 0.0)
                part[found++] = z[i * n / sample];
        qsort(part, (size_t)found, sizeof *part, ascending);
        m->work[dist_global(m->dist, j)] = found > 0 ? part[found / 2] : 0.0;
    }
    dist_collect(m->dist, m->work);
    for (int64_t i = 0; i < sample; i++)
        medians[i] = m->work[i * n / sample];
    qsort(medians, (size_t)sample, sizeof *medians, ascending);
    return sqrt(medians[sample / 2]);
}

/* diagonal [n] of the pairs into work; its mean. */
static double mean_diagonal(machine_t *m)
{
    double sum = 0.0;
    for (int j = 0; j < m->dist->columns; j++) {
        int64_t at = dist_global(m->dist, j);
        m->work[at] = m->pairs[at + j * (int64_t)m->n];
    }
    dist_collect(m->dist, m->work);
    for (int i = 0; i < m->n; i++)
        sum += m->work[i];
    return sum / m->n;
}

/* The null model: Newton's method for the intercept, steps of at most 2, or of any length where
   parabolas bound the loss. */
static void find_null_model(machine_t *m)
{
    const double limit = m->loss.robust || m->loss.quadratic ? INFINITY : 2.0;
    double b = 0.0;
    for (int step = 0; step <= NULL_STEPS; step++) {
        double slope = 0.0, curvature = 0.0;
        for (int i = 0; i < m->n; i++)
            m->u[i] = b + (m->offset != NULL ? m->offset[i] : 0.0);
        machine_rows(m, 2);
        for (int i = 0; i < m->n; i++) {
            slope += m->l[1][i];
            curvature += machine_bound(m, i);
        }
        double move = -slope / curvature;
        if (!m->data->intercept || !(fabs(move) > 1e-6))
            break;
        b += fmax(-limit, fmin(limit, move));
    }
}

void machine_scales(machine_t *m, double *natural)
{
    double theta[KERNEL_MOST] = {0.0}, sum = 0.0, square = mean_diagonal(m);
    double width = m->kernel.kind->distance ? median_distance(m) : sqrt(square);
    width = width > 0.0 && isfinite(width) ? width : 1.0;
    for (int s = 1; s < m->count; s++) {
        natural[s] = width;
        theta[s] = log(width);
    }
    mean_diagonal(m);
    kernel_at(&m->kernel, theta, m->n, m->work, 0, &m->column);
    find_null_model(m);
    for (int i = 0; i < m->n; i++)
        sum += machine_bound(m, i) * m->column.k[i];
    natural[0] = sum > 0.0 && isfinite(sum) ? sum / m->data->p : 1.0;
    comm_share(m->comm, natural, m->count * (int64_t)sizeof *natural, 0);
}
