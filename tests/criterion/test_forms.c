/* SPDX-License-Identifier: BSD-3-Clause */
/* What a criterion finds does not depend on the form in which the Hessian of the training problem
   is held: every form that suits, with every loss and penalty, beside the matrix that every rank
   has. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "support.h"

enum { GROUPS = 3, MOST = FIXTURE_MOST };

static const double theta_here[MOST] = {0.3, -0.5, 1.0, 0.9, -1.0, 0.5};
static const double theta_next[MOST] = {0.4, -0.6, 1.1, 0.8, -0.9, 0.6};

static fixture_setup_t setup_of(const char *loss, const char *penalty, const char *criterion,
                                bool plain)
{
    return (fixture_setup_t){.n = 53,
                             .p = 7,
                             .loss = loss,
                             .penalty = penalty,
                             .criterion = criterion,
                             .weights = !plain,
                             .offset = !plain,
                             .intercept = true,
                             .standardize = plain,
                             .groups = GROUPS,
                             .free_column = !plain,
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

/* The Hessian at hand by products with unit vectors. */
static void by_products(fixture_t *f, fixture_numbers_t *n)
{
    for (int s = 0; s < n->count; s++) {
        double unit[MOST] = {0.0};
        unit[s] = 1.0;
        criterion_product(f->criterion, unit, n->hessian + s * n->count);
    }
}

/* Values, derivatives, and products after a gradient alone, at two points: the second is reached
   from the first. */
static bool evaluate(fixture_t *f, fixture_numbers_t out[3])
{
    if (!fixture_evaluate(f, theta_here, 2, out) || !fixture_evaluate(f, theta_next, 1, out + 1))
        return false;
    by_products(f, out + 1);
    return fixture_evaluate(f, theta_next, 2, out + 2);
}

static bool same(const fixture_numbers_t *a, const fixture_numbers_t *b, double tolerance)
{
    int count = a->count;
    return distance(&a->value, &b->value, 1) <= tolerance &&
           distance(&a->error, &b->error, 1) <= tolerance &&
           distance(a->gradient, b->gradient, count) <= 10.0 * tolerance &&
           distance(a->hessian, b->hessian, count * count) <= 10.0 * tolerance;
}

/* Returns 1 where the form suits and agrees, 0 where it does not suit, -1 where it does not agree.
 */
static int check_form(const hessian_kind_t *form, fixture_setup_t setup, const fixture_t *f,
                      const fixture_numbers_t wanted[3])
{
    const problem_shape_t shape = problem_shape(f->problem);
    fixture_numbers_t found[3];
    fixture_t g;
    bool good = false;
    if (form->unsuited != NULL && form->unsuited(&shape) != NULL)
        return 0;
    setup.value = form->name;
    if (fixture_create(test_comm, &setup, &g) && evaluate(&g, found)) {
        CU_ASSERT(g.criterion->form == form);
        good = true;
        for (int k = 0; k < 3; k++)
            good = good && same(found + k, wanted + k, 1e-10);
    }
    if (!good)
        fprintf(stderr, "%s, %s, %s%s: form '%s' finds %.17g, %.17g and not %.17g, %.17g\n",
                setup.loss, setup.penalty, setup.criterion, setup.weights ? ", weights" : "",
                form->name, found[0].value, found[0].gradient[0], wanted[0].value,
                wanted[0].gradient[0]);
    fixture_free(&g);
    return good ? 1 : -1;
}

static void check_forms(const char *criterion, const char *loss, const char *penalty, int *agree)
{
    for (int plain = 0; plain < 2; plain++) {
        fixture_setup_t setup = setup_of(loss, penalty, criterion, plain);
        fixture_numbers_t wanted[3];
        fixture_t f;
        setup.value = "replicated";
        if (fixture_create(test_comm, &setup, &f) && evaluate(&f, wanted))
            for (int k = 0; hessian_kinds[k] != NULL; k++) {
                int result = check_form(hessian_kinds[k], setup, &f, wanted);
                CU_ASSERT(result >= 0);
                agree[k] += result > 0;
            }
        fixture_free(&f);
    }
}

static void every_form_finds_the_same(void)
{
    static const char *const criteria[] = {"holdout", "kfold"};
    int agree[16] = {0};
    for (size_t c = 0; c < sizeof criteria / sizeof *criteria; c++)
        for (int k = 0; loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++)
                check_forms(criteria[c], loss_kinds[k]->name, penalty_kinds[q]->name, agree);
    check_forms("loo", "logistic", "ridge", agree);
    check_forms("loo", "softmax", "bridge", agree);
    for (int k = 0; hessian_kinds[k] != NULL; k++)
        if (hessian_kinds[k] == &hessian_replicated || hessian_kinds[k] == &hessian_products ||
            hessian_kinds[k] == &hessian_wide)
            CU_ASSERT(agree[k] >= 2 * 2 * 8 * 2 + 4);
}

/* The formula knows what is allocated (but for the rows that groups of ranks copy), and an
   evaluation with everything allocates no more than the Hessian that it returns. */
static void no_array_has_the_square_of_columns(void)
{
    static const char *const criteria[] = {"holdout", "kfold", "loo"};
    for (size_t c = 0; c < sizeof criteria / sizeof *criteria; c++) {
        fixture_setup_t setup = setup_of("logistic", "ridge", criteria[c], c == 0);
        fixture_numbers_t found;
        fixture_t f;
        setup.n = 23;
        setup.p = 1500;
        setup.value = "products";
        if (fixture_create(test_comm, &setup, &f)) {
            const problem_shape_t shape = problem_shape(f.problem);
            int64_t columns = shape.width, before = mem_bytes();
            int64_t said = f.criterion->kind->memory(f.criterion->form, &shape);
            criterion_free(&f.criterion);
            int64_t used = before - mem_bytes();
            CU_ASSERT(used <= said + 4096 || (comm_size(test_comm) > 1 && c > 0));
            CU_ASSERT(said <= 110 * columns * (int64_t)sizeof(double));
            before = mem_bytes();
            mem_peak_reset();
            CU_ASSERT(fixture_judge(&setup, &f) && fixture_evaluate(&f, theta_here, 2, &found));
            CU_ASSERT(mem_peak() - before <= used + used / 8 || c > 0);
            CU_ASSERT(mem_peak() - before < columns * columns * (int64_t)sizeof(double) / 8);
        }
        fixture_free(&f);
    }
}

/* A rank without memory fails all, and leaves nothing behind. */
static void failed_allocations_are_told_on_all_ranks(void)
{
    fixture_setup_t setup = setup_of("logistic", "ridge", "holdout", true);
    const int last = comm_size(test_comm) - 1;
    int64_t failures = 0;
    int code = TRALO_ERR_MEMORY;
    fixture_t f;
    setup.value = "products";
    if (fixture_create(test_comm, &setup, &f)) {
        criterion_setup_t s = {.kind = criterion_find("holdout"),
                               .options = f.options,
                               .problem = f.problem,
                               .inner = f.criterion->inner,
                               .inner_options = f.inner_options};
        int64_t live = mem_live();
        for (int64_t k = 0; code == TRALO_ERR_MEMORY && k < 200; k++) {
            criterion_t *criterion = NULL;
            mem_fail_at(comm_rank(test_comm) == last ? k : -1);
            code = criterion_create(&s, &criterion);
            mem_fail_at(-1);
            failures += code == TRALO_ERR_MEMORY;
            CU_ASSERT((criterion != NULL) == (code == TRALO_OK));
            criterion_free(&criterion);
            CU_ASSERT(mem_live() == live);
        }
        CU_ASSERT(code == TRALO_OK && failures > 30);
    }
    fixture_free(&f);
}

void suite_forms(void)
{
    static const test_case_t cases[] = {
        {"every form finds the same", every_form_finds_the_same},
        {"failed allocations are told on all ranks", failed_allocations_are_told_on_all_ranks},
        {"no array has the square of columns", no_array_has_the_square_of_columns},
    };
    REGISTER("forms", cases);
}
