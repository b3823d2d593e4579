/* SPDX-License-Identifier: BSD-3-Clause */
/* Zeroth-order averaging of finite differences over random directions (Gu et al., "Optimizing
   Large-Scale Hyperparameters via Automated Learning Algorithm", HOZOG).

       repeat, t = 0, 1, ...
           u_1 .. u_q uniform on the unit sphere, or orthogonal
           x_i = the point of the box nearest to theta + mu u_i, z_i = theta
               (by central differences z_i = the one nearest to theta - mu u_i)
           evaluate f at theta, all x_i and z_i at once;  d_i = x_i - z_i
           g = S/q sum_i (f(x_i) - f(z_i)) d_i / |d_i|^2         over those that have a value
           theta = the point of the box nearest to theta - step

   Away from the bounds d_i = mu u_i, or twice that, and g is the paper's estimate, whose mean is
   the gradient of f averaged over a ball of radius mu. The factor S belongs to the sphere: E[u u']
   = I/S. A direction that failed is left out of the sum and of q. Where f(theta) itself failed the
   iterate goes half of the way back.

   The step by rule:
       newton      sum_i D_i e_i, e_i = d_i / |d_i|: D_i = (f(x_i) - f(z_i)) / |d_i| / c_i,
                   c_i = the larger of |second difference along e_i| and the running mean of these;
                   |D_i| at most max_step, and half of that after each step that raised f
                   (with gamma and momentum as below, for g)
       constant    gamma m                   m = momentum m + g
       decreasing  gamma / sqrt(1 + t) m
       adam        Kingma & Ba 2015, rate gamma, with g
       armijo      the longest of gamma 2^-k m, k = 0 .. 5, evaluated at once, with
                   f(theta - step) <= f(theta) - 1e-4 step'm

   A function that is random itself is to use the same numbers in all evaluations of a step
   (`draw`), so that they cancel in the differences. All random numbers here are functions of (seed,
   iteration, direction), so that the points do not depend on who evaluates them. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/box.h"
#include "outer/hozog.h"
#include "outer/kinds.h"

enum { RETREATS = 20, SHORT_STEPS = 3 };
static const char *const rule_names[] = {"newton", "constant", "decreasing",
                                         "adam",   "armijo",   NULL};
static const char *const difference_names[] = {"forward", "central", NULL};

static const param_t params[] = {
    {"rule", "how differences become a step", PARAM_CHOICE, offsetof(hozog_options_t, rule),
     RULE_NEWTON, 0, 0, rule_names},
    {"directions", "random directions of one step (q)", PARAM_INT,
     offsetof(hozog_options_t, directions), 5, 1, 1e5, NULL},
    {"orthogonal",
     "directions at right angles, at most as many as hyperparameters (newton wants it)", PARAM_BOOL,
     offsetof(hozog_options_t, orthogonal), 1, 0, 0, NULL},
    {"differences", "forward: one evaluation for each direction; central: two (newton wants it)",
     PARAM_CHOICE, offsetof(hozog_options_t, differences), CENTRAL, 0, 0, difference_names},
    {"mu", "length of a difference, in theta", PARAM_REAL, offsetof(hozog_options_t, mu), 1, 1e-8,
     1e6, NULL},
    {"gamma", "rate of the steps", PARAM_REAL, offsetof(hozog_options_t, gamma), 1, 1e-12, 1e12,
     NULL},
    {"momentum", "share of the step before (not of adam)", PARAM_REAL,
     offsetof(hozog_options_t, momentum), 0, 0, 0.999, NULL},
    {"max_step", "newton: longest step along one direction, in theta", PARAM_REAL,
     offsetof(hozog_options_t, max_step), 5, 1e-6, 1e6, NULL},
    {"step_tolerance", "stop after three steps of at most this, relative to 1 + |theta|",
     PARAM_REAL, offsetof(hozog_options_t, step_tolerance), 1e-6, 0, 1, NULL},
    {"max_iterations", "steps", PARAM_INT, offsetof(hozog_options_t, max_iterations), 1e9, 1, 1e9,
     NULL},
    {"max_evaluations", "evaluations in all", PARAM_INT, offsetof(hozog_options_t, max_evaluations),
     1000, 1, 1e9, NULL},
    {"seed", "seed of the directions", PARAM_INT, offsetof(hozog_options_t, seed), 1, 0, 9e15,
     NULL},
    PARAM_END};

static int64_t dimension(const hozog_t *h)
{
    return h->best.box->count;
}

/* ---- asking ---- */

static void add_request(hozog_t *h, const double *d, double length)
{
    const int64_t S = dimension(h), at = h->requests_count++;
    double *x = h->points + at * S;
    memcpy(x, h->theta, (size_t)S * sizeof *x);
    for (int64_t i = 0; d != NULL && i < S; i++)
        x[i] += length * d[i];
    box_clip(h->best.box, x);
    h->requests[at] = (outer_request_t){.theta = x, .draw = h->iteration};
}

static void ask_differences(hozog_t *h)
{
    const int64_t S = dimension(h);
    hozog_draw(h);
    h->requests_count = 0;
    add_request(h, NULL, 0.0);
    for (int64_t k = 0; k < h->q; k++) {
        add_request(h, h->u + k * S, h->options.mu);
        if (h->options.differences == CENTRAL)
            add_request(h, h->u + k * S, -h->options.mu);
    }
}

static void ask_line(hozog_t *h)
{
    h->requests_count = 0;
    for (int k = 0; k < TRIALS; k++)
        add_request(h, h->m, -ldexp(h->options.gamma, -k));
}

static void ask(void *work, outer_batch_t *batch)
{
    hozog_t *h = work;
    *batch = (outer_batch_t){.requests = h->requests, .phase = "search"};
    if (best_ended(&h->best))
        return;
    if (h->line)
        ask_line(h);
    else
        ask_differences(h);
    batch->count = h->requests_count;
}

/* ---- telling ---- */

/* f(theta) failed: half of the way back to where it did not. */
static void retreat(hozog_t *h)
{
    const outer_box_t *box = h->best.box;
    const bool back = !isnan(h->f);
    for (int64_t i = 0; back && i < dimension(h); i++)
        h->theta[i] = 0.5 * (h->theta[i] + h->before[i]);
    if (!back) /* there is no such point yet: anywhere */
        box_random(box, h->options.seed, h->iteration, h->theta);
    if (++h->retreats > RETREATS)
        best_end(&h->best, OUTER_STALLED,
                 "evaluations at the iterate fail wherever it goes: the last point with a value is "
                 "kept");
}

static void tell_differences(hozog_t *h, const double *f)
{
    h->f = isnan(f[0]) ? h->f : f[0];
    if (isnan(f[0]))
        retreat(h);
    else
        hozog_step(h, f);
}

static int64_t evaluations_of_step(const hozog_options_t *o, int64_t q)
{
    return 1 + q * (o->differences == CENTRAL ? 2 : 1) + (o->rule == RULE_ARMIJO ? TRIALS : 0);
}

static void check_end(hozog_t *h)
{
    char detail[200];
    const hozog_options_t *o = &h->options;
    const int64_t next = evaluations_of_step(o, h->q);
    if (h->short_steps >= SHORT_STEPS) {
        snprintf(detail, sizeof detail,
                 "%d steps in a row were at most %g, relative to 1 + |theta|", (int)SHORT_STEPS,
                 o->step_tolerance);
        best_end(&h->best, OUTER_STEP, detail);
    }
    if (h->iteration >= o->max_iterations) {
        snprintf(detail, sizeof detail,
                 "all %" PRId64 " steps were made; %" PRId64 " of %" PRId64
                 " evaluations have no value",
                 h->iteration, h->best.failures, h->best.evaluations);
        best_end(&h->best, OUTER_COMPLETE, detail);
    }
    if (h->best.evaluations + next > o->max_evaluations) {
        snprintf(detail, sizeof detail,
                 "%" PRId64 " evaluations are spent, and a step takes %" PRId64
                 " of max_evaluations = %" PRId64,
                 h->best.evaluations, next, o->max_evaluations);
        best_end(&h->best, OUTER_BUDGET, detail);
    }
}

static void tell(void *work, const outer_reply_t *replies)
{
    hozog_t *h = work;
    double *f = h->points + (int64_t)h->requests_count * dimension(h); /* behind the points */
    bool accepted = false;
    for (int i = 0; i < h->requests_count; i++) {
        f[i] = best_take(&h->best, h->requests[i].theta, &replies[i]);
        accepted = accepted || h->best.accepted;
    }
    h->best.accepted = accepted;
    if (h->best.interrupted)
        return;
    if (h->line)
        hozog_line(h, f);
    else
        tell_differences(h, f);
    if (h->line)
        return;
    h->iteration++;
    check_end(h);
}

/* ---- the row of the table ---- */

static double guess(const void *work, const outer_reply_t *replies, int k, double *f)
{
    return hozog_guess(work, replies, k, f);
}

static void destroy(void **work)
{
    hozog_t *h = *work;
    double **const arrays[] = {&h->points, &h->theta, &h->before, &h->u, &h->g, &h->m, &h->second};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    mem_free(&h->requests);
    mem_free(&h->differences);
    best_release(&h->best);
    mem_free(work);
}

static int allocate(hozog_t *h, const outer_box_t *box)
{
    int code = TRALO_OK;
    const int64_t S = box->count, q = h->q;
    const int64_t most = 1 + 2 * q > TRIALS ? 1 + 2 * q : TRIALS;
    TRY(best_create(box, &h->best));
    ALLOC(h->requests, most);
    ALLOC(h->points, most * (S + 1));
    ALLOC(h->theta, S);
    ALLOC(h->before, S);
    ALLOC(h->differences, q);
    ALLOC(h->u, q * S);
    ALLOC(h->g, S);
    ALLOC(h->m, S);
    ALLOC(h->second, S);
out:
    return code;
}

static int setup(const hozog_options_t *o, const outer_box_t *box, hozog_t *h)
{
    int code = TRALO_OK;
    h->options = *o;
    h->q = o->orthogonal && box->count < o->directions ? box->count : o->directions;
    h->f = h->f_before = h->curvature = NAN;
    h->reach = o->max_step;
    const int64_t least = evaluations_of_step(o, h->q);
    if (o->rule == RULE_NEWTON && (o->differences == FORWARD || !o->orthogonal))
        FAIL(TRALO_ERR_INPUT,
             "the rule newton wants central differences along orthogonal directions: give "
             "search.differences = central and search.orthogonal = true, or another search.rule");
    if (o->max_evaluations < least)
        FAIL(TRALO_ERR_INPUT,
             "search.max_evaluations = %" PRId64 " is less than the %" PRId64
             " evaluations of one step: raise it, or lower search.directions",
             o->max_evaluations, least);
out:
    return code;
}

static int create(const void *options, const outer_box_t *box, void **work)
{
    int code = TRALO_OK;
    hozog_t *h = NULL;
    void *built;
    ALLOC(h, 1);
    TRY(setup(options, box, h));
    TRY(allocate(h, box));
    memcpy(h->theta, box->start, (size_t)box->count * sizeof *h->theta);
    *work = h;
    h = NULL;
out:
    built = h;
    if (built != NULL)
        destroy(&built);
    return code;
}

static void interrupt(void *work)
{
    hozog_t *h = work;
    h->best.interrupted = true;
}

static void state(const void *work, outer_state_t *state)
{
    const hozog_t *h = work;
    best_state(&h->best, state);
    state->iterations = h->iteration;
}

const outer_kind_t outer_hozog = {
    .name = "hozog",
    .doc = "values only: differences along random directions, averaged (zeroth-order)",
    .params = params,
    .options_size = sizeof(hozog_options_t),
    .create = create,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};
