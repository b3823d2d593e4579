/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that threads touch first: each page once, with the part of its panel that it lies in. */
#define _GNU_SOURCE /* mincore */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/touch.h"
#include "data/build.h"
#include "support.h"

enum { SKEW = 24, BYTES = 1003007, PANEL = 300011, CUTS = 5 };

/* The part that the byte at `at` lies in. */
static int64_t part_of(int64_t at)
{
    const int64_t first = at / PANEL * PANEL;
    const int64_t size = BYTES - first < PANEL ? BYTES - first : PANEL;
    int64_t part = (at - first) * TOUCH_PARTS / size;
    while (size * (part + 1) / TOUCH_PARTS <= at - first)
        part++;
    return part;
}

/* Are just those bytes of the block 0 that begin a page and lie in the parts begin .. end - 1? */
static bool touched(const char *block, int64_t begin, int64_t end)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int64_t at = 0; at < BYTES; at++) {
        const int64_t part = part_of(at);
        const bool wanted = ((uintptr_t)block + (uintptr_t)at) % page == 0;
        if ((block[at] == 0) != (wanted && part >= begin && part < end))
            return false;
    }
    return true;
}

static void each_page_with_its_part(void)
{
    static const int64_t cuts[CUTS] = {0, 1, 400, 401, TOUCH_PARTS};
    char *block = NULL;
    if (!CHECK_OK(mem_alloc(SKEW + BYTES, 1, &block)))
        return;
    touch_t touch = {block + SKEW, BYTES, PANEL};
    for (int k = 0; k + 1 < CUTS; k++) {
        memset(block, 1, SKEW + BYTES);
        touch_parts(&touch, cuts[k], cuts[k + 1]);
        CU_ASSERT(touched(touch.block, cuts[k], cuts[k + 1]));
    }
    mem_free(&block);
}

static void by_several_threads_only(void)
{
    char *block = NULL;
    if (!CHECK_OK(mem_alloc(BYTES, 1, &block)))
        return;
    memset(block, 1, BYTES);
    touch_first(block, BYTES, PANEL);
    CU_ASSERT(touched(block, 0, 0));
    share_setup(3, (double)BYTES);
    touch_first(block, BYTES, PANEL);
    CU_ASSERT(touched(block, 0, 0));
    share_setup(3, 0.0);
    touch_first(block, BYTES, PANEL);
    CU_ASSERT(touched(block, 0, TOUCH_PARTS));
    share_setup(1, SHARE_LEAST);
    mem_free(&block);
}

/* Are all pages of the block, but for those at its ends, in memory? */
static bool resident(void *block, int64_t bytes)
{
    const int64_t page = sysconf(_SC_PAGESIZE), pages = bytes / page - 1;
    char *first = (char *)block + page - (int64_t)((uintptr_t)block % (uintptr_t)page);
    unsigned char *in = NULL;
    if (!CHECK_OK(mem_alloc(pages, 1, &in)))
        return false;
    bool all = mincore(first, (size_t)(pages * page), in) == 0;
    for (int64_t k = 0; k < pages; k++)
        all = all && (in[k] & 1) != 0;
    mem_free(&in);
    return all;
}

/* X is so large that malloc takes it from the system, which gives pages as they are touched. */
static void X_before_it_is_read(void)
{
    const data_shape_t shape = {.n = 50000 * (int64_t)comm_size(test_comm), .p = 100, .y = true};
    data_t *data = NULL;
    share_setup(2, SHARE_LEAST);
    if (CHECK_OK(data_create(test_comm, &shape, &data)))
        CU_ASSERT(resident(data->X.dense, data->rows * 100 * 8));
    data_free(&data);
    share_setup(1, SHARE_LEAST);
}

void suite_touch(void)
{
    static const test_case_t cases[] = {
        {"each page with its part", each_page_with_its_part},
        {"by several threads only", by_several_threads_only},
        {"X before it is read", X_before_it_is_read},
    };
    REGISTER("touch", cases);
}
