/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans of searches by values: trials, groups of ranks, and solvers that take steps along
   gradients. */
#include "oracle/deal.h"
#include "study/plan.h"
#include "study/plan_kinds.h"
#include "study/sample.h"
#include "support.h"

static plan_search_t search_of(const char *method, int count)
{
    plan_search_t search = {0};
    plan_kinds_t kinds;
    if (CHECK_OK(plan_kinds_read(NULL, method, 0, &kinds)))
        CHECK_OK(plan_search_make(kinds.method, kinds.method_options, count, &search));
    plan_kinds_release(&kinds);
    return search;
}

static void check_search(const char *method, int count, double trials, double steps, int64_t most)
{
    const plan_search_t s = search_of(method, count);
    CHECK_CLOSE(s.trials, trials, 1e-9);
    CHECK_CLOSE(s.steps, steps, 1e-9);
    CU_ASSERT_EQUAL(s.most, most);
    CHECK_CLOSE(plan_search_waves(&s, 1), trials, 1e-9);
    CHECK_CLOSE(plan_search_waves(&s, most), steps, 1e-9);
}

/* f and five differences there and back; fewer where there are fewer hyperparameters. */
static void searches_have_as_many_trials_as_they_ask_for(void)
{
    check_search("hozog", 20, 990.0, 90.0, 11);
    check_search("hozog", 2000, 990.0, 90.0, 11);
    check_search("hozog max_iterations=7", 2, 35.0, 7.0, 5);
    check_search("hozog rule=constant differences=forward orthogonal=false", 1, 996.0, 166.0, 6);
    check_search("hozog max_evaluations=1000000", 20, 1e6, 1e6 / 11.0, 11);
    check_search("random max_evaluations=200", 3, 200.0, 1.0, 200);
    check_search("grid points=3", 4, 81.0, 1.0, 81);
    check_search("nelder_mead max_evaluations=300", 4, 300.0, 300.0, 1);
    check_search("bobyqa", 4, 1000.0, 1000.0, 1);
}

static void trials_go_in_waves(void)
{
    const plan_search_t hozog = search_of("hozog", 20);
    CU_ASSERT_EQUAL(plan_search_waves(&hozog, 4), 3.0 * 90.0);
    CU_ASSERT_EQUAL(plan_search_waves(&hozog, 6), 2.0 * 90.0);
    CU_ASSERT_EQUAL(plan_search_waves(&hozog, 1000), 90.0);
    const plan_groups_t each = {0, 0, true}, large = {0, 16, false}, few = {3, 0, false};
    CU_ASSERT_EQUAL(plan_groups_ranks(&each, &hozog), 12);
    CU_ASSERT_EQUAL(plan_groups_ranks(&large, &hozog), 64);
    CU_ASSERT_EQUAL(plan_groups_ranks(&few, &hozog), 3);
}

static int make_nothing(const oracle_setup_t *setup, void **work)
{
    (void)setup;
    *work = NULL;
    return TRALO_OK;
}

static void free_nothing(void **work)
{
    *work = NULL;
}

static bool go_on(void)
{
    return false;
}

/* As a run deals them out. */
static void groups_are_those_of_a_run(void)
{
    static const plan_groups_t asked[] = {{0, 0, false}, {2, 0, false},  {0, 2, true},
                                          {3, 0, true},  {0, 50, false}, {100, 0, true}};
    const oracle_kind_t kind = {.name = "nothing", .create = make_nothing, .destroy = free_nothing};
    const space_t space = {.count = 1};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const oracle_common_t common = {.groups = asked[i].groups,
                                        .ranks_per_group = asked[i].ranks_per_group,
                                        .driver =
                                            asked[i].dedicated ? ORACLE_DEDICATED : ORACLE_WORKER};
        const deal_setup_t setup = {
            .comm = test_comm, .kind = &kind, .options = &common, .space = &space, .stop = go_on};
        deal_t *deal = NULL;
        int64_t each;
        if (CHECK_OK(deal_create(&setup, &deal)))
            CU_ASSERT_EQUAL(plan_groups_count(&asked[i], comm_size(test_comm), &each),
                            deal_groups(deal));
        deal_free(&deal);
    }
}

static void groups_share_the_trials(void)
{
    const plan_groups_t groups = {.groups = 4};
    const plan_search_t search = search_of("hozog", 20);
    plan_request_t r = sample_plan(1000000, 500);
    plan_t alone, part, all;
    r.criterion = "holdout";
    r.count = 20;
    r.groups = &groups;
    CHECK_FAILS(plan_make(&r, 8, &all), TRALO_ERR_INPUT, "a search by values");
    r.search = &search;
    CHECK_OK(plan_make(&r, 8, &all));
    CHECK_OK(plan_make(&r, 2, &part)); /* two groups of one rank each */
    r.groups = NULL;
    CHECK_OK(plan_make(&r, 8, &alone));
    CU_ASSERT(all.groups == 4 && all.group_ranks == 2 && alone.groups == 1);
    CU_ASSERT(part.groups == 2 && part.group_ranks == 1);
    CHECK_CLOSE(all.waves, 3.0 * 90.0, 1e-9);
    CHECK_CLOSE(all.use, 990.0 / (4.0 * 270.0), 1e-12);
    CHECK_CLOSE(all.study_seconds, all.once_seconds + 270.0 * all.seconds[0] + alone.model_seconds,
                1e-9);
    CHECK_CLOSE(alone.study_seconds,
                alone.once_seconds + 990.0 * alone.seconds[0] + alone.model_seconds, 1e-9);
    plan_t pair;
    CHECK_OK(plan_make(&r, 2, &pair)); /* as large as a group */
    CU_ASSERT_EQUAL(all.memory, alone.memory + pair.memory);
}

/* 100 steps are 102 moves of all rows; a batch of 50 is some of a move. */
static void steps_along_gradients_are_counted_right(void)
{
    static const char *const inner[] = {"gd steps=100", "gd steps=202", "adam steps=100 batch=50"};
    double rows[3];
    for (int i = 0; i < 3; i++) {
        plan_request_t r = sample_plan(100000, 50);
        plan_kinds_t kinds;
        plan_t plan;
        r.criterion = "holdout";
        CHECK_OK(plan_kinds_read(inner[i], NULL, 0, &kinds));
        r.inner = kinds.inner;
        r.inner_options = kinds.inner_options;
        CHECK_OK(plan_make(&r, 1, &plan));
        CU_ASSERT_STRING_EQUAL(plan.algebra, "products");
        rows[i] = plan.work[0].amount[WORK_PASS] / (4.0 * 100000 * 51);
        plan_kinds_release(&kinds);
    }
    CHECK_CLOSE(rows[0], 102.0, 0.02);
    CHECK_CLOSE(rows[1], 204.0, 0.02);
    CHECK_CLOSE(rows[2], 2.0 + 1.5 * 100 * 50 / 100000.0, 0.02);
}

static void kinds_are_read_with_their_options(void)
{
    plan_kinds_t kinds;
    CHECK_FAILS(plan_kinds_read("luck", NULL, 0, &kinds), TRALO_ERR_INPUT, "no inner solver");
    plan_kinds_release(&kinds);
    CHECK_FAILS(plan_kinds_read("lbfgs", NULL, 0, &kinds), TRALO_ERR_INPUT, "not lbfgs");
    plan_kinds_release(&kinds);
    CHECK_FAILS(plan_kinds_read("gd step=3", NULL, 0, &kinds), TRALO_ERR_INPUT, "option 'step'");
    plan_kinds_release(&kinds);
    CHECK_FAILS(plan_kinds_read("gd rate", NULL, 0, &kinds), TRALO_ERR_INPUT, "option=value");
    plan_kinds_release(&kinds);
    CHECK_FAILS(plan_kinds_read(NULL, "grid points=0", 0, &kinds), TRALO_ERR_INPUT, "points");
    plan_kinds_release(&kinds);
    CHECK_FAILS(plan_kinds_read(NULL, "guess", 0, &kinds), TRALO_ERR_INPUT, "no search 'guess'");
    plan_kinds_release(&kinds);
}

void suite_plan_search(void)
{
    static const test_case_t cases[] = {
        {"searches have as many trials as they ask for",
         searches_have_as_many_trials_as_they_ask_for},
        {"trials go in waves", trials_go_in_waves},
        {"groups are those of a run", groups_are_those_of_a_run},
        {"groups share the trials", groups_share_the_trials},
        {"steps along gradients are counted right", steps_along_gradients_are_counted_right},
        {"kinds are read with their options", kinds_are_read_with_their_options},
    };
    REGISTER("plan search", cases);
}
