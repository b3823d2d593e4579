/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands that work on a study share: CONFIG and its overrides. */
#ifndef CLI_STUDY_H
#define CLI_STUDY_H

#include <stdbool.h>

#include "study/config.h"
#include "study/study.h"

typedef struct cli_study {
    config_t *config;
    study_t *study;
    char *extra; /* one more override, owned */
    bool any;    /* a study of an oracle will do, too */
    bool resume; /* goes on from what an earlier run left */
} cli_study_t;

/* How much is printed; json "-" sends the log to standard error. */
void cli_study_log(const comm_t *comm, bool quiet, bool verbose, const char *json);

/* Makes an option of the command line an override: "key=value". Before cli_study_open. */
int cli_study_override(cli_study_t *opened, const char *key, const char *value);

/* argv[1] is the config, argv[2 .. words] are overrides. Collective. Errors: TRALO_ERR_INPUT (no
   config; an oracle where that will not do) and those of config_read and study_open. */
int cli_study_open(comm_t *comm, int words, char **argv, cli_study_t *opened);

/* `output` of an option of the command line (NULL or "-": no file) is neither `config` nor the data
   nor the result. Collective. Errors: TRALO_ERR_INPUT. */
int cli_study_spare(comm_t *comm, const char *config, const cli_study_t *opened,
                    const char *output);

void cli_study_close(cli_study_t *opened);

#endif
