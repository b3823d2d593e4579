/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "base/rng.h"
#include "outer/outer.h"
#include "support.h"

enum { MOST = 10, TRACE = 4096 };

/* f, and g [S], H [S * S] at x [S]. */
typedef double function_t(const double *x, int count, double *g, double *H);

/* A search to run: what, where, and what goes wrong on the way. */
typedef struct run {
    function_t *function;
    int count;
    double lower[MOST], upper[MOST], start[MOST];
    const char *options;           /* "name=value name=value" */
    int fail_every;                /* every k-th evaluation fails; 0: none */
    bool fail_derivatives;         /* those of order 2 fail */
    bool not_finite;               /* failures are a NaN instead of a text */
    bool (*fails)(const double *); /* or NULL: they fail where it says */
    int interrupt_at;              /* after that many evaluations; 0: never */
    bool interrupt_before_tell;
    /* what came of it */
    int evaluations, batches, sweep_size, minima_count, repeated;
    outer_state_t state;
    double theta[MOST], gradient[MOST], trace[TRACE];
    bool at_bound[MOST];
    double minima[8][MOST], minima_f[8];
    outer_reason_t minima_reason[8];
} run_t;

static int create(const run_t *r, outer_t **outer)
{
    int code = TRALO_OK;
    double options[64];
    const outer_kind_t *kind = outer_find("trust_region");
    outer_box_t box = {r->count, r->lower, r->upper, r->start};
    CU_ASSERT(kind->options_size <= sizeof options);
    TRY(test_options(kind->params, r->options, options));
    TRY(outer_create(kind, options, &box, outer));
out:
    return code;
}

static void evaluate(run_t *r, const outer_request_t *request, double *space, outer_reply_t *reply)
{
    double *g = space, *H = space + MOST;
    int n = r->count, at = r->evaluations * n;
    bool moved = request->order == 0 || r->evaluations == 0 || at + n > TRACE;
    for (int i = 0; i < n; i++) {
        CU_ASSERT(request->theta[i] >= r->lower[i] && request->theta[i] <= r->upper[i]);
        if (at + i < TRACE)
            r->trace[at + i] = request->theta[i];
        moved = moved || request->theta[i] != r->trace[at - n + i];
    }
    r->repeated += !moved;
    r->evaluations++;
    *reply = (outer_reply_t){.f = r->function(request->theta, n, g, H)};
    bool failure = (r->fail_every > 0 && r->evaluations % r->fail_every == 0) ||
                   (r->fail_derivatives && request->order == 2) ||
                   (r->fails != NULL && r->fails(request->theta));
    if (failure && r->not_finite)
        reply->f = NAN;
    else if (failure)
        reply->failure = "the inner solver gave up";
    if (request->order >= 1)
        reply->gradient = g;
    if (request->order >= 2)
        reply->hessian = H;
}

static void keep_result(run_t *r, const outer_t *outer)
{
    const outer_minimum_t *minima = NULL;
    size_t size = (size_t)r->count * sizeof(double);
    outer_state(outer, &r->state);
    memcpy(r->theta, r->state.theta, size);
    if (r->state.gradient != NULL)
        memcpy(r->gradient, r->state.gradient, size);
    if (r->state.at_bound != NULL)
        memcpy(r->at_bound, r->state.at_bound, (size_t)r->count * sizeof(bool));
    r->minima_count = outer_minima(outer, &minima);
    for (int i = 0; i < r->minima_count && i < 8; i++) {
        memcpy(r->minima[i], minima[i].theta, size);
        r->minima_f[i] = minima[i].f;
        r->minima_reason[i] = minima[i].reason;
        CU_ASSERT(i == 0 || minima[i - 1].f <= minima[i].f);
    }
}

static void go(run_t *r)
{
    static double space[64][MOST + MOST * MOST];
    static outer_reply_t replies[64];
    outer_t *outer = NULL;
    outer_batch_t batch;
    if (!CHECK_OK(create(r, &outer)))
        return;
    for (outer_ask(outer, &batch); batch.count > 0; outer_ask(outer, &batch)) {
        outer_ask(outer, &batch); /* asking again changes nothing */
        if (r->batches++ == 0)
            r->sweep_size = batch.requests[0].order == 0 ? batch.count : 0;
        for (int i = 0; i < batch.count; i++)
            evaluate(r, &batch.requests[i], space[i], &replies[i]);
        bool stop = r->interrupt_at > 0 && r->evaluations >= r->interrupt_at;
        if (stop)
            outer_interrupt(outer);
        if (!stop || !r->interrupt_before_tell)
            outer_tell(outer, replies);
        outer_state(outer, &r->state);
        CU_ASSERT(r->state.reason != OUTER_RUNNING || r->state.detail[0] == '\0');
        if (r->batches > 2000)
            break;
    }
    CU_ASSERT(r->batches <= 2000 && r->repeated <= (r->sweep_size > 0));
    keep_result(r, outer);
    CU_ASSERT(r->state.reason != OUTER_RUNNING && r->state.detail[0] != '\0');
    outer_free(&outer);
}

static void all_sides(run_t *r, int count, double lower, double upper, double start)
{
    r->count = count;
    for (int i = 0; i < count; i++) {
        r->lower[i] = lower;
        r->upper[i] = upper;
        r->start[i] = start;
    }
}

static bool ended(const run_t *r, outer_reason_t reason)
{
    if (r->state.reason != reason)
        fprintf(stderr, "ended by %s (%s), wanted %s\n", outer_reason_name(r->state.reason),
                r->state.detail, outer_reason_name(reason));
    return r->state.reason == reason;
}

static bool same_trace(const run_t *a, const run_t *b)
{
    for (int i = 0; i < TRACE; i++)
        if (a->trace[i] != b->trace[i])
            return false;
    return true;
}

/* ---- functions with known answers
 * ---------------------------------------------------------------- */

/* 3 + sum_i i (x_i - 1/i)^2 / 2 + (sum_i x_i - c)^2 / 2 with c such that x_i = 1/i stays the
 * optimum */
static double quadratic(const double *x, int n, double *g, double *H)
{
    double f = 3.0, sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += x[i] - 1.0 / (i + 1);
    for (int i = 0; i < n; i++) {
        double e = x[i] - 1.0 / (i + 1);
        f += 0.5 * (i + 1) * e * e;
        g[i] = (i + 1) * e + sum;
        for (int j = 0; j < n; j++)
            H[i * n + j] = 1.0 + (i == j ? i + 1 : 0);
    }
    return f + 0.5 * sum * sum;
}

/* Rosenbrock's valley in pairs, plus 1. */
static double rosenbrock(const double *x, int n, double *g, double *H)
{
    double f = 1.0;
    memset(H, 0, (size_t)(n * n) * sizeof(double));
    for (int i = 0; i < n; i += 2) {
        double a = x[i], t = x[i + 1] - a * a;
        f += 100 * t * t + (1 - a) * (1 - a);
        g[i] = -400 * a * t - 2 * (1 - a);
        g[i + 1] = 200 * t;
        H[i * n + i] = -400 * (t - 2 * a * a) + 2;
        H[i * n + i + 1] = H[(i + 1) * n + i] = -400 * a;
        H[(i + 1) * n + i + 1] = 200;
    }
    return f;
}

/* (x^2 - 4)^2 + x + 20 in each component: the well on the left is the deeper one. */
static double double_well(const double *x, int n, double *g, double *H)
{
    double f = 20.0;
    memset(H, 0, (size_t)(n * n) * sizeof(double));
    for (int i = 0; i < n; i++) {
        double t = x[i] * x[i] - 4;
        f += t * t + x[i];
        g[i] = 4 * x[i] * t + 1;
        H[i * n + i] = 4 * t + 8 * x[i] * x[i];
    }
    return f;
}

/* 1 + x^2/2 - y^2/2 + y^4/4: a saddle at 0, minima at y = -1, 1 */
static double saddle(const double *x, int n, double *g, double *H)
{
    (void)n;
    double y = x[1];
    g[0] = x[0];
    g[1] = -y + y * y * y;
    H[0] = 1;
    H[1] = H[2] = 0;
    H[3] = -1 + 3 * y * y;
    return 1 + 0.5 * x[0] * x[0] - 0.5 * y * y + 0.25 * y * y * y * y;
}

/* 1.5 + sum exp(-x_i): the optimum lies at infinity. */
static double falling(const double *x, int n, double *g, double *H)
{
    double f = 1.5;
    memset(H, 0, (size_t)(n * n) * sizeof(double));
    for (int i = 0; i < n; i++) {
        f += exp(-x[i]);
        g[i] = -exp(-x[i]);
        H[i * n + i] = exp(-x[i]);
    }
    return f;
}

/* The quadratic, whose value carries noise of 1e-12 and whose gradient of 1e-13 (relative). */
static double noisy(const double *x, int n, double *g, double *H)
{
    double f = quadratic(x, n, g, H);
    uint64_t key = 0;
    for (int i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        key = rng_bits(key, 1, bits);
    }
    for (int i = 0; i < n; i++)
        g[i] += 3e-13 * rng_normal(key, 3, (uint64_t)i);
    return f + 3e-12 * rng_normal(key, 2, 0);
}

/* The double well on a pedestal that swallows the digits of its differences. */
static double pedestal(const double *x, int n, double *g, double *H)
{
    return 1e12 + double_well(x, n, g, H);
}

/* The double well, whose value alone is noisy: 2e-11, relative. */
static double noisy_value(const double *x, int n, double *g, double *H)
{
    uint64_t bits;
    double f = double_well(x, n, g, H);
    memcpy(&bits, x, sizeof bits);
    return f * (1 + 2e-11 * rng_normal(9, 1, bits));
}

static double constant(const double *x, int n, double *g, double *H)
{
    (void)x;
    memset(g, 0, (size_t)n * sizeof(double));
    memset(H, 0, (size_t)(n * n) * sizeof(double));
    return 2.0;
}

/* x^4/4: the Hessian vanishes at the optimum, f too. */
static double quartic(const double *x, int n, double *g, double *H)
{
    (void)n;
    g[0] = x[0] * x[0] * x[0];
    H[0] = 3 * x[0] * x[0];
    return 0.25 * x[0] * g[0];
}

/* ---- finding the optimum
 * ----------------------------------------------------------------------------- */

static void quadratics_take_a_few_steps(void)
{
    static const int counts[] = {1, 2, 10};
    for (int c = 0; c < 3; c++) {
        run_t r = {.function = quadratic, .options = "sweep=0"};
        all_sides(&r, counts[c], -8, 8, 4);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_GRADIENT));
        for (int i = 0; i < r.count; i++) {
            CHECK_CLOSE(r.theta[i], 1.0 / (i + 1), 1e-11);
            CU_ASSERT(!r.at_bound[i]);
        }
        CHECK_CLOSE(r.state.f, 3.0, 1e-14);
        CU_ASSERT(r.state.definite && r.state.gradient_norm <= 3e-10);
        CU_ASSERT(r.state.iterations <= 8 && r.state.evaluations == r.evaluations);
        CU_ASSERT(r.state.evaluations == r.state.iterations + 1 && r.state.start == 1);
        CU_ASSERT(r.minima_count == 1 && r.minima_f[0] == r.state.f);
        CU_ASSERT(strcmp(r.state.phase, "search") == 0 && r.state.accepted);
    }
}

static void the_valley_is_followed(void)
{
    static const int counts[] = {2, 10};
    for (int c = 0; c < 2; c++) {
        run_t r = {.function = rosenbrock, .options = "sweep=0 max_iterations=200"};
        all_sides(&r, counts[c], -3, 3, -1.2);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.definite);
        for (int i = 0; i < r.count; i++)
            CHECK_CLOSE(r.theta[i], 1.0, 1e-9);
        CU_ASSERT(r.state.iterations < 120);
    }
}

static void the_sweep_finds_the_better_basin(void)
{
    run_t local = {.function = double_well, .options = "sweep=0"};
    all_sides(&local, 1, -6, 6, 2.5);
    go(&local);
    CU_ASSERT(ended(&local, OUTER_GRADIENT) && local.sweep_size == 0);
    CHECK_CLOSE(local.theta[0], 1.967985400681556, 1e-8);
    run_t swept = {.function = double_well, .options = "sweep=9 starts=1"};
    all_sides(&swept, 1, -6, 6, 2.5);
    go(&swept);
    CU_ASSERT(ended(&swept, OUTER_GRADIENT) && swept.sweep_size == 9);
    CU_ASSERT(swept.trace[0] == 6 && swept.trace[8] == -6);
    CHECK_CLOSE(swept.theta[0], -2.030546615353374, 1e-8);
    CU_ASSERT(swept.state.f < local.state.f && swept.minima_count == 1);
}

static void several_starts_list_the_minima(void)
{
    run_t r = {.function = double_well, .options = "sweep=9"};
    all_sides(&r, 1, -6, 6, 0);
    go(&r);
    CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.start == 2 && r.minima_count == 2);
    CHECK_CLOSE(r.minima[0][0], -2.030546615353374, 1e-8);
    CHECK_CLOSE(r.minima[1][0], 1.967985400681556, 1e-8);
    CU_ASSERT(r.minima_reason[1] == OUTER_GRADIENT && r.theta[0] == r.minima[0][0]);
    run_t many = {.function = double_well, .options = "sweep=0 starts=40 seed=7"};
    all_sides(&many, 2, -6, 6, 2);
    go(&many);
    CU_ASSERT(ended(&many, OUTER_GRADIENT) && many.state.start == 40 && many.minima_count == 4);
    CHECK_CLOSE(many.theta[0], -2.030546615353374, 1e-8);
    CHECK_CLOSE(many.theta[1], -2.030546615353374, 1e-8);
    run_t other = {.function = double_well, .options = "sweep=0 starts=40 seed=8"};
    all_sides(&other, 2, -6, 6, 2);
    go(&other);
    CU_ASSERT(!same_trace(&many, &other));
}

static void a_saddle_is_left(void)
{
    run_t r = {.function = saddle, .options = "sweep=0"};
    all_sides(&r, 2, -5, 5, 0);
    go(&r);
    CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.definite);
    CHECK_CLOSE(r.theta[0], 0, 1e-10);
    CHECK_CLOSE(fabs(r.theta[1]), 1, 1e-10);
    run_t narrow = {.function = saddle, .options = "sweep=0 radius=1e-3"};
    all_sides(&narrow, 2, -5, 5, 0);
    go(&narrow);
    CU_ASSERT(ended(&narrow, OUTER_GRADIENT) && narrow.state.definite);
    for (int end = -1; end <= 1; end += 2) {
        run_t corner = {.function = saddle, .options = "sweep=0"};
        all_sides(&corner, 2, end < 0 ? 0 : -3, end < 0 ? 3 : 0, 0);
        go(&corner);
        CU_ASSERT(corner.state.reason == OUTER_BOUND && corner.at_bound[0] && !corner.at_bound[1]);
        CHECK_CLOSE(corner.theta[1], -end, 1e-10);
    }
}

static void a_singular_optimum_ends(void)
{
    run_t r = {.function = quartic, .options = "sweep=0"};
    all_sides(&r, 1, -3, 3, 2);
    go(&r);
    CU_ASSERT(ended(&r, OUTER_STEP));
    CHECK_CLOSE(r.theta[0], 0, 1e-10);
    run_t flat = {.function = constant, .options = "starts=3"};
    all_sides(&flat, 3, -3, 3, 0);
    go(&flat);
    CU_ASSERT(ended(&flat, OUTER_BOUND) && flat.evaluations == 12 && !flat.state.definite);
    flat = (run_t){.function = constant, .options = "sweep=0"};
    all_sides(&flat, 3, -3, 3, 0);
    go(&flat);
    CU_ASSERT(ended(&flat, OUTER_GRADIENT) && flat.evaluations == 1);
    CU_ASSERT(strstr(flat.state.detail, "flat") != NULL);
}

/* ---- bounds
 * -------------------------------------------------------------------------------------------- */

/* The first component of the quadratic is kept above its optimum 1: the others follow it. */
static void an_optimum_at_a_bound_is_said_to_be_one(void)
{
    run_t r = {.function = quadratic, .options = "sweep=0"};
    all_sides(&r, 3, -5, 5, 4);
    r.lower[0] = 2;
    go(&r);
    CU_ASSERT(ended(&r, OUTER_BOUND) && r.state.definite);
    CU_ASSERT(r.at_bound[0] && !r.at_bound[1] && !r.at_bound[2] && r.theta[0] == 2);
    /* 2 e + (1 + e + h) = 0, 3 h + (1 + e + h) = 0 */
    CHECK_CLOSE(r.theta[1], 1.0 / 2 - 3.0 / 11, 1e-10);
    CHECK_CLOSE(r.theta[2], 1.0 / 3 - 2.0 / 11, 1e-10);
    CU_ASSERT(r.gradient[0] > 0.5 && r.state.gradient_norm <= 1e-9 && r.state.iterations < 10);
    CU_ASSERT(strstr(r.state.detail, "component 1 lies at its lower bound 2") != NULL);
}

static void a_start_on_the_wrong_bound_leaves_it(void)
{
    run_t r = {.function = quadratic, .options = "sweep=0"};
    all_sides(&r, 3, -5, 5, 5);
    r.start[1] = -5;
    go(&r);
    CU_ASSERT(ended(&r, OUTER_GRADIENT));
    for (int i = 0; i < 3; i++)
        CHECK_CLOSE(r.theta[i], 1.0 / (i + 1), 1e-10);
}

/* Every placement of the bounds around the optimum, some within rounding of it or of the start. */
static void bounds_anywhere_are_handled(void)
{
    static const double gaps[] = {-1, -1e-9, -1e-15, 0, 1e-15, 1e-9, 1};
    for (int a = 0; a < 7; a++)
        for (int b = 0; b < 7; b++) {
            run_t r = {.function = quadratic, .options = "sweep=0"};
            all_sides(&r, 2, -9, 9, 8);
            r.lower[0] = 1 + gaps[a];
            r.upper[1] = 0.5 + gaps[b];
            r.start[0] = r.lower[0] + (b % 2 == 0 ? 1e-12 : 3);
            r.start[1] = -3;
            go(&r);
            CU_ASSERT(r.state.reason == OUTER_BOUND || r.state.reason == OUTER_GRADIENT);
            CU_ASSERT(r.state.iterations < 15 && r.state.gradient_norm <= 3.0 * 2e-10);
            CU_ASSERT((r.state.reason == OUTER_BOUND) == (r.at_bound[0] || r.at_bound[1]));
            CU_ASSERT(r.state.reason == OUTER_BOUND || (gaps[a] <= 0 && gaps[b] >= 0));
        }
}

static void an_optimum_at_infinity_ends_at_the_bound(void)
{
    static const char *const options[] = {"sweep=0", "sweep=9"};
    for (int c = 0; c < 2; c++) {
        run_t r = {.function = falling, .options = options[c]};
        all_sides(&r, 3, -5, 15, 0);
        r.upper[1] = 12;
        go(&r);
        CU_ASSERT(ended(&r, OUTER_BOUND));
        CU_ASSERT(r.theta[0] == 15 && r.theta[1] == 12 && r.theta[2] == 15);
        CU_ASSERT(r.at_bound[0] && r.at_bound[1] && r.at_bound[2] && r.state.definite);
        CU_ASSERT(r.state.iterations < 30 && (c == 0 || r.evaluations == 10));
    }
    run_t far = {.function = falling, .options = "sweep=0"};
    all_sides(&far, 1, -5, 700, 0);
    go(&far); /* the values no longer tell the points apart: an end, and no claim of an optimum's
                 place */
    CU_ASSERT(far.state.reason == OUTER_GRADIENT && far.theta[0] > 25 && far.state.iterations < 50);
}

/* ---- what goes wrong
 * ---------------------------------------------------------------------------------- */

static void failures_are_lived_with(void)
{
    for (int every = 3; every <= 9; every++)
        for (int kind = 0; kind < 2; kind++) {
            run_t r = {.function = rosenbrock, .options = "sweep=9", .fail_every = every};
            r.not_finite = kind == 1;
            all_sides(&r, 2, -3, 3, -1.2);
            go(&r);
            CU_ASSERT(ended(&r, OUTER_GRADIENT));
            CHECK_CLOSE(r.theta[0], 1.0, 1e-9);
            CHECK_CLOSE(r.theta[1], 1.0, 1e-9);
        }
    run_t half = {.function = rosenbrock, .options = "", .fail_every = 2};
    all_sides(&half, 2, -3, 3, -1.2);
    go(&half); /* the radius shrinks as fast as it grows: an end, and a better point than at first
                */
    CU_ASSERT(half.state.reason == OUTER_STALLED || half.state.reason == OUTER_GRADIENT);
    CU_ASSERT(half.state.f < 2 && half.evaluations < 200);
}

static bool beyond(const double *x)
{
    return x[0] < 1.5;
}

static bool off_the_start(const double *x)
{
    return x[0] != 4;
}

static void a_wall_of_failures_ends(void)
{
    run_t r = {.function = quadratic, .options = "sweep=0", .fails = beyond};
    all_sides(&r, 1, -5, 5, 4);
    go(&r);
    CU_ASSERT(ended(&r, OUTER_STALLED) && r.theta[0] >= 1.5 && r.theta[0] < 1.6);
    CU_ASSERT(strstr(r.state.detail, "the inner solver gave up") != NULL);
    run_t island = {.function = quadratic, .options = "sweep=0 radius=5", .fails = off_the_start};
    all_sides(&island, 2, -5, 5, 4);
    go(&island);
    CU_ASSERT(ended(&island, OUTER_STALLED) && island.theta[0] == 4 && island.evaluations < 40);
}

static void the_first_point_may_fail(void)
{
    run_t r = {.function = double_well, .options = "sweep=9", .fails = beyond};
    all_sides(&r, 1, -6, 6, 0);
    go(&r); /* the better basin cannot be evaluated */
    CU_ASSERT(ended(&r, OUTER_GRADIENT));
    CHECK_CLOSE(r.theta[0], 1.967985400681556, 1e-8);
    run_t tenth = {.function = double_well, .options = "sweep=9", .fail_every = 10};
    all_sides(&tenth, 1, -6, 6, 0);
    go(&tenth); /* the best point of the sweep fails once derivatives are asked for: the next one */
    CU_ASSERT(ended(&tenth, OUTER_GRADIENT) && tenth.trace[10] != tenth.trace[9]);
}

static void nothing_but_failures_is_an_error(void)
{
    for (int kind = 0; kind < 2; kind++) {
        run_t r = {.function = quadratic, .options = "starts=3", .fail_every = 1};
        r.not_finite = kind == 1;
        all_sides(&r, 2, -5, 5, 1);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_ERROR) && isnan(r.state.f) && r.minima_count == 0);
        CU_ASSERT(strstr(r.state.detail, kind == 1 ? "the value is not finite" : "gave up") !=
                  NULL);
        CU_ASSERT(r.theta[0] == 1 && r.state.gradient == NULL && r.evaluations == 12);
    }
    run_t half = {.function = quadratic, .options = "", .fail_derivatives = true};
    all_sides(&half, 2, -5, 5, 1);
    go(&half);
    CU_ASSERT(ended(&half, OUTER_ERROR) && half.evaluations == 9 + 10);
    CU_ASSERT(half.state.gradient == NULL && half.state.f < 10 && half.state.at_bound == NULL);
}

static double bad_derivatives(const double *x, int n, double *g, double *H)
{
    double f = quadratic(x, n, g, H);
    if (x[0] < 0)
        g[0] = INFINITY;
    else
        H[0] = NAN;
    return f;
}

static void derivatives_that_are_not_finite_are_failures(void)
{
    static const char *const texts[] = {"the Hessian is not finite", "the gradient is not finite"};
    for (int c = 0; c < 2; c++) {
        run_t r = {.function = bad_derivatives, .options = "sweep=0"};
        all_sides(&r, 2, -5, 5, c == 0 ? 1 : -1);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_ERROR) && strstr(r.state.detail, texts[c]) != NULL);
    }
}

static void budgets_are_kept(void)
{
    static const struct {
        const char *options, *words;
        int evaluations;
    } cases[] = {
        {"sweep=0 max_iterations=3", "max_iterations = 3", 4},
        {"sweep=0 max_iterations=0", "max_iterations = 0", 1},
        {"sweep=9 max_evaluations=12", "max_evaluations = 12", 12},
        {"sweep=9 max_evaluations=9", "max_evaluations = 9", 9},
        {"sweep=9 max_evaluations=4", "max_evaluations = 4", 4},
        {"sweep=0 max_evaluations=1", "max_evaluations = 1", 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        run_t r = {.function = rosenbrock, .options = cases[c].options};
        all_sides(&r, 2, -3, 3, -1.2);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_BUDGET) && r.evaluations == cases[c].evaluations);
        CU_ASSERT(strstr(r.state.detail, cases[c].words) != NULL && isfinite(r.state.f));
        CU_ASSERT(r.minima_count == 0);
    }
    run_t more = {.function = double_well, .options = "sweep=9 max_evaluations=20"};
    all_sides(&more, 1, -6, 6, 0);
    go(&more); /* the first start converges, the second is cut */
    CU_ASSERT(ended(&more, OUTER_BUDGET) && more.evaluations == 20 && more.minima_count == 1);
    CU_ASSERT(strstr(more.state.detail, "gradient") != NULL && more.state.gradient_norm < 1e-8);
}

static void interrupts_end_the_search(void)
{
    for (int before = 0; before < 2; before++)
        for (int at = 1; at <= 14; at++) {
            run_t r = {.function = rosenbrock, .options = "sweep=5", .interrupt_at = at};
            r.interrupt_before_tell = before == 1;
            all_sides(&r, 2, -3, 3, -1.2);
            go(&r);
            CU_ASSERT(ended(&r, OUTER_INTERRUPTED) && r.evaluations == (at < 5 ? 5 : at));
            CU_ASSERT(isfinite(r.state.f) || (at <= 5 && before == 1));
            CU_ASSERT((r.state.gradient != NULL) == (at > 5 + before));
        }
    outer_t *outer = NULL;
    outer_batch_t batch;
    outer_state_t state;
    run_t never = {.function = quadratic, .options = ""};
    all_sides(&never, 1, -3, 3, 1);
    if (!CHECK_OK(create(&never, &outer)))
        return;
    outer_interrupt(outer);
    outer_ask(outer, &batch);
    outer_state(outer, &state);
    CU_ASSERT(batch.count == 0 && state.reason == OUTER_INTERRUPTED && isnan(state.f));
    CU_ASSERT(state.theta[0] == 1 && state.start == 0);
    outer_free(&outer);
}

static void noise_ends_the_search(void)
{
    static const char *const options[] = {"sweep=0", "sweep=0 tolerance=0 step_tolerance=0"};
    static const int counts[] = {1, 2, 10};
    for (int o = 0; o < 2; o++)
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 20; k++) {
                run_t r = {.function = noisy, .options = options[o]};
                all_sides(&r, counts[c], -8, 8, 4 - 0.1 * k);
                go(&r);
                CU_ASSERT(r.state.reason == OUTER_GRADIENT || r.state.reason == OUTER_STEP ||
                          r.state.reason == OUTER_STALLED);
                CU_ASSERT(r.state.iterations < 40);
                for (int i = 0; i < r.count; i++)
                    CHECK_CLOSE(r.theta[i], 1.0 / (i + 1), 1e-9);
            }
}

/* Noise in the values does not keep exact derivatives from the optimum. */
static void derivatives_measure_what_values_cannot(void)
{
    for (int k = 0; k < 60; k++) {
        run_t r = {.function = noisy_value, .options = "sweep=0"};
        all_sides(&r, 1, -6, 6, -5.9 + 0.2 * k);
        go(&r);
        CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.iterations < 20);
    }
}

/* Reductions from derivatives at both ends are exact for polynomials up to the fourth degree: on
   the pedestal the search takes the same way. */
static void a_pedestal_does_not_change_the_way(void)
{
    int compared = 0;
    for (int k = 0; k < 60; k++) {
        run_t plain = {.function = double_well, .options = "sweep=0 radius=3"}, high = plain;
        all_sides(&plain, 1, -6, 6, -5.9 + 0.2 * k);
        all_sides(&high, 1, -6, 6, -5.9 + 0.2 * k);
        high.function = pedestal;
        go(&plain);
        go(&high);
        for (int i = 0; fabs(fabs(plain.trace[i]) - 2) > 0.3; i++, compared++)
            CU_ASSERT(i < high.evaluations && plain.trace[i] == high.trace[i]);
    }
    CU_ASSERT(compared > 100);
}

static void newton_polishes_below_what_values_resolve(void)
{
    run_t r = {.function = double_well, .options = "sweep=9 tolerance=0 step_tolerance=0"};
    all_sides(&r, 1, -6, 6, 0);
    go(&r);
    CU_ASSERT(r.state.reason != OUTER_BUDGET && r.state.reason != OUTER_ERROR);
    CU_ASSERT(r.state.gradient_norm < 2e-14 && r.state.iterations < 20);
}

static void the_same_input_gives_the_same_search(void)
{
    run_t a = {.function = rosenbrock, .options = "starts=4 seed=3", .fail_every = 7}, b;
    all_sides(&a, 10, -3, 3, -1.2);
    b = a;
    go(&a);
    go(&b);
    CU_ASSERT(a.evaluations == b.evaluations && a.evaluations > 30);
    CU_ASSERT(same_trace(&a, &b));
    CU_ASSERT(a.state.f == b.state.f && strcmp(a.state.detail, b.state.detail) == 0);
}

/* ---- leave-one-out that is not convex
 * -------------------------------------------------------------- */

/* 5 rows, 3 columns, free intercept, squared loss (y - u)^2, penalty a |beta|^2, theta = log a. */
typedef struct data {
    double X[5][3], y[5];
} data_t;

static const data_t *loo_data;
static const data_t loo_cases[2] = {
    {{{3, -4, -4}, {2, 4, 4}, {-2, 1, 2}, {-3, -5, -2}, {0, 4, -1}}, {-1, 1, -1, -1, -2}},
    {{{4, -3, 0}, {-3, -2, 0}, {2, -3, 2}, {-4, 1, 0}, {-5, -5, -2}}, {-4, 4, 4, 1, 1}}};

/* x = A^-1 b by elimination with pivoting; A [4][4] and b are spent. */
static void solve4(double A[4][4], double *b, double *x)
{
    for (int k = 0; k < 4; k++) {
        int pivot = k;
        for (int i = k + 1; i < 4; i++)
            if (fabs(A[i][k]) > fabs(A[pivot][k]))
                pivot = i;
        for (int j = 0; j < 4; j++) {
            double keep = A[k][j];
            A[k][j] = A[pivot][j];
            A[pivot][j] = keep;
        }
        double keep = b[k];
        b[k] = b[pivot];
        b[pivot] = keep;
        for (int i = k + 1; i < 4; i++) {
            double factor = A[i][k] / A[k][k];
            for (int j = k; j < 4; j++)
                A[i][j] -= factor * A[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = 3; k >= 0; k--) {
        x[k] = b[k];
        for (int j = k + 1; j < 4; j++)
            x[k] -= A[k][j] * x[j];
        x[k] /= A[k][k];
    }
}

/* (X'X + a I)^-1 b with the column of ones last, free, without row `left_out`. */
static void ridge_solve(const data_t *s, double a, int left_out, const double *right, double *x)
{
    double A[4][4] = {{0}}, b[4];
    memcpy(b, right, sizeof b);
    for (int i = 0; i < 5; i++) {
        double row[4] = {s->X[i][0], s->X[i][1], s->X[i][2], 1};
        for (int j = 0; j < 4 && i != left_out; j++)
            for (int k = 0; k < 4; k++)
                A[j][k] += row[j] * row[k];
    }
    for (int j = 0; j < 3; j++)
        A[j][j] += a;
    solve4(A, b, x);
}

/* Mean squared error of five fits, each without the row that it predicts. */
static double refit_loo(const data_t *s, double a)
{
    double sum = 0.0;
    for (int left_out = 0; left_out < 5; left_out++) {
        double right[4] = {0}, beta[4], error = s->y[left_out];
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 4 && i != left_out; j++)
                right[j] += (j < 3 ? s->X[i][j] : 1) * s->y[i];
        ridge_solve(s, a, left_out, right, beta);
        for (int j = 0; j < 4; j++)
            error -= (j < 3 ? s->X[left_out][j] : 1) * beta[j];
        sum += error * error;
    }
    return sum / 5;
}

/* v'M^k w for k = 1, 2, 3 (M the inverse, D the penalised part): the derivatives in a of v'M w are
   -v'M D M w and 2 v'M D M D M w. */
static void quadratic_form(const data_t *s, double a, const double *v, const double *w,
                           double out[3])
{
    double z[4], left[4];
    memcpy(left, w, sizeof left);
    out[0] = out[1] = out[2] = 0.0;
    static const double factor[3] = {1, -1, 2};
    for (int k = 0; k < 3; k++) {
        ridge_solve(s, a, -1, left, z);
        for (int j = 0; j < 4; j++)
            out[k] += factor[k] * v[j] * z[j];
        memcpy(left, z, sizeof left);
        left[3] = 0.0;
    }
}

/* Leave-one-out through e_i = (y_i - u_i) / (1 - h_i), with derivatives in theta. */
static double loo(const double *theta, int count, double *g, double *H)
{
    (void)count;
    const data_t *s = loo_data;
    double a = exp(theta[0]), f = 0.0, f1 = 0.0, f2 = 0.0, right[4] = {0};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++)
            right[j] += (j < 3 ? s->X[i][j] : 1) * s->y[i];
    for (int i = 0; i < 5; i++) {
        double row[4] = {s->X[i][0], s->X[i][1], s->X[i][2], 1}, h[3], u[3];
        quadratic_form(s, a, row, row, h);
        quadratic_form(s, a, row, right, u);
        double t = 1 - h[0], e = (s->y[i] - u[0]) / t;
        double e1 = (-u[1] + e * h[1]) / t, e2 = (-u[2] + 2 * e1 * h[1] + e * h[2]) / t;
        f += e * e / 5;
        f1 += 2 * e * e1 / 5;
        f2 += 2 * (e1 * e1 + e * e2) / 5;
    }
    g[0] = a * f1;
    H[0] = a * f1 + a * a * f2;
    return f;
}

static void the_closed_form_is_leave_one_out(void)
{
    for (int c = 0; c < 2; c++) {
        loo_data = &loo_cases[c];
        for (int k = 0; k < 18; k++) {
            double theta = -4 + 0.7 * k, h = 1e-4, x = theta + h, y = theta - h;
            double g, H, up, down, unused;
            CHECK_CLOSE(loo(&theta, 1, &g, &H), refit_loo(loo_data, exp(theta)), 1e-11);
            double slope = (loo(&x, 1, &up, &unused) - loo(&y, 1, &down, &unused)) / (2 * h);
            CHECK_CLOSE(g, slope, 1e-6);
            CHECK_CLOSE(H, (up - down) / (2 * h), 1e-6);
        }
    }
}

static run_t loo_run(int c, const char *options, double start)
{
    loo_data = &loo_cases[c];
    run_t r = {.function = loo, .options = options};
    all_sides(&r, 1, log(1e-4), log(1e6), log(start));
    go(&r);
    return r;
}

static void leave_one_out_better_at_infinity(void)
{
    run_t r = loo_run(0, "sweep=0", 0.5);
    CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.definite);
    CHECK_CLOSE(exp(r.theta[0]), 1.047, 5e-4);
    CHECK_CLOSE(r.state.f, 1.66284, 5e-6);
    r = loo_run(0, "sweep=0", 15.0); /* near the maximum, on its left side */
    CHECK_CLOSE(exp(r.theta[0]), 1.047, 5e-4);
    r = loo_run(0, "starts=1", 0.5);
    CU_ASSERT(r.minima_count == 1);
    CU_ASSERT(ended(&r, OUTER_BOUND) && r.at_bound[0] && r.theta[0] == log(1e6));
    CHECK_CLOSE(r.state.f, 1.5, 1e-4);
    r = loo_run(0, "", 0.5);
    CU_ASSERT(ended(&r, OUTER_BOUND) && r.minima_count == 2);
    CHECK_CLOSE(exp(r.minima[1][0]), 1.047, 5e-4);
    CU_ASSERT(r.minima_reason[0] == OUTER_BOUND && r.minima_reason[1] == OUTER_GRADIENT);
}

static void leave_one_out_with_a_distant_maximum(void)
{
    run_t r = loo_run(1, "", 10.0);
    CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.state.definite);
    CHECK_CLOSE(exp(r.theta[0]), 0.0856227, 5e-8);
    CU_ASSERT(refit_loo(loo_data, exp(r.theta[0]) - 1e-4) > r.state.f);
    CU_ASSERT(refit_loo(loo_data, exp(r.theta[0]) + 1e-4) > r.state.f);
    CHECK_CLOSE(r.state.f, 9.75767, 5e-6);
    CU_ASSERT(r.minima_count == 2 && r.minima_reason[1] == OUTER_BOUND);
    CHECK_CLOSE(r.minima_f[1], 13.375, 1e-4);
    r = loo_run(1, "starts=1",
                10.0); /* the valley is narrow: the best point of the sweep is not in it */
    CU_ASSERT(ended(&r, OUTER_BOUND) && r.minima_count == 1);
    r = loo_run(1, "sweep=0", 10.0); /* without the sweep the slope leads away from it */
    CU_ASSERT(ended(&r, OUTER_BOUND));
    CHECK_CLOSE(r.state.f, 13.375, 1e-4);
}

/* ---- contract
 * -------------------------------------------------------------------------------------------- */

static void bad_input_is_refused(void)
{
    outer_t *outer = NULL;
    run_t r = {.function = quadratic, .options = ""};
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "no hyperparameter");
    all_sides(&r, 2, -1, 1, 0);
    r.upper[1] = -1;
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "hyperparameter 2: the bounds -1 and -1");
    r.upper[1] = INFINITY;
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "must be finite");
    r.upper[1] = 1;
    r.start[0] = 1.5;
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "start 1.5 lies outside its bounds -1 to 1");
    r.start[0] = NAN;
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "lies outside");
    r.start[0] = 0;
    r.options = "radius=8";
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "radius 8 is larger than max_radius 5");
    r.options = "starts=-1";
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, "a whole number from 0");
    CU_ASSERT(outer == NULL && outer_find("no_such_method") == NULL);
}

static void reasons_have_names(void)
{
    static const char *const names[] = {"running", "gradient", "step",        "bound", "budget",
                                        "stalled", "complete", "interrupted", "error"};
    for (int i = 0; i <= (int)OUTER_ERROR; i++)
        CU_ASSERT(strcmp(outer_reason_name((outer_reason_t)i), names[i]) == 0);
    for (int i = 0; outer_kinds[i] != NULL; i++)
        CU_ASSERT(outer_find(outer_kinds[i]->name) == outer_kinds[i] &&
                  outer_kinds[i]->doc != NULL);
}

static void failing_allocations_leave_nothing(void)
{
    static const char *const options[] = {"", "sweep=0"};
    for (int c = 0; c < 2; c++) {
        int64_t live = mem_live();
        outer_t *outer = NULL;
        run_t r = {.function = quadratic, .options = options[c]};
        all_sides(&r, 3, -1, 1, 0);
        int k = 0;
        for (bool done = false; !done && k < 100; k++) {
            mem_fail_at(k);
            int code = create(&r, &outer);
            done = code == TRALO_OK;
            CU_ASSERT(done || (code == TRALO_ERR_MEMORY && outer == NULL && mem_live() == live));
        }
        mem_fail_at(-1);
        CU_ASSERT(k > 20 && k < 100);
        outer_free(&outer);
        outer_free(&outer);
        CU_ASSERT(mem_live() == live);
    }
}

void suite_trust_region(void)
{
    static const test_case_t cases[] = {
        {"quadratics take a few steps", quadratics_take_a_few_steps},
        {"the valley is followed", the_valley_is_followed},
        {"the sweep finds the better basin", the_sweep_finds_the_better_basin},
        {"several starts list the minima", several_starts_list_the_minima},
        {"a saddle is left", a_saddle_is_left},
        {"a singular optimum ends", a_singular_optimum_ends},
        {"an optimum at a bound is said to be one", an_optimum_at_a_bound_is_said_to_be_one},
        {"a start on the wrong bound leaves it", a_start_on_the_wrong_bound_leaves_it},
        {"bounds anywhere are handled", bounds_anywhere_are_handled},
        {"an optimum at infinity ends at the bound", an_optimum_at_infinity_ends_at_the_bound},
        {"failures are lived with", failures_are_lived_with},
        {"a wall of failures ends", a_wall_of_failures_ends},
        {"the first point may fail", the_first_point_may_fail},
        {"nothing but failures is an error", nothing_but_failures_is_an_error},
        {"derivatives that are not finite are failures",
         derivatives_that_are_not_finite_are_failures},
        {"budgets are kept", budgets_are_kept},
        {"interrupts end the search", interrupts_end_the_search},
        {"noise ends the search", noise_ends_the_search},
        {"derivatives measure what values cannot", derivatives_measure_what_values_cannot},
        {"a pedestal does not change the way", a_pedestal_does_not_change_the_way},
        {"Newton polishes below what values resolve", newton_polishes_below_what_values_resolve},
        {"the same input gives the same search", the_same_input_gives_the_same_search},
        {"the closed form is leave-one-out", the_closed_form_is_leave_one_out},
        {"leave-one-out better at infinity", leave_one_out_better_at_infinity},
        {"leave-one-out with a distant maximum", leave_one_out_with_a_distant_maximum},
        {"bad input is refused", bad_input_is_refused},
        {"reasons have names", reasons_have_names},
        {"failing allocations leave nothing", failing_allocations_leave_nothing},
    };
    REGISTER("trust_region", cases);
}
