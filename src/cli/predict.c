/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/predict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "study/report.h"

typedef struct options {
    char *output;
} options_t;

static const param_t params[] = {
    {"output", "", PARAM_TEXT, offsetof(options_t, output), 0, 0, 0, NULL}, PARAM_END};

static void print(const char *name, double value)
{
    if (!isnan(value))
        log_info("%-14s %.10g", name, value);
}

static void report(const predict_scores_t *scores)
{
    log_info("%-14s %" PRId64, "rows", scores->n);
    if (!scores->scored)
        log_info("there is no /y: nothing to compare with");
    print("mean loss", scores->loss);
    print("accuracy", scores->accuracy);
    print("AUC", scores->auc);
    print("RMSE", scores->rmse);
    print("mean deviance", scores->deviance);
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    predict_scores_t scores;
    (void)status;
    TRY(options_parse(argc, argv, params, &options, &words));
    if (words < 2)
        FAIL(TRALO_ERR_INPUT,
             "give a result file and a data file: tralo predict RESULT.h5 DATA.h5");
    const files_names_t rows = {words - 1, (const char *const *)argv + 2};
    if (options.output != NULL && strcmp(options.output, "-") == 0)
        log_to_stderr();
    TRY(predict_run(comm, argv[1], &rows, options.output, &scores));
    report(&scores);
    report_communication(comm);
out:
    param_release(params, &options);
    return code;
}

const cli_command_t cli_predict = {
    .name = "predict",
    .usage = "RESULT.h5 DATA.h5 ... [options]",
    .doc = "link and response of new rows, and how good they are where y is known",
    .options = "  --output FILE   CSV with link, response and, where it is there, y (-: standard "
               "output);\n                  of several classes: the probability of each, and the "
               "likeliest\n",
    .run = run,
};
