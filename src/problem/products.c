/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of a training problem with vectors, and X'AX as a matrix. With several outputs that has
   a block for each two of them, block (a, b) at the rows of a and the columns of b. */
#include <string.h>

#include "linalg/panel.h"
#include "linalg/spd.h"
#include "problem/outputs.h"

/* Adds the blocks a >= b of the rows [begin, begin + count): their lower triangles. */
static void add_blocks(problem_t *problem, const double *weights, int64_t begin, int count,
                       double *C)
{
    int64_t width = problem->width, columns = problem->columns;
    const double *X = problem->data->X + begin * width;
    for (int a = 0; a < problem->outputs; a++)
        for (int b = 0; b <= a; b++)
            panel_gram_at(count, (int)width, X, weights + joint_at(a, b) * problem->rows + begin,
                          problem->scratch, C + a * width + b * width * columns, (int)columns);
}

/* The blocks a > b of C are symmetric: fills them from their lower triangles. */
static void fill_blocks(const problem_t *problem, double *C)
{
    const int64_t width = problem->width, columns = problem->columns;
    for (int64_t a = 0; a < problem->outputs; a++)
        for (int64_t b = 0; b < a; b++) {
            double *block = C + a * width + b * width * columns;
            for (int64_t j = 0; j < width; j++)
                for (int64_t i = 0; i < j; i++)
                    block[i + j * columns] = block[j + i * columns];
        }
}

void problem_gram(problem_t *problem, const double *weights, double *C)
{
    int columns = problem->columns, step = panel_rows(problem->width);
    memset(C, 0, (size_t)columns * (size_t)columns * sizeof *C);
    for (int64_t i = 0; i < problem->rows; i += step)
        add_blocks(problem, weights, i, (int)(problem->rows - i < step ? problem->rows - i : step),
                   C);
    if (problem->outputs > 1)
        fill_blocks(problem, C);
    spd_sum(problem->comm, columns, C);
}

double problem_bound(const problem_t *problem, int64_t i, int k)
{
    return loss_bound(&problem->loss, problem->data->y[i], problem->u[i], problem->l[1][i],
                      problem->l[2][joint_at(k, k) * problem->rows + i]);
}

void problem_times(const problem_t *problem, const double *x, double *y)
{
    for (int64_t k = 0; k < problem->outputs; k++)
        panel_times(problem->rows, problem->width, problem->data->X, x + k * problem->width,
                    y + k * problem->rows);
}

void problem_transposed(problem_t *problem, const double *x, double *y)
{
    memset(y, 0, (size_t)problem->columns * sizeof *y);
    for (int64_t k = 0; k < problem->outputs; k++)
        panel_add_transposed(problem->rows, problem->width, problem->data->X, x + k * problem->rows,
                             y + k * problem->width);
    comm_sum(problem->comm, y, problem->columns);
}

void problem_multiply(problem_t *problem, const double *x, double *rows, double *y)
{
    problem_times(problem, x, rows);
    panel_blocks_times(problem->outputs, problem->rows, problem->l[2], rows, rows);
    problem_transposed(problem, rows, y);
    for (int j = 0; j < problem->columns; j++)
        y[j] += problem->penalty_values.r[2][j] * x[j];
}

void problem_third(problem_t *problem, const double *x, const double *y, double *out)
{
    if (problem->outputs > 1) {
        outputs_third(problem, x, y, out);
        return;
    }
    for (int64_t i = 0; i < problem->rows; i++)
        out[i] = problem->l[3][i] * x[i] * y[i];
}

void problem_centre(const problem_t *problem, double *x)
{
    for (int c = 0; problem->outputs > 1 && c < problem->width; c++) {
        double mean = 0.0;
        for (int j = c; j < problem->columns; j += problem->width)
            mean += x[j] / problem->outputs;
        for (int j = c; problem->penalty->group[c] < 0 && j < problem->columns; j += problem->width)
            x[j] -= mean;
    }
}
