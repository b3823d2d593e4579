/* SPDX-License-Identifier: BSD-3-Clause */
/* For the rooms that speak MPI themselves (linalg, data): the communicator behind a comm_t. */
#ifndef COMM_MPI_H
#define COMM_MPI_H

#include <mpi.h>

#include "comm/comm.h"

MPI_Comm comm_mpi(const comm_t *comm); /* borrowed; not collective */

/* Counts one collective call that such a room made itself: payload of this rank, and when it began
   (clock_seconds). Not collective. */
void comm_count(comm_t *comm, int64_t bytes, double started);

#endif
