/* SPDX-License-Identifier: BSD-3-Clause */
/* What the formulas promise of memory, work and messages, against what is counted, for every form.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/work.h"
#include "criterion/algebra.h"
#include "criterion/course.h"
#include "fixture.h"
#include "support.h"

enum { S = 2 };
static const double theta_first[S] = {0.4, -0.3}, theta_here[S] = {0.9, 0.2};

/* One way to compute a criterion. `percent` is how far the counts of messages may be from the
   formula, where that leaves out what only rounding decides. Sparse rows are as many as the ranks
   can share evenly: the formulas know the entries of the rank that has most. */
typedef struct scene {
    const char *criterion, *loss, *algebra, *option, *value;
    int64_t n;
    int p, groups;
    bool standardize, multiply, sparse;
    int percent;
    bool streamed, single, weighs;
} scene_t;

static const scene_t scenes[] = {
    {"alo", "logistic", "replicated", "whitened", "recompute", 400, 20, S, false, true, false, 0},
    {"alo", "logistic", "replicated", "whitened", "keep", 403, 140, S, false, true, false, 0},
    {"alo", "squared", "replicated", "whitened", "keep", 90, 7, S, true, true, false, 0},
    {"alo", "logistic", "replicated", "whitened", "auto", 91, 7, S, true, true, false, 0},
    {"alo", "poisson", "replicated", "whitened", "recompute", 3, 4, S, false, true, false, 0},
    {"alo", "squared", "spectral", NULL, NULL, 301, 13, 1, false, true, false, 0},
    {"alo", "logistic", "wide", NULL, NULL, 30, 90, S, false, true, false, 0},
    {"alo", "squared", "wide", NULL, NULL, 30, 31, S, true, true, false, 0},
    {"alo", "softmax", "wide", NULL, NULL, 40, 90, S, false, true, false, 0},
    {"alo", "softmax", "wide", NULL, NULL, 40, 60, 1, false, true, false, 0},
    {"kfold", "softmax", "wide", "groups", "1", 40, 90, S, false, true, false, 0},
    {"kfold", "logistic", "wide", "groups", "1", 40, 60, S, false, true, false, 0},
    {"alo", "logistic", "replicated", "whitened", "recompute", 420, 9, S, true, true, true, 0},
    {"holdout", "logistic", "replicated", NULL, NULL, 420, 9, S, true, true, true, 0},
    {"alo", "softmax", "replicated", NULL, NULL, 200, 6, S, false, true, false, 0},
    {"alo", "logistic", "distributed", NULL, NULL, 90, 140, S, false, true, false, 0},
    {"alo", "squared", "distributed", NULL, NULL, 120, 300, S, true, true, false, 0},
    {"alo", "softmax", "distributed", NULL, NULL, 61, 100, S, true, true, false, 0},
    {"alo", "logistic", "distributed", NULL, NULL, 84, 140, S, true, true, true, 0},
    {"alo", "softmax", "distributed", NULL, NULL, 84, 60, S, true, true, true, 0},
    {"kfold", "squared", "distributed", "groups", "1", 84, 40, S, true, true, true, 0},
    {"kfold", "logistic", "distributed", "groups", "1", 91, 70, S, true, true, false, 0},
    {"kfold", "softmax", "distributed", "groups", "1", 91, 40, S, true, true, false, 0},
    {"kfold", "logistic", "replicated", "groups", "1", 91, 6, S, true, true, false, 0},
    {"kfold", "squared", "replicated", "groups", "1", 91, 6, S, false, true, false, 0},
    {"kfold", "softmax", "replicated", "groups", "1", 91, 4, S, false, true, false, 0},
    {"kfold", "logistic", "products", "groups", "1", 91, 40, S, true, true, false, 2},
    {"holdout", "poisson", "replicated", NULL, NULL, 90, 9, S, true, true, false, 0},
    {"holdout", "squared", "products", NULL, NULL, 90, 60, S, false, true, false, 2},
    {"loo", "logistic", "replicated", "groups", "1", 23, 5, S, true, true, false, 2},
    {"alo", "logistic", "replicated", "whitened", "recompute", 90, 20, S, true, true, false, 0,
     true, false},
    {"alo", "squared", "replicated", "whitened", "recompute", 91, 7, S, true, true, false, 0, true,
     true},
    {"alo", "softmax", "replicated", NULL, NULL, 90, 6, S, true, true, false, 0, true, true},
    {"alo", "squared", "spectral", NULL, NULL, 301, 13, 1, true, true, false, 0, true, true},
    {"alo", "logistic", "distributed", NULL, NULL, 60, 300, S, true, true, false, 0, true, true},
    {"alo", "softmax", "distributed", NULL, NULL, 61, 90, S, true, true, false, 0, true, true},
    {"kfold", "squared", "replicated", "groups", "1", 91, 6, S, true, true, false, 0, true, false},
    {"kfold", "softmax", "distributed", "groups", "1", 91, 40, S, true, true, false, 0, true, true},
    {"kfold", "logistic", "products", "groups", "1", 91, 40, S, true, true, false, 2, true, false},
    {"holdout", "poisson", "replicated", NULL, NULL, 90, 9, S, true, true, false, 0, true, true},
    {"kfold", "squared", "replicated", "groups", "1", 91, 6, 1, true, true, false, 0, false, false,
     true},
    {"holdout", "softmax", "products", NULL, NULL, 91, 6, 1, false, true, false, 3, false, false,
     true},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

static bool make(const scene_t *scene, fixture_t *f)
{
    const fixture_setup_t setup = {.n = scene->n,
                                   .p = scene->p,
                                   .loss = scene->loss,
                                   .penalty = "ridge",
                                   .criterion = scene->criterion,
                                   .weights = true,
                                   .intercept = true,
                                   .standardize = scene->standardize,
                                   .streamed = scene->streamed,
                                   .single = scene->single,
                                   .storage = scene->sparse ? DATA_HOLD_SPARSE : DATA_AUTO,
                                   .groups = scene->groups,
                                   .option = scene->option,
                                   .value = scene->value,
                                   .algebra = scene->algebra,
                                   .row_groups = scene->weighs ? S : 0};
    return fixture_create(test_comm, &setup, f);
}

static void say(const scene_t *scene)
{
    fprintf(stderr, "in %s, %s, %s, %s\n", scene->criterion, scene->loss, scene->algebra,
            scene->value != NULL ? scene->value : "");
}

/* Does the scene take what the criterion takes where memory is there? */
static bool roomy(const scene_t *scene)
{
    return scene->value == NULL || strcmp(scene->value, "recompute") != 0;
}

/* As a run sees it: the same on all ranks. */
static problem_shape_t shape_of(const fixture_t *f, const scene_t *scene)
{
    problem_shape_t shape = problem_shape(f->problem);
    const criterion_kind_t *kind = criterion_find(scene->criterion);
    shape.rows = comm_max_one_int(test_comm, shape.rows);
    shape.entries = comm_max_one_int(test_comm, shape.entries);
    shape.parts = kind->parts != NULL ? kind->parts(f->options, shape.n) : 0;
    return shape;
}

/* What is counted of an evaluation, and of a product of the Hessian where no Hessian is asked for:
   amounts over all ranks, messages of the rank that gives most. */
static work_t count(criterion_t *criterion, int order, bool multiply)
{
    criterion_result_t r;
    double product[S];
    work_t after;
    work_reset();
    comm_counters_reset(test_comm);
    criterion_evaluate(criterion, theta_here, order, &r);
    CU_ASSERT(r.valid);
    if (r.valid && multiply)
        criterion_product(criterion, theta_first, product);
    comm_counters_t sent = comm_counters(test_comm);
    after = work_counted();
    for (int k = 0; k < WORK_MOVE; k++)
        after.amount[k] = comm_sum_one(test_comm, after.amount[k]);
    after.calls = (double)sent.calls;
    after.bytes = comm_max_one(test_comm, (double)sent.bytes);
    return after;
}

/* Of the work that takes time. */
static bool check_work(const work_t *found, const work_t *promised, double near)
{
    bool good = true;
    for (int k = 0; k < WORK_MOVE; k++)
        good = CHECK_CLOSE(found->amount[k], promised->amount[k], 1e-9) && good;
    good = CHECK_CLOSE(found->calls / promised->calls, 1.0, near) && good;
    return CHECK_CLOSE(found->bytes / promised->bytes, 1.0, near) && good;
}

/* Is what passes over an X on disk read as promised? */
static bool check_reading(const scene_t *scene, int64_t passes, const work_t *promised)
{
    const double number = scene->single ? sizeof(float) : sizeof(double);
    const double X = scene->streamed ? (double)(scene->n * scene->p) * number : 0.0;
    return CHECK_CLOSE(promised->amount[WORK_READ], (double)passes * X, 0.0);
}

/* The second evaluation of a criterion, from its first. */
static bool check_evaluation(criterion_t *criterion, const problem_shape_t *shape, int order,
                             const scene_t *scene)
{
    const bool multiply = order == 1 && scene->multiply;
    criterion_result_t r;
    criterion_evaluate(criterion, theta_first, 0, &r);
    const int64_t before = scene->streamed ? data_reading(criterion->data).passes : 0;
    const work_t found = count(criterion, order, multiply);
    const course_t course = {.order = order > 0 ? order : 0,
                             .model = order == CRITERION_MODEL,
                             .directions = order > 1 ? shape->count : multiply,
                             .warm = true,
                             .roomy = roomy(scene),
                             .moves = found.amount[WORK_MOVE],
                             .factorisations = found.amount[WORK_FACTOR],
                             .solves = found.amount[WORK_SOLVE],
                             .products = found.amount[WORK_PRODUCT]};
    const int64_t passes = scene->streamed ? data_reading(criterion->data).passes - before : 0;
    work_t promised = {{0}};
    criterion->kind->cost(criterion->form, shape, &course, &promised);
    return check_reading(scene, passes, &promised) &&
           check_work(&found, &promised, 0.01 * scene->percent);
}

static void check_scene(const scene_t *scene, int order)
{
    fixture_t f;
    if (make(scene, &f)) {
        const problem_shape_t shape = shape_of(&f, scene);
        if (!check_evaluation(f.criterion, &shape, order, scene))
            say(scene);
    }
    fixture_free(&f);
}

static void work_is_as_promised(void)
{
    for (int i = 0; i < SCENES; i++)
        for (int order = CRITERION_MODEL; order <= 2; order++)
            check_scene(&scenes[i], order);
}

/* Bytes of a criterion at most, on the rank that has most; all else stays as long as the fixture.
   Rows that are exchanged by columns at the start are panels that the formulas leave out. */
static int64_t count_bytes(fixture_t *f)
{
    const bool exchanged = f->criterion->form == &hessian_wide;
    criterion_result_t r;
    criterion_evaluate(f->criterion, theta_here, 2, &r);
    CU_ASSERT(r.valid);
    const int64_t most = exchanged ? mem_bytes() : mem_peak();
    criterion_free(&f->criterion);
    return comm_max_one_int(test_comm, most - mem_bytes());
}

/* The formulas leave out structs. */
static void check_memory(const scene_t *scene)
{
    const int64_t structs = 2048;
    fixture_t f;
    mem_peak_reset();
    if (make(scene, &f)) {
        const criterion_kind_t *kind = f.criterion->kind;
        const hessian_kind_t *form = f.criterion->form;
        const problem_shape_t shape = shape_of(&f, scene);
        int64_t promised = kind->memory(form, &shape), used = count_bytes(&f);
        if (kind->more != NULL && roomy(scene))
            promised += kind->more(form, &shape);
        CU_ASSERT(used >= promised && used - promised < structs);
        if (used < promised || used - promised >= structs) {
            fprintf(stderr, "%" PRId64 " bytes used, %" PRId64 " promised ", used, promised);
            say(scene);
        }
    }
    fixture_free(&f);
}

static void memory_is_as_promised(void)
{
    for (int i = 0; i < SCENES; i++)
        check_memory(&scenes[i]);
}

/* A search by products has no S x S Hessian, and one by Hessians just that more. */
static void check_hessian(const char *name)
{
    enum { MANY = 60 };
    const int64_t structs = 2048, hessian = MANY * MANY * (int64_t)sizeof(double);
    const scene_t scene = {name, "logistic", "replicated", NULL, NULL,  90,
                           MANY, MANY,       false,        true, false, 0.0};
    const double theta[MANY] = {0.0};
    double product[MANY];
    criterion_result_t r;
    fixture_t f;
    if (make(&scene, &f)) {
        const problem_shape_t shape = shape_of(&f, &scene);
        const criterion_kind_t *kind = f.criterion->kind;
        int64_t promised = kind->memory(f.criterion->form, &shape);
        if (kind->more != NULL && kind->approximates_loo)
            promised += kind->more(f.criterion->form, &shape);
        criterion_evaluate(f.criterion, theta, 1, &r);
        CU_ASSERT(r.valid);
        criterion_product(f.criterion, theta, product);
        const int64_t with_products = mem_bytes();
        criterion_evaluate(f.criterion, theta, 2, &r);
        CU_ASSERT_EQUAL(mem_bytes() - with_products, hessian);
        const int64_t all = mem_bytes();
        criterion_free(&f.criterion);
        const int64_t used = comm_max_one_int(test_comm, all - mem_bytes()) - hessian;
        CU_ASSERT(used >= promised && used - promised < structs);
    }
    fixture_free(&f);
}

static void a_hessian_is_beside_what_is_promised(void)
{
    check_hessian("alo");
    check_hessian("holdout");
}

/* ---- trained by steps along gradients ---- */

typedef struct steps_scene {
    const char *criterion, *loss, *inner, *batch;
    bool sparse;
} steps_scene_t;

static const steps_scene_t by_steps[] = {{"holdout", "logistic", "gd", "0", false},
                                         {"holdout", "logistic", "adam", "21", false},
                                         {"kfold", "softmax", "adam", "0", false},
                                         {"kfold", "softmax", "gd", "14", false},
                                         {"kfold", "poisson", "adam", "21", true}};

static void set_steps(const fixture_t *f, const char *steps)
{
    for (const param_t *row = f->criterion->inner->params; row->name != NULL; row++)
        if (strcmp(row->name, "steps") == 0)
            CHECK_OK(param_set(row, f->inner_options, steps));
}

/* Rows of a sparse X have entries of their own, of which a batch has about its share. */
static void check_steps(const steps_scene_t *s, fixture_t *f, const problem_shape_t *shape)
{
    const inner_kind_t *inner = f->criterion->inner;
    const double near = s->sparse ? 0.1 : 1e-9;
    course_known_t known = {.moves = inner->moves(f->inner_options, shape)};
    const course_t course =
        course_of(f->criterion->kind, f->criterion->form, shape, &known, CRITERION_MODEL);
    work_t promised = {{0}};
    criterion_result_t r;
    f->criterion->kind->cost(f->criterion->form, shape, &course, &promised);
    inner->cost(f->inner_options, shape, course.moves / known.moves, &promised);
    criterion_evaluate(f->criterion, theta_first, 0, &r);
    const work_t found = count(f->criterion, CRITERION_MODEL, false);
    CHECK_CLOSE(found.amount[WORK_MOVE], course.moves, 0.0);
    for (int k = 0; k < WORK_MOVE; k++)
        CHECK_CLOSE(found.amount[k], promised.amount[k], near);
    CHECK_CLOSE(found.calls / promised.calls, 1.0, 0.02);
    CHECK_CLOSE(found.bytes / promised.bytes, 1.0, 0.02);
}

static void steps_along_gradients_are_as_promised(void)
{
    for (size_t i = 0; i < sizeof by_steps / sizeof *by_steps; i++) {
        const steps_scene_t *s = &by_steps[i];
        const scene_t scene = {.criterion = s->criterion};
        const fixture_setup_t setup = {.n = 84,
                                       .p = 12,
                                       .loss = s->loss,
                                       .penalty = "ridge",
                                       .criterion = s->criterion,
                                       .intercept = true,
                                       .standardize = DATA_STANDARDIZE,
                                       .density = s->sparse ? 0.3 : 0.0,
                                       .storage = s->sparse ? DATA_HOLD_SPARSE : DATA_AUTO,
                                       .groups = S,
                                       .option =
                                           strcmp(s->criterion, "kfold") == 0 ? "groups" : NULL,
                                       .value = "1",
                                       .inner = s->inner,
                                       .inner_option = "batch",
                                       .inner_value = s->batch};
        fixture_t f;
        if (fixture_create(test_comm, &setup, &f)) {
            problem_shape_t shape = shape_of(&f, &scene);
            const int64_t entries = problem_shape(f.problem).entries; /* as many as there are */
            shape.entries = comm_sum_one_int(test_comm, entries) / comm_size(test_comm);
            set_steps(&f, "9");
            check_steps(s, &f, &shape);
        }
        fixture_free(&f);
    }
}

/* ---- with a kernel ---- */

static bool make_machine(const fixture_t *f, machine_t **machine, criterion_t **criterion)
{
    const kernel_t kernel = kernel_configured(kernel_find("rbf"), NULL);
    criterion_setup_t setup = {.kind = criterion_find("alo"),
                               .options = f->options,
                               .inner = inner_find("newton"),
                               .inner_options = f->inner_options};
    if (!CHECK_OK(machine_create(f->data, &f->problem->loss, &kernel, machine)))
        return false;
    setup.machine = *machine;
    mem_peak_reset();
    return CHECK_OK(criterion_create(&setup, criterion));
}

static void check_kernel(const scene_t *scene, int order)
{
    fixture_t f;
    machine_t *machine = NULL;
    criterion_t *criterion = NULL;
    if (make(scene, &f) && make_machine(&f, &machine, &criterion)) {
        problem_shape_t shape = shape_of(&f, scene);
        shape.count = machine->count;
        const criterion_kind_t *kind = criterion->kind;
        bool good = check_evaluation(criterion, &shape, order, scene);
        criterion_free(&criterion);
        int64_t used = comm_max_one_int(test_comm, mem_peak() - mem_bytes());
        int64_t beside = used - kind->memory(NULL, &shape);
        good = good && beside >= 0 && beside < 2048;
        CU_ASSERT(good);
        if (!good)
            say(scene);
    }
    criterion_free(&criterion);
    machine_free(&machine);
    fixture_free(&f);
}

static void kernels_are_as_promised(void)
{
    const scene_t kernel = {"alo", "logistic", NULL,  NULL, NULL,  150,
                            3,     1,          false, true, false, 0.0};
    scene_t other = kernel;
    other.loss = "squared";
    other.n = 40;
    for (int order = 0; order <= 2; order++) {
        check_kernel(&kernel, order);
        check_kernel(&other, order);
    }
}

void suite_cost(void)
{
    static const test_case_t cases[] = {
        {"work is as promised", work_is_as_promised},
        {"memory is as promised", memory_is_as_promised},
        {"a Hessian is beside what is promised", a_hessian_is_beside_what_is_promised},
        {"steps along gradients are as promised", steps_along_gradients_are_as_promised},
        {"kernels are as promised", kernels_are_as_promised}};
    REGISTER("cost", cases);
}
