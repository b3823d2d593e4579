/* SPDX-License-Identifier: BSD-3-Clause */
/* rank 0:  until all trials are done:
                give each idle rank a trial, itself last
                look after its own; hear who has answered;  sleep when nothing has happened
                asked to stop, or an error: no more are given out, the busy ranks are told
   others:  hear: a trial: begin it, look after it, hear "stop" in between, answer
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
    int code; /* of the oracle; with its message */
    char message[ERROR_TEXT];
    oracle_answer_t answer;
} reply_t;

struct deal {
    deal_setup_t setup;
    void *work;     /* the oracle's */
    order_t *order; /* owned, of `size` bytes */
    int size;
    bool stopping;     /* rank 0: no more are given out; others: rank 0 has said so */
    int place;         /* of the trial that this rank evaluates; -1: none */
    double *since;     /* [ranks] when each got its trial; -1: it is idle; rank 0 */
    double busy, open; /* seconds: of all ranks on trials, and inside deal_run */
};

/* Asked while this rank evaluates. */
static bool stop(void *argument)
{
    deal_t *deal = argument;
    int from;
    if (comm_rank(deal->setup.comm) == 0)
        deal->stopping = deal->stopping || deal->setup.stop();
    else if (!deal->stopping && comm_heard(deal->setup.comm, deal->order, deal->size, &from))
        deal->stopping = true; /* a busy rank is told nothing else */
    return deal->stopping;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int build(deal_t *deal)
{
    int code = TRALO_OK;
    const deal_setup_t *s = &deal->setup;
    const int ranks = comm_size(s->comm);
    const oracle_setup_t setup = {s->options, s->space, stop, deal};
    deal->size = (int)(sizeof *deal->order + (size_t)s->space->count * sizeof(double));
    deal->place = -1;
    TRY(mem_alloc(1, (size_t)deal->size, &deal->order));
    ALLOC(deal->since, ranks);
    for (int rank = 0; rank < ranks; rank++)
        deal->since[rank] = -1.0;
    if (comm_rank(s->comm) == 0)
        TRY(s->kind->prepare(s->options));
    TRY(s->kind->create(&setup, &deal->work));
out:
    return code;
}

int deal_create(const deal_setup_t *setup, deal_t **out)
{
    int code = TRALO_OK;
    deal_t *deal = NULL;
    TRY(comm_agree(setup->comm, mem_alloc(1, sizeof *deal, &deal)));
    deal->setup = *setup;
    TRY(comm_agree(setup->comm, build(deal)));
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
    mem_free(&d->order);
    mem_free(&d->since);
    mem_free(deal);
}

/* ---- the ranks that serve ---------------------------------------------------------------------
 */

static void evaluate(deal_t *deal)
{
    const order_t *order = deal->order;
    const oracle_trial_t trial = {order->number, order->draw, order->values};
    reply_t reply = {.place = order->place};
    deal->stopping = false;
    reply.code = oracle_run(deal->setup.kind, deal->work, &trial, &reply.answer);
    if (reply.code != TRALO_OK)
        strncpy(reply.message, tralo_error_message(), sizeof reply.message - 1);
    comm_tell(deal->setup.comm, 0, &reply, sizeof reply);
}

void deal_serve(deal_t *deal)
{
    double length = 0.0;
    int from;
    deal->order->verb = VERB_STOP; /* an answer and a "stop" may pass each other: nothing to do */
    while (comm_rank(deal->setup.comm) != 0 && deal->order->verb != VERB_END) {
        if (!comm_heard(deal->setup.comm, deal->order, deal->size, &from)) {
            clock_nap(&length);
        } else if (deal->order->verb == VERB_TRIAL) {
            evaluate(deal);
            deal->order->verb = VERB_STOP;
            length = 0.0;
        }
    }
}

/* ---- the rank that deals ----------------------------------------------------------------------
 */

static void tell(deal_t *deal, int rank, verb_t verb)
{
    const order_t order = {.verb = verb};
    comm_tell(deal->setup.comm, rank, &order, sizeof order);
}

void deal_end(deal_t *deal)
{
    for (int rank = 1; rank < comm_size(deal->setup.comm); rank++)
        tell(deal, rank, VERB_END);
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

static void give(round_t *round, int rank)
{
    deal_t *deal = round->deal;
    oracle_trial_t trial;
    round->batch->trial(round->batch->argument, round->next, &trial);
    if (rank == 0) {
        const int code = deal->setup.kind->begin(deal->work, &trial);
        fail(round, code);
        if (code != TRALO_OK)
            return;
        deal->place = round->next;
    } else {
        const order_t head = {VERB_TRIAL, round->next, trial.number, trial.draw};
        *deal->order = head;
        memcpy(deal->order->values, trial.values,
               (size_t)deal->setup.space->count * sizeof *trial.values);
        comm_tell(deal->setup.comm, rank, deal->order, deal->size);
    }
    deal->since[rank] = clock_seconds();
    round->next++;
    round->out++;
}

/* Rank 0 last: it has the others to look after. */
static void give_all(round_t *round)
{
    const int ranks = comm_size(round->deal->setup.comm);
    for (int k = 1; k <= ranks; k++) {
        const bool more = round->next < round->batch->count && round->code == TRALO_OK;
        if (more && round->deal->since[k % ranks] < 0.0)
            give(round, k % ranks);
    }
}

static void take(round_t *round, int rank, int place, const oracle_answer_t *answer)
{
    deal_t *deal = round->deal;
    const deal_done_t done = {place, rank, deal->since[rank], answer};
    deal->busy += clock_seconds() - done.began;
    deal->since[rank] = -1.0;
    round->out--;
    if (answer != NULL && !answer->stopped && round->code == TRALO_OK)
        fail(round, round->batch->done(round->batch->argument, &done));
}

static bool hear(round_t *round)
{
    reply_t reply;
    int rank;
    if (!comm_heard(round->deal->setup.comm, &reply, sizeof reply, &rank))
        return false;
    if (reply.code != TRALO_OK && round->code == TRALO_OK)
        error_set(reply.message);
    fail(round, reply.code);
    take(round, rank, (int)reply.place, reply.code == TRALO_OK ? &reply.answer : NULL);
    return true;
}

/* After its own trial. */
static bool look(round_t *round)
{
    deal_t *deal = round->deal;
    oracle_answer_t answer;
    bool done = false;
    const int place = deal->place;
    if (place < 0)
        return false;
    const int code = deal->setup.kind->poll(deal->work, &answer, &done);
    fail(round, code);
    if (code == TRALO_OK && !done)
        return false;
    deal->place = -1;
    take(round, 0, place, code == TRALO_OK ? &answer : NULL);
    return true;
}

static void tell_busy(round_t *round)
{
    deal_t *deal = round->deal;
    for (int rank = 1; !round->told && rank < comm_size(deal->setup.comm); rank++)
        if (deal->since[rank] >= 0.0)
            tell(deal, rank, VERB_STOP);
    round->told = true;
}

int deal_run(deal_t *deal, const deal_batch_t *batch)
{
    round_t round = {.deal = deal, .batch = batch, .code = TRALO_OK};
    const double began = clock_seconds();
    double length = 0.0;
    deal->stopping = false;
    for (bool more = batch->count > 0; more;
         more = round.out > 0 || (!deal->stopping && round.next < batch->count)) {
        deal->stopping = deal->stopping || round.code != TRALO_OK || deal->setup.stop();
        if (deal->stopping)
            tell_busy(&round);
        else
            give_all(&round);
        const bool own = look(&round), others = hear(&round);
        if (own || others)
            length = 0.0;
        else
            clock_nap(&length);
    }
    deal->open += clock_seconds() - began;
    return round.code;
}

double deal_utilisation(const deal_t *deal)
{
    const double all = deal->open * comm_size(deal->setup.comm);
    return all > 0.0 ? deal->busy / all : 1.0;
}
