/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/work.h"

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
