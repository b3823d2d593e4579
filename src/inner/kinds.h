/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INNER_KINDS_H
#define INNER_KINDS_H

#include "inner/inner.h"

extern const inner_kind_t inner_lbfgs;
extern const inner_kind_t inner_newton;

typedef struct newton_options {
    double tolerance;
    int64_t max_iterations;
} newton_options_t;

/* newton_machine.c */
void newton_solve_machine(const void *options, machine_t *machine, inner_result_t *result);

#endif
