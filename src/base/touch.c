/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/touch.h"

#include <unistd.h>

#include "base/share.h"

static const double BYTE_COST = 0.25; /* operations: a page takes some half a microsecond */

void touch_parts(void *touch, int64_t begin, int64_t end)
{
    const touch_t *t = touch;
    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t before = (int64_t)((uintptr_t)t->block % (uintptr_t)page);
    for (int64_t first = 0; first < t->bytes; first += t->panel) {
        const int64_t size = t->bytes - first < t->panel ? t->bytes - first : t->panel;
        const int64_t stop = first + size * end / TOUCH_PARTS;
        int64_t at = first + size * begin / TOUCH_PARTS;
        for (at += (page - (before + at) % page) % page; at < stop; at += page)
            t->block[at] = 0;
    }
}

void touch_first(void *block, int64_t bytes, int64_t panel)
{
    const double cost = BYTE_COST * (double)bytes;
    touch_t touch = {block, bytes, panel};
    if (share_threads(cost) > 1)
        share(TOUCH_PARTS, cost, touch_parts, &touch);
}
