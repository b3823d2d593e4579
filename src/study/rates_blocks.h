/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_RATES_BLOCKS_H
#define STUDY_RATES_BLOCKS_H

#include "comm/comm.h"
#include "study/plan.h"

/* The rates of rows of a softmax of so many outputs, a part of rates_measure: from values and
   gradients of the criterion itself with one feature, so that its matrices of rows are all that
   takes time. Collective. Errors: TRALO_ERR_MEMORY. */
int rates_measure_blocks(comm_t *comm, int outputs, plan_rates_t *rates);

#endif
