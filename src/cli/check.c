/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/check.h"

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/study.h"

typedef struct options {
    char *lambda;
    int64_t random, seed;
    double step, tolerance;
} options_t;

static const param_t params[] = {
    {"lambda", "", PARAM_TEXT, offsetof(options_t, lambda), 0, 0, 0, NULL},
    {"random", "", PARAM_INT, offsetof(options_t, random), 0, 0, 1e6, NULL},
    {"seed", "", PARAM_INT, offsetof(options_t, seed), 1, 0, 1e15, NULL},
    {"step", "", PARAM_REAL, offsetof(options_t, step), 1e-2, 1e-8, 1, NULL},
    {"tolerance", "", PARAM_REAL, offsetof(options_t, tolerance), 1e-6, 0, 1, NULL},
    PARAM_END};

enum { STATUS_FAILED = 1 };

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    cli_study_t opened = {.study = NULL};
    TRY(options_parse(argc, argv, params, &options, &words));
    TRY(cli_study_open(comm, words, argv, &opened));
    check_options_t check = {.lambda = options.lambda,
                             .random = options.random,
                             .seed = options.seed,
                             .step = options.step,
                             .tolerance = options.tolerance};
    TRY(check_run(opened.study, &check));
    comm_share(comm, &check.worst, sizeof check.worst, 0);
    *status = check.worst <= check.tolerance ? 0 : STATUS_FAILED;
out:
    cli_study_close(&opened);
    param_release(params, &options);
    return code;
}

const cli_command_t cli_check = {
    .name = "check",
    .usage = "CONFIG [key.sub=VALUE ...] [options]",
    .doc = "compare the exact derivatives with differences",
    .options = "  --lambda L[,L...]  where (default: where the search starts)\n"
               "  --random K         and at K random points within a factor 20 of the start\n"
               "  --seed K           of the random points (1)\n"
               "  --step H           of the differences, in log lambda (0.01); smaller where they "
               "disagree\n"
               "  --tolerance T      largest relative error that passes (1e-6)\n"
               "exit status: 0 passed, 1 failed\n",
    .run = run,
};
