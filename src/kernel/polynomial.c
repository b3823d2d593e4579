/* SPDX-License-Identifier: BSD-3-Clause */
/* k = b^degree with b = 1 + z / width^2, theta = log width: b' = 2 (1 - b), b'' = 4 (b - 1). A
   small width leaves the highest powers, a large one the linear model. */
#include <math.h>
#include <stddef.h>

#include "kernel/kinds.h"

typedef struct options {
    int64_t degree;
} options_t;

static const param_t params[] = {
    {"degree", "of the polynomial", PARAM_INT, offsetof(options_t, degree), 3, 2, 10, NULL},
    PARAM_END};

static void values(const kernel_t *kernel, const double *theta, int64_t n, const double *z,
                   int order, const kernel_values_t *out)
{
    const double inverse = exp(-2.0 * theta[1]), degree = (double)kernel->degree;
    for (int64_t i = 0; i < n; i++) {
        double r = inverse * z[i], b = 1.0 + r, power = 1.0; /* b^(degree - 2) */
        for (int64_t k = 2; k < kernel->degree; k++)
            power *= b;
        out->k[i] = power * b * b;
        if (order >= 1)
            out->s[1][i] = -2.0 * degree * r * power * b;
        if (order >= 2)
            out->ss[1][1][i] = 4.0 * degree * r * power * (b + (degree - 1.0) * r);
    }
}

const kernel_kind_t kernel_polynomial = {
    .name = "polynomial",
    .doc = "(1 + x'z / width^2)^degree; lambda and width are tuned",
    .params = params,
    .degree = 3,
    .own = 1,
    .hyper_names = {"lambda", "width"},
    .values = values,
};
