/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hyper.h"

#include <math.h>
#include <stddef.h>

void hyper_group_natural(const hyper_t *hyper, const double *theta, double *natural)
{
    if (hyper->to_natural != NULL)
        hyper->to_natural(theta, natural);
    for (int a = 0; hyper->to_natural == NULL && a < hyper->per_group; a++)
        natural[a] = exp(theta[a]);
}

static void group_from_natural(const hyper_t *hyper, const double *natural, double *theta)
{
    if (hyper->from_natural != NULL)
        hyper->from_natural(natural, theta);
    for (int a = 0; hyper->from_natural == NULL && a < hyper->per_group; a++)
        theta[a] = log(natural[a]);
}

void hyper_natural(const hyper_t *hyper, const double *theta, double *natural)
{
    for (ptrdiff_t s = 0; s < hyper->count; s += hyper->per_group)
        hyper_group_natural(hyper, theta + s, natural + s);
}

void hyper_from_natural(const hyper_t *hyper, const double *natural, double *theta)
{
    for (ptrdiff_t s = 0; s < hyper->count; s += hyper->per_group)
        group_from_natural(hyper, natural + s, theta + s);
}
