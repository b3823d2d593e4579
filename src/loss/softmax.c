/* SPDX-License-Identifier: BSD-3-Clause */
/* l = log sum_k exp(u_k) - u_y. With pi_k = exp(u_k) / sum exp and, along x, pi. = pi o (x - pi'x):

       l' = pi - e_y                       A  = diag(pi) - pi pi'
                                           A. = diag(pi.) - pi. pi' - pi pi.'
       sum_ab Q_ab dA_ab/du = A d          with d = diag(Q) - 2 Q pi
       its derivative along x = A. d - 2 A Q pi.

   Differences like pi_y - 1 and pi (1 - pi) are sums over the other classes, so that they keep
   their digits where one class is all but certain. */
#include <math.h>

#include "loss/joint.h"
#include "loss/kinds.h"

static bool valid(double y)
{
    return y == -1.0 || (y >= 0.0 && y < JOINT_MOST && y == floor(y));
}

/* pi; returns the class of the largest u. */
static int find_pi(int K, const double *u, double *pi)
{
    int top = 0;
    double sum = 0.0;
    for (int k = 1; k < K; k++)
        top = u[k] > u[top] ? k : top;
    for (int k = 0; k < K; k++)
        sum += pi[k] = exp(u[k] - u[top]);
    for (int k = 0; k < K; k++)
        pi[k] /= sum;
    return top;
}

/* out = A x: out_a = sum_b pi_a pi_b (x_a - x_b). */
static void times_curvature(int K, const double *pi, const double *x, double *out)
{
    for (int a = 0; a < K; a++) {
        out[a] = 0.0;
        for (int b = 0; b < K; b++)
            out[a] += pi[a] * pi[b] * (x[a] - x[b]);
    }
}

/* The diagonal that makes the rows of a packed matrix sum to 0. */
static void close_rows(int K, double *A)
{
    for (int a = 0; a < K; a++) {
        double sum = 0.0;
        for (int b = 0; b < K; b++)
            sum += b != a ? A[joint_at(a, b)] : 0.0;
        A[joint_at(a, a)] = -sum;
    }
}

static double value(int K, int y, const double *u, double *gradient)
{
    double pi[JOINT_MOST], others = 0.0, rest = 0.0;
    int top = find_pi(K, u, pi);
    for (int k = 0; k < K; k++) {
        others += k != top ? pi[k] / pi[top] : 0.0;
        rest += k != y ? pi[k] : 0.0;
    }
    for (int k = 0; gradient != NULL && k < K; k++)
        gradient[k] = k == y ? -rest : pi[k];
    return log1p(others) + (u[top] - u[y]);
}

static void curvature(int K, const double *u, double *A)
{
    double pi[JOINT_MOST];
    find_pi(K, u, pi);
    for (int a = 0; a < K; a++)
        for (int b = 0; b < a; b++)
            A[joint_at(a, b)] = -pi[a] * pi[b];
    close_rows(K, A);
}

static void curvature_along(int K, const double *u, const double *x, double *A_dot)
{
    double pi[JOINT_MOST], pi_dot[JOINT_MOST];
    find_pi(K, u, pi);
    times_curvature(K, pi, x, pi_dot);
    for (int a = 0; a < K; a++)
        for (int b = 0; b < a; b++)
            A_dot[joint_at(a, b)] = -(pi_dot[a] * pi[b] + pi[a] * pi_dot[b]);
    close_rows(K, A_dot);
}

/* d = first diag(Q) - 2 Q x. */
static void contract(int K, const double *Q, double first, const double *x, double *d)
{
    for (int c = 0; c < K; c++) {
        d[c] = first * Q[joint_at(c, c)];
        for (int b = 0; b < K; b++)
            d[c] -= 2.0 * Q[joint_at(c, b)] * x[b];
    }
}

static void third(int K, const double *u, const double *Q, double *out)
{
    double pi[JOINT_MOST], d[JOINT_MOST];
    find_pi(K, u, pi);
    contract(K, Q, 1.0, pi, d);
    times_curvature(K, pi, d, out);
}

static void fourth(int K, const double *u, const double *Q, const double *x, double *out)
{
    double pi[JOINT_MOST], pi_dot[JOINT_MOST], d[JOINT_MOST];
    find_pi(K, u, pi);
    times_curvature(K, pi, x, pi_dot);
    contract(K, Q, 0.0, pi_dot, d);
    times_curvature(K, pi, d, out);
    contract(K, Q, 1.0, pi, d);
    for (int a = 0; a < K; a++)
        for (int b = 0; b < K; b++)
            out[a] += (pi_dot[a] * pi[b] + pi[a] * pi_dot[b]) * (d[a] - d[b]);
}

static void mean(int K, const double *u, double *m)
{
    find_pi(K, u, m);
}

static const loss_joint_t joint = {
    .value = value,
    .curvature = curvature,
    .curvature_along = curvature_along,
    .third = third,
    .fourth = fourth,
    .mean = mean,
};

static double saturated(const loss_t *loss, double y)
{
    (void)loss;
    (void)y;
    return 0.0;
}

const loss_t loss_softmax = {
    .name = "softmax",
    .doc = "log sum_k exp(u_k) - u_y, y = 0 .. K-1 the class, one u per class: K classes",
    .domain = "the number of a class, 0, 1, 2, ..., or labels -1 and +1 (import with --classify)",
    .valid = valid,
    .saturated = saturated,
    .classifies = true,
    .joint = &joint,
};
