/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of groups of rows as hyperparameters: which rows have which, what the training problem
   makes of them, and derivatives of criteria beside differences. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "support.h"

enum { N = 46, P = 4, GROUPS = 5, OUTPUTS = 3, MOST = OUTPUTS * (P + 1) };
static const double theta_here[GROUPS] = {0.3, -1.2, 2.0, 0.0, -0.4};

static fixture_setup_t setup_of(const char *loss, const char *criterion)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = criterion,
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .standardize = DATA_STANDARDIZE,
                             .groups = 1,
                             .row_groups = GROUPS};
    if (strcmp(criterion, "kfold") == 0) {
        setup.option = "folds";
        setup.value = "3";
    }
    return setup;
}

/* ---- which rows ---- */

static void rows_are_dealt_in_their_order(void)
{
    fixture_setup_t setup = setup_of("logistic", "holdout");
    fixture_t f;
    row_weights_t *w = NULL;
    int sizes[GROUPS] = {0};
    double counts[GROUPS] = {0.0};
    if (fixture_create(test_comm, &setup, &f)) {
        w = f.row_weights;
        for (int64_t i = 0; i < f.data->rows; i++) {
            CU_ASSERT_EQUAL(w->group[i], (f.data->first + i) * GROUPS / N);
            sizes[w->group[i]]++;
        }
        for (int g = 0; g < GROUPS; g++)
            counts[g] = sizes[g];
        comm_sum(test_comm, counts, GROUPS);
        for (int g = 0; g < GROUPS; g++)
            CU_ASSERT(counts[g] == 9.0 || counts[g] == 10.0);
    }
    fixture_free(&f);
}

/* With /fold, only the rows that train (0) have a group. */
static void rows_that_do_not_train_have_none(void)
{
    fixture_setup_t setup = setup_of("logistic", "holdout");
    fixture_t f;
    row_weights_t *w = NULL;
    if (fixture_create(test_comm, &setup, &f) &&
        CHECK_OK(mem_alloc(f.data->rows, sizeof *f.data->fold, &f.data->fold))) {
        for (int64_t i = 0; i < f.data->rows; i++)
            f.data->fold[i] = (f.data->first + i) % 2 == 1;
        if (CHECK_OK(row_weights_create(f.data, N / 2, &w)))
            for (int64_t i = 0; i < f.data->rows; i++) {
                const int64_t row = f.data->first + i;
                CU_ASSERT_EQUAL(w->group[i], row % 2 == 1 ? -1 : row / 2);
            }
        row_weights_free(&w);
        CHECK_FAILS(row_weights_create(f.data, N / 2 + 1, &w), TRALO_ERR_INPUT,
                    "model.weights.groups = 24: only 23 rows train (/fold 0)");
        mem_free(&f.data->fold);
        CHECK_FAILS(row_weights_create(f.data, N + 1, &w), TRALO_ERR_INPUT,
                    "model.weights.groups = 47: only 46 rows are there");
    }
    fixture_free(&f);
}

/* ---- the training problem ---- */

/* The same L, gradient and H as with the products of the weights in the data. */
static void check_problem(const char *loss)
{
    fixture_setup_t setup = setup_of(loss, "holdout");
    fixture_t f, g;
    double beta[MOST], gradient[MOST], image[MOST], expected[MOST], rows[OUTPUTS * N];
    const double lambda = log(2.0);
    for (int j = 0; j < MOST; j++)
        beta[j] = 0.3 * sin(j + 1.0);
    bool made = fixture_create(test_comm, &setup, &f);
    setup.row_groups = 0;
    made = fixture_create(test_comm, &setup, &g) && made;
    if (made) {
        const int columns = f.problem->columns;
        for (int64_t i = 0; i < g.data->rows; i++)
            g.data->weights[i] /= 1.0 + exp(-theta_here[f.row_weights->group[i]]);
        problem_move(f.problem, theta_here, beta);
        memcpy(gradient, f.problem->gradient, (size_t)columns * sizeof *gradient);
        problem_multiply(f.problem, beta, rows, image);
        problem_move(g.problem, &lambda, beta);
        problem_multiply(g.problem, beta, rows, expected);
        CHECK_CLOSE(f.problem->size.value, g.problem->size.value, 1e-13);
        for (int j = 0; j < columns; j++) {
            CHECK_CLOSE(gradient[j], g.problem->gradient[j], 1e-12);
            CHECK_CLOSE(image[j], expected[j], 1e-12);
        }
    }
    fixture_free(&f);
    fixture_free(&g);
}

static void the_problem_is_that_of_weighted_rows(void)
{
    check_problem("squared");
    check_problem("poisson");
    check_problem("softmax");
}

/* ---- derivatives ---- */

static void check_differences(fixture_t *f, const fixture_numbers_t *at, int s)
{
    const double h = 1e-4;
    fixture_numbers_t up, down;
    double theta[GROUPS];
    memcpy(theta, theta_here, sizeof theta);
    theta[s] += h;
    bool good = fixture_evaluate(f, theta, 1, &up);
    theta[s] -= 2.0 * h;
    if (!fixture_evaluate(f, theta, 1, &down) || !good)
        return;
    CHECK_CLOSE(at->gradient[s], (up.value - down.value) / (2.0 * h), 1e-7);
    for (int t = 0; t < GROUPS; t++)
        CHECK_CLOSE(at->hessian[s * GROUPS + t], (up.gradient[t] - down.gradient[t]) / (2.0 * h),
                    1e-7);
}

static void check_product(fixture_t *f, const fixture_numbers_t *at)
{
    static const double direction[GROUPS] = {0.5, -1.0, 0.25, 2.0, -0.75};
    criterion_result_t r;
    double product[GROUPS];
    criterion_evaluate(f->criterion, theta_here, 1, &r);
    criterion_product(f->criterion, direction, product);
    for (int s = 0; s < GROUPS; s++) {
        double expected = 0.0;
        for (int t = 0; t < GROUPS; t++)
            expected += at->hessian[s * GROUPS + t] * direction[t];
        CHECK_CLOSE(product[s], expected, 1e-10);
        CHECK_CLOSE(at->hessian[s * GROUPS + (s + 1) % GROUPS],
                    at->hessian[(s + 1) % GROUPS * GROUPS + s], 1e-10);
    }
}

static void check_derivatives(const char *loss, const char *criterion, const char *algebra)
{
    fixture_setup_t setup = setup_of(loss, criterion);
    fixture_numbers_t at;
    fixture_t f;
    setup.algebra = algebra;
    if (fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_here, 2, &at)) {
        CU_ASSERT_EQUAL(at.count, GROUPS);
        CU_ASSERT(fabs(at.gradient[0]) > 1e-4);
        for (int s = 0; s < GROUPS; s++)
            check_differences(&f, &at, s);
        check_product(&f, &at);
    }
    fixture_free(&f);
}

static void derivatives_are_those_of_differences(void)
{
    check_derivatives("squared", "kfold", "replicated");
    check_derivatives("logistic", "holdout", "products");
    check_derivatives("poisson", "kfold", "products");
    check_derivatives("softmax", "holdout", "replicated");
    check_derivatives("softmax", "kfold", "products");
}

static void other_criteria_refuse(void)
{
    fixture_setup_t setup = setup_of("logistic", "holdout");
    fixture_t f;
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_t *criterion = NULL;
        criterion_common_t options[16] = {{NULL, 0}}; /* all of a kind's that are 0 */
        const criterion_setup_t again = {.kind = criterion_find("alo"),
                                         .options = options,
                                         .problem = f.problem,
                                         .inner = inner_find("newton"),
                                         .inner_options = f.inner_options};
        CHECK_FAILS(criterion_create(&again, &criterion), TRALO_ERR_INPUT,
                    "criterion = alo: model.weights are judged by holdout or kfold");
    }
    fixture_free(&f);
}

void suite_row_weights(void)
{
    static const test_case_t cases[] = {
        {"rows are dealt in their order", rows_are_dealt_in_their_order},
        {"rows that do not train have none", rows_that_do_not_train_have_none},
        {"the problem is that of weighted rows", the_problem_is_that_of_weighted_rows},
        {"derivatives are those of differences", derivatives_are_those_of_differences},
        {"other criteria refuse", other_criteria_refuse},
    };
    REGISTER("row weights", cases);
}
