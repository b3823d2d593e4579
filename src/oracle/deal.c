/* SPDX-License-Identifier: BSD-3-Clause */
/* rank 0:  until all trials are done:
                hear which groups have answered
                give each idle group a trial, its own last
                look after its own;  sleep when nothing has happened
                asked to stop, or an error: no more are given out, the busy groups are told
   first rank of another group:  hear: a trial: pass it on to its group, begin it, look after it,
                                       hear "stop" in between, answer
                                       end: pass it on, return
   others:  hear from the first of the group: a trial: evaluate it with the group
                                              end: return */
#include "oracle/deal.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

typedef enum verb { VERB_TRIAL, VERB_STOP, VERB_END } verb_t;

/* From rank 0, with the values behind it. */
typedef struct order {
    int64_t verb, place, number, draw;
    double values[];
} order_t;

/* To rank 0. */
typedef struct reply {
    int64_t place;
    double seconds;
    int code; /* of the oracle; with its message */
    char message[ERROR_TEXT];
    oracle_answer_t answer;
} reply_t;

struct deal {
    deal_setup_t setup;
    comm_t *group;    /* owned: the ranks of this one's group */
    int first;        /* the first rank that evaluates: 0, or 1 */
    int groups, mine; /* how many, and which is this rank's; -1: none */
    void *work;       /* the oracle's; NULL in no group */
    order_t *order;   /* owned, of `size` bytes */
    int size;
    bool ended;        /* rank 0: the others have been told so */
    bool stopping;     /* rank 0: no more are given out; others: rank 0 has said so */
    int place;         /* of the trial that rank 0's group evaluates; -1: none */
    double *since;     /* [groups] when each got its trial; -1: it is idle; rank 0 */
    double busy, open; /* seconds: of all groups on trials, and inside deal_run */
};

/* The first rank of a group. */
static int leader(const deal_t *deal, int group)
{
    const int64_t workers = comm_size(deal->setup.comm) - deal->first;
    return deal->first + (int)(group * workers / deal->groups);
}

static bool leads(const deal_t *deal)
{
    return deal->mine >= 0 && leader(deal, deal->mine) == comm_rank(deal->setup.comm);
}

/* Asked while this rank evaluates. */
static bool stop(void *argument)
{
    deal_t *deal = argument;
    int from;
    if (comm_rank(deal->setup.comm) == 0)
        deal->stopping = deal->stopping || deal->setup.stop();
    else if (!deal->stopping && leads(deal) &&
             comm_heard(deal->setup.comm, deal->order, deal->size, &from))
        deal->stopping = true; /* a busy rank is told nothing else */
    return deal->stopping;
}

/* ---- life -------------------------------------------------------------------------------------
 */

/* Groups of about the same size, of ranks that follow one another. */
static void find_groups(deal_t *deal)
{
    const oracle_common_t *common = deal->setup.options;
    const int ranks = comm_size(deal->setup.comm), rank = comm_rank(deal->setup.comm);
    deal->first = common->driver == ORACLE_DEDICATED && ranks > 1;
    const int workers = ranks - deal->first;
    int64_t groups = common->ranks_per_group > 0 ? workers / common->ranks_per_group
                     : common->groups > 0        ? common->groups
                                                 : workers;
    deal->groups = groups < 1 ? 1 : groups > workers ? workers : (int)groups;
    deal->mine = rank < deal->first ? -1 : deal->groups - 1;
    while (deal->mine >= 0 && leader(deal, deal->mine) > rank)
        deal->mine--;
}

static int prepare(deal_t *deal)
{
    int code = TRALO_OK;
    const deal_setup_t *s = &deal->setup;
    deal->size = (int)(sizeof *deal->order + (size_t)s->space->count * sizeof(double));
    deal->place = -1;
    TRY(mem_alloc(1, (size_t)deal->size, &deal->order));
    ALLOC(deal->since, deal->groups);
    for (int group = 0; group < deal->groups; group++)
        deal->since[group] = -1.0;
    if (comm_rank(s->comm) == 0 && s->kind->prepare != NULL)
        TRY(s->kind->prepare(s->options, s->again));
out:
    return code;
}

static int create(deal_t *deal)
{
    const deal_setup_t *s = &deal->setup;
    const oracle_setup_t setup = {s->options,   s->space, deal->group, deal->mine,
                                  deal->groups, stop,     deal};
    return deal->mine >= 0 ? s->kind->create(&setup, &deal->work) : TRALO_OK;
}

int deal_create(const deal_setup_t *setup, deal_t **out)
{
    int code = TRALO_OK;
    deal_t *deal = NULL;
    TRY(comm_agree(setup->comm, mem_alloc(1, sizeof *deal, &deal)));
    deal->setup = *setup;
    find_groups(deal);
    TRY(comm_agree(setup->comm, prepare(deal)));
    TRY(comm_split(setup->comm, deal->mine + 1, &deal->group));
    TRY(comm_agree(setup->comm, create(deal)));
    *out = deal;
    deal = NULL;
out:
    deal_free(&deal);
    return code;
}

void deal_free(deal_t **deal)
{
    deal_t *d = *deal;
    if (d == NULL)
        return;
    if (d->work != NULL)
        d->setup.kind->destroy(&d->work);
    comm_free(&d->group);
    mem_free(&d->order);
    mem_free(&d->since);
    mem_free(deal);
}

/* ---- the ranks that serve ---------------------------------------------------------------------
 */

/* On the first rank of a group. */
static void pass_on(const deal_t *deal, const order_t *order, int size)
{
    for (int rank = 1; rank < comm_size(deal->group); rank++)
        comm_tell(deal->group, rank, order, size);
}

/* With the group, whose first rank answers. */
static void evaluate(deal_t *deal)
{
    const order_t *order = deal->order;
    const oracle_trial_t trial = {order->number, order->draw, order->values};
    reply_t reply = {.place = order->place};
    const double began = clock_seconds();
    deal->stopping = false;
    if (leads(deal))
        pass_on(deal, order, deal->size);
    reply.code = oracle_run(deal->setup.kind, deal->work, &trial, &reply.answer);
    reply.seconds = clock_seconds() - began;
    if (reply.code != TRALO_OK)
        strncpy(reply.message, tralo_error_message(), sizeof reply.message - 1);
    if (leads(deal))
        comm_tell(deal->setup.comm, 0, &reply, sizeof reply);
}

void deal_serve(deal_t *deal)
{
    double waited = 0.0;
    int from;
    comm_t *from_whom = leads(deal) ? deal->setup.comm : deal->group;
    deal->order->verb = VERB_STOP; /* an answer and a "stop" may pass each other: nothing to do */
    while (comm_rank(deal->setup.comm) != 0 && deal->order->verb != VERB_END) {
        if (!comm_heard(from_whom, deal->order, deal->size, &from)) {
            clock_nap(&waited);
        } else if (deal->order->verb == VERB_TRIAL) {
            evaluate(deal);
            deal->order->verb = VERB_STOP;
            waited = 0.0;
        } else if (deal->order->verb == VERB_END && leads(deal)) {
            pass_on(deal, deal->order, sizeof *deal->order);
        }
    }
}

/* ---- the rank that deals ----------------------------------------------------------------------
 */

/* Not its own. */
static void tell(const deal_t *deal, int group, verb_t verb)
{
    const order_t order = {.verb = verb};
    comm_tell(deal->setup.comm, leader(deal, group), &order, sizeof order);
}

void deal_end(deal_t *deal)
{
    const order_t order = {.verb = VERB_END};
    if (deal->ended)
        return;
    deal->ended = true;
    for (int group = 0; group < deal->groups; group++)
        if (group != deal->mine)
            tell(deal, group, VERB_END);
    if (deal->mine >= 0)
        pass_on(deal, &order, sizeof order);
}

/* One run of deal_run. */
typedef struct round {
    deal_t *deal;
    const deal_batch_t *batch;
    int next, out; /* the next trial to be given out; how many are */
    int code;      /* the first error */
    bool told;     /* the busy ranks: to stop */
} round_t;

static void fail(round_t *round, int code)
{
    round->code = round->code == TRALO_OK ? code : round->code;
}

static void give(round_t *round, int group)
{
    deal_t *deal = round->deal;
    oracle_trial_t trial;
    round->batch->trial(round->batch->argument, round->next, &trial);
    const order_t head = {VERB_TRIAL, round->next, trial.number, trial.draw};
    *deal->order = head;
    memcpy(deal->order->values, trial.values,
           (size_t)deal->setup.space->count * sizeof *trial.values);
    if (group == deal->mine) {
        pass_on(deal, deal->order, deal->size);
        const int code = deal->setup.kind->begin(deal->work, &trial);
        fail(round, code);
        if (code != TRALO_OK)
            return;
        deal->place = round->next;
    } else {
        comm_tell(deal->setup.comm, leader(deal, group), deal->order, deal->size);
    }
    deal->since[group] = clock_seconds();
    round->next++;
    round->out++;
}

/* That of rank 0, the first, comes last: it has the others to look after. */
static void give_all(round_t *round)
{
    const int groups = round->deal->groups;
    for (int k = 1; k <= groups; k++) {
        const bool more = round->next < round->batch->count && round->code == TRALO_OK;
        if (more && round->deal->since[k % groups] < 0.0)
            give(round, k % groups);
    }
}

/* A group is idle again. What answers after an error counts for nothing. */
static void take(round_t *round, deal_done_t *done)
{
    deal_t *deal = round->deal;
    done->began = deal->since[done->group];
    deal->busy += done->seconds;
    deal->since[done->group] = -1.0;
    round->out--;
    if (round->code == TRALO_OK && !done->answer->stopped)
        fail(round, round->batch->done(round->batch->argument, done));
}

static bool hear(round_t *round)
{
    const deal_t *deal = round->deal;
    reply_t reply;
    int rank, group = deal->groups - 1;
    if (!comm_heard(deal->setup.comm, &reply, sizeof reply, &rank))
        return false;
    while (leader(deal, group) > rank)
        group--;
    if (reply.code != TRALO_OK && round->code == TRALO_OK)
        error_set(reply.message);
    fail(round, reply.code);
    deal_done_t done = {.place = (int)reply.place,
                        .group = group,
                        .seconds = reply.seconds,
                        .answer = &reply.answer};
    take(round, &done);
    return true;
}

/* After its own trial. */
static bool look(round_t *round)
{
    deal_t *deal = round->deal;
    oracle_answer_t answer;
    bool ended = false;
    if (deal->place < 0)
        return false;
    const int code = deal->setup.kind->poll(deal->work, &answer, &ended);
    fail(round, code);
    if (code == TRALO_OK && !ended)
        return false;
    deal_done_t done = {.place = deal->place,
                        .group = deal->mine,
                        .seconds = clock_seconds() - deal->since[deal->mine],
                        .answer = &answer};
    deal->place = -1;
    take(round, &done);
    return true;
}

static void tell_busy(round_t *round)
{
    deal_t *deal = round->deal;
    for (int group = 0; !round->told && group < deal->groups; group++)
        if (group != deal->mine && deal->since[group] >= 0.0)
            tell(deal, group, VERB_STOP);
    round->told = true;
}

int deal_run(deal_t *deal, const deal_batch_t *batch)
{
    round_t round = {.deal = deal, .batch = batch, .code = TRALO_OK};
    const double began = clock_seconds();
    double waited = 0.0;
    deal->stopping = false;
    for (bool more = batch->count > 0; more;
         more = round.out > 0 || (!deal->stopping && round.next < batch->count)) {
        deal->stopping = deal->stopping || round.code != TRALO_OK || deal->setup.stop();
        bool heard = false;
        while (hear(&round))
            heard = true;
        if (deal->stopping)
            tell_busy(&round);
        else
            give_all(&round);
        if (look(&round) || heard)
            waited = 0.0;
        else
            clock_nap(&waited);
    }
    deal->open += clock_seconds() - began;
    return round.code;
}

double deal_utilisation(const deal_t *deal)
{
    const double all = deal->open * deal->groups;
    return all > 0.0 ? deal->busy / all : 1.0;
}

int deal_groups(const deal_t *deal)
{
    return deal->groups;
}
