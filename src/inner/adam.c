/* SPDX-License-Identifier: BSD-3-Clause */
/* Adam (Kingma & Ba, ICLR 2015, algorithm 1): in step t = 1, 2, ...

       m = beta1 m + (1 - beta1) gradient
       s = beta2 s + (1 - beta2) gradient^2
       beta = beta - rate (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon) */
#include <math.h>
#include <stddef.h>

#include "inner/descent.h"
#include "inner/kinds.h"

typedef struct options {
    descent_common_t common;
    double rate, beta1, beta2, epsilon;
} options_t;

static const param_t params[] = {{"rate", "about the length of a step in each coefficient",
                                  PARAM_REAL, offsetof(options_t, rate), 0.01, 1e-12, 1e12, NULL},
                                 {"beta1", "how slowly the mean of gradients forgets", PARAM_REAL,
                                  offsetof(options_t, beta1), 0.9, 0.0, 1.0 - 1e-9, NULL},
                                 {"beta2", "how slowly the mean of their squares forgets",
                                  PARAM_REAL, offsetof(options_t, beta2), 0.999, 0.0, 1.0 - 1e-9,
                                  NULL},
                                 {"epsilon", "a gradient that counts as small", PARAM_REAL,
                                  offsetof(options_t, epsilon), 1e-8, 1e-300, 1e12, NULL},
                                 DESCENT_PARAMS(options_t),
                                 PARAM_END};

static void step(const void *options, int columns, const double *gradient, descent_memory_t *memory,
                 double *beta)
{
    const options_t *o = options;
    double *m = memory->first, *s = memory->second;
    const double t = (double)memory->steps;
    const double first = 1.0 - pow(o->beta1, t), second = 1.0 - pow(o->beta2, t);
    for (int j = 0; j < columns; j++) {
        m[j] = o->beta1 * m[j] + (1.0 - o->beta1) * gradient[j];
        s[j] = o->beta2 * s[j] + (1.0 - o->beta2) * gradient[j] * gradient[j];
        beta[j] -= o->rate * (m[j] / first) / (sqrt(s[j] / second) + o->epsilon);
    }
}

static void solve(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result)
{
    (void)hessian;
    descent_solve("Adam", options, step, problem, theta, beta, result);
}

const inner_kind_t inner_adam = {
    .name = "adam",
    .doc = "Adam: gradient steps of a length that adapts to each coefficient, on all rows or on "
           "mini-batches",
    .params = params,
    .options_size = sizeof(options_t),
    .early = true,
    .memory = descent_bytes,
    .moves = descent_moves,
    .cost = descent_cost,
    .unsuited = descent_unsuited,
    .solve = solve,
};
