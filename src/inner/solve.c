/* SPDX-License-Identifier: BSD-3-Clause */
#include "inner/solve.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double SEPARATED = 30.0; /* |u| beyond which a logistic row is sure */
static const double CANCELLED = 1e-3; /* own_gradient of terms that balance each other */

void solve_end(solve_t *s, inner_reason_t reason)
{
    inner_result_t *r = s->result;
    r->reason = reason;
    r->minimum = reason == INNER_GRADIENT || reason == INNER_ROUNDING;
    r->solved = r->minimum || reason == INNER_STEPS;
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

static bool separated(const problem_t *problem)
{
    return problem->loss.classifies && problem->largest_u > SEPARATED;
}

static bool runs_away(const problem_t *problem)
{
    return separated(problem) && problem->size.own_gradient > CANCELLED;
}

static void fail_separable(solve_t *s)
{
    int absent = problem_absent_class(s->problem);
    solve_end(s, INNER_SEPARABLE);
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

void solve_singular(solve_t *s, int column)
{
    char name[128];
    if (separated(s->problem)) {
        fail_separable(s);
        return;
    }
    solve_end(s, INNER_RANK_DEFICIENT);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the Hessian is singular to working accuracy at %s, which depends linearly on the "
             "columns before it; raise search.lower, penalise it or drop it",
             column_name(s->problem, column, name, sizeof name));
}

void solve_overflow(solve_t *s)
{
    solve_end(s, INNER_OVERFLOW);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the loss overflows (largest |linear predictor| %.3g): rescale the features or the "
             "offset, or raise search.lower",
             s->problem->largest_u);
}

void solve_memory(solve_t *s)
{
    solve_end(s, INNER_MEMORY);
    snprintf(s->result->detail, sizeof s->result->detail,
             "no memory for the vectors of %s (%d columns): fewer ranks on the first node, or a "
             "smaller inner.memory",
             s->solver, s->problem->columns);
}

void solve_iterations(solve_t *s)
{
    if (separated(s->problem)) {
        fail_separable(s);
        return;
    }
    if (!isfinite(s->problem->size.relative_gradient)) {
        solve_overflow(s);
        return;
    }
    solve_end(s, INNER_ITERATIONS);
    snprintf(s->result->detail, sizeof s->result->detail,
             "%s did not converge in %" PRId64 " steps (relative gradient %.1e, largest "
             "|linear predictor| %.3g)",
             s->solver, s->result->iterations, s->result->relative_gradient, s->problem->largest_u);
}

void solve_minimum(solve_t *s, inner_reason_t reason)
{
    if (runs_away(s->problem))
        fail_separable(s);
    else
        solve_end(s, reason);
}

bool solve_start(solve_t *s)
{
    s->own_before = INFINITY;
    problem_centre(s->problem, s->beta);
    problem_move(s->problem, s->theta, s->beta);
    if (isfinite(s->problem->size.value))
        return true;
    memset(s->beta, 0, (size_t)s->problem->columns * sizeof *s->beta);
    problem_move(s->problem, s->theta, s->beta);
    if (isfinite(s->problem->size.value))
        return true;
    solve_overflow(s);
    return false;
}

bool solve_converged(solve_t *s, double tolerance)
{
    const problem_size_t *size = &s->problem->size;
    bool balancing = runs_away(s->problem) && size->own_gradient <= 0.5 * s->own_before;
    s->own_before = size->own_gradient;
    return size->relative_gradient <= tolerance && !balancing;
}

void solve_from(solve_t *s, void (*iterate)(void *solver), void *solver)
{
    inner_result_t *r = s->result;
    const size_t size = (size_t)s->problem->columns * sizeof *s->beta;
    bool away = cblas_dasum(s->problem->columns, s->beta, 1) > 0.0;
    memset(r, 0, sizeof *r);
    iterate(solver);
    if (away && (r->reason == INNER_SEPARABLE || r->reason == INNER_RANK_DEFICIENT)) {
        memset(s->beta, 0, size);
        r->detail[0] = '\0';
        s->again = true;
        iterate(solver);
    }
}
