/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, ..._addclosefrom_np */
/* start the group
   until its leader has ended: sleep, at first shortly
       time is up, too much output, or asked to stop: SIGTERM to the group; `grace` later: SIGKILL
   SIGKILL to the group while the leader, not yet reaped, still holds its number; reap the leader */
#include "oracle/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static const double shortest_nap = 0.5e-3, longest_nap = 20e-3;

static void nap(double seconds)
{
    const struct timespec length = {.tv_sec = (time_t)seconds,
                                    .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&length, NULL);
}

void process_wait(double seconds, bool (*stop)(void))
{
    const double end = clock_seconds() + seconds;
    for (double left = seconds; left > 0.0 && !stop(); left = end - clock_seconds())
        nap(fmin(left, longest_nap));
}

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
    if (plan->stop())
        return PROCESS_STOPPED;
    if (plan->time_limit > 0.0 && seconds >= plan->time_limit)
        return PROCESS_TIME;
    if (too_long(plan->output, plan->output_limit) || too_long(plan->error, plan->output_limit))
        return PROCESS_OUTPUT;
    return PROCESS_EXIT;
}

/* Waits for the leader; says what ended it. */
static process_end_t watch(const process_plan_t *plan, pid_t leader, double began)
{
    process_end_t end = PROCESS_EXIT;
    double told = 0.0;
    for (double length = shortest_nap; !has_ended(leader);
         length = fmin(1.5 * length, longest_nap)) {
        const double now = clock_seconds();
        if (end == PROCESS_EXIT) {
            end = judge(plan, now - began);
            told = now;
            if (end != PROCESS_EXIT)
                kill(-leader, SIGTERM);
        } else if (now - told >= plan->grace) {
            kill(-leader, SIGKILL);
        }
        nap(length);
    }
    return end;
}

static int reap(pid_t leader)
{
    int status = 0;
    kill(-leader, SIGKILL);
    while (waitpid(leader, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

void process_run(const process_plan_t *plan, process_outcome_t *outcome)
{
    pid_t leader = 0;
    const double began = clock_seconds();
    const int bad = start(plan, &leader);
    *outcome = (process_outcome_t){.end = PROCESS_NONE, .status = bad};
    if (bad != 0)
        return;
    outcome->end = watch(plan, leader, began);
    const int status = reap(leader);
    outcome->seconds = clock_seconds() - began;
    outcome->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    if (outcome->end == PROCESS_EXIT && WIFSIGNALED(status))
        outcome->end = PROCESS_SIGNAL;
}
