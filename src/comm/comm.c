/* SPDX-License-Identifier: BSD-3-Clause */
#include "comm/comm.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "comm/mpi.h"
#include "tralo/comm.h"

enum { CHUNK = 1 << 24 }; /* elements in one MPI call: MPI counts are int */

struct comm {
    MPI_Comm mpi; /* owned duplicate */
    int rank, size, local_ranks;
    comm_counters_t counters;
    void (*watch)(void *argument); /* NULL: none */
    void *argument;
};

static void abort_all(void)
{
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static int count_local_ranks(MPI_Comm mpi, int *out)
{
    MPI_Comm node;
    if (MPI_Comm_split_type(mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node) != MPI_SUCCESS)
        return error_raise(TRALO_ERR_INTERNAL, "MPI cannot tell which ranks share a node");
    MPI_Comm_size(node, out);
    MPI_Comm_free(&node);
    return TRALO_OK;
}

int tralo_comm_create(MPI_Comm parent, tralo_comm_t **out)
{
    int code = TRALO_OK;
    comm_t *comm = NULL;
    ALLOC(comm, 1);
    comm->mpi = MPI_COMM_NULL;
    if (MPI_Comm_dup(parent, &comm->mpi) != MPI_SUCCESS)
        FAIL(TRALO_ERR_INTERNAL, "MPI cannot duplicate the communicator");
    MPI_Comm_rank(comm->mpi, &comm->rank);
    MPI_Comm_size(comm->mpi, &comm->size);
    TRY(count_local_ranks(comm->mpi, &comm->local_ranks));
    error_set_abort(abort_all);
    *out = comm;
    comm = NULL;
out:
    tralo_comm_free(&comm);
    return code;
}

void tralo_comm_free(tralo_comm_t **comm)
{
    if (*comm == NULL)
        return;
    if ((*comm)->mpi != MPI_COMM_NULL)
        MPI_Comm_free(&(*comm)->mpi);
    mem_free(comm);
}

int comm_world(comm_t **out)
{
    return tralo_comm_create(MPI_COMM_WORLD, out);
}

int comm_self(comm_t **out)
{
    return tralo_comm_create(MPI_COMM_SELF, out);
}

int comm_split(comm_t *comm, int colour, comm_t **out)
{
    MPI_Comm part;
    if (MPI_Comm_split(comm->mpi, colour, comm->rank, &part) != MPI_SUCCESS)
        return error_raise(TRALO_ERR_INTERNAL, "MPI cannot split the communicator");
    int code = comm_agree(comm, tralo_comm_create(part, out));
    MPI_Comm_free(&part);
    return code;
}

void comm_free(comm_t **comm)
{
    tralo_comm_free(comm);
}

MPI_Comm comm_mpi(const comm_t *comm)
{
    return comm->mpi;
}

int comm_rank(const comm_t *comm)
{
    return comm->rank;
}

int comm_size(const comm_t *comm)
{
    return comm->size;
}

int comm_local_ranks(const comm_t *comm)
{
    return comm->local_ranks;
}

const char *comm_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (text[0] == '\0')
        MPI_Get_library_version(text, &length);
    return text;
}

comm_counters_t comm_counters(const comm_t *comm)
{
    return comm->counters;
}

void comm_counters_reset(comm_t *comm)
{
    memset(&comm->counters, 0, sizeof comm->counters);
}

void comm_count(comm_t *comm, int64_t bytes, double started)
{
    comm->counters.calls++;
    comm->counters.bytes += bytes;
    comm->counters.seconds += clock_seconds() - started;
}

void comm_watch(comm_t *comm, void (*watch)(void *argument), void *argument)
{
    comm->watch = watch;
    comm->argument = argument;
}

static void look_out(const comm_t *comm)
{
    if (comm->watch != NULL)
        comm->watch(comm->argument);
}

static int chunk(int64_t left)
{
    return left < CHUNK ? (int)left : CHUNK;
}

/* Values of 8 bytes. */
static void reduce(comm_t *comm, void *values, int64_t elements, MPI_Datatype type, MPI_Op op)
{
    look_out(comm);
    double started = clock_seconds();
    char *at = values;
    for (int64_t done = 0; done < elements; done += CHUNK)
        MPI_Allreduce(MPI_IN_PLACE, at + 8 * done, chunk(elements - done), type, op, comm->mpi);
    comm_count(comm, 8 * elements, started);
}

void comm_sum(comm_t *comm, double *values, int64_t elements)
{
    reduce(comm, values, elements, MPI_DOUBLE, MPI_SUM);
}

void comm_sum_int(comm_t *comm, int64_t *values, int64_t elements)
{
    reduce(comm, values, elements, MPI_INT64_T, MPI_SUM);
}

void comm_max(comm_t *comm, double *values, int64_t elements)
{
    reduce(comm, values, elements, MPI_DOUBLE, MPI_MAX);
}

void comm_min(comm_t *comm, double *values, int64_t elements)
{
    reduce(comm, values, elements, MPI_DOUBLE, MPI_MIN);
}

double comm_sum_one(comm_t *comm, double value)
{
    comm_sum(comm, &value, 1);
    return value;
}

double comm_max_one(comm_t *comm, double value)
{
    comm_max(comm, &value, 1);
    return value;
}

int64_t comm_sum_one_int(comm_t *comm, int64_t value)
{
    comm_sum_int(comm, &value, 1);
    return value;
}

int64_t comm_max_one_int(comm_t *comm, int64_t value)
{
    reduce(comm, &value, 1, MPI_INT64_T, MPI_MAX);
    return value;
}

int64_t comm_min_one_int(comm_t *comm, int64_t value)
{
    reduce(comm, &value, 1, MPI_INT64_T, MPI_MIN);
    return value;
}

int64_t comm_sum_before(comm_t *comm, int64_t value)
{
    double started = clock_seconds();
    int64_t before = 0;
    MPI_Exscan(&value, &before, 1, MPI_INT64_T, MPI_SUM, comm->mpi);
    comm_count(comm, 8, started);
    return comm->rank == 0 ? 0 : before;
}

void comm_share(comm_t *comm, void *bytes, int64_t size, int root)
{
    look_out(comm);
    double started = clock_seconds();
    char *at = bytes;
    for (int64_t done = 0; done < size; done += CHUNK)
        MPI_Bcast(at + done, chunk(size - done), MPI_BYTE, root, comm->mpi);
    comm_count(comm, comm->rank == root ? size : 0, started);
}

void comm_gather(comm_t *comm, const double *values, int64_t elements, double *all)
{
    double started = clock_seconds();
    const int tag = 1;
    if (comm->rank != 0) {
        MPI_Send(&elements, 1, MPI_INT64_T, 0, tag, comm->mpi);
        for (int64_t done = 0; done < elements; done += CHUNK)
            MPI_Send(values + done, chunk(elements - done), MPI_DOUBLE, 0, tag, comm->mpi);
    } else {
        memcpy(all, values, (size_t)elements * sizeof *all);
        all += elements;
        for (int rank = 1; rank < comm->size; rank++) {
            int64_t theirs;
            MPI_Recv(&theirs, 1, MPI_INT64_T, rank, tag, comm->mpi, MPI_STATUS_IGNORE);
            for (int64_t done = 0; done < theirs; done += CHUNK)
                MPI_Recv(all + done, chunk(theirs - done), MPI_DOUBLE, rank, tag, comm->mpi,
                         MPI_STATUS_IGNORE);
            all += theirs;
        }
    }
    comm_count(comm, 8 * elements, started);
}

int comm_agree(comm_t *comm, int code)
{
    char text[ERROR_TEXT];
    int64_t failing = code == TRALO_OK ? INT64_MAX : comm->rank;
    int64_t speaker = comm_min_one_int(comm, failing);
    if (speaker == INT64_MAX)
        return TRALO_OK;
    strncpy(text, tralo_error_message(), sizeof text - 1);
    text[sizeof text - 1] = '\0';
    comm_share(comm, text, sizeof text, (int)speaker);
    comm_share(comm, &code, sizeof code, (int)speaker);
    error_set(text);
    return code;
}

bool comm_same(comm_t *comm, const void *bytes, int64_t size)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    const unsigned char *at = bytes;
    for (int64_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    int64_t key = (int64_t)(hash >> 1);
    return comm_max_one_int(comm, key) == comm_min_one_int(comm, key);
}

void comm_barrier(comm_t *comm)
{
    double started = clock_seconds();
    MPI_Barrier(comm->mpi);
    comm_count(comm, 0, started);
}

enum { TAG_TOLD = 2 };

void comm_tell(comm_t *comm, int rank, const void *bytes, int size)
{
    double started = clock_seconds();
    MPI_Send(bytes, size, MPI_BYTE, rank, TAG_TOLD, comm->mpi);
    comm_count(comm, size, started);
}

bool comm_heard(comm_t *comm, void *bytes, int capacity, int *rank)
{
    int there, size;
    MPI_Status status;
    double started = clock_seconds();
    MPI_Iprobe(MPI_ANY_SOURCE, TAG_TOLD, comm->mpi, &there, &status);
    if (!there)
        return false;
    MPI_Get_count(&status, MPI_BYTE, &size);
    ASSERT(size <= capacity);
    *rank = status.MPI_SOURCE;
    MPI_Recv(bytes, size, MPI_BYTE, *rank, TAG_TOLD, comm->mpi, MPI_STATUS_IGNORE);
    comm_count(comm, 0, started);
    return true;
}

_Noreturn void comm_abandon(int status)
{
    fflush(stdout);
    fprintf(stderr, "tralo: %s\n", tralo_error_message());
    MPI_Abort(MPI_COMM_WORLD, status);
    abort();
}

void comm_post(comm_t *comm, const comm_message_t *message, const double *reals)
{
    ASSERT(comm->rank == 0);
    comm_message_t head = *message;
    comm_share(comm, &head, sizeof head, 0);
    if (head.count > 0)
        comm_share(comm, (void *)(uintptr_t)reals, head.count * (int64_t)sizeof *reals, 0);
}

void comm_receive(comm_t *comm, comm_message_t *message, double *reals, int64_t capacity)
{
    ASSERT(comm->rank != 0);
    comm_share(comm, message, sizeof *message, 0);
    ASSERT(message->count <= capacity);
    if (message->count > 0)
        comm_share(comm, reals, message->count * (int64_t)sizeof *reals, 0);
}
