/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods whose points are known beforehand, the yardsticks of all others:
       random   uniform in the box on the scale of the search: log-uniform for a penalty
                (Bergstra & Bengio, JMLR 13 (2012) 281); or those of Sobol', which fill it more
                evenly, all moved by one random vector around the box (Cranley & Patterson, SIAM J.
                Numer. Anal. 13 (1976) 904), so that a seed changes them
       grid     the same number of values for each hyperparameter, both bounds among them
   All points are asked for at once, so that no group of ranks waits for another, but for very many
   in batches. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "outer/best.h"
#include "outer/box.h"
#include "outer/kinds.h"

enum { BATCH = 64, BATCH_MOST = 4096, BATCH_VALUES = 1 << 20, SOBOL_MOST = 1111 };
enum { SEQUENCE_RANDOM, SEQUENCE_SOBOL };
static const char *const sequence_names[] = {"random", "sobol", NULL};

/* NLopt exports its generator (Joe & Kuo 2003), but declares it in no header that is installed. */
typedef struct nlopt_soboldata_s *nlopt_sobol;
nlopt_sobol nlopt_sobol_create(unsigned dimension);
void nlopt_sobol_destroy(nlopt_sobol sequence);
void nlopt_sobol_next01(nlopt_sobol sequence, double *x);

typedef struct options {
    int64_t points, max_evaluations, seed;
    int sequence;
} options_t;

typedef struct points {
    options_t options;
    outer_best_t best;
    int64_t count;             /* of points in all */
    int64_t next;              /* the first that has not been told */
    int batch, most;           /* requests that are out, and how many may be */
    outer_request_t *requests; /* owned [most] */
    double *theta;             /* owned [most, S] */
    nlopt_sobol sobol;         /* owned; NULL: not asked for */
    double *shift;             /* owned [2, S] with it: of its points; the next of them */
    int64_t placed;            /* points so far */
    /* the point with this number; they come in order */
    void (*place)(struct points *points, int64_t index, double *theta);
} points_t;

static const param_t random_params[] = {
    {"max_evaluations", "how many points", PARAM_INT, offsetof(options_t, max_evaluations), 100, 1,
     1e9, NULL},
    {"sequence", "random: independent of one another; sobol: more even", PARAM_CHOICE,
     offsetof(options_t, sequence), SEQUENCE_RANDOM, 0, 0, sequence_names},
    {"seed", "seed of the points", PARAM_INT, offsetof(options_t, seed), 1, 0, 9e15, NULL},
    PARAM_END};
static const param_t grid_params[] = {
    {"points", "values of each hyperparameter, evenly spaced between its bounds", PARAM_INT,
     offsetof(options_t, points), 11, 2, 1e6, NULL},
    {"max_evaluations", "the most points that a grid may have", PARAM_INT,
     offsetof(options_t, max_evaluations), 1000, 1, 1e9, NULL},
    PARAM_END};

static void place_random(points_t *p, int64_t index, double *theta)
{
    box_random(p->best.box, p->options.seed, index, theta);
}

/* The shift of all points is the first random one. */
static void place_sobol(points_t *p, int64_t index, double *theta)
{
    const outer_box_t *box = p->best.box;
    double *x = p->shift + box->count;
    (void)index;
    nlopt_sobol_next01(p->sobol, x);
    for (int i = 0; i < box->count; i++) {
        const double width = box->upper[i] - box->lower[i];
        const double t = x[i] + (p->shift[i] - box->lower[i]) / width;
        theta[i] = box->lower[i] + width * (t - floor(t));
    }
    box_clip(box, theta);
}

/* The last hyperparameter changes fastest. */
static void place_grid(points_t *p, int64_t index, double *theta)
{
    const outer_box_t *box = p->best.box;
    const int64_t values = p->options.points;
    for (int i = box->count - 1; i >= 0; i--, index /= values) {
        double t = (double)(index % values) / (double)(values - 1);
        theta[i] = (1.0 - t) * box->lower[i] + t * box->upper[i];
    }
    box_clip(box, theta);
}

static void destroy(void **work)
{
    points_t *p = *work;
    best_release(&p->best);
    mem_free(&p->requests);
    mem_free(&p->theta);
    mem_free(&p->shift);
    nlopt_sobol_destroy(p->sobol);
    mem_free(work);
}

/* Of `count` points. */
static int batch_of(int64_t count, const outer_box_t *box)
{
    const int64_t fit = BATCH_VALUES / box->count;
    const int64_t most = fit < BATCH ? BATCH : fit > BATCH_MOST ? BATCH_MOST : fit;
    return (int)(count < most ? count : most);
}

static int create(const options_t *options, const outer_box_t *box, int64_t count, points_t **out)
{
    int code = TRALO_OK;
    points_t *p = NULL;
    void *built;
    ALLOC(p, 1);
    p->options = *options;
    p->count = count;
    p->most = batch_of(count, box);
    TRY(best_create(box, &p->best));
    ALLOC(p->requests, p->most);
    ALLOC(p->theta, (int64_t)p->most * box->count);
    *out = p;
    p = NULL;
out:
    built = p;
    if (built != NULL)
        destroy(&built);
    return code;
}

static int begin_sobol(points_t *p)
{
    int code = TRALO_OK;
    const outer_box_t *box = p->best.box;
    if (box->count > SOBOL_MOST)
        FAIL(TRALO_ERR_INPUT,
             "points of Sobol' have at most %d dimensions, and there are %d hyperparameters: give "
             "search.sequence = random",
             SOBOL_MOST, box->count);
    ALLOC(p->shift, 2 * (int64_t)box->count);
    p->sobol = nlopt_sobol_create((unsigned)box->count);
    if (p->sobol == NULL)
        FAIL(TRALO_ERR_MEMORY, "no memory for points of Sobol' in %d dimensions", box->count);
    box_random(box, p->options.seed, 0, p->shift);
    p->place = place_sobol;
out:
    return code;
}

static int create_random(const void *options, const outer_box_t *box, void **work)
{
    int code = TRALO_OK;
    const options_t *o = options;
    points_t *p = NULL;
    void *built;
    TRY(create(o, box, o->max_evaluations, &p));
    p->place = place_random;
    if (o->sequence == SEQUENCE_SOBOL)
        TRY(begin_sobol(p));
    *work = p;
    p = NULL;
out:
    built = p;
    if (built != NULL)
        destroy(&built);
    return code;
}

static int create_grid(const void *options, const outer_box_t *box, void **work)
{
    int code = TRALO_OK;
    const options_t *o = options;
    points_t *p = NULL;
    const double all = pow((double)o->points, box->count);
    if (all > (double)o->max_evaluations)
        FAIL(TRALO_ERR_INPUT,
             "a grid of %" PRId64 " values for each of %d hyperparameters has %.10g points, more "
             "than search.max_evaluations = %" PRId64
             ": lower search.points, raise that, or use the method random",
             o->points, box->count, all, o->max_evaluations);
    TRY(create(options, box, (int64_t)(all + 0.5), &p));
    p->place = place_grid;
    *work = p;
out:
    return code;
}

static void ask(void *work, outer_batch_t *batch)
{
    points_t *p = work;
    const int64_t S = p->best.box->count, left = p->count - p->next;
    *batch = (outer_batch_t){.requests = p->requests, .phase = "search"};
    if (best_ended(&p->best))
        return;
    batch->count = (int)(left < p->most ? left : p->most);
    for (int64_t i = 0; i < batch->count; i++) {
        if (p->next + i >= p->placed)
            p->place(p, p->placed++, p->theta + i * S);
        p->requests[i] = (outer_request_t){.theta = p->theta + i * S};
    }
    p->batch = batch->count;
}

static void tell(void *work, const outer_reply_t *replies)
{
    points_t *p = work;
    for (int i = 0; i < p->batch; i++)
        best_take(&p->best, p->requests[i].theta, &replies[i]);
    p->next += p->batch;
    if (p->next >= p->count && !p->best.interrupted) {
        char detail[128];
        snprintf(detail, sizeof detail,
                 "all %" PRId64 " points were evaluated, %" PRId64 " without a value", p->count,
                 p->best.failures);
        best_end(&p->best, OUTER_COMPLETE, detail);
    }
}

/* The next points depend on no value. */
static double guess(const void *work, const outer_reply_t *replies, int k, double *f)
{
    const points_t *p = work;
    for (int i = 0; k == 0 && i < p->batch; i++)
        if (replies == NULL || replies[i].missing)
            f[i] = 0.0;
    return k == 0 ? 1.0 : 0.0;
}

static void interrupt(void *work)
{
    points_t *p = work;
    p->best.interrupted = true;
}

static void state(const void *work, outer_state_t *state)
{
    const points_t *p = work;
    best_state(&p->best, state);
    state->iterations = p->next;
}

const outer_kind_t outer_random = {
    .name = "random",
    .doc = "random points, uniform in the box on the scale of the search",
    .params = random_params,
    .options_size = sizeof(options_t),
    .create = create_random,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};

const outer_kind_t outer_grid = {
    .name = "grid",
    .doc = "every point of a grid over the box",
    .params = grid_params,
    .options_size = sizeof(options_t),
    .create = create_grid,
    .ask = ask,
    .tell = tell,
    .guess = guess,
    .interrupt = interrupt,
    .state = state,
    .destroy = destroy,
};
