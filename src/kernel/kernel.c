/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/share.h"
#include "kernel/kinds.h"

enum { PAIR_COST = 20 }; /* operations for a pair: exp */

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

typedef struct pairs {
    const kernel_t *kernel;
    const double *theta, *z;
    int order;
    const kernel_values_t *out;
} pairs_t;

/* The values from pair `begin` on. */
static kernel_values_t values_from(const kernel_values_t *values, int64_t begin, int own, int order)
{
    kernel_values_t at = {.k = values->k + begin};
    for (int a = 0; order >= 1 && a <= own; a++)
        at.s[a] = values->s[a] + begin;
    for (int a = 0; order >= 2 && a <= own; a++)
        for (int b = 0; b <= own; b++)
            at.ss[a][b] = values->ss[a][b] + begin;
    return at;
}

static void evaluate(void *argument, int64_t begin, int64_t end)
{
    const pairs_t *p = argument;
    const int own = p->kernel->kind->own, order = p->order;
    const double factor = exp(-p->theta[0]);
    const int64_t n = end - begin;
    const kernel_values_t out = values_from(p->out, begin, own, order);
    p->kernel->kind->values(p->kernel, p->theta, n, p->z + begin, order, &out);
    scale(n, factor, out.k);
    for (int a = 1; order >= 1 && a <= own; a++)
        scale(n, factor, out.s[a]);
    for (int a = 1; order >= 2 && a <= own; a++)
        for (int b = 1; b <= own; b++)
            scale(n, factor, out.ss[a][b]);
    if (order >= 1) /* d/dlog lambda of anything is its negative */
        negate(n, out.k, out.s[0]);
    for (int a = 0; order >= 2 && a <= own; a++) {
        negate(n, out.s[a], out.ss[0][a]);
        negate(n, out.s[a], out.ss[a][0]);
    }
}

void kernel_at(const kernel_t *kernel, const double *theta, int64_t n, const double *z, int order,
               const kernel_values_t *out)
{
    pairs_t pairs = {kernel, theta, z, order, out};
    share(n, PAIR_COST * (double)n, evaluate, &pairs);
}
