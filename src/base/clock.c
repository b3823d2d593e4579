/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <math.h>
#include <time.h>

static double read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double clock_seconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double clock_processor(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void clock_sleep(double seconds)
{
    const struct timespec length = {.tv_sec = (time_t)seconds,
                                    .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&length, NULL);
}

void clock_nap(double *waited)
{
    static const double shortest = 0.05e-3, longest = 20e-3;
    const double began = clock_seconds();
    clock_sleep(fmin(fmax(0.02 * *waited, shortest), longest));
    *waited += clock_seconds() - began;
}
