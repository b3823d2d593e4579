/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/outputs.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/share.h"
#include "linalg/panel.h"

/* Operations for an output of a row, which has an exp, and for an element of its matrix. */
enum { OUTPUT_COST = 20, BLOCK_COST = 4 };

/* Labels that fit into a data file are classes, and these into the kernels. */
_Static_assert((int)DATA_LABELS <= (int)JOINT_MOST && (int)JOINT_MOST <= (int)PANEL_BLOCKS,
               "labels that are no classes");

/* ---- classes ---- */

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

/* rows [JOINT_MOST] of each class over all ranks, *negative: rows with y = -1, which are of class
   0. Collective. */
static void count_classes(const data_t *data, double *rows, double *negative)
{
    memset(rows, 0, JOINT_MOST * sizeof *rows);
    *negative = 0.0;
    for (int64_t i = 0; i < data->rows; i++) {
        rows[loss_class(data->y[i])] += 1.0;
        *negative += data->y[i] < 0.0;
    }
    comm_sum(data->comm, rows, JOINT_MOST);
    *negative = comm_sum_one(data->comm, *negative);
}

static int check_classes(const loss_t *loss, const double *rows, double negative, int classes)
{
    int code = TRALO_OK;
    if (negative > 0.0 && (classes > 2 || rows[0] > negative))
        FAIL(TRALO_ERR_INPUT, "y holds -1 and class numbers: for the loss '%s' give %s", loss->name,
             loss->domain);
    if (classes < 2)
        FAIL(TRALO_ERR_INPUT, "all rows are of class 0: the loss '%s' wants two classes or more",
             loss->name);
    for (int k = 0; k < classes; k++)
        if (rows[k] == 0.0)
            FAIL(TRALO_ERR_INPUT,
                 "no row is of class %d, of the classes 0 .. %d: number them without a gap for the "
                 "loss '%s' (import with --classify does)",
                 k, classes - 1, loss->name);
out:
    return code;
}

int problem_outputs(const data_t *data, const loss_t *loss, int *outputs)
{
    int code = TRALO_OK, classes = 1;
    double rows[JOINT_MOST], negative;
    TRY(comm_agree(data->comm, check_target(data, loss)));
    if (loss->joint != NULL) {
        count_classes(data, rows, &negative);
        classes = data->label_count > 2 ? data->label_count : 1;
        for (int k = 0; k < JOINT_MOST; k++)
            classes = rows[k] > 0.0 && k >= classes ? k + 1 : classes;
        TRY(check_classes(loss, rows, negative, classes));
    }
    if (data->offsets > 1 && data->offsets != classes)
        FAIL(TRALO_ERR_INPUT, "the offset has %d numbers in each row, but the loss '%s' has %d",
             data->offsets, loss->name, classes);
    *outputs = classes;
out:
    return code;
}

int problem_absent_class(const problem_t *problem)
{
    double weight[JOINT_MOST] = {0.0};
    if (problem->outputs == 1)
        return -1;
    for (int64_t i = 0; i < problem->rows; i++)
        weight[loss_class(problem->data->y[i])] += problem_weight(problem, i);
    comm_sum(problem->comm, weight, problem->outputs);
    for (int k = 0; k < problem->outputs; k++)
        if (weight[k] == 0.0)
            return k;
    return -1;
}

/* ---- rows ---- */

void problem_get(const problem_t *problem, int64_t i, const double *planes, double *out)
{
    for (int64_t k = 0; k < problem->outputs; k++)
        out[k] = planes[k * problem->rows + i];
}

void problem_put(const problem_t *problem, int64_t i, const double *values, double *planes)
{
    for (int64_t k = 0; k < problem->outputs; k++)
        planes[k * problem->rows + i] = values[k];
}

double *problem_block(const problem_t *problem)
{
    return problem->block + share_own(problem->blocks);
}

void problem_share(const problem_t *problem, int64_t count,
                   void (*work)(void *argument, int64_t begin, int64_t end), void *argument)
{
    const double each = OUTPUT_COST * problem->outputs + BLOCK_COST * problem->blocks;
    share(count, each * (double)count, work, argument);
}

/* l, l', l'' of local row i with weight w. */
static void evaluate_row(const problem_t *problem, int64_t i, double w, int order)
{
    const loss_joint_t *joint = problem->loss.joint;
    const int64_t K = problem->outputs, rows = problem->rows;
    double u[JOINT_MOST], gradient[JOINT_MOST], value = 0.0;
    double *block = problem_block(problem);
    problem_get(problem, i, problem->u, u);
    memset(gradient, 0, (size_t)K * sizeof *gradient);
    if (order >= 2)
        memset(block, 0, (size_t)problem->blocks * sizeof *block);
    if (w != 0.0)
        value = joint->value((int)K, loss_class(problem->data->y[i]), u, gradient);
    if (w != 0.0 && order >= 2)
        joint->curvature((int)K, u, block);
    problem->l[0][i] = w * value;
    for (int64_t k = 0; order >= 1 && k < K; k++)
        problem->l[1][k * rows + i] = w * gradient[k];
    for (int64_t k = 0; order >= 2 && k < problem->blocks; k++)
        problem->l[2][k * rows + i] = w * block[k];
}

typedef struct losses {
    const problem_t *problem;
    int64_t first; /* row */
    int order;
} losses_t;

static void evaluate(void *argument, int64_t begin, int64_t end)
{
    const losses_t *e = argument;
    for (int64_t i = e->first + begin; i < e->first + end; i++)
        evaluate_row(e->problem, i, problem_weight(e->problem, i), e->order);
}

void outputs_evaluate(problem_t *problem, int64_t begin, int64_t count, int order)
{
    losses_t e = {problem, begin, order};
    problem_share(problem, count, evaluate, &e);
}

void outputs_range(const problem_t *problem, int64_t i, double *low, double *high)
{
    *low = *high = problem->u[i];
    for (int64_t k = 1; k < problem->outputs; k++) {
        const double u = problem->u[k * problem->rows + i];
        *low = u < *low ? u : *low;
        *high = u > *high ? u : *high;
    }
}

double outputs_row_loss(const problem_t *problem, int64_t i)
{
    double u[JOINT_MOST];
    problem_get(problem, i, problem->u, u);
    return problem->loss.joint->value(problem->outputs, loss_class(problem->data->y[i]), u, NULL);
}

typedef struct contraction {
    const problem_t *problem;
    const double *x, *y;
    double *out;
} contraction_t;

/* With the symmetric part of x y' as the matrix that the third derivative is contracted with. */
static void contract(void *argument, int64_t begin, int64_t end)
{
    const contraction_t *c = argument;
    const problem_t *problem = c->problem;
    const int K = problem->outputs;
    double u[JOINT_MOST], x[JOINT_MOST], y[JOINT_MOST], *block = problem_block(problem);
    for (int64_t i = begin; i < end; i++) {
        double w = problem_weight(problem, i);
        problem_get(problem, i, problem->u, u);
        problem_get(problem, i, c->x, x);
        problem_get(problem, i, c->y, y);
        for (int a = 0; a < K; a++)
            for (int b = 0; b <= a; b++)
                block[joint_at(a, b)] = 0.5 * w * (x[a] * y[b] + x[b] * y[a]);
        problem->loss.joint->third(K, u, block, x);
        problem_put(problem, i, x, c->out);
    }
}

void outputs_third(problem_t *problem, const double *x, const double *y, double *out)
{
    contraction_t c = {problem, x, y, out};
    problem_share(problem, problem->rows, contract, &c);
}
