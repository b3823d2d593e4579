/* SPDX-License-Identifier: BSD-3-Clause */
/* Searches by virtual groups of ranks, each of which evaluates one point in a round: how many
   rounds foresight saves, and that nothing else changes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "outer/foresight.h"
#include "support.h"

enum { S_MOST = 20, MANY = 1000, BATCH = 4096 };

typedef double function_t(const double *x, int count);

typedef struct run {
    const char *method, *options; /* "name=value name=value" */
    function_t *function;
    int S, groups;
    bool ahead;       /* with foresight */
    int every_fails;  /* each so many-th of the points fails, by its bits; 0: none */
    int interrupt_at; /* after that many evaluations; 0: never */
    /* what came of it */
    int rounds;
    int evaluations, hits;
    double x[MANY][S_MOST], f[MANY];
    foresight_effort_t effort;
} run_t;

/* A search on its way. */
typedef struct way {
    run_t *run;
    double options[64], lower[S_MOST], upper[S_MOST], start[S_MOST];
    outer_box_t box;
    outer_t *outer;
    outer_batch_t batch;
    outer_reply_t replies[BATCH];
    foresight_t *foresight;
    struct {
        double x[S_MOST], f;
        int64_t draw, ahead;
        int batch; /* when it was foreseen last */
    } stored[2 * MANY];
    int stored_count, batches;
} way_t;

/* Minimum 1 at x_i = 0.3, curvatures from 1 to 1/10. */
static double bowl(const double *x, int count)
{
    double f = 1.0;
    for (int i = 0; i < count; i++)
        f += 0.5 * (x[i] - 0.3) * (x[i] - 0.3) / (1.0 + 9.0 * i / (count > 1 ? count - 1 : 1));
    return f;
}

/* Rosenbrock 1960. */
static double valley(const double *x, int count)
{
    double f = 0.0;
    for (int i = 0; i + 1 < count; i++)
        f += 100.0 * pow(x[i + 1] - x[i] * x[i], 2) + pow(1.0 - x[i], 2);
    return f;
}

static double evaluate(const run_t *r, const double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    if (r->every_fails > 0 && (bits >> 20) % (uint64_t)r->every_fails == 0)
        return NAN;
    return r->function(x, r->S);
}

static int begin(run_t *r, way_t *way)
{
    int code = TRALO_OK;
    const outer_kind_t *kind = outer_find(r->method);
    *way = (way_t){.run = r};
    for (int i = 0; i < r->S; i++) {
        way->lower[i] = -10.0;
        way->upper[i] = 10.0;
        way->start[i] = -1.2;
    }
    way->box = (outer_box_t){r->S, way->lower, way->upper, way->start, false, NULL};
    CU_ASSERT(kind->options_size <= sizeof way->options);
    TRY(test_options(kind->params, r->options, way->options));
    TRY(outer_create(kind, way->options, &way->box, &way->outer));
    TRY(foresight_create(kind, way->options, &way->box, &way->foresight));
out:
    return code;
}

static void end(way_t *way)
{
    foresight_free(&way->foresight);
    outer_free(&way->outer);
}

static size_t bytes(const way_t *way)
{
    return (size_t)way->box.count * sizeof(double);
}

static int find(const way_t *way, const double *x, int64_t draw, int64_t ahead)
{
    for (int i = 0; i < way->stored_count; i++)
        if (way->stored[i].draw == draw && way->stored[i].ahead == ahead &&
            memcmp(way->stored[i].x, x, bytes(way)) == 0)
            return i;
    return -1;
}

/* Asks; what was evaluated ahead is there already. Returns how much is missing. */
static int ask(way_t *way)
{
    int missing = 0;
    outer_ask(way->outer, &way->batch);
    way->batches++;
    for (int i = 0; i < way->batch.count; i++) {
        const outer_request_t *q = &way->batch.requests[i];
        const int at = find(way, q->theta, q->draw, way->run->evaluations + i);
        way->replies[i] = (outer_reply_t){.missing = at < 0};
        missing += at < 0;
        if (at < 0)
            continue;
        way->replies[i].f = way->stored[at].f;
        way->run->hits++;
    }
    return missing;
}

/* A point that is new for this batch; remembers it with its value. */
static void check_point(way_t *way, const foresight_point_t *point, bool *evaluated)
{
    int at = find(way, point->theta, point->draw, point->ahead);
    CU_ASSERT(point->share > 0.0 && point->share <= 1.0);
    CU_ASSERT(point->ahead >= way->run->evaluations + way->batch.count);
    for (int i = 0; i < way->batch.count; i++)
        CU_ASSERT(way->batch.requests[i].draw != point->draw ||
                  memcmp(way->batch.requests[i].theta, point->theta, bytes(way)) != 0);
    *evaluated = at < 0;
    if (at < 0) {
        at = way->stored_count++;
        memcpy(way->stored[at].x, point->theta, bytes(way));
        way->stored[at].draw = point->draw;
        way->stored[at].f = evaluate(way->run, point->theta);
    }
    CU_ASSERT(way->stored[at].batch != way->batches);
    way->stored[at].batch = way->batches;
    way->stored[at].ahead = point->ahead;
}

/* What idle groups do; returns how many points were foreseen. */
static int foresee(way_t *way, int idle, bool late)
{
    int points = 0;
    bool found = true, evaluated;
    while (idle > 0 && found && way->stored_count < 2 * MANY) {
        foresight_point_t point;
        if (!CHECK_OK(foresight_next(way->foresight, way->replies, late, &point, &found)))
            return points;
        if (!found)
            break;
        check_point(way, &point, &evaluated);
        idle -= evaluated;
        points++;
    }
    return points;
}

static void reply(way_t *way, int i)
{
    way->replies[i] = (outer_reply_t){.f = evaluate(way->run, way->batch.requests[i].theta)};
}

/* All groups evaluate one point. Returns how many of the batch are missing still. */
static int go_round(way_t *way, int missing)
{
    run_t *r = way->run;
    const int take = missing < r->groups ? missing : r->groups;
    r->rounds++;
    if (r->ahead && take == missing)
        foresee(way, r->groups - take, false);
    for (int i = 0, taken = 0; i < way->batch.count && taken < take; i++)
        if (way->replies[i].missing) {
            reply(way, i);
            taken++;
        }
    return missing - take;
}

static void tell(way_t *way)
{
    run_t *r = way->run;
    const int count = way->batch.count;
    for (int i = 0; i < count && r->evaluations < MANY; i++) {
        memcpy(r->x[r->evaluations], way->batch.requests[i].theta, bytes(way));
        r->f[r->evaluations++] = way->replies[i].f;
    }
    outer_tell(way->outer, way->replies);
    CHECK_OK(foresight_told(way->foresight, way->replies, count));
}

static void interrupt(way_t *way)
{
    bool found;
    foresight_point_t point;
    outer_interrupt(way->outer);
    for (int i = 0; i < way->batch.count; i++)
        way->replies[i] = (outer_reply_t){.missing = true, .failure = "stopped"};
    outer_tell(way->outer, way->replies);
    CHECK_OK(foresight_told(way->foresight, way->replies, way->batch.count));
    CHECK_OK(foresight_next(way->foresight, way->replies, true, &point, &found));
    CU_ASSERT(!found);
}

static void go(run_t *r)
{
    static way_t way;
    if (CHECK_OK(begin(r, &way)))
        for (int missing = ask(&way); way.batch.count > 0; missing = ask(&way)) {
            while (missing > 0)
                missing = go_round(&way, missing);
            if (r->interrupt_at > 0 && r->evaluations >= r->interrupt_at)
                interrupt(&way);
            else
                tell(&way);
        }
    foresight_effort(way.foresight, &r->effort);
    end(&way);
}

/* The same search without foresight, then with it; the share of rounds that are left. */
static double compare(run_t *r)
{
    static run_t plain;
    plain = *r;
    r->ahead = true;
    go(&plain);
    go(r);
    CU_ASSERT(r->evaluations == plain.evaluations && r->evaluations > 0);
    CU_ASSERT(memcmp(r->x, plain.x, sizeof plain.x) == 0);
    CU_ASSERT(memcmp(r->f, plain.f, sizeof plain.f) == 0);
    CU_ASSERT(plain.hits == 0 && plain.effort.copies == 0 && plain.effort.points == 0);
    return (double)r->rounds / plain.rounds;
}

/* ---- tests ---- */

static void test_nelder_mead(void)
{
    static const int dimensions[] = {1, 2, 5, 10};
    static const int groups[] = {2, 4, 8, 16};
    static const double most[] = {0.64, 0.48, 0.36, 0.3};
    static run_t r;
    for (int k = 0; k < 16; k++) {
        r = (run_t){.method = "nelder_mead",
                    .options = "max_evaluations=200",
                    .function = k % 3 == 0 ? bowl : valley,
                    .S = dimensions[k / 4],
                    .groups = groups[k % 4]};
        CU_ASSERT(compare(&r) <= most[k % 4]);
        CU_ASSERT(r.effort.told <= (r.effort.copies + 1) * (r.evaluations + 40));
        CU_ASSERT(r.effort.copies <= 1.2 * (double)r.effort.points + 20);
    }
}

/* The first points depend on little, or (bobyqa) on no value. */
static void test_first_points(void)
{
    static run_t r;
    r = (run_t){"nelder_mead", "max_evaluations=11", valley, 10, 11};
    compare(&r);
    CU_ASSERT(r.evaluations == 11 && r.rounds <= 3);
    r = (run_t){"nelder_mead", "max_evaluations=11", valley, 10, 4};
    compare(&r);
    CU_ASSERT(r.rounds <= 5);
    r = (run_t){"bobyqa", "max_evaluations=41", valley, 20, 41};
    compare(&r);
    CU_ASSERT(r.evaluations == 41 && r.rounds == 1);
    r = (run_t){"cobyla", "max_evaluations=11", bowl, 10, 4};
    compare(&r);
    CU_ASSERT(r.evaluations == 11 && r.rounds <= 5);
}

/* Beyond that a value itself decides: nothing is done in vain. */
static void test_models(void)
{
    static run_t r;
    r = (run_t){"bobyqa", "max_evaluations=100", valley, 5, 16};
    compare(&r);
    CU_ASSERT(r.hits == 10 && r.effort.points == 10 && r.effort.copies == 2);
    r = (run_t){"hozog", "max_evaluations=100", valley, 5, 16};
    CU_ASSERT(compare(&r) == 1.0);
    CU_ASSERT(r.effort.points == 0 && r.effort.copies == 1);
}

/* The lengths of armijo: with the last groups idle, and where groups are more than lengths. */
static void test_armijo(void)
{
    static run_t r;
    const char *options = "rule=armijo mu=0.01 gamma=0.01 max_evaluations=300";
    r = (run_t){"hozog", options, valley, 2, 4};
    CU_ASSERT(compare(&r) <= 0.8);
    CU_ASSERT(r.hits > 40);
    r = (run_t){"hozog", options, valley, 2, 16};
    CU_ASSERT(compare(&r) <= 0.65);
    r = (run_t){"hozog", options, bowl, 2, 48};
    CU_ASSERT(compare(&r) <= 0.55);
}

static void test_points(void)
{
    static const char *const methods[][2] = {{"random", "max_evaluations=150"},
                                             {"random", "max_evaluations=150 sequence=sobol"},
                                             {"grid", "points=5"}};
    static run_t r;
    for (int k = 0; k < 3; k++) {
        r = (run_t){methods[k][0], methods[k][1], bowl, 3, 50};
        CU_ASSERT(compare(&r) == 1.0); /* all is asked for at once */
        CU_ASSERT(r.evaluations >= 125 && r.effort.points == 0);
    }
}

/* Values that fail, and an end in the midst. */
static void test_troubled(void)
{
    static const char *const methods[][2] = {
        {"nelder_mead", "first_step=3"},    {"cobyla", ""}, {"bobyqa", ""}, {"hozog", ""},
        {"hozog", "rule=armijo gamma=0.1"}, {"random", ""}};
    static run_t r;
    for (int k = 0; k < 12; k++) {
        char options[64];
        snprintf(options, sizeof options, "max_evaluations=120 %s", methods[k % 6][1]);
        r = (run_t){methods[k % 6][0], options, bowl, 4, 5};
        r.every_fails = 5;
        r.interrupt_at = k < 6 ? 0 : 7;
        CU_ASSERT(compare(&r) <= 1.0);
        CU_ASSERT(k % 6 != 0 || r.hits > 0);
    }
}

/* All but one place of the batch that is out were told; it may fail. Returns how many points are
   foreseen. */
static int straggle(way_t *way, run_t *r, int place, bool late)
{
    if (!CHECK_OK(begin(r, way)))
        return -1;
    ask(way);
    for (int i = 0; i < way->batch.count; i++)
        if (i != place)
            reply(way, i);
    return foresee(way, 1000, late);
}

/* The straggler fails: all points of the next step are there. */
static void test_late(void)
{
    static way_t way;
    static run_t r;
    for (int place = 0; place < 11; place++) {
        r = (run_t){"hozog", "", valley, 5, 1};
        CU_ASSERT(straggle(&way, &r, place, false) == 0);
        CU_ASSERT(foresee(&way, 1000, true) == 11);
        way.replies[place] = (outer_reply_t){.failure = "it took too long"};
        tell(&way);
        CU_ASSERT(ask(&way) == 0 && way.batch.count == 11 && r.hits == 11);
        end(&way);
    }
    r = (run_t){"bobyqa", "max_evaluations=30", valley, 5, 1};
    CU_ASSERT(straggle(&way, &r, 0, true) == 10);
    end(&way);
}

/* Where f at theta failed, the directions that are missing do not matter. */
static void test_centre_failed(void)
{
    static way_t way;
    static run_t r;
    r = (run_t){"hozog", "", valley, 5, 1};
    if (CHECK_OK(begin(&r, &way))) {
        ask(&way);
        way.replies[0] = (outer_reply_t){.failure = "it did not work"};
        CU_ASSERT(foresee(&way, 1000, false) == 11);
        reply(&way, 5);
        CU_ASSERT(foresee(&way, 1000, false) == 0); /* the same again */
        for (int i = 1; i < 11; i++)
            reply(&way, i);
        tell(&way);
        CU_ASSERT(ask(&way) == 0 && r.hits == 11);
    }
    end(&way);
}

/* The end of the search is foreseen too. */
static void test_budget(void)
{
    static way_t way;
    static run_t r;
    r = (run_t){"nelder_mead", "max_evaluations=9", valley, 5, 1};
    CU_ASSERT(straggle(&way, &r, 0, false) > 5);
    for (int i = 0; i < way.stored_count; i++)
        CU_ASSERT(way.stored[i].ahead >= 1 && way.stored[i].ahead < 9);
    end(&way);
    r = (run_t){"random", "max_evaluations=5000", bowl, 1, 1};
    CU_ASSERT(straggle(&way, &r, 7, false) == 904);
    CU_ASSERT(foresee(&way, 1000, true) == 0);
    for (int i = 0; i < way.stored_count; i++)
        CU_ASSERT(way.stored[i].ahead == 4096 + i);
    end(&way);
}

static void test_derivatives(void)
{
    static way_t way;
    static run_t r;
    bool found = true;
    foresight_point_t point;
    r = (run_t){"trust_region", "", bowl, 3, 1};
    if (CHECK_OK(begin(&r, &way))) {
        outer_ask(way.outer, &way.batch);
        way.replies[0] = (outer_reply_t){.missing = true};
        CHECK_OK(foresight_next(way.foresight, way.replies, true, &point, &found));
        CU_ASSERT(!found);
    }
    end(&way);
}

/* A search until an error comes; the error. */
static int until_error(way_t *way, run_t *r, int64_t fail_at)
{
    int code = TRALO_OK;
    bool found = true;
    foresight_point_t point;
    TRY(begin(r, way));
    mem_fail_at(fail_at);
    for (int step = 0; step < 4 && (ask(way), way->batch.count > 0); step++) {
        for (int k = 0; k < 6; k++)
            TRY(foresight_next(way->foresight, way->replies, true, &point, &found));
        for (int i = 0; i < way->batch.count; i++)
            reply(way, i);
        const int count = way->batch.count;
        outer_tell(way->outer, way->replies);
        TRY(foresight_told(way->foresight, way->replies, count));
    }
out:
    mem_fail_at(-1);
    return code;
}

static void test_memory(void)
{
    static const char *const methods[] = {"nelder_mead", "cobyla", "bobyqa", "hozog", "random"};
    static way_t way;
    static run_t r;
    for (int m = 0; m < 5; m++) {
        const int64_t before = mem_live();
        int code = TRALO_ERR_MEMORY, k = 0;
        for (; code == TRALO_ERR_MEMORY && k < 2000; k += 1 + k / 20) {
            r = (run_t){methods[m], "max_evaluations=40", valley, 3, 1};
            code = until_error(&way, &r, k);
            end(&way);
            CU_ASSERT(mem_live() == before);
        }
        CU_ASSERT(code == TRALO_OK && k > 20);
    }
}

void suite_foresight(void)
{
    static const test_case_t cases[] = {{"nelder_mead", test_nelder_mead},
                                        {"first points", test_first_points},
                                        {"models", test_models},
                                        {"armijo", test_armijo},
                                        {"points", test_points},
                                        {"troubled", test_troubled},
                                        {"late", test_late},
                                        {"centre failed", test_centre_failed},
                                        {"budget", test_budget},
                                        {"derivatives", test_derivatives},
                                        {"memory", test_memory}};
    REGISTER("foresight", cases);
}
