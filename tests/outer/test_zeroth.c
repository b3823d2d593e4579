/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods of values only, on functions with known answers. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "base/rng.h"
#include "outer/outer.h"
#include "support.h"

enum { MOST = 12, MANY = 2000, BATCH_MOST = 4096 };

typedef double function_t(const double *x, int count);

/* Those of values only, the last three by NLopt. */
static const char *const methods[] = {"hozog", "random", "grid", "nelder_mead", "cobyla", "bobyqa"};
enum { METHODS = sizeof methods / sizeof *methods, NLOPTS = 3 };

/* A search to run: what, where, and what goes wrong on the way. */
typedef struct run {
    const char *method, *options; /* "name=value name=value" */
    function_t *function;
    int count;
    double half; /* the box is start +- half */
    double start;
    bool (*fails)(int number, const double *x); /* or NULL; number from 1 */
    double noise;                               /* independent of one another */
    double draw_noise;                          /* one for each draw */
    int interrupt_at;                           /* after that many evaluations; 0: never */
    /* what came of it */
    int evaluations, batches, first_batch;
    double theta[MOST], x[MANY][MOST], f[MANY]; /* the best; all that was asked */
    bool at_bound[MOST];
    outer_state_t state;
} run_t;

static int create(const run_t *r, outer_t **outer)
{
    int code = TRALO_OK;
    double options[64], lower[MOST], upper[MOST], start[MOST];
    const outer_kind_t *kind = outer_find(r->method);
    const outer_box_t box = {r->count, lower, upper, start, false, NULL};
    CU_ASSERT(kind->options_size <= sizeof options);
    for (int i = 0; i < r->count; i++) {
        start[i] = r->start;
        lower[i] = r->start - r->half;
        upper[i] = r->start + r->half;
    }
    TRY(test_options(kind->params, r->options, options));
    TRY(outer_create(kind, options, &box, outer));
out:
    return code;
}

static void evaluate(run_t *r, const outer_request_t *request, outer_reply_t *reply)
{
    const int at = r->evaluations++;
    const double *x = request->theta;
    CU_ASSERT(request->order == 0 && request->direction == NULL);
    for (int i = 0; i < r->count; i++)
        CU_ASSERT(x[i] >= r->start - r->half && x[i] <= r->start + r->half);
    *reply = (outer_reply_t){.f = r->function(x, r->count)};
    if (r->noise > 0.0)
        reply->f += r->noise * rng_normal(3, 1, (uint64_t)at);
    reply->f += r->draw_noise * (double)(request->draw % 7);
    if (r->fails != NULL && r->fails(r->evaluations, x))
        *reply = (outer_reply_t){.failure = "it did not work", .f = -1e9};
    if (at < MANY) {
        memcpy(r->x[at], x, (size_t)r->count * sizeof *x);
        r->f[at] = reply->failure != NULL ? NAN : reply->f;
    }
}

/* The best point is the lowest value that was told, as it was evaluated. */
static void check_best(const run_t *r)
{
    int best = -1;
    for (int k = 0; k < r->evaluations && k < MANY; k++)
        if (isfinite(r->f[k]) && (best < 0 || r->f[k] < r->f[best]))
            best = k;
    if (best < 0 || r->evaluations > MANY)
        return;
    CU_ASSERT(r->state.f == r->f[best]);
    CU_ASSERT(memcmp(r->theta, r->x[best], (size_t)r->count * sizeof(double)) == 0);
}

static void finish(run_t *r, const outer_t *outer)
{
    const outer_minimum_t *minima = NULL;
    outer_state(outer, &r->state);
    memcpy(r->theta, r->state.theta, (size_t)r->count * sizeof(double));
    if (r->state.at_bound != NULL)
        memcpy(r->at_bound, r->state.at_bound, (size_t)r->count * sizeof(bool));
    CU_ASSERT(outer_minima(outer, &minima) == 0);
    CU_ASSERT(r->state.gradient == NULL && r->state.hessian == NULL && !r->state.judged);
    CU_ASSERT(r->state.reason != OUTER_RUNNING && r->state.detail[0] != '\0');
    CU_ASSERT(r->state.evaluations == r->evaluations);
    check_best(r);
}

static void go(run_t *r)
{
    static outer_reply_t replies[BATCH_MOST];
    outer_t *outer = NULL;
    outer_batch_t batch;
    if (!CHECK_OK(create(r, &outer)))
        return;
    for (outer_ask(outer, &batch); batch.count > 0; outer_ask(outer, &batch)) {
        outer_ask(outer, &batch); /* asking again changes nothing */
        CU_ASSERT(batch.count <= BATCH_MOST);
        r->first_batch = r->batches++ == 0 ? batch.count : r->first_batch;
        for (int i = 0; i < batch.count; i++)
            if (r->interrupt_at > 0 && r->evaluations >= r->interrupt_at)
                replies[i] = (outer_reply_t){.missing = true, .failure = "stopped"};
            else
                evaluate(r, &batch.requests[i], &replies[i]);
        if (r->interrupt_at > 0 && r->evaluations >= r->interrupt_at)
            outer_interrupt(outer);
        outer_tell(outer, replies);
    }
    finish(r, outer);
    outer_free(&outer);
}

static bool ended(const run_t *r, outer_reason_t reason, const char *detail)
{
    const bool as_wanted = r->state.reason == reason && strstr(r->state.detail, detail) != NULL;
    if (!as_wanted)
        fprintf(stderr, "%s %s ended by %s (%s), wanted %s (%s)\n", r->method, r->options,
                outer_reason_name(r->state.reason), r->state.detail, outer_reason_name(reason),
                detail);
    return as_wanted;
}

/* ---- functions ---- */

/* Minimum 1 at x_i = 0.3, curvatures from 1 to 1/10. */
static double bowl(const double *x, int count)
{
    double f = 1.0;
    for (int i = 0; i < count; i++)
        f += 0.5 * (x[i] - 0.3) * (x[i] - 0.3) / (1.0 + 9.0 * i / (count > 1 ? count - 1 : 1));
    return f;
}

static double small_bowl(const double *x, int count)
{
    return 1e-6 * bowl(x, count);
}

/* Gradient (1, 2, ...) everywhere. */
static double slope(const double *x, int count)
{
    double f = 0.0;
    for (int i = 0; i < count; i++)
        f += (i + 1.0) * x[i];
    return f;
}

static double slope_and_bowl(const double *x, int count)
{
    return slope(x, count) + 4.0 * bowl(x, count);
}

/* ---- tests ---- */

static void test_converges(void)
{
    static const char *const options[] = {
        "step_tolerance=0",
        "seed=7",
        "directions=2",
        "mu=0.01",
        "rule=constant differences=forward mu=0.01 orthogonal=false",
        "rule=constant momentum=0.5 gamma=0.5",
        "rule=decreasing mu=0.1",
        "rule=adam gamma=0.1",
        "rule=armijo differences=forward mu=0.01",
        "rule=armijo momentum=0.3"};
    static const int counts[] = {1, 2, 5, 12};
    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            static run_t r;
            r = (run_t){.method = "hozog",
                        .options = options[k],
                        .function = bowl,
                        .count = counts[c],
                        .half = 10.0,
                        .start = 3.0};
            go(&r);
            const double start[MOST] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
            const double share = (r.state.f - 1.0) / (bowl(start, r.count) - 1.0);
            if (!(share < 1e-2))
                fprintf(stderr, "S = %d, %s: %g\n", r.count, options[k], share);
            CU_ASSERT(share < 1e-2 && r.evaluations <= 1000);
        }
}

/* newton does not see in which units f is: 2^-20 leaves all digits alone. */
static double scaled_bowl(const double *x, int count)
{
    return ldexp(bowl(x, count), -20);
}

static void test_scale_free(void)
{
    static run_t a, b;
    a = (run_t){"hozog", "max_evaluations=150", bowl, 5, 10.0, 3.0};
    b = (run_t){"hozog", "max_evaluations=150", scaled_bowl, 5, 10.0, 3.0};
    go(&a);
    go(&b);
    CU_ASSERT(a.evaluations == b.evaluations && memcmp(a.x, b.x, sizeof a.x) == 0);
}

/* The second iterate is the start less the estimate, for gamma = 1. */
static void estimate_once(const char *options, int seed, int count, double *g)
{
    static run_t r;
    char text[160];
    snprintf(text, sizeof text, "%s rule=constant gamma=1 max_iterations=2 seed=%d", options, seed);
    r = (run_t){"hozog", text, slope_and_bowl, count, 1e4, 0.5};
    go(&r);
    for (int i = 0; i < count; i++)
        g[i] = r.x[0][i] - r.x[r.first_batch][i];
}

static void check_estimator(const char *options, int samples)
{
    enum { S = 6 };
    double sum[S] = {0}, squares[S] = {0};
    for (int k = 1; k <= samples; k++) {
        double g[S];
        estimate_once(options, k, S, g);
        for (int i = 0; i < S; i++) {
            sum[i] += g[i];
            squares[i] += g[i] * g[i];
        }
    }
    for (int i = 0; i < S; i++) {
        const double exact = i + 1.0 + 4.0 * 0.2 / (1.0 + 9.0 * i / (S - 1.0));
        const double mean = sum[i] / samples;
        const double error = sqrt((squares[i] / samples - mean * mean) / (samples - 1.0));
        if (!(fabs(mean - exact) < 4.0 * error))
            fprintf(stderr, "%s: component %d: %g +- %g, not %g\n", options, i, mean, error, exact);
        CU_ASSERT(fabs(mean - exact) < 4.0 * error);
        CU_ASSERT(error > 0.0 && error < 0.3);
    }
}

/* Its mean is the gradient, within the standard error, for quadratics at any mu. */
static void test_estimator(void)
{
    check_estimator("directions=1 orthogonal=false differences=forward mu=1", 2000);
    check_estimator("directions=5 orthogonal=false differences=forward mu=0.1", 1000);
    check_estimator("directions=3 differences=central mu=1", 1000);
}

/* As many orthogonal directions as dimensions leave nothing to chance. */
static void test_orthogonal(void)
{
    for (int seed = 1; seed < 20; seed++) {
        double g[4];
        estimate_once("directions=9 differences=central mu=0.7", seed, 4, g);
        for (int i = 0; i < 4; i++)
            CHECK_CLOSE(g[i], i + 1.0 + 4.0 * 0.2 / (1.0 + 3.0 * i), 1e-12);
    }
}

static bool second_fails(int number, const double *x)
{
    (void)x;
    return number == 2;
}

/* The average is over those that are left. */
static void test_failed_direction(void)
{
    static run_t r;
    r = (run_t){
        "hozog", "rule=constant differences=forward directions=3 mu=1 gamma=1 max_iterations=2",
        slope,   3,
        1e4,     0.0};
    r.fails = second_fails;
    go(&r);
    CU_ASSERT(r.first_batch == 4);
    for (int i = 0; i < 3; i++) {
        double g = 0.0;
        for (int k = 2; k <= 3; k++)
            g += 3.0 / 2.0 * slope(r.x[k], 3) * r.x[k][i];
        CHECK_CLOSE(r.x[4][i], -g, 1e-12);
    }
}

static bool every_seventh_fails(int number, const double *x)
{
    (void)x;
    return number % 7 == 0;
}

static bool left_fails(int number, const double *x)
{
    (void)number;
    return x[0] < 2.5;
}

static bool all_fail(int number, const double *x)
{
    (void)number;
    (void)x;
    return true;
}

static bool all_but_first_fail(int number, const double *x)
{
    (void)x;
    return number > 12;
}

static void test_failures(void)
{
    static run_t r;
    r = (run_t){"hozog", "", bowl, 5, 10.0, 3.0, every_seventh_fails};
    go(&r);
    CU_ASSERT(r.state.f < 1.0 + 1e-3);
    r = (run_t){"hozog", "", bowl, 2, 10.0, 3.0, left_fails};
    go(&r);
    CU_ASSERT(r.theta[0] >= 2.5 && r.theta[0] < 3.0 && r.state.f < bowl(r.x[0], 2));
    r = (run_t){"hozog", "directions=2", bowl, 2, 10.0, 3.0, all_but_first_fail};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_STALLED, "fail") && isfinite(r.state.f));
    for (int k = 0; k < METHODS; k++) {
        r = (run_t){methods[k], "max_evaluations=200", bowl, 2, 10.0, 3.0, all_fail};
        go(&r);
        CU_ASSERT(ended(&r, OUTER_ERROR, "none of ") && ended(&r, OUTER_ERROR, "it did not work"));
        CU_ASSERT(isnan(r.state.f) && r.theta[0] == 3.0);
    }
}

/* evaluate() looks at every point; here the optimum is a corner. */
static void test_bounds(void)
{
    static const char *const options[] = {"", "rule=constant differences=forward",
                                          "rule=adam differences=forward", "rule=armijo"};
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        static run_t r;
        r = (run_t){"hozog", options[k], slope, 3, 2.0, 1.0};
        go(&r);
        for (int i = 0; i < 3; i++)
            CU_ASSERT(r.theta[i] == -1.0 && r.at_bound[i]);
        CU_ASSERT(ended(&r, OUTER_STEP, "in a row"));
    }
}

/* check_best() compares with all that was told; values are not those of another evaluation. */
static void test_noise(void)
{
    static run_t r;
    for (int k = 0; k < 2; k++) {
        r = (run_t){"hozog", k == 0 ? "" : "rule=constant", bowl, 4, 10.0, 3.0};
        r.noise = 0.5;
        go(&r);
        CU_ASSERT(ended(&r, OUTER_BUDGET, "max_evaluations = 1000"));
        CU_ASSERT(bowl(r.theta, 4) < 2.0 && r.state.f < bowl(r.theta, 4));
    }
}

/* The same draw in all evaluations of a step, another in the next: noise of the draw cancels. */
static void test_common_numbers(void)
{
    static run_t a, b;
    a = (run_t){"hozog", "rule=constant max_evaluations=200", slope_and_bowl, 4, 10.0, 3.0};
    b = a;
    b.draw_noise = 64.0;
    go(&a);
    go(&b);
    CU_ASSERT(a.evaluations == b.evaluations);
    for (int k = 0; k < a.evaluations; k++)
        for (int i = 0; i < 4; i++)
            CHECK_CLOSE(b.x[k][i], a.x[k][i], 1e-10);
    CU_ASSERT(fabs(b.f[a.first_batch] - a.f[a.first_batch] - 64.0) < 1e-10);
}

/* Whoever runs the method: the same bits on all ranks, and for the same seed again. */
static void test_same_on_ranks(void)
{
    static const char *const seeded[][2] = {
        {"hozog", ""}, {"random", ""}, {"random", "sequence=sobol"}};
    for (int k = 0; k < 3; k++) {
        static run_t a, b;
        static double shared[MANY][MOST];
        char first[64], second[64];
        snprintf(first, sizeof first, "max_evaluations=300 seed=5 %s", seeded[k][1]);
        snprintf(second, sizeof second, "max_evaluations=300 seed=6 %s", seeded[k][1]);
        a = (run_t){seeded[k][0], first, bowl, 7, 10.0, 3.0};
        b = (run_t){seeded[k][0], second, bowl, 7, 10.0, 3.0};
        go(&a);
        go(&b);
        memcpy(shared, a.x, sizeof shared);
        comm_share(test_comm, shared, sizeof shared, 0);
        CU_ASSERT(a.evaluations > 200 && memcmp(shared, a.x, sizeof shared) == 0);
        CU_ASSERT(memcmp(a.x, b.x, sizeof a.x) != 0);
    }
}

static void test_ends(void)
{
    static run_t r;
    r = (run_t){"hozog", "max_evaluations=100", bowl, 12, 10.0, 3.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_BUDGET, "99 evaluations are spent") && r.evaluations == 99);
    r = (run_t){"hozog", "max_iterations=4", bowl, 12, 10.0, 3.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_COMPLETE, "all 4 steps") && r.evaluations == 44 &&
              r.state.iterations == 4);
    r = (run_t){"hozog", "rule=armijo max_evaluations=60", bowl, 12, 10.0, 3.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_BUDGET, "a step takes 17") && r.evaluations <= 60);
    r = (run_t){"hozog", "", small_bowl, 2, 10.0, 3.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_STEP, "3 steps in a row were at most 1e-06"));
    CHECK_CLOSE(r.theta[1], 0.3, 1e-4);
    for (int k = 0; k < METHODS; k++)
        for (int at = 1; at < 9; at += 3) {
            r = (run_t){.method = methods[k],
                        .options = "",
                        .function = bowl,
                        .count = 2,
                        .half = 10.0,
                        .start = 3.0,
                        .interrupt_at = at};
            go(&r);
            CU_ASSERT(ended(&r, OUTER_INTERRUPTED, "interrupted after") && r.evaluations == at);
            CU_ASSERT(isfinite(r.state.f));
        }
}

static void test_random(void)
{
    static run_t r;
    double sum[3] = {0}, squares[3] = {0}, mixed = 0.0;
    r = (run_t){"random", "max_evaluations=1500", bowl, 3, 2.0, 1.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_COMPLETE, "all 1500 points") && r.evaluations == 1500);
    for (int k = 0; k < 1500; k++) {
        for (int i = 0; i < 3; i++) {
            sum[i] += (r.x[k][i] - 1.0) / 1500.0;
            squares[i] += (r.x[k][i] - 1.0) * (r.x[k][i] - 1.0) / 1500.0;
        }
        mixed += (r.x[k][0] - 1.0) * (r.x[k][1] - 1.0) / 1500.0;
    }
    for (int i = 0; i < 3; i++) { /* variance 4/3, of squares 64/45 */
        CU_ASSERT(fabs(sum[i]) < 4.0 * sqrt(4.0 / 3.0 / 1500.0));
        CU_ASSERT(fabs(squares[i] - 4.0 / 3.0) < 4.0 * sqrt(64.0 / 45.0 / 1500.0));
    }
    CU_ASSERT(fabs(mixed) < 4.0 * (4.0 / 3.0) / sqrt(1500.0));
}

/* Of each dyadic part of an axis, up to 256, every 256 points have one. */
static void test_sobol(void)
{
    static run_t r;
    r = (run_t){"random", "sequence=sobol max_evaluations=256 seed=9", bowl, 12, 2.0, 1.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_COMPLETE, "all 256 points"));
    for (int i = 0; i < r.count; i++) {
        double gap = 0.0, x[256];
        for (int k = 0; k < 256; k++)
            x[k] = (r.x[k][i] + 1.0) / 4.0;
        for (int k = 0; k < 256; k++) {
            double next = 2.0;
            for (int l = 0; l < 256; l++)
                if (x[l] > x[k] && x[l] < next)
                    next = x[l];
            gap = next < 2.0 ? fmax(gap, next - x[k]) : gap;
        }
        CU_ASSERT(gap < 2.0 / 256.0 + 1e-9);
    }
}

static void test_nlopt(void)
{
    static run_t r;
    for (int k = METHODS - NLOPTS; k < METHODS; k++) {
        r = (run_t){methods[k], "", bowl, 5, 10.0, 3.0};
        go(&r);
        CU_ASSERT(r.state.f < 1.0 + 1e-8 && ended(&r, OUTER_STEP, "1e-05 in theta"));
        r = (run_t){methods[k], "max_evaluations=23", bowl, 5, 10.0, 3.0};
        go(&r);
        CU_ASSERT(ended(&r, OUTER_BUDGET, "max_evaluations = 23") && r.evaluations == 23);
        r = (run_t){methods[k], "", slope, 3, 2.0, 1.0};
        go(&r);
        for (int i = 0; i < 3; i++)
            CU_ASSERT(fabs(r.theta[i] + 1.0) < 1e-4);
        r = (run_t){methods[k], "first_step=100", bowl, 2, 10.0, 3.0, every_seventh_fails};
        go(&r);
        CU_ASSERT(r.state.f < 1.0 + 0.1 && r.state.reason != OUTER_ERROR);
    }
    r = (run_t){"nelder_mead", "", bowl, 1, 10.0, 3.0};
    go(&r);
    CU_ASSERT(r.state.f < 1.0 + 1e-8);
}

static void test_grid(void)
{
    static run_t r;
    r = (run_t){"grid", "points=5", bowl, 3, 2.0, 1.0};
    go(&r);
    CU_ASSERT(ended(&r, OUTER_COMPLETE, "all 125 points") && r.evaluations == 125);
    for (int k = 0; k < 125; k++) {
        const int places[] = {k / 25, k / 5 % 5, k % 5};
        for (int i = 0; i < 3; i++)
            CU_ASSERT(r.x[k][i] == places[i] - 1.0);
    }
    CU_ASSERT(r.theta[0] == 0.0 && r.theta[1] == 0.0 && r.theta[2] == 0.0);
}

static void refuses(const char *method, const char *options, int count, const char *part)
{
    outer_t *outer = NULL;
    const run_t r = {method, options, bowl, count, 2.0, 1.0};
    CHECK_FAILS(create(&r, &outer), TRALO_ERR_INPUT, part);
    outer_free(&outer);
}

static void test_refuses(void)
{
    refuses("hozog", "differences=forward", 2, "the rule newton wants central differences");
    refuses("hozog", "orthogonal=false", 2, "along orthogonal directions");
    refuses("hozog", "max_evaluations=10", 9, "less than the 11 evaluations of one step");
    refuses("hozog", "mu=0", 2, "");
    refuses("grid", "", 3, "11 values for each of 3 hyperparameters has 1331 points");
    refuses("grid", "points=1", 1, "");
    refuses("random", "max_evaluations=0", 1, "");
    refuses("bobyqa", "", 1, "bobyqa wants two hyperparameters or more");
}

static void test_memory(void)
{
    for (int m = 0; m <= METHODS; m++) {
        const bool sobol = m == METHODS;
        const run_t r = {
            sobol ? "random" : methods[m], sobol ? "sequence=sobol" : "", bowl, 2, 2.0, 1.0};
        outer_t *outer = NULL;
        const int64_t before = mem_live();
        int code = TRALO_ERR_MEMORY, k = 0;
        for (; code == TRALO_ERR_MEMORY && k < 50; k++) {
            mem_fail_at(k);
            code = create(&r, &outer);
            mem_fail_at(-1);
            CU_ASSERT(code == TRALO_OK || (outer == NULL && mem_live() == before));
        }
        CU_ASSERT(code == TRALO_OK && k > 4);
        outer_free(&outer);
        CU_ASSERT(mem_live() == before);
    }
}

void suite_zeroth(void)
{
    static const test_case_t cases[] = {{"converges", test_converges},
                                        {"scale free", test_scale_free},
                                        {"estimator", test_estimator},
                                        {"orthogonal", test_orthogonal},
                                        {"failed direction", test_failed_direction},
                                        {"failures", test_failures},
                                        {"bounds", test_bounds},
                                        {"noise", test_noise},
                                        {"common numbers", test_common_numbers},
                                        {"same on ranks", test_same_on_ranks},
                                        {"ends", test_ends},
                                        {"random", test_random},
                                        {"grid", test_grid},
                                        {"sobol", test_sobol},
                                        {"nlopt", test_nlopt},
                                        {"refuses", test_refuses},
                                        {"memory", test_memory}};
    REGISTER("zeroth", cases);
}
