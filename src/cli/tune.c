/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/study.h"
#include "study/json.h"
#include "study/report.h"
#include "study/tune.h"

typedef struct options {
    char *json;
    char *verify_rows;
    bool quiet, verbose, resume;
} options_t;

static const param_t params[] = {
    {"json", "", PARAM_TEXT, offsetof(options_t, json), 0, 0, 0, NULL},
    {"verify-rows", "", PARAM_TEXT, offsetof(options_t, verify_rows), 0, 0, 0, NULL},
    {"resume", "", PARAM_BOOL, offsetof(options_t, resume), 0, 0, 0, NULL},
    {"quiet", "", PARAM_BOOL, offsetof(options_t, quiet), 0, 0, 0, NULL},
    {"verbose", "", PARAM_BOOL, offsetof(options_t, verbose), 0, 0, 0, NULL},
    PARAM_END};

/* What every rank does; only rank 0 has a result. */
static int finish(study_t *study, const options_t *options, const result_t *result)
{
    if (result == NULL)
        return TRALO_OK;
    report_result(study, result);
    return options->json != NULL ? result_json(result, options->json) : TRALO_OK;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    cli_study_t opened = {.any = true};
    tune_outcome_t outcome = {.result = NULL};
    TRY(options_parse(argc, argv, params, &options, &words));
    cli_study_log(comm, options.quiet, options.verbose, options.json);
    if (options.json != NULL)
        TRY(comm_agree(comm, comm_rank(comm) == 0 ? result_json_check(options.json) : TRALO_OK));
    if (options.verify_rows != NULL)
        TRY(cli_study_override(&opened, "verify.rows", options.verify_rows));
    opened.resume = options.resume;
    TRY(cli_study_open(comm, words, argv, &opened));
    TRY(cli_study_spare(comm, argv[1], &opened, options.json));
    TRY(tune_run(opened.study, &outcome));
    TRY(comm_agree(comm, finish(opened.study, &options, outcome.result)));
    *status = (int)outcome.status;
out:
    result_free(&outcome.result);
    cli_study_close(&opened);
    param_release(params, &options);
    return code;
}

const cli_command_t cli_tune = {
    .name = "tune",
    .usage = "CONFIG [key.sub=VALUE ...] [options]",
    .doc = "find the best hyperparameters",
    .options = "  --json FILE       write the result as JSON (-: standard output)\n"
               "  --verify-rows K   leave K random rows out exactly and compare (verify.rows)\n"
               "  --resume          go on from the trials that an earlier run left (methods of "
               "values)\n"
               "  --quiet           print errors and warnings only\n"
               "  --verbose         print more\n"
               "exit status: 0 converged, 1 failure, 2 bad input, 3 stopped on the budget or a "
               "signal\n",
    .run = run,
};
