/* SPDX-License-Identifier: BSD-3-Clause */
/* A symmetric positive definite p x p matrix that the ranks sum, factor and solve with; replicated:
   every rank holds the whole matrix. Lower triangle, column-major, as in panel.h. */
#ifndef LINALG_SPD_H
#define LINALG_SPD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"

typedef struct spd {
    comm_t *comm; /* borrowed */
    int p;
    double *matrix;  /* [p, p] what spd_factor reads; kept */
    double *inverse; /* [p, p] after spd_factor: L^-1 with zeros above, where matrix = L L' */
    bool factored;
} spd_t;

/* Not collective. Errors: TRALO_ERR_MEMORY. */
int spd_create(comm_t *comm, int p, spd_t **out);
void spd_free(spd_t **spd);

/* Sums the lower triangle of M [p, p] over the ranks. Collective. p (p + 1) / 2 numbers are sent.
 */
void spd_sum(comm_t *comm, int p, double *M);

/* Factors the matrix and inverts the factor. Returns -1, or the column (from 0) at which the matrix
   is not positive definite to working accuracy; the same on all ranks. Collective. Cost: 2/3 p^3.
 */
int spd_factor(spd_t *spd);

/* x <- H^-1 x, x [p]. Collective: the ranks get the same bits. */
void spd_solve(spd_t *spd, double *x);

/* M = V diag(s) V' for symmetric M [p, p], given by its lower triangle and replaced by V,
   eigenvectors in columns; s [p] ascending, negative ones (rounding) as 0. Collective: done by rank
   0, the same bits everywhere. Errors: TRALO_ERR_MEMORY, TRALO_ERR_EVALUATION (not finite); the
   same on all ranks. Cost: about 9 p^3 on rank 0. */
int spd_eigen(comm_t *comm, int p, double *M, double *s);

/* What these cost on the rank that does it, in flops; and the calls that spd_sum makes. */
double spd_factor_flops(int p);
double spd_solve_flops(int p);
double spd_eigen_flops(int p);
int spd_sum_calls(int p);
int64_t spd_eigen_memory(int p); /* bytes, for as long as it takes */

/* Half-open range of 0 .. count-1 that this rank works on when the ranks share replicated work. */
void spd_share(const comm_t *comm, int count, int *begin, int *end);

#endif
