/* SPDX-License-Identifier: BSD-3-Clause */
#include "penalty/penalty.h"

#include <string.h>

#include "base/mem.h"
#include "penalty/kinds.h"

const penalty_kind_t *const penalty_kinds[] = {&penalty_ridge, &penalty_bridge, NULL};

const penalty_kind_t *penalty_find(const char *name)
{
    for (int i = 0; penalty_kinds[i] != NULL; i++)
        if (strcmp(penalty_kinds[i]->name, name) == 0)
            return penalty_kinds[i];
    return NULL;
}

int penalty_create(const penalty_kind_t *kind, int columns, const int *group, int groups,
                   penalty_t **out)
{
    int code = TRALO_OK;
    penalty_t *penalty = NULL;
    ALLOC(penalty, 1);
    ALLOC(penalty->group, columns);
    memcpy(penalty->group, group, (size_t)columns * sizeof *group);
    penalty->kind = kind;
    penalty->parameter = kind->parameter;
    penalty->columns = columns;
    penalty->groups = groups;
    penalty->count = groups * kind->per_group;
    *out = penalty;
    penalty = NULL;
out:
    penalty_free(&penalty);
    return code;
}

void penalty_free(penalty_t **penalty)
{
    if (*penalty == NULL)
        return;
    mem_free(&(*penalty)->group);
    mem_free(penalty);
}

int penalty_values_create(const penalty_t *penalty, penalty_values_t *out)
{
    int code = TRALO_OK;
    int64_t columns = penalty->columns;
    int m = penalty->kind->per_group;
    int64_t numbers = columns * (1 + PENALTY_ORDERS + PENALTY_MIXED * m * (1 + m));
    int64_t shared = penalty->groups * (int64_t)(penalty->kind->shared_size / sizeof(double));
    penalty_values_t values = {.storage = NULL};
    ALLOC(values.storage, numbers + shared);
    double *at = values.storage;
    for (int k = 0; k < PENALTY_ORDERS; k++, at += columns)
        values.r[k] = at;
    for (int k = 0; k < PENALTY_MIXED; k++)
        for (int a = 0; a < m; a++, at += columns)
            values.s[k][a] = at;
    for (int k = 0; k < PENALTY_MIXED; k++)
        for (int a = 0; a < m; a++)
            for (int b = 0; b < m; b++, at += columns)
                values.ss[k][a][b] = at;
    values.scaled = at;
    values.shared = at + columns;
    *out = values;
out:
    return code;
}

void penalty_values_free(penalty_values_t *values)
{
    mem_free(&values->storage);
}

void penalty_configure(penalty_t *penalty, const void *options)
{
    if (penalty->kind->params != NULL)
        penalty->parameter = *(const double *)options;
}

/* d^k/dbeta^k of r(scale beta) = scale^k r^(k)(scale beta), and so for the derivatives in theta. */
static void apply_scale(const penalty_t *penalty, const double *scale, penalty_values_t *v)
{
    int m = penalty->kind->per_group;
    for (int j = 0; j < penalty->columns; j++) {
        double power = 1.0;
        for (int k = 0; k < PENALTY_ORDERS; k++, power *= scale[j]) {
            v->r[k][j] *= power;
            for (int a = 0; k < PENALTY_MIXED && a < m; a++) {
                v->s[k][a][j] *= power;
                for (int b = 0; b < m; b++)
                    v->ss[k][a][b][j] *= power;
            }
        }
    }
}

void penalty_at(const penalty_t *penalty, const double *theta, const double *beta,
                const double *scale, penalty_values_t *out)
{
    if (scale == NULL) {
        penalty->kind->values(penalty, theta, beta, out);
        return;
    }
    for (int j = 0; j < penalty->columns; j++)
        out->scaled[j] = scale[j] * beta[j];
    penalty->kind->values(penalty, theta, out->scaled, out);
    apply_scale(penalty, scale, out);
}

void penalty_along(const penalty_t *penalty, const penalty_values_t *values, int k,
                   const double *delta, double *out)
{
    int m = penalty->kind->per_group;
    for (int j = 0; j < penalty->columns; j++) {
        int g = penalty->group[j];
        out[j] = 0.0;
        for (int a = 0; g >= 0 && a < m; a++)
            out[j] += values->s[k][a][j] * delta[g * m + a];
    }
}

void penalty_contract(const penalty_t *penalty, const penalty_values_t *values, int k, double scale,
                      const double *x, double *out)
{
    int m = penalty->kind->per_group;
    for (int j = 0; j < penalty->columns; j++) {
        int g = penalty->group[j];
        for (int a = 0; g >= 0 && a < m; a++)
            out[g * m + a] += scale * x[j] * values->s[k][a][j];
    }
}

void penalty_contract_along(const penalty_t *penalty, const penalty_values_t *values, int k,
                            const double *delta, double scale, const double *x, double *out)
{
    int m = penalty->kind->per_group;
    for (int j = 0; j < penalty->columns; j++) {
        int g = penalty->group[j];
        for (int a = 0; g >= 0 && a < m; a++)
            for (int b = 0; b < m; b++)
                out[g * m + a] += scale * x[j] * values->ss[k][a][b][j] * delta[g * m + b];
    }
}

hyper_t penalty_hyper(const penalty_t *penalty)
{
    const penalty_kind_t *kind = penalty->kind;
    return (hyper_t){.owner = kind->name,
                     .groups = penalty->groups,
                     .per_group = kind->per_group,
                     .count = penalty->count,
                     .names = kind->hyper_names,
                     .lower = kind->lower,
                     .upper = kind->upper,
                     .start = kind->start,
                     .to_natural = kind->natural,
                     .from_natural = kind->from_natural};
}
