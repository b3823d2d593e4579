/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/mem.h"
#include "support.h"

static void reductions(void)
{
    int rank = comm_rank(test_comm), size = comm_size(test_comm);
    double v[2] = {rank, 1.0};
    comm_sum(test_comm, v, 2);
    CU_ASSERT(v[0] == size * (size - 1) / 2.0 && v[1] == size);
    CU_ASSERT(comm_max_one(test_comm, rank) == size - 1);
    CU_ASSERT(comm_min_one_int(test_comm, rank) == 0);
    CU_ASSERT(comm_max_one_int(test_comm, rank) == size - 1);
    CU_ASSERT(comm_sum_before(test_comm, rank + 1) == rank * (rank + 1) / 2);
    CU_ASSERT(comm_same(test_comm, "abc", 3));
    CU_ASSERT(comm_same(test_comm, &rank, sizeof rank) == (size == 1));
}

static void calls_and_bytes_are_counted(void)
{
    double v[10] = {0};
    comm_counters_reset(test_comm);
    comm_sum(test_comm, v, 10);
    CU_ASSERT(comm_counters(test_comm).calls == 1);
    CU_ASSERT(comm_counters(test_comm).bytes == 80);
}

static void agreement(void)
{
    int rank = comm_rank(test_comm), last = comm_size(test_comm) - 1;
    CHECK_OK(comm_agree(test_comm, TRALO_OK));
    int mine = rank == last ? error_raise(TRALO_ERR_FILE, "rank %d fails", rank) : TRALO_OK;
    CHECK_FAILS(comm_agree(test_comm, mine), TRALO_ERR_FILE, "fails");
}

static void gather_keeps_the_order(void)
{
    int rank = comm_rank(test_comm), size = comm_size(test_comm);
    double mine[10], all[100];
    for (int i = 0; i < rank; i++)
        mine[i] = 10 * rank + i;
    comm_gather(test_comm, mine, rank, all);
    int at = 0;
    for (int r = 0; rank == 0 && r < size; r++)
        for (int i = 0; i < r; i++)
            CU_ASSERT(all[at++] == 10 * r + i);
}

static void messages(void)
{
    comm_message_t message = {.verb = 5, .ints = {1, 2, 3, 4}, .count = 2}, got = message;
    double sent[2] = {0.5, 1.5}, reals[4] = {0.5, 1.5};
    if (comm_rank(test_comm) == 0)
        comm_post(test_comm, &message, sent);
    else
        comm_receive(test_comm, &got, reals, 4);
    CU_ASSERT(memcmp(&got, &message, sizeof got) == 0);
    CU_ASSERT(reals[0] == 0.5 && reals[1] == 1.5);
}

/* Rank 0 tells each other rank two things, which come in their order, and hears one from each. */
static void told_and_heard(void)
{
    const int rank = comm_rank(test_comm), size = comm_size(test_comm);
    int from = -1, heard[2] = {0};
    for (int r = 1; rank == 0 && r < size; r++)
        for (int k = 0; k < 2; k++)
            comm_tell(test_comm, r, (const int[]){10 * r + k}, sizeof(int));
    for (int k = 0; rank != 0 && k < 2; k++) {
        while (!comm_heard(test_comm, heard, sizeof heard, &from))
            ;
        CU_ASSERT(from == 0 && heard[0] == 10 * rank + k && heard[1] == 0);
    }
    if (rank != 0)
        comm_tell(test_comm, 0, (const int[]){rank, -rank}, 2 * sizeof(int));
    for (int left = size - 1, sum = 0; rank == 0 && left > 0; left--) {
        while (!comm_heard(test_comm, heard, sizeof heard, &from))
            ;
        sum += from;
        CU_ASSERT(heard[0] == from && heard[1] == -from);
        CU_ASSERT(left > 1 || sum == size * (size - 1) / 2);
    }
    CU_ASSERT_FALSE(comm_heard(test_comm, heard, sizeof heard, &from));
    comm_barrier(test_comm);
}

void suite_comm(void)
{
    static const test_case_t cases[] = {
        {"reductions", reductions},
        {"calls and bytes are counted", calls_and_bytes_are_counted},
        {"all ranks agree on a failure", agreement},
        {"gather keeps the order", gather_keeps_the_order},
        {"messages of the driver", messages},
        {"told and heard", told_and_heard},
    };
    REGISTER("comm", cases);
}
