/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/sample.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "problem/cost.h"

static const double CHOICE = 10.0; /* losses of rows, that it takes to find which a batch has */

enum { STREAM = 0x5a3b1e }; /* and from there on, some for each epoch */

static int allocate(sample_t *s, int64_t size)
{
    int code = TRALO_OK;
    const problem_t *problem = s->problem;
    ALLOC(s->training, problem->rows);
    ALLOC(s->chosen, size);
    ALLOC(s->u, problem->outputs * size);
    ALLOC(s->l, problem->outputs * size);
    TRY(batch_create(&problem->data->X, size, &s->batch));
out:
    return code;
}

int sample_create(problem_t *problem, int64_t size, uint64_t seed, sample_t *out)
{
    int code = TRALO_OK;
    sample_t *s = out;
    int64_t count = 0;
    s->problem = problem;
    s->seed = seed;
    for (int64_t i = 0; i < problem->rows; i++)
        count += problem_trains(problem, i);
    s->total = comm_sum_one_int(problem->comm, count);
    s->before = comm_sum_before(problem->comm, count);
    s->size = size < s->total ? size : s->total;
    TRY(comm_agree(problem->comm, allocate(s, s->size)));
    for (int64_t i = 0; i < problem->rows; i++)
        if (problem_trains(problem, i))
            s->training[s->count++] = i;
out:
    return code;
}

void sample_release(sample_t *s)
{
    mem_free(&s->training);
    mem_free(&s->chosen);
    mem_free(&s->u);
    mem_free(&s->l);
    batch_release(&s->batch);
}

int64_t sample_memory(const problem_shape_t *shape, int64_t size)
{
    const int64_t most = size < shape->n ? size : shape->n;
    const int64_t numbers = shape->rows + most * (1 + 2 * (int64_t)shape->outputs);
    return numbers * (int64_t)sizeof(double) + batch_memory(shape->width, shape->sparse, most);
}

/* Each rank finds out which rows of all are its own. */
void sample_cost(const problem_shape_t *shape, int64_t size, double samples, double gradients,
                 work_t *work)
{
    const double share = (double)size / (double)shape->n, ranks = (double)shape->ranks;
    problem_shape_t batch = *shape;
    batch.n = size;
    batch.entries = (int64_t)((double)shape->entries * share);
    batch.streamed = false;
    batch_cost(shape->sparse, cost_numbers(&batch), gradients, work);
    cost_times(&batch, gradients, work);
    cost_transposed(&batch, gradients, work);
    cost_rows(&batch, gradients, work);
    work->amount[WORK_ROW] += gradients * (CHOICE * (double)size + shape->width) * ranks;
    work_sum(work, 2.0 * samples, 1.0);
    work_share(work, samples, sizeof(int));
}

/* The rows of batch `step` that this rank has; returns how many. */
static int64_t choose(sample_t *s, int64_t step)
{
    int64_t count = 0;
    for (int64_t k = step * s->size; k < (step + 1) * s->size; k++) {
        const uint64_t stream = STREAM + (uint64_t)(k / s->total) * RNG_ROUNDS;
        const int64_t at = rng_permuted(s->seed, stream, s->total, k % s->total) - s->before;
        if (at >= 0 && at < s->count)
            s->chosen[count++] = s->training[at];
    }
    return count;
}

/* l' of the chosen rows, from their u. */
static void evaluate(sample_t *s, int64_t count)
{
    problem_t *problem = s->problem;
    const data_t *data = problem->data;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = s->chosen[i];
        for (int64_t k = 0; k < problem->outputs; k++)
            problem->u[k * problem->rows + row] =
                s->u[k * s->size + i] +
                (data->offset != NULL ? data_offset(data, row, (int)k) : 0.0);
        problem_some_rows(problem, row, 1, 1);
        for (int64_t k = 0; k < problem->outputs; k++)
            s->l[k * s->size + i] = problem->l[1][k * problem->rows + row];
    }
}

void sample_gradient(sample_t *s, int64_t step, const double *theta, const double *beta,
                     double *gradient)
{
    problem_t *problem = s->problem;
    const int64_t count = choose(s, step);
    const double scale = (double)s->total / (double)s->size;
    batch_take(&s->batch, &problem->data->X, s->chosen, count);
    const rows_panel_t panel = {&s->batch.X, 0, count, s->batch.X.dense};
    rows_times_each(&panel, problem->outputs, beta, s->size, s->u);
    evaluate(s, count);
    memset(gradient, 0, (size_t)problem->columns * sizeof *gradient);
    rows_add_transposed_each(&panel, problem->outputs, s->l, s->size, gradient);
    comm_sum(problem->comm, gradient, problem->columns);
    problem_penalise(problem, theta, beta);
    work_count(WORK_ROW, CHOICE * (double)s->size + problem->width); /* and penalties */
    for (int j = 0; j < problem->columns; j++)
        gradient[j] = scale * gradient[j] + problem->penalty_values.r[1][j];
}
