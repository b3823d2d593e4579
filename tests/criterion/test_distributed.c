/* SPDX-License-Identifier: BSD-3-Clause */
/* Matrices by block columns over the ranks beside those that every rank has: the same criterion,
   with more columns than a block or a panel of them has, in the memory that was said. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/kinds.h"
#include "fixture.h"
#include "linalg/dist.h"
#include "support.h"

static const double theta_here[FIXTURE_MOST] = {1.3, 0.5, 1.0, 0.9};

static fixture_setup_t setup_of(const char *loss, const char *penalty, int way)
{
    return (fixture_setup_t){.n = 220,
                             .p = 140,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = "alo",
                             .weights = way > 0,
                             .offset = way > 0,
                             .intercept = true,
                             .standardize = way == 0 ? DATA_AS_IT_IS : DATA_STANDARDIZE,
                             .density = way == 2 ? 0.2 : 0.0,
                             .storage = way == 2 ? DATA_HOLD_SPARSE : DATA_HOLD_DENSE,
                             .groups = way == 1 ? 2 : 1,
                             .option = "algebra"};
}

static double distance(const double *a, const double *b, int count)
{
    double size = 1e-300, most = 0.0;
    for (int i = 0; i < count; i++) {
        size = fmax(size, fabs(b[i]));
        most = fmax(most, fabs(a[i] - b[i]));
    }
    return most / size;
}

/* The evaluation with Hessian, and a product at a point that is reached with a gradient alone. */
static bool evaluate(fixture_setup_t setup, const char *algebra, fixture_numbers_t *out,
                     double *product)
{
    fixture_t f;
    fixture_numbers_t ignored;
    const double direction[FIXTURE_MOST] = {0.7, -1.2, 0.4, 0.9};
    setup.value = algebra;
    bool good = fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_here, 2, out) &&
                fixture_evaluate(&f, theta_here, 1, &ignored);
    if (good) {
        CU_ASSERT((f.criterion->form == &hessian_distributed) == (algebra[0] == 'd'));
        criterion_product(f.criterion, direction, product);
    }
    fixture_free(&f);
    return good;
}

static bool same(const fixture_setup_t *setup)
{
    fixture_numbers_t a, b;
    double product_a[FIXTURE_MOST] = {0.0}, product_b[FIXTURE_MOST] = {0.0}, tolerance = 1e-9;
    if (!evaluate(*setup, "distributed", &a, product_a) ||
        !evaluate(*setup, "replicated", &b, product_b))
        return false;
    const double worst =
        fmax(fmax(distance(&a.value, &b.value, 1), distance(&a.error, &b.error, 1)),
             fmax(distance(a.gradient, b.gradient, a.count),
                  fmax(distance(a.hessian, b.hessian, a.count * a.count),
                       distance(product_a, product_b, a.count))));
    if (worst > tolerance)
        fprintf(stderr, "%s, %s, %s, %d columns%s: %.1e from the replicated form\n", setup->loss,
                setup->penalty, setup->criterion, setup->p, setup->density > 0.0 ? ", sparse" : "",
                worst);
    return worst <= tolerance;
}

static void alo_is_the_same_for_every_loss_and_penalty(void)
{
    int walked = 0, right = 0;
    for (int k = 0; loss_kinds[k] != NULL; k++)
        for (int q = 0; penalty_kinds[q] != NULL && loss_kinds[k]->joint == NULL; q++) {
            const fixture_setup_t setup =
                setup_of(loss_kinds[k]->name, penalty_kinds[q]->name, (k + q) % 3);
            walked++;
            right += same(&setup);
        }
    CU_ASSERT(walked >= 7 * 2);
    CU_ASSERT_EQUAL(right, walked);
}

static void panels_join_without_a_seam(void)
{
    for (int way = 0; way < 3; way++) {
        fixture_setup_t setup = setup_of("logistic", "ridge", way);
        setup.p = 300;
        CU_ASSERT(setup.p > dist_panel(setup.p));
        CU_ASSERT(same(&setup));
    }
}

/* Three classes: 273 columns in two panels, which both have columns of two classes. */
static void several_outputs_share_panels(void)
{
    static const char *const criteria[] = {"holdout", "kfold", "alo"};
    for (int c = 0; c < 3; c++)
        for (int q = 0; penalty_kinds[q] != NULL; q++) {
            fixture_setup_t setup = setup_of("softmax", penalty_kinds[q]->name, 1 + (c + q) % 2);
            setup.p = 90;
            setup.criterion = criteria[c];
            setup.free_column = true;
            CU_ASSERT(same(&setup));
        }
}

static void derivatives_are_those_of_differences(void)
{
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1}, step = 2e-3;
    fixture_setup_t setup = setup_of("logistic", "ridge", 0);
    fixture_t f;
    fixture_numbers_t here, there;
    double first = 0.0, second = 0.0;
    setup.value = "distributed";
    if (fixture_create(test_comm, &setup, &f) && fixture_evaluate(&f, theta_here, 2, &here)) {
        for (int k = 0; k < 4; k++) {
            const double theta = theta_here[0] + at[k] * step;
            if (!fixture_evaluate(&f, &theta, 1, &there))
                break;
            first += weight[k] * there.value / (12 * step);
            second += weight[k] * there.gradient[0] / (12 * step);
        }
        CHECK_CLOSE(first / here.gradient[0], 1.0, 1e-7);
        CHECK_CLOSE(second / here.hessian[0], 1.0, 1e-7);
    }
    fixture_free(&f);
}

/* What an evaluation with Hessian takes at most, beside the data and the problem. */
static void check_memory(fixture_setup_t setup)
{
    fixture_t f;
    fixture_numbers_t ignored;
    setup.value = "distributed";
    if (fixture_create(test_comm, &setup, &f)) {
        const problem_shape_t shape = problem_shape(f.problem);
        const criterion_kind_t *row = f.criterion->kind;
        const int64_t after = mem_bytes();
        criterion_free(&f.criterion);
        const int64_t before = mem_bytes();
        mem_peak_reset();
        CU_ASSERT(after > before);
        criterion_setup_t s = {.kind = criterion_find(setup.criterion),
                               .options = f.options,
                               .problem = f.problem,
                               .inner = inner_find("newton"),
                               .inner_options = f.inner_options};
        if (CHECK_OK(criterion_create(&s, &f.criterion)) &&
            fixture_evaluate(&f, theta_here, 2, &ignored)) {
            const int64_t said = row->memory(&hessian_distributed, &shape);
            const int64_t taken = mem_peak() - before, structs = 2048;
            CU_ASSERT(taken >= said && taken <= said + structs);
        }
    }
    fixture_free(&f);
}

static void memory_is_what_was_said(void)
{
    for (int way = 0; way < 3; way++) {
        fixture_setup_t setup = setup_of("logistic", "bridge", way);
        check_memory(setup);
        setup.p = 300;
        check_memory(setup);
    }
    fixture_setup_t softmax = setup_of("softmax", "ridge", 1);
    softmax.p = 90;
    check_memory(softmax);
}

static void a_singular_hessian_is_an_outcome(void)
{
    static const double lowest = -80.0;
    fixture_setup_t setup = setup_of("squared", "ridge", 0);
    criterion_result_t r;
    fixture_t f;
    setup.n = 90;
    setup.value = "distributed";
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_evaluate(f.criterion, &lowest, 1, &r);
        CU_ASSERT(!r.valid && strstr(r.failure, "singular to working accuracy") != NULL);
    }
    fixture_free(&f);
}

void suite_distributed(void)
{
    static const test_case_t cases[] = {
        {"ALO is the same for every loss and penalty", alo_is_the_same_for_every_loss_and_penalty},
        {"panels join without a seam", panels_join_without_a_seam},
        {"several outputs share panels", several_outputs_share_panels},
        {"derivatives are those of differences", derivatives_are_those_of_differences},
        {"memory is what was said", memory_is_what_was_said},
        {"a singular Hessian is an outcome", a_singular_hessian_is_an_outcome},
    };
    REGISTER("distributed", cases);
}
