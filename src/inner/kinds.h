/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INNER_KINDS_H
#define INNER_KINDS_H

#include "inner/inner.h"

extern const inner_kind_t inner_adam;
extern const inner_kind_t inner_gd;
extern const inner_kind_t inner_lbfgs;
extern const inner_kind_t inner_newton;

typedef struct newton_options {
    double tolerance;
    int64_t max_iterations;
} newton_options_t;

/* Of Newton's method with coefficients and with a kernel alike. */
static const double NEWTON_CONTRACTION = 0.1;  /* a factor that does worse is formed anew */
static const double NEWTON_ROUNDING = 1e-8;    /* a relative gradient that may be rounding */
static const double NEWTON_SHORTEST = 0x1p-40; /* step length at which backtracking gives up */
static const double NEWTON_DECREASE = 1e-4;    /* of the slope's, that a step is to reach */

/* newton_machine.c */
void newton_solve_machine(const void *options, machine_t *machine, inner_result_t *result);

#endif
