/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/region_search.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DISTINCT 1e-3 /* minima closer than this, relative to 1 + |theta|, are one */

static void conclude(region_search_t *s)
{
    bool spent = s->evaluations >= s->options.max_evaluations;
    bool cut = s->cut || (spent && s->started < s->starts);
    s->phase = PHASE_ENDED;
    s->reason = s->best.known ? s->best_reason : OUTER_ERROR;
    if (s->best.known)
        memcpy(s->detail, s->best_detail, sizeof s->detail);
    else
        snprintf(s->detail, sizeof s->detail,
                 "no evaluation with derivatives succeeded; the last: %s", s->failure);
    if (cut && s->reason != OUTER_BUDGET && (s->best.known || s->sweep_known > 0)) {
        s->reason = OUTER_BUDGET;
        snprintf(s->detail, sizeof s->detail,
                 "max_evaluations = %lld was spent in start %lld of %lld; the best of them: %.60s",
                 (long long)s->options.max_evaluations, (long long)s->started, (long long)s->starts,
                 s->best.known ? outer_reason_name(s->best_reason) : "the sweep's");
    }
}

void region_next_start(region_search_t *s)
{
    int n = s->box->count;
    bool more = s->started < s->starts && s->candidate_next < s->candidate_count &&
                s->evaluations < s->options.max_evaluations;
    if (!more) {
        conclude(s);
        return;
    }
    memcpy(s->trial.theta, s->candidates + (size_t)s->candidate_next++ * (size_t)n,
           (size_t)n * sizeof(double));
    s->phase = PHASE_FIRST;
}

static bool same_place(const outer_box_t *box, const double *a, const double *b)
{
    for (int i = 0; i < box->count; i++)
        if (fabs(a[i] - b[i]) > DISTINCT * (1.0 + fabs(b[i])))
            return false;
    return true;
}

/* Puts the iterate into the sorted list of minima, or improves the one that it is. */
static void remember_minimum(region_search_t *s, outer_reason_t reason)
{
    int n = s->box->count, place = 0;
    while (place < s->minima_count && !same_place(s->box, s->minima[place].theta, s->iterate.theta))
        place++;
    if (place == s->minima_count) {
        s->minima[place].theta = s->minima_theta + (size_t)s->minima_count++ * (size_t)n;
        s->minima[place].f = INFINITY;
    }
    outer_minimum_t found = {s->minima[place].theta, s->iterate.f, reason};
    if (!(found.f < s->minima[place].f))
        return;
    memcpy(s->minima_theta + (found.theta - s->minima_theta), s->iterate.theta,
           (size_t)n * sizeof(double));
    for (; place > 0 && s->minima[place - 1].f > found.f; place--)
        s->minima[place] = s->minima[place - 1];
    s->minima[place] = found;
}

double region_gradient_limit(const region_search_t *s)
{
    return s->options.tolerance * fmax(fabs(s->iterate.f), DBL_MIN);
}

int region_bound_component(const region_search_t *s)
{
    for (int i = 0; i < s->box->count; i++)
        if (s->iterate.at_bound[i])
            return i;
    return -1;
}

static void explain(const region_search_t *s, outer_reason_t reason, char *text, size_t size)
{
    const region_options_t *o = &s->options;
    double norm = s->iterate.gradient_norm;
    int i = region_bound_component(s);
    if (reason == OUTER_GRADIENT)
        snprintf(text, size, "the gradient, %.2g, is at most %.2g%s", norm,
                 region_gradient_limit(s),
                 s->iterate.definite ? "" : "; the criterion is flat there");
    else if (reason == OUTER_BOUND)
        snprintf(text, size,
                 "component %d lies at its %s bound %.6g; gradient along the others %.2g", i + 1,
                 s->iterate.theta[i] >= s->box->upper[i] ? "upper" : "lower", s->iterate.theta[i],
                 norm);
    else if (reason == OUTER_BUDGET && s->run_iterations >= o->max_iterations)
        snprintf(text, size, "max_iterations = %lld was spent; gradient %.2g",
                 (long long)o->max_iterations, norm);
    else if (reason == OUTER_BUDGET)
        snprintf(text, size, "max_evaluations = %lld was spent; gradient %.2g",
                 (long long)o->max_evaluations, norm);
    else if (reason == OUTER_STEP)
        snprintf(text, size, "the next step, %.2g, is too short; gradient %.2g", s->plan.norm,
                 norm);
    else
        snprintf(text, size, "no further decrease can be found; gradient %.2g, wanted %.2g%s%s",
                 norm, region_gradient_limit(s), s->failure[0] != '\0' ? "; last failure: " : "",
                 s->failure);
}

void region_keep_best(region_search_t *s, outer_reason_t reason)
{
    if (s->best.known && !(s->iterate.f < s->best.f))
        return;
    explain(s, reason, s->best_detail, sizeof s->best_detail);
    s->best_reason = reason;
    region_point_swap(&s->best, &s->iterate);
}

void region_end_run(region_search_t *s, outer_reason_t reason)
{
    if (reason != OUTER_BUDGET)
        remember_minimum(s, reason);
    region_keep_best(s, reason);
    s->iterate.known = false;
    region_next_start(s);
}
