/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* The row that "name" or "name=value" names, NULL: none. *value points behind the "=", or is NULL.
 */
static const param_t *find(const param_t *table, const char *text, const char **value)
{
    size_t length = strcspn(text, "=");
    *value = text[length] == '=' ? text + length + 1 : NULL;
    for (const param_t *row = table; row->name != NULL; row++)
        if (strlen(row->name) == length && strncmp(row->name, text, length) == 0)
            return row;
    return NULL;
}

static int set(const param_t *row, void *options, const char *value)
{
    char reason[ERROR_TEXT];
    if (param_set(row, options, value) == TRALO_OK)
        return TRALO_OK;
    snprintf(reason, sizeof reason, "%s", tralo_error_message());
    return error_raise(TRALO_ERR_INPUT, "--%s: %s", row->name, reason);
}

int options_parse(int argc, char **argv, const param_t *table, void *options, int *words)
{
    int code = TRALO_OK, count = 0;
    bool ended = false;
    const char *value;
    param_presets(table, options);
    for (int i = 1; i < argc; i++) {
        const bool brief = strcmp(argv[i], "-o") == 0;
        if (ended || (strncmp(argv[i], "--", 2) != 0 && !brief)) {
            argv[++count] = argv[i];
            continue;
        }
        ended = !brief && argv[i][2] == '\0';
        if (ended)
            continue;
        const param_t *row = find(table, brief ? "output" : argv[i] + 2, &value);
        if (row == NULL)
            FAIL(TRALO_ERR_INPUT, "there is no option '%s'; see --help", argv[i]);
        if (value == NULL && row->type == PARAM_BOOL)
            value = "true";
        if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (value == NULL)
            FAIL(TRALO_ERR_INPUT, "option '%s' wants a value; see --help", argv[i]);
        TRY(set(row, options, value));
    }
    *words = count;
out:
    return code;
}
