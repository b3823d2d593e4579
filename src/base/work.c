/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/work.h"

#include <math.h>

/* About half of what `tralo plan` measures on one core of a server with AVX-512, in the order below
   43, 21, 50 and 6.3 Gflop/s, 1.5e9 entries and 0.8e9 pairs of them, 6.5e7 rows of logistic loss,
   since cores that all work share memory and power. Messages as within a node or over a good
   network. */
const work_rates_t work_typical = {.amount = {[WORK_PANEL] = 20e9,
                                              [WORK_WHOLE] = 10e9,
                                              [WORK_SHARED] = 20e9,
                                              [WORK_PASS] = 2.5e9,
                                              [WORK_ENTRY] = 0.625e9,
                                              [WORK_PAIR] = 0.625e9,
                                              [WORK_ROW] = 3e7,
                                              [WORK_BLOCK] = 1e5,
                                              [WORK_READ] = 1e9},
                                   .latency = 5e-6,
                                   .bandwidth = 5e9,
                                   .ranks = 2};

static work_t counted;

void work_count(work_kind_t kind, double amount)
{
    counted.amount[kind] += amount;
}

work_t work_counted(void)
{
    return counted;
}

void work_reset(void)
{
    counted = (work_t){{0}};
}

void work_add(work_t *sum, const work_t *what, double times)
{
    for (int k = 0; k < WORK_KINDS; k++)
        sum->amount[k] += times * what->amount[k];
    sum->calls += times * what->calls;
    sum->bytes += times * what->bytes;
}

void work_share(work_t *sum, double times, double bytes)
{
    sum->calls += times;
    sum->bytes += times * bytes;
}

void work_sum(work_t *sum, double times, double numbers)
{
    work_share(sum, times, numbers * (double)sizeof(double));
}

/* All but reading. */
static double other_seconds(const work_rates_t *rates, const work_t *work, double ranks)
{
    double seconds = 0.0;
    for (int k = 0; k < WORK_READ; k++)
        if (work->amount[k] > 0.0)
            seconds += work->amount[k] / ranks / rates->amount[k];
    if (ranks < 2.0)
        return seconds;
    const double rounds = log2(ranks) / log2(rates->ranks > 1 ? rates->ranks : 2.0);
    const double both = 2.0 * (ranks - 1.0) / ranks; /* there and back */
    return seconds + work->calls * rates->latency * rounds + work->bytes * both / rates->bandwidth;
}

double work_seconds(const work_rates_t *rates, const work_t *work, double ranks)
{
    const double read = work->amount[WORK_READ], others = other_seconds(rates, work, ranks);
    return read > 0.0 ? fmax(read / ranks / rates->amount[WORK_READ], others) : others;
}
