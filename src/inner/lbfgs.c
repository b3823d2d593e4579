/* SPDX-License-Identifier: BSD-3-Clause */
/* L-BFGS by the library libLBFGS: gradients only, and no matrix; 2 `memory` vectors on rank 0.

   Liu & Nocedal, Mathematical Programming 45 (1989), 503-528.

   Rank 0 runs the library; whenever that wants the objective at a point, the point is shared and
   all ranks move the problem there, so that ranks cannot come to differ. At the end the iterate is
   shared.

   The library works with x = beta / s, in which the diagonal of the Hessian is about 1 at the
   start: s_j^-2 = |x_j|^2 (mean of l'') + max(r''_j, 0).

   Its line search compares values of L, which show no decrease where the gradient is about 1e-8 of
   its terms. So it is given L less that of the start, summed from iterate to iterate, and where L
   changes by less than SMALL of itself the change from x' to x as (g' + g)'(x - x') / 2, which
   keeps its digits and is exact but for third derivatives. Where the line search gives up the
   library is started anew, and if that leads no further either, rounding is reached (or the solve
   failed). */
#include <cblas.h>
#include <lbfgs.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "inner/kinds.h"
#include "inner/solve.h"

typedef struct options {
    double tolerance;
    int64_t max_iterations, memory;
} options_t;

static const param_t params[] = {
    {"tolerance", "stop at this relative gradient (or where rounding lets it fall no further)",
     PARAM_REAL, offsetof(options_t, tolerance), 1e-13, 0.0, 1e-2, NULL},
    {"max_iterations", "steps", PARAM_INT, offsetof(options_t, max_iterations), 20000, 1, 1e9,
     NULL},
    {"memory", "how many of the last steps shape the next one", PARAM_INT,
     offsetof(options_t, memory), 10, 3, 1e3, NULL},
    PARAM_END};

static const double SMALL = 1e-6;    /* relative change of L that its values do not show well */
static const double ROUNDING = 1e-8; /* a relative gradient that may be rounding */
enum { VECTORS = 4, LINE_MOST = 60 };

typedef enum request { REQUEST_MOVE, REQUEST_END } request_t;

/* How rank 0's run of the library ended. */
typedef enum end { END_CONVERGED, END_STUCK, END_ITERATIONS, END_MEMORY } end_t;

typedef struct state {
    solve_t solve;
    const options_t *options;
    problem_t *problem;
    double *trial; /* [columns] the point at hand, the same on all ranks */
    /* of rank 0: */
    double *x, *scale;       /* [columns] the library's variables, and beta over them; owned */
    double *from, *gradient; /* [columns] the last iterate and its gradient; owned */
    double value, fallen;    /* L at the last iterate, and less that of the start */
    double relative;         /* gradient of the last iterate */
    end_t end;
} state_t;

/* ---- all ranks ---- */

/* Moves the problem to trial as rank 0 has it. */
static void move(state_t *s)
{
    comm_share(s->problem->comm, s->trial, s->problem->columns * (int64_t)sizeof *s->trial, 0);
    problem_move(s->problem, s->solve.theta, s->trial);
}

static void serve(state_t *s)
{
    request_t request = REQUEST_END;
    do {
        comm_share(s->problem->comm, &request, sizeof request, 0);
        if (request == REQUEST_MOVE)
            move(s);
    } while (request != REQUEST_END);
}

/* mean [outputs] of l'' over all rows at the point. */
static void mean_curvature(const problem_t *problem, double *mean)
{
    for (int k = 0; k < problem->outputs; k++) {
        mean[k] = 0.0;
        for (int64_t i = 0; i < problem->rows; i++)
            mean[k] += problem_bound(problem, i, k) / (double)problem->data->n;
    }
    comm_sum(problem->comm, mean, problem->outputs);
}

/* ---- rank 0 ---- */

/* L at the trial point less that of the start; g = its gradient in x. */
static double change_of_value(const state_t *s, const double *x, const double *g)
{
    const problem_size_t *size = &s->problem->size;
    double change = size->value - s->value;
    if (fabs(change) <= SMALL * fabs(s->value)) {
        change = 0.0;
        for (int j = 0; j < s->problem->columns; j++)
            change += 0.5 * (s->gradient[j] + g[j]) * (x[j] - s->from[j]);
    }
    return s->fallen + change;
}

static void keep_iterate(state_t *s, const double *x, const double *g, double fallen)
{
    const size_t size = (size_t)s->problem->columns * sizeof *x;
    memcpy(s->from, x, size);
    memcpy(s->gradient, g, size);
    memcpy(s->solve.beta, s->trial, size);
    s->value = s->problem->size.value;
    s->relative = s->problem->size.relative_gradient;
    s->fallen = fallen;
}

static lbfgsfloatval_t evaluate(void *context, const lbfgsfloatval_t *x, lbfgsfloatval_t *g,
                                const int n, const lbfgsfloatval_t step)
{
    state_t *s = context;
    request_t request = REQUEST_MOVE;
    for (int j = 0; j < n; j++)
        s->trial[j] = s->scale[j] * x[j];
    comm_share(s->problem->comm, &request, sizeof request, 0);
    move(s);
    for (int j = 0; j < n; j++)
        g[j] = s->scale[j] * s->problem->gradient[j];
    if (!isfinite(s->problem->size.value) || !isfinite(s->problem->size.gradient_norm))
        return INFINITY;
    if (step == 0.0) /* the start */
        keep_iterate(s, x, g, 0.0);
    return change_of_value(s, x, g);
}

/* After each step; anything but 0 ends the library's run. */
static int progress(void *context, const lbfgsfloatval_t *x, const lbfgsfloatval_t *g,
                    const lbfgsfloatval_t value, const lbfgsfloatval_t x_norm,
                    const lbfgsfloatval_t g_norm, const lbfgsfloatval_t step, int n, int iteration,
                    int evaluations)
{
    state_t *s = context;
    (void)x_norm, (void)g_norm, (void)step, (void)n, (void)iteration, (void)evaluations;
    keep_iterate(s, x, g, value);
    s->solve.result->iterations++;
    if (solve_converged(&s->solve, s->options->tolerance)) {
        s->end = END_CONVERGED;
        return 1;
    }
    s->end = END_ITERATIONS;
    return s->solve.result->iterations >= s->options->max_iterations;
}

/* The scale at the problem's point, which is beta, and beta in it. */
static void start_library(state_t *s, const double *curvature)
{
    const problem_t *problem = s->problem;
    for (int j = 0; j < problem->columns; j++) {
        double norm = problem->column_norm[j % problem->width];
        double diagonal = curvature[j / problem->width] * norm * norm +
                          fmax(problem->penalty_values.r[2][j], 0.0);
        s->scale[j] = isfinite(diagonal) && diagonal > 0.0 ? 1.0 / sqrt(diagonal) : 1.0;
        s->x[j] = s->solve.beta[j] / s->scale[j];
    }
}

static void run_library(state_t *s)
{
    lbfgs_parameter_t p;
    lbfgs_parameter_init(&p);
    p.m = (int)s->options->memory;
    p.epsilon = 0.0;
    p.linesearch = LBFGS_LINESEARCH_BACKTRACKING_WOLFE;
    p.max_linesearch = LINE_MOST;
    s->end = END_STUCK;
    int code = lbfgs(s->problem->columns, s->x, NULL, evaluate, progress, s, &p);
    if (code == LBFGS_ALREADY_MINIMIZED)
        s->end = END_CONVERGED;
    else if (code == LBFGSERR_OUTOFMEMORY)
        s->end = END_MEMORY;
    else if (code < 0)
        s->end = END_STUCK;
}

/* Runs as long as the one before led further. */
static void drive(state_t *s, const double *curvature)
{
    double before = INFINITY;
    request_t request = REQUEST_END;
    s->relative = s->problem->size.relative_gradient;
    do {
        before = s->relative;
        start_library(s, curvature);
        run_library(s);
    } while (s->end == END_STUCK && s->relative < 0.5 * before);
    comm_share(s->problem->comm, &request, sizeof request, 0);
}

static int allocate(state_t *s)
{
    int code = TRALO_OK;
    const int64_t columns = s->problem->columns;
    if (comm_rank(s->problem->comm) > 0)
        return TRALO_OK;
    ALLOC(s->x, VECTORS * columns);
    s->scale = s->x + columns;
    s->from = s->scale + columns;
    s->gradient = s->from + columns;
out:
    return code;
}

/* ---- all ranks ---- */

static void finish(state_t *s)
{
    const problem_size_t *size = &s->problem->size;
    if (s->end == END_CONVERGED)
        solve_minimum(&s->solve, INNER_GRADIENT);
    else if (s->end == END_MEMORY)
        solve_memory(&s->solve);
    else if (s->end == END_STUCK && size->relative_gradient <= ROUNDING)
        solve_minimum(&s->solve, INNER_ROUNDING);
    else
        solve_iterations(&s->solve);
}

static void iterate(void *solver)
{
    state_t *s = solver;
    problem_t *problem = s->problem;
    double curvature[JOINT_MOST];
    if (!solve_start(&s->solve))
        return;
    if (solve_converged(&s->solve, s->options->tolerance)) {
        solve_minimum(&s->solve, INNER_GRADIENT);
        return;
    }
    mean_curvature(problem, curvature);
    if (comm_rank(problem->comm) == 0)
        drive(s, curvature);
    else
        serve(s);
    comm_share(problem->comm, &s->end, sizeof s->end, 0);
    comm_share(problem->comm, &s->solve.result->iterations, sizeof s->solve.result->iterations, 0);
    comm_share(problem->comm, s->solve.beta, problem->columns * (int64_t)sizeof *s->solve.beta, 0);
    problem_centre(problem, s->solve.beta);
    problem_move(problem, s->solve.theta, s->solve.beta);
    finish(s);
}

static void solve(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result)
{
    state_t s = {.solve = {.solver = "L-BFGS",
                           .problem = problem,
                           .theta = theta,
                           .beta = beta,
                           .result = result},
                 .options = options,
                 .problem = problem,
                 .trial = problem->trial};
    (void)hessian;
    memset(result, 0, sizeof *result);
    if (comm_agree(problem->comm, allocate(&s)) == TRALO_OK)
        solve_from(&s.solve, iterate, &s);
    else
        solve_memory(&s.solve);
    mem_free(&s.x);
}

static int64_t memory(const void *options, const problem_shape_t *shape)
{
    const int64_t own = 5; /* that the library has beside the memory */
    const options_t *o = options;
    int64_t columns = (int64_t)shape->width * shape->outputs;
    return (2 * o->memory + own + VECTORS) * columns * (int64_t)sizeof(double);
}

const inner_kind_t inner_lbfgs = {
    .name = "lbfgs",
    .doc = "L-BFGS: gradients and a few of the last steps, without the Hessian",
    .params = params,
    .options_size = sizeof(options_t),
    .memory = memory,
    .solve = solve,
};
