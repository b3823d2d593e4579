/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_THREADS_H
#define STUDY_THREADS_H

#include "comm/comm.h"

/* Sets the threads that BLAS uses in this rank: OPENBLAS_NUM_THREADS or OMP_NUM_THREADS where one
   is set, else SLURM_CPUS_PER_TASK, else the cores that this rank may use, divided by the ranks of
   the node where they are not bound to cores of their own. Not collective. */
void threads_setup(const comm_t *comm);

/* What threads_setup chose. */
int threads_count(void);

#endif
