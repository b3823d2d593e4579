/* SPDX-License-Identifier: BSD-3-Clause */
/* For the rooms that speak MPI themselves (linalg, data): the communicator behind a comm_t. */
#ifndef COMM_MPI_H
#define COMM_MPI_H

#include <mpi.h>

#include "comm/comm.h"

MPI_Comm comm_mpi(const comm_t *comm); /* borrowed; not collective */

#endif
