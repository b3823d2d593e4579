/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/box.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"

void box_clip(const outer_box_t *box, double *x)
{
    for (int i = 0; i < box->count; i++)
        x[i] = fmin(fmax(x[i], box->lower[i]), box->upper[i]);
}

static double snap(double x, double bound)
{
    return fabs(x - bound) <= 4.0 * DBL_EPSILON * (fabs(x) + fabs(bound)) ? bound : x;
}

void box_move(const outer_box_t *box, const double *x, const double *d, double *to)
{
    for (int i = 0; i < box->count; i++)
        to[i] = d[i] == 0.0 ? x[i] : snap(snap(x[i] + d[i], box->lower[i]), box->upper[i]);
    box_clip(box, to);
}

bool box_at_bound(const outer_box_t *box, const double *x, int i)
{
    return x[i] <= box->lower[i] || x[i] >= box->upper[i];
}

bool box_held(const outer_box_t *box, const double *x, const double *g, int i)
{
    return (x[i] <= box->lower[i] && g[i] > 0.0) || (x[i] >= box->upper[i] && g[i] < 0.0);
}

double box_gradient_norm(const outer_box_t *box, const double *x, const double *g)
{
    double norm = 0.0;
    for (int i = 0; i < box->count; i++)
        if (!box_held(box, x, g, i))
            norm = fmax(norm, fabs(g[i]));
    return norm;
}

static bool is_swept(const outer_box_t *box, int i)
{
    return box->swept == NULL || box->swept[i];
}

void box_line(const outer_box_t *box, int points, double *theta)
{
    double up = 0.0, down = 0.0;
    for (int i = 0; i < box->count; i++) {
        up = is_swept(box, i) ? fmax(up, box->upper[i] - box->start[i]) : up;
        down = is_swept(box, i) ? fmin(down, box->lower[i] - box->start[i]) : down;
    }
    for (int k = 0; k < points; k++) {
        double *x = theta + (size_t)k * (size_t)box->count;
        double t = points == 1 ? 0.0 : up + (down - up) * k / (points - 1);
        for (int i = 0; i < box->count; i++) {
            x[i] = box->start[i] + (is_swept(box, i) ? t : 0.0);
            if (points > 1 && k == 0 && is_swept(box, i))
                x[i] = box->upper[i];
            if (points > 1 && k == points - 1 && is_swept(box, i))
                x[i] = box->lower[i];
        }
        box_clip(box, x);
    }
}

void box_random(const outer_box_t *box, int64_t seed, int64_t index, double *theta)
{
    for (int i = 0; i < box->count; i++) {
        double u = rng_uniform((uint64_t)seed, (uint64_t)index, (uint64_t)i);
        theta[i] = box->lower[i] + u * (box->upper[i] - box->lower[i]);
    }
    box_clip(box, theta);
}
