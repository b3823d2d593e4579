/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hyper.h"

#include <stddef.h>

void hyper_natural(const hyper_t *hyper, const double *theta, double *natural)
{
    const ptrdiff_t m = hyper->per_group;
    for (int g = 0; g < hyper->groups; g++)
        hyper->to_natural(theta + g * m, natural + g * m);
}

void hyper_from_natural(const hyper_t *hyper, const double *natural, double *theta)
{
    const ptrdiff_t m = hyper->per_group;
    for (int g = 0; g < hyper->groups; g++)
        hyper->from_natural(natural + g * m, theta + g * m);
}
