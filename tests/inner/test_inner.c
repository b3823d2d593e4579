/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the inner solvers, and every way in which Newton's method may end. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "linalg/spd.h"
#include "support.h"

enum { N = 61, P = 6, COLUMNS = P + 1, OUTPUTS = 3, MOST = OUTPUTS * COLUMNS, GROUPS = 3 };
static const double theta_here[GROUPS * PENALTY_PER_GROUP] = {0.4, -1.0, 0.9, -0.6, 0.2, 0.5};

static fixture_setup_t setup_of(const char *loss, const char *penalty)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = "alo",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = GROUPS,
                             .free_column = true};
    return setup;
}

/* Which solver, and in which form it has the Hessian. */
static const char *solver = "newton";
static const hessian_kind_t *form = &hessian_replicated;

/* One solve with a factor of its own; false when it did not come about. */
static bool solve(const inner_kind_t *kind, const char *option, const char *text,
                  const fixture_t *f, const double *theta, double *beta, inner_result_t *out)
{
    void *options = NULL;
    hessian_t *hessian = NULL;
    bool made = CHECK_OK(mem_alloc(1, kind->options_size, &options)) &&
                CHECK_OK(hessian_create(f->problem, form, &hessian));
    if (made) {
        param_presets(kind->params, options);
        for (const param_t *row = kind->params; row->name != NULL; row++)
            if (option != NULL && strcmp(row->name, option) == 0)
                CHECK_OK(param_set(row, options, text));
        kind->solve(options, f->problem, theta, beta, hessian, out);
        CU_ASSERT(comm_same(test_comm, beta, f->problem->columns * (int64_t)sizeof *beta));
        CU_ASSERT(comm_same(test_comm, &out->iterations, sizeof out->iterations));
        CU_ASSERT(out->minimum == (out->reason == INNER_GRADIENT || out->reason == INNER_ROUNDING));
        CU_ASSERT(out->solved == out->minimum);
        CU_ASSERT(out->solved == (out->detail[0] == '\0'));
    }
    hessian_free(&hessian);
    mem_free(&options);
    return made;
}

static void check_minimum(const inner_kind_t *kind, const fixture_setup_t *setup)
{
    fixture_t f;
    inner_result_t r;
    double first[MOST] = {0.0}, beta[MOST];
    if (fixture_create(test_comm, setup, &f)) {
        solve(kind, NULL, NULL, &f, theta_here, first, &r);
        CU_ASSERT(r.solved);
        CHECK_CLOSE(r.relative_gradient, 0.0, 1e-12);
        problem_move(f.problem, theta_here, first);
        CHECK_CLOSE(f.problem->size.relative_gradient, 0.0, 1e-12);
        for (int j = 0; j < f.problem->columns; j++)
            CHECK_CLOSE(f.problem->gradient[j], 0.0, 1e-10);
        for (uint64_t start = 0; start < 4; start++) {
            for (uint64_t j = 0; j < (uint64_t)f.problem->columns; j++)
                beta[j] = rng_normal(4, start, j);
            solve(kind, NULL, NULL, &f, theta_here, beta, &r);
            CU_ASSERT(r.solved);
            for (int j = 0; j < f.problem->columns; j++)
                CHECK_CLOSE(beta[j], first[j], 1e-11);
        }
    }
    fixture_free(&f);
}

static void the_same_minimum_from_any_start(void)
{
    for (int i = 0; inner_kinds[i] != NULL; i++)
        for (int k = 0; !inner_kinds[i]->early && loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++) {
                fixture_setup_t setup = setup_of(loss_kinds[k]->name, penalty_kinds[q]->name);
                check_minimum(inner_kinds[i], &setup);
            }
}

/* Bridge of one lambda and q for all; below 1.26 it is not convex near 0. */
static void check_bridge(fixture_t *f, double lambda, double q)
{
    const int newton = f->problem->outputs > 1 ? 100 : 60; /* steps */
    const bool exact = strcmp(solver, "newton") == 0;
    const int most = exact ? newton : 5000;
    const double natural[2 * GROUPS] = {lambda, q, lambda, q, lambda, q};
    double theta[2 * GROUPS], first[MOST];
    hyper_t hyper = penalty_hyper(f->penalty);
    hyper_from_natural(&hyper, natural, theta);
    for (uint64_t start = 0; start < 3; start++) {
        double beta[MOST];
        inner_result_t r;
        for (uint64_t j = 0; j < (uint64_t)f->problem->columns; j++)
            beta[j] = start == 0 ? 0.0 : rng_normal(4, start, j);
        if (!solve(inner_find(solver), NULL, NULL, f, theta, beta, &r))
            return;
        CU_ASSERT(r.solved && r.iterations <= most);
        if (!r.solved || r.iterations > most)
            fprintf(stderr, "%s, lambda %g, q %g, start %d: %d steps %s\n", f->problem->loss.name,
                    lambda, q, (int)start, (int)r.iterations, r.detail);
        if (start == 0)
            memcpy(first, beta, sizeof first);
        for (int j = 0; q > 1.26 && j < f->problem->columns; j++)
            CHECK_CLOSE(beta[j], first[j], exact ? 1e-8 : 1e-6); /* where little holds it */
    }
}

static void bridge_near_the_lasso_and_far_from_it(void)
{
    const size_t each = strcmp(solver, "newton") == 0 ? 1 : 3; /* many cheap steps: fewer cases */
    static const double exponents[] = {1.02, 1.05, 1.1, 1.3, 1.7, 3.0, 4.0},
                        lambdas[] = {1e-3, 1.0, 1e2, 1e4};
    for (int k = 0; loss_kinds[k] != NULL; k++) {
        fixture_setup_t setup = setup_of(loss_kinds[k]->name, "bridge");
        fixture_t f;
        bool made = fixture_create(test_comm, &setup, &f);
        for (size_t i = 0; made && i < sizeof exponents / sizeof *exponents; i += each)
            for (size_t m = 0; m < sizeof lambdas / sizeof *lambdas; m += each)
                check_bridge(&f, lambdas[m], exponents[i]);
        fixture_free(&f);
    }
}

static void a_nearby_theta_takes_few_factorisations(void)
{
    for (int k = 0; loss_kinds[k] != NULL; k++) {
        fixture_t f;
        criterion_result_t r;
        double theta[GROUPS];
        fixture_setup_t setup = setup_of(loss_kinds[k]->name, "ridge");
        memcpy(theta, theta_here, sizeof theta);
        if (fixture_create(test_comm, &setup, &f)) {
            criterion_evaluate(f.criterion, theta, 0, &r);
            CU_ASSERT(r.valid && r.factorisations > 1);
            for (int step = 0; step < 3; step++) {
                theta[step] += 0.05;
                criterion_evaluate(f.criterion, theta, 0, &r);
                CU_ASSERT(r.valid && r.factorisations <= 2);
            }
            criterion_evaluate(f.criterion, theta, 0, &r);
            CU_ASSERT(r.valid && r.inner_iterations == 0 && r.factorisations == 1);
        }
        fixture_free(&f);
    }
}

/* Does what is to hold for every form without a matrix. */
static void without_a_matrix(void (*test)(void))
{
    form = &hessian_products;
    test();
    form = &hessian_replicated;
}

static void the_same_minimum_by_products(void)
{
    without_a_matrix(the_same_minimum_from_any_start);
}

static void bridge_by_products(void)
{
    without_a_matrix(bridge_near_the_lasso_and_far_from_it);
}

static void each_reason_has_its_name(void)
{
    for (int a = INNER_GRADIENT; a <= INNER_STEPS; a++)
        for (int b = a + 1; b <= INNER_STEPS; b++)
            CU_ASSERT(strcmp(inner_reason_name((inner_reason_t)a),
                             inner_reason_name((inner_reason_t)b)) != 0);
    for (int i = 0; inner_kinds[i] != NULL; i++)
        CU_ASSERT(inner_find(inner_kinds[i]->name) == inner_kinds[i]);
    CU_ASSERT(inner_find("guess") == NULL);
}

/* ---- how Newton's method ends ----------------------------------------------------------------*/

/* A data set of one or two features that `fill` writes, row by row. */
typedef struct scene {
    const char *loss;
    int p;
    bool free_column;
    void (*fill)(int64_t i, double *x, double *y, double *offset);
} scene_t;

static bool build(const scene_t *scene, fixture_t *f)
{
    double X[N * 2], y[N], offset[N];
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    fixture_setup_t setup = {.n = N,
                             .p = scene->p,
                             .loss = scene->loss,
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1,
                             .free_column = scene->free_column};
    for (int64_t i = 0; i < N; i++) {
        offset[i] = 0.0;
        scene->fill(i, X + i * scene->p, y + i, offset + i);
    }
    data_arrays_t arrays = {.n = N, .p = scene->p, .X = X, .y = y, .offset = offset};
    memset(f, 0, sizeof *f);
    return CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
           fixture_wrap(data, &setup, f);
}

static void check_ending(const scene_t *scene, double theta, inner_reason_t reason,
                         const char *detail)
{
    fixture_t f;
    inner_result_t r;
    double beta[3] = {0.0};
    memset(&r, 0, sizeof r);
    if (build(scene, &f) && solve(inner_find(solver), NULL, NULL, &f, &theta, beta, &r)) {
        CU_ASSERT_STRING_EQUAL(inner_reason_name(r.reason), inner_reason_name(reason));
        CU_ASSERT(strstr(r.detail, detail) != NULL);
        if (r.reason != reason || strstr(r.detail, detail) == NULL)
            fprintf(stderr, "%s: %s (relative gradient %g)\n", inner_reason_name(r.reason),
                    r.detail, r.relative_gradient);
    }
    fixture_free(&f);
}

static void separable(int64_t i, double *x, double *y, double *offset)
{
    (void)offset;
    *y = i % 3 == 0 ? 1.0 : -1.0;
    x[0] = *y * (1.0 + rng_uniform(2, 1, (uint64_t)i));
    x[1] = rng_normal(2, 2, (uint64_t)i);
}

static void separable_data_are_said_to_be(void)
{
    const scene_t free = {"logistic", 2, true, separable}, tied = {"logistic", 2, false, separable};
    check_ending(&free, 0.0, INNER_SEPARABLE, "the data look separable");
    check_ending(&free, 0.0, INNER_SEPARABLE, "raise search.lower or penalise the free columns");
    check_ending(&tied, -80.0, INNER_SEPARABLE, "the data look separable");
    check_ending(&tied, -10.0, INNER_GRADIENT, "");
    check_ending(&tied, -20.0, INNER_GRADIENT, "");
}

/* Column 0 is the intercept times 3 (free), or the sum of column 1 and the intercept. */
static void constant(int64_t i, double *x, double *y, double *offset)
{
    (void)offset;
    x[0] = 3.0;
    x[1] = rng_normal(2, 2, (uint64_t)i);
    *y = i % 2 == 0 ? 1.0 : -1.0;
}

static void count_of(int64_t i, double *x, double *y, double *offset)
{
    constant(i, x, y, offset);
    *y = (double)(i % 4);
}

static void collinear_free_columns_are_named(void)
{
    const scene_t squared = {"squared", 2, true, constant},
                  logistic = {"logistic", 2, true, constant},
                  poisson = {"poisson", 2, true, count_of};
    check_ending(&squared, 0.0, INNER_RANK_DEFICIENT, "singular to working accuracy at the interc");
    check_ending(&logistic, 0.0, INNER_RANK_DEFICIENT, "at the intercept");
    check_ending(&poisson, 0.0, INNER_RANK_DEFICIENT, "at the intercept");
}

static void twin(int64_t i, double *x, double *y, double *offset)
{
    constant(i, x, y, offset);
    x[0] = x[1];
}

static void collinear_columns_with_no_penalty_to_speak_of(void)
{
    const scene_t twins = {"squared", 2, false, twin};
    check_ending(&twins, -60.0, INNER_RANK_DEFICIENT, "at feature 1, which depends linearly");
    check_ending(&twins, 0.0, INNER_GRADIENT, "");
}

static void high_offset(int64_t i, double *x, double *y, double *offset)
{
    count_of(i, x, y, offset);
    x[0] = rng_normal(2, 3, (uint64_t)i);
    *offset = 1e4;
}

static void risen_offset(int64_t i, double *x, double *y, double *offset)
{
    high_offset(i, x, y, offset);
    *offset = 400.0; /* exp(400) is a number, its square is not */
}

static void overflow_is_said(void)
{
    const scene_t high = {"poisson", 2, false, high_offset};
    check_ending(&high, 0.0, INNER_OVERFLOW, "overflows (largest |linear predictor| 1e+04)");
}

static void overflow_of_the_hessian_is_said(void)
{
    const scene_t risen = {"poisson", 2, false, risen_offset};
    check_ending(&risen, 0.0, INNER_OVERFLOW, "overflows (largest |linear predictor| ");
}

static void too_few_iterations_are_said(void)
{
    fixture_t f;
    inner_result_t r;
    double beta[COLUMNS] = {0.0};
    fixture_setup_t setup = setup_of("logistic", "ridge");
    memset(&r, 0, sizeof r);
    if (fixture_create(test_comm, &setup, &f)) {
        solve(inner_find(solver), "max_iterations", "1", &f, theta_here, beta, &r);
        CU_ASSERT_EQUAL(r.reason, INNER_ITERATIONS);
        CU_ASSERT_EQUAL(r.iterations, 1);
        CU_ASSERT(strstr(r.detail, "did not converge in 1 steps") != NULL);
    }
    fixture_free(&f);
}

/* A column that is nearly a multiple of the intercept: u is a difference of large numbers. */
static void far_from_zero(int64_t i, double *x, double *y, double *offset)
{
    (void)offset;
    x[0] = 1e6 + rng_normal(2, 4, (uint64_t)i);
    x[1] = 1e-9 * rng_normal(2, 5, (uint64_t)i);
    *y = 1e6 * rng_normal(2, 6, (uint64_t)i) + 3e6 * (x[0] - 1e6);
}

static void rounding_is_good_enough(void)
{
    const scene_t scene = {"squared", 2, true, far_from_zero};
    check_ending(&scene, -50.0, INNER_ROUNDING, "");
}

static void the_same_ends_by_products(void)
{
    without_a_matrix(separable_data_are_said_to_be);
    without_a_matrix(overflow_is_said);
    without_a_matrix(too_few_iterations_are_said);
    without_a_matrix(rounding_is_good_enough);
}

static void by_lbfgs(void (*test)(void))
{
    solver = "lbfgs";
    test();
    solver = "newton";
}

static void bridge_by_lbfgs(void)
{
    by_lbfgs(bridge_near_the_lasso_and_far_from_it);
}

/* Rank 0 alone has vectors of its own. */
static void no_memory_for_lbfgs_is_said(void)
{
    const inner_kind_t *kind = inner_find("lbfgs");
    void *options = NULL;
    fixture_t f;
    inner_result_t r;
    double beta[MOST] = {0.0};
    fixture_setup_t setup = setup_of("logistic", "ridge");
    if (fixture_create(test_comm, &setup, &f) &&
        CHECK_OK(mem_alloc(1, kind->options_size, &options))) {
        const problem_shape_t shape = problem_shape(f.problem);
        param_presets(kind->params, options);
        CU_ASSERT(kind->memory(options, &shape) == (2 * 10 + 9) * 8 * (int64_t)COLUMNS);
        mem_fail_at(comm_rank(test_comm) == 0 ? 0 : -1);
        kind->solve(options, f.problem, theta_here, beta, NULL, &r);
        mem_fail_at(-1);
        CU_ASSERT(!r.solved && r.reason == INNER_MEMORY);
        CU_ASSERT(strstr(r.detail, "no memory for the vectors of L-BFGS (7 columns)") != NULL);
    }
    mem_free(&options);
    fixture_free(&f);
}

static void the_same_ends_by_lbfgs(void)
{
    by_lbfgs(separable_data_are_said_to_be);
    by_lbfgs(overflow_is_said);
    by_lbfgs(too_few_iterations_are_said);
    by_lbfgs(rounding_is_good_enough);
}

void suite_inner(void)
{
    static const test_case_t cases[] = {
        {"the same minimum from any start", the_same_minimum_from_any_start},
        {"bridge near the lasso and far from it", bridge_near_the_lasso_and_far_from_it},
        {"the same minimum by products", the_same_minimum_by_products},
        {"bridge by products", bridge_by_products},
        {"the same ends by products", the_same_ends_by_products},
        {"no memory for lbfgs is said", no_memory_for_lbfgs_is_said},
        {"bridge by lbfgs", bridge_by_lbfgs},
        {"the same ends by lbfgs", the_same_ends_by_lbfgs},
        {"a nearby theta takes few factorisations", a_nearby_theta_takes_few_factorisations},
        {"each reason has its name", each_reason_has_its_name},
        {"separable data are said to be", separable_data_are_said_to_be},
        {"collinear free columns are named", collinear_free_columns_are_named},
        {"collinear columns with no penalty", collinear_columns_with_no_penalty_to_speak_of},
        {"overflow is said", overflow_is_said},
        {"overflow of the Hessian is said", overflow_of_the_hessian_is_said},
        {"too few iterations are said", too_few_iterations_are_said},
        {"rounding is good enough", rounding_is_good_enough},
    };
    REGISTER("inner", cases);
}
