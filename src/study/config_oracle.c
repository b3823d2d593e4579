/* SPDX-License-Identifier: BSD-3-Clause */
/* The sections `parameters` and `oracle`. */
#include <string.h>

#include "base/mem.h"
#include "oracle/kinds.h"
#include "oracle/words.h"
#include "study/config_parts.h"
#include "study/schema.h"
#include "study/tree.h"

/* The message of the last failure with the place in front. */
static int at_place(const tree_t *tree, int code)
{
    return code == TRALO_ERR_INPUT ? tree_raise(tree, "%s", tralo_error_message()) : code;
}

/* ---- parameters -------------------------------------------------------------------------------
 */

static int check_name(const space_t *space, const tree_t *tree, const char *name)
{
    int code = TRALO_OK;
    if (words_reserved(name))
        TRY(tree_raise(
            tree, "'%s' is the name of something else that a trial is told: take another", name));
    for (int k = 0; k < space->parameters - 1; k++)
        if (strcmp(space->list[k].name, name) == 0)
            TRY(tree_raise(tree, "there is already a parameter '%s'", name));
out:
    return code;
}

static int read_parameter(const tree_t *tree, space_t *space)
{
    static const char allowed[] = "a number, as in {lower: 1e-5, upper: 1, scale: log}";
    int code = TRALO_OK;
    schema_keys_t keys = {0};
    const tree_t *bound;
    space_parameter_t *p = &space->list[space->parameters++];
    schema_add_table(&keys, space_params);
    param_presets(space_params, p);
    TRY(at_place(tree, space_name(tree->key, p)));
    TRY(check_name(space, tree, p->name));
    TRY(schema_check(tree, &keys, NULL, NULL));
    TRY(schema_need(tree, "lower", allowed, &bound));
    TRY(schema_need(tree, "upper", allowed, &bound));
    TRY(schema_read(tree, space_params, p));
    TRY(at_place(tree, space_check(p)));
    if (p->count > SPACE_MOST - space->count)
        TRY(tree_raise(tree, "with this there are more than %d values", (int)SPACE_MOST));
    space->count += (int)p->count;
out:
    return code;
}

static int read_parameters(const tree_t *root, space_t *space)
{
    static const char allowed[] = "{NAME: {lower: X, upper: X, scale: log}, ...}";
    int code = TRALO_OK;
    const tree_t *tree;
    TRY(schema_need(root, "parameters", allowed, &tree));
    if (tree->type != TREE_MAP || tree->child == NULL)
        TRY(tree_raise(tree, "must be a map of parameters: give %s", allowed));
    ALLOC(space->list, tree_count(tree));
    for (const tree_t *at = tree->child; at != NULL; at = at->next)
        TRY(read_parameter(at, space));
out:
    return code;
}

/* ---- oracle -----------------------------------------------------------------------------------
 */

/* Paths as they are written -> absolute. */
static int resolve_paths(const config_source_t *source, const tree_t *tree, config_kind_t *oracle)
{
    int code = TRALO_OK;
    char *path = NULL;
    for (const param_t *row = oracle->params; row != NULL && row->name != NULL; row++) {
        const tree_t *value = row->type == PARAM_PATH ? tree_find(tree, row->name) : NULL;
        if (value == NULL)
            continue;
        TRY(config_resolve(source, value, false, &path));
        code = param_set(row, oracle->options, path);
        mem_free(&path);
        TRY(code);
    }
out:
    return code;
}

static int fill_paths(const config_source_t *source, const config_t *config)
{
    int code = TRALO_OK;
    oracle_common_t *common = config->oracle.options;
    text_t folder = {0};
    if (common->directory == NULL)
        TRY(mem_string(source->folder, &common->directory));
    if (common->folder == NULL && oracle_find(config->oracle.name)->prepare != NULL) {
        TRY(text_add(&folder, "%s.trials", config->output));
        common->folder = folder.data;
    }
out:
    return code;
}

bool config_names_criterion(const tree_t *root)
{
    const tree_t *tree = tree_find(root, "oracle"), *kind = tree;
    if (tree != NULL && tree->type == TREE_MAP)
        kind = tree_find(tree, "kind");
    return tree == NULL || (kind != NULL && kind->type == TREE_SCALAR &&
                            strcmp(kind->text, oracle_criterion.name) == 0);
}

int config_read_sharing(const config_source_t *source, const tree_t *root, config_t *config)
{
    int code = TRALO_OK;
    const tree_t *tree = tree_find(root, "oracle");
    const kind_t *method = kinds_find(&source->kinds[KIND_SEARCH], config->search.method.name);
    if (tree == NULL)
        return TRALO_OK;
    TRY(config_need_kind(root, "oracle", &source->kinds[KIND_ORACLE], &config->oracle));
    TRY(at_place(tree, oracle_criterion.check(config->oracle.options, &config->space)));
    const oracle_common_t *common = config->oracle.options;
    if (method->derivatives && (common->groups > 0 || common->ranks_per_group > 0))
        TRY(tree_raise(tree,
                       "groups of ranks give values alone, and %s wants derivatives: take another "
                       "method, like hozog or random, or leave all ranks in one group",
                       method->name));
out:
    return code;
}

int config_read_oracle(const config_source_t *source, const tree_t *root, config_t *config)
{
    int code = TRALO_OK;
    TRY(read_parameters(root, &config->space));
    TRY(config_need_kind(root, "oracle", &source->kinds[KIND_ORACLE], &config->oracle));
    const tree_t *tree = tree_find(root, "oracle");
    TRY(resolve_paths(source, tree, &config->oracle));
    TRY(fill_paths(source, config));
    TRY(at_place(tree,
                 oracle_find(config->oracle.name)->check(config->oracle.options, &config->space)));
out:
    return code;
}
