/* SPDX-License-Identifier: BSD-3-Clause */
/* Inner solvers: minimise the training problem over beta at fixed theta. */
#ifndef INNER_INNER_H
#define INNER_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"
#include "base/work.h"
#include "problem/hessian.h"
#include "problem/machine.h"
#include "problem/problem.h"

typedef enum inner_reason {
    INNER_GRADIENT,       /* the relative gradient is below the tolerance */
    INNER_ROUNDING,       /* the gradient is as small as rounding lets it be */
    INNER_ITERATIONS,     /* max_iterations were not enough */
    INNER_SEPARABLE,      /* the predictor runs to infinity: there is no minimum to speak of */
    INNER_RANK_DEFICIENT, /* the Hessian is singular: free columns are collinear */
    INNER_OVERFLOW,       /* no finite objective could be found */
    INNER_MEMORY,         /* the solver's vectors do not fit */
    INNER_STEPS           /* all steps that were asked for were taken: what they led to is the
                             solution by definition, but not a minimum */
} inner_reason_t;

typedef struct inner_result {
    inner_reason_t reason;
    bool solved;        /* there is a solution: one of the first two reasons, or the last */
    bool minimum;       /* it is a minimum: one of the first two reasons */
    int64_t iterations; /* steps taken */
    int64_t factorisations;
    int64_t products; /* of the Hessian with vectors, where it is no matrix */
    double relative_gradient;
    char detail[512]; /* the reason in words with its numbers, and what to do */
} inner_result_t;

const char *inner_reason_name(inner_reason_t reason);

/* What derivatives, or an approximation, that hold at minima only are told of another solution. */
void inner_no_minimum(const char *what, const inner_result_t *result, char *text, size_t size);

/* A row of the table of inner solvers. */
typedef struct inner_kind {
    const char *name;
    const char *doc;
    const param_t *params; /* options, read from the config's `inner` section */
    size_t options_size;
    bool early; /* a solution need not be a minimum: INNER_STEPS */
    /* Bytes on the rank that needs most, beside the problem and the Hessian; NULL: none. */
    int64_t (*memory)(const void *options, const problem_shape_t *shape);
    /* Of a solver whose steps are told beforehand: moves of the problem in a solve, and what so
       many solves cost besides. NULL: it goes on to the minimum (criterion/course.h). */
    double (*moves)(const void *options, const problem_shape_t *shape);
    void (*cost)(const void *options, const problem_shape_t *shape, double solves, work_t *work);
    /* What it wants and has not got, in words; NULL: it suits. NULL: suits all. */
    const char *(*unsuited)(const void *options, const problem_shape_t *shape);
    /* From beta [columns] to the minimum at theta [S], in place. `hessian` is the solver's to use:
       a factor of a nearby Hessian when hessian->factored, of the last one that was formed
       afterwards (not factored where a matrix above it took its place). The problem ends at the
       point that is returned. Collective; no errors, only outcomes. */
    void (*solve)(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result);
    /* The same for a model with a kernel: from machine->solution to the minimum at machine->theta,
       in place; machine->factor is the solver's to use. NULL: the kind has none. */
    void (*solve_machine)(const void *options, machine_t *machine, inner_result_t *result);
} inner_kind_t;

extern const inner_kind_t *const inner_kinds[];   /* NULL-terminated */
const inner_kind_t *inner_find(const char *name); /* NULL: no such solver */

#endif
