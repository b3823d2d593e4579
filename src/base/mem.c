/* SPDX-License-Identifier: BSD-3-Clause */
/* What the user gets begins at a multiple of LINE within a block of calloc, which does not touch
   the pages of a large one: they come to lie near the core that first writes them, and those that
   nobody writes take no room. Before it lies the head. */
#include "base/mem.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 }; /* bytes of a cache line */

typedef struct head {
    void *block;
    size_t payload;
} head_t;

_Static_assert(_Alignof(max_align_t) % sizeof(head_t) == 0, "the head fits before the first line");

static int64_t live, bytes, peak;
static int64_t fail_countdown = -1;

static bool must_fail(void)
{
    if (fail_countdown < 0)
        return false;
    return fail_countdown-- == 0;
}

int mem_alloc(int64_t count, size_t size, void *out)
{
    int code = TRALO_OK;
    size_t payload, total;
    void *block = NULL;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &payload) ||
        __builtin_add_overflow(payload, (size_t)2 * LINE, &total))
        FAIL(TRALO_ERR_MEMORY, "cannot allocate %" PRId64 " elements of %zu bytes", count, size);
    if (!must_fail())
        block = calloc(1, total);
    if (block == NULL)
        FAIL(TRALO_ERR_MEMORY, "out of memory: %zu bytes more are needed, %" PRId64 " are in use",
             payload, bytes);
    const head_t head = {block, payload};
    char *user = (char *)block + LINE - (uintptr_t)block % LINE;
    memcpy(user - sizeof head, &head, sizeof head);
    memcpy(out, &user, sizeof user);
    live++;
    bytes += (int64_t)payload;
    peak = bytes > peak ? bytes : peak;
out:
    return code;
}

void mem_free(void *pointer)
{
    char *user;
    head_t head;
    memcpy(&user, pointer, sizeof user);
    if (user == NULL)
        return;
    memcpy(&head, user - sizeof head, sizeof head);
    live--;
    bytes -= (int64_t)head.payload;
    free(head.block);
    memset(pointer, 0, sizeof user);
}

int mem_string(const char *text, char **out)
{
    int code = TRALO_OK;
    char *copy = NULL;
    if (text != NULL) {
        size_t size = strlen(text) + 1;
        ALLOC(copy, (int64_t)size);
        memcpy(copy, text, size);
    }
    *out = copy;
out:
    return code;
}

int64_t mem_live(void)
{
    return live;
}

int64_t mem_bytes(void)
{
    return bytes;
}

int64_t mem_peak(void)
{
    return peak;
}

void mem_peak_reset(void)
{
    peak = bytes;
}

void mem_fail_at(int64_t k)
{
    fail_countdown = k;
}
