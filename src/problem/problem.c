/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/problem.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/work.h"
#include "data/stream.h"
#include "linalg/panel.h"
#include "problem/outputs.h"

static int allocate(problem_t *problem)
{
    int code = TRALO_OK;
    int64_t columns = problem->columns, rows = problem->rows, outputs = problem->outputs;
    const int64_t parts[LOSS_ORDERS] = {1, outputs, problem->blocks, 1, 1};
    ALLOC(problem->column_norm, problem->width);
    ALLOC(problem->null_norm, outputs);
    ALLOC(problem->residual_norm, outputs);
    ALLOC(problem->theta, problem->count);
    ALLOC(problem->beta, columns);
    ALLOC(problem->u, outputs * rows);
    for (int k = 0; k < (outputs > 1 ? 3 : LOSS_ORDERS); k++)
        ALLOC(problem->l[k], parts[k] * rows);
    TRY(penalty_values_create(problem->penalty, &problem->penalty_values));
    ALLOC(problem->gradient, columns);
    ALLOC(problem->reduction, columns + 1 + outputs + comm_size(problem->comm));
    ALLOC(problem->block, share_scratch(problem->blocks));
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

bool problem_trains(const problem_t *problem, int64_t i)
{
    const int *part = problem->part;
    return i != problem->excluded &&
           (part == NULL || (part[i] != problem->left_out && part[i] >= -1));
}

double problem_weight(const problem_t *problem, int64_t i)
{
    const double *w = problem->data->weights;
    const double own = w != NULL ? w[i] : 1.0;
    if (!problem_trains(problem, i))
        return 0.0;
    return problem->row_weights != NULL ? own * problem->row_weights->factor[i] : own;
}

int problem_search_weights(problem_t *problem, row_weights_t *weights, double penalty_theta)
{
    int code = TRALO_OK;
    double *theta = NULL;
    ALLOC(theta, weights->count);
    ALLOC(problem->penalty_theta, problem->penalty->count);
    for (int s = 0; s < problem->penalty->count; s++)
        problem->penalty_theta[s] = penalty_theta;
    mem_free(&problem->theta);
    problem->theta = theta;
    problem->row_weights = weights;
    problem->count = weights->count;
out:
    return code;
}

void problem_penalise(problem_t *problem, const double *theta, const double *beta)
{
    const double *of_penalty = problem->penalty_theta != NULL ? problem->penalty_theta : theta;
    penalty_at(problem->penalty, of_penalty, beta, problem->penalty_scale,
               &problem->penalty_values);
}

void problem_some_rows(problem_t *problem, int64_t begin, int64_t count, int order)
{
    const data_t *data = problem->data;
    double *at[LOSS_ORDERS];
    work_count(WORK_ROW, (double)count);
    if (problem->outputs > 1) {
        outputs_evaluate(problem, begin, count, order);
        return;
    }
    for (int k = 0; k < LOSS_ORDERS; k++)
        at[k] = problem->l[k] + begin;
    loss_weighted(&problem->loss, count, data->y + begin,
                  data->weights != NULL ? data->weights + begin : NULL, problem->u + begin, order,
                  at);
    const double *factor = problem->row_weights != NULL ? problem->row_weights->factor : NULL;
    for (int k = 0; factor != NULL && k <= order; k++)
        for (int64_t i = 0; i < count; i++)
            at[k][i] *= factor[begin + i];
    const bool all = problem->part == NULL && problem->excluded < 0;
    for (int64_t i = 0; !all && i < count; i++)
        for (int k = 0; !problem_trains(problem, begin + i) && k <= order; k++)
            at[k][i] = 0.0;
}

/* u of the rows of a panel at beta. */
static void predict_rows(problem_t *problem, const rows_panel_t *panel)
{
    const data_t *data = problem->data;
    int64_t begin = panel->begin, end = begin + panel->count;
    rows_times_each(panel, problem->outputs, problem->beta, problem->rows, problem->u + begin);
    for (int64_t k = 0; data->offset != NULL && k < problem->outputs; k++)
        for (int64_t i = begin; i < end; i++)
            problem->u[k * problem->rows + i] += data_offset(data, i, (int)k);
}

static void measure_columns(problem_t *problem)
{
    double *norm = problem->column_norm;
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        rows_add_squares(&pass.panel, NULL, norm);
    comm_sum(problem->comm, norm, problem->width);
    for (int j = 0; j < problem->width; j++)
        norm[j] = sqrt(norm[j]);
}

/* The same on all ranks. */
static int check_columns(const problem_t *problem)
{
    int code = TRALO_OK;
    for (int j = 0; j < problem->width; j++)
        if (!isfinite(problem->column_norm[j]))
            FAIL(TRALO_ERR_INPUT, "X column %d holds numbers whose squares overflow: rescale it",
                 j);
out:
    return code;
}

/* |l'| of each output at beta = 0; problem->beta is still zero. */
static void measure_null(problem_t *problem)
{
    double *square = problem->null_norm;
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        predict_rows(problem, &pass.panel);
    problem_some_rows(problem, 0, problem->rows, 1);
    for (int64_t k = 0; k < problem->outputs; k++)
        for (int64_t i = k * problem->rows; i < (k + 1) * problem->rows; i++)
            square[k] += problem->l[1][i] * problem->l[1][i];
    comm_sum(problem->comm, square, problem->outputs);
    for (int k = 0; k < problem->outputs; k++)
        square[k] = isfinite(square[k]) ? sqrt(square[k]) : 0.0;
}

int problem_create(const data_t *data, const loss_t *loss, const penalty_t *penalty,
                   problem_t **out)
{
    int code = TRALO_OK, outputs;
    problem_t *problem = NULL;
    TRY(problem_outputs(data, loss, &outputs));
    ASSERT(penalty->columns == outputs * data->columns);
    TRY(comm_agree(data->comm, mem_alloc(1, sizeof *problem, &problem)));
    problem->comm = data->comm;
    problem->data = data;
    problem->loss = *loss;
    problem->penalty = penalty;
    problem->outputs = outputs;
    problem->blocks = joint_blocks(outputs);
    problem->width = data->columns;
    problem->columns = penalty->columns;
    problem->count = penalty->count;
    problem->rows = data->rows;
    problem->excluded = -1;
    problem->gauge = 1.0 / outputs;
    TRY(comm_agree(data->comm, allocate(problem)));
    measure_columns(problem);
    TRY(data_intact(data));
    TRY(check_columns(problem));
    measure_null(problem);
    *out = problem;
    problem = NULL;
out:
    problem_free(&problem);
    return code;
}

problem_shape_t problem_shape(const problem_t *problem)
{
    const rows_t *X = &problem->data->X;
    return (problem_shape_t){.n = problem->data->n,
                             .rows = problem->rows,
                             .ranks = comm_size(problem->comm),
                             .entries = rows_entries(X),
                             .sparse = X->sparse != NULL,
                             .streamed = X->stream != NULL,
                             .single = X->stream != NULL && rows_stream_single(X->stream),
                             .width = problem->width,
                             .outputs = problem->outputs,
                             .count = problem->count,
                             .quadratic = problem->loss.quadratic,
                             .ridge = problem->penalty->kind->quadratic,
                             .standardized = problem->data->standardized,
                             .intercept = problem->data->intercept,
                             .weighs = problem->row_weights != NULL};
}

int64_t problem_memory(const problem_shape_t *shape)
{
    int64_t penalty = 1 + PENALTY_ORDERS + PENALTY_MIXED * 2; /* arrays of a ridge's values */
    int64_t width = shape->width, outputs = shape->outputs, blocks = joint_blocks(shape->outputs);
    int64_t by_row = outputs > 1 ? 2 * outputs + 1 + blocks : 1 + LOSS_ORDERS;
    int64_t numbers = shape->rows * by_row + outputs * width * (penalty + 5) + width + 3 * outputs +
                      1 + share_scratch(blocks) + shape->count + shape->ranks;
    return numbers * (int64_t)sizeof(double);
}

int64_t problem_panel_memory(const problem_shape_t *shape)
{
    const int64_t most = panel_rows(shape->width);
    const int64_t rows = shape->rows < most ? shape->rows : most;
    return shape->sparse ? rows * shape->width * (int64_t)sizeof(double) : 0;
}

void problem_free(problem_t **problem)
{
    problem_t *p = *problem;
    if (p == NULL)
        return;
    mem_free(&p->column_norm);
    mem_free(&p->penalty_theta);
    mem_free(&p->null_norm);
    mem_free(&p->residual_norm);
    mem_free(&p->block);
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
    problem_some_rows(problem, 0, problem->rows, order);
}

/* The largest |u| of the rows [begin, begin + count), or the largest spread of several outputs. */
static double largest_predictor(const problem_t *problem, int64_t begin, int64_t count)
{
    double largest = 0.0;
    for (int64_t i = begin; i < begin + count; i++) {
        double low = 0.0, high = fabs(problem->u[i]);
        if (problem->outputs > 1)
            outputs_range(problem, i, &low, &high);
        largest = high - low > largest ? high - low : largest;
    }
    return largest;
}

/* Panels of which no row trains are nothing to a solver. */
static bool passes_over(const problem_t *problem, const rows_panel_t *panel)
{
    if (!problem->sketchy)
        return false;
    for (int64_t i = panel->begin; i < panel->begin + panel->count; i++)
        if (problem_trains(problem, i))
            return false;
    return true;
}

/* One pass over the rows: sums = (X'l' [columns], sum l, sum l'^2 [outputs]); the largest |u| of
   this rank. */
static double pass(problem_t *problem, double *sums)
{
    int columns = problem->columns;
    double largest = 0.0;
    memset(sums, 0, (size_t)(columns + 1 + problem->outputs) * sizeof *sums);
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_NEAR);
    while (rows_next(&pass)) {
        const int64_t i = pass.panel.begin, count = pass.panel.count;
        if (passes_over(problem, &pass.panel))
            continue;
        predict_rows(problem, &pass.panel);
        problem_some_rows(problem, i, count, problem->sketchy ? 1 : 2);
        largest = fmax(largest, largest_predictor(problem, i, count));
        for (int64_t k = i; k < i + count; k++)
            sums[columns] += problem->l[0][k];
        rows_add_transposed_each(&pass.panel, problem->outputs, problem->l[1] + i, problem->rows,
                                 sums);
        for (int k = 0; k < problem->outputs; k++) {
            const double *l1 = problem->l[1] + k * problem->rows + i;
            for (int64_t m = 0; m < count; m++)
                sums[columns + 1 + k] += l1[m] * l1[m];
        }
    }
    return largest;
}

/* The largest |gradient_j| / (|x_j| residual + |r'_j|) of output k; no number: infinite. */
static double worst_of_output(const problem_t *problem, int k, double residual)
{
    const int64_t first = k * (int64_t)problem->width;
    const double *gradient = problem->gradient + first, *r1 = problem->penalty_values.r[1] + first;
    double worst = 0.0;
#pragma omp simd reduction(max : worst)
    for (int c = 0; c < problem->width; c++) {
        const double terms = problem->column_norm[c] * residual + fabs(r1[c]);
        const double part = fabs(gradient[c]) / (terms > DBL_MIN ? terms : DBL_MIN);
        const double known = terms <= DBL_MAX && part <= DBL_MAX ? part : INFINITY;
        worst = known > worst ? known : worst;
    }
    return worst;
}

/* The largest of all, with at least floor |l'(0)| as residual. */
static double relative_gradient(const problem_t *problem, double floor)
{
    double worst = 0.0;
    for (int k = 0; k < problem->outputs; k++) {
        const double least = floor * problem->null_norm[k];
        worst = fmax(worst, worst_of_output(problem, k, fmax(problem->residual_norm[k], least)));
    }
    return worst;
}

/* The 2-norm of a number of any size: cblas_dnrm2 overflows where it has no wider type to add in.
 */
static double norm(int count, const double *x)
{
    const double square = cblas_ddot(count, x, 1, x, 1);
    double value = 0.0;
    if (isnormal(square))
        return sqrt(square);
    for (int j = 0; j < count; j++)
        value = hypot(value, x[j]);
    return value;
}

/* Sums over the ranks what a pass found, and its largest |u| in the same message: each rank has a
   place of its own for that behind the sums. Collective. */
static void reduce(problem_t *problem, double largest)
{
    const int ranks = comm_size(problem->comm), sums = problem->columns + 1 + problem->outputs;
    double *by_rank = problem->reduction + sums;
    memset(by_rank, 0, (size_t)ranks * sizeof *by_rank);
    by_rank[comm_rank(problem->comm)] = largest;
    comm_sum(problem->comm, problem->reduction, (int64_t)sums + ranks);
    problem->largest_u = 0.0;
    for (int k = 0; k < ranks; k++)
        problem->largest_u = fmax(problem->largest_u, by_rank[k]);
}

void problem_move(problem_t *problem, const double *theta, const double *beta)
{
    int columns = problem->columns;
    const double *const *r = (const double *const *)problem->penalty_values.r;
    work_count(WORK_MOVE, 1.0);
    work_count(WORK_ROW, (double)problem->width);
    memmove(problem->theta, theta, (size_t)problem->count * sizeof *theta);
    memmove(problem->beta, beta, (size_t)columns * sizeof *beta);
    problem_penalise(problem, problem->theta, problem->beta);
    if (problem->row_weights != NULL)
        row_weights_at(problem->row_weights, problem->theta);
    reduce(problem, pass(problem, problem->reduction));
    double value = problem->reduction[columns];
    for (int k = 0; k < problem->outputs; k++)
        problem->residual_norm[k] = sqrt(problem->reduction[columns + 1 + k]);
    for (int j = 0; j < columns; j++) {
        value += r[0][j];
        problem->gradient[j] = problem->reduction[j] + r[1][j];
    }
    problem->size = (problem_size_t){
        .value = value,
        .gradient_norm = norm(columns, problem->gradient),
        .relative_gradient = relative_gradient(problem, 1e-4),
        .own_gradient = relative_gradient(problem, 0.0),
    };
    comm_share(problem->comm, &problem->size, sizeof problem->size, 0);
}

double problem_row_loss(const problem_t *problem, int64_t i)
{
    double value, *out[1] = {&value};
    if (problem->outputs > 1)
        return outputs_row_loss(problem, i);
    problem->loss.derivatives(&problem->loss, 1, problem->data->y + i, problem->u + i, 0, out);
    return value;
}
