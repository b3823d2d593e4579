/* SPDX-License-Identifier: BSD-3-Clause */
/* The Hessian along one direction, by the formulas of alo_kernel.c. */
#include <cblas.h>
#include <string.h>

#include "criterion/alo_kernel.h"

/* X1 = K., X2 = K. A B, with the third matrix as scratch. */
static void move_kernel(alo_kernel_t *a)
{
    machine_t *m = a->machine;
    machine_along(m, a->delta, a->X1);
    m->factored = false;
    for (int j = 0; j < m->dist->columns; j++)
        for (int i = 0; i < m->n; i++)
            alo_kernel_column(a, m->factor, j)[i] = m->l[2][i] * alo_kernel_column(a, a->B, j)[i];
    dist_multiply(m->dist, a->X1, m->factor, a->X2);
}

/* u., alpha., omega. */
static void move_fit(alo_kernel_t *a)
{
    const machine_t *m = a->machine;
    double *u_dot = a->rows.u_dot;
    dist_times(m->dist, a->X1, a->alpha, a->x);
    for (int i = 0; i < m->n; i++)
        a->y[i] = m->l[2][i] * a->x[i];
    dist_times(m->dist, a->B, a->y, u_dot);
    for (int i = 0; i < m->n; i++) {
        u_dot[i] = a->x[i] - u_dot[i];
        a->alpha_dot[i] = -m->l[2][i] * u_dot[i];
        a->omega[i] = m->l[3][i] * u_dot[i];
    }
}

/* h., and the part of k. that does not wait for c.. */
static void move_leverages(alo_kernel_t *a)
{
    const machine_t *m = a->machine;
    const double *c = a->rows.c, *curvature = m->l[2];
    for (int j = 0; j < m->dist->columns; j++) {
        const int at = dist_global(m->dist, j);
        const double *B = alo_kernel_column(a, a->B, j), *D = alo_kernel_column(a, a->D, j);
        const double *K_dot = alo_kernel_column(a, a->X1, j),
                     *K_dot_AB = alo_kernel_column(a, a->X2, j);
        double h = K_dot[at] - K_dot_AB[at], k = 0.0;
        for (int i = 0; i < m->n; i++) {
            double T = K_dot[i] - K_dot_AB[i];
            h -= curvature[i] * B[i] * T + B[i] * B[i] * a->omega[i];
            k += (c[i] * B[i] - curvature[i] * D[i]) * T - B[i] * D[i] * a->omega[i];
        }
        a->rows.h_dot[at] = h;
        a->rows.k_dot[at] = 2.0 * k;
    }
    dist_collect(m->dist, a->rows.h_dot);
    dist_collect(m->dist, a->rows.k_dot);
}

/* k. whole, g., v.. */
static void move_adjoint(alo_kernel_t *a)
{
    const machine_t *m = a->machine;
    const double *curvature = m->l[2];
    for (int j = 0; j < m->dist->columns; j++) {
        const double *B = alo_kernel_column(a, a->B, j);
        double sum = 0.0;
        for (int i = 0; i < m->n; i++)
            sum += B[i] * B[i] * a->rows.c_dot[i];
        a->x[dist_global(m->dist, j)] = sum;
    }
    dist_collect(m->dist, a->x);
    cblas_daxpy(m->n, 1.0, a->x, 1, a->rows.k_dot, 1);
    alo_scalar_move_adjoint(&a->rows);
    dist_times(m->dist, a->X1, a->v, a->x); /* K. v */
    for (int i = 0; i < m->n; i++)
        a->v_dot[i] = a->rows.g[i] - curvature[i] * a->x[i] - a->omega[i] * a->Bg[i];
    dist_times(m->dist, a->B, a->v_dot, a->y);
    for (int i = 0; i < m->n; i++)
        a->v_dot[i] -= curvature[i] * a->y[i];
}

/* X2 = Y, X1 = B Y; Q0 stays in the third matrix. */
static void move_Q0(alo_kernel_t *a)
{
    machine_t *m = a->machine;
    const double *c = a->rows.c, *c_dot = a->rows.c_dot, *curvature = m->l[2];
    for (int j = 0; j < m->dist->columns; j++)
        alo_kernel_Q0(a, j, alo_kernel_column(a, m->factor, j));
    dist_multiply(m->dist, a->X1, m->factor, a->X2);
    for (int j = 0; j < m->dist->columns; j++) {
        const int at = dist_global(m->dist, j);
        const double *B = alo_kernel_column(a, a->B, j), *D = alo_kernel_column(a, a->D, j);
        const double cj = c[at], aj = curvature[at];
        double *Y = alo_kernel_column(a, a->X2, j);
        for (int i = 0; i < m->n; i++)
            Y[i] = curvature[i] * Y[i] + a->omega[i] * (B[i] * cj - D[i] * aj) +
                   0.5 * c_dot[i] * B[i] * aj;
        Y[at] -= 0.5 * c_dot[at];
    }
    dist_multiply(m->dist, a->B, a->X2, a->X1);
}

/* out [S] = Hessian times delta. */
static void contract_direction(alo_kernel_t *a, double *out)
{
    machine_t *m = a->machine;
    const int n = m->n, count = m->count;
    double *Q_dot = a->x;
    memset(out, 0, (size_t)count * sizeof *out);
    for (int j = 0; j < m->dist->columns; j++) {
        const kernel_values_t *k = machine_column(m, j, 2);
        const int at = dist_global(m->dist, j);
        const double *Y = alo_kernel_column(a, a->X2, j), *BY = alo_kernel_column(a, a->X1, j);
        double *Q = alo_kernel_column(a, m->factor, j);
        for (int i = 0; i < n; i++) {
            Q_dot[i] = 2.0 * (m->l[2][i] * BY[i] - Y[i]) + a->v_dot[i] * a->alpha[at] +
                       a->v[i] * a->alpha_dot[at];
            Q[i] += a->v[i] * a->alpha[at];
        }
        for (int s = 0; s < count; s++) {
            out[s] += cblas_ddot(n, k->s[s], 1, Q_dot, 1) / m->data->weight_sum;
            for (int t = 0; t < count; t++)
                out[s] += a->delta[t] * cblas_ddot(n, k->ss[s][t], 1, Q, 1) / m->data->weight_sum;
        }
    }
    comm_sum(m->comm, out, count);
}

void alo_kernel_product(alo_kernel_t *a, double *out)
{
    machine_rows(a->machine, 4);
    move_kernel(a);
    move_fit(a);
    move_leverages(a);
    alo_scalar_move(&a->rows);
    move_adjoint(a);
    move_Q0(a);
    contract_direction(a, out);
}
