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

#include "base/arrays.h"
#include "base/mem.h"
#include "criterion/adjoint.h"
#include "criterion/algebra.h"
#include "criterion/alo_cost.h"
#include "criterion/alo_options.h"
#include "criterion/alo_scalar.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"
#include "criterion/kinds.h"
#include "linalg/panel.h"
#include "linalg/spd.h"

enum { WHITENED_AUTO, WHITENED_KEEP, WHITENED_RECOMPUTE };
static const char *const whitened_choices[] = {"auto", "keep", "recompute", NULL};
static const param_t params[] = {
    {"loss", EVALUATION_DOC, PARAM_TEXT, offsetof(alo_options_t, common.loss), 0, 0, 0, NULL},
    {"whitened",
     "hold the whitened rows (as large as a dense X), or compute them in each pass; auto: hold "
     "them where X is dense and they fit in half of the free memory",
     PARAM_CHOICE, offsetof(alo_options_t, whitened), WHITENED_AUTO, 0, 0, whitened_choices},
    {"algebra", ALGEBRA_DOC, PARAM_CHOICE, offsetof(alo_options_t, common.algebra), 0, 0, 0,
     algebra_names},
    PARAM_END};

/* Everything with an n in its shape is local to the rank. */
typedef struct alo {
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    double *T;         /* [rows, columns] whitened rows, NULL: recomputed into `panel` */
    double *panel;     /* [panel, columns] */
    double *scratch;   /* [panel, columns] */
    double *unpacked;  /* [rows_buffer] rows of X */
    alo_scalar_t rows; /* of this rank */
    double *xv;        /* [rows] */
    /* [columns, columns] */
    double *M, *W, *M_dot, *half;
    bool ready; /* what every direction needs is known at this point: l'''', M, xv */
} alo_t;

/* ---- passes over the whitened rows ---- */

/* A pass over T, which is held or is formed panel by panel. */
typedef struct walk {
    int64_t begin;
    int count;
    const double *T; /* [count, columns] rows begin .. begin + count - 1 */
    rows_pass_t pass;
} walk_t;

static walk_t walk_begin(const alo_t *a)
{
    return (walk_t){.pass = rows_begin(&a->problem->data->X, ROWS_DENSE)};
}

/* The rows of the next panel of X, whitened into where they are held, or into `panel`. */
static bool walk_form(alo_t *a, walk_t *w)
{
    const rows_panel_t *panel = &w->pass.panel;
    const int p = a->problem->columns;
    if (!rows_next(&w->pass))
        return false;
    double *T = a->T != NULL ? a->T + panel->begin * p : a->panel;
    w->begin = panel->begin;
    w->count = (int)panel->count;
    w->T = T;
    panel_whiten(w->count, p, hessian_spd(a->fit.hessian)->inverse, rows_dense(panel, a->unpacked),
                 T);
    return true;
}

static bool walk_next(alo_t *a, walk_t *w)
{
    const int p = a->problem->columns;
    if (a->T == NULL)
        return walk_form(a, w);
    w->begin += w->count;
    int64_t left = a->problem->rows - w->begin, most = panel_rows(p);
    w->count = (int)(left < most ? left : most);
    w->T = a->T + w->begin * p;
    return w->count > 0;
}

static void leverages(alo_t *a)
{
    const int64_t p = a->problem->columns;
    for (walk_t w = walk_begin(a); walk_form(a, &w);)
        for (int k = 0; k < w.count; k++)
            a->rows.h[w.begin + k] = cblas_ddot((int)p, w.T + k * p, 1, w.T + k * p, 1);
}

/* S += T' diag(weights) T over the rows of this rank. */
static void add_gram(alo_t *a, const double *weights, double *S)
{
    for (walk_t w = walk_begin(a); walk_next(a, &w);)
        panel_gram(w.count, a->problem->columns, w.T, weights + w.begin, a->scratch, S);
}

/* S += L^-1 diag(weights) L^-T, this rank's share of it. */
static void add_column_gram(alo_t *a, const double *weights, double *S)
{
    int p = a->problem->columns, begin, end, most = panel_rows(p);
    spd_share(a->problem->comm, p, &begin, &end);
    for (int j = begin; j < end; j += most)
        panel_gram(end - j < most ? end - j : most, p,
                   hessian_spd(a->fit.hessian)->inverse + (int64_t)j * p, weights + j, a->scratch,
                   S);
}

static void forms_of_rows(alo_t *a, double *rows)
{
    for (walk_t w = walk_begin(a); walk_next(a, &w);)
        panel_quadratic(w.count, a->problem->columns, a->half, w.T, a->scratch, rows + w.begin);
}

/* rows[i] = t_i' S t_i for the rows of this rank; columns[j] = (L^-1 e_j)' S (L^-1 e_j) for all;
   either may be NULL. */
static void quadratic_forms(alo_t *a, const double *S, double *rows, double *columns)
{
    int p = a->problem->columns, begin, end, most = panel_rows(p);
    panel_half(p, S, a->half);
    if (rows != NULL)
        forms_of_rows(a, rows);
    if (columns == NULL)
        return;
    spd_share(a->problem->comm, p, &begin, &end);
    memset(columns, 0, (size_t)p * sizeof *columns);
    for (int j = begin; j < end; j += most)
        panel_quadratic(end - j < most ? end - j : most, p, a->half,
                        hessian_spd(a->fit.hessian)->inverse + (int64_t)j * p, a->scratch,
                        columns + j);
    comm_sum(a->problem->comm, columns, p);
}

/* S -= W M + M W, this rank's share of the columns of W M; M with both triangles. */
static void subtract_product(alo_t *a)
{
    int64_t p = a->problem->columns;
    int begin, end;
    double *Y = a->half;
    spd_share(a->problem->comm, (int)p, &begin, &end);
    work_count(WORK_PANEL, 2.0 * (double)(p * p * (end - begin)));
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

/* ---- gradient ---- */

static void find_gradient(alo_t *a)
{
    problem_t *problem = a->problem;
    alo_scalar_weigh(&a->rows);
    clear_square(a, a->M);
    add_gram(a, a->rows.c, a->M);
    spd_sum(problem->comm, problem->columns, a->M);
    quadratic_forms(a, a->M, problem->loss.quadratic ? NULL : a->rows.k, a->adjoint.C);
    alo_scalar_adjoint(&a->rows);
    problem_transposed(problem, a->rows.g, a->adjoint.v);
    adjoint_find_gradient(&a->adjoint);
}

/* ---- Hessian along one direction ---- */

/* b, u., D., and h. along delta. */
static void move_fit(alo_t *a)
{
    problem_t *problem = a->problem;
    adjoint_move_fit(&a->adjoint);
    problem_times(problem, a->adjoint.b, a->rows.u_dot);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] = problem->l[3][i] * a->rows.u_dot[i]; /* omega */
    clear_square(a, a->W);
    if (!problem->loss.quadratic)
        add_gram(a, a->rows.g, a->W);
    add_column_gram(a, a->adjoint.D_dot, a->W);
    spd_sum(problem->comm, problem->columns, a->W);
    quadratic_forms(a, a->W, a->rows.h_dot, NULL);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.h_dot[i] = -a->rows.h_dot[i];
}

/* M., k., C._jj, then v. */
static void move_adjoint(alo_t *a)
{
    problem_t *problem = a->problem;
    clear_square(a, a->M_dot);
    add_gram(a, a->rows.c_dot, a->M_dot);
    subtract_product(a);
    spd_sum(problem->comm, problem->columns, a->M_dot);
    quadratic_forms(a, a->M_dot, problem->loss.quadratic ? NULL : a->rows.k_dot, a->adjoint.C_dot);
    alo_scalar_move_adjoint(&a->rows);
    for (int64_t i = 0; i < problem->rows; i++)
        a->rows.g[i] -= problem->l[3][i] * a->rows.u_dot[i] * a->xv[i];
    problem_transposed(problem, a->rows.g, a->adjoint.v_dot);
    adjoint_find_product(&a->adjoint);
}

/* The Hessian times adjoint.delta into adjoint.product. */
static void find_product(void *work)
{
    alo_t *a = work;
    if (!a->ready) {
        problem_rows(a->problem, 4);
        mirror(a->problem->columns, a->M);
        problem_times(a->problem, a->adjoint.v, a->xv);
        a->ready = true;
    }
    move_fit(a);
    alo_scalar_move(&a->rows);
    move_adjoint(a);
}

/* ---- the row of the table ---- */

static void evaluate(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result)
{
    alo_t *a = criterion->work;
    if (!fit_minimise(criterion, &a->fit, theta, result))
        return;
    if (order > 0)
        problem_rows(a->problem, 3);
    leverages(a);
    if (!alo_scalar_find_all_t(&a->rows, a->problem, result))
        return;
    alo_scalar_leave_out(&a->rows);
    if (!evaluation_left_out(&a->evaluation, a->problem, a->rows.left_out, a->rows.phi, result))
        return;
    evaluation_mean(a->problem, a->rows.phi[0], result);
    a->ready = false;
    if (order >= 1)
        find_gradient(a);
    adjoint_finish(&a->adjoint, order, find_product, a, result);
    result->beta = a->fit.beta;
    result->rows = a->rows.phi[0];
}

static void product(criterion_t *criterion, const double *direction, double *out)
{
    alo_t *a = criterion->work;
    adjoint_multiply(&a->adjoint, find_product, a, direction, out);
}

/* Every array of alo_t by the shape it has, but for those that are not always needed. */
enum { ROWS, SQUARE, PANEL };
static const array_row_t array_rows[] = {ARRAY(alo_t, xv, ROWS),      ARRAY(alo_t, M, SQUARE),
                                         ARRAY(alo_t, W, SQUARE),     ARRAY(alo_t, M_dot, SQUARE),
                                         ARRAY(alo_t, half, SQUARE),  ARRAY(alo_t, panel, PANEL),
                                         ARRAY(alo_t, scratch, PANEL)};
static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    int64_t p = shape->width;
    return form == ROWS ? shape->rows : form == SQUARE ? p * p : p * panel_rows(shape->width);
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return fit_memory(form, shape) + adjoint_memory(shape) + alo_scalar_memory(shape->rows) +
           arrays_memory(&arrays, shape) + problem_panel_memory(shape);
}

/* The whitened rows; not where X is sparse, which they are not, or on disk, where there is no room
   for them. */
static int64_t more(const hessian_kind_t *form, const problem_shape_t *shape)
{
    (void)form;
    return shape->sparse || shape->streamed ? 0
                                            : shape->rows * shape->width * (int64_t)sizeof(double);
}

static int allocate(criterion_t *criterion, const alo_options_t *o)
{
    int code = TRALO_OK;
    problem_t *problem = criterion->problem;
    const problem_shape_t shape = problem_shape(problem);
    alo_t *a = criterion->work;
    a->problem = problem;
    TRY(adjoint_allocate(problem, a->fit.hessian, &a->adjoint));
    TRY(alo_scalar_create(problem->rows, &a->rows));
    a->rows.u = problem->u;
    a->rows.l = problem->l;
    TRY(arrays_create(&arrays, &shape, a));
    ALLOC(a->unpacked, rows_buffer(&problem->data->X));
    if (o->whitened == WHITENED_KEEP || (o->whitened == WHITENED_AUTO && criterion->roomy))
        ALLOC(a->T, problem->rows * problem->columns);
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    int code = TRALO_OK;
    const alo_options_t *o = options;
    comm_t *comm = criterion->problem->comm;
    evaluation_t evaluation;
    alo_t *a;
    TRY(evaluation_find(o->common.loss, criterion->problem, &evaluation));
    TRY(comm_agree(comm, mem_alloc(1, sizeof *a, &criterion->work)));
    a = criterion->work;
    a->evaluation = evaluation;
    TRY(fit_create(criterion, &a->fit));
    TRY(comm_agree(comm, allocate(criterion, o)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_t *a = criterion->work;
    if (a == NULL)
        return;
    arrays_free(&arrays, a);
    alo_scalar_free(&a->rows);
    mem_free(&a->T);
    mem_free(&a->unpacked);
    adjoint_release(&a->adjoint);
    fit_release(&a->fit);
    mem_free(&criterion->work);
}

static const criterion_kind_t *const rows[] = {&criterion_alo, &criterion_alo_explicit,
                                               &criterion_alo_wide, &criterion_alo_spectral, NULL};

const criterion_kind_t criterion_alo = {
    .name = "alo",
    .doc = "approximate leave-one-out error (exact for squared loss with a ridge penalty)",
    .algebra = "p x p matrices over the rows, O(n p^2) for each evaluation",
    .rows = rows,
    .by = "replicated",
    .form = &hessian_replicated,
    .params = params,
    .options_size = sizeof(alo_options_t),
    .approximates_loo = true,
    .memory = memory,
    .more = more,
    .cost = alo_cost,
    .create = create,
    .evaluate = evaluate,
    .product = product,
    .destroy = destroy,
    .kernel = &criterion_alo_kernel,
    .joint = &criterion_alo_blocks,
};
