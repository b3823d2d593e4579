/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranks that work together: reductions, agreement on failure, and the driver's messages.

   Every function here is collective over the communicator unless it says "not collective".
   Reductions give the same bits on all ranks. Every call is counted: calls, payload bytes, seconds.
 */
#ifndef COMM_COMM_H
#define COMM_COMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct comm comm_t;

typedef struct comm_counters {
    int64_t calls;  /* collective calls */
    int64_t bytes;  /* payload this rank gave to them */
    double seconds; /* time inside them, waiting included */
} comm_counters_t;

/* A communicator over all ranks of the program. Errors: TRALO_ERR_MEMORY, TRALO_ERR_INTERNAL. */
int comm_world(comm_t **out);

/* A communicator of this rank alone. Not collective; errors as above. */
int comm_self(comm_t **out);

/* The ranks that give the same colour (>= 0) make a communicator of their own, in their order.
   Collective. Errors: TRALO_ERR_MEMORY, TRALO_ERR_INTERNAL, the same on all ranks. */
int comm_split(comm_t *comm, int colour, comm_t **out);

/* Collective. */
void comm_free(comm_t **comm);

int comm_rank(const comm_t *comm);                 /* not collective */
int comm_size(const comm_t *comm);                 /* not collective */
const char *comm_library(void);                    /* which MPI this is; not collective */
int comm_local_ranks(const comm_t *comm);          /* ranks on this node; not collective */
comm_counters_t comm_counters(const comm_t *comm); /* not collective */
void comm_counters_reset(comm_t *comm);            /* not collective */

/* From now on, at the beginning of each reduction and comm_share here, this rank calls `watch`,
   which may communicate over other communicators. NULL: no more. Not collective. */
void comm_watch(comm_t *comm, void (*watch)(void *argument), void *argument);

/* Element-wise sum / maximum / minimum over the ranks, in place. values [count], count the same on
   all ranks, of any size. */
void comm_sum(comm_t *comm, double *values, int64_t count);
void comm_sum_int(comm_t *comm, int64_t *values, int64_t count);
void comm_max(comm_t *comm, double *values, int64_t count);
void comm_min(comm_t *comm, double *values, int64_t count);
double comm_sum_one(comm_t *comm, double value);
double comm_max_one(comm_t *comm, double value);
int64_t comm_sum_one_int(comm_t *comm, int64_t value);
int64_t comm_max_one_int(comm_t *comm, int64_t value);
int64_t comm_min_one_int(comm_t *comm, int64_t value);

/* Sum over the ranks before this one (0 on rank 0). */
int64_t comm_sum_before(comm_t *comm, int64_t value);

/* Copies bytes [size] from rank `root` to all. */
void comm_share(comm_t *comm, void *bytes, int64_t size, int root);

/* Concatenates, on rank 0 and in rank order, every rank's values [count] (count per rank) into
   all [sum of counts] (significant on rank 0 only). */
void comm_gather(comm_t *comm, const double *values, int64_t count, double *all);

/* The same answer everywhere to "did it fail?": returns TRALO_OK when all ranks give that, else
   code and message of the lowest failing rank, on every rank. Use as TRY(comm_agree(c,
   local_helper(...))), before any rank communicates again. */
int comm_agree(comm_t *comm, int code);

/* True when bytes [size] are equal on all ranks. */
bool comm_same(comm_t *comm, const void *bytes, int64_t size);

/* Gives bytes [size] to one other rank, which takes them by comm_heard, in the order given. Not
   collective; may wait until they are taken. */
void comm_tell(comm_t *comm, int rank, const void *bytes, int size);

/* Takes what another rank told, if there is something: into bytes [capacity], which must have room
   (a bug otherwise); *rank is whose it was. Does not wait. Not collective. */
bool comm_heard(comm_t *comm, void *bytes, int capacity, int *rank);

/* Everybody waits for everybody. */
void comm_barrier(comm_t *comm);

/* Ends the program on all ranks at once, with the error's message and this status: for ranks that
   will not answer any more. Not collective. */
_Noreturn void comm_abandon(int status);

/* What rank 0 tells the workers to do next: a verb, some whole numbers, some reals. */
enum { MESSAGE_INTS = 4 };
typedef struct comm_message {
    int64_t verb;
    int64_t ints[MESSAGE_INTS];
    int64_t count; /* reals that follow */
} comm_message_t;

/* Rank 0 posts a message with reals [message->count]; all other ranks receive it with comm_receive,
   whose reals [capacity] must be large enough (a bug otherwise). Together one collective call. */
void comm_post(comm_t *comm, const comm_message_t *message, const double *reals);
void comm_receive(comm_t *comm, comm_message_t *message, double *reals, int64_t capacity);

#endif
