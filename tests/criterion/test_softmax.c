/* SPDX-License-Identifier: BSD-3-Clause */
/* Several outputs: what must hold besides the contract of every criterion. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "support.h"

enum { N = 47, P = 5, GROUPS = 3 };
static const double theta_here[2 * GROUPS] = {0.3, -0.6, 0.9, 0.2, -0.4, 0.5};

typedef struct numbers {
    double value, error, gradient[2 * GROUPS], hessian[4 * GROUPS * GROUPS];
} numbers_t;

static bool evaluate(fixture_t *f, const double *theta, numbers_t *out)
{
    criterion_result_t r;
    size_t count = (size_t)f->penalty->count;
    criterion_evaluate(f->criterion, theta, 2, &r);
    CU_ASSERT(r.valid);
    if (!r.valid)
        return false;
    out->value = r.value;
    out->error = r.standard_error;
    memcpy(out->gradient, r.gradient, count * sizeof(double));
    memcpy(out->hessian, r.hessian, count * count * sizeof(double));
    return true;
}

static void compare(const numbers_t *a, const numbers_t *b, int count, double tolerance)
{
    double slope = 0.0, bend = 0.0;
    for (int s = 0; s < count; s++)
        slope = fmax(slope, fabs(b->gradient[s]));
    for (int s = 0; s < count * count; s++)
        bend = fmax(bend, fabs(b->hessian[s]));
    CHECK_CLOSE(a->value / b->value, 1.0, tolerance);
    CHECK_CLOSE(a->error / b->error, 1.0, tolerance);
    for (int s = 0; s < count; s++)
        CHECK_CLOSE(a->gradient[s] / slope, b->gradient[s] / slope, tolerance);
    for (int s = 0; s < count * count; s++)
        CHECK_CLOSE(a->hessian[s] / bend, b->hessian[s] / bend, tolerance);
}

static fixture_setup_t setup_of(const char *loss, const char *penalty, const char *criterion)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = criterion,
                             .weights = true,
                             .intercept = true,
                             .standardize = true,
                             .groups = GROUPS,
                             .free_column = true};
    return setup;
}

/* The term that makes H definite along a shift of free columns changes no result. */
static void the_gauge_changes_nothing(void)
{
    static const double factors[] = {0.01, 30.0};
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        for (int q = 0; penalty_kinds[q] != NULL; q++)
            for (int i = 0; i < 2; i++) {
                fixture_setup_t setup =
                    setup_of("softmax", penalty_kinds[q]->name, criterion_kinds[c]->name);
                fixture_t f, g;
                numbers_t a, b;
                memset(&g, 0, sizeof g);
                setup.option =
                    setup.criterion[0] == 'k' || setup.criterion[0] == 'l' ? "groups" : NULL;
                setup.value = "1"; /* so that the problem that is fitted is the fixture's */
                if (fixture_create(test_comm, &setup, &f) &&
                    fixture_create(test_comm, &setup, &g)) {
                    g.problem->gauge *= factors[i];
                    if (evaluate(&f, theta_here, &a) && evaluate(&g, theta_here, &b))
                        compare(&a, &b, f.penalty->count, 1e-10);
                }
                fixture_free(&f);
                fixture_free(&g);
            }
}

/* y = -1, +1 as two classes: u_1 - u_0 is the logistic predictor, of which each class has half, so
   that a ridge of lambda here is one of lambda / 2 there. Offsets count by their difference. */
static void two_classes_are_logistic(void)
{
    const double shift = log(2.0);
    double theta[GROUPS], offset[2 * N];
    for (int s = 0; s < GROUPS; s++)
        theta[s] = theta_here[s] + shift;
    for (int c = 0; criterion_kinds[c] != NULL; c++) {
        fixture_setup_t setup = setup_of("logistic", "ridge", criterion_kinds[c]->name);
        fixture_t f, g;
        numbers_t a, b;
        data_options_t options = {.standardize = true, .intercept = true};
        data_t *data = NULL;
        memset(&g, 0, sizeof g);
        setup.offset = true;
        if (!fixture_create(test_comm, &setup, &f))
            continue;
        for (int i = 0; i < N; i++) {
            offset[2 * i] = 0.7 * i;
            offset[2 * i + 1] = 0.7 * i + f.offset[i];
        }
        data_arrays_t arrays = {.n = N,
                                .p = P,
                                .X = f.X,
                                .y = f.y,
                                .weights = f.weights,
                                .offset = offset,
                                .offsets = 2};
        setup.loss = "softmax";
        if (CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
            fixture_wrap(data, &setup, &g)) {
            CU_ASSERT(g.problem->outputs == 2);
            if (evaluate(&f, theta_here, &a) && evaluate(&g, theta, &b))
                compare(&b, &a, GROUPS, 1e-10);
        }
        fixture_free(&f);
        fixture_free(&g);
    }
}

static int64_t bytes_of_evaluation(int64_t n)
{
    fixture_setup_t setup = setup_of("softmax", "ridge", "alo");
    fixture_t f;
    numbers_t out;
    int64_t bytes = -1;
    setup.n = n;
    if (fixture_create(test_comm, &setup, &f) && evaluate(&f, theta_here, &out)) {
        comm_counters_reset(test_comm);
        evaluate(&f, theta_here, &out); /* from its own minimum: the same steps for any n */
        bytes = comm_counters(test_comm).bytes;
    }
    fixture_free(&f);
    return bytes;
}

static void bytes_sent_do_not_depend_on_n(void)
{
    int64_t small = bytes_of_evaluation(100), large = bytes_of_evaluation(400);
    CU_ASSERT(small > 0);
    CU_ASSERT_EQUAL(small, large);
}

/* A class with one row: where that row validates, none of the class trains. */
static void an_absent_class_is_named(void)
{
    fixture_setup_t setup = setup_of("softmax", "ridge", "loo");
    fixture_t f, g;
    criterion_result_t r;
    data_t *data = NULL;
    double y[N];
    for (int with = 1; with >= 0; with--) {
        data_options_t options = {.intercept = with == 1};
        memset(&g, 0, sizeof g);
        setup.free_column = with == 1;
        if (!fixture_create(test_comm, &setup, &f))
            continue;
        for (int i = 0; i < N; i++)
            y[i] = i % 2;
        y[3] = 2.0;
        data_arrays_t arrays = {.n = N, .p = P, .X = f.X, .y = y};
        if (CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
            fixture_wrap(data, &setup, &g)) {
            criterion_evaluate(g.criterion, theta_here, 0, &r);
            CU_ASSERT(r.valid == (with == 0)); /* without free columns there is a minimum */
            if (with == 1)
                CU_ASSERT(strstr(r.failure, "without row 3: no row of class 2 trains") != NULL);
        }
        fixture_free(&f);
        fixture_free(&g);
    }
}

/* A row of weight 0 changes nothing, whatever its class. */
static void rows_without_weight_do_not_count(void)
{
    fixture_setup_t setup = setup_of("softmax", "ridge", "alo");
    fixture_t f, g;
    numbers_t a, b;
    data_options_t options = {.intercept = true};
    data_t *data = NULL;
    memset(&g, 0, sizeof g);
    setup.standardize = false;
    if (fixture_create(test_comm, &setup, &f)) {
        double keep = f.y[20];
        f.weights[20] = 0.0;
        data_arrays_t arrays = {.n = N, .p = P, .X = f.X, .y = f.y, .weights = f.weights};
        bool good = CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
                    fixture_wrap(data, &setup, &g) && evaluate(&g, theta_here, &a);
        fixture_free(&g);
        f.y[20] = keep == 1.0 ? 2.0 : 1.0;
        if (good && CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) &&
            fixture_wrap(data, &setup, &g) && evaluate(&g, theta_here, &b)) {
            CHECK_CLOSE(a.value / b.value, 1.0, 1e-13);
            CHECK_CLOSE(a.gradient[0] / b.gradient[0], 1.0, 1e-12);
            CHECK_CLOSE(a.hessian[0] / b.hessian[0], 1.0, 1e-12);
        }
    }
    fixture_free(&f);
    fixture_free(&g);
}

/* Iris with the weights 1, 1.5, 2, 1, ... and the folds 0, 1, 2, 3, 4, 0, ... where they are
 * wanted. */
static bool iris(const char *criterion, const char *judge, bool standardize, bool weights,
                 fixture_t *f)
{
    data_options_t options = {.standardize = standardize, .intercept = true};
    fixture_setup_t setup = {.loss = "softmax",
                             .penalty = "ridge",
                             .criterion = criterion,
                             .groups = 1,
                             .option = "loss",
                             .value = judge};
    data_t *data = fixture_import("iris", "species", "setosa,versicolor,virginica", &options);
    memset(f, 0, sizeof *f);
    if (data == NULL || !CHECK_OK(mem_alloc(data->rows, sizeof(int), &data->fold)) ||
        !CHECK_OK(mem_alloc(data->rows, sizeof(double), &data->weights)))
        return false;
    data->weight_sum = 0.0;
    for (int64_t i = 0; i < data->rows; i++) {
        data->fold[i] = (int)((data->first + i) % 5);
        data->weights[i] = weights ? 1.0 + 0.5 * (double)((data->first + i) % 3) : 1.0;
        data->weight_sum += data->weights[i];
    }
    data->weight_sum = comm_sum_one(test_comm, data->weight_sum);
    return fixture_wrap(data, &setup, f);
}

/* The best C of standardised iris, and numbers of an independent program (NumPy) that forms every
   matrix whole and inverts it; derivatives in log lambda, second ones by its differences. */
static void iris_has_its_values(void)
{
    static const struct {
        const char *criterion, *judge;
        bool standardize, weights;
        double theta, value, slope, bend; /* bend 0: not known */
    } cases[] = {
        {"alo", "training", true, false, 0.0, 0.142040672221845, 0.0523901679187151, 0.02734291323},
        {"alo", "training", true, false, -1.0, 0.101766184971899, 0.0296901936382654, 0.0},
        {"alo", "training", true, false, 2.0, 0.306879232200106, 0.108732463652466, 0.0},
        {"alo", "training", true, true, 0.0, 0.127955194561789, 0.0422445460533, 0.0},
        {"alo", "training", true, true, -1.0, 0.0961097453093923, 0.0228808968121, 0.0},
        {"alo", "response", true, true, 0.0, 0.0308448859403602, 0.00830741869095, 0.0},
        {"alo", "response", true, true, -1.0, 0.0252673298548896, 0.0034530271177, 0.0},
        {"kfold", "training", false, true, 0.0, 0.127195186825665, 0.0405077544729, 0.0},
        {"loo", "training", false, true, 0.0, 0.114952282397896, 0.0362786095503, 0.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_t f;
        numbers_t r;
        if (iris(cases[i].criterion, cases[i].judge, cases[i].standardize, cases[i].weights, &f) &&
            evaluate(&f, &cases[i].theta, &r)) {
            CHECK_CLOSE(r.value / cases[i].value, 1.0, 1e-12);
            CHECK_CLOSE(r.gradient[0] / cases[i].slope, 1.0, 1e-9);
            if (cases[i].bend != 0.0)
                CHECK_CLOSE(r.hessian[0] / cases[i].bend, 1.0, 1e-8);
        }
        fixture_free(&f);
    }
}

static void iris_has_its_best_penalty(void)
{
    const double best = -log(43.703605);
    fixture_t f;
    numbers_t r;
    if (iris("alo", "training", true, false, &f) && evaluate(&f, &best, &r)) {
        CHECK_CLOSE(r.value / 0.0678319384422, 1.0, 1e-12);
        CHECK_CLOSE(r.gradient[0], 0.0, 1e-10);
        CHECK_CLOSE(r.hessian[0] / 0.00660994277, 1.0, 1e-8);
    }
    fixture_free(&f);
}

void suite_softmax(void)
{
    static const test_case_t cases[] = {
        {"iris has its values", iris_has_its_values},
        {"iris has its best penalty", iris_has_its_best_penalty},
        {"the gauge changes nothing", the_gauge_changes_nothing},
        {"two classes are logistic", two_classes_are_logistic},
        {"bytes sent do not depend on n", bytes_sent_do_not_depend_on_n},
        {"an absent class is named", an_absent_class_is_named},
        {"rows without weight do not count", rows_without_weight_do_not_count},
    };
    REGISTER("softmax", cases);
}
