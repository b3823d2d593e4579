/* SPDX-License-Identifier: BSD-3-Clause */
/* The trust-region subproblem: the global minimiser of g'd + d'Hd/2 over |d| <= radius, H symmetric
   and perhaps indefinite. It is characterised by (H + mu I) d = -g, mu >= 0, mu (radius - |d|) = 0,
   H + mu I positive semidefinite (Moré & Sorensen, SIAM J. Sci. Stat. Comput. 4, 1983). Serial. */
#ifndef OUTER_SUBPROBLEM_H
#define OUTER_SUBPROBLEM_H

#include <stdbool.h>

typedef struct subproblem subproblem_t;

typedef struct subproblem_input {
    int count;       /* n, at most the size given at creation, >= 1 */
    const double *g; /* [n], finite */
    const double *H; /* [n * n], finite, symmetric */
    double radius;   /* >= 0 */
    int side;        /* +1 or -1: which of the two equally good steps to take in the hard case */
} subproblem_input_t;

typedef struct subproblem_result {
    double multiplier; /* mu */
    double decrease;   /* -(g'd + d'Hd/2) >= 0 */
    double lowest;     /* smallest eigenvalue of H; 0 when it is negative by rounding alone */
    bool definite;     /* H is positive definite, by more than rounding */
    bool hard;         /* g has nothing along the lowest eigenvector, which the step needed */
} subproblem_result_t;

/* Workspace for up to `size` unknowns. Errors: TRALO_ERR_MEMORY. The caller frees. */
int subproblem_create(int size, subproblem_t **out);
void subproblem_free(subproblem_t **subproblem);

/* Writes the step d [n]. Cost: one symmetric eigenvalue decomposition, O(n^3). */
void subproblem_solve(subproblem_t *work, const subproblem_input_t *input, double *d,
                      subproblem_result_t *result);

#endif
