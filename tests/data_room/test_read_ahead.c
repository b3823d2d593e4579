/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/read_ahead.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "support.h"

enum { BLOCKS = 7, BYTES = 1000 };

/* Something slow: block k is filled with k + 1. */
typedef struct slow {
    int64_t blocks, bad; /* the block that cannot be fetched; -1: none */
    useconds_t pause;
    _Atomic int64_t fetched;
} slow_t;

static int fetch(void *context, int64_t block, void *buffer)
{
    slow_t *slow = context;
    if (slow->pause > 0)
        usleep(slow->pause);
    if (block == slow->bad)
        return error_raise(TRALO_ERR_FILE, "block %d is bad", (int)block);
    memset(buffer, (int)block + 1, BYTES);
    slow->fetched++;
    return TRALO_OK;
}

static read_ahead_t *start(slow_t *slow)
{
    read_ahead_t *ahead = NULL;
    const read_ahead_source_t source = {slow->blocks, BYTES, fetch, slow};
    CHECK_OK(read_ahead_create(&source, &ahead));
    return ahead;
}

static bool is_block(const void *buffer, int64_t block)
{
    const char *bytes = buffer;
    return bytes != NULL && bytes[0] == (char)(block + 1) && bytes[BYTES - 1] == (char)(block + 1);
}

static void passes_in_order(void)
{
    for (int64_t blocks = 1; blocks <= BLOCKS; blocks++) {
        slow_t slow = {.blocks = blocks, .bad = -1};
        read_ahead_t *ahead = start(&slow);
        for (int pass = 0; pass < 5; pass++) {
            for (int64_t k = 0; k < blocks; k++)
                CU_ASSERT(is_block(read_ahead_next(ahead), k));
            read_ahead_rewind(ahead);
        }
        read_ahead_free(&ahead);
        CU_ASSERT(ahead == NULL && slow.fetched >= 5 * blocks);
        CU_ASSERT(slow.fetched <= 5 * blocks + READ_AHEAD_SLOTS);
    }
}

static void passes_that_end_early(void)
{
    slow_t slow = {.blocks = BLOCKS, .bad = -1};
    read_ahead_t *ahead = start(&slow);
    for (int64_t most = 0; most <= BLOCKS; most++) {
        for (int64_t k = 0; k < most; k++)
            CU_ASSERT(is_block(read_ahead_next(ahead), k));
        usleep(most % 2 == 0 ? 0 : 500); /* with and without a fetch under way */
        read_ahead_rewind(ahead);
    }
    CU_ASSERT(is_block(read_ahead_next(ahead), 0));
    read_ahead_free(&ahead);
}

static void failures_arrive_in_order(void)
{
    for (int64_t bad = 0; bad < BLOCKS; bad++) {
        slow_t slow = {.blocks = BLOCKS, .bad = bad};
        char message[32];
        read_ahead_t *ahead = start(&slow);
        snprintf(message, sizeof message, "block %d is bad", (int)bad);
        for (int64_t k = 0; k < bad; k++)
            CU_ASSERT(is_block(read_ahead_next(ahead), k));
        usleep(1000);
        CHECK_OK(read_ahead_failure(ahead)); /* nobody has missed it yet */
        CU_ASSERT(read_ahead_next(ahead) == NULL);
        CHECK_FAILS(read_ahead_failure(ahead), TRALO_ERR_FILE, message);
        read_ahead_rewind(ahead);
        CU_ASSERT(read_ahead_next(ahead) == NULL);
        CHECK_FAILS(read_ahead_failure(ahead), TRALO_ERR_FILE, message);
        read_ahead_free(&ahead);
    }
}

/* A fetch and a use that wait for each other: block k is not fetched before the caller holds block
   k - 1, and the caller does not let go of it before block k was begun. Neither waits for ever. */
typedef struct meeting {
    _Atomic int64_t begun; /* the last block of which the fetch has begun */
    _Atomic int64_t held;  /* the last block that the caller has got */
    _Atomic bool missed;
} meeting_t;

static void await(meeting_t *meeting, const _Atomic int64_t *number, int64_t least)
{
    for (int k = 0; k < 100000 && *number < least; k++)
        usleep(100);
    if (*number < least)
        meeting->missed = true;
}

static int fetch_while_used(void *context, int64_t block, void *buffer)
{
    meeting_t *meeting = context;
    meeting->begun = block;
    await(meeting, &meeting->held, block - 1);
    memset(buffer, (int)block + 1, BYTES);
    return TRALO_OK;
}

static void fetching_overlaps_with_use(void)
{
    meeting_t meeting = {.begun = -1, .held = -1};
    read_ahead_t *ahead = NULL;
    const read_ahead_source_t source = {BLOCKS, BYTES, fetch_while_used, &meeting};
    if (!CHECK_OK(read_ahead_create(&source, &ahead)))
        return;
    for (int64_t k = 0; k < BLOCKS && !meeting.missed; k++) {
        CU_ASSERT(is_block(read_ahead_next(ahead), k));
        if (k + 1 < BLOCKS)
            await(&meeting, &meeting.begun, k + 1);
        meeting.held = k;
    }
    CU_ASSERT(!meeting.missed);
    read_ahead_free(&ahead);
}

/* All slots are filled while the caller holds the first of them, and none of them twice. */
static void the_ring_fills_while_a_block_is_used(void)
{
    slow_t slow = {.blocks = BLOCKS, .bad = -1};
    read_ahead_t *ahead = start(&slow);
    const void *first = read_ahead_next(ahead);
    for (int k = 0; k < 100000 && slow.fetched < READ_AHEAD_SLOTS; k++)
        usleep(100);
    usleep(2000);
    CU_ASSERT(slow.fetched == READ_AHEAD_SLOTS && is_block(first, 0));
    read_ahead_free(&ahead);
}

static void waiting_is_measured(void)
{
    slow_t slow = {.blocks = BLOCKS, .bad = -1, .pause = 4000};
    read_ahead_t *ahead = start(&slow);
    for (int64_t k = 0; k < BLOCKS; k++)
        CU_ASSERT(is_block(read_ahead_next(ahead), k));
    const double waited = read_ahead_waited(ahead);
    CU_ASSERT(waited > 0.5e-6 * BLOCKS * slow.pause);
    read_ahead_free(&ahead);
}

static void every_allocation_may_fail(void)
{
    slow_t slow = {.blocks = BLOCKS, .bad = -1};
    const read_ahead_source_t source = {BLOCKS, BYTES, fetch, &slow};
    int code = TRALO_ERR_MEMORY;
    for (int64_t k = 0; code == TRALO_ERR_MEMORY && k < 100; k++) {
        read_ahead_t *ahead = NULL;
        const int64_t before = mem_live();
        mem_fail_at(k);
        code = read_ahead_create(&source, &ahead);
        mem_fail_at(-1);
        CU_ASSERT((code == TRALO_OK) == (ahead != NULL));
        read_ahead_free(&ahead);
        CU_ASSERT(mem_live() == before);
    }
    CU_ASSERT(code == TRALO_OK);
}

void suite_read_ahead(void)
{
    static const test_case_t cases[] = {
        {"passes in order", passes_in_order},
        {"passes that end early", passes_that_end_early},
        {"failures arrive in order", failures_arrive_in_order},
        {"fetching overlaps with use", fetching_overlaps_with_use},
        {"the ring fills while a block is used", the_ring_fills_while_a_block_is_used},
        {"waiting is measured", waiting_is_measured},
        {"every allocation may fail", every_allocation_may_fail},
    };
    REGISTER("read ahead", cases);
}
