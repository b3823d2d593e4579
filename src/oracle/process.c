/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, ..._addclosefrom_np */
/* start the group
   at each look, until its leader has ended:
       time is up, too much output, or asked to stop: SIGTERM to the group, and to what left it;
           `grace` later: SIGKILL
   SIGKILL to the group while the leader, not yet reaped, still holds its number; reap the leader */
#include "oracle/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "oracle/marked.h"

/* ---- starting ---------------------------------------------------------------------------------
 */

static int set_files(const process_plan_t *plan, posix_spawn_file_actions_t *actions)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    const mode_t mode = 0666;
    int bad = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    bad = bad != 0
              ? bad
              : posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, plan->output, flags, mode);
    bad = bad != 0
              ? bad
              : posix_spawn_file_actions_addopen(actions, STDERR_FILENO, plan->error, flags, mode);
    bad = bad != 0 ? bad : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return bad != 0 ? bad : posix_spawn_file_actions_addchdir_np(actions, plan->directory);
}

/* A group of its own; no signal blocked or ignored. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int bad = posix_spawnattr_setpgroup(attributes, 0);
    bad = bad != 0 ? bad : posix_spawnattr_setsigmask(attributes, &none);
    bad = bad != 0 ? bad : posix_spawnattr_setsigdefault(attributes, &all);
    return bad != 0 ? bad
                    : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                                               POSIX_SPAWN_SETSIGMASK |
                                                               POSIX_SPAWN_SETSIGDEF);
}

static char shell[] = "/bin/sh", word[] = "sh", option[] = "-c";

/* errno, or 0. */
static int start(const process_plan_t *plan, pid_t *out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *const arguments[] = {word, option, (char *)(uintptr_t)plan->command, NULL};
    int bad = posix_spawn_file_actions_init(&actions);
    if (bad != 0)
        return bad;
    bad = posix_spawnattr_init(&attributes);
    if (bad == 0) {
        bad = set_files(plan, &actions);
        bad = bad != 0 ? bad : set_signals(&attributes);
        bad = bad != 0
                  ? bad
                  : posix_spawn(out, shell, &actions, &attributes, arguments, plan->environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return bad;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static bool has_ended(pid_t leader)
{
    siginfo_t info = {.si_pid = 0};
    int bad = waitid(P_PID, (id_t)leader, &info, WEXITED | WNOHANG | WNOWAIT);
    return (bad == 0 && info.si_pid == leader) || (bad != 0 && errno != EINTR);
}

static bool too_long(const char *path, int64_t limit)
{
    struct stat status;
    return limit > 0 && stat(path, &status) == 0 && status.st_size > limit;
}

/* PROCESS_EXIT: it may go on. */
static process_end_t judge(const process_plan_t *plan, double seconds)
{
    if (plan->stop(plan->argument))
        return PROCESS_STOPPED;
    if (plan->time_limit > 0.0 && seconds >= plan->time_limit)
        return PROCESS_TIME;
    if (too_long(plan->output, plan->output_limit) || too_long(plan->error, plan->output_limit))
        return PROCESS_OUTPUT;
    return PROCESS_EXIT;
}

static void send(const process_t *process, int signal)
{
    kill(-process->leader, signal);
    marked_kill(process->plan->mark, signal);
}

static void watch(process_t *process)
{
    const double now = clock_seconds();
    if (process->end != PROCESS_EXIT) {
        if (now - process->told >= process->plan->grace)
            send(process, SIGKILL);
        return;
    }
    process->end = judge(process->plan, now - process->began);
    process->told = now;
    if (process->end != PROCESS_EXIT)
        send(process, SIGTERM);
}

static int reap(const process_t *process)
{
    const pid_t leader = process->leader;
    int status = 0;
    kill(-leader, SIGKILL);
    if (process->end != PROCESS_EXIT)
        marked_kill(process->plan->mark, SIGKILL);
    guard_watch(process->plan->guard, 0, "");
    while (waitpid(leader, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Where whoever started this program ignores SIGCHLD, ends of children would go unnoticed. */
static void notice_children(void)
{
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
        return;
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, NULL);
}

void process_start(const process_plan_t *plan, process_t *process)
{
    notice_children();
    *process = (process_t){.plan = plan, .began = clock_seconds()};
    process->failed = start(plan, &process->leader);
    if (process->failed == 0)
        guard_watch(plan->guard, process->leader, plan->mark);
}

bool process_poll(process_t *process, process_outcome_t *outcome)
{
    if (process->failed == 0 && !has_ended(process->leader)) {
        watch(process);
        return false;
    }
    *outcome = (process_outcome_t){.end = PROCESS_NONE, .status = process->failed};
    if (process->failed != 0)
        return true;
    const int status = reap(process);
    outcome->end = process->end;
    outcome->seconds = clock_seconds() - process->began;
    outcome->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    if (outcome->end == PROCESS_EXIT && WIFSIGNALED(status))
        outcome->end = PROCESS_SIGNAL;
    return true;
}
