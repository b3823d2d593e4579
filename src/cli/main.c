/* SPDX-License-Identifier: BSD-3-Clause */
/* tralo COMMAND ...: one row per command. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_INPUT = 2 };

static const cli_command_t *const commands[] = {&cli_import, &cli_info,  &cli_tune,  &cli_trials,
                                                &cli_plot,   &cli_check, &cli_curve, &cli_predict,
                                                &cli_plan,   &cli_list};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf(
        "tralo %s: hyperparameters by exact derivatives of approximate leave-one-out, over MPI\n\n"
        "usage: [mpirun -n RANKS] tralo COMMAND ...\n\n",
        tralo_version());
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->doc);
    printf("\ntralo COMMAND --help: its options; tralo --version\n"
           "exit status: 0 done, 1 failure, 2 bad input, 3 stopped on the budget\n");
}

static void print_command_help(const cli_command_t *command)
{
    printf("usage: tralo %s %s\n\n%s\n", command->name, command->usage, command->doc);
    if (command->options[0] != '\0')
        printf("\n%s", command->options);
}

static const cli_command_t *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static bool asks_for(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK;
    const bool first = comm_rank(comm) == 0;
    const cli_command_t *command = argc < 2 ? NULL : find_command(argv[1]);
    if (command != NULL && asks_for(argc, argv, "--help")) {
        if (first)
            print_command_help(command);
    } else if (command != NULL) {
        TRY(command->run(comm, argc - 1, argv + 1, status));
    } else if (argc < 2) {
        FAIL(TRALO_ERR_INPUT, "no command is given; see tralo --help");
    } else if (strcmp(argv[1], "--version") == 0) {
        if (first)
            printf("tralo %s\n", tralo_version());
    } else if (strcmp(argv[1], "--help") == 0) {
        if (first)
            print_help();
    } else {
        FAIL(TRALO_ERR_INPUT, "there is no command '%s'; see tralo --help", argv[1]);
    }
out:
    return code;
}

static int status_of(int code)
{
    return code == TRALO_ERR_INPUT || code == TRALO_ERR_FILE ? EXIT_INPUT : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    int provided, code, status = EXIT_OK;
    comm_t *comm = NULL;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    code = comm_world(&comm);
    if (code == TRALO_OK) {
        log_setup(LOG_NORMAL, comm_rank(comm) == 0);
        code = run(comm, argc, argv, &status);
    }
    if (code != TRALO_OK && (comm == NULL || comm_rank(comm) == 0))
        fprintf(stderr, "tralo: %s\n", tralo_error_message());
    comm_free(&comm);
    MPI_Finalize();
    return code == TRALO_OK ? status : status_of(code);
}
