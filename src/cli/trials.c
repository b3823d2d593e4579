/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/trials.h"

#include "cli/cli.h"
#include "cli/options.h"

typedef struct options {
    bool csv, json;
} options_t;

static const param_t params[] = {{"csv", "", PARAM_BOOL, offsetof(options_t, csv), 0, 0, 0, NULL},
                                 {"json", "", PARAM_BOOL, offsetof(options_t, json), 0, 0, 0, NULL},
                                 PARAM_END};

static int print(const char *path, trials_format_t format)
{
    int code = TRALO_OK;
    trials_t *trials = NULL;
    TRY(trials_open(path, &trials));
    TRY(trials_print(trials, format, stdout));
out:
    trials_close(&trials);
    return code;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    (void)status;
    TRY(options_parse(argc, argv, params, &options, &words));
    if (words != 1)
        FAIL(TRALO_ERR_INPUT, "give one result: tralo trials RESULT.h5");
    if (options.csv && options.json)
        FAIL(TRALO_ERR_INPUT, "give --csv or --json, not both");
    const trials_format_t format = options.csv    ? TRIALS_CSV
                                   : options.json ? TRIALS_JSON
                                                  : TRIALS_TABLE;
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? print(argv[1], format) : TRALO_OK));
out:
    param_release(params, &options);
    return code;
}

const cli_command_t cli_trials = {
    .name = "trials",
    .usage = "RESULT.h5 [options]",
    .doc = "every evaluation of a study, also of one that still runs",
    .options = "  --csv    all digits, as CSV\n"
               "  --json   the same as JSON\n",
    .run = run,
};
