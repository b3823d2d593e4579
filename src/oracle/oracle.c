/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/oracle.h"

#include <string.h>

#include "base/mem.h"

enum { VERB_STOP, VERB_EVALUATE, VERB_PRODUCT, VERB_EXACT, VERB_ROWS };

struct oracle {
    comm_t *comm;            /* borrowed */
    criterion_t *criterion;  /* borrowed */
    exact_t *exact;          /* owned */
    int count;               /* S */
    double *reals;           /* [S + unknowns] of a message */
    double *product;         /* [S] */
    criterion_result_t last; /* of the last evaluation */
};

static int allocate(comm_t *comm, criterion_t *criterion, oracle_t **out)
{
    int code = TRALO_OK;
    oracle_t *oracle = NULL;
    ALLOC(oracle, 1);
    oracle->comm = comm;
    oracle->criterion = criterion;
    oracle->count = criterion->count;
    ALLOC(oracle->reals, oracle->count + criterion->unknowns);
    ALLOC(oracle->product, oracle->count);
    *out = oracle;
    oracle = NULL;
out:
    oracle_free(&oracle);
    return code;
}

int oracle_create(comm_t *comm, criterion_t *criterion, oracle_t **out)
{
    int code = TRALO_OK;
    oracle_t *oracle = NULL;
    TRY(comm_agree(comm, allocate(comm, criterion, &oracle)));
    TRY(exact_create(criterion, &oracle->exact));
    *out = oracle;
    oracle = NULL;
out:
    oracle_free(&oracle);
    return code;
}

void oracle_free(oracle_t **oracle)
{
    if (*oracle == NULL)
        return;
    exact_free(&(*oracle)->exact);
    mem_free(&(*oracle)->reals);
    mem_free(&(*oracle)->product);
    mem_free(oracle);
}

/* Each verb's work, done by all ranks alike. */
static void evaluate(oracle_t *oracle, const double *theta, int order)
{
    criterion_evaluate(oracle->criterion, theta, order, &oracle->last);
}

static void multiply(oracle_t *oracle)
{
    criterion_product(oracle->criterion, oracle->reals, oracle->product);
}

static void exact(oracle_t *oracle, int64_t first, int64_t count, double *losses, double *weights)
{
    exact_request_t request = {.theta = oracle->reals,
                               .beta = oracle->reals + oracle->count,
                               .first = first,
                               .count = count};
    exact_losses(oracle->exact, &request, losses, weights);
}

enum { ROWS_AT_ONCE = 4096 };

static void rows(oracle_t *oracle, int64_t first, int64_t count, double *values)
{
    const data_t *data = oracle->criterion->data;
    double part[ROWS_AT_ONCE];
    for (int64_t i = 0; i < count; i += ROWS_AT_ONCE) {
        int64_t length = count - i < ROWS_AT_ONCE ? count - i : ROWS_AT_ONCE;
        for (int64_t k = 0; k < length; k++) {
            int64_t local = first + i + k - data->first;
            part[k] = local >= 0 && local < data->rows ? oracle->last.rows[local] : 0.0;
        }
        comm_sum(oracle->comm, part, length);
        if (values != NULL)
            memcpy(values + i, part, (size_t)length * sizeof *part);
    }
}

void oracle_serve(oracle_t *oracle)
{
    int64_t capacity = oracle->count + oracle->criterion->unknowns;
    comm_message_t message = {.verb = VERB_EVALUATE};
    const int64_t *ints = message.ints;
    while (comm_rank(oracle->comm) != 0 && message.verb != VERB_STOP) {
        comm_receive(oracle->comm, &message, oracle->reals, capacity);
        if (message.verb == VERB_EVALUATE)
            evaluate(oracle, oracle->reals, (int)ints[0]);
        else if (message.verb == VERB_PRODUCT)
            multiply(oracle);
        else if (message.verb == VERB_EXACT)
            exact(oracle, ints[0], ints[1], NULL, NULL);
        else if (message.verb == VERB_ROWS)
            rows(oracle, ints[0], ints[1], NULL);
    }
}

static void post(oracle_t *oracle, int verb, int64_t first, int64_t second, int64_t reals)
{
    comm_message_t message = {.verb = verb, .ints = {first, second}, .count = reals};
    comm_post(oracle->comm, &message, oracle->reals);
}

void oracle_stop(oracle_t *oracle)
{
    post(oracle, VERB_STOP, 0, 0, 0);
}

void oracle_evaluate(oracle_t *oracle, const double *theta, int order, criterion_result_t *result)
{
    memcpy(oracle->reals, theta, (size_t)oracle->count * sizeof *theta);
    post(oracle, VERB_EVALUATE, order, 0, oracle->count);
    evaluate(oracle, oracle->reals, order);
    *result = oracle->last;
}

void oracle_product(oracle_t *oracle, const double *direction, double *out)
{
    memcpy(oracle->reals, direction, (size_t)oracle->count * sizeof *direction);
    post(oracle, VERB_PRODUCT, 0, 0, oracle->count);
    multiply(oracle);
    memcpy(out, oracle->product, (size_t)oracle->count * sizeof *out);
}

void oracle_exact(oracle_t *oracle, const exact_request_t *request, double *losses, double *weights)
{
    int64_t unknowns = oracle->criterion->unknowns;
    memcpy(oracle->reals, request->theta, (size_t)oracle->count * sizeof *request->theta);
    memcpy(oracle->reals + oracle->count, request->beta, (size_t)unknowns * sizeof *request->beta);
    post(oracle, VERB_EXACT, request->first, request->count, oracle->count + unknowns);
    exact(oracle, request->first, request->count, losses, weights);
}

void oracle_rows(oracle_t *oracle, int64_t first, int64_t count, double *values)
{
    post(oracle, VERB_ROWS, first, count, 0);
    rows(oracle, first, count, values);
}
