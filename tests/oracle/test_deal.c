/* SPDX-License-Identifier: BSD-3-Clause */
/* Trials dealt to the ranks: each is evaluated once, whoever does it; errors and a stop leave
   nothing behind. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oracle/deal.h"
#include "support.h"

enum { TRIALS = 20, ENDLESS = 900, BROKEN = 901, ASKING = 902, SHARING = 903 };

/* An oracle whose value is 10 number + draw + the first value; trial ENDLESS never ends by itself,
   BROKEN is an error; ASKING and SHARING wait in poll until all others are done, but ask whether to
   stop, or communicate with their group. */
typedef struct fake {
    oracle_setup_t setup;
    double value;
    int64_t number;
    double until;
} fake_t;

typedef struct fake_options {
    oracle_common_t common;
    bool broken;
} fake_options_t;

static fake_options_t chosen;
static int prepared, begun; /* times, on this rank */
static int others_done;     /* on rank 0 */

static int prepare(const void *given, bool again)
{
    const fake_options_t *o = given;
    prepared++;
    CU_ASSERT_FALSE(again);
    return o->broken ? error_raise(TRALO_ERR_FILE, "no folder") : TRALO_OK;
}

static int create(const oracle_setup_t *setup, void **work)
{
    int code = TRALO_OK;
    fake_t *fake = NULL;
    ALLOC(fake, 1);
    fake->setup = *setup;
    *work = fake;
out:
    return code;
}

static int begin(void *work, const oracle_trial_t *trial)
{
    fake_t *fake = work;
    begun++;
    fake->number = trial->number;
    fake->value = (double)(10 * trial->number + trial->draw) + trial->values[0];
    fake->until = clock_seconds() + (trial->number % 3 == 0 ? 0.01 : 0.0);
    return TRALO_OK;
}

static void wait_for_others(const fake_t *fake)
{
    const double until = clock_seconds() + 20.0;
    bool over = false;
    while (!over) {
        if (fake->number == ASKING && fake->setup.stop(fake->setup.argument)) {
            error_set("something else");
            return;
        }
        over = others_done == TRIALS - 1 || clock_seconds() > until ||
               comm_rank(test_comm) != 0; /* of rank 0's group only */
        if (fake->number == SHARING)
            over = comm_max_one_int(fake->setup.ranks, comm_rank(test_comm) == 0 && over) != 0;
    }
    CU_ASSERT(clock_seconds() < until);
}

static int poll(void *work, oracle_answer_t *answer, bool *done)
{
    const fake_t *fake = work;
    if ((fake->number == ASKING || fake->number == SHARING) && fake->setup.group == 0)
        wait_for_others(fake);
    *answer = (oracle_answer_t){.valid = true, .value = fake->value};
    answer->stopped = fake->setup.stop(fake->setup.argument);
    *done = answer->stopped || (fake->number != ENDLESS && clock_seconds() >= fake->until);
    *done = comm_max_one_int(fake->setup.ranks, *done) != 0;
    return fake->number == BROKEN ? error_raise(TRALO_ERR_FILE, "trial %d broke", BROKEN)
                                  : TRALO_OK;
}

static void destroy(void **work)
{
    mem_free(work);
}

static const oracle_kind_t kind = {.name = "fake",
                                   .prepare = prepare,
                                   .create = create,
                                   .begin = begin,
                                   .poll = poll,
                                   .destroy = destroy};

static space_parameter_t list[] = {{.name = NULL, .count = 2}};
static const space_t space = {.parameters = 1, .count = 2, .list = list};

static double stop_at; /* clock_seconds(); 0: never */

static bool stop(void)
{
    return stop_at > 0.0 && clock_seconds() > stop_at;
}

/* What rank 0 knows of a batch. */
typedef struct seen {
    int special, number; /* this place of the batch has that number; -1: none */
    int fails_at;        /* `done` fails for this place; -1: none */
    int given, done;
    int times[TRIALS];
    double values[2];
} seen_t;

static bool next(void *argument, oracle_trial_t *out, int64_t *ticket)
{
    seen_t *seen = argument;
    if (seen->given == TRIALS)
        return false;
    const int i = seen->given++;
    seen->values[0] = 0.25 * i;
    *out = (oracle_trial_t){i == seen->special ? seen->number : i + 1, i % 2, seen->values};
    *ticket = i;
    return true;
}

static int done(void *argument, const deal_done_t *dealt)
{
    seen_t *seen = argument;
    const int i = (int)dealt->ticket;
    const oracle_answer_t *answer = dealt->answer;
    CU_ASSERT(dealt->group >= 0 && dealt->group < comm_size(test_comm));
    CU_ASSERT(dealt->began <= clock_seconds() && dealt->began > clock_seconds() - 60.0);
    CU_ASSERT(answer->valid && !answer->stopped);
    const int number = i == seen->special ? seen->number : i + 1;
    CHECK_CLOSE(answer->value, 10.0 * number + i % 2 + 0.25 * i, 0.0);
    seen->times[i]++;
    seen->done++;
    others_done += i != seen->special;
    return i == seen->fails_at ? error_raise(TRALO_ERR_FILE, "the disk is full") : TRALO_OK;
}

static bool complete(void *argument)
{
    return ((const seen_t *)argument)->done == TRIALS;
}

static int run(deal_t *deal, seen_t *seen)
{
    const deal_source_t source = {seen, next, done, complete};
    memset(seen->times, 0, sizeof seen->times);
    seen->given = seen->done = others_done = 0;
    return deal_run(deal, &source);
}

static int total(const seen_t *seen)
{
    int sum = 0;
    for (int i = 0; i < TRIALS; i++)
        sum += seen->times[i];
    return sum;
}

static void check_whole(deal_t *deal)
{
    seen_t seen = {.special = -1, .fails_at = -1};
    CHECK_OK(run(deal, &seen));
    for (int i = 0; i < TRIALS; i++)
        CU_ASSERT(seen.times[i] == 1);
}

static bool open_deal(deal_t **deal)
{
    const deal_setup_t setup = {
        .comm = test_comm, .kind = &kind, .options = &chosen, .space = &space, .stop = stop};
    stop_at = 0.0;
    return CHECK_OK(deal_create(&setup, deal));
}

static void each_once(void)
{
    deal_t *deal = NULL;
    prepared = begun = 0;
    if (!open_deal(&deal))
        return;
    CU_ASSERT(prepared == (comm_rank(test_comm) == 0));
    if (comm_rank(test_comm) == 0) {
        CU_ASSERT(deal_utilisation(deal) == 1.0);
        check_whole(deal);
        check_whole(deal);
        CU_ASSERT(deal_utilisation(deal) > 0.0 && deal_utilisation(deal) <= 1.0 + 1e-9);
        deal_end(deal);
    }
    deal_serve(deal);
    deal_free(&deal);
}

/* After a failure of whatever sort the next batch is whole again. */
static void failures(void)
{
    deal_t *deal = NULL;
    seen_t seen = {.special = 3, .number = BROKEN, .fails_at = -1};
    if (!open_deal(&deal))
        return;
    if (comm_rank(test_comm) == 0) {
        CHECK_FAILS(run(deal, &seen), TRALO_ERR_FILE, "trial 901 broke");
        CU_ASSERT(total(&seen) < TRIALS && seen.times[3] == 0);
        check_whole(deal);
        seen = (seen_t){.special = -1, .fails_at = 2};
        CHECK_FAILS(run(deal, &seen), TRALO_ERR_FILE, "the disk is full");
        CU_ASSERT(total(&seen) < TRIALS && seen.times[2] == 1);
        seen = (seen_t){.special = 19, .number = ENDLESS, .fails_at = 18};
        CHECK_FAILS(run(deal, &seen), TRALO_ERR_FILE, "the disk is full");
        check_whole(deal);
        deal_end(deal);
    }
    deal_serve(deal);
    deal_free(&deal);
}

static void stops(void)
{
    deal_t *deal = NULL;
    seen_t seen = {.special = 1, .number = ENDLESS, .fails_at = -1};
    if (!open_deal(&deal))
        return;
    if (comm_rank(test_comm) == 0) {
        stop_at = clock_seconds() + 0.15;
        CHECK_OK(run(deal, &seen));
        CU_ASSERT(seen.times[0] == 1 && seen.times[1] == 0);
        CHECK_OK(run(deal, &seen));
        CU_ASSERT(total(&seen) == 0);
        stop_at = 0.0;
        check_whole(deal);
        deal_end(deal);
    }
    deal_serve(deal);
    deal_free(&deal);
}

/* The others get their trials while rank 0 is in a long one of its own. */
static void deals_from_inside(int number)
{
    deal_t *deal = NULL;
    seen_t seen = {.special = -1, .fails_at = -1};
    if (!open_deal(&deal))
        return;
    if (comm_rank(test_comm) == 0) {
        /* the first round goes to the groups 1, 2, .., 0 */
        seen.special = deal_groups(deal) - 1;
        seen.number = number;
        if (deal_groups(deal) > 1)
            CHECK_OK(run(deal, &seen));
        CU_ASSERT(deal_groups(deal) == 1 || total(&seen) == TRIALS);
        seen.fails_at = 0;
        if (deal_groups(deal) > 1 && number == ASKING)
            CHECK_FAILS(run(deal, &seen), TRALO_ERR_FILE, "the disk is full");
        deal_end(deal);
    }
    deal_serve(deal);
    deal_free(&deal);
}

static void inside(void)
{
    deals_from_inside(ASKING);
    deals_from_inside(SHARING);
    chosen.common = (oracle_common_t){.groups = 2};
    deals_from_inside(SHARING);
    chosen.common = (oracle_common_t){0};
}

/* A source of two trials of which the second, that never ends, is not needed. */
typedef struct loose {
    int given, done;
    double values[2];
} loose_t;

static bool loose_next(void *argument, oracle_trial_t *out, int64_t *ticket)
{
    loose_t *loose = argument;
    if (loose->given == 2)
        return false;
    *ticket = 70 + loose->given;
    *out = (oracle_trial_t){loose->given++ == 0 ? 1 : ENDLESS, 0, loose->values};
    return true;
}

static int loose_done(void *argument, const deal_done_t *dealt)
{
    loose_t *loose = argument;
    CU_ASSERT(dealt->ticket == 70);
    loose->done++;
    return TRALO_OK;
}

static bool loose_complete(void *argument)
{
    return ((const loose_t *)argument)->done == 1;
}

/* What is out at the end of a run is there in the next, until it is given up; then its group works
   again. And deal_end does not wait for it. */
static void left_out(void)
{
    loose_t loose = {0};
    const deal_source_t source = {&loose, loose_next, loose_done, loose_complete};
    deal_t *deal = NULL;
    if (!open_deal(&deal))
        return;
    if (comm_rank(test_comm) == 0 && deal_groups(deal) > 1) {
        CHECK_OK(deal_run(deal, &source));
        CU_ASSERT(loose.given == 2 && deal_since(deal, 70) < 0.0 && deal_since(deal, 71) > 0.0);
        CU_ASSERT(deal_idle(deal) == deal_groups(deal) - 1);
        deal_drop(deal, 70);
        deal_drop(deal, 71);
        deal_drop(deal, 71);
        check_whole(deal);
        CU_ASSERT(deal_since(deal, 71) < 0.0 && deal_idle(deal) == deal_groups(deal));
        loose = (loose_t){0};
        CHECK_OK(deal_run(deal, &source));
        CU_ASSERT(deal_since(deal, 71) > 0.0);
        check_whole(deal);
        CU_ASSERT(deal_since(deal, 71) > 0.0);
    }
    if (comm_rank(test_comm) == 0)
        deal_end(deal);
    deal_serve(deal);
    deal_free(&deal);
}

/* The same on groups of several ranks, and with a rank that only deals. */
static void groups(void)
{
    static const oracle_common_t layouts[] = {{.groups = 1},
                                              {.groups = 2},
                                              {.ranks_per_group = 2},
                                              {.driver = ORACLE_DEDICATED},
                                              {.driver = ORACLE_DEDICATED, .groups = 2}};
    const int ranks = comm_size(test_comm), workers = ranks > 1 ? ranks - 1 : 1;
    const int wanted[] = {1, ranks < 2 ? 1 : 2, ranks < 2 ? 1 : ranks / 2, workers,
                          workers < 2 ? 1 : 2};
    for (int i = 0; i < 5; i++) {
        deal_t *deal = NULL;
        chosen.common = layouts[i];
        each_once();
        CU_ASSERT(i > 0 || begun == 2 * TRIALS);
        CU_ASSERT(i < 3 || ranks == 1 || (begun == 0) == (comm_rank(test_comm) == 0));
        if (open_deal(&deal)) {
            CU_ASSERT(deal_groups(deal) == wanted[i]);
            if (comm_rank(test_comm) == 0)
                deal_end(deal);
            deal_serve(deal);
            deal_free(&deal);
        }
    }
    chosen.common = layouts[1];
    failures();
    stops();
    left_out();
    chosen.common = (oracle_common_t){0};
}

static void cannot_be_made(void)
{
    fake_options_t broken = {.broken = true};
    deal_t *deal = NULL;
    const deal_setup_t setup = {
        .comm = test_comm, .kind = &kind, .options = &broken, .space = &space, .stop = stop};
    CHECK_FAILS(deal_create(&setup, &deal), TRALO_ERR_FILE, "no folder");
    CU_ASSERT_PTR_NULL(deal);
}

void suite_deal(void);
void suite_deal(void)
{
    static const test_case_t cases[] = {{"each trial once", each_once},
                                        {"failures", failures},
                                        {"stops when asked to", stops},
                                        {"dealing from inside a trial", inside},
                                        {"trials that nobody waits for", left_out},
                                        {"groups", groups},
                                        {"what cannot be made", cannot_be_made}};
    REGISTER("deal", cases);
}
