/* SPDX-License-Identifier: BSD-3-Clause */
/* The trials ahead are a list. A new batch claims those that it asks for; the others are given up
   once the search has come to their number, for then it went another way, and where the batch wants
   their group. */
#include "study/ahead.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oracle/kinds.h"
#include "outer/foresight.h"

enum { MOST = 256 };                                  /* trials in the list */
static const int64_t first_ticket = INT64_C(1) << 40; /* those of a batch are below */
static const double worth = 0.05;   /* seconds that trials must take for any to be ahead */
static const double share = 0.05;   /* of the time, that foresight may take */
static const double patience = 2.0; /* times the longest trial: what takes longer may well fail */

typedef enum trial_state { TRIAL_NONE, TRIAL_OUT, TRIAL_DONE, TRIAL_DROPPED } trial_state_t;

typedef struct ahead_trial {
    trial_state_t state;
    int64_t number, draw, guess; /* its guess is the how manieth it is of all */
    int place;                   /* in the batch that is out; -1: nobody has asked for it */
    double *theta;               /* [S], owned */
    int group;
    double began, seconds;
    oracle_answer_t answer;
} ahead_trial_t;

struct ahead {
    study_t *study;
    const oracle_kind_t *kind;
    foresight_t *foresight;
    ahead_trial_t trials[MOST];
    ahead_counts_t counts;
    const batch_work_t *work; /* that is out */
    double opened, spent;     /* clock_seconds(), and seconds in foresight */
    double longest;           /* seconds of a trial that had a value; 0: none had */
    bool dry, dry_late;       /* nothing is foreseen until another reply is there, or one is late */
};

/* ---- the list ---------------------------------------------------------------------------------
 */

static int64_t ticket_of(const ahead_t *ahead, const ahead_trial_t *trial)
{
    return first_ticket + trial->guess * MOST + (trial - ahead->trials);
}

/* Forgets the trial and, unless it was used, what it left. */
static void release(ahead_t *ahead, ahead_trial_t *trial, bool used)
{
    if (ahead->kind->settle != NULL)
        ahead->kind->settle(ahead->study->config->oracle.options, trial->number, trial->guess,
                            used);
    ahead->counts.used += used;
    mem_free(&trial->theta);
    *trial = (ahead_trial_t){.state = TRIAL_NONE};
}

/* What was given up is there until its group has. */
static void give_up(ahead_t *ahead, ahead_trial_t *trial)
{
    if (trial->state == TRIAL_OUT)
        deal_drop(ahead->study->deal, ticket_of(ahead, trial));
    trial->state = TRIAL_DROPPED;
}

static void sweep(ahead_t *ahead)
{
    for (int i = 0; i < MOST; i++) {
        ahead_trial_t *trial = &ahead->trials[i];
        if (trial->state == TRIAL_DROPPED &&
            deal_since(ahead->study->deal, ticket_of(ahead, trial)) < 0.0)
            release(ahead, trial, false);
    }
}

static ahead_trial_t *find_point(ahead_t *ahead, int64_t number, const double *theta, int64_t draw)
{
    const size_t size = (size_t)ahead->study->hyper.count * sizeof *theta;
    for (int i = 0; i < MOST; i++) {
        ahead_trial_t *trial = &ahead->trials[i];
        if ((trial->state == TRIAL_OUT || trial->state == TRIAL_DONE) && trial->number == number &&
            trial->draw == draw && memcmp(trial->theta, theta, size) == 0)
            return trial;
    }
    return NULL;
}

static ahead_trial_t *find_place(const ahead_t *ahead, int place, trial_state_t state)
{
    for (int i = 0; ahead != NULL && i < MOST; i++)
        if (ahead->trials[i].state == state && ahead->trials[i].place == place)
            return (ahead_trial_t *)&ahead->trials[i];
    return NULL;
}

static ahead_trial_t *find_free(ahead_t *ahead)
{
    for (int i = 0; i < MOST; i++)
        if (ahead->trials[i].state == TRIAL_NONE)
            return &ahead->trials[i];
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */

int ahead_open(study_t *study, ahead_t **out)
{
    int code = TRALO_OK;
    const config_t *config = study->config;
    const config_kind_t *method = &config->search.method;
    ahead_t *ahead = NULL;
    *out = NULL;
    if (study->deal == NULL || study->space == NULL || deal_groups(study->deal) < 2 ||
        !((const oracle_common_t *)config->oracle.options)->ahead)
        return TRALO_OK;
    ALLOC(ahead, 1);
    ahead->study = study;
    ahead->kind = oracle_find(config->oracle.name);
    ahead->opened = clock_seconds();
    TRY(foresight_create(outer_find(method->name), method->options, &study->box,
                         &ahead->foresight));
    *out = ahead;
    ahead = NULL;
out:
    mem_free(&ahead);
    return code;
}

void ahead_close(ahead_t **ahead)
{
    if (*ahead == NULL)
        return;
    for (int i = 0; i < MOST; i++)
        if ((*ahead)->trials[i].state != TRIAL_NONE)
            release(*ahead, &(*ahead)->trials[i], false);
    foresight_free(&(*ahead)->foresight);
    mem_free(ahead);
}

ahead_counts_t ahead_counts(const ahead_t *ahead)
{
    return ahead != NULL ? ahead->counts : (ahead_counts_t){0};
}

/* ---- a batch ----------------------------------------------------------------------------------
 */

/* Returns how many of the batch are still to be given out. */
static int claim(ahead_t *ahead, const batch_work_t *work)
{
    int missing = 0;
    for (int k = 0; k < work->count; k++) {
        const int place = work->places[k];
        const outer_request_t *request = &work->batch->requests[place];
        ahead_trial_t *trial =
            find_point(ahead, work->first + place, request->theta, request->draw);
        if (trial != NULL)
            trial->place = place;
        missing += trial == NULL;
    }
    return missing;
}

/* Of those that run and nobody has asked for; NULL: there is none. */
static ahead_trial_t *find_furthest(ahead_t *ahead)
{
    ahead_trial_t *furthest = NULL;
    for (int i = 0; i < MOST; i++) {
        ahead_trial_t *trial = &ahead->trials[i];
        if (trial->state == TRIAL_OUT && trial->place < 0 &&
            (furthest == NULL || trial->number >= furthest->number))
            furthest = trial;
    }
    return furthest;
}

/* So many groups are wanted. Those that have been told to give up are as good as idle. */
static void make_room(ahead_t *ahead, int wanted)
{
    ahead_trial_t *trial = NULL;
    int room = deal_idle(ahead->study->deal);
    for (int i = 0; i < MOST; i++)
        room += ahead->trials[i].state == TRIAL_DROPPED;
    while (room < wanted && (trial = find_furthest(ahead)) != NULL) {
        give_up(ahead, trial);
        room++;
    }
}

void ahead_begin(ahead_t *ahead, const batch_work_t *work)
{
    if (ahead == NULL)
        return;
    ahead->work = work;
    ahead->dry = ahead->dry_late = false;
    const int missing = claim(ahead, work);
    for (int i = 0; i < MOST; i++) {
        ahead_trial_t *trial = &ahead->trials[i];
        if (trial->place < 0 && trial->number < work->first + work->batch->count)
            give_up(ahead, trial);
    }
    sweep(ahead);
    make_room(ahead, missing);
}

/* Of a trial that is done. */
static void fill_done(const ahead_trial_t *trial, batch_done_t *done, criterion_result_t *result)
{
    batch_result(&trial->answer, result);
    *done = (batch_done_t){trial->place, trial->group, trial->began, trial->seconds, result};
}

bool ahead_take(ahead_t *ahead, int place, batch_done_t *done, criterion_result_t *result)
{
    ahead_trial_t *trial = find_place(ahead, place, TRIAL_DONE);
    if (trial == NULL)
        return false;
    fill_done(trial, done, result);
    release(ahead, trial, true);
    return true;
}

bool ahead_has(const ahead_t *ahead, int place)
{
    return find_place(ahead, place, TRIAL_OUT) != NULL;
}

/* ---- trials -----------------------------------------------------------------------------------
 */

/* Does all that is missing take much longer than any trial before? */
static bool is_late(const ahead_t *ahead)
{
    bool late = ahead->longest > 0.0;
    const batch_work_t *work = ahead->work;
    for (int k = 0; late && k < work->count; k++) {
        const int place = work->places[k];
        const ahead_trial_t *own = find_place(ahead, place, TRIAL_OUT);
        const double since =
            deal_since(ahead->study->deal, own != NULL ? ticket_of(ahead, own) : place);
        late = !work->replies[place].missing ||
               (since >= 0.0 && clock_seconds() - since > patience * ahead->longest);
    }
    return late;
}

/* The next that is not in the list already. */
static bool foresee(ahead_t *ahead, bool late, foresight_point_t *point)
{
    bool found = true, fresh = false;
    const double began = clock_seconds();
    while (found && !fresh) {
        if (foresight_next(ahead->foresight, ahead->work->replies, late, point, &found) != TRALO_OK)
            foresight_free(&ahead->foresight); /* no memory: nothing more is ahead */
        found = found && ahead->foresight != NULL;
        fresh = found && find_point(ahead, point->ahead + 1, point->theta, point->draw) == NULL;
    }
    ahead->spent += clock_seconds() - began;
    return fresh;
}

/* Seconds of a look, at most about: a copy of the search is told all of it again. */
static double look_costs(const ahead_t *ahead)
{
    foresight_effort_t effort;
    foresight_effort(ahead->foresight, &effort);
    return effort.told > 0 ? effort.seconds / (double)effort.told * (double)ahead->work->first
                           : 0.0;
}

/* Would it be of use to look? While it does, rank 0 does not deal. */
static bool wants_more(const ahead_t *ahead, bool late)
{
    if (ahead->foresight == NULL || (ahead->dry && ahead->dry_late == late))
        return false;
    if (ahead->longest > 0.0 &&
        (ahead->longest < worth || look_costs(ahead) > share * ahead->longest))
        return false;
    return ahead->spent <= share * (clock_seconds() - ahead->opened) + worth;
}

bool ahead_next(ahead_t *ahead, oracle_trial_t *out, int64_t *ticket)
{
    foresight_point_t point;
    const int64_t S = ahead != NULL ? ahead->study->hyper.count : 0;
    const bool late = ahead != NULL && is_late(ahead);
    ahead_trial_t *trial;
    if (ahead == NULL || !wants_more(ahead, late))
        return false;
    sweep(ahead);
    trial = find_free(ahead);
    ahead->dry = trial == NULL || !foresee(ahead, late, &point);
    ahead->dry_late = late;
    if (ahead->dry || mem_alloc(S, sizeof *trial->theta, &trial->theta) != TRALO_OK)
        return false;
    memcpy(trial->theta, point.theta, (size_t)S * sizeof *trial->theta);
    trial->state = TRIAL_OUT;
    trial->number = point.ahead + 1;
    trial->draw = point.draw;
    trial->guess = ++ahead->counts.begun;
    trial->place = -1;
    *ticket = ticket_of(ahead, trial);
    *out = (oracle_trial_t){trial->number, trial->draw, batch_values(ahead->study, trial->theta),
                            trial->guess};
    return true;
}

int ahead_answer(ahead_t *ahead, const deal_done_t *done)
{
    if (ahead != NULL && done->answer->valid)
        ahead->longest = fmax(ahead->longest, done->seconds);
    if (ahead != NULL)
        ahead->dry = false;
    if (done->ticket < first_ticket)
        return (int)done->ticket;
    ahead_trial_t *trial = &ahead->trials[(done->ticket - first_ticket) % MOST];
    const int place = trial->place;
    if (place >= 0) {
        release(ahead, trial, true);
        return place;
    }
    trial->state = TRIAL_DONE;
    trial->group = done->group;
    trial->began = done->began;
    trial->seconds = done->seconds;
    trial->answer = *done->answer;
    return -1;
}

int ahead_told(ahead_t *ahead, const outer_batch_t *batch, const outer_reply_t *replies)
{
    if (ahead == NULL || ahead->foresight == NULL)
        return TRALO_OK;
    return foresight_told(ahead->foresight, replies, batch->count);
}
