/* SPDX-License-Identifier: BSD-3-Clause */
/* Trust-region Newton method on a box: Moré & Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553;
   Conn, Gould & Toint, Trust-Region Methods (2000), algorithms 6.1.1 and 12.2.1, rounding after
   section 17.4.

   sweep: f at points on the line start + t (1, ..., 1), one batch
   candidates = local minima of the sweep, best first; random points if there are fewer than
   `starts`; the rest of the sweep and the box's start, for use where a candidate's evaluation fails
   for each of the first `starts` candidates that can be evaluated
       x = candidate; f, g, H there; radius = initial
       repeat
           d, predicted = box step in the radius                        box_step.h, krylov_step.h
           stop: gradient | bound     |g|_box <= tolerance |f|, H >= 0 there, and d short or
                                      predicted below NOISE |f|: nothing is left to gain
                 budget               iterations or evaluations
                 step | stalled       d below step_tolerance, by itself | because of the radius
           f, g, H at x + d; not finite or failed: radius = |d|/4, again
           predicted <= NOISE |f|: accept if |g|_box fell to 0.9 of what it was, else stop: stalled
           otherwise: ratio = actual / predicted; accept if > 0.1; shrink if < 0.25;
                      expand if > 0.75
       remember x as a local minimum, unless it is one already
   answer: the best of all

   With products, H is never formed: d comes from conjugate gradients, solved the better the smaller
   g is (residual <= |g| min(1/10, sqrt(|g| / |g| at the start)): superlinear; Dembo, Eisenstat &
   Steihaug, SIAM J. Numer. Anal. 19, 1982), and from Lanczos' method where d is short and g small,
   to see negative curvature. After a rejection the path of conjugate gradients is cut at the
   smaller radius; where products are wanted at a point that was left, it is evaluated again.

   The cost: a Hessian is S products, a step by conjugate gradients at most max_products. So `auto`
   takes products where S > max_products: then no iteration costs more than with the Hessian.

   The Newton steps that polish the result gain less than f resolves. Where both reductions are
   below FLAT |f|, the actual one is therefore taken from the derivatives, which are known at both
   ends (Hermite's quadrature, error O(|d|^5)):  f(x) - f(x+d) = -(g + g+)'d/2 - d'(H - H+)d/12;
   without H by the first term, error O(|d|^3).

   Lengths are Euclidean; the radius of the options, and the one that is reported, is that divided
   by sqrt(S): a radius of 1 lets all components move by 1. */
#include "outer/trust_region.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/box.h"
#include "outer/box_step.h"
#include "outer/krylov_step.h"
#include "outer/sweep.h"

#define NOISE 1e-14   /* reductions below this part of |f| are rounding */
#define FLAT 1e-10    /* reductions below this part of |f| are measured by derivatives */
#define SETTLED 0.01  /* largest component of a Newton step at a located optimum */
#define DISTINCT 1e-3 /* minima closer than this, relative to 1 + |theta|, are one */

typedef struct options {
    double tolerance, step_tolerance, radius, max_radius;
    int64_t max_iterations, max_evaluations, sweep, starts, seed, max_products;
    int hessian;
} options_t;

enum { HESSIAN_AUTO, HESSIAN_FULL, HESSIAN_PRODUCTS };
static const char *const hessian_choices[] = {"auto", "full", "products", NULL};

static const param_t params[] = {
    {"tolerance",
     "stop when the largest component of the projected gradient is at most this times |f|",
     PARAM_REAL, offsetof(options_t, tolerance), 1e-10, 0, 1, NULL},
    {"step_tolerance", "stop when the step is at most this, relative to 1 + |theta|", PARAM_REAL,
     offsetof(options_t, step_tolerance), 1e-12, 0, 1, NULL},
    {"max_iterations", "trust-region steps of one start", PARAM_INT,
     offsetof(options_t, max_iterations), 100, 0, 1e9, NULL},
    {"max_evaluations", "evaluations in all, the sweep included", PARAM_INT,
     offsetof(options_t, max_evaluations), 1000, 1, 1e9, NULL},
    {"radius", "first radius of the trust region: root mean square over theta", PARAM_REAL,
     offsetof(options_t, radius), 1, 1e-6, 1e3, NULL},
    {"max_radius", "largest radius", PARAM_REAL, offsetof(options_t, max_radius), 5, 1e-6, 1e3,
     NULL},
    {"sweep", "points of the sweep before the search; 0: none", PARAM_INT,
     offsetof(options_t, sweep), 9, 0, 1e5, NULL},
    {"starts",
     "how many local minima of the sweep to search from, best first, with random points where "
     "these are fewer; 0: all of them",
     PARAM_INT, offsetof(options_t, starts), 0, 0, 1e5, NULL},
    {"seed", "seed of the random points", PARAM_INT, offsetof(options_t, seed), 1, 0, 9e15, NULL},
    {"hessian",
     "form the Hessian, or take steps by conjugate gradients on its products with directions; "
     "auto: products where there are more than max_products hyperparameters",
     PARAM_CHOICE, offsetof(options_t, hessian), HESSIAN_AUTO, 0, 0, hessian_choices},
    {"max_products", "products of the Hessian in one step", PARAM_INT,
     offsetof(options_t, max_products), 50, 1, 1e4, NULL},
    PARAM_END};

typedef enum phase {
    PHASE_SWEEP,
    PHASE_FIRST,
    PHASE_TRIAL,
    PHASE_PRODUCT, /* a product at the iterate is wanted */
    PHASE_RETURN,  /* the iterate is evaluated again, for products there */
    PHASE_ENDED
} phase_t;

/* A point and what is known there. */
typedef struct point {
    double *theta, *gradient; /* owned */
    double *hessian;          /* owned; NULL with products */
    bool *at_bound;           /* owned */
    double f, gradient_norm;
    bool known, definite, judged;
} point_t;

typedef struct search {
    options_t options;
    const outer_box_t *box; /* borrowed */
    phase_t phase;
    outer_request_t *requests; /* owned [max(sweep_count, 1)] */
    int sweep_count;
    double *sweep_theta, *sweep_f; /* owned [sweep_count * S], [sweep_count]; NaN: failed */
    int *order;                    /* owned [sweep_count] */
    int sweep_known;
    double *candidates; /* owned [count * S] */
    int candidate_count, candidate_next;
    int64_t starts; /* how many are wanted */
    int64_t started, iterations, run_iterations, evaluations, spent_products;
    point_t iterate, trial, best; /* best: of the starts that have ended */
    box_step_t *stepper;          /* NULL with products */
    krylov_t *krylov;             /* NULL with the full Hessian */
    bool planned;                 /* krylov's path begins at the iterate */
    bool here;                    /* the last evaluation was at the iterate */
    bool examining;               /* krylov looks for negative curvature */
    double first_norm;            /* |g| on the free components at the first point of this start */
    box_step_result_t plan;
    double *step; /* owned [S] */
    double radius;
    bool accepted, interrupted;
    bool noise_floor;        /* a step below NOISE was rejected: this start can go no further */
    bool cut;                /* a start ended because max_evaluations was spent */
    outer_minimum_t *minima; /* owned, sorted */
    double *minima_theta;    /* owned */
    int minima_count;
    outer_reason_t reason, best_reason;
    char detail[160], best_detail[160];
    char failure[80]; /* the last one, "" when there was none */
} search_t;

/* ---- points and replies
 * -------------------------------------------------------------------------- */

static int point_create(int count, bool products, point_t *point)
{
    int code = TRALO_OK;
    ALLOC(point->theta, count);
    ALLOC(point->gradient, count);
    if (!products)
        ALLOC(point->hessian, (int64_t)count * count);
    ALLOC(point->at_bound, count);
out:
    return code;
}

static void point_release(point_t *point)
{
    mem_free(&point->theta);
    mem_free(&point->gradient);
    mem_free(&point->hessian);
    mem_free(&point->at_bound);
}

static void point_swap(point_t *a, point_t *b)
{
    point_t keep = *a;
    *a = *b;
    *b = keep;
}

static bool all_finite(const double *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static bool fails(search_t *s, const outer_reply_t *reply, int order)
{
    int n = s->box->count;
    const char *why = reply->failure;
    if (why == NULL && !isfinite(reply->f))
        why = "the value is not finite";
    else if (why == NULL && order >= 1 && !all_finite(reply->gradient, n))
        why = "the gradient is not finite";
    else if (why == NULL && order >= 2 && !all_finite(reply->hessian, (int64_t)n * n))
        why = "the Hessian is not finite";
    if (why != NULL)
        snprintf(s->failure, sizeof s->failure, "%s", why);
    return why != NULL;
}

/* Takes f, g, H at the trial point; false: the evaluation failed. */
static bool read_trial(search_t *s, const outer_reply_t *reply)
{
    int n = s->box->count;
    point_t *p = &s->trial;
    s->evaluations++;
    if (fails(s, reply, s->krylov != NULL ? 1 : 2))
        return false;
    p->f = reply->f;
    memcpy(p->gradient, reply->gradient, (size_t)n * sizeof(double));
    for (int i = 0; i < n; i++) {
        for (int j = 0; s->krylov == NULL && j < n; j++)
            p->hessian[i * n + j] = 0.5 * (reply->hessian[i * n + j] + reply->hessian[j * n + i]);
        p->at_bound[i] = box_at_bound(s->box, p->theta, i);
    }
    p->definite = p->judged = false;
    p->gradient_norm = box_gradient_norm(s->box, p->theta, p->gradient);
    p->known = true;
    s->failure[0] = '\0';
    return true;
}

/* ---- how a search ends
 * ----------------------------------------------------------------------------- */

static void conclude(search_t *s)
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

/* Goes on to the next start, or ends the search. */
static void next_start(search_t *s)
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
static void remember_minimum(search_t *s, outer_reason_t reason)
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

static double unit(const search_t *s)
{
    return sqrt(s->box->count);
}

static double gradient_limit(const search_t *s)
{
    return s->options.tolerance * fmax(fabs(s->iterate.f), DBL_MIN);
}

static int bound_component(const search_t *s)
{
    for (int i = 0; i < s->box->count; i++)
        if (s->iterate.at_bound[i])
            return i;
    return -1;
}

static void explain(const search_t *s, outer_reason_t reason, char *text, size_t size)
{
    const options_t *o = &s->options;
    double norm = s->iterate.gradient_norm;
    int i = bound_component(s);
    if (reason == OUTER_GRADIENT)
        snprintf(text, size, "the gradient, %.2g, is at most %.2g%s", norm, gradient_limit(s),
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
        snprintf(text, size, "no further decrease can be found; gradient %.2g, wanted %.2g%s%.60s",
                 norm, gradient_limit(s), s->failure[0] != '\0' ? "; last failure: " : "",
                 s->failure);
}

/* Keeps the iterate if it is the best so far. */
static void keep_best(search_t *s, outer_reason_t reason)
{
    if (s->best.known && !(s->iterate.f < s->best.f))
        return;
    explain(s, reason, s->best_detail, sizeof s->best_detail);
    s->best_reason = reason;
    point_swap(&s->best, &s->iterate);
}

static void end_run(search_t *s, outer_reason_t reason)
{
    if (reason != OUTER_BUDGET)
        remember_minimum(s, reason);
    keep_best(s, reason);
    s->iterate.known = false;
    next_start(s);
}

/* ---- the trust region
 * ------------------------------------------------------------------------------ */

static double longest(const search_t *s)
{
    double most = 0.0;
    for (int i = 0; i < s->box->count; i++)
        most = fmax(most, fabs(s->step[i]));
    return most;
}

static bool step_is_short(const search_t *s)
{
    double tolerance = fmax(s->options.step_tolerance, 0.25 * DBL_EPSILON);
    for (int i = 0; i < s->box->count; i++)
        if (fabs(s->step[i]) > tolerance * (1.0 + fabs(s->iterate.theta[i])))
            return false;
    return true;
}

static bool radius_limits(const search_t *s)
{
    return s->plan.norm >= 0.8 * s->radius;
}

static void go_to_trial(search_t *s)
{
    box_move(s->box, s->iterate.theta, s->step, s->trial.theta);
    s->phase = PHASE_TRIAL;
}

static void end_at_optimum(search_t *s)
{
    end_run(s, bound_component(s) >= 0 ? OUTER_BOUND : OUTER_GRADIENT);
}

/* |g| on the components that no bound holds. */
static double free_norm(const search_t *s)
{
    const point_t *x = &s->iterate;
    double square = 0.0;
    for (int i = 0; i < s->box->count; i++)
        if (!box_held(s->box, x->theta, x->gradient, i))
            square += x->gradient[i] * x->gradient[i];
    return sqrt(square);
}

static krylov_model_t krylov_model(const search_t *s)
{
    double norm = free_norm(s), limit = gradient_limit(s);
    double part = fmin(0.1, sqrt(norm / fmax(s->first_norm, DBL_MIN)));
    bool first_order = s->iterate.gradient_norm <= limit;
    return (krylov_model_t){.box = s->box,
                            .x = s->iterate.theta,
                            .g = s->iterate.gradient,
                            .radius = s->radius,
                            .tolerance =
                                first_order ? part * norm : fmax(part * norm, 0.1 * limit)};
}

static void pursue(search_t *s);

/* Begins to look for negative curvature at the iterate, which has to be evaluated again when the
   search has been elsewhere since. */
static void examine(search_t *s)
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
static void end_examination(search_t *s)
{
    point_t *x = &s->iterate;
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
static void decide(search_t *s)
{
    point_t *x = &s->iterate;
    bool flat = s->plan.decrease <= NOISE * fabs(x->f);
    bool first_order = x->gradient_norm <= gradient_limit(s);
    bool settled = flat || (s->plan.lowest >= 0.0 && longest(s) <= SETTLED);
    bool spent = s->evaluations >= s->options.max_evaluations;
    bool examined = s->krylov == NULL || x->judged || (spent && !s->here);
    if (first_order && (settled || s->noise_floor)) {
        if (examined)
            end_at_optimum(s);
        else
            examine(s);
    } else if (s->noise_floor)
        end_run(s, OUTER_STALLED);
    else if (spent || s->run_iterations >= s->options.max_iterations) {
        s->cut = spent;
        end_run(s, OUTER_BUDGET);
    } else if (step_is_short(s))
        end_run(s, radius_limits(s) ? OUTER_STALLED : OUTER_STEP);
    else
        go_to_trial(s);
}

/* Asks krylov's next question, or goes on with its answer. */
static void pursue(search_t *s)
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
static void plan(search_t *s)
{
    point_t *x = &s->iterate;
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
static double hermite_reduction(const search_t *s)
{
    int n = s->box->count;
    const point_t *x = &s->iterate, *y = &s->trial;
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
static double reduction_ratio(const search_t *s)
{
    double actual = s->iterate.f - s->trial.f, flat = FLAT * fabs(s->iterate.f);
    if (s->plan.decrease <= flat && fabs(actual) <= flat)
        actual = hermite_reduction(s);
    return actual / s->plan.decrease;
}

/* Accepts or rejects the trial point and sets the radius. */
static void judge(search_t *s)
{
    double scale = fabs(s->iterate.f), ratio;
    if (s->plan.decrease <= NOISE * scale) {
        s->accepted = s->trial.gradient_norm <= 0.9 * s->iterate.gradient_norm &&
                      s->trial.f - s->iterate.f <= FLAT * scale;
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
        s->radius = fmin(2.0 * s->radius, s->options.max_radius * unit(s));
}

static void tell_trial(search_t *s, const outer_reply_t *reply)
{
    s->iterations++;
    s->run_iterations++;
    s->accepted = false;
    if (read_trial(s, reply))
        judge(s);
    else
        s->radius = 0.25 * s->plan.norm;
    if (s->accepted)
        point_swap(&s->iterate, &s->trial);
    s->here = s->accepted;
    s->planned = s->planned && !s->accepted;
    plan(s);
}

static void tell_product(search_t *s, const outer_reply_t *reply)
{
    const double *product = reply->failure == NULL ? reply->product : NULL;
    s->spent_products++;
    if (product == NULL || !all_finite(product, s->box->count)) {
        snprintf(s->failure, sizeof s->failure, "%s",
                 product == NULL ? reply->failure : "the product of the Hessian is not finite");
        product = NULL;
    }
    krylov_tell(s->krylov, product);
    pursue(s);
}

static void tell_return(search_t *s, const outer_reply_t *reply)
{
    s->evaluations++;
    if (fails(s, reply, 1)) {
        end_at_optimum(s);
        return;
    }
    s->here = true;
    examine(s);
}

static void tell_first(search_t *s, const outer_reply_t *reply)
{
    s->accepted = read_trial(s, reply);
    if (!s->accepted) {
        next_start(s);
        return;
    }
    point_swap(&s->iterate, &s->trial);
    s->started++;
    s->run_iterations = 0;
    s->radius = s->options.radius * unit(s);
    s->noise_floor = s->planned = s->examining = false;
    s->here = true;
    s->first_norm = free_norm(s);
    plan(s);
}

/* ---- sweep and candidates
 * -------------------------------------------------------------------------- */

static double *new_candidate(search_t *s)
{
    return s->candidates + (size_t)s->candidate_count++ * (size_t)s->box->count;
}

static void fill_candidates(search_t *s)
{
    int n = s->box->count, minima = 0;
    size_t size = (size_t)n * sizeof(double);
    s->sweep_known = sweep_rank(s->sweep_count, s->sweep_f, s->order, &minima);
    if (s->starts == 0)
        s->starts = minima > 0 ? minima : 1;
    for (int i = 0; i < minima; i++)
        memcpy(new_candidate(s), s->sweep_theta + (size_t)s->order[i] * (size_t)n, size);
    if (minima == 0)
        memcpy(new_candidate(s), s->box->start, size);
    for (int64_t i = s->candidate_count; i < s->starts; i++)
        box_random(s->box, s->options.seed, i, new_candidate(s));
    for (int i = minima; i < s->sweep_known; i++)
        memcpy(new_candidate(s), s->sweep_theta + (size_t)s->order[i] * (size_t)n, size);
    if (minima > 0)
        memcpy(new_candidate(s), s->box->start, size);
}

static void tell_sweep(search_t *s, const outer_reply_t *replies)
{
    for (int i = 0; i < s->sweep_count; i++) {
        s->evaluations += !replies[i].missing;
        s->sweep_f[i] = fails(s, &replies[i], 0) ? NAN : replies[i].f;
    }
    fill_candidates(s);
    next_start(s);
}

/* ---- the row of the table
 * ---------------------------------------------------------------------------- */

static void destroy(void **work)
{
    search_t *s = *work;
    mem_free(&s->requests);
    mem_free(&s->sweep_theta);
    mem_free(&s->sweep_f);
    mem_free(&s->order);
    mem_free(&s->candidates);
    mem_free(&s->step);
    mem_free(&s->minima);
    mem_free(&s->minima_theta);
    point_release(&s->iterate);
    point_release(&s->trial);
    point_release(&s->best);
    box_step_free(&s->stepper);
    krylov_free(&s->krylov);
    mem_free(work);
}

static bool uses_products(const search_t *s)
{
    return s->options.hessian == HESSIAN_PRODUCTS ||
           (s->options.hessian == HESSIAN_AUTO && s->box->products &&
            s->box->count > s->options.max_products);
}

static int allocate(search_t *s)
{
    int code = TRALO_OK, n = s->box->count;
    int64_t starts = s->starts > s->sweep_count ? s->starts : s->sweep_count + 1;
    ALLOC(s->requests, s->sweep_count > 0 ? s->sweep_count : 1);
    ALLOC(s->sweep_theta, (int64_t)s->sweep_count * n);
    ALLOC(s->sweep_f, s->sweep_count);
    ALLOC(s->order, s->sweep_count);
    ALLOC(s->candidates, (s->sweep_count + starts + 1) * n);
    ALLOC(s->step, n);
    ALLOC(s->minima, starts);
    ALLOC(s->minima_theta, starts * n);
    bool products = uses_products(s);
    TRY(point_create(n, products, &s->iterate));
    TRY(point_create(n, products, &s->trial));
    TRY(point_create(n, products, &s->best));
    if (products)
        TRY(krylov_create(n, (int)s->options.max_products, &s->krylov));
    else
        TRY(box_step_create(n, &s->stepper));
out:
    return code;
}

static int create(const void *options, const outer_box_t *box, void **work)
{
    int code = TRALO_OK;
    search_t *s = NULL;
    void *built;
    ALLOC(s, 1);
    s->options = *(const options_t *)options;
    s->box = box;
    if (s->options.radius > s->options.max_radius)
        FAIL(TRALO_ERR_INPUT, "radius %g is larger than max_radius %g", s->options.radius,
             s->options.max_radius);
    if (s->options.hessian == HESSIAN_PRODUCTS && !box->products)
        FAIL(TRALO_ERR_INPUT, "search.hessian = products, but this criterion does not offer "
                              "products of its Hessian: give full");
    s->radius = s->options.radius * unit(s);
    s->starts = s->options.starts;
    int64_t sweep = s->options.sweep, most = s->options.max_evaluations;
    s->sweep_count = (int)(sweep < most ? sweep : most);
    TRY(allocate(s));
    box_line(box, s->sweep_count, s->sweep_theta);
    s->phase = PHASE_SWEEP;
    if (s->sweep_count == 0) {
        fill_candidates(s);
        next_start(s);
    }
    *work = s;
    s = NULL;
out:
    built = s;
    if (built != NULL)
        destroy(&built);
    return code;
}

static void ask(void *work, outer_batch_t *batch)
{
    search_t *s = work;
    if (s->interrupted && s->phase != PHASE_ENDED) {
        if (s->iterate.known)
            keep_best(s, OUTER_INTERRUPTED);
        s->phase = PHASE_ENDED;
        s->reason = OUTER_INTERRUPTED;
        snprintf(s->detail, sizeof s->detail, "interrupted after %lld evaluations",
                 (long long)s->evaluations);
    }
    batch->requests = s->requests;
    batch->phase = s->phase == PHASE_SWEEP ? "sweep" : "search";
    batch->count = s->phase == PHASE_ENDED ? 0 : s->phase == PHASE_SWEEP ? s->sweep_count : 1;
    for (int i = 0; i < batch->count; i++)
        s->requests[i] = (outer_request_t){
            .theta = s->sweep_theta + (size_t)i * (size_t)s->box->count, .order = 0};
    int order = s->krylov != NULL ? 1 : 2;
    if (s->phase == PHASE_FIRST || s->phase == PHASE_TRIAL)
        s->requests[0] = (outer_request_t){.theta = s->trial.theta, .order = order};
    else if (s->phase == PHASE_RETURN)
        s->requests[0] = (outer_request_t){.theta = s->iterate.theta, .order = order};
    else if (s->phase == PHASE_PRODUCT)
        s->requests[0] = (outer_request_t){
            .theta = s->iterate.theta, .order = 2, .direction = krylov_ask(s->krylov)};
}

static void tell(void *work, const outer_reply_t *replies)
{
    search_t *s = work;
    if (s->phase == PHASE_SWEEP)
        tell_sweep(s, replies);
    else if (s->phase == PHASE_FIRST)
        tell_first(s, replies);
    else if (s->phase == PHASE_PRODUCT)
        tell_product(s, replies);
    else if (s->phase == PHASE_RETURN)
        tell_return(s, replies);
    else
        tell_trial(s, replies);
}

static void interrupt(void *work)
{
    search_t *s = work;
    s->interrupted = true;
}

static void state(const void *work, outer_state_t *state)
{
    const search_t *s = work;
    const point_t *best = &s->best;
    if (s->iterate.known && !(best->known && best->f <= s->iterate.f))
        best = &s->iterate;
    *state = (outer_state_t){.iterations = s->iterations,
                             .evaluations = s->evaluations,
                             .products = s->spent_products,
                             .start = s->started,
                             .theta = s->box->start,
                             .f = NAN,
                             .gradient_norm = NAN,
                             .radius = s->radius / unit(s),
                             .phase = s->started > 0 ? "search" : "sweep",
                             .accepted = s->accepted,
                             .reason = s->reason};
    memcpy(state->detail, s->detail, sizeof state->detail);
    if (best->known) {
        state->theta = best->theta;
        state->f = best->f;
        state->gradient = best->gradient;
        state->hessian = best->hessian;
        state->gradient_norm = best->gradient_norm;
        state->definite = best->definite;
        state->judged = best->judged;
        state->at_bound = best->at_bound;
    } else if (s->sweep_known > 0) {
        state->theta = s->sweep_theta + (size_t)s->order[0] * (size_t)s->box->count;
        state->f = s->sweep_f[s->order[0]];
    }
}

static int minima(const void *work, const outer_minimum_t **minima)
{
    const search_t *s = work;
    *minima = s->minima;
    return s->minima_count;
}

const outer_kind_t outer_trust_region = {
    .name = "trust_region",
    .doc =
        "Newton's method in a trust region, after a sweep, from several starts (exact Hessian, or "
        "its products with directions)",
    .params = params,
    .options_size = sizeof(options_t),
    .create = create,
    .ask = ask,
    .tell = tell,
    .interrupt = interrupt,
    .state = state,
    .minima = minima,
    .destroy = destroy,
};
