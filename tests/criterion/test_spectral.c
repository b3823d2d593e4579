/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of ALO for one ridge penalty: chosen where it suits, equal to the general one, O(n p).
 */
#include <math.h>
#include <string.h>

#include "criterion/kinds.h"
#include "fixture.h"
#include "linalg/panel.h"
#include "support.h"

static const fixture_setup_t plain = {
    .n = 90, .p = 7, .loss = "squared", .penalty = "ridge", .criterion = "alo", .groups = 1};

static fixture_setup_t with(fixture_setup_t setup, const char *option, const char *value)
{
    setup.option = option;
    setup.value = value;
    return setup;
}

static void compare_at(fixture_t *quick, fixture_t *general, double theta)
{
    fixture_numbers_t a, b;
    const double direction = -2.5;
    double product = 0.0;
    if (!fixture_evaluate(quick, &theta, 2, &a) || !fixture_evaluate(general, &theta, 2, &b))
        return;
    CHECK_CLOSE(a.value / b.value, 1.0, 1e-11);
    CHECK_CLOSE(a.error / b.error, 1.0, 1e-10);
    CHECK_CLOSE(a.gradient[0] / b.value, b.gradient[0] / b.value, 1e-10);
    CHECK_CLOSE(a.hessian[0] / b.value, b.hessian[0] / b.value, 1e-9);
    criterion_product(quick->criterion, &direction, &product);
    CHECK_CLOSE(product, direction * a.hessian[0], 1e-12 * fabs(product));
}

static void compare(fixture_setup_t setup)
{
    fixture_t quick, general;
    memset(&general, 0, sizeof general);
    const fixture_setup_t slow = with(setup, "algebra", "replicated");
    if (fixture_create(test_comm, &setup, &quick) && fixture_create(test_comm, &slow, &general)) {
        CU_ASSERT(quick.criterion->kind == &criterion_alo_spectral);
        CU_ASSERT(general.criterion->kind == &criterion_alo);
        for (double theta = -2.0; theta <= 8.0; theta += 2.5)
            compare_at(&quick, &general, theta);
    }
    fixture_free(&quick);
    fixture_free(&general);
}

static void it_equals_the_general_form(void)
{
    for (int bits = 0; bits < 16; bits++) {
        fixture_setup_t setup = plain;
        setup.weights = bits & 1;
        setup.offset = bits & 2;
        setup.intercept = bits & 4;
        setup.standardize = bits & 8;
        compare(setup);
    }
    fixture_setup_t wide = plain;
    wide.n = 11;
    wide.p = 30;
    wide.intercept = true;
    compare(wide);
}

static void another_loss_may_judge(void)
{
    fixture_t quick;
    fixture_setup_t setup = with(plain, "loss", "pseudo_huber");
    if (fixture_create(test_comm, &setup, &quick)) {
        fixture_numbers_t a, up, down;
        const double step = 1e-3, theta = 1.0, above = theta + step, below = theta - step;
        CU_ASSERT(quick.criterion->kind == &criterion_alo_spectral);
        if (fixture_evaluate(&quick, &theta, 2, &a) && fixture_evaluate(&quick, &above, 1, &up) &&
            fixture_evaluate(&quick, &below, 1, &down)) {
            CHECK_CLOSE((up.value - down.value) / (2.0 * step), a.gradient[0], 1e-6 * a.value);
            CHECK_CLOSE((up.gradient[0] - down.gradient[0]) / (2.0 * step), a.hessian[0],
                        1e-6 * a.value);
        }
    }
    fixture_free(&quick);
}

static const criterion_kind_t *choice(fixture_setup_t setup)
{
    fixture_t f;
    const criterion_kind_t *kind = NULL;
    if (fixture_create(test_comm, &setup, &f))
        kind = f.criterion->kind;
    fixture_free(&f);
    return kind;
}

static void it_is_chosen_only_where_it_suits(void)
{
    fixture_setup_t two = plain, loss = plain, bridge = plain, unpenalised = plain;
    two.groups = 2;
    loss.loss = "logistic";
    bridge.penalty = "bridge";
    unpenalised.free_column = true;
    CU_ASSERT(choice(plain) == &criterion_alo_spectral);
    CU_ASSERT(choice(two) == &criterion_alo && choice(loss) == &criterion_alo);
    CU_ASSERT(choice(bridge) == &criterion_alo && choice(unpenalised) == &criterion_alo);
}

static void an_evaluation_costs_no_matrix(void)
{
    fixture_t f;
    criterion_result_t r;
    fixture_setup_t setup = plain;
    const double theta = 0.5, lowest = -700.0;
    setup.intercept = true;
    if (fixture_create(test_comm, &setup, &f)) {
        const panel_counters_t before = panel_counters();
        comm_counters_reset(test_comm);
        criterion_evaluate(f.criterion, &theta, 2, &r);
        CU_ASSERT(r.valid && panel_counters().square == before.square);
        CU_ASSERT(comm_counters(test_comm).bytes < 100);
        criterion_evaluate(f.criterion, &lowest, 2, &r);
        CU_ASSERT(r.valid); /* the rows are more than the columns: no penalty is needed */
    }
    fixture_free(&f);
    setup.n = 5;
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_evaluate(f.criterion, &lowest, 2, &r);
        CU_ASSERT(!r.valid && strstr(r.failure, "raise search.lower") != NULL);
    }
    fixture_free(&f);
}

void suite_spectral(void)
{
    static const test_case_t cases[] = {
        {"it equals the general form", it_equals_the_general_form},
        {"another loss may judge", another_loss_may_judge},
        {"it is chosen only where it suits", it_is_chosen_only_where_it_suits},
        {"an evaluation costs no matrix", an_evaluation_costs_no_matrix},
    };
    REGISTER("spectral", cases);
}
