/* SPDX-License-Identifier: BSD-3-Clause */
/* The Hessian without a matrix beside the Hessian with one. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "problem/conjugate.h"
#include "support.h"

enum { N = 61, P = 6, OUTPUTS = 3, MOST = OUTPUTS * (P + 1), GROUPS = 3 };
static const double theta_here[GROUPS * PENALTY_PER_GROUP] = {0.4, -1.0, 0.9, -0.6, 0.2, 0.5};

static fixture_setup_t setup_of(const char *loss, const char *penalty)
{
    return (fixture_setup_t){.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = "alo",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = GROUPS,
                             .free_column = true};
}

static void draw(uint64_t stream, int count, double scale, double *x)
{
    for (uint64_t j = 0; j < (uint64_t)count; j++)
        x[j] = scale * rng_normal(5, stream, j);
}

typedef struct pair {
    hessian_t *matrix, *products;
} pair_t;

static bool make_pair(problem_t *problem, pair_t *pair)
{
    *pair = (pair_t){NULL, NULL};
    return CHECK_OK(hessian_create(problem, &hessian_replicated, &pair->matrix)) &&
           CHECK_OK(hessian_create(problem, &hessian_products, &pair->products));
}

static void free_pair(pair_t *pair)
{
    hessian_free(&pair->matrix);
    hessian_free(&pair->products);
}

static double distance(int count, const double *x, const double *y)
{
    double most = 0.0;
    for (int j = 0; j < count; j++)
        most = fmax(most, fabs(x[j] - y[j]));
    return most / fmax(fabs(y[cblas_idamax(count, y, 1)]), 1e-300);
}

/* After the problem has moved on, H is still that of the point where it was factored. */
static void check_solutions(fixture_t *f)
{
    const int columns = f->problem->columns;
    double beta[MOST], b[MOST], x[MOST], y[MOST];
    pair_t pair;
    draw(1, columns, 0.3, beta);
    draw(2, columns, 1.0, b);
    problem_move(f->problem, theta_here, beta);
    if (make_pair(f->problem, &pair) && hessian_factor_above(pair.matrix) < 0 &&
        hessian_factor_above(pair.products) < 0) {
        memset(beta, 0, sizeof beta);
        problem_move(f->problem, theta_here, beta);
        memcpy(x, b, sizeof x);
        memcpy(y, b, sizeof y);
        CU_ASSERT_EQUAL(hessian_solve(pair.matrix, x), -1);
        CU_ASSERT_EQUAL(hessian_solve(pair.products, y), -1);
        CHECK_CLOSE(distance(columns, y, x), 0.0, 1e-12);
        CU_ASSERT(comm_same(test_comm, y, columns * (int64_t)sizeof *y));
        int64_t whole = pair.products->products;
        CU_ASSERT(whole > 3 && whole < 4 * columns);
        memcpy(x, b, sizeof x);
        CU_ASSERT_EQUAL(hessian_solve_near(pair.products, y, x), -1);
        CU_ASSERT(pair.products->products - whole <= 2 + columns / 2);
        CHECK_CLOSE(distance(columns, x, y), 0.0, 1e-12);
        whole = pair.products->products;
        memcpy(x, b, sizeof x);
        CU_ASSERT_EQUAL(hessian_solve_roughly(pair.products, 0.3, x), -1);
        CU_ASSERT(pair.products->products - whole < columns);
        CU_ASSERT(cblas_ddot(columns, x, 1, b, 1) > 0.0);
    } else {
        CU_FAIL("no factor");
    }
    free_pair(&pair);
}

static void solutions_are_those_of_the_matrix(void)
{
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int q = 0; penalty_kinds[q] != NULL; q++) {
            fixture_setup_t setup = setup_of(loss_kinds[k]->name, penalty_kinds[q]->name);
            fixture_t f;
            if (fixture_create(test_comm, &setup, &f))
                check_solutions(&f);
            fixture_free(&f);
        }
}

/* Two columns that are the same, with no penalty to speak of: their difference is a right-hand side
   without a solution. */
static void what_is_not_positive_definite_is_noticed(void)
{
    double X[N * 2], y[N], x[3] = {1.0, -1.0, 0.5}, beta[3] = {0.0}, theta = 0.0;
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    fixture_setup_t setup = {.n = N,
                             .p = 2,
                             .loss = "squared",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .intercept = true,
                             .groups = 1};
    fixture_t f;
    pair_t pair = {NULL, NULL};
    memset(&f, 0, sizeof f);
    draw(3, N, 1.0, y);
    draw(4, 2 * N, 1.0, X);
    for (int i = 0; i < N; i++)
        X[2 * i + 1] = X[2 * i];
    data_arrays_t arrays = {.n = N, .p = 2, .X = X, .y = y};
    if (CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
        fixture_wrap(data, &setup, &f)) {
        theta = -80.0;
        problem_move(f.problem, &theta, beta);
        if (make_pair(f.problem, &pair)) {
            CU_ASSERT(hessian_factor(pair.matrix) >= 0);
            CU_ASSERT_EQUAL(hessian_factor(pair.products), -1);
            int column = hessian_solve(pair.products, x);
            CU_ASSERT(column == 0 || column == 1);
        }
    }
    free_pair(&pair);
    fixture_free(&f);
}

/* No array has columns^2 numbers, and the formula knows each. */
static void memory_is_what_the_formula_says(void)
{
    fixture_setup_t setup = setup_of("logistic", "ridge");
    fixture_t f;
    setup.p = 300;
    if (fixture_create(test_comm, &setup, &f)) {
        hessian_t *hessian = NULL;
        const problem_shape_t shape = problem_shape(f.problem);
        int64_t before = mem_bytes();
        CHECK_OK(hessian_create(f.problem, &hessian_products, &hessian));
        int64_t used = mem_bytes() - before, said = hessian_memory(&hessian_products, &shape);
        CU_ASSERT(used >= said && used <= said + 1024);
        CU_ASSERT(said < shape.width * (int64_t)shape.width);
        hessian_free(&hessian);
    }
    fixture_free(&f);
}

void suite_conjugate(void)
{
    static const test_case_t cases[] = {
        {"solutions are those of the matrix", solutions_are_those_of_the_matrix},
        {"what is not positive definite is noticed", what_is_not_positive_definite_is_noticed},
        {"memory is what the formula says", memory_is_what_the_formula_says},
    };
    REGISTER("conjugate", cases);
}
