/* SPDX-License-Identifier: BSD-3-Clause */
/* Counted memory: every array of the program, so that leaks, peaks and failures can be tested. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Allocates count * size bytes, zeroed and 64-byte aligned, into *(void **)out; a count of 0 gives
   a valid pointer. Pages of a large block are not touched here but by who first writes them (which
   places them near that core: touch.h). On failure *out stays as it is and the message says how
   much was asked for. Errors: TRALO_ERR_MEMORY. Not collective. */
int mem_alloc(int64_t count, size_t size, void *out);

/* Frees *(void **)pointer (NULL is accepted) and sets it to NULL. */
void mem_free(void *pointer);

/* An owned copy of a string; NULL copies to NULL. */
int mem_string(const char *text, char **out);

/* Allocates `count` elements for the typed pointer `p`, inside a function with `code` and `out:`.
 */
#define ALLOC(p, count) TRY(mem_alloc((count), sizeof *(p), &(p)))

int64_t mem_live(void);  /* blocks allocated and not freed */
int64_t mem_bytes(void); /* bytes in these blocks */
int64_t mem_peak(void);  /* largest mem_bytes() since the last mem_peak_reset() */
void mem_peak_reset(void);

/* Makes the k-th allocation from now fail (k = 0: the next); k < 0: none. For tests. */
void mem_fail_at(int64_t k);

/* Bytes that this machine can still give to the processes of this job: Linux MemAvailable, or less
   where a control group limits them; 0 when not known. */
int64_t mem_available(void);

/* Bytes for one of `sharing` processes that share it, within its own limits (`ulimit`); 0 when not
   known. */
int64_t mem_available_each(int sharing);

#endif
