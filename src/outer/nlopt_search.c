/* SPDX-License-Identifier: BSD-3-Clause */
/* Searches by values of NLopt (Johnson, "The NLopt nonlinear-optimization package"), yardsticks on
   equal budgets, one point after the other:

       nelder_mead   a simplex of S + 1 points (Nelder & Mead 1965)
       cobyla        linear models over a simplex (Powell 1994)
       bobyqa        quadratic models of 2 S + 1 points (Powell 2009)

   NLopt calls for values, where an outer method is asked and told. So it runs in a thread of its
   own, of which and its owner one waits while the other works: nothing happens at the same time,
   and the points are a function of the values alone.

   NLopt wants a value for each point: one that failed has the highest so far. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <nlopt.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/best.h"
#include "outer/box.h"
#include "outer/kinds.h"
#include "outer/turns.h"

typedef struct options {
    double first_step, step_tolerance;
    int64_t max_evaluations;
} options_t;

typedef struct nlopt_search {
    options_t options;
    outer_best_t best;
    nlopt_opt opt;
    pthread_t thread;
    bool started;
    sem_t asked, told;   /* the next point, or the end, is there; the value of the point is */
    double *x;           /* owned [S] the point */
    double *last;        /* owned [S] where NLopt begins, and ends */
    double f;            /* the value */
    double highest;      /* that was told; -DBL_MAX: none was */
    const double *queue; /* borrowed [queued] replies to the next points, NaN: failed */
    int64_t queued;
    turns_t turns;
    bool ended;          /* NLopt has */
    nlopt_result result; /* then */
    outer_request_t request;
} nlopt_search_t;

static const param_t params[] = {{"first_step", "how far apart the first points are, in theta",
                                  PARAM_REAL, offsetof(options_t, first_step), 1, 1e-8, 1e6, NULL},
                                 {"step_tolerance", "stop when steps are at most this, in theta",
                                  PARAM_REAL, offsetof(options_t, step_tolerance), 1e-5, 0, 1e6,
                                  NULL},
                                 {"max_evaluations", "evaluations in all", PARAM_INT,
                                  offsetof(options_t, max_evaluations), 1000, 1, 1e9, NULL},
                                 PARAM_END};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* a signal came */
}

/* Takes the reply to x; what NLopt is told. */
static double take(nlopt_search_t *s, const outer_reply_t *reply)
{
    const double f = best_take(&s->best, s->x, reply), nothing = 1e30;
    if (!isnan(f) && f > s->highest)
        s->highest = f;
    const double told = !isnan(f) ? f : s->highest > -DBL_MAX ? s->highest : nothing;
    turns_tell(&s->turns, told);
    return told;
}

/* ---- in NLopt's thread ---- */

static double find_value(unsigned count, const double *x, double *gradient, void *search)
{
    nlopt_search_t *s = search;
    (void)gradient;
    memcpy(s->x, x, count * sizeof *x);
    box_clip(s->best.box, s->x);
    if (s->queued > 0) {
        s->queued--;
        return take(s, &(outer_reply_t){.f = *s->queue++});
    }
    sem_post(&s->asked);
    wait_for(&s->told);
    return s->f;
}

static void *optimize(void *search)
{
    nlopt_search_t *s = search;
    double lowest;
    s->result = nlopt_optimize(s->opt, s->last, &lowest);
    s->ended = true;
    sem_post(&s->asked);
    return NULL;
}

/* ---- in its owner's ---- */

static void end(nlopt_search_t *s)
{
    char detail[160];
    outer_reason_t reason = OUTER_STALLED;
    if (s->result == NLOPT_MAXEVAL_REACHED) {
        reason = OUTER_BUDGET;
        snprintf(detail, sizeof detail, "all max_evaluations = %" PRId64 " are spent",
                 s->options.max_evaluations);
    } else if (s->result > 0) {
        reason = OUTER_STEP;
        snprintf(detail, sizeof detail, "steps became shorter than %g in theta",
                 s->options.step_tolerance);
    } else if (s->result == NLOPT_ROUNDOFF_LIMITED) {
        snprintf(detail, sizeof detail, "rounding hides what is left to gain");
    } else {
        snprintf(detail, sizeof detail, "NLopt gave up: %s", nlopt_result_to_string(s->result));
    }
    best_end(&s->best, reason, detail);
}

/* NLopt goes on, until it asks for the next point or has ended. */
static void turn_over(nlopt_search_t *s, double f)
{
    s->f = f;
    sem_post(&s->told);
    wait_for(&s->asked);
}

static void ask(void *work, outer_batch_t *batch)
{
    nlopt_search_t *s = work;
    *batch = (outer_batch_t){.requests = &s->request, .phase = "search"};
    s->request.theta = s->x;
    batch->count = best_ended(&s->best) ? 0 : 1;
}

static void tell(void *work, const outer_reply_t *reply)
{
    nlopt_search_t *s = work;
    const double f = take(s, reply);
    if (s->best.interrupted)
        return;
    turn_over(s, f);
    if (s->ended)
        end(s);
}

static void retell(void *work, const double *f, int64_t count)
{
    nlopt_search_t *s = work;
    s->queue = f + 1;
    s->queued = count - 1;
    tell(work, &(outer_reply_t){.f = f[0]});
}

static double guess(const void *work, const outer_reply_t *replies, int k, double *f)
{
    const nlopt_search_t *s = work;
    (void)replies; /* the one that there is is missing */
    return turns_guess(&s->turns, k, f);
}

static void destroy(void **work)
{
    nlopt_search_t *s = *work;
    if (s->started) {
        nlopt_force_stop(s->opt);
        while (!s->ended)
            turn_over(s, 0.0);
        pthread_join(s->thread, NULL);
    }
    nlopt_destroy(s->opt);
    sem_destroy(&s->asked);
    sem_destroy(&s->told);
    best_release(&s->best);
    turns_release(&s->turns);
    mem_free(&s->x);
    mem_free(&s->last);
    mem_free(work);
}

/* The first steps must leave room in the box. */
static int prepare(nlopt_search_t *s, nlopt_algorithm algorithm, const outer_box_t *box)
{
    int code = TRALO_OK;
    const unsigned S = (unsigned)box->count;
    if (algorithm == NLOPT_LN_BOBYQA && S < 2)
        FAIL(TRALO_ERR_INPUT, "the method bobyqa wants two hyperparameters or more: use cobyla");
    s->opt = nlopt_create(algorithm, S);
    if (s->opt == NULL)
        FAIL(TRALO_ERR_MEMORY, "no memory for a search of NLopt in %u hyperparameters", S);
    for (unsigned i = 0; i < S; i++)
        s->x[i] = fmin(s->options.first_step, 0.25 * (box->upper[i] - box->lower[i]));
    nlopt_set_lower_bounds(s->opt, box->lower);
    nlopt_set_upper_bounds(s->opt, box->upper);
    nlopt_set_initial_step(s->opt, s->x);
    nlopt_set_xtol_abs1(s->opt, s->options.step_tolerance);
    nlopt_set_maxeval(s->opt, (int)s->options.max_evaluations);
    nlopt_set_min_objective(s->opt, find_value, s);
    memcpy(s->last, box->start, S * sizeof *s->last);
out:
    return code;
}

/* Signals are for the threads that were there before. */
static int start(nlopt_search_t *s)
{
    int code = TRALO_OK;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&s->thread, NULL, optimize, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        FAIL(TRALO_ERR_MEMORY, "cannot start a thread for NLopt: %s", strerror(error));
    s->started = true;
    wait_for(&s->asked);
    if (s->ended)
        FAIL(TRALO_ERR_INPUT, "NLopt does not begin: %s", nlopt_get_errmsg(s->opt));
out:
    return code;
}

static turns_method_t method_of(nlopt_algorithm algorithm)
{
    return algorithm == NLOPT_LN_NELDERMEAD ? TURNS_NELDER_MEAD
           : algorithm == NLOPT_LN_COBYLA   ? TURNS_COBYLA
                                            : TURNS_BOBYQA;
}

static int create(nlopt_algorithm algorithm, const void *options, const outer_box_t *box,
                  void **work)
{
    int code = TRALO_OK;
    nlopt_search_t *s = NULL;
    void *built;
    ALLOC(s, 1);
    s->options = *(const options_t *)options;
    s->highest = -DBL_MAX;
    sem_init(&s->asked, 0, 0);
    sem_init(&s->told, 0, 0);
    TRY(best_create(box, &s->best));
    ALLOC(s->x, box->count);
    ALLOC(s->last, box->count);
    TRY(turns_create(method_of(algorithm), box->count, &s->turns));
    TRY(prepare(s, algorithm, box));
    TRY(start(s));
    *work = s;
    s = NULL;
out:
    built = s;
    if (built != NULL)
        destroy(&built);
    return code;
}

static void interrupt(void *work)
{
    nlopt_search_t *s = work;
    s->best.interrupted = true;
}

static void state(const void *work, outer_state_t *state)
{
    const nlopt_search_t *s = work;
    best_state(&s->best, state);
    state->iterations = s->best.evaluations;
}

/* ---- the rows of the table ---- */

static int create_nelder_mead(const void *options, const outer_box_t *box, void **work)
{
    return create(NLOPT_LN_NELDERMEAD, options, box, work);
}

static int create_cobyla(const void *options, const outer_box_t *box, void **work)
{
    return create(NLOPT_LN_COBYLA, options, box, work);
}

static int create_bobyqa(const void *options, const outer_box_t *box, void **work)
{
    return create(NLOPT_LN_BOBYQA, options, box, work);
}

const outer_kind_t outer_nelder_mead = {
    .name = "nelder_mead",
    .doc = "values only: a simplex that moves away from its highest point (NLopt)",
    .params = params,
    .options_size = sizeof(options_t),
    .create = create_nelder_mead,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .retell = retell,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};

const outer_kind_t outer_cobyla = {
    .name = "cobyla",
    .doc = "values only: linear models over a simplex (NLopt)",
    .params = params,
    .options_size = sizeof(options_t),
    .create = create_cobyla,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .retell = retell,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};

const outer_kind_t outer_bobyqa = {
    .name = "bobyqa",
    .doc = "values only: quadratic models, for smooth functions of a few hyperparameters (NLopt)",
    .params = params,
    .options_size = sizeof(options_t),
    .create = create_bobyqa,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .retell = retell,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};
