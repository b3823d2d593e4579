/* SPDX-License-Identifier: BSD-3-Clause */
/* rank 0:  deal_run.c
   first rank of another group:  hear: a trial: pass it on to its group, begin it, look after it,
                                       hear "stop" in between, answer
                                       end: pass it on, return
   others:  hear from the first of the group: a trial: evaluate it with the group
                                              end: return */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oracle/deal_parts.h"

int deal_leader(const deal_t *deal, int group)
{
    const int64_t workers = comm_size(deal->setup.comm) - deal->first;
    return deal->first + (int)(group * workers / deal->groups);
}

bool deal_leads(const deal_t *deal)
{
    return deal->mine >= 0 && deal_leader(deal, deal->mine) == comm_rank(deal->setup.comm);
}

/* Asked while this rank evaluates. */
static bool stop(void *argument)
{
    deal_t *deal = argument;
    int from;
    if (comm_rank(deal->setup.comm) == 0) {
        deal_tend(deal);
        return deal->stopping || deal->posts[deal->mine].dropped;
    }
    if (!deal->stopping && deal_leads(deal) &&
        comm_heard(deal->setup.comm, deal->order, deal->size, &from))
        deal->stopping = true; /* a busy rank is told nothing else */
    return deal->stopping;
}

/* On rank 0, while its group communicates. */
static void watch(void *argument)
{
    deal_tend(argument);
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
    deal->groups = (int)oracle_groups(common->groups, common->ranks_per_group, workers);
    deal->mine = rank < deal->first ? -1 : deal->groups - 1;
    while (deal->mine >= 0 && deal_leader(deal, deal->mine) > rank)
        deal->mine--;
}

static int prepare(deal_t *deal)
{
    int code = TRALO_OK;
    const deal_setup_t *s = &deal->setup;
    deal->size = (int)(sizeof *deal->order + (size_t)s->space->count * sizeof(double));
    TRY(mem_alloc(1, (size_t)deal->size, &deal->order));
    ALLOC(deal->posts, deal->groups);
    for (int group = 0; group < deal->groups; group++)
        deal->posts[group].since = -1.0;
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
    if (comm_rank(setup->comm) == 0)
        comm_watch(deal->group, watch, deal);
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
    mem_free(&d->posts);
    mem_free(deal);
}

int deal_groups(const deal_t *deal)
{
    return deal->groups;
}

/* ---- the ranks that serve ---------------------------------------------------------------------
 */

void deal_pass_on(const deal_t *deal, const order_t *order, int size)
{
    for (int rank = 1; rank < comm_size(deal->group); rank++)
        comm_tell(deal->group, rank, order, size);
}

/* With the group, whose first rank answers. */
static void evaluate(deal_t *deal)
{
    const order_t *order = deal->order;
    oracle_trial_t trial = order->trial;
    reply_t reply = {.ticket = order->ticket};
    const double began = clock_seconds();
    trial.values = order->values;
    deal->stopping = false;
    if (deal_leads(deal))
        deal_pass_on(deal, order, deal->size);
    reply.code = oracle_run(deal->setup.kind, deal->work, &trial, &reply.answer);
    reply.seconds = clock_seconds() - began;
    if (reply.code != TRALO_OK)
        strncpy(reply.message, tralo_error_message(), sizeof reply.message - 1);
    if (deal_leads(deal))
        comm_tell(deal->setup.comm, 0, &reply, sizeof reply);
}

void deal_serve(deal_t *deal)
{
    double waited = 0.0;
    int from;
    comm_t *from_whom = deal_leads(deal) ? deal->setup.comm : deal->group;
    deal->order->verb = VERB_STOP; /* an answer and a "stop" may pass each other: nothing to do */
    while (comm_rank(deal->setup.comm) != 0 && deal->order->verb != VERB_END) {
        if (!comm_heard(from_whom, deal->order, deal->size, &from)) {
            clock_nap(&waited);
        } else if (deal->order->verb == VERB_TRIAL) {
            evaluate(deal);
            deal->order->verb = VERB_STOP;
            waited = 0.0;
        } else if (deal->order->verb == VERB_END && deal_leads(deal)) {
            deal_pass_on(deal, deal->order, sizeof *deal->order);
        }
    }
}
