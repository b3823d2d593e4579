/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "kernel/kinds.h"

const kernel_kind_t *const kernel_kinds[] = {&kernel_rbf, &kernel_polynomial, &kernel_linear, NULL};

const kernel_kind_t *kernel_find(const char *name)
{
    for (int i = 0; kernel_kinds[i] != NULL; i++)
        if (strcmp(kernel_kinds[i]->name, name) == 0)
            return kernel_kinds[i];
    return NULL;
}

kernel_t kernel_configured(const kernel_kind_t *kind, const void *options)
{
    return (kernel_t){.kind = kind,
                      .degree = kind->params != NULL ? *(const int64_t *)options : kind->degree};
}

hyper_t kernel_hyper(const kernel_t *kernel)
{
    static const double from_data[KERNEL_MOST] = {0.0};
    int count = 1 + kernel->kind->own;
    return (hyper_t){.owner = kernel->kind->name,
                     .groups = 1,
                     .per_group = count,
                     .count = count,
                     .names = kernel->kind->hyper_names,
                     .lower = from_data,
                     .upper = from_data,
                     .start = from_data};
}

int kernel_values_create(const kernel_t *kernel, int64_t n, kernel_values_t *out)
{
    int code = TRALO_OK, count = 1 + kernel->kind->own;
    kernel_values_t values = {.storage = NULL};
    ALLOC(values.storage, n * (1 + count + count * count));
    double *at = values.storage;
    values.k = at;
    for (int a = 0; a < count; a++)
        values.s[a] = at += n;
    for (int a = 0; a < count; a++)
        for (int b = 0; b < count; b++)
            values.ss[a][b] = at += n;
    *out = values;
out:
    return code;
}

void kernel_values_free(kernel_values_t *values)
{
    mem_free(&values->storage);
}

static void scale(int64_t n, double factor, double *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] *= factor;
}

static void negate(int64_t n, const double *x, double *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = -x[i];
}

void kernel_at(const kernel_t *kernel, const double *theta, int64_t n, const double *z, int order,
               const kernel_values_t *out)
{
    const int own = kernel->kind->own;
    const double factor = exp(-theta[0]);
    kernel->kind->values(kernel, theta, n, z, order, out);
    scale(n, factor, out->k);
    for (int a = 1; order >= 1 && a <= own; a++)
        scale(n, factor, out->s[a]);
    for (int a = 1; order >= 2 && a <= own; a++)
        for (int b = 1; b <= own; b++)
            scale(n, factor, out->ss[a][b]);
    if (order >= 1) /* d/dlog lambda of anything is its negative */
        negate(n, out->k, out->s[0]);
    for (int a = 0; order >= 2 && a <= own; a++) {
        negate(n, out->s[a], out->ss[0][a]);
        negate(n, out->s[a], out->ss[a][0]);
    }
}
