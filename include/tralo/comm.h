/* SPDX-License-Identifier: BSD-3-Clause */
/* The communicator that a study runs on. */
#ifndef TRALO_COMM_H
#define TRALO_COMM_H

#include <mpi.h>

#include "tralo/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct comm tralo_comm_t;

/* Makes tralo's own duplicate of `parent`. Collective over `parent`; MPI must be initialised (the
   funneled thread level is enough). The caller frees it before MPI_Finalize.
   Errors: TRALO_ERR_MEMORY, TRALO_ERR_INTERNAL. */
TRALO_API int tralo_comm_create(MPI_Comm parent, tralo_comm_t **out);

/* Frees the duplicate and sets *comm to NULL; NULL is accepted. Collective. */
TRALO_API void tralo_comm_free(tralo_comm_t **comm);

#ifdef __cplusplus
}
#endif
#endif
