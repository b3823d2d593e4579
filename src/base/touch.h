/* SPDX-License-Identifier: BSD-3-Clause */
/* First touch: a page of memory comes to lie near the core that first writes to it, and is cleared
   by that core. Not collective. */
#ifndef BASE_TOUCH_H
#define BASE_TOUCH_H

#include <stdint.h>

/* Touches a block of mem_alloc that nobody has written to, in its panels of `panel` bytes of which
   the last may be shorter: each thread of share.h a part of each panel, as kernels cut panels. So
   all memories that these threads are near to serve every panel, and not one all threads. The block
   stays 0. Does nothing where there is one thread, or too little to share. */
void touch_first(void *block, int64_t bytes, int64_t panel);

/* What touch_first shares: parts begin .. end - 1 of TOUCH_PARTS of each panel. A page is touched
   at its first byte, with the part that this byte lies in. */
enum { TOUCH_PARTS = 1024 };
typedef struct touch {
    char *block;
    int64_t bytes, panel;
} touch_t;
void touch_parts(void *touch, int64_t begin, int64_t end);

#endif
