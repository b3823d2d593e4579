/* SPDX-License-Identifier: BSD-3-Clause */
/* Steps along gradients: each iterate beside the same formula on all rows at once, the rows of
   mini-batches, where steps end, and what criteria make of an end that is no minimum. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "support.h"

enum { N = 61, P = 6, COLUMNS = P + 1, OUTPUTS = 3, MOST = OUTPUTS * COLUMNS, GROUPS = 3 };
enum { STREAM = 0x5a3b1e, LEFT_OUT = 3 };
static const double theta_here[GROUPS] = {0.4, -1.0, 0.9};

static fixture_setup_t setup_of(const char *loss)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = "holdout",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = GROUPS,
                             .free_column = true};
    return setup;
}

/* One option of an inner solver and its text. */
typedef struct choice {
    const char *name, *value;
} choice_t;

typedef struct solver {
    const inner_kind_t *kind;
    void *options;
} solver_t;

static bool make(const char *name, const choice_t *choices, int count, solver_t *out)
{
    bool made = true;
    out->kind = inner_find(name);
    out->options = NULL;
    made = CHECK_OK(mem_alloc(1, out->kind->options_size, &out->options));
    if (made)
        param_presets(out->kind->params, out->options);
    for (int i = 0; made && i < count; i++)
        for (const param_t *row = out->kind->params; row->name != NULL; row++)
            if (strcmp(row->name, choices[i].name) == 0)
                CHECK_OK(param_set(row, out->options, choices[i].value));
    return made;
}
#define MAKE(name, choices, out)                                                                   \
    make(name, choices, (int)(sizeof(choices) / sizeof *(choices)), out)

static void run(const solver_t *s, const fixture_t *f, double *beta, inner_result_t *r)
{
    s->kind->solve(s->options, f->problem, theta_here, beta, NULL, r);
    CU_ASSERT(comm_same(test_comm, beta, f->problem->columns * (int64_t)sizeof *beta));
    CU_ASSERT(r->solved == (r->detail[0] == '\0'));
}

/* ---- the formulas, on all rows at once, as each rank has them ---- */

/* u [K] of row i. */
static void predictor(const fixture_t *f, int64_t i, const double *beta, double *u)
{
    for (int k = 0; k < f->problem->outputs; k++) {
        u[k] = f->offset[i * f->offsets + (f->offsets > 1 ? k : 0)] + beta[k * COLUMNS + P];
        for (int j = 0; j < P; j++)
            u[k] += f->X[i * P + j] * beta[k * COLUMNS + j];
    }
}

/* l' [K] of row i, weighted, at beta. */
static void slopes(const fixture_t *f, int64_t i, const double *beta, double *out)
{
    const problem_t *problem = f->problem;
    const int K = problem->outputs;
    double u[OUTPUTS], value, *at[2] = {&value, out};
    predictor(f, i, beta, u);
    if (K > 1)
        problem->loss.joint->value(K, loss_class(f->y[i]), u, out);
    else
        problem->loss.derivatives(&problem->loss, 1, f->y + i, u, 1, at);
    for (int k = 0; k < K; k++)
        out[k] *= f->weights[i];
}

/* Of L / W from `count` rows, as if they were all `total` that train. */
static void reference_gradient(const fixture_t *f, const int64_t *rows, int64_t count,
                               int64_t total, double weight, const double *beta, double *g)
{
    const problem_t *problem = f->problem;
    const double scale = (double)total / (double)count / weight;
    memset(g, 0, (size_t)problem->columns * sizeof *g);
    for (int64_t m = 0; m < count; m++) {
        double l[OUTPUTS];
        slopes(f, rows[m], beta, l);
        for (int k = 0; k < problem->outputs; k++)
            for (int j = 0; j < COLUMNS; j++)
                g[k * COLUMNS + j] += scale * l[k] * (j < P ? f->X[rows[m] * P + j] : 1.0);
    }
    for (int j = 0; j < problem->columns; j++)
        if (f->penalty->group[j] >= 0)
            g[j] += exp(theta_here[f->penalty->group[j]]) * beta[j] / weight;
}

/* The rows of batch `step` of `size`, of those that train [total]. */
static void reference_batch(const int64_t *training, int64_t total, int64_t size, int64_t step,
                            int64_t *out)
{
    for (int64_t k = 0; k < size; k++) {
        const int64_t at = step * size + k;
        const uint64_t stream = STREAM + (uint64_t)(at / total) * RNG_ROUNDS;
        out[k] = training[rng_permuted(7, stream, total, at % total)];
    }
}

typedef struct plan {
    const char *name; /* gd: rate, momentum; adam: rate, beta1, beta2, epsilon */
    double numbers[4];
    int64_t size; /* of a batch; 0: all */
    int part;     /* which rows do not train: 0 none, 1 every third, 2 the first third */
} plan_t;

static bool trains(const plan_t *plan, int64_t i)
{
    return plan->part == 0 || (plan->part == 1 ? i % LEFT_OUT != 0 : i >= N / LEFT_OUT);
}

static void reference_step(const plan_t *plan, int t, int columns, const double *g, double *m,
                           double *s, double *beta)
{
    const double *o = plan->numbers;
    for (int j = 0; j < columns; j++) {
        if (strcmp(plan->name, "gd") == 0) {
            m[j] = o[1] * m[j] + g[j];
            beta[j] -= o[0] * m[j];
            continue;
        }
        m[j] = o[1] * m[j] + (1.0 - o[1]) * g[j];
        s[j] = o[2] * s[j] + (1.0 - o[2]) * g[j] * g[j];
        beta[j] -= o[0] * m[j] / (1.0 - pow(o[1], t)) / (sqrt(s[j] / (1.0 - pow(o[2], t))) + o[3]);
    }
}

static void reference(const fixture_t *f, const plan_t *plan, int steps, double *beta)
{
    int64_t training[N], batch[N], total = 0;
    double weight = 0.0, g[MOST], m[MOST] = {0.0}, s[MOST] = {0.0};
    for (int64_t i = 0; i < N; i++)
        if (trains(plan, i)) {
            training[total++] = i;
            weight += f->weights[i];
        }
    for (int t = 0; t < steps; t++) {
        const bool whole = plan->size == 0;
        if (!whole)
            reference_batch(training, total, plan->size, t, batch);
        reference_gradient(f, whole ? training : batch, whole ? total : plan->size, total, weight,
                           beta, g);
        reference_step(plan, t + 1, f->problem->columns, g, m, s, beta);
    }
}

/* ---- each step ---- */

static const choice_t gd_steps[] = {
    {"rate", "0.3"}, {"momentum", "0.7"}, {"steps", "9"}, {"tolerance", "0"}, {"seed", "7"}};
static const choice_t gd_batches[] = {{"rate", "0.3"},    {"momentum", "0.7"}, {"steps", "9"},
                                      {"tolerance", "0"}, {"seed", "7"},       {"batch", "16"}};
static const choice_t adam_steps[] = {{"rate", "0.05"},    {"beta1", "0.8"}, {"beta2", "0.95"},
                                      {"epsilon", "1e-3"}, {"steps", "9"},   {"tolerance", "0"},
                                      {"seed", "7"}};
static const choice_t adam_batches[] = {{"rate", "0.05"},    {"beta1", "0.8"}, {"beta2", "0.95"},
                                        {"epsilon", "1e-3"}, {"steps", "9"},   {"tolerance", "0"},
                                        {"seed", "7"},       {"batch", "16"}};

static void check_steps(const fixture_t *f, const plan_t *plan, const solver_t *solver)
{
    double beta[MOST], expected[MOST] = {0.0};
    int part[N];
    inner_result_t r;
    for (int j = 0; j < MOST; j++)
        beta[j] = 5.0; /* a cold start forgets it */
    for (int64_t i = 0; i < f->problem->rows; i++)
        part[i] = trains(plan, f->data->first + i) ? -1 : 0;
    problem_leave_out(f->problem, plan->part > 0 ? part : NULL, 0);
    run(solver, f, beta, &r);
    problem_leave_out(f->problem, NULL, 0);
    reference(f, plan, 9, expected);
    CU_ASSERT(r.reason == INNER_STEPS && r.solved && !r.minimum && r.iterations == 9);
    for (int j = 0; j < f->problem->columns; j++)
        CHECK_CLOSE(beta[j], expected[j], 1e-11);
    for (int64_t i = 0; i < f->problem->rows; i++) { /* of rows that do not train, too */
        double u[OUTPUTS];
        predictor(f, f->data->first + i, expected, u);
        for (int k = 0; k < f->problem->outputs; k++)
            CHECK_CLOSE(f->problem->u[k * f->problem->rows + i], u[k], 1e-10);
    }
}

static void check_each_step(const fixture_setup_t *setup)
{
    static const plan_t plans[] = {{"gd", {0.3, 0.7}, 0, 0},
                                   {"gd", {0.3, 0.7}, 0, 1},
                                   {"gd", {0.3, 0.7}, 16, 2},
                                   {"adam", {0.05, 0.8, 0.95, 1e-3}, 0, 2},
                                   {"adam", {0.05, 0.8, 0.95, 1e-3}, 16, 1}};
    fixture_t f;
    bool made = fixture_create(test_comm, setup, &f);
    for (size_t i = 0; made && i < sizeof plans / sizeof *plans; i++) {
        const bool gd = strcmp(plans[i].name, "gd") == 0, whole = plans[i].size == 0;
        solver_t s;
        if (gd      ? whole ? MAKE("gd", gd_steps, &s) : MAKE("gd", gd_batches, &s)
                 : whole ? MAKE("adam", adam_steps, &s)
                    : MAKE("adam", adam_batches, &s))
            check_steps(&f, &plans[i], &s);
        mem_free(&s.options);
    }
    fixture_free(&f);
}

static void each_step_is_that_of_the_formula(void)
{
    static const char *const losses[] = {"squared", "logistic", "softmax"};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        fixture_setup_t setup = setup_of(losses[i]);
        check_each_step(&setup);
        setup.density = 0.4;
        setup.storage = DATA_HOLD_SPARSE;
        check_each_step(&setup);
    }
}

/* ---- where steps end ---- */

static void a_minimum_is_that_of_newton(void)
{
    static const choice_t gd[] = {{"rate", "0.5"},
                                  {"momentum", "0.8"},
                                  {"steps", "3000"},
                                  {"tolerance", "1e-10"}},
                          adam[] = {{"rate", "0.02"}, {"steps", "6000"}, {"tolerance", "1e-6"}};
    fixture_setup_t setup = setup_of("logistic");
    solver_t newton = {NULL}, solvers[2] = {{NULL}};
    hessian_t *hessian = NULL;
    fixture_t f;
    inner_result_t r;
    double expected[MOST] = {0.0}, beta[MOST];
    bool made = fixture_create(test_comm, &setup, &f) &&
                MAKE("newton", ((choice_t[]){{"", ""}}), &newton) &&
                CHECK_OK(hessian_create(f.problem, &hessian_replicated, &hessian)) &&
                MAKE("gd", gd, &solvers[0]) && MAKE("adam", adam, &solvers[1]);
    if (made)
        newton.kind->solve(newton.options, f.problem, theta_here, expected, hessian, &r);
    for (int i = 0; made && i < 2; i++) {
        run(&solvers[i], &f, beta, &r);
        CU_ASSERT(r.reason == INNER_GRADIENT && r.minimum);
        CU_ASSERT(r.iterations > 10 && r.iterations < 6000);
        for (int j = 0; j < f.problem->columns; j++)
            CHECK_CLOSE(beta[j], expected[j], i == 0 ? 1e-8 : 1e-4);
    }
    mem_free(&newton.options);
    for (int i = 0; i < 2; i++)
        mem_free(&solvers[i].options);
    hessian_free(&hessian);
    fixture_free(&f);
}

static void a_warm_start_goes_on(void)
{
    static const choice_t five[] = {{"steps", "5"}, {"start", "warm"}},
                          ten[] = {{"steps", "10"}, {"start", "cold"}};
    fixture_setup_t setup = setup_of("logistic");
    solver_t warm = {NULL}, cold = {NULL};
    fixture_t f;
    inner_result_t r;
    double twice[MOST] = {0.0}, once[MOST], again[MOST];
    if (fixture_create(test_comm, &setup, &f) && MAKE("gd", five, &warm) &&
        MAKE("gd", ten, &cold)) {
        run(&warm, &f, twice, &r);
        run(&warm, &f, twice, &r);
        run(&cold, &f, once, &r);
        memcpy(again, once, sizeof again);
        run(&cold, &f, again, &r);
        for (int j = 0; j < f.problem->columns; j++)
            CHECK_CLOSE(twice[j], once[j], 1e-13);
        CU_ASSERT(memcmp(once, again, (size_t)f.problem->columns * sizeof *once) == 0);
    }
    mem_free(&warm.options);
    mem_free(&cold.options);
    fixture_free(&f);
}

static void a_rate_that_is_too_high_is_said(void)
{
    static const choice_t whole[] = {{"rate", "1e9"}}, few[] = {{"rate", "1e9"}, {"batch", "8"}};
    fixture_setup_t setup = setup_of("squared");
    fixture_t f;
    bool made = fixture_create(test_comm, &setup, &f);
    for (int i = 0; made && i < 2; i++) {
        solver_t s;
        inner_result_t r = {.solved = true};
        double beta[MOST];
        if (i == 0 ? MAKE("gd", whole, &s) : MAKE("gd", few, &s))
            run(&s, &f, beta, &r);
        CU_ASSERT(!r.solved && r.reason == INNER_OVERFLOW);
        CU_ASSERT(strstr(r.detail, "gradient descent diverges") != NULL);
        CU_ASSERT(strstr(r.detail, "lower inner.rate") != NULL);
        mem_free(&s.options);
    }
    fixture_free(&f);
}

/* ---- memory ---- */

static void memory_is_as_promised(void)
{
    static const choice_t few[] = {{"batch", "16"}, {"steps", "2"}};
    fixture_setup_t setup = setup_of("softmax");
    fixture_t f;
    solver_t s = {NULL};
    inner_result_t r = {.solved = true};
    double beta[MOST];
    if (fixture_create(test_comm, &setup, &f) && MAKE("adam", few, &s)) {
        const problem_shape_t shape = problem_shape(f.problem);
        const int64_t before = mem_bytes(), promised = s.kind->memory(s.options, &shape);
        mem_peak_reset();
        run(&s, &f, beta, &r);
        CU_ASSERT_EQUAL(mem_peak() - before, promised);
        CU_ASSERT_EQUAL(mem_bytes(), before);
        for (int k = 0; k < 5; k++) { /* training, chosen, u, l, the batch */
            mem_fail_at(comm_rank(test_comm) == 0 ? k : -1);
            run(&s, &f, beta, &r);
            mem_fail_at(-1);
            CU_ASSERT(!r.solved && r.reason == INNER_MEMORY);
            CU_ASSERT(strstr(r.detail, "no memory for the vectors of Adam") != NULL);
            CU_ASSERT_EQUAL(mem_bytes(), before);
        }
    }
    mem_free(&s.options);
    fixture_free(&f);
}

/* ---- criteria ---- */

static void check_refusal(const char *criterion, int order, const char *part)
{
    fixture_setup_t setup = setup_of("logistic");
    fixture_t f;
    criterion_result_t r;
    setup.criterion = criterion;
    setup.inner = "gd";
    setup.inner_option = "steps";
    setup.inner_value = "20";
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_evaluate(f.criterion, theta_here, order, &r);
        CU_ASSERT(r.valid == (part == NULL));
        CU_ASSERT(part == NULL || strstr(r.failure, part) != NULL);
        if (!r.valid && part != NULL && strstr(r.failure, part) == NULL)
            fprintf(stderr, "%s: %s\n", criterion, r.failure);
    }
    fixture_free(&f);
}

static void criteria_have_values_of_any_end_but_no_derivatives(void)
{
    static const char *const criteria[] = {"holdout", "kfold", "loo"};
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        check_refusal(criteria[i], 0, NULL);
        check_refusal(criteria[i], CRITERION_MODEL, NULL);
        check_refusal(criteria[i], 1,
                      "derivatives hold at a minimum of training, but that ended "
                      "after 20 steps at a relative gradient of ");
        check_refusal(criteria[i], 2, "search by values (search.method: hozog, random or grid)");
    }
    check_refusal("alo", 0, "alo approximates leave-one-out at a minimum of training, but that");
}

static void derivatives_hold_at_a_minimum(void)
{
    fixture_setup_t setup = setup_of("squared");
    fixture_numbers_t exact, near;
    fixture_t f;
    setup.criterion = "kfold";
    if (fixture_create(test_comm, &setup, &f))
        fixture_evaluate(&f, theta_here, 1, &exact);
    fixture_free(&f);
    setup.inner = "gd";
    setup.inner_option = "steps";
    setup.inner_value = "10000";
    if (fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_here, 1, &near))
        for (int s = 0; s < GROUPS; s++)
            CHECK_CLOSE(near.gradient[s], exact.gradient[s], 1e-7);
    fixture_free(&f);
}

static void mini_batches_want_rows_in_memory(void)
{
    fixture_setup_t setup = setup_of("logistic");
    fixture_t f;
    setup.streamed = true;
    setup.weights = setup.offset = false;
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_t *criterion = NULL;
        solver_t s;
        if (MAKE("gd", ((choice_t[]){{"batch", "8"}}), &s)) {
            criterion_setup_t again = {.kind = criterion_find("holdout"),
                                       .options = f.options,
                                       .problem = f.problem,
                                       .inner = s.kind,
                                       .inner_options = s.options};
            CHECK_FAILS(criterion_create(&again, &criterion), TRALO_ERR_INPUT,
                        "inner = gd wants rows in memory for mini-batches");
        }
        mem_free(&s.options);
    }
    fixture_free(&f);
}

void suite_descent(void)
{
    static const test_case_t cases[] = {
        {"each step is that of the formula", each_step_is_that_of_the_formula},
        {"a minimum is that of newton", a_minimum_is_that_of_newton},
        {"a warm start goes on", a_warm_start_goes_on},
        {"a rate that is too high is said", a_rate_that_is_too_high_is_said},
        {"memory is as promised", memory_is_as_promised},
        {"criteria have values of any end", criteria_have_values_of_any_end_but_no_derivatives},
        {"derivatives hold at a minimum", derivatives_hold_at_a_minimum},
        {"mini-batches want rows in memory", mini_batches_want_rows_in_memory},
    };
    REGISTER("descent", cases);
}
