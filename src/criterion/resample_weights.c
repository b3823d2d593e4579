/* SPDX-License-Identifier: BSD-3-Clause */
/* Derivatives of what one part adds in weights of rows (problem/row_weights.h). With v as in
   resample_part.c, rho_g = 1 - sigma_g, and epsilon = delta_g rho_g the relative change of the
   weight of a row of group g along delta:

       gradient   -rho_g sum_{i in g} l' Xv
       Hessian    b = -H^-1 X'(epsilon o l')
                  H v. = X_V'(phi'' o Xb) - X'((l''' o Xb + epsilon l'') o Xv) - (r''' b) v
                  (Hessian delta)_g = -rho_g sum_{i in g} (
                      l' Xv. + (l'' Xb + epsilon l') Xv - delta_g sigma_g l' Xv)

   With several outputs products of rows are inner products, and l'' is a matrix. */
#include <cblas.h>
#include <string.h>

#include "base/work.h"
#include "criterion/resample.h"
#include "linalg/panel.h"

/* values_i += x_i'y_i for planes x, y [outputs, rows]. */
static void add_inner(const problem_t *problem, const double *x, const double *y, double *values)
{
    for (int64_t k = 0; k < problem->outputs; k++)
        for (int64_t i = 0; i < problem->rows; i++)
            values[i] += x[k * problem->rows + i] * y[k * problem->rows + i];
}

/* x [outputs, rows] times the relative change of each row's weight along delta. */
static void scale_by_change(const problem_t *problem, const double *delta, double *x)
{
    for (int64_t i = 0; i < problem->rows; i++) {
        const double change = row_weights_change(problem->row_weights, delta, i);
        for (int64_t k = 0; k < problem->outputs; k++)
            x[k * problem->rows + i] *= change;
    }
}

static void contract(resample_t *a, double *out)
{
    row_weights_contract(a->problem->row_weights, a->problem->comm, -1.0 / a->weight, a->by_row,
                         a->by_group, out);
}

void resample_add_gradient_of_weights(resample_t *a)
{
    const problem_t *problem = a->problem;
    work_count(WORK_ROW, (double)problem->rows);
    memset(a->by_row, 0, (size_t)problem->rows * sizeof *a->by_row);
    problem_times(problem, a->v, a->xv);
    add_inner(problem, problem->l[1], a->xv, a->by_row);
    contract(a, a->gradient);
}

/* by_row = (epsilon - delta sigma) l' Xv, and g = epsilon l'. */
static void start_rows(resample_t *a, const double *delta)
{
    const problem_t *problem = a->problem;
    const row_weights_t *w = problem->row_weights;
    const int64_t rows = problem->rows;
    memset(a->by_row, 0, (size_t)rows * sizeof *a->by_row);
    add_inner(problem, problem->l[1], a->xv, a->by_row);
    for (int64_t i = 0; i < rows; i++)
        if (w->group[i] >= 0)
            a->by_row[i] *= delta[w->group[i]] * (1.0 - 2.0 * w->sigma[w->group[i]]);
    memcpy(a->g, problem->l[1], (size_t)(problem->outputs * rows) * sizeof *a->g);
    scale_by_change(problem, delta, a->g);
}

/* v_dot's right side from xb, and by_row += l'' Xb Xv. */
static void find_right_side(resample_t *a, const double *delta)
{
    problem_t *problem = a->problem;
    const int outputs = problem->outputs, columns = problem->columns;
    const int64_t rows = problem->rows, planes = outputs * rows;
    const double *r3 = problem->penalty_values.r[3];
    panel_blocks_times(outputs, rows, rows, problem->l[2], a->xb, a->g);
    add_inner(problem, a->g, a->xv, a->by_row);
    panel_blocks_times(outputs, rows, rows, problem->l[2], a->xv, a->g);
    scale_by_change(problem, delta, a->g); /* epsilon l'' Xv */
    problem_third(problem, a->xb, a->xv, a->along_rows);
    for (int64_t i = 0; i < planes; i++)
        a->along_rows[i] += a->g[i];
    panel_blocks_times(outputs, rows, rows, a->phi[2], a->xb, a->g);
    for (int64_t i = 0; i < planes; i++)
        a->g[i] -= a->along_rows[i];
    problem_transposed(problem, a->g, a->v_dot);
    for (int j = 0; j < columns; j++)
        a->v_dot[j] -= r3[j] * a->b[j] * a->v[j];
}

bool resample_add_product_of_weights(resample_t *a, const double *delta, double *out)
{
    problem_t *problem = a->problem;
    work_count(WORK_ROW, 2.0 * (double)problem->rows);
    start_rows(a, delta);
    problem_transposed(problem, a->g, a->b);
    if (resample_solve(a, NULL, a->b) >= 0)
        return false;
    cblas_dscal(problem->columns, -1.0, a->b, 1);
    problem_times(problem, a->b, a->xb);
    find_right_side(a, delta);
    if (resample_solve(a, NULL, a->v_dot) >= 0)
        return false;
    problem_times(problem, a->v_dot, a->xb);
    add_inner(problem, problem->l[1], a->xb, a->by_row);
    contract(a, out);
    return true;
}
