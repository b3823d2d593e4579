/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses of one row with several outputs, l(y, u) for u in R^K: y is the number of a class, 0 ..
   K-1. A symmetric K x K matrix is packed: element (a, b), a >= b, at joint_at(a, b). Nothing here
   is collective; every function costs O(K^2). */
#ifndef LOSS_JOINT_H
#define LOSS_JOINT_H

enum { JOINT_MOST = 512 }; /* outputs */

/* Elements of a packed matrix. */
static inline int joint_blocks(int outputs)
{
    return outputs * (outputs + 1) / 2;
}

static inline int joint_at(int a, int b)
{
    return a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a;
}

/* The derivatives of a loss of several outputs. u, x, gradient, out, m are [K], A and Q packed.
   What does not depend on y is not given y. */
typedef struct loss_joint {
    /* Returns l(y, u); gradient = its derivatives in u, NULL: not wanted. */
    double (*value)(int K, int y, const double *u, double *gradient);
    /* A_ab = d^2 l / du_a du_b. A is 0 along a common shift of all outputs. */
    void (*curvature)(int K, const double *u, double *A);
    /* A_dot = the derivative of A along x. */
    void (*curvature_along)(int K, const double *u, const double *x, double *A_dot);
    /* out_c = sum_ab Q_ab dA_ab / du_c. */
    void (*third)(int K, const double *u, const double *Q, double *out);
    /* out = the derivative of `third` along x at fixed Q. */
    void (*fourth)(int K, const double *u, const double *Q, const double *x, double *out);
    /* m = the probability of each class. */
    void (*mean)(int K, const double *u, double *m);
} loss_joint_t;

#endif
