/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the inner room: what every solver of a training problem does alike: where it starts, when
   it has converged, and how it may end, in words. All is collective. */
#ifndef INNER_SOLVE_H
#define INNER_SOLVE_H

#include "inner/inner.h"

/* One solve, from beta [columns] in place. Borrows everything. */
typedef struct solve {
    const char *solver; /* for messages: "Newton's method" */
    problem_t *problem;
    const double *theta;
    double *beta;
    inner_result_t *result;
    double own_before; /* gradient at the iterate before, see solve_converged */
    bool again;        /* this is the second attempt, from 0 */
} solve_t;

/* iterate(solver) from beta, and once more from 0 where that ends `separable` or `rank_deficient`:
   from a start far away the predictor may run to where nothing holds it, which a minimum elsewhere
   does not mean. */
void solve_from(solve_t *solve, void (*iterate)(void *solver), void *solver);

/* Moves the problem to beta (of several outputs without a shift of free columns), or to 0 where the
   objective is not finite at beta; false, and the end is said, where it is not finite there. */
bool solve_start(solve_t *solve);

/* Is the gradient at the problem's point small? Where the predictor runs away that does not count
   as long as the terms of the gradient come to balance each other. Once for each iterate. */
bool solve_converged(solve_t *solve, double tolerance);

/* Ends. The first is for the others: the reason, without words. */
void solve_end(solve_t *solve, inner_reason_t reason);
void solve_minimum(solve_t *solve, inner_reason_t reason); /* nothing more can be gained */
void solve_singular(solve_t *solve, int column);           /* at that column */
void solve_overflow(solve_t *solve);
void solve_memory(solve_t *solve);     /* rank 0 has none for the solver's vectors */
void solve_iterations(solve_t *solve); /* they were not enough, or none helps */

#endif
