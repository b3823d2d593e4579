/* SPDX-License-Identifier: BSD-3-Clause */
/* One program in a process group of its own, of which nothing is left behind: whatever ends it, the
   whole group is killed before its leader is reaped; and where this process itself is killed, by
   the guard. Processes that left the group are found by their environment (marked.h), but not where
   the program ends by itself. Not collective. */
#ifndef ORACLE_PROCESS_H
#define ORACLE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oracle/guard.h"

/* All borrowed. */
typedef struct process_plan {
    const char *command;          /* for /bin/sh -c */
    const char *directory;        /* where it starts */
    char *const *environment;     /* NULL-terminated */
    const char *mark;             /* "NAME=value" in it that no other program has */
    const char *output, *error;   /* files that its standard output and error replace */
    double time_limit;            /* seconds; 0: none */
    double grace;                 /* seconds from SIGTERM to SIGKILL */
    int64_t output_limit;         /* bytes of either file; 0: none */
    bool (*stop)(void *argument); /* asked at each look: is it to be ended? */
    void *argument;
    const guard_t *guard;
} process_plan_t;

typedef enum process_end {
    PROCESS_EXIT,    /* `status` is its exit status */
    PROCESS_SIGNAL,  /* `status` is the signal that killed it */
    PROCESS_TIME,    /* the time limit was reached */
    PROCESS_OUTPUT,  /* the output limit was */
    PROCESS_STOPPED, /* stop() said so */
    PROCESS_NONE     /* it could not be started: `status` is errno */
} process_end_t;

typedef struct process_outcome {
    process_end_t end;
    int status;
    double seconds;
} process_outcome_t;

/* One that has been started; its plan is borrowed until it has ended. */
typedef struct process {
    const process_plan_t *plan;
    pid_t leader;
    int failed;        /* errno where it could not be started; else 0 */
    process_end_t end; /* PROCESS_EXIT while nobody but itself ends it */
    double began, told;
} process_t;

/* Standard input is empty; no other file of this process is open in the program. */
void process_start(const process_plan_t *plan, process_t *process);

/* Looks after it; true: it has ended, and outcome is filled. To be called until then. */
bool process_poll(process_t *process, process_outcome_t *outcome);

#endif
