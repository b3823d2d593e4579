/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* sched_getaffinity */
#include "study/threads.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/share.h"
#include "linalg/panel.h"

/* The cores that this rank may use. */
typedef struct place {
    char host[256];
    cpu_set_t cores;
} place_t;

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

static void find_place(place_t *place)
{
    memset(place, 0, sizeof *place);
    gethostname(place->host, sizeof place->host - 1);
    if (sched_getaffinity(0, sizeof place->cores, &place->cores) != 0)
        CPU_SET(0, &place->cores);
}

/* How many ranks have this very place: those of one colour, which is a hash of it (FNV-1a). */
static int count_sharing(comm_t *comm, const place_t *place, int *out)
{
    const unsigned char *at = (const unsigned char *)place;
    uint32_t hash = 2166136261u;
    comm_t *sharing = NULL;
    for (size_t i = 0; i < sizeof *place; i++)
        hash = (hash ^ at[i]) * 16777619u;
    int code = comm_split(comm, (int)(hash & INT_MAX), &sharing);
    if (code == TRALO_OK)
        *out = comm_size(sharing);
    comm_free(&sharing);
    return code;
}

/* By the ranks that are worst off. mpirun itself refuses more ranks than cores, unless told to. */
static void warn(comm_t *comm, int64_t ranks, int64_t cores)
{
    int64_t over = chosen > 1 ? chosen * ranks - cores : 0, worst = comm_max_one_int(comm, over);
    if (worst <= 0)
        return;
    int64_t numbers[3] = {ranks, chosen, cores};
    int64_t speaker = comm_min_one_int(comm, over == worst ? comm_rank(comm) : INT_MAX);
    comm_share(comm, numbers, sizeof numbers, (int)speaker);
    log_warn("%d rank%s with %d threads each on %d core%s: they wait for one another; bind each "
             "rank to cores of its own (mpirun --map-by slot:PE=%d --bind-to core) or set "
             "OMP_NUM_THREADS=%d",
             (int)numbers[0], numbers[0] == 1 ? "" : "s", (int)numbers[1], (int)numbers[2],
             numbers[2] == 1 ? "" : "s", (int)numbers[1],
             numbers[2] > numbers[0] ? (int)(numbers[2] / numbers[0]) : 1);
}

int threads_setup(comm_t *comm)
{
    int code = TRALO_OK, ranks = 1;
    place_t place;
    find_place(&place);
    const int cores = CPU_COUNT(&place.cores);
    TRY(count_sharing(comm, &place, &ranks));
    chosen = from_environment();
    if (chosen == 0)
        chosen = cores > ranks ? cores / ranks : 1;
    panel_threads(chosen);
    share_setup(chosen, SHARE_LEAST);
    warn(comm, ranks, cores);
out:
    return code;
}

int threads_count(void)
{
    return chosen;
}
