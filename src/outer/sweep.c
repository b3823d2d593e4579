/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/sweep.h"

#include <math.h>
#include <stdbool.h>

static double neighbour(int points, const double *f, int i, int direction)
{
    for (int k = i + direction; k >= 0 && k < points; k += direction)
        if (!isnan(f[k]))
            return f[k];
    return INFINITY;
}

/* Of a plateau the first point counts. */
static bool is_minimum(int points, const double *f, int i)
{
    return f[i] < neighbour(points, f, i, -1) && f[i] <= neighbour(points, f, i, 1);
}

/* Adds the points that are, or are not, minima behind order[from]; returns the new end. */
static int append_sorted(int points, const double *f, bool minima, int *order, int from)
{
    int end = from;
    for (int i = 0; i < points; i++) {
        if (isnan(f[i]) || is_minimum(points, f, i) != minima)
            continue;
        int place = end++;
        for (; place > from && f[order[place - 1]] > f[i]; place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
    return end;
}

int sweep_rank(int points, const double *f, int *order, int *minima)
{
    *minima = append_sorted(points, f, true, order, 0);
    return append_sorted(points, f, false, order, *minima);
}
