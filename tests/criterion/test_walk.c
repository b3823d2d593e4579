/* SPDX-License-Identifier: BSD-3-Clause */
/* The contract of the criteria, walked over the tables: every criterion with every loss and
   penalty. A new row of a table is walked without a word here. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "support.h"

enum { GROUPS = 5, MOST = FIXTURE_MOST, DIRECTIONS = 3 };

static const double theta_here[MOST] = {0.3, -0.5, 1.0, 0.9, -1.0, 0.5, 0.1, -0.2, 0.7, 0.4};

static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* |a - b| [count] <= tolerance times size. */
static bool agree_within(const double *a, const double *b, int count, double tolerance, double size)
{
    bool good = size > 0.0;
    for (int i = 0; i < count; i++)
        good = good && fabs(a[i] - b[i]) <= tolerance * size;
    return good;
}

/* The same against the largest of b. */
static bool agree(const double *a, const double *b, int count, double tolerance)
{
    return agree_within(a, b, count, tolerance, largest(b, count));
}

/* Fourth-order central differences of the value and of the gradient. */
static bool differences(fixture_t *f, double step, fixture_numbers_t *out)
{
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
    int count = f->penalty->count;
    memset(out, 0, sizeof *out);
    for (int s = 0; s < count; s++)
        for (int k = 0; k < 4; k++) {
            double moved[MOST];
            fixture_numbers_t there;
            memcpy(moved, theta_here, sizeof moved);
            moved[s] += at[k] * step;
            if (!fixture_evaluate(f, moved, 1, &there))
                return false;
            out->gradient[s] += weight[k] * there.value / (12 * step);
            for (int i = 0; i < count; i++)
                out->hessian[s * count + i] += weight[k] * there.gradient[i] / (12 * step);
        }
    return true;
}

/* A bridge penalty has four derivatives alone where a coefficient passes its delta: no difference
   may reach over that. */
static bool derivatives_hold(fixture_t *f, const fixture_numbers_t *exact)
{
    static const double steps[] = {2e-3, 2e-4};
    fixture_numbers_t near;
    int count = exact->count;
    bool good = false;
    for (int i = 0; i < 2 && !good; i++)
        good = differences(f, steps[i], &near) &&
               agree(exact->gradient, near.gradient, count, 1e-6) &&
               agree(exact->hessian, near.hessian, count * count, 1e-6);
    return good;
}

/* Products with several directions, after an evaluation with the Hessian and after one without. */
static bool products_hold(fixture_t *f, const fixture_numbers_t *exact)
{
    fixture_numbers_t ignored;
    int count = exact->count;
    bool good = true;
    for (int order = 2; order >= 1; order--) {
        good = fixture_evaluate(f, theta_here, order, &ignored) && good;
        for (int k = 0; good && k < DIRECTIONS; k++) {
            double direction[MOST], out[MOST], want[MOST] = {0};
            for (int s = 0; s < count; s++)
                direction[s] = sin(1.0 + s + 3.0 * k);
            for (int i = 0; i < count * count; i++)
                want[i / count] += exact->hessian[i] * direction[i % count];
            criterion_product(f->criterion, direction, out);
            good = agree(out, want, count, 1e-9);
        }
    }
    return good;
}

/* One rank with all rows finds the same; a gradient may be near 0 and is as exact as the Hessian.
 */
static bool serial_holds(const fixture_setup_t *setup, const fixture_numbers_t *parallel)
{
    comm_t *self = NULL;
    fixture_t f;
    fixture_numbers_t serial;
    bool good = false;
    memset(&f, 0, sizeof f);
    CHECK_OK(comm_self(&self));
    if (fixture_create(self, setup, &f) && fixture_evaluate(&f, theta_here, 2, &serial)) {
        int count = serial.count;
        double size = fmax(largest(serial.gradient, count), largest(serial.hessian, count * count));
        good = agree(&parallel->value, &serial.value, 1, 1e-11) &&
               agree(&parallel->error, &serial.error, 1, 1e-11) &&
               agree_within(parallel->gradient, serial.gradient, count, 1e-11, size) &&
               agree(parallel->hessian, serial.hessian, count * count, 1e-11);
    }
    fixture_free(&f);
    comm_free(&self);
    return good;
}

typedef struct tally {
    int walked, derivatives, products, serial; /* how many hold */
} tally_t;

/* Counts what holds; all ranks do the same, whatever fails. */
static void visit(const fixture_setup_t *setup, tally_t *tally)
{
    fixture_t f;
    fixture_numbers_t exact;
    bool derivatives = false, products = false, serial = false;
    if (fixture_create(test_comm, setup, &f) && fixture_evaluate(&f, theta_here, 2, &exact)) {
        derivatives = derivatives_hold(&f, &exact);
        products = f.criterion->kind->product == NULL || products_hold(&f, &exact);
        serial = serial_holds(setup, &exact);
    }
    if (!derivatives || !products || !serial)
        fprintf(stderr, "%s, %s, %s%s: not right:%s%s%s\n", setup->loss, setup->penalty,
                setup->criterion, setup->weights ? ", weights, offset and groups" : "",
                derivatives ? "" : " derivatives", products ? "" : " products",
                serial ? "" : " dependence on the ranks");
    fixture_free(&f);
    tally->walked++;
    tally->derivatives += derivatives;
    tally->products += products;
    tally->serial += serial;
}

/* Plain and standardised, and with weights, offset, groups and a free column. */
static void walk(void)
{
    tally_t tally = {0};
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        for (int k = 0; loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++)
                for (int plain = 0; plain < 2; plain++) {
                    fixture_setup_t setup = {.n = 47,
                                             .p = 6,
                                             .loss = loss_kinds[k]->name,
                                             .penalty = penalty_kinds[q]->name,
                                             .criterion = criterion_kinds[c]->name,
                                             .weights = !plain,
                                             .offset = !plain,
                                             .intercept = true,
                                             .standardize = plain,
                                             .groups = plain ? 1 : GROUPS,
                                             .free_column = !plain};
                    visit(&setup, &tally);
                }
    CU_ASSERT(tally.walked >= 4 * 4 * 2 * 2);
    CU_ASSERT_EQUAL(tally.derivatives, tally.walked);
    CU_ASSERT_EQUAL(tally.products, tally.walked);
    CU_ASSERT_EQUAL(tally.serial, tally.walked);
}

void suite_walk(void)
{
    static const test_case_t cases[] = {
        {"every loss, penalty and criterion", walk},
    };
    REGISTER("walk", cases);
}
