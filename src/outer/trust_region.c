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
           predicted <= NOISE |f|: accept if |g|_box fell to 0.9 of what it was, or, with products,
                                   by the derivatives at both ends; else stop: stalled
           otherwise: ratio = actual / predicted; accept if > 0.1; shrink if < 0.25;
                      expand if > 0.75
       remember x as a local minimum, unless it is one already
   answer: the best of all

   With products, H is never formed: d comes from conjugate gradients, solved the better the smaller
   g is (residual <= |g| min(1/10, sqrt(|g| / |g| at the start)): superlinear; Dembo, Eisenstat &
   Steihaug, SIAM J. Numer. Anal. 19, 1982), and from Lanczos' method where d is short and g small,
   to see negative curvature. After a rejection the path of conjugate gradients is cut at the
   smaller radius; where products are wanted at a point that was left, it is evaluated again.

   The cost: a Hessian is S products, a step by conjugate gradients at most max_products, of itself
   S (MOST): then no iteration costs more than with the Hessian. Far from the optimum a step takes a
   handful; the last ones need many where the penalties are unequal, as they are when some columns
   are being switched off. Counted with one ridge penalty per column, whole searches took 133
   products against the Hessian's 25 x 10 (442 x 10, squared loss), 324 against 32 x 30 (569 x 30,
   logistic). So `auto` takes products where S > max_products, of itself FEW: below, what the
   Hessian tells beyond one direction is worth more than it costs.

   The Newton steps that polish the result gain less than f resolves. Where both reductions are
   below FLAT |f|, the actual one is therefore taken from the derivatives, which are known at both
   ends (Hermite's quadrature, error O(|d|^5)):  f(x) - f(x+d) = -(g + g+)'d/2 - d'(H - H+)d/12;
   without H by the first term, error O(|d|^3).

   Lengths are Euclidean; the radius of the options, and the one that is reported, is that divided
   by sqrt(S): a radius of 1 lets all components move by 1.

   Here are the options, the sweep and the row of the table; region_step.c goes from one iterate to
   the next, region_end.c ends a start and the search. */
#include "outer/kinds.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/region_search.h"
#include "outer/sweep.h"

enum { FEW = 20, MOST = 500 };
enum { HESSIAN_AUTO, HESSIAN_FULL, HESSIAN_PRODUCTS };
static const char *const hessian_choices[] = {"auto", "full", "products", NULL};

static const param_t params[] = {
    {"tolerance",
     "stop when the largest component of the projected gradient is at most this times |f|",
     PARAM_REAL, offsetof(region_options_t, tolerance), 1e-10, 0, 1, NULL},
    {"step_tolerance", "stop when the step is at most this, relative to 1 + |theta|", PARAM_REAL,
     offsetof(region_options_t, step_tolerance), 1e-12, 0, 1, NULL},
    {"max_iterations", "trust-region steps of one start", PARAM_INT,
     offsetof(region_options_t, max_iterations), 1000, 0, 1e9, NULL},
    {"max_evaluations", "evaluations in all, the sweep included", PARAM_INT,
     offsetof(region_options_t, max_evaluations), 1000, 1, 1e9, NULL},
    {"radius", "first radius of the trust region: root mean square over theta", PARAM_REAL,
     offsetof(region_options_t, radius), 1, 1e-6, 1e3, NULL},
    {"max_radius", "largest radius", PARAM_REAL, offsetof(region_options_t, max_radius), 5, 1e-6,
     1e3, NULL},
    {"sweep", "points of the sweep before the search; 0: none", PARAM_INT,
     offsetof(region_options_t, sweep), 9, 0, 1e5, NULL},
    {"starts",
     "how many local minima of the sweep to search from, best first, with random points where "
     "these are fewer; 0: all of them",
     PARAM_INT, offsetof(region_options_t, starts), 0, 0, 1e5, NULL},
    {"seed", "seed of the random points", PARAM_INT, offsetof(region_options_t, seed), 1, 0, 9e15,
     NULL},
    {"hessian",
     "form the Hessian, or take steps by conjugate gradients on its products with directions; "
     "auto: products where there are more than max_products (0: than 20) hyperparameters",
     PARAM_CHOICE, offsetof(region_options_t, hessian), HESSIAN_AUTO, 0, 0, hessian_choices},
    {"max_products",
     "products of the Hessian in one step; 0: one for each hyperparameter, at most 500", PARAM_INT,
     offsetof(region_options_t, max_products), 0, 0, 1e4, NULL},
    PARAM_END};

/* ---- sweep and candidates ---- */

static double *new_candidate(region_search_t *s)
{
    return s->candidates + (size_t)s->candidate_count++ * (size_t)s->box->count;
}

static void fill_candidates(region_search_t *s)
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

static void tell_sweep(region_search_t *s, const outer_reply_t *replies)
{
    for (int i = 0; i < s->sweep_count; i++) {
        s->evaluations += !replies[i].missing;
        s->sweep_f[i] = region_fails(s, &replies[i], 0) ? NAN : replies[i].f;
    }
    fill_candidates(s);
    region_next_start(s);
}

/* ---- the row of the table ---- */

static void destroy(void **work)
{
    region_search_t *s = *work;
    mem_free(&s->requests);
    mem_free(&s->sweep_theta);
    mem_free(&s->sweep_f);
    mem_free(&s->order);
    mem_free(&s->candidates);
    mem_free(&s->step);
    mem_free(&s->minima);
    mem_free(&s->minima_theta);
    region_point_release(&s->iterate);
    region_point_release(&s->trial);
    region_point_release(&s->best);
    box_step_free(&s->stepper);
    krylov_free(&s->krylov);
    mem_free(work);
}

static bool uses_products(const region_search_t *s)
{
    int64_t most = s->options.max_products > 0 ? s->options.max_products : FEW;
    return s->options.hessian == HESSIAN_PRODUCTS ||
           (s->options.hessian == HESSIAN_AUTO && s->box->products && s->box->count > most);
}

static int most_products(const region_search_t *s)
{
    if (s->options.max_products > 0)
        return (int)s->options.max_products;
    return s->box->count < MOST ? s->box->count : MOST;
}

static int allocate(region_search_t *s)
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
    TRY(region_point_create(n, products, &s->iterate));
    TRY(region_point_create(n, products, &s->trial));
    TRY(region_point_create(n, products, &s->best));
    if (products)
        TRY(krylov_create(n, most_products(s), &s->krylov));
    else
        TRY(box_step_create(n, &s->stepper));
out:
    return code;
}

static int create(const void *options, const outer_box_t *box, void **work)
{
    int code = TRALO_OK;
    region_search_t *s = NULL;
    void *built;
    ALLOC(s, 1);
    s->options = *(const region_options_t *)options;
    s->box = box;
    if (s->options.radius > s->options.max_radius)
        FAIL(TRALO_ERR_INPUT, "radius %g is larger than max_radius %g", s->options.radius,
             s->options.max_radius);
    if (s->options.hessian == HESSIAN_PRODUCTS && !box->products)
        FAIL(TRALO_ERR_INPUT, "search.hessian = products, but this criterion does not offer "
                              "products of its Hessian: give full");
    s->radius = s->options.radius * region_unit(s);
    s->starts = s->options.starts;
    int64_t sweep = s->options.sweep, most = s->options.max_evaluations;
    s->sweep_count = (int)(sweep < most ? sweep : most);
    TRY(allocate(s));
    box_line(box, s->sweep_count, s->sweep_theta);
    s->phase = PHASE_SWEEP;
    if (s->sweep_count == 0) {
        fill_candidates(s);
        region_next_start(s);
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
    region_search_t *s = work;
    if (s->interrupted && s->phase != PHASE_ENDED) {
        if (s->iterate.known)
            region_keep_best(s, OUTER_INTERRUPTED);
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
    region_search_t *s = work;
    if (s->phase == PHASE_SWEEP)
        tell_sweep(s, replies);
    else if (s->phase == PHASE_FIRST)
        region_tell_first(s, replies);
    else if (s->phase == PHASE_PRODUCT)
        region_tell_product(s, replies);
    else if (s->phase == PHASE_RETURN)
        region_tell_return(s, replies);
    else
        region_tell_trial(s, replies);
}

static void interrupt(void *work)
{
    region_search_t *s = work;
    s->interrupted = true;
}

static void state(const void *work, outer_state_t *state)
{
    const region_search_t *s = work;
    const region_point_t *best = &s->best;
    if (s->iterate.known && !(best->known && best->f <= s->iterate.f))
        best = &s->iterate;
    *state = (outer_state_t){.iterations = s->iterations,
                             .evaluations = s->evaluations,
                             .products = s->spent_products,
                             .start = s->started,
                             .theta = s->box->start,
                             .f = NAN,
                             .gradient_norm = NAN,
                             .radius = s->radius / region_unit(s),
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
    const region_search_t *s = work;
    *minima = s->minima;
    return s->minima_count;
}

const outer_kind_t outer_trust_region = {
    .name = "trust_region",
    .doc =
        "Newton's method in a trust region, after a sweep, from several starts (exact Hessian, or "
        "its products with directions)",
    .params = params,
    .derivatives = true,
    .options_size = sizeof(region_options_t),
    .create = create,
    .ask = ask,
    .tell = tell,
    .interrupt = interrupt,
    .state = state,
    .minima = minima,
    .destroy = destroy,
};
