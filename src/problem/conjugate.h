/* SPDX-License-Identifier: BSD-3-Clause */
/* Preconditioned conjugate gradients for H x = b, with vectors that every rank holds whole.
   Hestenes & Stiefel 1952; Saad, Iterative Methods for Sparse Linear Systems, section 9.2. */
#ifndef PROBLEM_CONJUGATE_H
#define PROBLEM_CONJUGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "comm/comm.h"

enum { CONJUGATE_VECTORS = 5 };

/* The matrix, its preconditioner M, and room to work in. */
typedef struct conjugate {
    comm_t *comm; /* borrowed, as the context */
    int columns;
    void (*multiply)(void *context, const double *x, double *y); /* y = H x */
    void (*precondition)(void *context, double *x);              /* x <- M^-1 x */
    void *context;
    double *b, *r, *z, *p, *q; /* [columns] each: CONJUGATE_VECTORS in one piece, owned */
} conjugate_t;

/* Room for so many columns. Not collective. Errors: TRALO_ERR_MEMORY. */
int conjugate_allocate(conjugate_t *conjugate, int columns);
void conjugate_release(conjugate_t *conjugate);

typedef struct conjugate_end {
    int64_t products; /* of H, that were made */
    double residual;  /* b - H x against b, in the norm of M^-1; NaN where numbers overflowed */
    int column;       /* -1, or the largest element of a direction along which H is not positive to
                         working accuracy, where that has ended the solve */
} conjugate_end_t;

/* x <- H^-1 x from `start` [columns] (NULL: 0), until the residual is below `tolerance`; where that
   is tighter than rounding allows, until it falls no more. At most so many products. Decisions are
   rank 0's, and x is its own on all ranks. Collective. */
conjugate_end_t conjugate_solve(conjugate_t *conjugate, const double *start, double tolerance,
                                int64_t most, double *x);

#endif
