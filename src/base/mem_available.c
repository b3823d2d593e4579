/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left is the least of: MemAvailable of the machine; limit - usage + page cache of each
   control group of this process and of those above it (version 1 and 2; a job of SLURM is in one);
   for a rank, what `ulimit -v` and `ulimit -d` leave it. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"

enum { TEXT = 4096 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The number behind `key` at the start of a line of a file; -1: it is not there. */
static int64_t find_number(const char *path, const char *key)
{
    char line[256];
    int64_t value = -1;
    const size_t length = strlen(key);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    while (value < 0 && fgets(line, sizeof line, file) != NULL) {
        char *end;
        if (strncmp(line, key, length) != 0)
            continue;
        const long long found = strtoll(line + length, &end, 10);
        value = end != line + length && found >= 0 ? found : -1; /* not "max" */
    }
    fclose(file);
    return value;
}

/* How a version names its files. */
typedef struct groups {
    const char *line; /* in /proc/self/cgroup, before the path */
    const char *root;
    const char *limit, *usage, *cache[2];
} groups_t;

static int64_t number_in(const char *folder, const char *name, const char *key)
{
    char path[TEXT + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return find_number(path, key);
}

static int64_t left_in_folder(const groups_t *g, const char *folder)
{
    const int64_t limit = number_in(folder, g->limit, ""), usage = number_in(folder, g->usage, "");
    if (limit < 0 || usage < 0)
        return INT64_MAX;
    int64_t left = limit - usage;
    for (int i = 0; i < 2; i++) {
        const int64_t cache = number_in(folder, "memory.stat", g->cache[i]);
        left += cache > 0 ? cache : 0;
    }
    return left > 0 ? left : 0;
}

/* Of the group at root + path, and of all above it. */
static int64_t left_along(const groups_t *g, const char *path)
{
    char folder[TEXT];
    int64_t left = INT64_MAX;
    snprintf(folder, sizeof folder, "%s%s", g->root, path);
    folder[strcspn(folder, "\n")] = '\0';
    while (strlen(folder) >= strlen(g->root)) {
        left = least(left, left_in_folder(g, folder));
        *strrchr(folder, '/') = '\0';
    }
    return left;
}

static int64_t left_in_groups(void)
{
    static const groups_t versions[] = {{":memory:",
                                         "/sys/fs/cgroup/memory",
                                         "memory.limit_in_bytes",
                                         "memory.usage_in_bytes",
                                         {"total_active_file ", "total_inactive_file "}},
                                        {"0::",
                                         "/sys/fs/cgroup",
                                         "memory.max",
                                         "memory.current",
                                         {"active_file ", "inactive_file "}}};
    char line[TEXT / 2];
    int64_t left = INT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        for (int i = 0; i < 2; i++) {
            const char *at = strstr(line, versions[i].line);
            if (at != NULL)
                left = least(left, left_along(&versions[i], at + strlen(versions[i].line)));
        }
    if (file != NULL)
        fclose(file);
    return left;
}

int64_t mem_available(void)
{
    const int64_t kib = find_number("/proc/meminfo", "MemAvailable:");
    return kib < 0 ? 0 : least(kib * 1024, left_in_groups());
}

/* Of one limit of this process, of which `key` of /proc/self/status says what it uses. */
static int64_t left_of(__rlimit_resource_t resource, const char *key)
{
    struct rlimit limit;
    const int64_t kib = find_number("/proc/self/status", key);
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || kib < 0)
        return INT64_MAX;
    const int64_t left = (int64_t)limit.rlim_cur - kib * 1024;
    return left > 0 ? left : 1; /* 0 is: not known */
}

int64_t mem_available_each(int sharing)
{
    const int64_t own = least(left_of(RLIMIT_AS, "VmSize:"), left_of(RLIMIT_DATA, "VmData:"));
    const int64_t all = mem_available();
    if (all == 0)
        return own < INT64_MAX ? own : 0;
    return least(all / sharing, own);
}
