/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/curve.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/study.h"
#include "study/report.h"

typedef struct options {
    double from, to;
    int64_t points;
    bool exact;
    char *along, *lambda, *output, *plot;
} options_t;

static const param_t params[] = {
    {"along", "", PARAM_TEXT, offsetof(options_t, along), 0, 0, 0, NULL},
    {"lambda", "", PARAM_TEXT, offsetof(options_t, lambda), 0, 0, 0, NULL},
    {"from", "", PARAM_REAL, offsetof(options_t, from), 0, 0, INFINITY, NULL},
    {"to", "", PARAM_REAL, offsetof(options_t, to), 0, 0, INFINITY, NULL},
    {"points", "", PARAM_INT, offsetof(options_t, points), 41, 1, 1e6, NULL},
    {"exact", "", PARAM_BOOL, offsetof(options_t, exact), 0, 0, 0, NULL},
    {"output", "", PARAM_TEXT, offsetof(options_t, output), 0, 0, 0, NULL},
    {"plot", "", PARAM_TEXT, offsetof(options_t, plot), 0, 0, 0, NULL},
    PARAM_END};

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    cli_study_t opened = {.study = NULL};
    (void)status;
    TRY(options_parse(argc, argv, params, &options, &words));
    TRY(cli_study_open(comm, words, argv, &opened));
    TRY(cli_study_spare(comm, argv[1], &opened, options.output));
    TRY(cli_study_spare(comm, argv[1], &opened, options.plot));
    curve_options_t curve = {.along = options.along,
                             .lambda = options.lambda,
                             .from = options.from,
                             .to = options.to,
                             .points = options.points,
                             .exact = options.exact,
                             .output = options.output,
                             .plot = options.plot};
    if (options.output == NULL || strcmp(options.output, "-") == 0)
        log_to_stderr();
    TRY(curve_run(opened.study, &curve));
    report_communication(comm);
out:
    cli_study_close(&opened);
    param_release(params, &options);
    return code;
}

const cli_command_t cli_curve = {
    .name = "curve",
    .usage = "CONFIG [key.sub=VALUE ...] [options]",
    .doc = "the criterion and its derivatives along a grid of a hyperparameter",
    .options = "  --along NAME       the hyperparameter that varies, in all groups (lambda)\n"
               "  --from L, --to L   its range (default: that of the search)\n"
               "  --lambda L[,L...]  where the others stay (default: where the search starts)\n"
               "  --points K         points, evenly spaced in theta: log lambda, log(q - 1) (41)\n"
               "  --exact            exact leave-one-out beside it, by as many refits as rows\n"
               "  --output FILE      CSV (default: standard output)\n"
               "  --plot FILE        a picture, .svg or .png (needs gnuplot)\n",
    .run = run,
};
