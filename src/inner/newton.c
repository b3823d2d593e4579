/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method with backtracking, in which a Cholesky factor serves as long as it contracts.

   Boyd & Vandenberghe, Convex Optimization, section 9.5; Kelley, Solving Nonlinear Equations with
   Newton's Method, section 2 (the chord method).

       move to beta
       until the relative gradient is below the tolerance, or rounding stops its decrease:

           factor H(beta), unless the factor at hand has just contracted the gradient tenfold;
               where it is not positive definite, by parabolas above a robust loss, without the
               concave part of the penalty, and with a hold on the shift of all outputs

           d = -H^-1 gradient

           t = 1, 1/2, 1/4, ... until L(beta + t d) <= L + 1e-4 t gradient'd,
               or the gradient is halved (where rounding hides the decrease of L)

           beta = beta + t d

   Where labels are separable and nothing holds the predictor u, u grows by about 1 in each step and
   all of l' falls by e: the gradient gets as small as one likes, yet never small against its own
   terms. From a start far away u may run so, too, where the penalty's fall hides it: a solve that
   fails goes once more from 0. */
#include <cblas.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "inner/kinds.h"

static const param_t params[] = {
    {"tolerance", "stop at this relative gradient (or where rounding lets it fall no further)",
     PARAM_REAL, offsetof(newton_options_t, tolerance), 1e-13, 0.0, 1e-2, NULL},
    {"max_iterations", "Newton steps", PARAM_INT, offsetof(newton_options_t, max_iterations), 200,
     1, 1e6, NULL},
    PARAM_END};

static const double CONTRACTION = 0.1;  /* a factor that does worse is formed anew */
static const double ROUNDING = 1e-8;    /* a relative gradient that may be rounding */
static const double SEPARATED = 30.0;   /* |u| beyond which a logistic row is sure */
static const double CANCELLED = 1e-3;   /* own_gradient of terms that balance each other */
static const double SHORTEST = 0x1p-40; /* step length at which backtracking gives up */

/* The state of one solve. */
typedef struct newton {
    const newton_options_t *options;
    problem_t *problem;
    const double *theta;
    double *beta; /* [columns] the iterate, the caller's */
    hessian_t *hessian;
    double *direction; /* [columns] */
    double *trial;     /* [columns] */
    bool fresh;        /* the factor was formed at the iterate */
    inner_result_t *result;
} newton_t;

static void finish(newton_t *s, inner_reason_t reason)
{
    inner_result_t *r = s->result;
    r->reason = reason;
    r->solved = reason == INNER_GRADIENT || reason == INNER_ROUNDING;
    r->relative_gradient = s->problem->size.relative_gradient;
}

static const char *column_name(const problem_t *problem, int column, char *text, size_t size)
{
    const data_t *data = problem->data;
    int output = column / problem->width, used;
    column %= problem->width;
    if (column >= data->p)
        used = snprintf(text, size, "the intercept");
    else if (data->names != NULL)
        used = snprintf(text, size, "feature '%s'", data->names[column]);
    else
        used = snprintf(text, size, "feature %d", column);
    if (problem->outputs > 1 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, " of class %d", output);
    return text;
}

/* Did the predictor run away, as it does when a plane separates the labels? */
static bool separated(const problem_t *problem)
{
    return problem->loss.classifies && problem->largest_u > SEPARATED;
}

static bool runs_away(const problem_t *problem)
{
    return separated(problem) && problem->size.own_gradient > CANCELLED;
}

static void fail_separable(newton_t *s)
{
    int absent = problem_absent_class(s->problem);
    finish(s, INNER_SEPARABLE);
    if (absent >= 0) {
        snprintf(
            s->result->detail, sizeof s->result->detail,
            "no row of class %d trains, so that its intercept and free columns run to "
            "infinity: keep some by criterion.stratify or fewer folds, leave the class out, or "
            "do without intercept and free columns",
            absent);
        return;
    }
    snprintf(
        s->result->detail, sizeof s->result->detail,
        "the data look separable: the linear predictor runs to infinity (largest %.3g), and the "
        "gradient's terms vanish (relative gradient %.1e) without balancing each other (%.1e); "
        "raise search.lower or penalise the free columns",
        s->problem->largest_u, s->result->relative_gradient, s->problem->size.own_gradient);
}

static void fail_singular(newton_t *s, int column)
{
    char name[128];
    if (separated(s->problem)) {
        fail_separable(s);
        return;
    }
    finish(s, INNER_RANK_DEFICIENT);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the Hessian is singular to working accuracy at %s, which depends linearly on the "
             "columns before it; raise search.lower, penalise it or drop it",
             column_name(s->problem, column, name, sizeof name));
}

static void fail_overflow(newton_t *s)
{
    finish(s, INNER_OVERFLOW);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the loss overflows (largest |linear predictor| %.3g): rescale the features or the "
             "offset, or raise search.lower",
             s->problem->largest_u);
}

static void fail_iterations(newton_t *s)
{
    if (separated(s->problem)) {
        fail_separable(s);
        return;
    }
    if (!isfinite(s->problem->size.relative_gradient)) {
        fail_overflow(s);
        return;
    }
    finish(s, INNER_ITERATIONS);
    snprintf(s->result->detail, sizeof s->result->detail,
             "Newton's method did not converge in %" PRId64
             " steps (relative gradient %.1e, largest "
             "|linear predictor| %.3g)",
             s->result->iterations, s->result->relative_gradient, s->problem->largest_u);
}

/* Ends the solve where nothing more can be gained. */
static void finish_solved(newton_t *s, inner_reason_t reason)
{
    if (runs_away(s->problem))
        fail_separable(s);
    else
        finish(s, reason);
}

/* Returns false when the Hessian is singular (and says so in the result). */
static bool factor(newton_t *s)
{
    int64_t before = s->hessian->factorisations;
    int column = hessian_factor_above(s->hessian);
    s->result->factorisations += s->hessian->factorisations - before;
    if (column >= 0)
        fail_singular(s, column);
    s->fresh = true;
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
    for (double t = 1.0; t == 1.0 || (t > SHORTEST && -t * slope > visible); t *= 0.5) {
        for (int j = 0; j < columns; j++)
            s->trial[j] = s->beta[j] + t * s->direction[j];
        problem_move(problem, s->theta, s->trial);
        bool finite = isfinite(now->value) && isfinite(now->gradient_norm);
        if (finite && (now->value <= before.value + 1e-4 * t * slope ||
                       now->gradient_norm <= 0.5 * before.gradient_norm)) {
            memcpy(s->beta, s->trial, (size_t)columns * sizeof *s->beta);
            *length = t;
            return true;
        }
    }
    problem_move(problem, s->theta, s->beta);
    return false;
}

/* One step from the iterate; false when the solve has ended. */
static bool step(newton_t *s)
{
    problem_t *problem = s->problem;
    double length = 0.0, before = problem->size.relative_gradient;
    if (!s->hessian->factored && !factor(s))
        return false;
    for (int j = 0; j < problem->columns; j++)
        s->direction[j] = -problem->gradient[j];
    hessian_solve(s->hessian, s->direction);
    problem_centre(problem, s->direction);
    bool moved = search_line(s, &length);
    double after = problem->size.relative_gradient;
    bool stuck = !moved || after > 0.5 * before;
    if (s->fresh && stuck && before <= ROUNDING) {
        finish_solved(s, INNER_ROUNDING);
        return false;
    }
    if (s->fresh && !moved) {
        fail_iterations(s);
        return false;
    }
    s->hessian->factored = moved && length == 1.0 && after <= CONTRACTION * before;
    s->fresh = false;
    s->result->iterations += moved;
    return true;
}

/* The starting point: beta (of several outputs without a shift of free columns), or 0 where the
   objective is not finite at beta. */
static bool start(newton_t *s)
{
    problem_centre(s->problem, s->beta);
    problem_move(s->problem, s->theta, s->beta);
    if (isfinite(s->problem->size.value))
        return true;
    memset(s->beta, 0, (size_t)s->problem->columns * sizeof *s->beta);
    problem_move(s->problem, s->theta, s->beta);
    return isfinite(s->problem->size.value);
}

static void iterate(newton_t *s)
{
    if (!start(s)) {
        fail_overflow(s);
        return;
    }
    double own_before = INFINITY;
    while (s->result->iterations < s->options->max_iterations) {
        const problem_size_t *size = &s->problem->size;
        bool balancing = runs_away(s->problem) && size->own_gradient <= 0.5 * own_before;
        if (size->relative_gradient <= s->options->tolerance && !balancing) {
            finish_solved(s, INNER_GRADIENT);
            return;
        }
        own_before = size->own_gradient;
        if (!step(s))
            return;
    }
    fail_iterations(s);
}

static void solve(const void *options, problem_t *problem, const double *theta, double *beta,
                  hessian_t *hessian, inner_result_t *result)
{
    newton_t s = {.options = options,
                  .problem = problem,
                  .theta = theta,
                  .beta = beta,
                  .hessian = hessian,
                  .direction = problem->direction,
                  .trial = problem->trial,
                  .result = result};
    const size_t size = (size_t)problem->columns * sizeof *beta;
    memset(result, 0, sizeof *result);
    bool away = cblas_dasum(problem->columns, beta, 1) > 0.0;
    iterate(&s);
    if (away && (result->reason == INNER_SEPARABLE || result->reason == INNER_RANK_DEFICIENT)) {
        memset(beta, 0, size);
        result->detail[0] = '\0';
        hessian->factored = false;
        iterate(&s);
    }
    hessian->factored = hessian->factored && !hessian->above;
}

const inner_kind_t inner_newton = {
    .name = "newton",
    .doc = "Newton's method with backtracking; a Cholesky factor is kept while it contracts",
    .params = params,
    .options_size = sizeof(newton_options_t),
    .solve = solve,
    .solve_machine = newton_solve_machine,
};
