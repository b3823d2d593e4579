/* SPDX-License-Identifier: BSD-3-Clause */
/* What a study evaluates, and the driver's side of it: rank 0 calls oracle_evaluate and the like,
   all other ranks sit in oracle_serve and do their part, until rank 0 calls oracle_stop. One rank
   is a legal world. */
#ifndef ORACLE_ORACLE_H
#define ORACLE_ORACLE_H

#include "base/error.h"
#include "comm/comm.h"
#include "criterion/criterion.h"
#include "criterion/exact.h"

typedef struct oracle oracle_t;

/* criterion is borrowed. Collective. Errors: TRALO_ERR_MEMORY. */
int oracle_create(comm_t *comm, criterion_t *criterion, oracle_t **out);
void oracle_free(oracle_t **oracle);

/* Executes what rank 0 asks for until it says stop. All ranks but rank 0; returns at once there. */
void oracle_serve(oracle_t *oracle);
void oracle_stop(oracle_t *oracle); /* rank 0 */

/* criterion_evaluate on all ranks. Rank 0. */
void oracle_evaluate(oracle_t *oracle, const double *theta, int order, criterion_result_t *result);

/* criterion_product on all ranks, at the last evaluation; nothing else may have been asked for
   since. out [S]. Rank 0. */
void oracle_product(oracle_t *oracle, const double *direction, double *out);

/* exact_losses on all ranks; losses, weights [request->count]. Rank 0. */
void oracle_exact(oracle_t *oracle, const exact_request_t *request, double *losses,
                  double *weights);

/* The criterion of rows first .. first + count - 1 (of all) at the last evaluation, which must have
   been valid: values [count], unweighted. Rank 0. */
void oracle_rows(oracle_t *oracle, int64_t first, int64_t count, double *values);

#endif
