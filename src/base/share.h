/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops of this program (BLAS has its own threads) by the threads of this process. What is done for
   an element may not depend on the range that it comes in, nor be written by another range: then
   the result has the same bits for any number of threads. Only the first thread of the process
   calls this. Not collective. */
#ifndef BASE_SHARE_H
#define BASE_SHARE_H

#include <stdint.h>

/* Threads that loops are shared among from now on, and the cost from which they are: in operations
   on numbers for all elements. At first there is one thread. Where the system gives fewer, there
   are fewer. */
enum { SHARE_LEAST = 100000 }; /* some 50 microseconds, which threads that wait are worth */
void share_setup(int threads, double least);

/* Threads that a loop of this cost is shared among. */
int share_threads(double cost);

/* Scratch of `each` numbers for every thread, no two in one line of cache: how many numbers that
   is, for as long as there are no more threads; and where those of the thread begin that calls. */
int64_t share_scratch(int64_t each);
int64_t share_own(int64_t each);

/* Calls work(argument, begin, end) for ranges that together are 0 .. count - 1, each once. They are
   worked on at the same time where there are several threads and `cost` is at least that of
   share_setup. `work` may not call this again, allocate or communicate. */
typedef void (*share_work_t)(void *argument, int64_t begin, int64_t end);
void share(int64_t count, double cost, share_work_t work, void *argument);

#endif
