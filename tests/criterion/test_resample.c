/* SPDX-License-Identifier: BSD-3-Clause */
/* Hold-out, k-fold and leave-one-out against data sets that hold the rows of a part alone. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/evaluation.h"
#include "criterion/exact.h"
#include "criterion/parts.h"
#include "fixture.h"
#include "support.h"

enum { N = 37, P = 4, MOST = 8 };

static const double theta_here[MOST] = {0.4, -0.3, 0.8};

/* ---- parts -------------------------------------------------------------------------------------
 */

static const fixture_setup_t plain = {.n = N,
                                      .p = P,
                                      .loss = "logistic",
                                      .penalty = "ridge",
                                      .criterion = "alo",
                                      .intercept = true,
                                      .standardize = true,
                                      .groups = 1};

static void parts_do_not_depend_on_the_ranks(void)
{
    fixture_t f, alone;
    comm_t *self = NULL;
    parts_request_t request = {.source = PARTS_AUTO, .folds = 5, .seed = 3};
    int mine[N], whole[N], count = 0, sizes[5] = {0};
    memset(&alone, 0, sizeof alone);
    CHECK_OK(comm_self(&self));
    if (fixture_create(test_comm, &plain, &f) && fixture_create(self, &plain, &alone) &&
        CHECK_OK(parts_assign(f.data, &request, mine, &count)) &&
        CHECK_OK(parts_assign(alone.data, &request, whole, &count))) {
        CU_ASSERT(count == 5);
        for (int64_t i = 0; i < f.data->rows; i++)
            CU_ASSERT(mine[i] == whole[f.data->first + i]);
        for (int i = 0; i < N; i++)
            sizes[whole[i]]++;
        for (int k = 0; k < 5; k++)
            CU_ASSERT(sizes[k] == N / 5 || sizes[k] == N / 5 + 1);
        int other[N], same = 0;
        request.seed = 4;
        CHECK_OK(parts_assign(alone.data, &request, other, &count));
        for (int i = 0; i < N; i++)
            same += other[i] == whole[i];
        CU_ASSERT(same < N / 2);
    }
    fixture_free(&f);
    fixture_free(&alone);
    comm_free(&self);
}

static void strata_keep_their_proportion(void)
{
    fixture_t f;
    parts_request_t request = {.source = PARTS_SEED, .folds = 4, .seed = 1, .stratify = true};
    int part[N], count;
    double positives[4] = {0}, sum = 0.0;
    if (fixture_create(test_comm, &plain, &f) &&
        CHECK_OK(parts_assign(f.data, &request, part, &count))) {
        for (int64_t i = 0; i < f.data->rows; i++)
            positives[part[i]] += f.data->y[i] > 0.0;
        comm_sum(test_comm, positives, 4);
        for (int k = 0; k < 4; k++)
            sum += positives[k];
        for (int k = 0; k < 4; k++)
            CU_ASSERT(fabs(positives[k] - sum / 4) < 1.0);
        request.folds = 0;
        request.fraction = 0.25;
        CHECK_OK(parts_assign(f.data, &request, part, &count));
        double held = 0.0;
        for (int64_t i = 0; i < f.data->rows; i++)
            held += part[i] == 0;
        CU_ASSERT(fabs(comm_sum_one(test_comm, held) - N / 4.0) <= 1.5);
    }
    fixture_free(&f);
}

/* Writes /fold of the data set: row i gets pattern[i mod length]. */
static bool set_fold(data_t *data, const int *pattern, int length)
{
    if (data->fold == NULL && !CHECK_OK(mem_alloc(data->rows, sizeof(int), &data->fold)))
        return false;
    for (int64_t i = 0; i < data->rows; i++)
        data->fold[i] = pattern[(data->first + i) % length];
    return true;
}

static void parts_come_from_the_file(void)
{
    static const int folds[] = {0, 1, -1, 2}, gap[] = {0, 2}, holdout[] = {0, 1, 2};
    fixture_t f;
    parts_request_t request = {.source = PARTS_AUTO, .folds = 10};
    int part[N], count;
    if (fixture_create(test_comm, &plain, &f)) {
        request.source = PARTS_FILE;
        CHECK_FAILS(parts_assign(f.data, &request, part, &count), TRALO_ERR_INPUT, "no /fold");
        request.source = PARTS_AUTO;
        set_fold(f.data, folds, 4);
        CHECK_OK(parts_assign(f.data, &request, part, &count));
        CU_ASSERT(count == 3);
        for (int64_t i = 0; i < f.data->rows; i++)
            CU_ASSERT(part[i] == folds[(f.data->first + i) % 4]);
        set_fold(f.data, gap, 2);
        CHECK_FAILS(parts_assign(f.data, &request, part, &count), TRALO_ERR_INPUT,
                    "no row that validates");
        set_fold(f.data, holdout, 3);
        request.folds = 0;
        CHECK_OK(parts_assign(f.data, &request, part, &count));
        static const int wanted[] = {PART_TRAINS, 0, PART_UNUSED};
        for (int64_t i = 0; i < f.data->rows; i++)
            CU_ASSERT(part[i] == wanted[(f.data->first + i) % 3]);
    }
    fixture_free(&f);
}

static void impossible_parts_are_refused(void)
{
    fixture_t f;
    fixture_setup_t setup = plain;
    parts_request_t request = {.source = PARTS_SEED, .folds = N + 1};
    int part[N], count;
    setup.loss = "squared";
    if (fixture_create(test_comm, &setup, &f)) {
        CHECK_FAILS(parts_assign(f.data, &request, part, &count), TRALO_ERR_INPUT, "only 37 rows");
        request.folds = 3;
        request.stratify = true;
        CHECK_FAILS(parts_assign(f.data, &request, part, &count), TRALO_ERR_INPUT, "labels");
        request = (parts_request_t){.source = PARTS_SEED, .fraction = 1e-6};
        CHECK_FAILS(parts_assign(f.data, &request, part, &count), TRALO_ERR_INPUT,
                    "no row that validates");
    }
    fixture_free(&f);
}

/* ---- criteria ----------------------------------------------------------------------------------
 */

/* The minimum on the rows with fold != k alone, standardised by themselves, judged on those with
   fold = k: sum of w phi, by a data set of its own on this rank. */
static double judge_alone(comm_t *self, const fixture_t *f, const fixture_setup_t *setup,
                          const int *fold, int k)
{
    double X[N * P], y[N], w[N], o[N], sum = 0.0;
    data_arrays_t arrays = {.p = P, .X = X, .y = y, .weights = w, .offset = o};
    data_options_t options = {.standardize = setup->standardize, .intercept = true};
    fixture_t g;
    memset(&g, 0, sizeof g);
    for (int i = 0; i < N; i++) {
        if (fold[i] == k)
            continue;
        memcpy(X + arrays.n * P, f->X + i * P, P * sizeof *X);
        y[arrays.n] = f->y[i];
        w[arrays.n] = f->weights[i];
        o[arrays.n++] = f->offset[i];
    }
    data_t *data = NULL;
    if (!CHECK_OK(data_from_arrays(self, &arrays, &options, &data)))
        return NAN;
    if (fixture_wrap(data, setup, &g)) {
        criterion_result_t r;
        criterion_evaluate(g.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid);
        for (int i = 0; r.valid && i < N; i++) {
            double u = f->offset[i] + r.beta[P], loss, *out[1] = {&loss};
            for (int j = 0; j < P; j++)
                u += r.beta[j] * (f->X[i * P + j] - data->mean[j]) / data->scale[j];
            g.problem->loss.derivatives(&g.problem->loss, 1, &f->y[i], &u, 0, out);
            sum += fold[i] == k ? f->weights[i] * loss : 0.0;
        }
    }
    fixture_free(&g);
    return sum;
}

static void check_alone(const char *loss, bool standardize)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = "kfold",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .standardize = standardize,
                             .groups = 3,
                             .option = "folds",
                             .value = "3"};
    fixture_t f;
    comm_t *self = NULL;
    parts_request_t request = {.source = PARTS_SEED, .folds = 3, .seed = 1};
    int part[N], fold[N], count;
    double numbers[N] = {0}, sum = 0.0, weight = 0.0;
    criterion_result_t r;
    CHECK_OK(comm_self(&self));
    if (fixture_create(test_comm, &setup, &f) &&
        CHECK_OK(parts_assign(f.data, &request, part, &count))) {
        for (int64_t i = 0; i < f.data->rows; i++)
            numbers[f.data->first + i] = part[i];
        comm_sum(test_comm, numbers, N);
        for (int i = 0; i < N; i++) {
            fold[i] = (int)numbers[i];
            weight += f.weights[i];
        }
        setup.criterion = "alo";
        setup.option = NULL;
        for (int k = 0; k < 3; k++)
            sum += judge_alone(self, &f, &setup, fold, k);
        criterion_evaluate(f.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid);
        CHECK_CLOSE(r.value / (sum / weight), 1.0, 1e-11);
    }
    fixture_free(&f);
    comm_free(&self);
}

static void parts_agree_with_data_sets_of_their_own(void)
{
    check_alone("squared", true);
    check_alone("logistic", true);
    check_alone("poisson", false);
}

/* Leave-one-out by the criterion and by refits one row at a time; they differ in the
   standardisation, so there is none. */
static void leave_one_out_agrees_with_refits(void)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = "logistic",
                             .penalty = "ridge",
                             .criterion = "loo",
                             .weights = true,
                             .offset = true,
                             .intercept = true,
                             .groups = 3};
    fixture_t f;
    exact_t *exact = NULL;
    criterion_result_t r;
    double losses[N], weights[N], sum = 0.0, weight = 0.0;
    if (fixture_create(test_comm, &setup, &f) && CHECK_OK(exact_create(f.criterion, &exact))) {
        criterion_evaluate(f.criterion, theta_here, 0, &r);
        CU_ASSERT(r.valid);
        exact_request_t request = {.theta = theta_here, .beta = r.beta, .first = 0, .count = N};
        exact_losses(exact, &request, losses, weights);
        for (int i = 0; i < N; i++) {
            sum += weights[i] * losses[i];
            weight += weights[i];
        }
        CHECK_CLOSE(r.value / (sum / weight), 1.0, 1e-11);
        for (int64_t i = 0; r.valid && i < f.data->rows; i++)
            CHECK_CLOSE(r.rows[i], losses[f.data->first + i], 1e-10);
    }
    exact_free(&exact);
    fixture_free(&f);
}

typedef struct numbers {
    double value, error, gradient[MOST], hessian[MOST * MOST], rows[N];
} numbers_t;

static bool evaluate(const fixture_setup_t *setup, numbers_t *out)
{
    fixture_t f;
    criterion_result_t r = {.valid = false};
    memset(out, 0, sizeof *out);
    if (fixture_create(test_comm, setup, &f)) {
        size_t count = (size_t)f.penalty->count;
        criterion_evaluate(f.criterion, theta_here, 2, &r);
        CU_ASSERT(r.valid);
        out->value = r.value;
        out->error = r.standard_error;
        if (r.valid) {
            memcpy(out->gradient, r.gradient, count * sizeof(double));
            memcpy(out->hessian, r.hessian, count * count * sizeof(double));
            memcpy(out->rows + f.data->first, r.rows, (size_t)f.data->rows * sizeof(double));
        }
    }
    fixture_free(&f);
    comm_sum(test_comm, out->rows, N);
    return r.valid;
}

static void check_groups(const char *criterion)
{
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = "poisson",
                             .penalty = "ridge",
                             .criterion = criterion,
                             .weights = true,
                             .intercept = true,
                             .standardize = true,
                             .groups = 3,
                             .option = "groups",
                             .value = "1"};
    numbers_t one, many;
    bool good = evaluate(&setup, &one);
    setup.value = "2";
    if (!good || !evaluate(&setup, &many))
        return;
    CHECK_CLOSE(many.value / one.value, 1.0, 1e-12);
    CHECK_CLOSE(many.error / one.error, 1.0, 1e-12);
    for (int s = 0; s < 3; s++)
        CHECK_CLOSE(many.gradient[s], one.gradient[s], 1e-12);
    for (int s = 0; s < 9; s++)
        CHECK_CLOSE(many.hessian[s], one.hessian[s], 1e-12);
    for (int i = 0; i < N; i++)
        CHECK_CLOSE(many.rows[i], one.rows[i], 1e-11);
}

static void groups_of_ranks_change_nothing(void)
{
    check_groups("loo");
    check_groups("kfold");
}

/* Every evaluation loss: derivatives by fourth-order differences. */
static void check_loss(const char *criterion, const char *loss, const char *judge)
{
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1}, step = 1e-2;
    fixture_setup_t setup = {.n = N,
                             .p = P,
                             .loss = loss,
                             .penalty = "ridge",
                             .criterion = criterion,
                             .weights = true,
                             .intercept = true,
                             .groups = 1,
                             .option = "loss",
                             .value = judge};
    fixture_t f;
    criterion_result_t r;
    double theta = 0.3, slope = 0.0, bend = 0.0;
    if (fixture_create(test_comm, &setup, &f)) {
        for (int k = 0; k < 4; k++) {
            double moved = theta + at[k] * step;
            criterion_evaluate(f.criterion, &moved, 1, &r);
            slope += r.valid ? weight[k] * r.value / (12 * step) : NAN;
            bend += r.valid ? weight[k] * r.gradient[0] / (12 * step) : NAN;
        }
        criterion_evaluate(f.criterion, &theta, 2, &r);
        CU_ASSERT(r.valid && isfinite(slope));
        CHECK_CLOSE(r.valid ? r.gradient[0] : NAN, slope, 1e-7);
        CHECK_CLOSE(r.valid ? r.hessian[0] : NAN, bend, 1e-7);
    }
    fixture_free(&f);
}

static void other_losses_may_judge(void)
{
    for (int c = 0; criterion_kinds[c] != NULL; c++) {
        check_loss(criterion_kinds[c]->name, "logistic", "response");
        check_loss(criterion_kinds[c]->name, "poisson", "response");
        check_loss(criterion_kinds[c]->name, "logistic", "squared");
        check_loss(criterion_kinds[c]->name, "softmax", "response");
    }
    fixture_setup_t setup = {
        .n = N, .p = P, .loss = "squared", .penalty = "ridge", .criterion = "kfold", .groups = 1};
    fixture_t f;
    evaluation_t out;
    if (fixture_create(test_comm, &setup, &f)) {
        CHECK_FAILS(evaluation_find("cubed", f.problem, &out), TRALO_ERR_INPUT, "cubed");
        CHECK_FAILS(evaluation_find("logistic", f.problem, &out), TRALO_ERR_INPUT, "row 0");
        CHECK_OK(evaluation_find(NULL, f.problem, &out));
        CU_ASSERT(strcmp(out.loss.name, "squared") == 0 && !out.response);
    }
    fixture_free(&f);
}

void suite_resample(void)
{
    static const test_case_t cases[] = {
        {"parts do not depend on the ranks", parts_do_not_depend_on_the_ranks},
        {"strata keep their proportion", strata_keep_their_proportion},
        {"parts come from the file", parts_come_from_the_file},
        {"impossible parts are refused", impossible_parts_are_refused},
        {"parts agree with data sets of their own", parts_agree_with_data_sets_of_their_own},
        {"leave-one-out agrees with refits", leave_one_out_agrees_with_refits},
        {"groups of ranks change nothing", groups_of_ranks_change_nothing},
        {"other losses may judge", other_losses_may_judge},
    };
    REGISTER("resample", cases);
}
