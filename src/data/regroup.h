/* SPDX-License-Identifier: BSD-3-Clause */
/* The same rows once more in every group of ranks, so that groups can work on different problems.
 */
#ifndef DATA_REGROUP_H
#define DATA_REGROUP_H

#include "data/data.h"

/* All rows of `data`, as they are (standardised, with the intercept), partitioned over the ranks of
   `group`, which is a part of data->comm and borrowed as long as *out lives. Names and labels are
   not copied. Collective over data->comm. Errors: TRALO_ERR_MEMORY, the same on all ranks. Cost:
   every row is sent to every rank once. */
int data_regroup(const data_t *data, comm_t *group, data_t **out);

#endif
