/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges are taken in turn, several for each thread, since they may take unlike times. Threads
   without work sleep: those of OpenMP spin, which takes the cores from the threads of BLAS (five
   times the run time was seen).

       caller     offer ranges, wake the others; take ranges until none is left; wait for the last
       others     sleep until there are ranges; take them; wake the caller after the last */
#include "base/share.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

enum {
    RANGES = 4,
    MOST = 255,
    LINE = 16 /* numbers, of 4 bytes or more */
};

static double least_cost = SHARE_LEAST;
static pthread_t others[MOST];
static int numbers[MOST];
static _Thread_local int number; /* of this thread */
static int running;              /* of others */

/* What is worked on; by all under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t offered = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static share_work_t work_now;
static void *argument_now;
static int64_t count_now, ranges;
static int64_t next, done; /* the range to be taken next; how many are finished */
static bool ending;

/* Works on what ranges there are. Called, and returns, with the lock. */
static void take_ranges(void)
{
    while (next < ranges) {
        const int64_t k = next++, begin = count_now * k / ranges;
        const int64_t end = count_now * (k + 1) / ranges;
        pthread_mutex_unlock(&lock);
        work_now(argument_now, begin, end);
        pthread_mutex_lock(&lock);
        if (++done == ranges)
            pthread_cond_signal(&finished);
    }
}

static void *serve(void *own_number)
{
    number = *(int *)own_number;
    pthread_mutex_lock(&lock);
    while (!ending) {
        take_ranges();
        if (!ending)
            pthread_cond_wait(&offered, &lock);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void end_others(void)
{
    pthread_mutex_lock(&lock);
    ending = true;
    pthread_cond_broadcast(&offered);
    pthread_mutex_unlock(&lock);
    while (running > 0)
        pthread_join(others[--running], NULL);
    ending = false;
}

/* Signals are for the first thread. */
void share_setup(int threads, double least)
{
    sigset_t all, before;
    end_others();
    least_cost = least;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int k = 0; k < threads - 1 && k < MOST; k++) {
        numbers[k] = k + 1;
        if (pthread_create(&others[k], NULL, serve, &numbers[k]) != 0)
            break;
        running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int64_t whole_lines(int64_t each)
{
    return (each + LINE - 1) / LINE * LINE;
}

int64_t share_scratch(int64_t each)
{
    return (running + 1) * whole_lines(each);
}

int64_t share_own(int64_t each)
{
    return number * whole_lines(each);
}

int share_threads(double cost)
{
    return cost < least_cost ? 1 : running + 1;
}

void share(int64_t count, double cost, share_work_t work, void *argument)
{
    const int64_t most = RANGES * (int64_t)(running + 1);
    if (count < 2 || share_threads(cost) == 1) {
        work(argument, 0, count);
        return;
    }
    pthread_mutex_lock(&lock);
    work_now = work;
    argument_now = argument;
    count_now = count;
    ranges = count < most ? count : most;
    next = done = 0;
    pthread_cond_broadcast(&offered);
    take_ranges();
    while (done < ranges)
        pthread_cond_wait(&finished, &lock);
    ranges = next = 0;
    pthread_mutex_unlock(&lock);
}
