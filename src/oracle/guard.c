/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* posix_spawn_file_actions_addclosefrom_np */
/* a shell in a group of its own:  read numbers of groups, each with a mark, until the other end of
   the socket is closed, as the kernel does when its owner ends;  kill the last group, if it is not
   0, and what has left it but has the mark in its environment (marked.h) */
#include "oracle/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char shell[] = "/bin/sh", word[] = "sh", option[] = "-c",
            script[] = "trap '' HUP INT TERM QUIT USR1 USR2; g=0; "
                       "while read -r n mark; do g=$n m=$mark; done; [ \"$g\" != 0 ] || exit 0; "
                       "kill -KILL \"-$g\"; cd /proc && for p in [0-9]*; do "
                       "grep -qzxF -- \"$m\" $p/environ && kill -KILL $p; done";

static int set_files(int line, posix_spawn_file_actions_t *actions)
{
    int bad = posix_spawn_file_actions_adddup2(actions, line, STDIN_FILENO);
    for (int file = STDOUT_FILENO; bad == 0 && file <= STDERR_FILENO; file++)
        bad = posix_spawn_file_actions_addopen(actions, file, "/dev/null", O_WRONLY, 0);
    return bad != 0 ? bad : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* errno, or 0. */
static int start(int line, pid_t *out)
{
    char *const arguments[] = {word, option, script, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int bad = posix_spawn_file_actions_init(&actions);
    if (bad != 0)
        return bad;
    bad = posix_spawnattr_init(&attributes);
    if (bad == 0) {
        bad = set_files(line, &actions);
        bad = bad != 0 ? bad : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        bad =
            bad != 0 ? bad : posix_spawn(out, shell, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return bad;
}

int guard_open(guard_t *guard)
{
    int code = TRALO_OK, ends[2] = {-1, -1}, bad = 0;
    pid_t process = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        bad = errno;
    if (bad == 0)
        bad = start(ends[1], &process);
    if (bad != 0)
        FAIL(TRALO_ERR_FILE, "cannot start the process that guards the programs: %s",
             strerror(bad));
    *guard = (guard_t){process, ends[0]};
    ends[0] = -1;
out:
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    return code;
}

void guard_watch(const guard_t *guard, pid_t group, const char *mark)
{
    char text[PATH_MAX + 64];
    const int length = snprintf(text, sizeof text, "%ld %s\n", (long)group, mark);
    while (length < (int)sizeof text && send(guard->line, text, (size_t)length, MSG_NOSIGNAL) < 0 &&
           errno == EINTR)
        ;
}

void guard_close(guard_t *guard)
{
    if (guard->process == 0)
        return;
    close(guard->line);
    while (waitpid(guard->process, NULL, 0) < 0 && errno == EINTR)
        ;
    *guard = (guard_t){0};
}
