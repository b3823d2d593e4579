/* SPDX-License-Identifier: BSD-3-Clause */
/* Every criterion gives the same for rows that stay on disk as for rows in memory, and an error on
   all ranks where they cannot be read. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/work.h"
#include "criterion/exact.h"
#include "data/stream.h"
#include "fixture.h"
#include "problem/distributed.h"
#include "support.h"

enum { BLOCK = 60 };

typedef struct scene {
    const char *name, *target, *labels;
    fixture_setup_t setup;
    double theta;
} scene_t;

static const scene_t scenes[] = {
    {"breast_cancer",
     "diagnosis",
     "malignant,benign",
     {.loss = "logistic", .penalty = "ridge", .criterion = "alo", .intercept = true, .groups = 2},
     0.5},
    {"diabetes",
     "target",
     NULL,
     {.loss = "squared", .penalty = "ridge", .criterion = "alo", .intercept = true, .groups = 1},
     1.0},
    {"diabetes",
     "target",
     NULL,
     {.loss = "pseudo_huber",
      .penalty = "bridge",
      .criterion = "alo",
      .intercept = true,
      .groups = 1},
     0.5},
    {"iris",
     "species",
     "setosa,versicolor,virginica",
     {.loss = "softmax", .penalty = "ridge", .criterion = "alo", .intercept = true, .groups = 1},
     -1.0},
    {"diabetes",
     "target",
     NULL,
     {.loss = "squared", .penalty = "ridge", .criterion = "kfold", .intercept = true, .groups = 2},
     1.0},
    {"breast_cancer",
     "diagnosis",
     "malignant,benign",
     {.loss = "logistic", .penalty = "ridge", .criterion = "kfold", .intercept = true, .groups = 1},
     0.5},
    {"diabetes",
     "target",
     NULL,
     {.loss = "squared",
      .penalty = "ridge",
      .criterion = "holdout",
      .intercept = true,
      .groups = 2},
     1.0},
    {"pollution",
     "MORT",
     NULL,
     {.loss = "squared", .penalty = "ridge", .criterion = "loo", .intercept = true, .groups = 1},
     1.0},
    {"diabetes",
     "target",
     NULL,
     {.loss = "squared",
      .penalty = "ridge",
      .criterion = "alo",
      .algebra = "spectral",
      .intercept = true,
      .groups = 1},
     1.0},
};

static data_t *open_scene(const scene_t *scene, data_memory_t memory)
{
    const data_options_t options = {.standardize = true, .intercept = true, .memory = memory};
    comm_barrier(test_comm); /* nobody has the file open any more */
    return fixture_import(scene->name, scene->target, scene->labels, &options);
}

static void start_at(const fixture_t *f, const scene_t *scene, double *theta)
{
    for (int s = 0; s < f->penalty->count; s++)
        theta[s] = scene->theta + 0.1 * s;
}

/* |a - b| over the largest of the numbers a. */
static double difference(int64_t count, const double *a, const double *b)
{
    double size = 0.0, worst = 0.0;
    for (int64_t i = 0; i < count; i++) {
        size = fmax(size, fabs(a[i]));
        worst = fmax(worst, fabs(a[i] - b[i]));
    }
    return worst / fmax(size, 1e-300);
}

static void evaluate(const scene_t *scene, data_memory_t memory, fixture_numbers_t *out)
{
    fixture_t f = {0};
    double theta[FIXTURE_MOST];
    data_t *data = open_scene(scene, memory);
    if (data != NULL && fixture_wrap(data, &scene->setup, &f)) {
        start_at(&f, scene, theta);
        fixture_evaluate(&f, theta, 2, out);
    }
    fixture_free(&f);
}

static void the_same_as_in_memory(void)
{
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        fixture_numbers_t resident = {0}, streamed = {0};
        evaluate(&scenes[i], DATA_RESIDENT, &resident);
        rows_stream_limit_blocks(BLOCK);
        evaluate(&scenes[i], DATA_STREAM, &streamed);
        rows_stream_limit_blocks(0);
        const int64_t S = resident.count;
        CU_ASSERT(S > 0 && streamed.count == S);
        CHECK_CLOSE(streamed.value / resident.value, 1.0, 1e-11);
        CHECK_CLOSE(streamed.error / resident.error, 1.0, 1e-11);
        CHECK_CLOSE(difference(S, resident.gradient, streamed.gradient), 0.0, 1e-11);
        CHECK_CLOSE(difference(S * S, resident.hessian, streamed.hessian), 0.0, 1e-11);
    }
}

/* A point in a problem costs one pass over the rows, as do its value and gradient. */
static void one_pass_for_a_point(void)
{
    fixture_t f = {0};
    data_t *data = open_scene(&scenes[0], DATA_STREAM);
    if (data != NULL && fixture_wrap(data, &scenes[0].setup, &f)) {
        double theta[FIXTURE_MOST], *beta = f.problem->trial;
        start_at(&f, &scenes[0], theta);
        const int64_t before = data_reading(f.data).passes;
        problem_move(f.problem, theta, beta);
        CU_ASSERT(data_reading(f.data).passes == before + 1);
        problem_rows(f.problem, 4);
        CU_ASSERT(data_reading(f.data).passes == before + 1);
    }
    fixture_free(&f);
}

/* A product of the Hessian costs one pass, whether there is one output or several. */
static void one_pass_for_a_product(void)
{
    static const int which[] = {0, 3};
    for (int i = 0; i < 2; i++) {
        const scene_t *scene = &scenes[which[i]];
        fixture_t f = {0};
        double theta[FIXTURE_MOST], *rows = NULL;
        data_t *data = open_scene(scene, DATA_STREAM);
        if (data != NULL && fixture_wrap(data, &scene->setup, &f) &&
            CHECK_OK(mem_alloc(f.problem->outputs * f.problem->rows, sizeof *rows, &rows))) {
            start_at(&f, scene, theta);
            problem_move(f.problem, theta, f.problem->trial);
            const int64_t before = data_reading(f.data).passes;
            problem_multiply(f.problem, f.problem->trial, rows, f.problem->direction);
            CU_ASSERT(data_reading(f.data).passes == before + 1);
        }
        mem_free(&rows);
        fixture_free(&f);
    }
}

/* Passes of an evaluation of ALO beside those of its fit, which are two in each Newton step. */
static void passes_of_alo(void)
{
    static const int wanted[3] = {1, 4, 11}; /* h; M, k, v; X v, and u., W, h., M., k., v. */
    for (int order = 0; order < 3; order++) {
        fixture_t f = {0};
        data_t *data = open_scene(&scenes[1], DATA_STREAM);
        fixture_setup_t setup = scenes[1].setup;
        setup.loss = "pseudo_huber";
        if (data != NULL && fixture_wrap(data, &setup, &f)) {
            const double theta = scenes[1].theta;
            fixture_numbers_t numbers;
            fixture_evaluate(&f, &theta, 0, &numbers);
            const int64_t first = data_reading(f.data).passes;
            fixture_evaluate(&f, &theta, 0, &numbers); /* no step: the fit and the leverages */
            const int64_t fit = data_reading(f.data).passes - first - 1;
            const int64_t before = data_reading(f.data).passes;
            fixture_evaluate(&f, &theta, order, &numbers);
            const int64_t passes = data_reading(f.data).passes - before - fit;
            CU_ASSERT(passes == wanted[order]);
            if (passes != wanted[order])
                fprintf(stderr, "order %d: %d passes beside %d\n", order, (int)passes, (int)fit);
        }
        fixture_free(&f);
    }
}

/* With the eigenvectors once found, an evaluation is one pass, whatever its order. */
static void one_pass_with_eigenvectors(void)
{
    const scene_t *scene = &scenes[sizeof scenes / sizeof *scenes - 1];
    fixture_t f = {0};
    fixture_numbers_t numbers;
    data_t *data = open_scene(scene, DATA_STREAM);
    if (data != NULL && fixture_wrap(data, &scene->setup, &f))
        for (int order = 0; order < 3; order++) {
            const int64_t before = data_reading(f.data).passes;
            fixture_evaluate(&f, &scene->theta, order, &numbers);
            CU_ASSERT(data_reading(f.data).passes == before + 1);
        }
    fixture_free(&f);
}

/* The same where the ranks share matrices: a sum or form of rows takes a pass for each strip of
   columns, of which there are no more than ranks. */
static void check_shared(fixture_t *f, int order)
{
    /* |x R|^2; G, v, k; X v, u., H., h., v., G., k.; beside them a point, and H where it moves */
    static const int sums[3] = {1, 3, 7}, others[3] = {0, 1, 4};
    const problem_shape_t shape = problem_shape(f->problem);
    const int strip = distributed_strip(&shape), strips = (shape.width + strip - 1) / strip;
    const double first = 2.0, theta = 1.0;
    fixture_numbers_t numbers;
    fixture_evaluate(f, &first, 0, &numbers);
    const int64_t before = data_reading(f->data).passes;
    work_reset();
    fixture_evaluate(f, &theta, order, &numbers);
    const int64_t passes = data_reading(f->data).passes - before;
    const int points = (int)work_counted().amount[WORK_MOVE];
    const int factors = (int)work_counted().amount[WORK_FACTOR];
    CU_ASSERT(strips <= comm_size(test_comm));
    CU_ASSERT_EQUAL(passes, points + (factors + sums[order]) * strips + others[order]);
}

static void passes_of_shared_matrices(void)
{
    fixture_setup_t setup = {.n = 50,
                             .p = 600,
                             .loss = "pseudo_huber",
                             .penalty = "ridge",
                             .criterion = "alo",
                             .algebra = "distributed",
                             .intercept = true,
                             .groups = 1};
    const double theta = 1.0;
    fixture_numbers_t resident = {0}, streamed = {0};
    fixture_t f;
    if (fixture_create(test_comm, &setup, &f))
        fixture_evaluate(&f, &theta, 2, &resident);
    fixture_free(&f);
    setup.streamed = true;
    if (fixture_create(test_comm, &setup, &f)) {
        fixture_evaluate(&f, &theta, 2, &streamed);
        CHECK_CLOSE(streamed.value / resident.value, 1.0, 1e-11);
        CHECK_CLOSE(streamed.gradient[0] / resident.gradient[0], 1.0, 1e-11);
        CHECK_CLOSE(streamed.hessian[0] / resident.hessian[0], 1.0, 1e-11);
        for (int order = 0; order < 3; order++)
            check_shared(&f, order);
    }
    fixture_free(&f);
}

static void break_file(const char *name)
{
    char path[300], file[32];
    snprintf(file, sizeof file, "%s.h5", name);
    test_path(file, path, sizeof path);
    comm_barrier(test_comm);
    if (comm_rank(test_comm) == 0)
        CU_ASSERT(truncate(path, 2000) == 0);
    comm_barrier(test_comm);
}

static void a_failure_reaches_all_ranks(void)
{
    rows_stream_limit_blocks(20);
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        fixture_t f = {0};
        double theta[FIXTURE_MOST];
        criterion_result_t r;
        data_t *data = open_scene(&scenes[i], DATA_STREAM);
        if (data != NULL && fixture_wrap(data, &scenes[i].setup, &f)) {
            start_at(&f, &scenes[i], theta);
            break_file(scenes[i].name);
            criterion_evaluate(f.criterion, theta, 2, &r);
            CU_ASSERT(!r.valid && strstr(r.failure, "has been cut short") != NULL);
            CHECK_FAILS(data_failure(f.data), TRALO_ERR_FILE, "has been cut short");
            criterion_evaluate(f.criterion, theta, 0, &r);
            CU_ASSERT(!r.valid);
        }
        fixture_free(&f);
    }
    rows_stream_limit_blocks(0);
}

static void a_failure_in_refits_reaches_all_ranks(void)
{
    fixture_t f = {0};
    exact_t *exact = NULL;
    criterion_result_t r;
    double loss, weight;
    rows_stream_limit_blocks(20); /* so that not all is read ahead */
    data_t *data = open_scene(&scenes[1], DATA_STREAM);
    if (data != NULL && fixture_wrap(data, &scenes[1].setup, &f) &&
        CHECK_OK(exact_create(f.criterion, &exact))) {
        const double theta = scenes[1].theta;
        criterion_evaluate(f.criterion, &theta, 0, &r);
        const exact_request_t request = {.theta = &theta, .beta = r.beta, .first = 3, .count = 1};
        break_file(scenes[1].name);
        exact_losses(exact, &request, &loss, &weight);
        CHECK_FAILS(data_failure(f.data), TRALO_ERR_FILE, "has been cut short");
    }
    rows_stream_limit_blocks(0);
    exact_free(&exact);
    fixture_free(&f);
}

static void groups_would_hold_all_rows(void)
{
    scene_t scene = scenes[4];
    fixture_t f = {0};
    if (comm_size(test_comm) == 1)
        return;
    data_t *data = open_scene(&scene, DATA_STREAM);
    scene.setup.option = "groups";
    scene.setup.value = "1";
    if (data != NULL && fixture_wrap(data, &scene.setup, &f)) {
        int64_t groups = 2;
        criterion_setup_t again = {.kind = f.criterion->kind,
                                   .options = f.options,
                                   .problem = f.problem,
                                   .inner = f.criterion->inner,
                                   .inner_options = f.inner_options};
        criterion_t *second = NULL;
        for (const param_t *row = f.params; row->name != NULL; row++)
            if (strcmp(row->name, "groups") == 0)
                memcpy((char *)f.options + row->offset, &groups, sizeof groups);
        CHECK_FAILS(criterion_create(&again, &second), TRALO_ERR_INPUT,
                    "criterion.groups = 2: each group would hold all rows in memory");
        criterion_free(&second);
    }
    fixture_free(&f);
}

void suite_streamed(void)
{
    static const test_case_t cases[] = {
        {"the same as in memory", the_same_as_in_memory},
        {"one pass for a point", one_pass_for_a_point},
        {"one pass for a product", one_pass_for_a_product},
        {"passes of ALO", passes_of_alo},
        {"one pass with eigenvectors", one_pass_with_eigenvectors},
        {"passes of shared matrices", passes_of_shared_matrices},
        {"a failure reaches all ranks", a_failure_reaches_all_ranks},
        {"a failure in refits reaches all ranks", a_failure_in_refits_reaches_all_ranks},
        {"groups would hold all rows", groups_would_hold_all_rows},
    };
    REGISTER("streamed", cases);
}
