/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method with backtracking, in which a Cholesky factor serves as long as it contracts.

   Boyd & Vandenberghe, Convex Optimization, section 9.5; Kelley, Solving Nonlinear Equations with
   Newton's Method, section 2 (the chord method); Eisenstat & Walker 1996 (the tolerance of a step
   that is found by iterations).

       move to beta
       until the relative gradient is below the tolerance, or rounding stops its decrease:

           factor H(beta), unless the factor at hand has just contracted the gradient tenfold;
               where it is not positive definite, by parabolas above a robust loss, without the
               concave part of the penalty, and with a hold on the shift of all outputs

           d = -H^-1 gradient
               (by iterations: H anew in each step, and d to a residual as small as the gradient's
               last fall, squared; as above where d shows H not to be positive definite)

           t = 1, 1/2, 1/4, ... until L(beta + t d) <= L + 1e-4 t gradient'd,
               or the gradient is halved (where rounding hides the decrease of L; after a
               direction by iterations only there, since these might halve it without an end)

           beta = beta + t d

   Where labels are separable and nothing holds the predictor u, u grows by about 1 in each step and
   all of l' falls by e: the gradient gets as small as one likes, yet never small against its own
   terms. From a start far away u may run so, too, where the penalty's fall hides it: a solve that
   fails goes once more from 0. */
#include <cblas.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "inner/kinds.h"
#include "inner/solve.h"

static const param_t params[] = {
    {"tolerance", "stop at this relative gradient (or where rounding lets it fall no further)",
     PARAM_REAL, offsetof(newton_options_t, tolerance), 1e-13, 0.0, 1e-2, NULL},
    {"max_iterations", "Newton steps", PARAM_INT, offsetof(newton_options_t, max_iterations), 200,
     1, 1e6, NULL},
    PARAM_END};

static const double HIDDEN = 1e-8; /* a relative rise of L that may be rounding */
/* of a step that is found by iterations: its largest residual, the same near the end, and the share
   of the gradient's fall */
static const double ROUGH = 0.25, FINE = 1e-3, FORCING = 0.9;

/* The state of one solve. */
typedef struct newton {
    solve_t solve;
    const newton_options_t *options;
    problem_t *problem;
    hessian_t *hessian;
    double *direction;      /* [columns] */
    double *trial;          /* [columns] */
    bool fresh;             /* the factor was formed at the iterate */
    bool shortened;         /* the last step was */
    double forcing;         /* tolerance of the direction before; 0: none, as below */
    double gradient_before; /* norm of the gradient that it was found for */
} newton_t;

/* H or a matrix above it. Conjugate gradients may not meet the directions along which H is not
   positive; a short step says that there may be such, and a matrix above H is taken at once. */
static int factor_above(newton_t *s)
{
    hessian_t *hessian = s->hessian;
    if (s->shortened && hessian_iterates(hessian) && hessian_factor(hessian) < 0 &&
        hessian_factor_higher(hessian, 0) < 0)
        return -1;
    return hessian_factor_above(hessian);
}

/* Returns false when the Hessian is singular (and says so in the result). */
static bool factor(newton_t *s)
{
    int column = factor_above(s);
    if (column >= 0)
        solve_singular(&s->solve, column);
    s->fresh = true;
    return column < 0;
}

/* The tolerance of the next direction: Eisenstat and Walker's second choice, with their safeguard,
   and no tighter than the end of the solve wants it. */
static double find_forcing(const newton_t *s)
{
    const problem_size_t *size = &s->problem->size;
    double fall = s->gradient_before > 0.0 ? size->gradient_norm / s->gradient_before : 1.0;
    double before = FORCING * s->forcing * s->forcing, forcing = FORCING * fall * fall;
    if (before > 0.1)
        forcing = fmax(forcing, before);
    if (size->relative_gradient <= NEWTON_ROUNDING)
        return fmin(forcing, FINE);
    return fmin(fmax(forcing, 0.1 * s->options->tolerance / size->relative_gradient), ROUGH);
}

/* direction = -H^-1 gradient; false where no matrix above H serves (and the result says so). */
static bool find_direction(newton_t *s)
{
    int column;
    s->forcing = find_forcing(s);
    s->gradient_before = s->problem->size.gradient_norm;
    do {
        for (int j = 0; j < s->problem->columns; j++)
            s->direction[j] = -s->problem->gradient[j];
        column = hessian_solve_roughly(s->hessian, s->forcing, s->direction);
    } while (column >= 0 && hessian_factor_higher(s->hessian, column) < 0);
    if (column >= 0)
        solve_singular(&s->solve, column);
    else
        problem_centre(s->problem, s->direction);
    return column < 0;
}

/* Goes along the direction by backtracking, as long as L can show the decrease; false when no
   length helps. On success the problem and beta are at the new point. */
static bool search_line(newton_t *s, double *length)
{
    problem_t *problem = s->problem;
    int columns = problem->columns;
    const problem_size_t before = problem->size, *now = &problem->size;
    double slope = cblas_ddot(columns, problem->gradient, 1, s->direction, 1);
    comm_share(problem->comm, &slope, sizeof slope, 0);
    const double visible = DBL_EPSILON * fabs(before.value);
    for (double t = 1.0; t == 1.0 || (t > NEWTON_SHORTEST && -t * slope > visible); t *= 0.5) {
        for (int j = 0; j < columns; j++)
            s->trial[j] = s->solve.beta[j] + t * s->direction[j];
        problem_move(problem, s->solve.theta, s->trial);
        bool finite = isfinite(now->value) && isfinite(now->gradient_norm);
        bool hidden = !hessian_iterates(s->hessian) ||
                      now->value <= before.value + HIDDEN * fabs(before.value);
        if (finite && (now->value <= before.value + NEWTON_DECREASE * t * slope ||
                       (hidden && now->gradient_norm <= 0.5 * before.gradient_norm))) {
            memcpy(s->solve.beta, s->trial, (size_t)columns * sizeof *s->solve.beta);
            *length = t;
            return true;
        }
    }
    problem_move(problem, s->solve.theta, s->solve.beta);
    return false;
}

/* One step from the iterate; false when the solve has ended. */
static bool step(newton_t *s)
{
    problem_t *problem = s->problem;
    double length = 0.0, before = problem->size.relative_gradient;
    if (!s->hessian->factored && !factor(s))
        return false;
    if (!find_direction(s))
        return false;
    bool moved = search_line(s, &length);
    double after = problem->size.relative_gradient;
    bool stuck = !moved || after > 0.5 * before;
    if (s->fresh && stuck && before <= NEWTON_ROUNDING) {
        solve_minimum(&s->solve, INNER_ROUNDING);
        return false;
    }
    if (s->fresh && !moved) {
        solve_iterations(&s->solve);
        return false;
    }
    s->hessian->factored = moved && length == 1.0 && after <= NEWTON_CONTRACTION * before &&
                           !hessian_iterates(s->hessian);
    s->fresh = false;
    s->shortened = moved && length < 1.0;
    s->solve.result->iterations += moved;
    return true;
}

static void iterate(void *solver)
{
    newton_t *s = solver;
    if (!solve_start(&s->solve))
        return;
    s->forcing = s->gradient_before = 0.0;
    s->shortened = false;
    if (s->solve.again || hessian_iterates(s->hessian))
        s->hessian->factored = false;
    while (s->solve.result->iterations < s->options->max_iterations) {
        if (solve_converged(&s->solve, s->options->tolerance)) {
            solve_minimum(&s->solve, INNER_GRADIENT);
            return;
        }
        if (!step(s))
            return;
    }
    solve_iterations(&s->solve);
}

static void solve(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result)
{
    const int64_t factorisations = hessian->factorisations, products = hessian->products;
    newton_t s = {.solve = {.solver = "Newton's method",
                            .problem = problem,
                            .theta = theta,
                            .beta = beta,
                            .result = result},
                  .options = options,
                  .problem = problem,
                  .hessian = hessian,
                  .direction = problem->direction,
                  .trial = problem->trial};
    solve_from(&s.solve, iterate, &s);
    result->factorisations = hessian->factorisations - factorisations;
    result->products = hessian->products - products;
    hessian->factored = hessian->factored && !hessian->above;
}

const inner_kind_t inner_newton = {
    .name = "newton",
    .doc = "Newton's method with backtracking; a factor of the Hessian is kept while it contracts, "
           "or without a matrix steps are found by conjugate gradients",
    .params = params,
    .options_size = sizeof(newton_options_t),
    .solve = solve,
    .solve_machine = newton_solve_machine,
};
