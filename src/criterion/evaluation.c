/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/evaluation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/share.h"
#include "problem/cost.h"

enum { ROW_COST = 50 }; /* operations for the response of a row: exp */

static int check_target(const loss_t *loss, const data_t *data)
{
    int code = TRALO_OK;
    for (int64_t i = 0; i < data->rows; i++)
        if (!loss->valid(data->y[i]))
            FAIL(TRALO_ERR_INPUT,
                 "row %" PRId64 ": y = %g is not allowed for criterion.loss = %s: give %s",
                 data->first + i, data->y[i], loss->name, loss->domain);
out:
    return code;
}

int evaluation_find_for(const char *name, const loss_t *training, const data_t *data,
                        evaluation_t *out)
{
    int code = TRALO_OK;
    evaluation_t evaluation = {.loss = *training};
    if (name != NULL && strcmp(name, "response") == 0) {
        evaluation.response = true;
    } else if (name != NULL && strcmp(name, "training") != 0) {
        const loss_t *loss = loss_find(name);
        if (loss == NULL)
            FAIL(TRALO_ERR_INPUT,
                 "criterion.loss = %s: give training, response or a loss that tralo list names",
                 name);
        if ((loss->joint != NULL) != (training->joint != NULL))
            FAIL(
                TRALO_ERR_INPUT,
                "criterion.loss = %s: it has not as many outputs as model.loss = %s: give training "
                "or response",
                name, training->name);
        evaluation.loss = *loss;
        TRY(comm_agree(data->comm, check_target(loss, data)));
    }
    *out = evaluation;
out:
    return code;
}

int evaluation_find(const char *name, const problem_t *problem, evaluation_t *out)
{
    return evaluation_find_for(name, &problem->loss, problem->data, out);
}

static void response_row(const loss_t *loss, double y, double u, double *phi)
{
    double m[3];
    loss->mean(loss, u, m);
    double error = m[0] - loss_target(loss, y);
    phi[0] = 0.5 * error * error;
    phi[1] = error * m[1];
    phi[2] = m[1] * m[1] + error * m[2];
}

/* Rows of one output. */
typedef struct responses {
    const loss_t *loss;
    const double *y, *u;
    double *const *phi;
} responses_t;

static void respond(void *argument, int64_t begin, int64_t end)
{
    const responses_t *r = argument;
    for (int64_t i = begin; i < end; i++) {
        double row[EVALUATION_ORDERS];
        response_row(r->loss, r->y[i], r->u[i], row);
        for (int k = 0; k < EVALUATION_ORDERS; k++)
            r->phi[k][i] = row[k];
    }
}

void evaluation_values(const evaluation_t *evaluation, int64_t n, const double *y, const double *u,
                       double *const *phi)
{
    responses_t r = {&evaluation->loss, y, u, phi};
    if (evaluation->response)
        share(n, ROW_COST * (double)n, respond, &r);
    else
        loss_weighted(r.loss, n, y, NULL, u, EVALUATION_ORDERS - 1, phi);
}

/* out [blocks] planes of row i += A^2 for the packed A. */
static void add_square(const problem_t *problem, int64_t i, const double *A, double *out)
{
    const int K = problem->outputs;
    for (int a = 0; a < K; a++)
        for (int b = 0; b <= a; b++) {
            double sum = 0.0;
            for (int c = 0; c < K; c++)
                sum += A[joint_at(a, c)] * A[joint_at(b, c)];
            out[joint_at(a, b) * problem->rows + i] += sum;
        }
}

/* phi = |e|^2 / 2 with e = pi - e_y, phi' = A e, phi'' = A^2 + (derivative of A along e). */
static void joint_response(const problem_t *problem, const loss_joint_t *joint, int64_t i,
                           const double *u, double *const *phi)
{
    const int K = problem->outputs;
    const int64_t rows = problem->rows;
    double e[JOINT_MOST], *A = problem_block(problem);
    joint->mean(K, u, e);
    e[loss_class(problem->data->y[i])] -= 1.0;
    phi[0][i] = 0.0;
    for (int k = 0; k < K; k++)
        phi[0][i] += 0.5 * e[k] * e[k];
    joint->curvature_along(K, u, e, A);
    for (int k = 0; k < problem->blocks; k++)
        phi[2][k * rows + i] = A[k];
    joint->curvature(K, u, A);
    add_square(problem, i, A, phi[2]);
    for (int a = 0; a < K; a++) {
        double sum = 0.0;
        for (int b = 0; b < K; b++)
            sum += A[joint_at(a, b)] * e[b];
        phi[1][a * rows + i] = sum;
    }
}

static void joint_row(const evaluation_t *evaluation, const problem_t *problem, int64_t i,
                      const double *planes, double *const *phi)
{
    const loss_joint_t *joint = evaluation->loss.joint;
    const int K = problem->outputs;
    double u[JOINT_MOST], gradient[JOINT_MOST], *block = problem_block(problem);
    problem_get(problem, i, planes, u);
    if (evaluation->response) {
        joint_response(problem, joint, i, u, phi);
        return;
    }
    phi[0][i] = joint->value(K, loss_class(problem->data->y[i]), u, gradient);
    problem_put(problem, i, gradient, phi[1]);
    joint->curvature(K, u, block);
    for (int k = 0; k < problem->blocks; k++)
        phi[2][k * problem->rows + i] = block[k];
}

typedef struct joint_rows {
    const evaluation_t *evaluation;
    const problem_t *problem;
    int64_t first;
    const double *u;
    double *const *phi;
} joint_rows_t;

static void evaluate_joint(void *argument, int64_t begin, int64_t end)
{
    const joint_rows_t *r = argument;
    for (int64_t i = r->first + begin; i < r->first + end; i++)
        joint_row(r->evaluation, r->problem, i, r->u, r->phi);
}

void evaluation_rows(const evaluation_t *evaluation, const problem_t *problem, int64_t begin,
                     int64_t count, const double *u, double *const *phi)
{
    double *at[EVALUATION_ORDERS] = {phi[0] + begin, phi[1] + begin, phi[2] + begin};
    joint_rows_t rows = {evaluation, problem, begin, u, phi};
    if (problem->outputs == 1)
        evaluation_values(evaluation, count, problem->data->y + begin, u + begin, at);
    else
        problem_share(problem, count, evaluate_joint, &rows);
}

int64_t evaluation_lowest_row(const problem_t *problem, int64_t local)
{
    int64_t row = local < 0 ? INT64_MAX : problem->data->first + local;
    row = comm_min_one_int(problem->comm, row);
    return row == INT64_MAX ? -1 : row;
}

static double weighted(const double *w, int64_t i, double value)
{
    return w == NULL ? value : w[i] == 0.0 ? 0.0 : w[i] * value;
}

void evaluation_overflow(int64_t row, criterion_result_t *result)
{
    snprintf(result->failure, sizeof result->failure,
             "the loss of row %" PRId64 " overflows when it is left out: raise search.lower or "
             "rescale the features",
             row);
}

void evaluation_cost(const problem_shape_t *shape, work_t *work)
{
    cost_rows(shape, 1.0, work);
    work_sum(work, 5.0, 1.0);
}

bool evaluation_left_out(const evaluation_t *evaluation, const problem_t *problem, const double *u,
                         double *const *phi, criterion_result_t *result)
{
    const int planes[EVALUATION_ORDERS] = {1, problem->outputs, problem->blocks};
    const double *w = problem->data->weights;
    int64_t rows = problem->rows, bad = -1;
    work_count(WORK_ROW, (double)rows);
    evaluation_rows(evaluation, problem, 0, rows, u, phi);
    for (int64_t i = rows - 1; i >= 0; i--)
        if (!isfinite(phi[0][i]) && (w == NULL || w[i] > 0.0))
            bad = i;
    for (int k = 1; w != NULL && k < EVALUATION_ORDERS; k++)
        for (int m = 0; m < planes[k]; m++)
            for (int64_t i = 0; i < rows; i++)
                phi[k][m * rows + i] = weighted(w, i, phi[k][m * rows + i]);
    int64_t row = evaluation_lowest_row(problem, bad);
    if (row >= 0)
        evaluation_overflow(row, result);
    return row < 0;
}

void evaluation_mean(const problem_t *problem, const double *values, criterion_result_t *result)
{
    const double *w = problem->data->weights;
    double total = problem->data->weight_sum, n = (double)problem->data->n, sum = 0.0, square = 0.0;
    for (int64_t i = 0; i < problem->rows; i++)
        sum += weighted(w, i, values[i]);
    result->value = comm_sum_one(problem->comm, sum) / total;
    for (int64_t i = 0; i < problem->rows; i++) {
        double part = weighted(w, i, values[i] - result->value);
        square += part * part;
    }
    result->standard_error = sqrt(comm_sum_one(problem->comm, square) * n / (n - 1.0)) / total;
}
