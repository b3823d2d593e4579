/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside approximate leave-one-out of a model with a kernel: the work that alo_kernel.c, which has
   the formulas, shares with its part along a direction. */
#ifndef CRITERION_ALO_KERNEL_H
#define CRITERION_ALO_KERNEL_H

#include "criterion/alo_scalar.h"
#include "criterion/criterion.h"
#include "criterion/evaluation.h"

typedef struct alo_kernel {
    machine_t *machine; /* borrowed */
    evaluation_t evaluation;
    alo_scalar_t rows;       /* all rows, on every rank */
    double *B, *D, *X1, *X2; /* [n, columns] */
    /* [n] */
    double *alpha, *alpha_dot, *v, *v_dot, *Bg, *omega, *x, *y;
    /* [S] */
    double *delta, *gradient;
    double *second; /* [S, S] */
} alo_kernel_t;

/* The local column j of a matrix. Not collective. */
static inline double *alo_kernel_column(const alo_kernel_t *a, double *matrix, int j)
{
    return matrix + (int64_t)j * a->machine->n;
}

/* The local column j of Q0 into out [n]. Not collective. */
void alo_kernel_Q0(const alo_kernel_t *a, int j, double *out);

/* out [S] = Hessian times a->delta, after an evaluation with its gradient. Collective. */
void alo_kernel_product(alo_kernel_t *a, double *out);

#endif
