/* SPDX-License-Identifier: BSD-3-Clause */
/* Conjugate gradients in rounds: the residual that the recursion carries drifts from the true one,
   so that each round ends with the true one, and another begins where that has not come down yet.

       r = b - H x
       round, as long as the last one has made |r| four times smaller:
           p = z = M^-1 r
           until |r| is below the tolerance:
               step = r'z / p'Hp                 p'Hp > 0, or H is not positive definite
               x = x + step p     r = r - step Hp     z = M^-1 r
               p = z + (r'z now / r'z before) p
           r = b - H x

   |r|^2 = r'M^-1 r. p'Mp comes from the same recursion as p, for z and p are M-orthogonal. */
#include "problem/conjugate.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/work.h"

static const double GAIN = 0.0625; /* of |r|^2, that makes another round worth while */
static const double LOOSE = 1e-6;  /* a tolerance that the recursion meets without drift */

int conjugate_allocate(conjugate_t *c, int columns)
{
    int code = TRALO_OK;
    c->columns = columns;
    ALLOC(c->b, CONJUGATE_VECTORS * (int64_t)columns);
    c->r = c->b + columns;
    c->z = c->r + columns;
    c->p = c->z + columns;
    c->q = c->p + columns;
out:
    return code;
}

void conjugate_release(conjugate_t *c)
{
    mem_free(&c->b);
}

static double dot(const conjugate_t *c, const double *x, const double *y)
{
    double value = cblas_ddot(c->columns, x, 1, y, 1);
    comm_share(c->comm, &value, sizeof value, 0);
    return value;
}

/* z = M^-1 r; returns r'z. */
static double precondition(conjugate_t *c)
{
    memcpy(c->z, c->r, (size_t)c->columns * sizeof *c->z);
    c->precondition(c->context, c->z);
    return dot(c, c->r, c->z);
}

/* r = b - H x, and z; returns r'z. */
static double find_residual(conjugate_t *c, const double *x, conjugate_end_t *end)
{
    c->multiply(c->context, x, c->q);
    end->products++;
    for (int j = 0; j < c->columns; j++)
        c->r[j] = c->b[j] - c->q[j];
    return precondition(c);
}

static int largest(const conjugate_t *c)
{
    int column = (int)cblas_idamax(c->columns, c->p, 1);
    comm_share(c->comm, &column, sizeof column, 0);
    return column;
}

/* One round from r, z and size = r'z; returns r'z at its end, by the recursion. */
static double iterate(conjugate_t *c, double size, double wanted, int64_t most, double *x,
                      conjugate_end_t *end)
{
    const int n = c->columns;
    double length = size; /* p'Mp */
    memcpy(c->p, c->z, (size_t)n * sizeof *c->p);
    while (size > wanted && end->products < most) {
        c->multiply(c->context, c->p, c->q);
        end->products++;
        double curvature = dot(c, c->p, c->q);
        if (!(curvature > DBL_EPSILON * length)) {
            end->column = largest(c);
            return size;
        }
        double step = size / curvature, before = size;
        cblas_daxpy(n, step, c->p, 1, x, 1);
        cblas_daxpy(n, -step, c->q, 1, c->r, 1);
        size = precondition(c);
        double ratio = size / before;
        length = size + ratio * ratio * length;
        for (int j = 0; j < n; j++)
            c->p[j] = c->z[j] + ratio * c->p[j];
    }
    return size;
}

/* x = start and its residual, or x = 0 where that is nearer; returns r'z, *first = b'M^-1 b. */
static double begin(conjugate_t *c, const double *start, double *x, double *first,
                    conjugate_end_t *end)
{
    const size_t bytes = (size_t)c->columns * sizeof *x;
    memcpy(c->r, c->b, bytes);
    *first = precondition(c);
    if (start != NULL) {
        memcpy(x, start, bytes);
        double size = find_residual(c, x, end);
        if (size < *first)
            return size;
        memcpy(c->r, c->b, bytes);
        precondition(c);
    }
    memset(x, 0, bytes);
    return *first;
}

conjugate_end_t conjugate_solve(conjugate_t *c, const double *start, double tolerance, int64_t most,
                                double *x)
{
    conjugate_end_t end = {.column = -1};
    double first, size, before, wanted;
    memcpy(c->b, x, (size_t)c->columns * sizeof *x);
    size = begin(c, start, x, &first, &end);
    wanted = tolerance * tolerance * first;
    do {
        before = size;
        size = iterate(c, size, wanted, most, x, &end);
        if (tolerance < LOOSE && end.column < 0)
            size = find_residual(c, x, &end);
    } while (end.column < 0 && size > wanted && size <= GAIN * before && end.products < most);
    work_count(WORK_PRODUCT, (double)end.products);
    end.residual = first > 0.0 ? sqrt(size / first) : first;
    comm_share(c->comm, x, c->columns * (int64_t)sizeof *x, 0);
    return end;
}
