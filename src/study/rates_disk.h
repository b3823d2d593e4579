/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_RATES_DISK_H
#define STUDY_RATES_DISK_H

#include "comm/comm.h"

/* A data set whose X is dense, and how fast passes over it are read from where it is. */
typedef struct rates_disk {
    int64_t n;
    int p;
    bool single; /* X is stored in single precision */
    double rate; /* bytes of X per second, to the slowest rank while all read */
} rates_disk_t;

/* Opens `file` (HDF5, or a pattern of several) as a run does whose X stays on disk, and reads from
   it for at most about half a second, after the page cache was told to forget it. Collective; the
   same on all ranks. Errors: those of data_open. */
int rates_measure_disk(comm_t *comm, const char *file, rates_disk_t *out);

#endif
