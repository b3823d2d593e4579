/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/path.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "study/picture.h"
#include "study/trials.h"

typedef struct options {
    char *output;
} options_t;

static const param_t params[] = {
    {"output", "", PARAM_TEXT, offsetof(options_t, output), 0, 0, 0, NULL}, PARAM_END};

static int draw(const char *path, const char *output)
{
    int code = TRALO_OK;
    trials_t *trials = NULL;
    const path_use_t used = {path, "the result"};
    TRY(picture_check(output));
    TRY(path_spare(output, 1, &used));
    TRY(trials_open(path, &trials));
    TRY(trials_plot(trials, path, output));
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
    if (words != 1 || options.output == NULL)
        FAIL(TRALO_ERR_INPUT, "give a result and a picture: tralo plot RESULT.h5 -o FILE.svg");
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? draw(argv[1], options.output) : TRALO_OK));
out:
    param_release(params, &options);
    return code;
}

const cli_command_t cli_plot = {
    .name = "plot",
    .usage = "RESULT.h5 -o FILE",
    .doc = "a picture of a search: values over trials and time, and the parameters",
    .options = "  -o FILE, --output FILE   the picture, .svg or .png (needs gnuplot)\n",
    .run = run,
};
