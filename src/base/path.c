/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* The folder [PATH_MAX] of the file; returns its name there. */
static const char *split(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(folder, PATH_MAX, ".");
    else
        snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path) + 1, path);
    return slash == NULL ? path : slash + 1;
}

bool path_same(const char *a, const char *b)
{
    char first[PATH_MAX], second[PATH_MAX];
    if (same(a, b))
        return true;
    return strcmp(split(a, first), split(b, second)) == 0 && same(first, second);
}

bool path_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

int path_spare(const char *output, int count, const path_use_t *used)
{
    int code = TRALO_OK;
    for (int i = 0; i < count; i++)
        if (used[i].path != NULL && path_same(output, used[i].path))
            FAIL(TRALO_ERR_INPUT, "%s: is %s; choose another output", output, used[i].what);
out:
    return code;
}
