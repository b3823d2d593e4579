/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums that carry their rounding errors along, so that they hardly depend on the order of the terms
   and thus on the number of ranks (Sum2 of Ogita, Rump, Oishi, SIAM J. Sci. Comput. 26, 2005). */
#ifndef DATA_SUM_H
#define DATA_SUM_H

/* sum + lost += value, lost being what rounding took from sum. */
static inline void sum_add(double *sum, double *lost, double value)
{
    double total = *sum + value;
    double part = total - *sum;
    *lost += (*sum - (total - part)) + (value - part);
    *sum = total;
}

#endif
