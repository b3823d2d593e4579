/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "study/point.h"
#include "study/scenes.h"
#include "study/tune.h"
#include "support.h"

typedef struct opened {
    config_t *config;
    study_t *study;
} opened_t;

static int open_study(const char *yaml, int count, const char *const *overrides, opened_t *out)
{
    int code = TRALO_OK;
    TRY(config_read(test_comm, yaml, count, overrides, &out->config));
    TRY(study_open(test_comm, out->config, &out->study));
out:
    return code;
}

static void close_study(opened_t *opened)
{
    study_close(&opened->study);
    config_free(&opened->config);
}

/* ---- the box ----------------------------------------------------------------------------------
 */

/* exp of the box of a scene with one penalty: start, and that lower and upper follow from it. */
static double find_start(const scene_t *scene)
{
    char yaml[SCENE_PATH];
    opened_t opened = {NULL, NULL};
    double start = NAN;
    scene_make(scene, yaml);
    if (CHECK_OK(open_study(yaml, 0, NULL, &opened))) {
        const outer_box_t *box = &opened.study->box;
        start = exp(box->start[0]);
        CU_ASSERT(box->count == 1);
        CHECK_CLOSE(box->lower[0], box->start[0] + log(1e-8), 1e-12);
        CHECK_CLOSE(box->upper[0], box->start[0] + log(1e4), 1e-12);
        CU_ASSERT(comm_same(test_comm, opened.study->theta, 3 * (int64_t)sizeof(double)));
    }
    close_study(&opened);
    return start;
}

/* Standardised columns have X' diag(l'') X = n l'' on the diagonal where l'' is the same for all.
 */
static void box_follows_the_data(void)
{
    scene_t scene = {.name = "box", .loss = "squared", .factor = 1.0};
    CHECK_CLOSE(find_start(&scene) / 40.0, 1.0, 1e-12);
    scene.factor = 1e6;
    CHECK_CLOSE(find_start(&scene) / 40.0, 1.0, 1e-12);
    scene.weight = 2.5;
    CHECK_CLOSE(find_start(&scene) / 100.0, 1.0, 1e-12);
}

/* The linear kernel begins where ridge does, rows of 6 standardised features are about sqrt(12)
   apart, and a kernel of distance 0 is 1. */
static void box_of_a_kernel(void)
{
    const struct {
        const char *model;
        double lambda, width, tolerance; /* where the search starts; of the width */
    } cases[] = {{"model={loss: squared, kernel: linear}", 40.0, 0.0, 0.0},
                 {"model={loss: squared, kernel: rbf}", 40.0 / 6.0, sqrt(12.0), 0.1},
                 {"model={loss: squared, kernel: polynomial}", 0.0, sqrt(6.0), 1e-12}};
    char yaml[SCENE_PATH];
    const scene_t scene = {.name = "box", .loss = "squared", .factor = 1.0};
    scene_make(&scene, yaml);
    for (int i = 0; i < 3; i++) {
        opened_t opened = {NULL, NULL};
        if (CHECK_OK(open_study(yaml, 1, &cases[i].model, &opened))) {
            const outer_box_t *box = &opened.study->box;
            CU_ASSERT_EQUAL(box->count, i == 0 ? 1 : 2);
            if (cases[i].lambda > 0.0)
                CHECK_CLOSE(exp(box->start[0]), cases[i].lambda, 1e-10);
            CHECK_CLOSE(box->lower[0], box->start[0] + log(1e-6), 1e-12);
            CHECK_CLOSE(box->upper[0], box->start[0] + log(1e4), 1e-12);
            for (int s = 1; s < box->count; s++) {
                CHECK_CLOSE(exp(box->start[s]) / cases[i].width, 1.0, cases[i].tolerance);
                CHECK_CLOSE(box->lower[s], box->start[s] - log(20.0), 1e-12);
                CHECK_CLOSE(box->upper[s], box->start[s] + log(20.0), 1e-12);
            }
            CU_ASSERT(comm_same(test_comm, opened.study->theta,
                                3 * box->count * (int64_t)sizeof(double)));
        }
        close_study(&opened);
    }
}

/* The null model of the made-up labels and counts: the share p of +1 gives l'' = p (1 - p), counts
   of mean m give l'' = m. */
static void box_uses_the_null_model(void)
{
    scene_t scene = {.name = "box", .loss = "logistic", .factor = 1.0};
    char yaml[SCENE_PATH];
    double mean = 0.0, start;
    opened_t opened = {NULL, NULL};
    scene_make(&scene, yaml);
    if (CHECK_OK(open_study(yaml, 0, NULL, &opened)))
        for (int64_t i = 0; i < opened.study->data->rows; i++)
            mean += 0.5 * (opened.study->data->y[i] + 1.0) / 40.0;
    mean = comm_sum_one(test_comm, mean);
    close_study(&opened);
    CHECK_CLOSE(find_start(&scene) / (40.0 * mean * (1.0 - mean)), 1.0, 1e-5);
    scene = (scene_t){.name = "box", .loss = "poisson", .factor = 1e8};
    start = find_start(&scene);
    scene.factor = 1.0;
    CU_ASSERT(start > 1e9 && start < 1e10);
    CHECK_CLOSE(find_start(&scene) / start * 1e8, 1.0, 0.1);
}

static void box_takes_what_is_given(void)
{
    char yaml[SCENE_PATH];
    const scene_t scene = {.name = "box", .loss = "squared", .factor = 1.0};
    const char *lists[] = {"model.groups=[[a, b, c], [d, e, f]]", "search.lower=[1, 2]",
                           "search.upper=7", "search.start=[3, 4]"};
    const char *crossed[] = {"search.lower=1e9"}, *outside[] = {"search.start=1e-9"};
    opened_t opened = {NULL, NULL};
    scene_make(&scene, yaml);
    if (CHECK_OK(open_study(yaml, 4, lists, &opened)))
        for (int g = 0; g < 2; g++) {
            CHECK_CLOSE(exp(opened.study->box.lower[g]), 1.0 + g, 1e-13);
            CHECK_CLOSE(exp(opened.study->box.upper[g]), 7.0, 1e-13);
            CHECK_CLOSE(exp(opened.study->box.start[g]), 3.0 + g, 1e-13);
        }
    close_study(&opened);
    CHECK_FAILS(open_study(yaml, 1, crossed, &opened), TRALO_ERR_INPUT,
                "group 0: search.lower = 1e+09 of lambda is not below search.upper = 400000");
    close_study(&opened);
    CHECK_FAILS(open_study(yaml, 1, outside, &opened), TRALO_ERR_INPUT,
                "group 0: search.start = 1e-09 of lambda is not between its bounds");
    close_study(&opened);
}

/* ---- the search -------------------------------------------------------------------------------
 */

typedef struct answer {
    double lambda, criterion;
} answer_t;

static answer_t search(const scene_t *scene)
{
    char yaml[SCENE_PATH];
    double numbers[2] = {NAN, NAN};
    opened_t opened = {NULL, NULL};
    tune_outcome_t outcome = {.result = NULL};
    scene_make(scene, yaml);
    if (CHECK_OK(open_study(yaml, 0, NULL, &opened)) &&
        CHECK_OK(tune_run(opened.study, &outcome)) && outcome.result != NULL) {
        numbers[0] = outcome.result->lambda[0];
        numbers[1] = outcome.result->criterion;
    }
    comm_share(test_comm, numbers, sizeof numbers, 0);
    result_free(&outcome.result);
    close_study(&opened);
    return (answer_t){numbers[0], numbers[1]};
}

/* Weights twice as large double lambda and leave the mean; y c times as large leaves lambda for
   squared loss and makes the mean c^2 times as large. */
static void search_scales(void)
{
    static const char *const losses[] = {"squared", "logistic", "poisson"};
    for (int k = 0; k < 3; k++) {
        scene_t scene = {.name = "scale", .loss = losses[k], .weight = 1.5, .factor = 4.0};
        answer_t once = search(&scene);
        scene.weight = 3.0;
        answer_t twice = search(&scene);
        CHECK_CLOSE(twice.lambda / once.lambda, 2.0, 1e-7);
        CHECK_CLOSE(twice.criterion / once.criterion, 1.0, 1e-11);
        scene.factor = 4e3;
        answer_t large = search(&scene);
        if (k == 0) {
            CHECK_CLOSE(large.lambda / twice.lambda, 1.0, 1e-7);
            CHECK_CLOSE(large.criterion / twice.criterion, 1e6, 1e-11);
        }
        CU_ASSERT(isfinite(large.criterion) && large.lambda > 0.0);
    }
}

/* ---- words ------------------------------------------------------------------------------------
 */

static void penalties_in_words(void)
{
    char yaml[SCENE_PATH], text[128];
    const scene_t scene = {.name = "words", .loss = "squared", .factor = 1.0};
    const char *groups = "model.groups=[[a], [b], [c], [d], [e], [f]]";
    opened_t opened = {NULL, NULL};
    double theta[6];
    scene_make(&scene, yaml);
    if (CHECK_OK(open_study(yaml, 1, &groups, &opened))) {
        CHECK_OK(point_parse(opened.study, "1,2,3,4,5,0.25", theta));
        CHECK_CLOSE(theta[5], log(0.25), 1e-15);
        study_lambda_text(opened.study, theta, text, sizeof text);
        CU_ASSERT_STRING_EQUAL(text, "lambda=1,2,...,5,0.25");
        CHECK_OK(point_parse(opened.study, "8", theta));
        for (int s = 0; s < 6; s++)
            CHECK_CLOSE(theta[s], log(8.0), 1e-15);
        CHECK_FAILS(point_parse(opened.study, "1,2", theta), TRALO_ERR_INPUT, "give 1 or 6");
        CHECK_FAILS(point_parse(opened.study, "1,-2", theta), TRALO_ERR_INPUT, "penalties > 0");
    }
    close_study(&opened);
}

/* ---- memory -----------------------------------------------------------------------------------
 */

static int run_study(const char *yaml, const char *model)
{
    int code = TRALO_OK;
    opened_t opened = {NULL, NULL};
    tune_outcome_t outcome = {.result = NULL};
    TRY(open_study(yaml, 1, &model, &opened));
    TRY(tune_run(opened.study, &outcome));
out:
    result_free(&outcome.result);
    close_study(&opened);
    return code;
}

/* Is the failure that was ordered for the k-th allocation still to come? Takes the order back. */
static bool still_to_come(int64_t k)
{
    bool failed = false;
    for (int64_t i = 0; i <= k && !failed; i++) {
        char *block = NULL;
        failed = mem_alloc(1, 1, &block) != TRALO_OK;
        mem_free(&block);
    }
    mem_fail_at(-1);
    return failed;
}

/* The k-th allocation of the last rank fails: all ranks say so, nothing is left. Every k, or with
   growing strides where ranks have to wait for one another. Only the room for the Hessian is asked
   for during the search: without it that evaluation fails, and another start succeeds. */
static void check_allocations(const char *yaml, const char *model)
{
    bool last = comm_rank(test_comm) == comm_size(test_comm) - 1, over = false;
    int stride = comm_size(test_comm) == 1 ? 1000000 : 10, forgiven = 0;
    CHECK_OK(run_study(yaml, model));
    for (int64_t k = 0; !over && k < 100000; k += 1 + k / stride) {
        int64_t before = mem_live();
        mem_fail_at(last ? k : -1);
        int code = run_study(yaml, model);
        over = comm_max_one_int(test_comm, last && still_to_come(k)) != 0;
        forgiven += code == TRALO_OK && !over;
        CU_ASSERT(code == TRALO_OK || (code == TRALO_ERR_MEMORY && !over));
        CU_ASSERT(mem_live() == before);
    }
    CU_ASSERT(over && forgiven <= 1);
}

static void any_allocation_may_fail(void)
{
    char yaml[SCENE_PATH];
    const scene_t scene = {
        .name = "memory", .loss = "logistic", .factor = 1.0, .config = "verify: {rows: 2}"};
    scene_make(&scene, yaml);
    check_allocations(yaml, "model={loss: logistic, penalty: ridge}");
    check_allocations(yaml, "model={loss: logistic, kernel: rbf}");
}

static int quieten(void)
{
    log_setup(LOG_QUIET, false);
    return 0;
}

static int restore(void)
{
    log_setup(LOG_NORMAL, true);
    return 0;
}

void suite_study(void)
{
    CU_pSuite suite = CU_add_suite("study", quieten, restore);
    CU_add_test(suite, "box follows the data", box_follows_the_data);
    CU_add_test(suite, "box of a kernel", box_of_a_kernel);
    CU_add_test(suite, "box uses the null model", box_uses_the_null_model);
    CU_add_test(suite, "box takes what is given", box_takes_what_is_given);
    CU_add_test(suite, "search scales", search_scales);
    CU_add_test(suite, "penalties in words", penalties_in_words);
    CU_add_test(suite, "any allocation may fail", any_allocation_may_fail);
}
