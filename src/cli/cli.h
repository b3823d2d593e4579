/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the program: one file and one row of the table in main.c each. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "comm/comm.h"

typedef struct cli_command {
    const char *name;
    const char *usage;   /* what follows "tralo NAME" */
    const char *doc;     /* one line */
    const char *options; /* one line each; "" where there are none */
    /* argv[0] is the name of the command. Collective; the code is the same on all ranks. `status`
       is the exit status of a command that succeeded, 0 unless it is set. */
    int (*run)(comm_t *comm, int argc, char **argv, int *status);
} cli_command_t;

extern const cli_command_t cli_check;
extern const cli_command_t cli_curve;
extern const cli_command_t cli_import;
extern const cli_command_t cli_info;
extern const cli_command_t cli_list;
extern const cli_command_t cli_plan;
extern const cli_command_t cli_plot;
extern const cli_command_t cli_predict;
extern const cli_command_t cli_trials;
extern const cli_command_t cli_tune;

#endif
