/* SPDX-License-Identifier: BSD-3-Clause */
/* A small process beside this one that outlives it, if only by an instant: when this one is gone,
   whatever ended it (SIGKILL by mpirun, no memory), it kills the process group that was out. Not
   collective. */
#ifndef ORACLE_GUARD_H
#define ORACLE_GUARD_H

#include <sys/types.h>

#include "base/error.h"

typedef struct guard {
    pid_t process; /* 0: none */
    int line;      /* to it */
} guard_t;

/* Errors: TRALO_ERR_FILE (no process, no socket). */
int guard_open(guard_t *guard);

/* From now on that group is to be killed, and what has the mark (marked.h); 0: none. */
void guard_watch(const guard_t *guard, pid_t group, const char *mark);

/* Ends it and waits for it. */
void guard_close(guard_t *guard);

#endif
