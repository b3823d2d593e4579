/* SPDX-License-Identifier: BSD-3-Clause */
/* With P = K S, which is symmetric, S = (I - A K)^-1, and dS and dP from dA and dK:

       s  = S l' = l' + A z          z  = P l' = K s
       g~ = S phi' = phi' + A z^     z^ = P phi' = K g~
       dP = S' dK S + P dA P

   so that along u. the rows move by (l'. = A u.)

       z.  = S' K. s + P (A. z + A u.)         s.  = A (u. + z.) + A. z
       phi'. = phi'' (u. + z.)
       z^. = S' K. g~ + P (A. z^ + phi'.)      g~. = phi'. + A. z^ + A z^.

   A row of weight 0 has A = 0 and stays 0 in all of these. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/share.h"
#include "base/work.h"
#include "criterion/alo_blocks.h"
#include "linalg/panel.h"

enum { CALL_COST = 5000 }; /* operations that LAPACK takes for the least matrix */

/* LAPACK: linear equations, and the eigenvalues of A B for symmetric A and positive definite B. */
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *pivots, double *b,
            const int *ldb, int *info);
void dsygv_(const int *itype, const char *jobz, const char *uplo, const int *n, double *a,
            const int *lda, double *b, const int *ldb, double *w, double *work, const int *lwork,
            int *info);

/* The packed matrix of row i into a full one. */
static void unpack(const alo_blocks_t *a, int64_t i, const double *planes, double *full)
{
    const int K = a->problem->outputs;
    for (int b = 0; b < K; b++)
        for (int c = 0; c < K; c++)
            full[b * K + c] = planes[joint_at(b, c) * a->problem->rows + i];
}

/* out = M x and out += M x for symmetric M; out = M' x for M column-major. */
static void times(int K, const double *M, const double *x, double *out)
{
    for (int b = 0; b < K; b++) {
        out[b] = 0.0;
        for (int c = 0; c < K; c++)
            out[b] += M[b * K + c] * x[c];
    }
}

static void add_times(int K, const double *M, const double *x, double *out)
{
    for (int b = 0; b < K; b++)
        for (int c = 0; c < K; c++)
            out[b] += M[b * K + c] * x[c];
}

/* out = S x for S column-major. */
static void times_S(int K, const double *S, const double *x, double *out)
{
    memset(out, 0, (size_t)K * sizeof *out);
    for (int c = 0; c < K; c++)
        for (int b = 0; b < K; b++)
            out[b] += S[c * K + b] * x[c];
}

/* What is this thread's of the matrices of one row. */
static alo_row_t own_row(const alo_blocks_t *a)
{
    const int64_t K = a->problem->outputs, at = share_own(K * K);
    const alo_row_t *all = &a->row;
    return (alo_row_t){.A = all->A + at,
                       .K = all->K + at,
                       .S = all->S + at,
                       .A_dot = all->A_dot + at,
                       .K_dot = all->K_dot + at,
                       .work = all->work + share_own(34 * K),
                       .pivots = all->pivots + share_own(K)};
}

/* Calls work(a, begin, end) for ranges of all rows, whose matrices it factors. */
static void for_rows(alo_blocks_t *a, share_work_t work)
{
    const double K = a->problem->outputs, rows = (double)a->problem->rows;
    work_count(WORK_BLOCK, rows);
    panel_alone(true);
    share(a->problem->rows, rows * (CALL_COST + 10.0 * K * K * K), work, a);
    panel_alone(false);
}

/* A, K and S of row i. Where I - A K is singular S is not to be used: its least eigenvalue, which
   the value looks at, says so. */
static void form(const alo_blocks_t *a, int64_t i, const alo_row_t *row)
{
    const int K = a->problem->outputs;
    double *I_AK = row->A_dot;
    int info;
    unpack(a, i, a->problem->l[2], row->A);
    unpack(a, i, a->K, row->K);
    for (int c = 0; c < K; c++) {
        times(K, row->A, row->K + (int64_t)c * K, I_AK + (int64_t)c * K);
        for (int b = 0; b < K; b++) {
            I_AK[c * K + b] = (b == c) - I_AK[c * K + b];
            row->S[c * K + b] = b == c;
        }
    }
    dgesv_(&K, &K, I_AK, &K, row->pivots, row->S, &K, &info);
}

/* The least eigenvalue of I - A K, from A and K, which are lost; 1 where K is 0. */
static double least_eigenvalue(int K, const alo_row_t *row)
{
    const int itype = 2, lwork = 33 * K;
    int info;
    dsygv_(&itype, "N", "L", &K, row->A, &K, row->K, &K, row->work, row->work + K, &lwork, &info);
    return info == 0 ? 1.0 - row->work[K - 1] : 1.0;
}

/* With the least eigenvalues where phi will be. */
static void find_values(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    const int K = problem->outputs;
    const alo_row_t row = own_row(a);
    double x[JOINT_MOST], s[JOINT_MOST], z[JOINT_MOST], u[JOINT_MOST];
    for (int64_t i = begin; i < end; i++) {
        form(a, i, &row);
        problem_get(problem, i, problem->l[1], x);
        problem_get(problem, i, problem->u, u);
        times_S(K, row.S, x, s);
        times(K, row.K, s, z);
        for (int b = 0; b < K; b++)
            u[b] += z[b];
        problem_put(problem, i, s, a->s);
        problem_put(problem, i, z, a->z);
        problem_put(problem, i, u, a->left_out);
        a->phi[0][i] = least_eigenvalue(K, &row);
    }
}

void alo_rows_value(alo_blocks_t *a, double *least, int64_t *at)
{
    *least = 1.0;
    *at = -1;
    for_rows(a, find_values);
    for (int64_t i = 0; i < a->problem->rows; i++) {
        const double t = a->phi[0][i];
        if (!(t >= *least)) {
            *least = isnan(t) ? -INFINITY : t;
            *at = i;
        }
    }
}

/* Adds the symmetric part of x y' to the packed matrix of row i. */
static void add_symmetric(const problem_t *problem, int64_t i, const double *x, const double *y,
                          double *planes)
{
    for (int b = 0; b < problem->outputs; b++)
        for (int c = 0; c <= b; c++)
            planes[joint_at(b, c) * problem->rows + i] += 0.5 * (x[b] * y[c] + x[c] * y[b]);
}

static void clear_blocks(const problem_t *problem, int64_t i, double *planes)
{
    for (int m = 0; m < problem->blocks; m++)
        planes[m * problem->rows + i] = 0.0;
}

static void find_adjoint(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    const int K = problem->outputs;
    const alo_row_t row = own_row(a);
    double x[JOINT_MOST], s[JOINT_MOST], g_tilde[JOINT_MOST];
    for (int64_t i = begin; i < end; i++) {
        form(a, i, &row);
        problem_get(problem, i, a->phi[1], x);
        problem_get(problem, i, a->s, s);
        times_S(K, row.S, x, g_tilde);
        times(K, row.K, g_tilde, x);
        problem_put(problem, i, g_tilde, a->g_tilde);
        problem_put(problem, i, x, a->z_hat);
        clear_blocks(problem, i, a->weights);
        add_symmetric(problem, i, g_tilde, s, a->weights);
    }
}

void alo_rows_adjoint(alo_blocks_t *a)
{
    for_rows(a, find_adjoint);
}

/* block = sum of the symmetric parts of x y' (and x2 y2', where there are) minus the planes of row
   i, times the row's weight: what the third derivative is contracted with. */
static void find_Q(const problem_t *problem, int64_t i, const double *const *pairs, int count,
                   const double *planes)
{
    double w = problem_weight(problem, i), *block = problem_block(problem);
    for (int b = 0; b < problem->outputs; b++)
        for (int c = 0; c <= b; c++) {
            double sum = -planes[joint_at(b, c) * problem->rows + i];
            for (const double *const *pair = pairs; pair < pairs + 2 * (ptrdiff_t)count;
                 pair += 2) {
                const double *x = pair[0], *y = pair[1];
                sum += 0.5 * (x[b] * y[c] + x[c] * y[b]);
            }
            block[joint_at(b, c)] = w * sum;
        }
}

static void find_total(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    const int K = problem->outputs;
    double u[JOINT_MOST], g[JOINT_MOST], z[JOINT_MOST], z_hat[JOINT_MOST];
    const double *const pairs[] = {z_hat, z};
    for (int64_t i = begin; i < end; i++) {
        problem_get(problem, i, problem->u, u);
        problem_get(problem, i, a->z, z);
        problem_get(problem, i, a->z_hat, z_hat);
        find_Q(problem, i, pairs, 1, a->k);
        problem->loss.joint->third(K, u, problem_block(problem), g);
        problem_get(problem, i, a->g_tilde, z);
        for (int b = 0; b < K; b++)
            g[b] += z[b];
        problem_put(problem, i, g, a->g);
    }
}

void alo_rows_total(alo_blocks_t *a)
{
    work_count(WORK_ROW, (double)a->problem->rows);
    problem_share(a->problem, a->problem->rows, find_total, a);
}

static void move_curvature(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    double u[JOINT_MOST], u_dot[JOINT_MOST], *block = problem_block(problem);
    for (int64_t i = begin; i < end; i++) {
        double w = problem_weight(problem, i);
        problem_get(problem, i, problem->u, u);
        problem_get(problem, i, a->u_dot, u_dot);
        problem->loss.joint->curvature_along(problem->outputs, u, u_dot, block);
        for (int m = 0; m < problem->blocks; m++)
            a->weights[m * problem->rows + i] = w * block[m];
    }
}

void alo_rows_curvature_dot(alo_blocks_t *a)
{
    work_count(WORK_ROW, (double)a->problem->rows);
    problem_share(a->problem, a->problem->rows, move_curvature, a);
}

/* out = S' K_dot x + K S (A_dot y + add). */
static void move_product(const alo_row_t *row, int K, const double *x, const double *y,
                         const double *add, double *out)
{
    double first[JOINT_MOST], second[JOINT_MOST];
    times(K, row->K_dot, x, first);
    times(K, row->S, first, out);
    memcpy(first, add, (size_t)K * sizeof *first);
    add_times(K, row->A_dot, y, first);
    times_S(K, row->S, first, second);
    add_times(K, row->K, second, out);
}

/* The vectors of one row. */
typedef struct vectors {
    double s[JOINT_MOST], z[JOINT_MOST], g_tilde[JOINT_MOST], z_hat[JOINT_MOST], u_dot[JOINT_MOST];
    double z_dot[JOINT_MOST], s_dot[JOINT_MOST], phi_dot[JOINT_MOST], z_hat_dot[JOINT_MOST];
    double g_tilde_dot[JOINT_MOST], moved[JOINT_MOST], xv[JOINT_MOST];
} vectors_t;

static void load(const alo_blocks_t *a, int64_t i, const alo_row_t *row, vectors_t *v)
{
    const problem_t *problem = a->problem;
    form(a, i, row);
    unpack(a, i, a->weights, row->A_dot);
    unpack(a, i, a->K_dot, row->K_dot);
    problem_get(problem, i, a->s, v->s);
    problem_get(problem, i, a->z, v->z);
    problem_get(problem, i, a->g_tilde, v->g_tilde);
    problem_get(problem, i, a->z_hat, v->z_hat);
    problem_get(problem, i, a->u_dot, v->u_dot);
    problem_get(problem, i, a->xv, v->xv);
}

/* phi'' x for row i. */
static void times_phi(const alo_blocks_t *a, int64_t i, const double *x, double *out)
{
    const int K = a->problem->outputs;
    memset(out, 0, (size_t)K * sizeof *out);
    for (int b = 0; b < K; b++)
        for (int c = 0; c < K; c++)
            out[b] += a->phi[2][joint_at(b, c) * a->problem->rows + i] * x[c];
}

static void move_row(const alo_blocks_t *a, int64_t i, const alo_row_t *row, vectors_t *v)
{
    const int K = a->problem->outputs;
    double l1_dot[JOINT_MOST];
    times(K, row->A, v->u_dot, l1_dot);
    move_product(row, K, v->s, v->z, l1_dot, v->z_dot);
    for (int b = 0; b < K; b++)
        v->moved[b] = v->u_dot[b] + v->z_dot[b];
    times(K, row->A, v->moved, v->s_dot);
    add_times(K, row->A_dot, v->z, v->s_dot);
    times_phi(a, i, v->moved, v->phi_dot);
    move_product(row, K, v->g_tilde, v->z_hat, v->phi_dot, v->z_hat_dot);
    memcpy(v->g_tilde_dot, v->phi_dot, (size_t)K * sizeof *v->phi_dot);
    add_times(K, row->A_dot, v->z_hat, v->g_tilde_dot);
    add_times(K, row->A, v->z_hat_dot, v->g_tilde_dot);
}

static void move_adjoint(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    const int K = problem->outputs;
    const alo_row_t row = own_row(a);
    vectors_t v;
    for (int64_t i = begin; i < end; i++) {
        load(a, i, &row, &v);
        move_row(a, i, &row, &v);
        problem_put(problem, i, v.z_dot, a->z_dot);
        problem_put(problem, i, v.z_hat_dot, a->z_hat_dot);
        clear_blocks(problem, i, a->weights);
        add_symmetric(problem, i, v.g_tilde_dot, v.s, a->weights);
        add_symmetric(problem, i, v.g_tilde, v.s_dot, a->weights);
        times(K, row.A_dot, v.xv, v.moved);
        for (int b = 0; b < K; b++)
            v.g_tilde_dot[b] -= v.moved[b];
        problem_put(problem, i, v.g_tilde_dot, a->g);
    }
}

void alo_rows_adjoint_dot(alo_blocks_t *a)
{
    for_rows(a, move_adjoint);
}

static void move_total(void *argument, int64_t begin, int64_t end)
{
    const alo_blocks_t *a = argument;
    const problem_t *problem = a->problem;
    const int K = problem->outputs;
    double u[JOINT_MOST], u_dot[JOINT_MOST], g[JOINT_MOST], more[JOINT_MOST];
    double z[JOINT_MOST], z_hat[JOINT_MOST], z_dot[JOINT_MOST], z_hat_dot[JOINT_MOST];
    const double *const pairs[] = {z_hat, z}, *const pairs_dot[] = {z_hat_dot, z, z_hat, z_dot};
    for (int64_t i = begin; i < end; i++) {
        problem_get(problem, i, problem->u, u);
        problem_get(problem, i, a->u_dot, u_dot);
        problem_get(problem, i, a->g, g);
        problem_get(problem, i, a->z, z);
        problem_get(problem, i, a->z_hat, z_hat);
        problem_get(problem, i, a->z_dot, z_dot);
        problem_get(problem, i, a->z_hat_dot, z_hat_dot);
        find_Q(problem, i, pairs_dot, 2, a->K_dot);
        problem->loss.joint->third(K, u, problem_block(problem), more);
        for (int b = 0; b < K; b++)
            g[b] += more[b];
        find_Q(problem, i, pairs, 1, a->k);
        problem->loss.joint->fourth(K, u, problem_block(problem), u_dot, more);
        for (int b = 0; b < K; b++)
            g[b] += more[b];
        problem_put(problem, i, g, a->g);
    }
}

void alo_rows_total_dot(alo_blocks_t *a)
{
    work_count(WORK_ROW, (double)a->problem->rows);
    problem_share(a->problem, a->problem->rows, move_total, a);
}
