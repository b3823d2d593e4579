/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/problem.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "linalg/panel.h"

/* The lowest row of this rank whose y the loss does not allow, or -1. */
static int64_t invalid_row(const data_t *data, const loss_t *loss)
{
    for (int64_t i = 0; i < data->rows; i++)
        if (!loss->valid(data->y[i]))
            return i;
    return -1;
}

static int check_target(const data_t *data, const loss_t *loss)
{
    int code = TRALO_OK;
    int64_t i = invalid_row(data, loss);
    if (i >= 0)
        FAIL(TRALO_ERR_INPUT, "row %" PRId64 ": y = %g is not allowed for the loss '%s': give %s",
             data->first + i, data->y[i], loss->name, loss->domain);
out:
    return code;
}

static int allocate(problem_t *problem)
{
    int code = TRALO_OK;
    int64_t columns = problem->columns, rows = problem->rows;
    ALLOC(problem->column_norm, columns);
    ALLOC(problem->theta, problem->penalty->count);
    ALLOC(problem->beta, columns);
    ALLOC(problem->u, rows);
    for (int k = 0; k < LOSS_ORDERS; k++)
        ALLOC(problem->l[k], rows);
    TRY(penalty_values_create(problem->penalty, &problem->penalty_values));
    ALLOC(problem->gradient, columns);
    ALLOC(problem->scratch, columns * panel_rows(problem->columns));
    ALLOC(problem->reduction, columns + 2);
    ALLOC(problem->direction, columns);
    ALLOC(problem->trial, columns);
out:
    return code;
}

void problem_leave_out(problem_t *problem, const int *part, int left_out)
{
    problem->part = part;
    problem->left_out = left_out;
}

static bool trains(const problem_t *problem, int64_t row)
{
    return problem->part[row] != problem->left_out && problem->part[row] >= -1;
}

/* Weighted derivatives 0 .. order of the rows [begin, begin + count). */
static void evaluate_rows(problem_t *problem, int64_t begin, int64_t count, int order)
{
    const data_t *data = problem->data;
    double *at[LOSS_ORDERS];
    for (int k = 0; k < LOSS_ORDERS; k++)
        at[k] = problem->l[k] + begin;
    loss_weighted(&problem->loss, count, data->y + begin,
                  data->weights != NULL ? data->weights + begin : NULL, problem->u + begin, order,
                  at);
    int64_t out = problem->excluded - begin;
    for (int k = 0; out >= 0 && out < count && k <= order; k++)
        at[k][out] = 0.0;
    for (int64_t i = 0; problem->part != NULL && i < count; i++)
        for (int k = 0; !trains(problem, begin + i) && k <= order; k++)
            at[k][i] = 0.0;
}

/* u of the rows [begin, begin + count) at beta. */
static void predict_rows(problem_t *problem, int64_t begin, int64_t count)
{
    const data_t *data = problem->data;
    panel_times(count, problem->columns, data->X + begin * problem->columns, problem->beta,
                problem->u + begin);
    for (int64_t i = begin; data->offset != NULL && i < begin + count; i++)
        problem->u[i] += data->offset[i];
}

static void measure_columns(problem_t *problem)
{
    double *norm = problem->column_norm;
    for (int64_t i = 0; i < problem->rows; i++)
        for (int j = 0; j < problem->columns; j++) {
            double x = problem->data->X[i * problem->columns + j];
            norm[j] += x * x;
        }
    comm_sum(problem->comm, norm, problem->columns);
    for (int j = 0; j < problem->columns; j++)
        norm[j] = sqrt(norm[j]);
}

/* The same on all ranks. */
static int check_columns(const problem_t *problem)
{
    int code = TRALO_OK;
    for (int j = 0; j < problem->columns; j++)
        if (!isfinite(problem->column_norm[j]))
            FAIL(TRALO_ERR_INPUT, "X column %d holds numbers whose squares overflow: rescale it",
                 j);
out:
    return code;
}

/* |l'| at beta = 0; problem->beta is still zero. */
static void measure_null(problem_t *problem)
{
    double square = 0.0;
    predict_rows(problem, 0, problem->rows);
    evaluate_rows(problem, 0, problem->rows, 1);
    for (int64_t i = 0; i < problem->rows; i++)
        square += problem->l[1][i] * problem->l[1][i];
    square = comm_sum_one(problem->comm, square);
    problem->null_norm = isfinite(square) ? sqrt(square) : 0.0;
}

int problem_create(const data_t *data, const loss_t *loss, const penalty_t *penalty,
                   problem_t **out)
{
    int code = TRALO_OK;
    problem_t *problem = NULL;
    ASSERT(penalty->columns == data->columns);
    TRY(comm_agree(data->comm, check_target(data, loss)));
    TRY(comm_agree(data->comm, mem_alloc(1, sizeof *problem, &problem)));
    problem->comm = data->comm;
    problem->data = data;
    problem->loss = *loss;
    problem->penalty = penalty;
    problem->columns = data->columns;
    problem->rows = data->rows;
    problem->excluded = -1;
    TRY(comm_agree(data->comm, allocate(problem)));
    measure_columns(problem);
    TRY(check_columns(problem));
    measure_null(problem);
    *out = problem;
    problem = NULL;
out:
    problem_free(&problem);
    return code;
}

int64_t problem_memory(int64_t rows, int columns, int count)
{
    int64_t penalty = 1 + PENALTY_ORDERS + PENALTY_MIXED * 2; /* arrays of a ridge's values */
    int64_t numbers = rows * (1 + LOSS_ORDERS) +
                      columns * ((int64_t)panel_rows(columns) + penalty + 6) + count + 2;
    return numbers * (int64_t)sizeof(double);
}

void problem_free(problem_t **problem)
{
    problem_t *p = *problem;
    if (p == NULL)
        return;
    mem_free(&p->column_norm);
    mem_free(&p->theta);
    mem_free(&p->beta);
    mem_free(&p->u);
    for (int k = 0; k < LOSS_ORDERS; k++)
        mem_free(&p->l[k]);
    penalty_values_free(&p->penalty_values);
    mem_free(&p->gradient);
    mem_free(&p->scratch);
    mem_free(&p->reduction);
    mem_free(&p->direction);
    mem_free(&p->trial);
    mem_free(problem);
}

void problem_exclude(problem_t *problem, int64_t row)
{
    int64_t local = row - problem->data->first;
    problem->excluded = row >= 0 && local >= 0 && local < problem->rows ? local : -1;
}

void problem_rows(problem_t *problem, int order)
{
    evaluate_rows(problem, 0, problem->rows, order);
}

/* One pass over the rows: sums = (X'l' [columns], sum l, sum l'^2); the largest |u|. */
static double pass(problem_t *problem, double *sums)
{
    int columns = problem->columns, step = panel_rows(columns);
    double largest = 0.0;
    memset(sums, 0, (size_t)(columns + 2) * sizeof *sums);
    for (int64_t i = 0; i < problem->rows; i += step) {
        int64_t count = problem->rows - i < step ? problem->rows - i : step;
        predict_rows(problem, i, count);
        evaluate_rows(problem, i, count, 2);
        panel_add_transposed(count, columns, problem->data->X + i * columns, problem->l[1] + i,
                             sums);
        for (int64_t k = i; k < i + count; k++) {
            sums[columns] += problem->l[0][k];
            sums[columns + 1] += problem->l[1][k] * problem->l[1][k];
            largest = fmax(largest, fabs(problem->u[k]));
        }
    }
    return largest;
}

/* The largest |gradient_j| / (|x_j| residual + |r'_j|). */
static double relative_gradient(const problem_t *problem, double residual)
{
    double worst = 0.0;
    for (int j = 0; j < problem->columns; j++) {
        double terms = problem->column_norm[j] * residual + fabs(problem->penalty_values.r[1][j]);
        double part = fabs(problem->gradient[j]) / fmax(terms, DBL_MIN);
        worst = fmax(worst, isfinite(terms) && !isnan(part) ? part : INFINITY);
    }
    return worst;
}

/* The 2-norm of a number of any size: cblas_dnrm2 overflows where it has no wider type to add in.
 */
static double norm(int count, const double *x)
{
    double value = 0.0;
    for (int j = 0; j < count; j++)
        value = hypot(value, x[j]);
    return value;
}

void problem_move(problem_t *problem, const double *theta, const double *beta)
{
    int columns = problem->columns;
    const double *const *r = (const double *const *)problem->penalty_values.r;
    memmove(problem->theta, theta, (size_t)problem->penalty->count * sizeof *theta);
    memmove(problem->beta, beta, (size_t)columns * sizeof *beta);
    penalty_at(problem->penalty, problem->theta, problem->beta, problem->penalty_scale,
               &problem->penalty_values);
    double largest = pass(problem, problem->reduction);
    comm_sum(problem->comm, problem->reduction, columns + 2);
    double value = problem->reduction[columns];
    problem->residual_norm = sqrt(problem->reduction[columns + 1]);
    problem->largest_u = comm_max_one(problem->comm, largest);
    for (int j = 0; j < columns; j++) {
        value += r[0][j];
        problem->gradient[j] = problem->reduction[j] + r[1][j];
    }
    problem->size = (problem_size_t){
        .value = value,
        .gradient_norm = norm(columns, problem->gradient),
        .relative_gradient =
            relative_gradient(problem, fmax(problem->residual_norm, 1e-4 * problem->null_norm)),
        .own_gradient = relative_gradient(problem, problem->residual_norm),
    };
    comm_share(problem->comm, &problem->size, sizeof problem->size, 0);
}

void problem_gram(problem_t *problem, const double *weights, double *C)
{
    int columns = problem->columns, step = panel_rows(columns);
    memset(C, 0, (size_t)columns * (size_t)columns * sizeof *C);
    for (int64_t i = 0; i < problem->rows; i += step) {
        int count = (int)(problem->rows - i < step ? problem->rows - i : step);
        panel_gram(count, columns, problem->data->X + i * columns, weights + i, problem->scratch,
                   C);
    }
    spd_sum(problem->comm, columns, C);
}

int problem_factor(problem_t *problem, spd_t *hessian)
{
    double *H = hessian->matrix;
    size_t columns = (size_t)problem->columns;
    if (problem->known_gram != NULL)
        memcpy(H, problem->known_gram, columns * columns * sizeof *H);
    else
        problem_gram(problem, problem->l[2], H);
    for (size_t j = 0; j < columns; j++)
        H[j + j * columns] += problem->penalty_values.r[2][j];
    return spd_factor(hessian);
}

bool problem_convexify(const problem_t *problem, spd_t *hessian)
{
    const double *curvature = problem->penalty_values.r[2];
    size_t columns = (size_t)problem->columns;
    bool concave = false;
    for (size_t j = 0; j < columns; j++)
        if (curvature[j] < 0.0) {
            hessian->matrix[j + j * columns] -= curvature[j];
            concave = true;
        }
    return concave;
}

void problem_times(const problem_t *problem, const double *x, double *y)
{
    panel_times(problem->rows, problem->columns, problem->data->X, x, y);
}

void problem_transposed(problem_t *problem, const double *x, double *y)
{
    memset(y, 0, (size_t)problem->columns * sizeof *y);
    panel_add_transposed(problem->rows, problem->columns, problem->data->X, x, y);
    comm_sum(problem->comm, y, problem->columns);
}
