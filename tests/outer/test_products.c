/* SPDX-License-Identifier: BSD-3-Clause */
/* The trust region without the Hessian: functions with known answers, of 1 to 1000 variables, that
   answer products; the contract of these requests; the step by conjugate gradients by itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "base/rng.h"
#include "outer/box.h"
#include "outer/krylov_step.h"
#include "outer/outer.h"
#include "support.h"

enum { MOST = 1000, FEW = 10 };

/* f, and g [n] and H v [n] where they are not NULL. */
typedef double function_t(const double *x, int n, double *g, const double *v, double *Hv);

typedef struct run {
    function_t *function;
    int count;
    double lower, upper, start;
    double shift; /* start_i = start + shift i */
    const char *options;
    bool no_products;      /* the evaluator says so */
    int fail_every;        /* every k-th evaluation fails; 0: none */
    int fail_products;     /* every k-th product fails; 0: none */
    int interrupt_product; /* the search is interrupted while that product is out; 0: never */
    /* what came of it */
    int evaluations, products, hessians, returns, most_products;
    outer_state_t state;
    double theta[MOST];
    bool at_bound[MOST];
} run_t;

static int create(const run_t *r, outer_t **outer)
{
    int code = TRALO_OK;
    double options[64], edges[3 * MOST];
    const outer_kind_t *kind = outer_find("trust_region");
    for (int i = 0; i < r->count; i++) {
        edges[i] = r->lower;
        edges[MOST + i] = r->upper;
        edges[2 * MOST + i] = r->start + r->shift * i;
    }
    outer_box_t box = {r->count, edges, edges + MOST, edges + 2 * MOST, !r->no_products};
    CU_ASSERT(kind->options_size <= sizeof options);
    TRY(test_options(kind->params, r->options, options));
    TRY(outer_create(kind, options, &box, outer));
out:
    return code;
}

/* The point that products speak of: that of the last evaluation. */
typedef struct place {
    double theta[MOST], left[MOST];
    int order; /* -1: it failed */
} place_t;

static void answer_product(run_t *r, const outer_request_t *request, const place_t *place,
                           double *space, outer_reply_t *reply)
{
    size_t size = (size_t)r->count * sizeof(double);
    CU_ASSERT(place->order == 1 && memcmp(place->theta, request->theta, size) == 0);
    memset(reply, 0, sizeof *reply);
    r->products++;
    r->function(request->theta, r->count, NULL, request->direction, space);
    reply->product = space;
    if (r->fail_products > 0 && r->products % r->fail_products == 0) {
        reply->product = r->products % 2 == 0 ? NULL : space;
        reply->failure = r->products % 2 == 0 ? "no product" : NULL;
        space[r->count - 1] = NAN;
    }
}

static void form_hessian(const run_t *r, const double *x, double *H)
{
    double unit[FEW] = {0};
    CU_ASSERT(r->count <= FEW);
    for (int i = 0; i < r->count; i++) {
        unit[i] = 1.0;
        r->function(x, r->count, NULL, unit, H + i * r->count);
        unit[i] = 0.0;
    }
}

static void answer_evaluation(run_t *r, const outer_request_t *request, place_t *place,
                              double *space, outer_reply_t *reply)
{
    size_t size = (size_t)r->count * sizeof(double);
    double *H = space + MOST;
    memset(reply, 0, sizeof *reply);
    for (int i = 0; i < r->count; i++)
        CU_ASSERT(request->theta[i] >= r->lower && request->theta[i] <= r->upper);
    r->returns += request->order == 1 && memcmp(place->left, request->theta, size) == 0;
    memcpy(place->left, place->theta, size);
    memcpy(place->theta, request->theta, size);
    r->evaluations++;
    r->hessians += request->order == 2;
    reply->f = r->function(request->theta, r->count, request->order > 0 ? space : NULL, NULL, NULL);
    reply->gradient = request->order > 0 ? space : NULL;
    if (request->order == 2)
        form_hessian(r, request->theta, H);
    reply->hessian = request->order == 2 ? H : NULL;
    bool fails = r->fail_every > 0 && r->evaluations % r->fail_every == 0;
    reply->failure = fails ? "the inner solver gave up" : NULL;
    place->order = fails ? -1 : request->order;
}

static void keep_result(run_t *r, const outer_t *outer)
{
    size_t size = (size_t)r->count * sizeof(double);
    outer_state(outer, &r->state);
    CU_ASSERT(r->state.reason != OUTER_RUNNING && r->state.detail[0] != '\0');
    int told = r->products - (r->interrupt_product > 0); /* one was out */
    CU_ASSERT(r->state.evaluations == r->evaluations && r->state.products == told);
    memcpy(r->theta, r->state.theta, size);
    if (r->state.at_bound != NULL)
        memcpy(r->at_bound, r->state.at_bound, (size_t)r->count * sizeof(bool));
}

static void go(run_t *r)
{
    static double space[16][MOST + FEW * FEW];
    static outer_reply_t replies[16];
    static place_t place;
    outer_t *outer = NULL;
    outer_batch_t batch;
    int batches = 0, before = 0;
    place = (place_t){.order = -1};
    if (!CHECK_OK(create(r, &outer)))
        return;
    for (outer_ask(outer, &batch); batch.count > 0 && batches < 50000; outer_ask(outer, &batch)) {
        outer_ask(outer, &batch); /* asking again changes nothing */
        bool product = batch.requests[0].direction != NULL;
        CU_ASSERT(!product || batch.count == 1);
        for (int i = 0; i < batch.count; i++) {
            if (product)
                answer_product(r, &batch.requests[i], &place, space[i], &replies[i]);
            else
                answer_evaluation(r, &batch.requests[i], &place, space[i], &replies[i]);
        }
        before = product ? before + 1 : 0;
        r->most_products = before > r->most_products ? before : r->most_products;
        if (product && r->products == r->interrupt_product)
            outer_interrupt(outer);
        else
            outer_tell(outer, replies);
        batches++;
    }
    CU_ASSERT(batches < 50000);
    keep_result(r, outer);
    outer_free(&outer);
}

static bool ended(const run_t *r, outer_reason_t reason)
{
    if (r->state.reason != reason)
        fprintf(stderr, "ended by %s (%s), wanted %s\n", outer_reason_name(r->state.reason),
                r->state.detail, outer_reason_name(reason));
    return r->state.reason == reason;
}

/* ---- functions with known answers ---- */

/* 1 + sum c_i (x_i - a_i)^2 / 2 + (sum x_i - a_i)^2 / (2 n), c_i from 1 to 20, a_i in [-1, 1] */
static double quadratic(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 1.0, sum = 0.0, v_sum = 0.0;
    for (int i = 0; i < n; i++) {
        sum += (x[i] - sin(i)) / n;
        v_sum += v != NULL ? v[i] / n : 0.0;
    }
    for (int i = 0; i < n; i++) {
        double c = 1.0 + 19.0 * i / n, e = x[i] - sin(i);
        f += 0.5 * c * e * e;
        if (g != NULL)
            g[i] = c * e + sum;
        if (v != NULL)
            Hv[i] = c * v[i] + v_sum;
    }
    return f + 0.5 * n * sum * sum;
}

/* Rosenbrock's valley in pairs, plus 1. */
static double rosenbrock(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 1.0;
    for (int i = 0; i < n; i += 2) {
        double a = x[i], t = x[i + 1] - a * a;
        f += 100 * t * t + (1 - a) * (1 - a);
        if (g != NULL) {
            g[i] = -400 * a * t - 2 * (1 - a);
            g[i + 1] = 200 * t;
        }
        if (v != NULL) {
            Hv[i] = (-400 * (t - 2 * a * a) + 2) * v[i] - 400 * a * v[i + 1];
            Hv[i + 1] = -400 * a * v[i] + 200 * v[i + 1];
        }
    }
    return f;
}

/* (x^2 - 4)^2 + x + 20 in each component. */
static double double_well(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 20.0;
    for (int i = 0; i < n; i++) {
        double t = x[i] * x[i] - 4;
        f += t * t + x[i];
        if (g != NULL)
            g[i] = 4 * x[i] * t + 1;
        if (v != NULL)
            Hv[i] = (4 * t + 8 * x[i] * x[i]) * v[i];
    }
    return f;
}

/* 1 + sum of x^2/2 over all but the last, y = x_n: - y^2/2 + y^4/4. A saddle at 0. */
static double saddle(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 1.0, y = x[n - 1];
    for (int i = 0; i < n; i++) {
        bool last = i == n - 1;
        f += last ? -0.5 * y * y + 0.25 * y * y * y * y : 0.5 * x[i] * x[i];
        if (g != NULL)
            g[i] = last ? y * y * y - y : x[i];
        if (v != NULL)
            Hv[i] = (last ? 3 * y * y - 1 : 1) * v[i];
    }
    return f;
}

/* 1.5 + sum c_i exp(-x_i): the optimum lies at infinity. */
static double falling(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 1.5;
    for (int i = 0; i < n; i++) {
        double e = (1.0 + i % 7) / n * exp(-x[i]);
        f += e;
        if (g != NULL)
            g[i] = -e;
        if (v != NULL)
            Hv[i] = e * v[i];
    }
    return f;
}

/* 1 + sum c_i (x_i - sin i)^2 / 2, c_i from 1 to 1e-6 */
static double spread(const double *x, int n, double *g, const double *v, double *Hv)
{
    double f = 1.0;
    for (int i = 0; i < n; i++) {
        double c = pow(10.0, -6.0 * i / n), e = x[i] - sin(i);
        f += 0.5 * c * e * e;
        if (g != NULL)
            g[i] = c * e;
        if (v != NULL)
            Hv[i] = c * v[i];
    }
    return f;
}

static double constant(const double *x, int n, double *g, const double *v, double *Hv)
{
    (void)x;
    if (g != NULL)
        memset(g, 0, (size_t)n * sizeof *g);
    if (v != NULL)
        memset(Hv, 0, (size_t)n * sizeof *Hv);
    return 2.0;
}

/* ---- the same answers as with the Hessian ---- */

typedef struct problem_case {
    const char *name;
    function_t *function;
    double lower, upper, start, shift;
    int count;
    outer_reason_t reason;
} problem_case_t;

static const problem_case_t small_cases[] = {
    {"quadratic", quadratic, -8, 8, 4, 0, 1, OUTER_GRADIENT},
    {"quadratic", quadratic, -8, 8, 4, 0, 10, OUTER_GRADIENT},
    {"quadratic at bounds", quadratic, -0.5, 0.7, 0.1, 0, 10, OUTER_BOUND},
    {"quadratic from a corner", quadratic, -0.5, 0.7, 0.7, 0, 10, OUTER_BOUND},
    {"valley", rosenbrock, -3, 3, -1.2, 0, 2, OUTER_GRADIENT},
    {"valley", rosenbrock, -3, 3, -1.2, 0.05, 10, OUTER_GRADIENT},
    {"valley at a bound", rosenbrock, -3, 0.5, -1.2, 0.05, 10, OUTER_BOUND},
    {"wells", double_well, -6, 6, 2.5, 0, 1, OUTER_GRADIENT},
    {"wells", double_well, -6, 6, 2.5, 0.1, 10, OUTER_GRADIENT},
    {"saddle", saddle, -4, 4, 0, 0, 2, OUTER_GRADIENT},
    {"saddle", saddle, -4, 4, 0, 0, 10, OUTER_GRADIENT},
    {"falling", falling, -6, 9, 0, 0, 1, OUTER_BOUND},
    {"falling", falling, -6, 9, 0, 0.1, 10, OUTER_BOUND},
    {"constant", constant, -1, 1, 0, 0, 3, OUTER_GRADIENT},
};

static void products_find_what_the_hessian_finds(void)
{
    for (size_t c = 0; c < sizeof small_cases / sizeof *small_cases; c++) {
        const problem_case_t *p = &small_cases[c];
        static run_t full, product;
        full = (run_t){.function = p->function, .count = p->count, .lower = p->lower};
        full.upper = p->upper;
        full.start = p->start;
        full.shift = p->shift;
        product = full;
        full.options = "sweep=0 hessian=full max_iterations=500";
        product.options = "sweep=0 hessian=products max_iterations=500";
        go(&full);
        go(&product);
        bool good = ended(&full, p->reason) && ended(&product, p->reason);
        if (!good)
            fprintf(stderr, "%s, %d variables\n", p->name, p->count);
        CU_ASSERT(good);
        CU_ASSERT(full.products == 0 && full.hessians == full.evaluations);
        CU_ASSERT(product.hessians == 0);
        CHECK_CLOSE(product.state.f, full.state.f, 1e-13);
        for (int i = 0; i < p->count; i++) {
            double sign = strcmp(p->name, "saddle") == 0 ? -1.0 : 1.0; /* either of two minima */
            CHECK_CLOSE(sign < 0 ? fabs(product.theta[i]) : product.theta[i],
                        sign < 0 ? fabs(full.theta[i]) : full.theta[i], 1e-8);
            CU_ASSERT(product.at_bound[i] == full.at_bound[i]);
        }
        CU_ASSERT(product.state.judged && full.state.judged);
        CU_ASSERT(product.state.definite == full.state.definite);
        CU_ASSERT(product.state.hessian == NULL && full.state.hessian != NULL);
        CU_ASSERT(product.evaluations <= 3 * full.evaluations + 3);
    }
}

static const problem_case_t large_cases[] = {
    {"quadratic", quadratic, -8, 8, 4, 0, MOST, OUTER_GRADIENT},
    {"quadratic at bounds", quadratic, -0.5, 0.7, 0.1, 0, MOST, OUTER_BOUND},
    {"valley", rosenbrock, -3, 3, -1.2, 0.001, MOST, OUTER_GRADIENT},
    {"wells", double_well, -6, 6, 2.5, 0.001, MOST, OUTER_GRADIENT},
    {"saddle", saddle, -4, 4, 0, 0, MOST, OUTER_GRADIENT},
    {"falling", falling, -6, 9, 0, 0.001, MOST, OUTER_BOUND},
};

/* The first-order conditions of a minimum on the box, from the function itself. */
static double violation(const run_t *r)
{
    static double g[MOST];
    double most = 0.0;
    r->function(r->theta, r->count, g, NULL, NULL);
    for (int i = 0; i < r->count; i++) {
        bool held =
            (r->theta[i] <= r->lower && g[i] > 0.0) || (r->theta[i] >= r->upper && g[i] < 0.0);
        most = held ? most : fmax(most, fabs(g[i]));
    }
    return most;
}

static void a_thousand_variables(void)
{
    for (size_t c = 0; c < sizeof large_cases / sizeof *large_cases; c++) {
        const problem_case_t *p = &large_cases[c];
        static run_t r;
        r = (run_t){.function = p->function, .count = p->count, .lower = p->lower};
        r.upper = p->upper;
        r.start = p->start;
        r.shift = p->shift;
        r.options = "sweep=0";
        go(&r);
        bool good = ended(&r, p->reason) && violation(&r) <= 1e-10 * fabs(r.state.f);
        if (!good)
            fprintf(stderr, "%s: violation %g\n", p->name, violation(&r));
        CU_ASSERT(good);
        CU_ASSERT(r.hessians == 0 && r.products > 0 && r.most_products <= 550);
        CU_ASSERT(r.products < r.count * (int)r.state.iterations);
        CU_ASSERT(r.state.definite && (r.state.judged || p->function != falling));
        CU_ASSERT(!r.state.judged || strcmp(p->name, "quadratic") != 0);
        for (int i = 0; i < r.count && p->function == quadratic && p->upper > 1.0; i++)
            CHECK_CLOSE(r.theta[i], sin(i), 1e-8);
        for (int i = 0; i < r.count && p->function == rosenbrock; i++)
            CHECK_CLOSE(r.theta[i], 1.0, 1e-8);
        for (int i = 0; i < r.count && p->function == falling; i++)
            CU_ASSERT(r.at_bound[i] && r.theta[i] == r.upper);
    }
}

/* Steps may take as many products as they need, and learn how unequal the curvatures are. */
static void unequal_curvature_is_no_obstacle(void)
{
    enum { COUNT = 300 };
    static run_t r;
    r = (run_t){.function = spread, .count = COUNT, .lower = -8, .upper = 8, .start = 4};
    r.options = "sweep=0";
    go(&r);
    CU_ASSERT(ended(&r, OUTER_GRADIENT) && r.hessians == 0);
    CU_ASSERT(r.state.iterations <= 20 && r.most_products > 50);
    CU_ASSERT(r.products < 4000);
    for (int i = 0; i < r.count; i++)
        CHECK_CLOSE(r.theta[i], sin(i), 2e-4);
}

/* ---- choice, failures ---- */

static void the_cheaper_way_is_chosen(void)
{
    static run_t at, above, told, without;
    at = (run_t){.function = quadratic, .count = 5, .lower = -8, .upper = 8, .start = 4};
    at.options = "sweep=0 max_products=5";
    above = told = without = at;
    above.options = "sweep=0 max_products=4";
    told.options = "sweep=0 max_products=4 hessian=full";
    without.options = above.options;
    without.no_products = true;
    go(&at);
    go(&above);
    go(&told);
    go(&without);
    CU_ASSERT(at.products == 0 && at.hessians == at.evaluations);
    CU_ASSERT(above.products > 0 && above.hessians == 0);
    CU_ASSERT(told.products == 0 && told.hessians == told.evaluations);
    CU_ASSERT(without.products == 0 && without.hessians == without.evaluations);
    outer_t *outer = NULL;
    without.options = "hessian=products";
    CHECK_FAILS(create(&without, &outer), TRALO_ERR_INPUT, "does not offer products");
}

static void failures_are_passed_over(void)
{
    static run_t r;
    for (int every = 3; every <= 6; every++) {
        r = (run_t){.function = rosenbrock, .count = 10, .lower = -3, .upper = 3, .start = -1.2};
        r.options = "sweep=0 hessian=products max_iterations=1000";
        r.fail_every = every;
        go(&r);
        CU_ASSERT(r.state.reason == OUTER_STEP || ended(&r, OUTER_GRADIENT));
        CHECK_CLOSE(r.state.f, 1.0, 1e-13);
        r = (run_t){.function = quadratic, .count = 40, .lower = -3, .upper = 3, .start = 2.0};
        r.options = "sweep=0 hessian=products max_iterations=1000";
        r.fail_products = every * 3;
        go(&r);
        CU_ASSERT(ended(&r, OUTER_GRADIENT));
        CU_ASSERT(violation(&r) <= 1e-10 * r.state.f);
    }
}

/* Without any product it is steepest descent: slow, but it goes down, and nothing is claimed of the
   curvature. */
static void no_product_at_all(void)
{
    static run_t r;
    r = (run_t){.function = quadratic, .count = 10, .lower = -8, .upper = 8, .start = 4};
    r.options = "sweep=0 hessian=products max_iterations=200";
    r.fail_products = 1;
    go(&r);
    CU_ASSERT(r.state.f < 1.001 && !r.state.judged);
}

static void interrupted_while_a_product_is_out(void)
{
    static run_t r;
    r = (run_t){.function = rosenbrock, .count = 10, .lower = -3, .upper = 3, .start = -1.2};
    r.options = "sweep=0 hessian=products";
    r.interrupt_product = 20;
    go(&r);
    CU_ASSERT(ended(&r, OUTER_INTERRUPTED) && isfinite(r.state.f) && r.state.theta != NULL);
}

/* A first-order point that is reached by a rejected step has to be evaluated again before its
   curvature is examined. */
static void a_point_that_was_left_is_evaluated_again(void)
{
    static run_t r;
    int returns = 0;
    for (int k = 0; k < 20; k++) {
        r = (run_t){.function = double_well, .count = 10, .lower = -6, .upper = 6, .start = 2.5};
        r.shift = 0.01 * k;
        r.options = "sweep=0 hessian=products tolerance=1";
        r.fail_every = 2;
        go(&r);
        returns += r.returns;
    }
    CU_ASSERT(returns > 0);
}

/* ---- the step by itself ---- */

static double model_decrease(function_t *function, const krylov_model_t *m, const double *d)
{
    static double Hd[MOST];
    double sum = 0.0;
    function(m->x, m->box->count, NULL, d, Hd);
    for (int i = 0; i < m->box->count; i++)
        sum -= (m->g[i] + 0.5 * Hd[i]) * d[i];
    return sum;
}

static int solve(krylov_t *k, function_t *function, const krylov_model_t *m)
{
    static double Hp[MOST];
    int products = 0;
    for (const double *p = krylov_ask(k); p != NULL; p = krylov_ask(k), products++) {
        function(m->x, m->box->count, NULL, p, Hp);
        krylov_tell(k, Hp);
    }
    return products;
}

/* What the step says of itself holds, for each radius that its path is cut at. */
static void check_path(function_t *function, int n, double bound, uint64_t seed)
{
    enum { SIZE = 60 };
    double lower[SIZE], upper[SIZE], x[SIZE], g[SIZE], d[SIZE];
    outer_box_t box = {n, lower, upper, x, true};
    krylov_model_t m = {&box, x, g, 2.0 * sqrt(n), 1e-6};
    box_step_result_t result;
    krylov_t *k = NULL;
    for (int i = 0; i < n; i++) {
        lower[i] = -bound;
        upper[i] = bound;
        x[i] = bound * (2.0 * rng_uniform(seed, 1, (uint64_t)i) - 1.0);
        x[i] = i % 5 == 0 ? bound : x[i];
    }
    function(x, n, g, NULL, NULL);
    if (!CHECK_OK(krylov_create(n, 30, &k)))
        return;
    krylov_descend(k, &m);
    CU_ASSERT(solve(k, function, &m) <= 30);
    krylov_result(k, d, &result);
    for (double radius = m.radius; radius > 1e-3; radius *= 0.6) {
        double norm = 0.0, size = fabs(result.decrease);
        for (int i = 0; i < n; i++) {
            norm += d[i] * d[i];
            CU_ASSERT(x[i] + d[i] >= lower[i] - 1e-14 && x[i] + d[i] <= upper[i] + 1e-14);
            CU_ASSERT(!box_held(&box, x, g, i) || d[i] == 0.0);
        }
        CHECK_CLOSE(sqrt(norm), result.norm, 1e-13);
        CU_ASSERT(result.norm <= radius * (1 + 1e-12));
        CU_ASSERT(result.decrease > 0.0);
        CHECK_CLOSE(model_decrease(function, &m, d) / size, 1.0, 1e-11);
        krylov_cut(k, 0.6 * radius, d, &result);
    }
    krylov_free(&k);
}

static void steps_keep_their_word(void)
{
    function_t *const functions[] = {quadratic, rosenbrock, double_well};
    for (int f = 0; f < 3; f++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            check_path(functions[f], 60, 0.8, seed);
            check_path(functions[f], 60, 30.0, seed);
            check_path(functions[f], 2, 3.0, seed);
        }
}

/* Lanczos: complete with enough products, and honest with fewer. */
static void curvature_is_examined(void)
{
    enum { SIZE = 20 };
    double lower[SIZE], upper[SIZE], x[SIZE] = {0}, g[SIZE] = {0}, d[SIZE];
    outer_box_t box = {SIZE, lower, upper, x, true};
    krylov_model_t m = {&box, x, g, 1.0, 0.0};
    box_step_result_t result;
    krylov_t *k = NULL;
    for (int i = 0; i < SIZE; i++) {
        lower[i] = -2;
        upper[i] = 2;
    }
    if (!CHECK_OK(krylov_create(SIZE, SIZE, &k)))
        return;
    krylov_examine(k, &m);
    solve(k, saddle, &m);
    krylov_result(k, d, &result);
    CU_ASSERT(krylov_complete(k) && !result.definite);
    CHECK_CLOSE(result.lowest, -1.0, 1e-12);
    CHECK_CLOSE(fabs(d[SIZE - 1]), 1.0, 1e-10);
    CHECK_CLOSE(result.decrease, 0.5, 1e-12);
    krylov_examine(k, &m);
    CU_ASSERT(solve(k, quadratic, &m) == SIZE);
    krylov_result(k, d, &result);
    CU_ASSERT(krylov_complete(k) && result.definite && result.lowest > 0.9);
    krylov_free(&k);
    if (!CHECK_OK(krylov_create(SIZE, 3, &k)))
        return;
    krylov_examine(k, &m);
    CU_ASSERT(solve(k, quadratic, &m) == 3 && !krylov_complete(k));
    krylov_free(&k);
}

static void memory_failures_are_reported(void)
{
    static run_t r;
    outer_t *outer = NULL;
    r = (run_t){.function = quadratic, .count = 60, .lower = -8, .upper = 8, .start = 4};
    r.options = "";
    int64_t live = mem_live(), k = 0;
    for (int code = TRALO_ERR_MEMORY; code != TRALO_OK && k < 200; k++) {
        mem_fail_at(k);
        code = create(&r, &outer);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_MEMORY);
        outer_free(&outer);
        CU_ASSERT_EQUAL(mem_live(), live);
    }
    CU_ASSERT(k > 20 && k < 200);
}

void suite_products(void)
{
    static const test_case_t cases[] = {
        {"products find what the Hessian finds", products_find_what_the_hessian_finds},
        {"a thousand variables", a_thousand_variables},
        {"unequal curvature is no obstacle", unequal_curvature_is_no_obstacle},
        {"the cheaper way is chosen", the_cheaper_way_is_chosen},
        {"failures are passed over", failures_are_passed_over},
        {"no product at all", no_product_at_all},
        {"interrupted while a product is out", interrupted_while_a_product_is_out},
        {"a point that was left is evaluated again", a_point_that_was_left_is_evaluated_again},
        {"steps keep their word", steps_keep_their_word},
        {"curvature is examined", curvature_is_examined},
        {"memory failures are reported", memory_failures_are_reported},
    };
    REGISTER("outer products", cases);
}
