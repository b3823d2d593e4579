/* SPDX-License-Identifier: BSD-3-Clause */
/* k = exp(-z / (2 width^2)), theta = log width; with r = z / width^2: k' = k r, k'' = k r (r - 2).
 */
#include <math.h>

#include "kernel/kinds.h"

static void values(const kernel_t *kernel, const double *theta, int64_t n, const double *z,
                   int order, const kernel_values_t *out)
{
    const double inverse = exp(-2.0 * theta[1]);
    (void)kernel;
    for (int64_t i = 0; i < n; i++)
        out->k[i] = exp(-0.5 * inverse * z[i]);
    for (int64_t i = 0; order >= 1 && i < n; i++)
        out->s[1][i] = out->k[i] * inverse * z[i];
    for (int64_t i = 0; order >= 2 && i < n; i++)
        out->ss[1][1][i] = out->s[1][i] * (inverse * z[i] - 2.0);
}

const kernel_kind_t kernel_rbf = {
    .name = "rbf",
    .doc = "exp(-|x - z|^2 / (2 width^2)); lambda and width are tuned",
    .own = 1,
    .hyper_names = {"lambda", "width"},
    .distance = true,
    .values = values,
};
