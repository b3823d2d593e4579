/* SPDX-License-Identifier: BSD-3-Clause */
/* tralo list: every kind with its options, from the tables that check the config. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "study/kinds.h"

enum { TEXT_SIZE = 512 };

/* ---- text -------------------------------------------------------------------------------------
 */

static void print_param(const param_t *row)
{
    char allowed[TEXT_SIZE], preset[TEXT_SIZE];
    param_allowed(row, allowed, sizeof allowed);
    param_preset_text(row, preset, sizeof preset);
    printf("      %s: %s\n          %s; default %s\n", row->name, row->doc, allowed, preset);
}

static void print_table(const kind_table_t *table)
{
    printf("%s (%s)\n", table->plural, table->section);
    for (int i = 0; i < table->count; i++) {
        printf("  %s: %s\n", table->rows[i].name, table->rows[i].doc);
        for (const param_t *row = table->rows[i].params; row != NULL && row->name != NULL; row++)
            print_param(row);
    }
}

static int print_all(const kind_table_t *tables)
{
    for (int sort = 0; sort < KIND_SORTS; sort++) {
        if (sort > 0)
            printf("\n");
        print_table(&tables[sort]);
    }
    if (fflush(stdout) != 0)
        return error_raise(TRALO_ERR_FILE, "cannot write to standard output");
    return TRALO_OK;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *bound(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *preset(const param_t *row)
{
    switch (row->type) {
    case PARAM_REAL:
        return bound(row->preset);
    case PARAM_INT:
        return json_integer((json_int_t)row->preset);
    case PARAM_BOOL:
        return json_boolean(row->preset != 0.0);
    case PARAM_CHOICE:
        return json_string(row->choices[(int)row->preset]);
    case PARAM_TEXT:
    case PARAM_PATH:
        break;
    }
    return json_null();
}

static json_t *param_json(const param_t *row)
{
    static const char *const types[] = {
        [PARAM_REAL] = "real",     [PARAM_INT] = "int",   [PARAM_BOOL] = "bool",
        [PARAM_CHOICE] = "choice", [PARAM_TEXT] = "text", [PARAM_PATH] = "path"};
    json_t *option = json_pack("{s:s, s:s, s:s, s:o}", "name", row->name, "doc", row->doc, "type",
                               types[row->type], "default", preset(row));
    if (row->type == PARAM_REAL || row->type == PARAM_INT) {
        json_object_set_new(option, "min", bound(row->min));
        json_object_set_new(option, "max", bound(row->max));
    }
    if (row->type == PARAM_CHOICE) {
        json_t *choices = json_array();
        for (int i = 0; row->choices[i] != NULL; i++)
            json_array_append_new(choices, json_string(row->choices[i]));
        json_object_set_new(option, "choices", choices);
    }
    return option;
}

static json_t *table_json(const kind_table_t *table)
{
    json_t *list = json_array();
    for (int i = 0; i < table->count; i++) {
        json_t *options = json_array();
        for (const param_t *row = table->rows[i].params; row != NULL && row->name != NULL; row++)
            json_array_append_new(options, param_json(row));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", table->rows[i].name, "doc",
                                              table->rows[i].doc, "options", options));
    }
    return list;
}

static int print_json(const kind_table_t *tables)
{
    int code = TRALO_OK;
    json_t *root = json_object();
    for (int sort = 0; sort < KIND_SORTS; sort++)
        if (json_object_set_new(root, tables[sort].section, table_json(&tables[sort])) != 0)
            FAIL(TRALO_ERR_MEMORY, "out of memory while writing JSON");
    if (json_dumpf(root, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF ||
        fflush(stdout) != 0)
        FAIL(TRALO_ERR_FILE, "cannot write JSON to standard output");
out:
    json_decref(root);
    return code;
}

static int list(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK;
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    (void)status;
    if (argc > 1 + (json ? 1 : 0))
        FAIL(TRALO_ERR_INPUT, "list: there is no option %s; see tralo list --help",
             argv[json ? 2 : 1]);
    if (comm_rank(comm) == 0)
        code = (json ? print_json : print_all)(kinds_builtin());
    TRY(comm_agree(comm, code));
out:
    return code;
}

const cli_command_t cli_list = {
    .name = "list",
    .usage = "[--json]",
    .doc = "prints every loss, penalty, kernel, criterion, method, inner solver and oracle with "
           "its options",
    .options = "  --json   as JSON: {SECTION: [{name, doc, options: [{name, doc, type, default, "
               "...}]}]}\n",
    .run = list,
};
