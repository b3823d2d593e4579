/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/marked.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Texts that end with '\0' follow one another: is one of them `text`? */
static bool has(FILE *texts, const char *text)
{
    const char *at = text; /* NULL: this one differs */
    for (int c = getc(texts); c != EOF; c = getc(texts)) {
        if (c == '\0' && at != NULL && *at == '\0')
            return true;
        if (c == '\0')
            at = text;
        else if (at != NULL)
            at = *at == (char)c ? at + 1 : NULL;
    }
    return false;
}

static bool is_marked(const char *process, const char *variable)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/environ", process);
    FILE *environment = fopen(path, "re");
    const bool found = environment != NULL && has(environment, variable);
    if (environment != NULL)
        fclose(environment);
    return found;
}

int marked_kill(const char *variable, int signal)
{
    int count = 0;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 0;
    for (const struct dirent *at = readdir(processes); at != NULL; at = readdir(processes))
        if (isdigit((unsigned char)at->d_name[0]) && is_marked(at->d_name, variable))
            count += kill((pid_t)strtol(at->d_name, NULL, 10), signal) == 0;
    closedir(processes);
    return count;
}
