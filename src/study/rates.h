/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast this machine is at what a plan counts (base/work.h). */
#ifndef STUDY_RATES_H
#define STUDY_RATES_H

#include "comm/comm.h"
#include "study/plan.h"

/* What a machine is taken for where nothing was measured. */
typedef struct rates_given {
    double gflops;    /* of products of panels; other rates as in work_typical */
    double stream;    /* GB/s of memory */
    double latency;   /* microseconds of a small sum over two ranks */
    double bandwidth; /* GB/s between ranks */
    double disk;      /* GB/s from disk to a rank, while all read */
} rates_given_t;

plan_rates_t rates_from(const rates_given_t *given); /* not collective */

/* Measures each rate by the program's own kernels, for at most about a tenth of a second each, at
   the size that the request has, or a smaller one that takes no longer; all ranks at once, the
   slowest counts. Messages need more than one rank, else rates->latency and bandwidth stay.
   Collective; the same on all ranks. Errors: TRALO_ERR_MEMORY. */
int rates_measure(comm_t *comm, const plan_request_t *request, plan_rates_t *rates);

#endif
