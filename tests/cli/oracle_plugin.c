/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in for tests/cli/plugin: the value is the first of x plus 1, and some trials go wrong.
   `argument`: "refuse": it does not open on the last rank; "hang": the second trial waits for a
   stop; "stuck": it waits for ever; "crash": it and its
   rank die; else a file that tells how often it was opened and closed. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <tralo/plugin.h>
#include <unistd.h>

static tralo_plugin_setup_t kept;
static int rank, size;

static void note(const char *what)
{
    FILE *file = fopen(kept.argument, "a");
    if (file != NULL && fprintf(file, "%s %d of %d\n", what, kept.group, kept.groups) > 0)
        fclose(file);
}

static int begin(const tralo_plugin_setup_t *setup, void **state)
{
    int world;
    kept = *setup;
    *state = &kept;
    MPI_Comm_rank(setup->comm, &rank);
    MPI_Comm_size(setup->comm, &size);
    MPI_Comm_rank(MPI_COMM_WORLD, &world);
    if (strcmp(setup->argument, "refuse") == 0 && rank == size - 1) {
        snprintf(setup->message, setup->message_size, "rank %d will not", rank);
        return 1;
    }
    if (setup->argument[0] == '/')
        note("opened");
    return !(setup->parameters == 2 && strcmp(setup->parameter[1].name, "x") == 0 &&
             setup->parameter[1].first == 1 && setup->parameter[1].count == 3 &&
             setup->values == 4);
}

static int evaluate(void *state, const tralo_plugin_trial_t *trial, double *value)
{
    const int hangs = strcmp(kept.argument, "hang") == 0 && trial->number == 2;
    int stopped = 0;
    while (strcmp(kept.argument, "stuck") == 0 && trial->number == 2)
        usleep(2000);
    if (strcmp(kept.argument, "crash") == 0 && trial->number == 2)
        raise(SIGKILL);
    while (hangs && !stopped) {
        stopped = rank == 0 && trial->stop(trial->control);
        usleep(2000);
        MPI_Bcast(&stopped, 1, MPI_INT, 0, kept.comm);
    }
    *value = rank == 0 ? trial->values[1] + 1.0 : -1e9; /* only that of the first rank counts */
    if (trial->number == 3)
        *value = NAN;
    if (trial->number == 4 && rank == size - 1)
        snprintf(trial->message, trial->message_size, "rank %d of %d is lost", rank, size);
    if (trial->number == 5)
        memset(trial->message, 'x', trial->message_size); /* without an end */
    return stopped || state != &kept || trial->fidelity != 1.0 || trial->number == 5 ||
           (trial->number == 4 && rank == size - 1);
}

static void end(void *state)
{
    if (state == &kept && kept.argument[0] == '/')
        note("closed");
}

const tralo_plugin_t tralo_plugin = {TRALO_PLUGIN_ABI, begin, evaluate, end};
