/* SPDX-License-Identifier: BSD-3-Clause */
/* A program as the oracle, one run of it for each trial.

       begin: make the trial's folder and its JSON file
       attempt = 0 .. retries:
           remove an old value;  start the program (process.h);  poll until it has ended
           its value (answer.h) where it exited with 0
           until there is one, or what happened would happen again: time-out, too much output, NaN
           poll until backoff 2^attempt seconds are over

   The program's random numbers are the same in each attempt. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oracle/answer.h"
#include "oracle/kinds.h"
#include "oracle/place.h"
#include "oracle/process.h"
#include "oracle/words.h"

typedef enum value_source { VALUE_LAST_JSON, VALUE_FILE } value_source_t;

typedef struct options {
    oracle_common_t common;
    char *run;
    int value; /* value_source_t */
    double backoff, output_limit;
    int64_t retries;
} options_t;

static const char *const value_names[] = {"last_json", "file", NULL};

static const param_t params[] = {
    {"run", "the command line, for sh: {NAME} is the value of a parameter", PARAM_TEXT,
     offsetof(options_t, run), 0, 0, 0, NULL},
    {"value",
     "last_json: \"value\" of the last line printed that is a JSON object; file: what the program "
     "writes to {value}",
     PARAM_CHOICE, offsetof(options_t, value), VALUE_LAST_JSON, 0, 0, value_names},
    {"time_limit", "seconds of one run; 0: none", PARAM_REAL,
     offsetof(options_t, common.time_limit), 0, 0, 1e9, NULL},
    {"retries", "further runs of a trial whose program fails", PARAM_INT,
     offsetof(options_t, retries), 0, 0, 1000, NULL},
    {"backoff", "seconds before the first of these, then twice as long each time", PARAM_REAL,
     offsetof(options_t, backoff), 1, 0, 1e6, NULL},
    {"grace", "seconds that a program has to end before it is killed", PARAM_REAL,
     offsetof(options_t, common.grace), 5, 0, 1e6, NULL},
    {"output_limit", "MB that a program may print; 0: any", PARAM_REAL,
     offsetof(options_t, output_limit), 100, 0, 1e9, NULL},
    {"driver", "the first rank: worker: it runs programs too; dedicated: it only deals",
     PARAM_CHOICE, offsetof(options_t, common.driver), ORACLE_WORKER, 0, 0, oracle_driver_names},
    {"ahead", "idle ranks run what the search may ask for next", PARAM_BOOL,
     offsetof(options_t, common.ahead), 1, 0, 0, NULL},
    {"directory", "where the program starts (default: the folder of the config)", PARAM_PATH,
     offsetof(options_t, common.directory), 0, 0, 0, NULL},
    {"folder", "what the trials leave, a folder for each (default: OUTPUT.trials)", PARAM_PATH,
     offsetof(options_t, common.folder), 0, 0, 0, NULL},
    PARAM_END};

typedef struct command {
    oracle_setup_t setup;
    const options_t *options; /* of the setup */
    place_t place;            /* from here on: of the trial that is out */
    char *line;               /* owned */
    char **environment;       /* owned */
    process_plan_t plan;
    process_t process;
    guard_t guard;
    bool waiting;    /* for the next attempt, */
    double until;    /* clock_seconds() */
    int64_t retries; /* made */
} command_t;

static int check(const void *options, const space_t *space)
{
    int code = TRALO_OK;
    const options_t *o = options;
    const words_t words = {.space = space};
    text_t unused = {0};
    if (o->run == NULL)
        FAIL(TRALO_ERR_INPUT, "run: is missing: give the command line of the program");
    TRY(words_fill(&words, o->run, &unused));
out:
    mem_free(&unused.data);
    return code;
}

/* ---- one trial --------------------------------------------------------------------------------
 */

/* A shell makes 128 + s of the signal s that killed its last program. */
static void explain_status(int status, char *text, size_t size)
{
    const int signal = status - 128;
    int used = snprintf(text, size, "the program ended with status %d", status);
    if (signal > 0 && signal < SIGRTMIN)
        snprintf(text + used, size - (size_t)used, " (128 + %d: %s)", signal, strsignal(signal));
}

/* What happened in words; true: another run may do better. */
static bool explain(const command_t *command, const process_outcome_t *outcome, char *text,
                    size_t size)
{
    switch (outcome->end) {
    case PROCESS_EXIT:
        explain_status(outcome->status, text, size);
        return true;
    case PROCESS_SIGNAL:
        snprintf(text, size, "the program was killed by signal %d (%s)", outcome->status,
                 strsignal(outcome->status));
        return true;
    case PROCESS_NONE:
        snprintf(text, size, "the program could not be started: %s%s", strerror(outcome->status),
                 outcome->status == E2BIG ? " (to read many values there is {parameters})" : "");
        return outcome->status != E2BIG;
    case PROCESS_TIME:
        snprintf(text, size, "the program was ended after the time limit of %g s",
                 command->options->common.time_limit);
        break;
    case PROCESS_OUTPUT:
        snprintf(text, size, "the program was ended because it printed more than %g MB",
                 command->options->output_limit);
        break;
    case PROCESS_STOPPED:
        break;
    }
    return false;
}

static void add_tail(const place_t *place, char *text, size_t size)
{
    static const char before[] = "; its last words: ";
    char tail[300];
    answer_tail(place->error, tail, sizeof tail);
    const size_t used = strlen(text);
    if (tail[0] != '\0' && used + sizeof before < size)
        snprintf(text + used, size - used, "%s%s", before, tail);
}

/* What a program that exited with 0 left. */
static void read_value(const command_t *command, oracle_answer_t *answer)
{
    answer_value_t value;
    if (command->options->value == VALUE_FILE)
        answer_file(command->place.value, &value);
    else
        answer_last_json(command->place.output, &value);
    answer->valid = value.found;
    answer->value = value.value;
    snprintf(answer->failure, sizeof answer->failure, "the program ended, but %s", value.why);
}

/* Fills the answer; true: another attempt may do better. */
static bool conclude(const command_t *command, const process_outcome_t *outcome,
                     oracle_answer_t *answer)
{
    bool again = false;
    *answer = (oracle_answer_t){.stopped = outcome->end == PROCESS_STOPPED};
    if (outcome->end == PROCESS_EXIT && outcome->status == 0)
        read_value(command, answer);
    else
        again = explain(command, outcome, answer->failure, sizeof answer->failure);
    if (answer->valid)
        answer->failure[0] = '\0';
    else
        add_tail(&command->place, answer->failure, sizeof answer->failure);
    return again;
}

static void start(command_t *command)
{
    unlink(command->place.value);
    command->waiting = false;
    process_start(&command->plan, &command->process);
}

static void end(command_t *command)
{
    words_release(&command->environment);
    mem_free(&command->line);
    place_leave(&command->place);
}

static void plan(command_t *command)
{
    const options_t *o = command->options;
    command->plan = (process_plan_t){.command = command->line,
                                     .directory = o->common.directory,
                                     .environment = command->environment,
                                     .mark = words_mark(command->environment),
                                     .output = command->place.output,
                                     .error = command->place.error,
                                     .time_limit = o->common.time_limit,
                                     .grace = o->common.grace,
                                     .output_limit = (int64_t)(1e6 * o->output_limit),
                                     .stop = command->setup.stop,
                                     .argument = command->setup.argument,
                                     .guard = &command->guard};
}

static int begin(void *work, const oracle_trial_t *trial)
{
    int code = TRALO_OK;
    command_t *command = work;
    place_t *place = &command->place;
    text_t line = {0};
    TRY(place_enter(&command->options->common, trial, place));
    const words_t words = {command->setup.space, trial, place->folder, place->parameters,
                           place->value};
    TRY(words_json(&words));
    TRY(words_fill(&words, command->options->run, &line));
    command->line = line.data;
    line.data = NULL;
    TRY(words_environment(&words, &command->environment));
    command->retries = 0;
    plan(command);
    start(command);
out:
    mem_free(&line.data);
    if (code != TRALO_OK)
        end(command);
    return code;
}

/* Between two attempts; true: given up. */
static bool await(command_t *command)
{
    if (command->setup.stop(command->setup.argument))
        return true;
    if (clock_seconds() >= command->until) {
        command->retries++;
        start(command);
    }
    return false;
}

static int poll(void *work, oracle_answer_t *answer, bool *done)
{
    command_t *command = work;
    const options_t *o = command->options;
    process_outcome_t outcome;
    *done = false;
    if (command->waiting) {
        *done = await(command);
        *answer = (oracle_answer_t){.stopped = *done};
    } else if (process_poll(&command->process, &outcome)) {
        *done = !conclude(command, &outcome, answer) || command->retries >= o->retries;
        command->waiting = !*done;
        command->until = clock_seconds() + ldexp(o->backoff, (int)command->retries);
    }
    if (*done)
        end(command);
    return TRALO_OK;
}

/* ---- the row of the table ---------------------------------------------------------------------
 */

static int create(const oracle_setup_t *setup, void **work)
{
    int code = TRALO_OK;
    command_t *command = NULL;
    ALLOC(command, 1);
    command->setup = *setup;
    command->options = setup->options;
    TRY(guard_open(&command->guard));
    *work = command;
    command = NULL;
out:
    mem_free(&command);
    return code;
}

static void destroy(void **work)
{
    command_t *command = *work;
    guard_close(&command->guard);
    mem_free(work);
}

const oracle_kind_t oracle_command = {
    .name = "command",
    .doc = "a program, started once for each trial",
    .params = params,
    .options_size = sizeof(options_t),
    .check = check,
    .prepare = place_prepare,
    .create = create,
    .begin = begin,
    .poll = poll,
    .settle = place_settle,
    .destroy = destroy,
};
