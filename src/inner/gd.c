/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradient descent with momentum (Polyak 1964):

       v = momentum v + gradient
       beta = beta - rate v */
#include <stddef.h>

#include "inner/descent.h"
#include "inner/kinds.h"

typedef struct options {
    descent_common_t common;
    double rate, momentum;
} options_t;

static const param_t params[] = {{"rate", "of the steps, for the mean loss", PARAM_REAL,
                                  offsetof(options_t, rate), 0.1, 1e-12, 1e12, NULL},
                                 {"momentum", "share of the step before", PARAM_REAL,
                                  offsetof(options_t, momentum), 0.0, 0.0, 1.0, NULL},
                                 DESCENT_PARAMS(options_t),
                                 PARAM_END};

static void step(const void *options, int columns, const double *gradient, descent_memory_t *memory,
                 double *beta)
{
    const options_t *o = options;
    double *v = memory->first;
    for (int j = 0; j < columns; j++) {
        v[j] = o->momentum * v[j] + gradient[j];
        beta[j] -= o->rate * v[j];
    }
}

static void solve(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result)
{
    (void)hessian;
    descent_solve("gradient descent", options, step, problem, theta, beta, result);
}

const inner_kind_t inner_gd = {
    .name = "gd",
    .doc = "gradient descent by a fixed rate, with momentum, on all rows or on mini-batches",
    .params = params,
    .options_size = sizeof(options_t),
    .early = true,
    .memory = descent_bytes,
    .moves = descent_moves,
    .cost = descent_cost,
    .unsuited = descent_unsuited,
    .solve = solve,
};
