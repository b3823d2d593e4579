/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_THREADS_H
#define STUDY_THREADS_H

#include "comm/comm.h"

/* Sets the threads that BLAS and shared loops (share.h) use in this rank: OPENBLAS_NUM_THREADS or
   OMP_NUM_THREADS where one is set, else SLURM_CPUS_PER_TASK, else the cores that this rank may
   use, divided by the ranks that may use the same ones. Warns of more threads than cores, where a
   rank has several. Collective. Errors: those of comm_split, the same on all ranks. */
int threads_setup(comm_t *comm);

/* What threads_setup chose. */
int threads_count(void);

#endif
