/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <tralo.h>

#include "study/result.h"
#include "study/scenes.h"
#include "support.h"

static void check_same(const tralo_result_t *r)
{
    int64_t S = r->count, real = (int64_t)sizeof(double);
    CU_ASSERT(comm_same(test_comm, r->theta, S * real));
    CU_ASSERT(comm_same(test_comm, r->lambda, S * real));
    CU_ASSERT(comm_same(test_comm, &r->criterion, real));
    CU_ASSERT(comm_same(test_comm, &r->criterion_se, real));
    CU_ASSERT(comm_same(test_comm, r->gradient, S * real));
    CU_ASSERT(comm_same(test_comm, r->hessian, S * S * real));
    CU_ASSERT(comm_same(test_comm, r->coefficients, r->p * real));
    CU_ASSERT(comm_same(test_comm, &r->intercept, real));
    CU_ASSERT(comm_same(test_comm, &r->evaluations, (int64_t)sizeof r->evaluations));
    CU_ASSERT(comm_same(test_comm, r->reason, (int64_t)strlen(r->reason) + 1));
}

static void check_file(const tralo_result_t *r)
{
    char path[SCENE_PATH];
    result_t *stored = NULL;
    test_path("breast_cancer.result.h5", path, sizeof path);
    if (!CHECK_OK(result_read(test_comm, path, &stored)))
        return;
    CU_ASSERT(stored->p == r->p && stored->n == r->n);
    CU_ASSERT(stored->criterion == r->criterion);
    CU_ASSERT(stored->intercept_original[0] == r->intercept && r->outputs == 1);
    CU_ASSERT(r->intercepts[0] == r->intercept);
    CU_ASSERT(memcmp(stored->coefficients_original, r->coefficients,
                     (size_t)r->p * sizeof *r->coefficients) == 0);
    result_free(&stored);
}

static void finds_the_optimum_on_all_ranks(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    scene_breast_cancer(yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 0, NULL, &r)))
        return;
    CU_ASSERT(r->count == 1 && r->p == 30 && r->n == 569);
    CHECK_CLOSE(1.0 / r->lambda[0], 0.66473822860, 1e-9);
    CHECK_CLOSE(exp(r->theta[0]), r->lambda[0], 1e-14);
    CHECK_CLOSE(r->criterion, 42.591961768247 / 569.0, 1e-12);
    CU_ASSERT(fabs(r->gradient[0]) < 1e-10 && r->hessian[0] > 0.0 && r->hessian_definite);
    CU_ASSERT(r->criterion_se > 0.0 && r->iterations > 0 && r->evaluations > r->iterations);
    CU_ASSERT(r->converged);
    CU_ASSERT_STRING_EQUAL(r->reason, "gradient");
    check_same(r);
    check_file(r);
    tralo_result_free(&r);
    CU_ASSERT(r == NULL);
    tralo_result_free(&r);
}

/* Labels -1 and +1 as two classes: coefficients of each, half of them and of their signs. */
static void returns_the_coefficients_of_each_class(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    const char *overrides[] = {"model.loss=softmax"};
    scene_breast_cancer(yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 1, overrides, &r)))
        return;
    CU_ASSERT(r->outputs == 2 && r->p == 30 && r->intercept == r->intercepts[0]);
    CHECK_CLOSE(2.0 / r->lambda[0], 0.66473822860, 1e-9);
    for (int j = 0; j < r->p; j++)
        CHECK_CLOSE(r->coefficients[j], -r->coefficients[r->p + j], 1e-9);
    CHECK_CLOSE(r->intercepts[0], -r->intercepts[1], 1e-9);
    CU_ASSERT(r->coefficients[0] != 0.0);
    CU_ASSERT(comm_same(test_comm, r->coefficients, 2 * r->p * (int64_t)sizeof(double)));
    CU_ASSERT(comm_same(test_comm, r->intercepts, 2 * (int64_t)sizeof(double)));
    check_same(r);
    tralo_result_free(&r);
}

static void kernels_have_no_coefficients(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    const scene_t scene = {.name = "api", .loss = "squared", .factor = 1.0};
    const char *override = "model={loss: squared, kernel: rbf}";
    scene_make(&scene, yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 1, &override, &r)))
        return;
    CU_ASSERT(r->count == 2 && r->p == 6 && r->coefficients == NULL && r->outputs == 1);
    CHECK_CLOSE(log(r->lambda[1]), r->theta[1], 1e-14);
    CU_ASSERT(isfinite(r->intercept) && r->intercept != 0.0 && r->intercepts[0] == r->intercept);
    CU_ASSERT(comm_same(test_comm, &r->intercept, (int64_t)sizeof r->intercept));
    CU_ASSERT(comm_same(test_comm, r->theta, 2 * (int64_t)sizeof(double)));
    tralo_result_free(&r);
}

static void returns_several_hyperparameters(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    const scene_t scene = {.name = "api", .loss = "squared", .factor = 1.0};
    const char *overrides[] = {"model.groups=[[a, b], [c], [d, e]]", "model.free=[f]"};
    scene_make(&scene, yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 2, overrides, &r)))
        return;
    CU_ASSERT(r->count == 3 && r->p == 6);
    for (int s = 0; s < 3; s++) {
        CHECK_CLOSE(log(r->lambda[s]), r->theta[s], 1e-14);
        for (int t = 0; t < 3; t++)
            CHECK_CLOSE(r->hessian[3 * s + t], r->hessian[3 * t + s], 1e-10);
    }
    check_same(r);
    tralo_result_free(&r);
}

/* A signal to an earlier study does not end this one; a budget ends it, and says so. */
static void says_how_it_ended(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    const char *budget = "search.max_evaluations=10", *sweep = "search.max_evaluations=9";
    scene_breast_cancer(yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 1, &budget, &r)))
        return;
    CU_ASSERT(!r->converged && r->gradient != NULL);
    CU_ASSERT_STRING_EQUAL(r->reason, "budget");
    tralo_result_free(&r);
    raise(SIGUSR1);
    if (CHECK_OK(tralo_tune(test_comm, yaml, 0, NULL, &r)))
        CU_ASSERT_STRING_EQUAL(r->reason, "gradient");
    tralo_result_free(&r);
    if (CHECK_OK(tralo_tune(test_comm, yaml, 1, &sweep, &r)))
        CU_ASSERT(!r->converged && r->gradient == NULL && r->hessian == NULL && r->criterion < 0.1);
    tralo_result_free(&r);
}

/* Writes a study of a program into the test folder; ten points. */
static void write_study(char *path)
{
    test_path("program.yaml", path, SCENE_PATH);
    FILE *file = comm_rank(test_comm) == 0 ? fopen(path, "w") : NULL;
    if (file != NULL) {
        fputs("parameters:\n"
              "  a: {lower: 1, upper: 100, scale: log}\n"
              "  'b[2]': {lower: 0, upper: 9, integer: true}\n"
              "oracle: {kind: command, value: file, run: 'echo {a} >{value}'}\n"
              "search: {method: random, max_evaluations: 10}\n"
              "output: program.h5\n",
              file);
        fclose(file);
    }
    comm_barrier(test_comm);
}

static void asks_a_program(void)
{
    char yaml[SCENE_PATH];
    tralo_result_t *r = NULL;
    const int64_t real = (int64_t)sizeof(double);
    write_study(yaml);
    if (!CHECK_OK(tralo_tune(test_comm, yaml, 0, NULL, &r)))
        return;
    CU_ASSERT(r->count == 3 && r->p == 0 && r->n == 0 && r->outputs == 0);
    CU_ASSERT(r->criterion == r->lambda[0] && r->lambda[0] < 10.0 && isnan(r->criterion_se));
    CHECK_CLOSE(exp(r->theta[0]), r->lambda[0], 1e-14);
    CU_ASSERT(r->lambda[2] == rint(r->theta[2]) && r->coefficients == NULL);
    CU_ASSERT(r->gradient == NULL && r->hessian == NULL && r->evaluations == 10 && r->converged);
    CU_ASSERT(comm_same(test_comm, r->theta, 3 * real));
    CU_ASSERT(comm_same(test_comm, r->lambda, 3 * real));
    tralo_result_free(&r);
    CHECK_FAILS(tralo_tune(test_comm, yaml, 0, NULL, &r), TRALO_ERR_INPUT, "has something in it");
}

static void fails_alike(void)
{
    char yaml[SCENE_PATH], absent[SCENE_PATH];
    tralo_result_t here = {.p = 1}, *r = &here;
    const char *bad = "search.methods=x", *away = "data.file=absent.h5";
    scene_breast_cancer(yaml);
    test_path("absent.yaml", absent, sizeof absent);
    CHECK_FAILS(tralo_tune(test_comm, absent, 0, NULL, &r), TRALO_ERR_FILE, "absent.yaml");
    CHECK_FAILS(tralo_tune(test_comm, yaml, 1, &bad, &r), TRALO_ERR_INPUT, "search.methods");
    CHECK_FAILS(tralo_tune(test_comm, yaml, 1, &away, &r), TRALO_ERR_FILE, "absent.h5");
    CU_ASSERT(r == &here && here.p == 1);
}

void suite_api(void)
{
    const test_case_t cases[] = {
        {"finds the optimum on all ranks", finds_the_optimum_on_all_ranks},
        {"returns the coefficients of each class", returns_the_coefficients_of_each_class},
        {"kernels have no coefficients", kernels_have_no_coefficients},
        {"returns several hyperparameters", returns_several_hyperparameters},
        {"says how it ended", says_how_it_ended},
        {"asks a program", asks_a_program},
        {"fails alike", fails_alike},
    };
    REGISTER("api", cases);
}
