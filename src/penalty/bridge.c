/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridge: r = lambda/2 rho(|beta|; q), lambda = exp(theta_1), q = 1 + exp(theta_2) > 1.

   Frank & Friedman, Technometrics 35 (1993); Burn 2020 (the smoothing). rho = |beta|^q, and for
   |beta| < delta the polynomial sum_i c_i |beta|^m_i, m = 2, 4, 5, 6, 7, that meets |beta|^q at
   delta up to the fourth derivative, so that r has four continuous derivatives.

   With t = |beta| / delta the c_i delta^m_i = delta^q a_i must satisfy sum_i a_i P_k(m_i) = P_k(q)
   for k = 0 .. 4, P_k(x) = x (x-1) ... (x-k+1): the k-th derivatives of t^m_i and of t^q at 1. The
   P_k span the polynomials of degree 4, so the a_i(q) are the Lagrange polynomials on the nodes m_i
   at q: the inverse of that matrix, once and for all. Powers, coefficients and their derivatives in
   q are formed once per group:

       outside   rho^(k) = P_k(q) |beta|^(q-k),           d/dq |beta|^q = log|beta| |beta|^q
       inside    rho^(k) = delta^(q-k) sum_i a_i(q) P_k(m_i) t^(m_i-k)

   The polynomial is convex for 1.2548 <= q <= 4, and only then: there the training problem has one
   minimum, which moves smoothly with theta. These are the bounds of the search unless the config
   sets others; it starts at ridge, q = 2. */
#include <math.h>

#include "penalty/kinds.h"

enum { NODES = 5, IN_Q = 3 }; /* IN_Q: the derivatives 0, 1, 2 in q */

static const double node[NODES] = {2.0, 4.0, 5.0, 6.0, 7.0};

/* falling[k][i] = P_k(node[i]). */
static const double falling[PENALTY_ORDERS][NODES] = {{1.0, 1.0, 1.0, 1.0, 1.0},
                                                      {2.0, 4.0, 5.0, 6.0, 7.0},
                                                      {2.0, 12.0, 20.0, 30.0, 42.0},
                                                      {0.0, 24.0, 60.0, 120.0, 210.0},
                                                      {0.0, 24.0, 120.0, 360.0, 840.0}};

/* What the columns of one group share. */
typedef struct group {
    double lambda, x, q, delta;         /* x = q - 1 = dq/dtheta_2 = d^2q/dtheta_2^2 */
    double outer[PENALTY_ORDERS][IN_Q]; /* P_k(q) and its derivatives in q */
    double inner[NODES][IN_Q];          /* delta^q a_i(q) and its derivatives in q */
} group_t;

static const param_t params[] = {{"delta", "below it |beta|^q is smoothed by a polynomial",
                                  PARAM_REAL, 0, 0.01, 1e-6, 1e3, NULL},
                                 PARAM_END};

/* v <- v (q - root) / width, for a value v with its derivatives in q. */
static void multiply(double *v, double q, double root, double width)
{
    const double factor = (q - root) / width;
    v[2] = v[2] * factor + 2.0 * v[1] / width;
    v[1] = v[1] * factor + v[0] / width;
    v[0] *= factor;
}

/* out <- base^q v, for v with its derivatives in q; power = base^q (times what does not depend on
   q), l = log base. */
static void times_power(const double *v, double power, double l, double *out)
{
    out[0] = power * v[0];
    out[1] = power * (v[1] + l * v[0]);
    out[2] = power * (v[2] + l * (2.0 * v[1] + l * v[0]));
}

static void prepare(const penalty_t *penalty, const double *theta, group_t *g)
{
    *g = (group_t){.lambda = exp(theta[0]), .x = exp(theta[1]), .delta = penalty->parameter};
    g->q = 1.0 + g->x;
    double product[IN_Q] = {1.0};
    for (int k = 0; k < PENALTY_ORDERS; k++) {
        for (int m = 0; m < IN_Q; m++)
            g->outer[k][m] = product[m];
        multiply(product, g->q, k, 1.0);
    }
    for (int i = 0; i < NODES; i++) {
        double a[IN_Q] = {1.0};
        for (int k = 0; k < NODES; k++)
            if (k != i)
                multiply(a, g->q, node[k], node[i] - node[k]);
        times_power(a, pow(g->delta, g->q), log(g->delta), g->inner[i]);
    }
}

/* rho[k][m] = d^k/d|beta|^k d^m/dq^m rho at size = |beta|. */
static void find_rho(const group_t *g, double size, double rho[PENALTY_ORDERS][IN_Q])
{
    const double t = size / g->delta;
    if (t >= 1.0) {
        double power = pow(size, g->q), l = log(size);
        for (int k = 0; k < PENALTY_ORDERS; k++, power /= size)
            times_power(g->outer[k], power, l, rho[k]);
        return;
    }
    double scale = 1.0;
    for (int k = 0; k < PENALTY_ORDERS; k++, scale /= g->delta) {
        for (int m = 0; m < IN_Q; m++)
            rho[k][m] = 0.0;
        for (int i = 0; i < NODES; i++) {
            double term = falling[k][i] != 0.0 ? scale * falling[k][i] * pow(t, node[i] - k) : 0.0;
            for (int m = 0; m < IN_Q; m++)
                rho[k][m] += g->inner[i][m] * term;
        }
    }
}

/* Column j into the arrays; g NULL: free. */
static void put(const group_t *g, double beta, int j, penalty_values_t *out)
{
    double rho[PENALTY_ORDERS][IN_Q] = {{0.0}};
    const double half = g != NULL ? 0.5 * g->lambda : 0.0, x = g != NULL ? g->x : 0.0;
    if (g != NULL)
        find_rho(g, fabs(beta), rho);
    for (int k = 0; k < PENALTY_ORDERS; k++) {
        const double factor = k % 2 == 1 && beta < 0.0 ? -half : half;
        const double r = factor * rho[k][0], s = factor * x * rho[k][1];
        out->r[k][j] = r;
        if (k == PENALTY_MIXED)
            break;
        out->s[k][0][j] = out->ss[k][0][0][j] = r;
        out->s[k][1][j] = out->ss[k][0][1][j] = out->ss[k][1][0][j] = s;
        out->ss[k][1][1][j] = s + factor * x * x * rho[k][2];
    }
}

static void values(const penalty_t *penalty, const double *theta, const double *beta,
                   penalty_values_t *out)
{
    group_t *groups = out->shared;
    for (int g = 0; g < penalty->groups; g++)
        prepare(penalty, theta + (ptrdiff_t)2 * g, &groups[g]);
    for (int j = 0; j < penalty->columns; j++)
        put(penalty->group[j] < 0 ? NULL : &groups[penalty->group[j]], beta[j], j, out);
}

static void natural(const double *theta, double *lambda_q)
{
    lambda_q[0] = exp(theta[0]);
    lambda_q[1] = 1.0 + exp(theta[1]);
}

static void from_natural(const double *lambda_q, double *theta)
{
    theta[0] = log(lambda_q[0]);
    theta[1] = log(lambda_q[1] - 1.0);
}

const penalty_kind_t penalty_bridge = {
    .name = "bridge",
    .doc = "lambda_g |beta|^q_g / 2, smoothed below |beta| = delta; lambda and q > 1 are both "
           "tuned (q from 1.26 to 4 unless search.lower and search.upper give both)",
    .per_group = 2,
    .hyper_names = {"lambda", "q"},
    .params = params,
    .parameter = 0.01,
    .lower = {0.0, 1.26},
    .upper = {0.0, 4.0},
    .start = {0.0, 2.0},
    .shared_size = sizeof(group_t),
    .values = values,
    .natural = natural,
    .from_natural = from_natural,
};
