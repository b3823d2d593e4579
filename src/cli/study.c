/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/study.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"

void cli_study_log(const comm_t *comm, bool quiet, bool verbose, const char *json)
{
    log_level_t level = quiet ? LOG_QUIET : verbose ? LOG_VERBOSE : LOG_NORMAL;
    log_setup(level, comm_rank(comm) == 0);
    if (json != NULL && strcmp(json, "-") == 0)
        log_to_stderr();
}

int cli_study_override(cli_study_t *opened, const char *key, const char *value)
{
    int code = TRALO_OK;
    int64_t size = (int64_t)(strlen(key) + strlen(value) + 2);
    ALLOC(opened->extra, size);
    snprintf(opened->extra, (size_t)size, "%s=%s", key, value);
out:
    return code;
}

static int read_config(comm_t *comm, int words, char **argv, cli_study_t *opened)
{
    int code = TRALO_OK, count = words - 1;
    const char **overrides = NULL;
    TRY(comm_agree(comm, mem_alloc(count + 1, sizeof *overrides, &overrides)));
    for (int i = 0; i < count; i++)
        overrides[i] = argv[i + 2];
    if (opened->extra != NULL)
        overrides[count++] = opened->extra;
    TRY(config_read(comm, argv[1], count, overrides, &opened->config));
out:
    mem_free(&overrides);
    return code;
}

int cli_study_open(comm_t *comm, int words, char **argv, cli_study_t *opened)
{
    int code = TRALO_OK;
    if (words < 1)
        FAIL(TRALO_ERR_INPUT, "no config is given: tralo %s CONFIG [key.sub=VALUE ...]", argv[0]);
    TRY(read_config(comm, words, argv, opened));
    opened->config->resume = opened->resume;
    if (!opened->any)
        TRY(study_wants_data(opened->config, argv[0]));
    TRY(study_open(comm, opened->config, &opened->study));
out:
    return code;
}

static int spare(const char *config, const cli_study_t *opened, const char *output)
{
    int code = TRALO_OK;
    const files_names_t data = config_files(opened->config);
    const path_use_t used[] = {{config, "the config"},
                               {opened->config->output, "the result (output)"}};
    TRY(path_spare(output, 2, used));
    TRY(files_spare(output, &data, "the data (data.file)"));
out:
    return code;
}

int cli_study_spare(comm_t *comm, const char *config, const cli_study_t *opened, const char *output)
{
    if (output == NULL || strcmp(output, "-") == 0)
        return TRALO_OK;
    return comm_agree(comm, comm_rank(comm) == 0 ? spare(config, opened, output) : TRALO_OK);
}

void cli_study_close(cli_study_t *opened)
{
    study_close(&opened->study);
    config_free(&opened->config);
    mem_free(&opened->extra);
}
