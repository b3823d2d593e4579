/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of a training problem with vectors, and X'AX as a matrix. With several outputs that has
   a block for each two of them, block (a, b) at the rows of a and the columns of b. */
#include <string.h>

#include "base/mem.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "problem/outputs.h"

/* Adds the blocks a >= b of the rows of a panel: their lower triangles. */
static void add_blocks(problem_t *problem, const double *weights, const rows_panel_t *panel,
                       double *C)
{
    int64_t width = problem->width, columns = problem->columns;
    for (int a = 0; a < problem->outputs; a++)
        for (int b = 0; b <= a; b++)
            rows_gram(panel, weights + joint_at(a, b) * problem->rows + panel->begin,
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

int64_t problem_gram_memory(const problem_shape_t *shape)
{
    return rows_scratch(shape->width, shape->sparse) * (int64_t)sizeof(double);
}

int problem_reserve_gram(problem_t *problem)
{
    int64_t numbers = rows_scratch(problem->width, problem->data->X.sparse != NULL);
    if (problem->scratch != NULL)
        return TRALO_OK;
    return mem_alloc(numbers, sizeof *problem->scratch, &problem->scratch);
}

void problem_gram(problem_t *problem, const double *weights, double *C)
{
    int columns = problem->columns;
    ASSERT(problem->scratch != NULL);
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    memset(C, 0, (size_t)columns * (size_t)columns * sizeof *C);
    while (rows_next(&pass))
        add_blocks(problem, weights, &pass.panel, C);
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
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        rows_times_each(&pass.panel, problem->outputs, x, problem->rows, y + pass.panel.begin);
}

void problem_transposed(problem_t *problem, const double *x, double *y)
{
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    memset(y, 0, (size_t)problem->columns * sizeof *y);
    while (rows_next(&pass))
        rows_add_transposed_each(&pass.panel, problem->outputs, x + pass.panel.begin, problem->rows,
                                 y);
    comm_sum(problem->comm, y, problem->columns);
}

/* rows = A X x of the rows of a panel, and y += their X' times that. */
static void multiply_panel(const problem_t *problem, const rows_panel_t *panel,
                           const double *weights, const double *x, double *rows, double *y)
{
    const int64_t ld = problem->rows, begin = panel->begin;
    rows_times_each(panel, problem->outputs, x, ld, rows + begin);
    panel_blocks_times(problem->outputs, panel->count, ld, weights + begin, rows + begin,
                       rows + begin);
    rows_add_transposed_each(panel, problem->outputs, rows + begin, ld, y);
}

/* In one pass over the rows: each panel is still at hand for the way back. */
void problem_weigh(problem_t *problem, const double *weights, const double *x, double *rows,
                   double *y)
{
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_NEAR);
    memset(y, 0, (size_t)problem->columns * sizeof *y);
    while (rows_next(&pass))
        multiply_panel(problem, &pass.panel, weights, x, rows, y);
    comm_sum(problem->comm, y, problem->columns);
}

void problem_multiply(problem_t *problem, const double *x, double *rows, double *y)
{
    problem_weigh(problem, problem->l[2], x, rows, y);
    for (int j = 0; j < problem->columns; j++)
        y[j] += problem->penalty_values.r[2][j] * x[j];
}

void problem_diagonal(problem_t *problem, const double *weights, double *out)
{
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
    memset(out, 0, (size_t)problem->columns * sizeof *out);
    while (rows_next(&pass))
        for (int k = 0; k < problem->outputs; k++)
            rows_add_squares(&pass.panel,
                             weights + joint_at(k, k) * problem->rows + pass.panel.begin,
                             out + (int64_t)k * problem->width);
    comm_sum(problem->comm, out, problem->columns);
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
