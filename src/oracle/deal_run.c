/* SPDX-License-Identifier: BSD-3-Clause */
/* The rank that deals.

   until all that is needed is done:
       tend: hear which groups have answered
             give each idle group a trial, its own last
       look after its own;  sleep when nothing has happened
       asked to stop, or an error: no more are given out, the busy groups are told

   A poll that waits for the end of the trial comes back to `tend` from inside. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "oracle/deal_parts.h"

static const double often = 1e-3; /* seconds between two looks at the others from inside a trial */

static bool is_out(const post_t *post)
{
    return post->since >= 0.0;
}

static int count_out(const deal_t *deal)
{
    int count = 0;
    for (int group = 0; group < deal->groups; group++)
        count += is_out(&deal->posts[group]);
    return count;
}

int deal_idle(const deal_t *deal)
{
    return deal->groups - count_out(deal);
}

static post_t *find_post(const deal_t *deal, int64_t ticket)
{
    for (int group = 0; group < deal->groups; group++)
        if (is_out(&deal->posts[group]) && deal->posts[group].ticket == ticket)
            return &deal->posts[group];
    return NULL;
}

static void fail(deal_t *deal, int code, const char *message)
{
    if (deal->code != TRALO_OK || code == TRALO_OK)
        return;
    deal->code = code;
    snprintf(deal->message, sizeof deal->message, "%s", message);
}

/* ---- giving -----------------------------------------------------------------------------------
 */

static void begin_own(deal_t *deal, const oracle_trial_t *trial)
{
    deal_pass_on(deal, deal->order, deal->size);
    const int code = deal->setup.kind->begin(deal->work, trial);
    fail(deal, code, tralo_error_message());
    deal->begun = code == TRALO_OK;
}

/* false: there is nothing to give. */
static bool give(deal_t *deal, int group)
{
    oracle_trial_t trial;
    post_t *post = &deal->posts[group];
    order_t *order = deal->order;
    int64_t ticket;
    if (!deal->source->next(deal->source->argument, &trial, &ticket))
        return false;
    *order = (order_t){.verb = VERB_TRIAL, .ticket = ticket, .trial = trial};
    memcpy(order->values, trial.values, (size_t)deal->setup.space->count * sizeof *trial.values);
    *post = (post_t){.ticket = ticket, .since = clock_seconds()};
    if (group != deal->mine)
        comm_tell(deal->setup.comm, deal_leader(deal, group), order, deal->size);
    else
        begin_own(deal, &trial);
    if (group == deal->mine && !deal->begun)
        post->since = -1.0;
    return deal->code == TRALO_OK;
}

/* That of rank 0, the first, comes last: it has the others to look after. */
static void give_all(deal_t *deal)
{
    bool more = true;
    for (int k = 1; more && k <= deal->groups; k++)
        if (!is_out(&deal->posts[k % deal->groups]))
            more = give(deal, k % deal->groups);
}

/* ---- taking -----------------------------------------------------------------------------------
 */

/* A group is idle again. What answers after an error counts for nothing. */
static void take(deal_t *deal, deal_done_t *done)
{
    post_t *post = &deal->posts[done->group];
    done->began = post->since;
    deal->busy += done->seconds;
    post->since = -1.0;
    if (deal->code == TRALO_OK && !done->answer->stopped && !post->dropped)
        fail(deal, deal->source->done(deal->source->argument, done), tralo_error_message());
}

static bool hear(deal_t *deal)
{
    reply_t reply;
    int rank, group = deal->groups - 1;
    if (!comm_heard(deal->setup.comm, &reply, sizeof reply, &rank))
        return false;
    while (deal_leader(deal, group) > rank)
        group--;
    fail(deal, reply.code, reply.message);
    deal_done_t done = {
        .ticket = reply.ticket, .group = group, .seconds = reply.seconds, .answer = &reply.answer};
    take(deal, &done);
    return true;
}

/* After its own trial. */
static bool look(deal_t *deal)
{
    oracle_answer_t answer = {0};
    bool ended = false;
    if (!deal->begun)
        return false;
    const int code = deal->setup.kind->poll(deal->work, &answer, &ended);
    fail(deal, code, tralo_error_message());
    if (code == TRALO_OK && !ended)
        return false;
    deal->begun = false;
    const post_t *post = &deal->posts[deal->mine];
    deal_done_t done = {.ticket = post->ticket,
                        .group = deal->mine,
                        .seconds = clock_seconds() - post->since,
                        .answer = &answer};
    take(deal, &done);
    return true;
}

/* ---- giving up --------------------------------------------------------------------------------
 */

static void tell(const deal_t *deal, int group, verb_t verb)
{
    const order_t order = {.verb = verb};
    comm_tell(deal->setup.comm, deal_leader(deal, group), &order, sizeof order);
}

static void drop(deal_t *deal, post_t *post)
{
    const int group = (int)(post - deal->posts);
    if (!post->dropped && group != deal->mine)
        tell(deal, group, VERB_STOP);
    post->dropped = true;
}

static void drop_all(deal_t *deal)
{
    for (int group = 0; group < deal->groups; group++)
        if (is_out(&deal->posts[group]))
            drop(deal, &deal->posts[group]);
}

void deal_drop(deal_t *deal, int64_t ticket)
{
    post_t *post = find_post(deal, ticket);
    if (post != NULL)
        drop(deal, post);
}

double deal_since(const deal_t *deal, int64_t ticket)
{
    const post_t *post = find_post(deal, ticket);
    return post != NULL ? post->since : -1.0;
}

/* A trial that neither ends nor gives up: it has failed, and all that can be done for the others is
   to end the program. */
static void abandon(deal_t *deal, int group)
{
    const oracle_common_t *common = deal->setup.options;
    const post_t *post = &deal->posts[group];
    oracle_answer_t answer = {.valid = false};
    snprintf(answer.failure, sizeof answer.failure,
             "it neither ended within time_limit = %g s, nor gave up in %g s more",
             common->time_limit, common->grace);
    const deal_done_t done = {.ticket = post->ticket,
                              .group = group,
                              .began = post->since,
                              .seconds = clock_seconds() - post->since,
                              .answer = &answer};
    if (!post->dropped && deal->source->done(deal->source->argument, &done) != TRALO_OK)
        comm_abandon(1);
    error_raise(TRALO_ERR_EVALUATION,
                "a trial on group %d of ranks hangs (%s), and a %s can be ended only with the "
                "whole run: what is done is kept, and --resume goes on without this trial",
                group, answer.failure, deal->setup.kind->name);
    comm_abandon(DEAL_HANGS);
}

/* Its own group cannot be meant: this rank is not in it now. */
static void find_hanging(deal_t *deal)
{
    const oracle_common_t *common = deal->setup.options;
    const double since = clock_seconds() - common->time_limit - common->grace;
    if (!deal->setup.kind->unstoppable || common->time_limit <= 0.0)
        return;
    for (int group = 0; group < deal->groups; group++)
        if (group != deal->mine && is_out(&deal->posts[group]) && deal->posts[group].since < since)
            abandon(deal, group);
}

/* ---- the loop ---------------------------------------------------------------------------------
 */

/* Did something happen? */
static bool tend(deal_t *deal)
{
    bool heard = false;
    deal->stopping = deal->stopping || deal->code != TRALO_OK || deal->setup.stop();
    while (hear(deal))
        heard = true;
    find_hanging(deal);
    if (deal->stopping || deal->code != TRALO_OK)
        drop_all(deal);
    else if (!deal->source->complete(deal->source->argument))
        give_all(deal);
    deal->tended = clock_seconds();
    return heard;
}

/* The trial from inside of which it is called may have an error's message in hand. */
void deal_tend(deal_t *deal)
{
    char message[ERROR_TEXT];
    if (deal->source == NULL || clock_seconds() <= deal->tended + often)
        return;
    snprintf(message, sizeof message, "%s", tralo_error_message());
    tend(deal);
    error_set(message);
}

static bool is_over(const deal_t *deal)
{
    const bool stopping = deal->stopping || deal->code != TRALO_OK;
    return stopping ? count_out(deal) == 0 : deal->source->complete(deal->source->argument);
}

int deal_run(deal_t *deal, const deal_source_t *source)
{
    const double began = clock_seconds();
    double waited = 0.0;
    deal->source = source;
    deal->stopping = false;
    deal->code = TRALO_OK;
    while (!is_over(deal)) {
        const bool heard = tend(deal);
        if (look(deal) || heard)
            waited = 0.0;
        else if (!is_over(deal))
            clock_nap(&waited);
    }
    deal->source = NULL;
    deal->open += clock_seconds() - began;
    if (deal->code != TRALO_OK)
        error_set(deal->message);
    return deal->code;
}

/* Nothing is given, and nothing that is done counts. */
static bool none(void *argument, oracle_trial_t *trial, int64_t *ticket)
{
    (void)argument, (void)trial, (void)ticket;
    return false;
}

static int forget(void *argument, const deal_done_t *done)
{
    (void)argument, (void)done;
    return TRALO_OK;
}

static bool is_quiet(void *deal)
{
    return count_out(deal) == 0;
}

void deal_end(deal_t *deal)
{
    const deal_source_t nothing = {deal, none, forget, is_quiet};
    const order_t order = {.verb = VERB_END};
    if (deal->ended)
        return;
    deal->ended = true;
    drop_all(deal);
    deal_run(deal, &nothing);
    for (int group = 0; group < deal->groups; group++)
        if (group != deal->mine)
            tell(deal, group, VERB_END);
    if (deal->mine >= 0)
        deal_pass_on(deal, &order, sizeof order);
}

double deal_utilisation(const deal_t *deal)
{
    const double all = deal->open * deal->groups;
    return all > 0.0 ? deal->busy / all : 1.0;
}
