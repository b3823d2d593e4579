/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_LOSS_LOSS_AT_H
#define TESTS_LOSS_LOSS_AT_H

#include "loss/loss.h"

/* out [LOSS_ORDERS] = the loss and all its derivatives at one (y, u). */
static inline void at(const loss_t *loss, double y, double u, double *out)
{
    double *d[LOSS_ORDERS];
    for (int k = 0; k < LOSS_ORDERS; k++)
        d[k] = out + k;
    loss->derivatives(loss, 1, &y, &u, LOSS_ORDERS - 1, d);
}

#endif
