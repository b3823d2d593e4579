/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/region_search.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define NOISE 1e-14  /* reductions below this part of |f| are rounding */
#define FLAT 1e-10   /* reductions below this part of |f| are measured by derivatives */
#define SETTLED 0.01 /* largest component of a Newton step at a located optimum */

double region_unit(const region_search_t *s)
{
    return sqrt(s->box->count);
}

static double longest(const region_search_t *s)
{
    double most = 0.0;
    for (int i = 0; i < s->box->count; i++)
        most = fmax(most, fabs(s->step[i]));
    return most;
}

static bool step_is_short(const region_search_t *s)
{
    double tolerance = fmax(s->options.step_tolerance, 0.25 * DBL_EPSILON);
    for (int i = 0; i < s->box->count; i++)
        if (fabs(s->step[i]) > tolerance * (1.0 + fabs(s->iterate.theta[i])))
            return false;
    return true;
}

static bool radius_limits(const region_search_t *s)
{
    return s->plan.norm >= 0.8 * s->radius;
}

static void go_to_trial(region_search_t *s)
{
    box_move(s->box, s->iterate.theta, s->step, s->trial.theta);
    s->phase = PHASE_TRIAL;
}

static void end_at_optimum(region_search_t *s)
{
    region_end_run(s, region_bound_component(s) >= 0 ? OUTER_BOUND : OUTER_GRADIENT);
}

/* |g| on the components that no bound holds. */
static double free_norm(const region_search_t *s)
{
    const region_point_t *x = &s->iterate;
    double square = 0.0;
    for (int i = 0; i < s->box->count; i++)
        if (!box_held(s->box, x->theta, x->gradient, i))
            square += x->gradient[i] * x->gradient[i];
    return sqrt(square);
}

static krylov_model_t krylov_model(const region_search_t *s)
{
    double norm = free_norm(s), limit = region_gradient_limit(s);
    double part = fmin(0.1, sqrt(norm / fmax(s->first_norm, DBL_MIN)));
    bool first_order = s->iterate.gradient_norm <= limit;
    return (krylov_model_t){.box = s->box,
                            .x = s->iterate.theta,
                            .g = s->iterate.gradient,
                            .radius = s->radius,
                            .tolerance =
                                first_order ? part * norm : fmax(part * norm, 0.1 * limit)};
}

static void pursue(region_search_t *s);

/* Begins to look for negative curvature at the iterate, which has to be evaluated again when the
   search has been elsewhere since. */
static void examine(region_search_t *s)
{
    krylov_model_t model = krylov_model(s);
    s->examining = true;
    s->phase = PHASE_RETURN;
    if (!s->here)
        return;
    krylov_examine(s->krylov, &model);
    pursue(s);
}

/* Negative curvature at a first-order point is a way to go on. */
static void end_examination(region_search_t *s)
{
    region_point_t *x = &s->iterate;
    box_step_result_t found;
    s->examining = false;
    krylov_result(s->krylov, s->step, &found);
    x->definite = found.definite;
    x->judged = found.lowest < 0.0 || krylov_complete(s->krylov);
    if (s->noise_floor || found.lowest >= 0.0 || found.decrease <= NOISE * fabs(x->f)) {
        end_at_optimum(s);
        return;
    }
    s->plan = found;
    s->planned = true;
    go_to_trial(s);
}

/* Goes along the planned step, or ends the run. */
static void decide(region_search_t *s)
{
    region_point_t *x = &s->iterate;
    bool flat = s->plan.decrease <= NOISE * fabs(x->f);
    bool first_order = x->gradient_norm <= region_gradient_limit(s);
    bool settled = flat || (s->plan.lowest >= 0.0 && longest(s) <= SETTLED);
    bool spent = s->evaluations >= s->options.max_evaluations;
    bool examined = s->krylov == NULL || x->judged || (spent && !s->here);
    if (first_order && (settled || s->noise_floor)) {
        if (examined)
            end_at_optimum(s);
        else
            examine(s);
    } else if (s->noise_floor)
        region_end_run(s, OUTER_STALLED);
    else if (spent || s->run_iterations >= s->options.max_iterations) {
        s->cut = spent;
        region_end_run(s, OUTER_BUDGET);
    } else if (step_is_short(s))
        region_end_run(s, radius_limits(s) ? OUTER_STALLED : OUTER_STEP);
    else
        go_to_trial(s);
}

/* Asks krylov's next question, or goes on with its answer. */
static void pursue(region_search_t *s)
{
    if (krylov_ask(s->krylov) != NULL) {
        s->phase = PHASE_PRODUCT;
    } else if (s->examining) {
        end_examination(s);
    } else {
        krylov_result(s->krylov, s->step, &s->plan);
        s->iterate.definite = s->plan.definite;
        s->iterate.judged = s->plan.lowest < 0.0;
        decide(s);
    }
}

/* Plans the next step from the iterate. */
static void plan(region_search_t *s)
{
    region_point_t *x = &s->iterate;
    if (s->krylov == NULL) {
        box_model_t model = {s->box, x->theta, x->gradient, x->hessian, s->radius};
        box_step_solve(s->stepper, &model, s->step, &s->plan);
        x->definite = s->plan.definite;
        x->judged = true;
        decide(s);
    } else if (s->planned) {
        krylov_cut(s->krylov, s->radius, s->step, &s->plan);
        decide(s);
    } else {
        krylov_model_t model = krylov_model(s);
        s->planned = true;
        krylov_descend(s->krylov, &model);
        pursue(s);
    }
}

/* f(x) - f(x + d) from the derivatives at both ends. */
static double hermite_reduction(const region_search_t *s)
{
    int n = s->box->count;
    const region_point_t *x = &s->iterate, *y = &s->trial;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        double row = 0.5 * (x->gradient[i] + y->gradient[i]);
        for (int j = 0; s->krylov == NULL && j < n; j++)
            row += (x->hessian[i * n + j] - y->hessian[i * n + j]) * s->step[j] / 12.0;
        sum -= row * s->step[i];
    }
    return sum;
}

/* Actual over predicted reduction. */
static double reduction_ratio(const region_search_t *s)
{
    double actual = s->iterate.f - s->trial.f, flat = FLAT * fabs(s->iterate.f);
    if (s->plan.decrease <= flat && fabs(actual) <= flat)
        actual = hermite_reduction(s);
    return actual / s->plan.decrease;
}

/* Is the trial point better by what f cannot resolve? An inexact step may lower the model though no
   component of the gradient falls by much. */
static bool gains_below_noise(const region_search_t *s)
{
    if (s->trial.f - s->iterate.f > FLAT * fabs(s->iterate.f))
        return false;
    return s->trial.gradient_norm <= 0.9 * s->iterate.gradient_norm ||
           (s->krylov != NULL && hermite_reduction(s) > 0.1 * s->plan.decrease);
}

/* Accepts or rejects the trial point and sets the radius. */
static void judge(region_search_t *s)
{
    double scale = fabs(s->iterate.f), ratio;
    if (s->plan.decrease <= NOISE * scale) {
        s->accepted = gains_below_noise(s);
        s->noise_floor = !s->accepted;
        ratio = 1.0;
    } else {
        ratio = reduction_ratio(s);
        s->accepted = ratio > 0.1;
    }
    if (!s->accepted)
        s->radius = 0.25 * s->plan.norm;
    else if (ratio < 0.25)
        s->radius = 0.5 * s->plan.norm;
    else if (ratio > 0.75 && radius_limits(s))
        s->radius = fmin(2.0 * s->radius, s->options.max_radius * region_unit(s));
}

void region_tell_trial(region_search_t *s, const outer_reply_t *reply)
{
    s->iterations++;
    s->run_iterations++;
    s->accepted = false;
    if (region_read_trial(s, reply))
        judge(s);
    else
        s->radius = 0.25 * s->plan.norm;
    if (s->accepted)
        region_point_swap(&s->iterate, &s->trial);
    s->here = s->accepted;
    s->planned = s->planned && !s->accepted;
    plan(s);
}

void region_tell_product(region_search_t *s, const outer_reply_t *reply)
{
    const double *product = reply->failure == NULL ? reply->product : NULL;
    s->spent_products++;
    if (product == NULL || !region_all_finite(product, s->box->count)) {
        snprintf(s->failure, sizeof s->failure, "%s",
                 product == NULL ? reply->failure : "the product of the Hessian is not finite");
        product = NULL;
    }
    krylov_tell(s->krylov, product);
    pursue(s);
}

void region_tell_return(region_search_t *s, const outer_reply_t *reply)
{
    s->evaluations++;
    if (region_fails(s, reply, 1)) {
        end_at_optimum(s);
        return;
    }
    s->here = true;
    examine(s);
}

void region_tell_first(region_search_t *s, const outer_reply_t *reply)
{
    s->accepted = region_read_trial(s, reply);
    if (!s->accepted) {
        region_next_start(s);
        return;
    }
    region_point_swap(&s->iterate, &s->trial);
    s->started++;
    s->run_iterations = 0;
    s->radius = s->options.radius * region_unit(s);
    s->noise_floor = s->planned = s->examining = false;
    s->here = true;
    s->first_norm = free_norm(s);
    if (s->krylov != NULL)
        krylov_forget(s->krylov);
    plan(s);
}
