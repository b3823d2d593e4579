/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* sched_getaffinity */
#include "study/threads.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "linalg/panel.h"

static int chosen = 1;

static int from_environment(void)
{
    static const char *const names[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS",
                                        "SLURM_CPUS_PER_TASK"};
    for (int i = 0; i < 3; i++) {
        const char *text = getenv(names[i]);
        long threads = text == NULL ? 0 : strtol(text, NULL, 10);
        if (threads > 0 && threads < 4096)
            return (int)threads;
    }
    return 0;
}

static int from_cores(int local_ranks)
{
    cpu_set_t set;
    int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    bool bound = allowed < sysconf(_SC_NPROCESSORS_ONLN);
    int threads = bound ? allowed : allowed / local_ranks;
    return threads < 1 ? 1 : threads;
}

void threads_setup(const comm_t *comm)
{
    chosen = from_environment();
    if (chosen == 0)
        chosen = from_cores(comm_local_ranks(comm));
    panel_threads(chosen);
}

int threads_count(void)
{
    return chosen;
}
