/* SPDX-License-Identifier: BSD-3-Clause */
/*     move to beta, which is 0 at a cold start
       for each step
           end where the relative gradient is below the tolerance (all rows only)
           g = gradient / W, of all rows at the point, or of the next mini-batch
           beta = step(beta, g); move there (all rows)
       move there, with all that a move finds

   The gradient has the same bits on all ranks, and so has beta but for processors of other kinds,
   which the end puts right. What the steps remember is kept in
   vectors of the problem that are there for inner solvers. */
#include "inner/descent.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "inner/solve.h"
#include "problem/sample.h"

const char *const descent_starts[] = {"cold", "warm", NULL};

typedef struct descent {
    solve_t solve;
    const void *options;
    const descent_common_t *common;
    descent_step_t *step;
    problem_t *problem;
    sample_t *sample; /* NULL: all rows */
    double weight;    /* W */
    descent_memory_t memory;
} descent_t;

/* Weights that are hyperparameters count as 1, so that the objective is that of the rates whatever
   they are. */
static double training_weight(const problem_t *problem)
{
    const double *w = problem->data->weights;
    double sum = 0.0;
    for (int64_t i = 0; i < problem->rows; i++)
        if (problem_trains(problem, i))
            sum += w != NULL ? w[i] : 1.0;
    return comm_sum_one(problem->comm, sum);
}

static void fail_diverged(descent_t *d)
{
    inner_result_t *r = d->solve.result;
    solve_end(&d->solve, INNER_OVERFLOW);
    snprintf(r->detail, sizeof r->detail,
             "%s diverges: the objective is no number after %" PRId64
             " steps; lower inner.rate, or raise search.lower",
             d->solve.solver, r->iterations);
}

/* One step from the iterate; with all rows the problem moves along. */
static void take_step(descent_t *d)
{
    problem_t *problem = d->problem;
    double *gradient = problem->gradient;
    if (d->sample != NULL)
        sample_gradient(d->sample, d->memory.steps, d->solve.theta, d->solve.beta, gradient);
    for (int j = 0; j < problem->columns; j++)
        gradient[j] /= d->weight;
    d->memory.steps++;
    d->step(d->options, problem->columns, gradient, &d->memory, d->solve.beta);
    if (d->sample == NULL)
        problem_move(problem, d->solve.theta, d->solve.beta);
    d->solve.result->iterations++;
}

/* Where the last step led. */
static void finish(descent_t *d)
{
    problem_t *problem = d->problem;
    const int64_t size = problem->columns * (int64_t)sizeof *d->solve.beta;
    comm_share(problem->comm, d->solve.beta, size, 0);
    problem->sketchy = false;
    problem_move(problem, d->solve.theta, d->solve.beta);
    if (!isfinite(problem->size.value))
        fail_diverged(d);
    else if (solve_converged(&d->solve, d->common->tolerance))
        solve_minimum(&d->solve, INNER_GRADIENT);
    else
        solve_end(&d->solve, INNER_STEPS);
}

static void iterate(descent_t *d)
{
    const problem_size_t *size = &d->problem->size;
    const bool whole = d->sample == NULL;
    if (d->common->start == DESCENT_COLD)
        memset(d->solve.beta, 0, (size_t)d->problem->columns * sizeof *d->solve.beta);
    d->problem->sketchy = whole;
    if (!solve_start(&d->solve)) {
        d->problem->sketchy = false;
        return;
    }
    for (int64_t i = 0; i < d->common->steps && isfinite(size->value); i++) {
        if (whole && solve_converged(&d->solve, d->common->tolerance))
            break;
        take_step(d);
    }
    finish(d);
}

void descent_solve(const char *name, const void *options, descent_step_t *step, problem_t *problem,
                   const double *theta, double *beta, inner_result_t *result)
{
    sample_t sample = {NULL};
    descent_t d = {.solve = {.solver = name,
                             .problem = problem,
                             .theta = theta,
                             .beta = beta,
                             .result = result},
                   .options = options,
                   .common = options,
                   .step = step,
                   .problem = problem,
                   .weight = training_weight(problem),
                   .memory = {.first = problem->direction, .second = problem->trial}};
    const size_t size = (size_t)problem->columns * sizeof *beta;
    memset(result, 0, sizeof *result);
    memset(problem->direction, 0, size);
    memset(problem->trial, 0, size);
    int code = TRALO_OK;
    if (d.common->batch > 0) {
        code = sample_create(problem, d.common->batch, (uint64_t)d.common->seed, &sample);
        d.sample = sample.size < sample.total ? &sample : NULL;
    }
    if (code == TRALO_OK)
        iterate(&d);
    else
        solve_memory(&d.solve);
    sample_release(&sample);
}

/* As if all rows trained. */
static bool takes_batches(const descent_common_t *common, const problem_shape_t *shape)
{
    return common->batch > 0 && common->batch < shape->n;
}

/* To the start and to the end, and in each step where that takes all rows. */
double descent_moves(const void *options, const problem_shape_t *shape)
{
    const descent_common_t *common = options;
    return takes_batches(common, shape) ? 2.0 : 2.0 + (double)common->steps;
}

void descent_cost(const void *options, const problem_shape_t *shape, double solves, work_t *work)
{
    const descent_common_t *common = options;
    work_sum(work, solves, 1.0);
    work_sum(work, solves, (double)shape->width * shape->outputs);
    if (takes_batches(common, shape))
        sample_cost(shape, common->batch, solves, solves * (double)common->steps, work);
}

int64_t descent_bytes(const void *options, const problem_shape_t *shape)
{
    const descent_common_t *common = options;
    return common->batch > 0 ? sample_memory(shape, common->batch) : 0;
}

const char *descent_unsuited(const void *options, const problem_shape_t *shape)
{
    const descent_common_t *common = options;
    return common->batch > 0 && shape->streamed
               ? "rows in memory for mini-batches (data.memory: resident; or inner.batch: 0)"
               : NULL;
}
