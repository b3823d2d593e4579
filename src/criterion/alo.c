/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out with exact derivatives.

   Rad & Maleki 2020 (the criterion); Burn 2020 (its derivatives, here by an adjoint pass, so that
   the gradient costs the same for any number S of hyperparameters).

   With H = X'AX + D = LL', whitened rows T = X L^-T, l the weighted loss at u = X beta + o, and phi
   the loss at the left-out predictor u~:

       value      h_i = |t_i|^2                        t_i = 1 - l''_i h_i
                  u~_i = u_i + l'_i h_i / t_i          f = sum phi_i(u~_i)
       gradient   c = phi' l' / t^2                    M = T' diag(c) T
                  k_i = t_i' M t_i                     C_jj = the same for L^-1 e_j
                  q = 1/t + l' l''' h^2 / t^2          H v = X'(phi' q - k l''') - C_jj r'''
                  df/dtheta_s = - C_jj . d_s r'' - v . d_s r'
       Hessian    per direction delta, a dot for the derivative along it:
                  b = -H^-1 d_delta r'                 u. = X b,  D. = r''' b + d_delta r''
                  W = T' diag(l''' u.) T + L^-1 diag(D.) L^-T,  h._i = -t_i' W t_i
                  M. = T' diag(c.) T - W M - M W,      k._i = t_i' M. t_i
                  then v. from one more solve, and the products with the penalty's derivatives

   Columns of L^-1 enter M's and W's sums and quadratic forms exactly as rows of T do; each rank
   takes its share of them. Only p x p matrices and p-vectors are summed over the ranks: the bytes
   sent do not depend on n. Where l''' = 0 (a quadratic loss), k, k. and the rows' part of W are not
   needed: their passes are left out, and k stays 0. */
#include <cblas.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/evaluation.h"
#include "criterion/kinds.h"
#include "linalg/panel.h"
#include "linalg/spd.h"

typedef struct options {
    char *loss;
    int whitened;
} options_t;

enum { WHITENED_AUTO, WHITENED_KEEP, WHITENED_RECOMPUTE };
static const char *const whitened_choices[] = {"auto", "keep", "recompute", NULL};
static const param_t params[] = {
    {"loss", EVALUATION_DOC, PARAM_TEXT, offsetof(options_t, loss), 0, 0, 0, NULL},
    {"whitened",
     "hold the whitened rows (as large as X), or compute them in each pass; auto: hold "
     "them where they fit in half of the free memory",
     PARAM_CHOICE, offsetof(options_t, whitened), WHITENED_AUTO, 0, 0, whitened_choices},
    PARAM_END};

/* Everything with an n in its shape is local to the rank. */
typedef struct alo {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    spd_t *hessian;
    double *T;       /* [rows, columns] whitened rows, NULL: recomputed into `panel` */
    double *panel;   /* [panel, columns] */
    double *scratch; /* [panel, columns] */
    /* [rows] */
    double *h, *t, *left_out, *phi[3], *c, *k, *q;
    double *u_dot, *h_dot, *c_dot, *k_dot, *g, *xv;
    /* [columns, columns] */
    double *M, *W, *M_dot, *half;
    /* [columns] */
    double *beta, *v, *C_diagonal, *b, *D_dot, *C_dot, *v_dot, *along;
    /* [S] */
    double *theta, *delta, *gradient;
    double *second; /* [S, S], made when a Hessian is first asked for */
    bool ready;     /* what every direction needs is known at this point: l'''', M, xv */
    bool warm;      /* theta, beta and the factor are of an evaluation before */
} alo_t;

/* ---- passes over the whitened rows ---- */

static int panel_count(const alo_t *a, int64_t begin)
{
    int64_t left = a->problem->rows - begin, most = panel_rows(a->problem->columns);
    return (int)(left < most ? left : most);
}

/* Rows begin .. begin + count of T. */
static const double *whitened(alo_t *a, int64_t begin, int count)
{
    int p = a->problem->columns;
    if (a->T != NULL)
        return a->T + begin * p;
    panel_whiten(count, p, a->hessian->inverse, a->problem->data->X + begin * p, a->panel);
    return a->panel;
}

static void leverages(alo_t *a)
{
    int p = a->problem->columns, count;
    for (int64_t i = 0; i < a->problem->rows; i += count) {
        count = panel_count(a, i);
        if (a->T != NULL)
            panel_whiten(count, p, a->hessian->inverse, a->problem->data->X + i * p, a->T + i * p);
        const double *T = whitened(a, i, count);
        for (int k = 0; k < count; k++)
            a->h[i + k] = cblas_ddot(p, T + (int64_t)k * p, 1, T + (int64_t)k * p, 1);
    }
}

/* S += T' diag(weights) T over the rows of this rank. */
static void add_gram(alo_t *a, const double *weights, double *S)
{
    int p = a->problem->columns, count;
    for (int64_t i = 0; i < a->problem->rows; i += count) {
        count = panel_count(a, i);
        panel_gram(count, p, whitened(a, i, count), weights + i, a->scratch, S);
    }
}

/* S += L^-1 diag(weights) L^-T, this rank's share of it. */
static void add_column_gram(alo_t *a, const double *weights, double *S)
{
    int p = a->problem->columns, begin, end, most = panel_rows(p);
    spd_share(a->problem->comm, p, &begin, &end);
    for (int j = begin; j < end; j += most)
        panel_gram(end - j < most ? end - j : most, p, a->hessian->inverse + (int64_t)j * p,
                   weights + j, a->scratch, S);
}

/* rows[i] = t_i' S t_i for the rows of this rank; columns[j] = (L^-1 e_j)' S (L^-1 e_j) for all;
   either may be NULL. */
static void quadratic_forms(alo_t *a, const double *S, double *rows, double *columns)
{
    int p = a->problem->columns, begin, end, count, most = panel_rows(p);
    panel_half(p, S, a->half);
    for (int64_t i = 0; rows != NULL && i < a->problem->rows; i += count) {
        count = panel_count(a, i);
        panel_quadratic(count, p, a->half, whitened(a, i, count), a->scratch, rows + i);
    }
    if (columns == NULL)
        return;
    spd_share(a->problem->comm, p, &begin, &end);
    memset(columns, 0, (size_t)p * sizeof *columns);
    for (int j = begin; j < end; j += most)
        panel_quadratic(end - j < most ? end - j : most, p, a->half,
                        a->hessian->inverse + (int64_t)j * p, a->scratch, columns + j);
    comm_sum(a->problem->comm, columns, p);
}

/* S -= W M + M W, this rank's share of the columns of W M; M with both triangles. */
static void subtract_product(alo_t *a)
{
    int64_t p = a->problem->columns;
    int begin, end;
    double *Y = a->half;
    spd_share(a->problem->comm, (int)p, &begin, &end);
    if (begin < end)
        cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, (int)p, end - begin, 1.0, a->W, (int)p,
                    a->M + begin * p, (int)p, 0.0, Y, (int)p);
    for (int64_t j = begin; j < end; j++, Y += p) {
        for (int64_t i = 0; i < j; i++)
            a->M_dot[j + i * p] -= Y[i];
        a->M_dot[j + j * p] -= 2.0 * Y[j];
        for (int64_t i = j + 1; i < p; i++)
            a->M_dot[i + j * p] -= Y[i];
    }
}

static void clear_square(const alo_t *a, double *S)
{
    memset(S, 0, (size_t)a->problem->columns * (size_t)a->problem->columns * sizeof *S);
}

static void mirror(int64_t p, double *S)
{
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < j; i++)
            S[i + j * p] = S[j + i * p];
}

/* ---- the minimum of the training problem ---- */

/* beta + sum_s (theta - theta_before)_s b_s with b_s = -H^-1 d_s r', if that lowers L. */
static void predict(alo_t *a, const double *theta)
{
    problem_t *problem = a->problem;
    int p = problem->columns;
    if (!a->warm)
        return;
    penalty_at(problem->penalty, a->theta, a->beta, problem->penalty_scale,
               &problem->penalty_values);
    for (int s = 0; s < problem->penalty->count; s++)
        a->delta[s] = theta[s] - a->theta[s];
    penalty_along(problem->penalty, &problem->penalty_values, 1, a->delta, a->b);
    spd_solve(a->hessian, a->b);
    problem_move(problem, theta, a->beta);
    double value = problem->size.value;
    cblas_dscal(p, -1.0, a->b, 1);
    cblas_daxpy(p, 1.0, a->beta, 1, a->b, 1);
    problem_move(problem, theta, a->b);
    if (problem->size.value < value)
        memcpy(a->beta, a->b, (size_t)p * sizeof *a->beta);
}

static bool minimise(criterion_t *criterion, const double *theta, criterion_result_t *result)
{
    alo_t *a = criterion->work;
    inner_result_t inner;
    predict(a, theta);
    a->hessian->factored = a->warm;
    criterion->inner->solve(criterion->inner_options, a->problem, theta, a->beta, a->hessian,
                            &inner);
    result->inner_iterations = inner.iterations;
    result->factorisations = inner.factorisations + 1;
    a->warm = false;
    if (!inner.solved) {
        snprintf(result->failure, sizeof result->failure, "%s", inner.detail);
        memset(a->beta, 0, (size_t)a->problem->columns * sizeof *a->beta);
        return false;
    }
    if (problem_factor(a->problem, a->hessian) >= 0) {
        snprintf(result->failure, sizeof result->failure,
                 "the Hessian is singular to working accuracy at the minimum: raise search.lower");
        return false;
    }
    memcpy(a->theta, theta, (size_t)a->problem->penalty->count * sizeof *theta);
    a->warm = true;
    return true;
}

/* ---- value ---- */

/* The lowest row (of all) for which `bad` holds on its rank, or -1. */
static int64_t lowest_row(const problem_t *problem, int64_t local)
{
    int64_t row = local < 0 ? INT64_MAX : problem->data->first + local;
    row = comm_min_one_int(problem->comm, row);
    return row == INT64_MAX ? -1 : row;
}

/* t and its minimum; false where a row determines its own fit. */
static bool find_t(alo_t *a, criterion_result_t *result)
{
    const problem_t *problem = a->problem;
    double least = 1.0;
    int64_t at = -1;
    for (int64_t i = 0; i < problem->rows; i++) {
        a->t[i] = 1.0 - problem->l[2][i] * a->h[i];
        if (!(a->t[i] >= least)) {
            least = isnan(a->t[i]) ? -INFINITY : a->t[i];
            at = i;
        }
    }
    double all = least;
    comm_min(problem->comm, &all, 1);
    result->least_t = all;
    result->least_t_row = lowest_row(problem, least == all ? at : -1);
    if (all > 16.0 * DBL_EPSILON)
        return true;
    snprintf(result->failure, sizeof result->failure,
             "row %" PRId64 " determines its own fit (t = 1 - l''h = %.1e): it cannot be left out "
             "with these penalties; raise search.lower",
             result->least_t_row, all);
    return false;
}

/* u~ and phi (weighted, but for phi[0]); false where phi overflows in a row that counts. */
static bool find_phi(alo_t *a, criterion_result_t *result)
{
    const problem_t *problem = a->problem;
    const double *w = problem->data->weights;
    int64_t bad = -1;
    for (int64_t i = 0; i < problem->rows; i++)
        a->left_out[i] = problem->u[i] + problem->l[1][i] * a->h[i] / a->t[i];
    evaluation_rows(&a->evaluation, problem->rows, problem->data->y, a->left_out, a->phi);
    for (int64_t i = problem->rows - 1; i >= 0; i--)
        if (!isfinite(a->phi[0][i]) && (w == NULL || w[i] > 0.0))
            bad = i;
    for (int k = 1; w != NULL && k <= 2; k++)
        for (int64_t i = 0; i < problem->rows; i++)
            a->phi[k][i] = w[i] == 0.0 ? 0.0 : w[i] * a->phi[k][i];
    int64_t row = lowest_row(problem, bad);
    if (row >= 0)
        snprintf(result->failure, sizeof result->failure,
                 "the loss of row %" PRId64 " overflows when it is left out: raise search.lower or "
                 "rescale the features",
                 row);
    return row < 0;
}

static double weighted(const double *w, int64_t i, double value)
{
    return w == NULL ? value : w[i] == 0.0 ? 0.0 : w[i] * value;
}

/* f = sum w phi / sum w; its standard error from the rows' contributions w_i (phi_i - f). */
static void find_value(const alo_t *a, criterion_result_t *result)
{
    const problem_t *problem = a->problem;
    const double *w = problem->data->weights;
    double total = problem->data->weight_sum, n = (double)problem->data->n, sum = 0.0, square = 0.0;
    for (int64_t i = 0; i < problem->rows; i++)
        sum += weighted(w, i, a->phi[0][i]);
    result->value = comm_sum_one(problem->comm, sum) / total;
    for (int64_t i = 0; i < problem->rows; i++) {
        double part = weighted(w, i, a->phi[0][i] - result->value);
        square += part * part;
    }
    result->standard_error = sqrt(comm_sum_one(problem->comm, square) * n / (n - 1.0)) / total;
}

/* ---- gradient ---- */

static void find_gradient(alo_t *a)
{
    problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    double *const *l = problem->l, *const *phi = a->phi;
    int p = problem->columns;
    for (int64_t i = 0; i < problem->rows; i++)
        a->c[i] = phi[1][i] * l[1][i] / (a->t[i] * a->t[i]);
    clear_square(a, a->M);
    add_gram(a, a->c, a->M);
    spd_sum(problem->comm, p, a->M);
    quadratic_forms(a, a->M, problem->loss.quadratic ? NULL : a->k, a->C_diagonal);
    for (int64_t i = 0; i < problem->rows; i++) {
        double h = a->h[i], t = a->t[i];
        a->q[i] = 1.0 / t + l[1][i] * l[3][i] * h * h / (t * t);
        a->g[i] = phi[1][i] * a->q[i] - a->k[i] * l[3][i];
    }
    problem_transposed(problem, a->g, a->v);
    for (int j = 0; j < p; j++)
        a->v[j] -= a->C_diagonal[j] * r->r[3][j];
    spd_solve(a->hessian, a->v);
    double scale = -1.0 / problem->data->weight_sum;
    memset(a->gradient, 0, (size_t)problem->penalty->count * sizeof *a->gradient);
    penalty_contract(problem->penalty, r, 2, scale, a->C_diagonal, a->gradient);
    penalty_contract(problem->penalty, r, 1, scale, a->v, a->gradient);
}

/* ---- Hessian along one direction ---- */

/* b, u., D., and h. along delta. */
static void move_fit(alo_t *a)
{
    problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    int p = problem->columns;
    penalty_along(problem->penalty, r, 1, a->delta, a->b);
    spd_solve(a->hessian, a->b);
    cblas_dscal(p, -1.0, a->b, 1);
    problem_times(problem, a->b, a->u_dot);
    penalty_along(problem->penalty, r, 2, a->delta, a->D_dot);
    for (int j = 0; j < p; j++)
        a->D_dot[j] += r->r[3][j] * a->b[j];
    for (int64_t i = 0; i < problem->rows; i++)
        a->g[i] = problem->l[3][i] * a->u_dot[i]; /* omega */
    clear_square(a, a->W);
    if (!problem->loss.quadratic)
        add_gram(a, a->g, a->W);
    add_column_gram(a, a->D_dot, a->W);
    spd_sum(problem->comm, p, a->W);
    quadratic_forms(a, a->W, a->h_dot, NULL);
    for (int64_t i = 0; i < problem->rows; i++)
        a->h_dot[i] = -a->h_dot[i];
}

/* c. of every row, and the part of g. that does not wait for k.: phi.' q + phi' q. */
static void move_rows(alo_t *a)
{
    const problem_t *problem = a->problem;
    for (int64_t i = 0; i < problem->rows; i++) {
        const double l1 = problem->l[1][i], l2 = problem->l[2][i], l3 = problem->l[3][i];
        const double h = a->h[i], t = a->t[i], u_dot = a->u_dot[i], h_dot = a->h_dot[i];
        const double l1_dot = l2 * u_dot, l2_dot = l3 * u_dot, l3_dot = problem->l[4][i] * u_dot;
        const double t_dot = -(l2_dot * h + l2 * h_dot);
        const double left_out_dot =
            u_dot + (l1_dot * h + l1 * h_dot) / t - l1 * h * t_dot / (t * t);
        const double phi1 = a->phi[1][i], phi1_dot = a->phi[2][i] * left_out_dot;
        a->c_dot[i] =
            (phi1_dot * l1 + phi1 * l1_dot) / (t * t) - 2.0 * phi1 * l1 * t_dot / (t * t * t);
        const double q_dot =
            -t_dot / (t * t) +
            (l1_dot * l3 * h * h + l1 * l3_dot * h * h + 2.0 * l1 * l3 * h * h_dot) / (t * t) -
            2.0 * l1 * l3 * h * h * t_dot / (t * t * t);
        a->g[i] = phi1_dot * a->q[i] + phi1 * q_dot;
    }
}

/* M., k., C._jj, then v. */
static void move_adjoint(alo_t *a)
{
    problem_t *problem = a->problem;
    const penalty_values_t *r = &problem->penalty_values;
    int p = problem->columns;
    clear_square(a, a->M_dot);
    add_gram(a, a->c_dot, a->M_dot);
    subtract_product(a);
    spd_sum(problem->comm, p, a->M_dot);
    quadratic_forms(a, a->M_dot, problem->loss.quadratic ? NULL : a->k_dot, a->C_dot);
    for (int64_t i = 0; i < problem->rows; i++) {
        double u_dot = a->u_dot[i];
        a->g[i] -= a->k_dot[i] * problem->l[3][i] + a->k[i] * problem->l[4][i] * u_dot +
                   problem->l[3][i] * u_dot * a->xv[i];
    }
    problem_transposed(problem, a->g, a->v_dot);
    penalty_along(problem->penalty, r, 3, a->delta, a->along);
    for (int j = 0; j < p; j++)
        a->v_dot[j] -= a->C_dot[j] * r->r[3][j] + a->D_dot[j] * a->v[j] +
                       a->C_diagonal[j] * (r->r[4][j] * a->b[j] + a->along[j]);
    spd_solve(a->hessian, a->v_dot);
}

/* out [S] = Hessian times delta. */
static void contract_direction(alo_t *a, double *out)
{
    const problem_t *problem = a->problem;
    const penalty_t *penalty = problem->penalty;
    const penalty_values_t *r = &problem->penalty_values;
    double scale = -1.0 / problem->data->weight_sum;
    memset(out, 0, (size_t)penalty->count * sizeof *out);
    penalty_contract(penalty, r, 2, scale, a->C_dot, out);
    penalty_contract(penalty, r, 1, scale, a->v_dot, out);
    for (int j = 0; j < problem->columns; j++)
        a->along[j] = a->C_diagonal[j] * a->b[j];
    penalty_contract(penalty, r, 3, scale, a->along, out);
    for (int j = 0; j < problem->columns; j++)
        a->along[j] = a->v[j] * a->b[j];
    penalty_contract(penalty, r, 2, scale, a->along, out);
    penalty_contract_along(penalty, r, 2, a->delta, scale, a->C_diagonal, out);
    penalty_contract_along(penalty, r, 1, a->delta, scale, a->v, out);
}

/* out [S] = Hessian times a->delta. */
static void find_product(alo_t *a, double *out)
{
    if (!a->ready) {
        problem_rows(a->problem, 4);
        mirror(a->problem->columns, a->M);
        problem_times(a->problem, a->v, a->xv);
        a->ready = true;
    }
    move_fit(a);
    move_rows(a);
    move_adjoint(a);
    contract_direction(a, out);
}

static void find_hessian(alo_t *a)
{
    int64_t count = a->problem->penalty->count;
    for (int64_t s = 0; s < count; s++) {
        for (int64_t i = 0; i < count; i++)
            a->delta[i] = i == s;
        find_product(a, a->second + s * count);
    }
    for (int64_t s = 0; s < count; s++)
        for (int64_t i = 0; i < s; i++) {
            double *lower = &a->second[s * count + i], *upper = &a->second[i * count + s];
            *lower = *upper = 0.5 * (*lower + *upper);
        }
}

/* Room for the Hessian; false where a rank has none. */
static bool reserve_hessian(alo_t *a, criterion_result_t *result)
{
    int64_t count = a->problem->penalty->count;
    int code = a->second != NULL ? TRALO_OK : mem_alloc(count * count, sizeof(double), &a->second);
    if (comm_agree(a->problem->comm, code) == TRALO_OK)
        return true;
    snprintf(result->failure, sizeof result->failure,
             "no memory for the Hessian of %" PRId64 " hyperparameters: set search.hessian to "
             "products",
             count);
    return false;
}

/* ---- the row of the table ---- */

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    alo_t *a = criterion->work;
    if (!minimise(criterion, theta, result))
        return;
    if (order > 0)
        problem_rows(a->problem, 3);
    leverages(a);
    if (!find_t(a, result) || !find_phi(a, result))
        return;
    find_value(a, result);
    a->ready = false;
    if (order >= 1)
        find_gradient(a);
    if (order >= 2 && !reserve_hessian(a, result))
        return;
    if (order >= 2)
        find_hessian(a);
    result->valid = true;
    result->gradient = order >= 1 ? a->gradient : NULL;
    result->hessian = order >= 2 ? a->second : NULL;
    result->beta = a->beta;
    result->rows = a->phi[0];
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    alo_t *a = criterion->work;
    memcpy(a->delta, direction, (size_t)a->problem->penalty->count * sizeof *direction);
    find_product(a, out);
}

/* Every array of alo_t by the shape it has, but for those that are not always needed. */
enum { ROWS, SQUARE, COLUMNS, PANEL, HYPER };
#define ARRAY(field, shape)                                                                        \
    {                                                                                              \
        offsetof(alo_t, field), shape                                                              \
    }
static const struct {
    size_t offset;
    int shape;
} arrays[] = {ARRAY(h, ROWS),        ARRAY(t, ROWS),        ARRAY(left_out, ROWS),
              ARRAY(phi[0], ROWS),   ARRAY(phi[1], ROWS),   ARRAY(phi[2], ROWS),
              ARRAY(c, ROWS),        ARRAY(k, ROWS),        ARRAY(q, ROWS),
              ARRAY(u_dot, ROWS),    ARRAY(h_dot, ROWS),    ARRAY(c_dot, ROWS),
              ARRAY(k_dot, ROWS),    ARRAY(g, ROWS),        ARRAY(xv, ROWS),
              ARRAY(M, SQUARE),      ARRAY(W, SQUARE),      ARRAY(M_dot, SQUARE),
              ARRAY(half, SQUARE),   ARRAY(beta, COLUMNS),  ARRAY(v, COLUMNS),
              ARRAY(b, COLUMNS),     ARRAY(D_dot, COLUMNS), ARRAY(C_dot, COLUMNS),
              ARRAY(v_dot, COLUMNS), ARRAY(along, COLUMNS), ARRAY(C_diagonal, COLUMNS),
              ARRAY(panel, PANEL),   ARRAY(scratch, PANEL), ARRAY(theta, HYPER),
              ARRAY(delta, HYPER),   ARRAY(gradient, HYPER)};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

static int64_t elements(int shape, int64_t rows, int columns, int count)
{
    switch (shape) {
    case ROWS:
        return rows;
    case SQUARE:
        return (int64_t)columns * columns;
    case COLUMNS:
        return columns;
    case PANEL:
        return (int64_t)columns * panel_rows(columns);
    default:
        return count;
    }
}

static int64_t memory(int64_t rows, int columns, int count)
{
    int64_t numbers = 2 * elements(SQUARE, rows, columns, count); /* the Hessian and its factor */
    for (int i = 0; i < ARRAYS; i++)
        numbers += elements(arrays[i].shape, rows, columns, count);
    return numbers * (int64_t)sizeof(double);
}

static bool keeps_whitened(const alo_t *a, int choice)
{
    const problem_t *problem = a->problem;
    int64_t needed = problem->rows * problem->columns * (int64_t)sizeof(double) +
                     memory(problem->rows, problem->columns, problem->penalty->count);
    int64_t there = mem_available() / comm_local_ranks(problem->comm);
    return choice == WHITENED_KEEP || (choice == WHITENED_AUTO && needed < there / 2);
}

static int allocate(criterion_t *criterion, const options_t *o)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    alo_t *a = NULL;
    ALLOC(a, 1);
    criterion->work = a;
    a->problem = problem;
    TRY(spd_create(problem->comm, problem->columns, &a->hessian));
    for (int i = 0; i < ARRAYS; i++)
        TRY(mem_alloc(
            elements(arrays[i].shape, problem->rows, problem->columns, problem->penalty->count),
            sizeof(double), (char *)a + arrays[i].offset));
    if (keeps_whitened(a, o->whitened))
        ALLOC(a->T, problem->rows * problem->columns);
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const options_t *o = options;
    evaluation_t evaluation;
    TRY(evaluation_find(o->loss, criterion->problem, &evaluation));
    TRY(comm_agree(criterion->problem->comm, allocate(criterion, o)));
    ((alo_t *)criterion->work)->evaluation = evaluation;
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_t *a = criterion->work;
    if (a == NULL)
        return;
    for (int i = 0; i < ARRAYS; i++)
        mem_free((char *)a + arrays[i].offset);
    mem_free(&a->T);
    mem_free(&a->second);
    spd_free(&a->hessian);
    mem_free(&criterion->work);
}

const criterion_kind_t criterion_alo = {
    .name = "alo",
    .doc = "approximate leave-one-out error (exact for squared loss with a ridge penalty)",
    .params = params,
    .options_size = sizeof(options_t),
    .approximates_loo = true,
    .memory = memory,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
};
