/* SPDX-License-Identifier: BSD-3-Clause */
/* text -> tree (tree.c) -> overrides -> sections checked against tables (schema.c) -> config_t ->
   echo. Groups by name are resolved later, when the data are known (config_groups.c). */
#include "study/config.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "study/config_parts.h"
#include "study/schema.h"
#include "base/text.h"
#include "study/tree.h"

enum { NAMES_SIZE = 512, PLACE_SIZE = 1024 };

static const double seed_max = 9007199254740992.0; /* 2^53: exact as a double */

static const char *const standardize_choices[] = {"false", "true", "scale", NULL};
static const char *const storage_choices[] = {"auto", "dense", "sparse", NULL};
static const char *const memory_choices[] = {"auto", "resident", "stream", NULL};
const param_t config_data_params[] = {
    {"standardize",
     "centre the columns and scale them to unit variance; scale: scale them, but leave the means",
     PARAM_CHOICE, offsetof(config_data_t, standardize), DATA_STANDARDIZE, 0, 0,
     standardize_choices},
    {"intercept", "add an unpenalised intercept", PARAM_BOOL, offsetof(config_data_t, intercept),
     1},
    {"storage",
     "hold X as dense rows or by its entries; auto: as it is stored, but dense where a fifth of it "
     "is there",
     PARAM_CHOICE, offsetof(config_data_t, storage), DATA_AUTO, 0, 0, storage_choices},
    {"memory",
     "resident: hold X in memory; stream: read a dense X from the file in each pass; auto: stream "
     "where X would take more than 4/5 of the free memory",
     PARAM_CHOICE, offsetof(config_data_t, memory), DATA_MEMORY_AUTO, 0, 0, memory_choices},
    PARAM_END};

const param_t config_verify_params[] = {
    {"rows", "random rows whose exact leave-one-out is computed after a search of alo", PARAM_INT,
     offsetof(config_verify_t, rows), 10, 0, seed_max},
    {"seed", "of the choice of rows", PARAM_INT, offsetof(config_verify_t, seed), 0, 0, seed_max},
    {"one_se", "find the largest penalty within one standard error of the best", PARAM_BOOL,
     offsetof(config_verify_t, one_se), 1},
    PARAM_END};

/* ---- small parts ------------------------------------------------------------------------------
 */

static int place_text(const tree_t *tree, char **out)
{
    char text[PLACE_SIZE];
    tree_place(tree, text, sizeof text);
    return mem_string(text, out);
}

static const char wild[] = "*?["; /* what makes a name a pattern */

int config_resolve(const config_source_t *source, const tree_t *value, bool pattern, char **out)
{
    int code = TRALO_OK;
    text_t whole = {0};
    const char *name = value->text;
    const char *folder = value->origin->override ? source->here : source->folder;
    pattern = pattern && strpbrk(name, wild) != NULL;
    for (const char *c = folder; name[0] != '/' && *c != '\0'; c++)
        TRY(text_add(&whole, "%s%c", pattern && strchr("*?[\\", *c) != NULL ? "\\" : "", *c));
    TRY(text_add(&whole, "%s%s", name[0] != '/' ? "/" : "", name));
    *out = whole.data;
    whole.data = NULL;
out:
    mem_free(&whole.data);
    return code;
}

static int choose(const kind_t *kind, config_kind_t *out)
{
    int code = TRALO_OK;
    out->name = kind->name;
    out->params = kind->params;
    if (kind->options_size > 0) {
        TRY(mem_alloc((int64_t)kind->options_size, 1, &out->options));
        param_presets(kind->params, out->options);
    }
out:
    return code;
}

/* NAME or {key: NAME, OPTION: ...}; `extra` are the keys besides. */
static int read_kind(const tree_t *tree, const kind_table_t *table, const schema_keys_t *extra,
                     config_kind_t *out)
{
    int code = TRALO_OK;
    char names[NAMES_SIZE];
    const kind_t *kind;
    const tree_t *name = tree;
    schema_keys_t keys = *extra;
    schema_names(table, names, sizeof names);
    if (tree->type == TREE_MAP)
        TRY(schema_need(tree, extra->names[0], names, &name));
    TRY(schema_kind(name, table, &kind));
    TRY(choose(kind, out));
    if (tree->type == TREE_MAP) {
        schema_add_table(&keys, kind->params);
        TRY(schema_check(tree, &keys, table, kind));
        TRY(schema_read(tree, kind->params, out->options));
    }
out:
    return code;
}

int config_need_kind(const tree_t *map, const char *key, const kind_table_t *table,
                     config_kind_t *out)
{
    static const schema_keys_t extra = {1, {"kind"}};
    int code = TRALO_OK;
    char names[NAMES_SIZE];
    const tree_t *tree;
    schema_names(table, names, sizeof names);
    TRY(schema_need(map, key, names, &tree));
    TRY(read_kind(tree, table, &extra, out));
out:
    return code;
}

/* ---- sections ---------------------------------------------------------------------------------
 */

static int read_files(const config_source_t *source, const tree_t *tree, config_names_t *out)
{
    static const char allowed[] = "the path of an HDF5 data set, or a list of them";
    int code = TRALO_OK;
    bool list = tree->type == TREE_LIST;
    if (list && tree->child == NULL)
        TRY(tree_raise(tree, "is an empty list: give %s", allowed));
    ALLOC(out->names, list ? tree_count(tree) : 1);
    for (const tree_t *at = list ? tree->child : tree; at != NULL; at = list ? at->next : NULL) {
        TRY(schema_text(at, allowed));
        TRY(config_resolve(source, at, true, &out->names[out->count]));
        out->count++;
    }
out:
    return code;
}

static int read_data(const config_source_t *source, const tree_t *root, config_t *config)
{
    int code = TRALO_OK;
    schema_keys_t keys = {1, {"file"}};
    const tree_t *tree, *file;
    schema_add_table(&keys, config_data_params);
    TRY(schema_need(root, "data", "{file: F.h5, standardize: true, intercept: true}", &tree));
    TRY(schema_check(tree, &keys, NULL, NULL));
    TRY(schema_need(tree, "file", "the path of an HDF5 data set", &file));
    TRY(read_files(source, file, &config->data.files));
    TRY(schema_read(tree, config_data_params, &config->data));
out:
    return code;
}

static int read_names(const tree_t *list, config_names_t *out)
{
    static const char allowed[] = "a list of feature names, like [age, height]";
    int code = TRALO_OK;
    if (list->type != TREE_LIST)
        TRY(tree_raise(list, "must be %s", allowed));
    ALLOC(out->names, tree_count(list));
    for (const tree_t *at = list->child; at != NULL; at = at->next) {
        TRY(schema_text(at, "a feature name"));
        TRY(mem_string(at->text, &out->names[out->count]));
        out->count++;
    }
out:
    return code;
}

static int read_lists(const tree_t *tree, config_groups_t *groups)
{
    int code = TRALO_OK, count = tree_count(tree);
    if (count == 0)
        TRY(tree_raise(tree, "is an empty list: name the features of each group, or write 'one'"));
    ALLOC(groups->lists, count);
    groups->count = count;
    count = 0;
    for (const tree_t *at = tree->child; at != NULL; at = at->next) {
        TRY(read_names(at, &groups->lists[count++]));
        if (at->child == NULL)
            TRY(tree_raise(at, "is an empty group: name its features, or leave it out"));
    }
out:
    return code;
}

const char *const config_grouping_names[] = {"auto", "one", "file", "columns", NULL};

static int read_groups(const tree_t *tree, config_groups_t *groups)
{
    static const param_t row = {.name = "groups",
                                .type = PARAM_CHOICE,
                                .offset = offsetof(config_choice_t, index),
                                .choices = config_grouping_names};
    int code = TRALO_OK;
    config_choice_t choice = {0};
    TRY(place_text(tree, &groups->place));
    if (tree->type == TREE_MAP)
        TRY(tree_raise(tree,
                       "is a map: give one of: auto, one, file, or a list of lists of feature "
                       "names, like [[age], [height, weight]]"));
    if (tree->type == TREE_LIST) {
        groups->grouping = GROUPS_LISTS;
        TRY(read_lists(tree, groups));
    } else {
        TRY(schema_set(tree, &row, &choice));
        groups->grouping = (config_grouping_t)choice.index;
    }
out:
    return code;
}

const param_t config_weights_params[] = {
    {"groups", "how many groups of consecutive rows that train have a weight each", PARAM_INT,
     offsetof(config_weights_t, groups), 1, 1, 1e7, NULL},
    {"lambda", "of the penalty, which is not searched for then", PARAM_REAL,
     offsetof(config_weights_t, lambda), 0.0, 0.0, 1e12, NULL},
    PARAM_END};

static int read_weights(const tree_t *tree, config_weights_t *out)
{
    int code = TRALO_OK;
    schema_keys_t keys = {0};
    const tree_t *groups;
    schema_add_table(&keys, config_weights_params);
    TRY(schema_check(tree, &keys, NULL, NULL));
    TRY(schema_need(tree, "groups", "how many groups of rows have a weight each", &groups));
    TRY(schema_read(tree, config_weights_params, out));
out:
    return code;
}

/* A kernel stands instead of a penalty, its groups and free columns. */
static int read_kernel(const config_source_t *source, const tree_t *model, config_kind_t *out)
{
    static const char *const others[] = {"penalty", "groups", "free", "weights"};
    int code = TRALO_OK;
    for (int i = 0; i < 4; i++)
        if (tree_find(model, others[i]) != NULL)
            TRY(tree_raise(tree_find(model, others[i]),
                           "a model with a kernel has none: its one penalty is lambda; take this "
                           "or model.kernel out"));
    TRY(config_need_kind(model, "kernel", &source->kinds[KIND_KERNEL], out));
out:
    return code;
}

static int read_model(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const schema_keys_t keys = {6,
                                       {"loss", "penalty", "kernel", "groups", "free", "weights"}};
    int code = TRALO_OK;
    config_model_t *model = &config->model;
    const tree_t *tree, *groups, *names;
    TRY(schema_need(root, "model", "{loss: NAME, penalty: NAME} or {loss: NAME, kernel: NAME}",
                    &tree));
    TRY(schema_check(tree, &keys, NULL, NULL));
    TRY(config_need_kind(tree, "loss", &source->kinds[KIND_LOSS], &model->loss));
    if (tree_find(tree, "kernel") != NULL) {
        TRY(read_kernel(source, tree, &model->kernel));
        return TRALO_OK;
    }
    TRY(config_need_kind(tree, "penalty", &source->kinds[KIND_PENALTY], &model->penalty));
    groups = tree_find(tree, "groups");
    if (groups != NULL)
        TRY(read_groups(groups, &model->groups));
    names = tree_find(tree, "free");
    if (names != NULL) {
        TRY(place_text(names, &model->groups.free_place));
        TRY(read_names(names, &model->groups.free));
    }
    if (tree_find(tree, "weights") != NULL)
        TRY(read_weights(tree_find(tree, "weights"), &model->weights));
out:
    return code;
}

static int read_inner(const config_source_t *source, const tree_t *root, config_t *config)
{
    if (tree_find(root, "inner") == NULL)
        return choose(&source->kinds[KIND_INNER].rows[0], &config->inner);
    return config_need_kind(root, "inner", &source->kinds[KIND_INNER], &config->inner);
}

static int read_one_lambda(const tree_t *tree, double *out)
{
    static const char allowed[] = "a penalty lambda > 0, or a list with one per group";
    int code = TRALO_OK;
    char *end;
    TRY(schema_text(tree, allowed));
    double value = strtod(tree->text, &end);
    if (tree->quoted || *end != '\0' || !(value > 0.0) || !isfinite(value))
        TRY(tree_raise(tree, "'%.200s' is not allowed: give %s", tree->text, allowed));
    *out = value;
out:
    return code;
}

static int read_lambda(const tree_t *search, const char *key, config_lambda_t *out)
{
    int code = TRALO_OK;
    const tree_t *tree = tree_find(search, key);
    if (tree == NULL)
        return TRALO_OK;
    TRY(place_text(tree, &out->place));
    const tree_t *first = tree->type == TREE_LIST ? tree->child : tree;
    if (first == NULL)
        TRY(tree_raise(tree, "is an empty list: give a penalty lambda > 0, or one per group"));
    ALLOC(out->values, tree->type == TREE_LIST ? tree_count(tree) : 1);
    for (const tree_t *at = first; at != NULL; at = tree == first ? NULL : at->next)
        TRY(read_one_lambda(at, &out->values[out->count++]));
out:
    return code;
}

static double pick(const config_lambda_t *lambda, int i)
{
    return lambda->values[lambda->count == 1 ? 0 : i];
}

/* low < high (or low <= high where `equal`), group by group. */
static int check_order(const config_lambda_t *low, const config_lambda_t *high, bool equal)
{
    int count = low->count > high->count ? low->count : high->count;
    if (low->count == 0 || high->count == 0)
        return TRALO_OK;
    if (low->count != count && low->count != 1)
        return error_raise(TRALO_ERR_INPUT, "%s: has %d values, but %s has %d", low->place,
                           low->count, high->place, high->count);
    if (high->count != count && high->count != 1)
        return error_raise(TRALO_ERR_INPUT, "%s: has %d values, but %s has %d", high->place,
                           high->count, low->place, low->count);
    for (int i = 0; i < count; i++) {
        double a = pick(low, i), b = pick(high, i);
        if (!(a < b || (equal && a == b)))
            return error_raise(TRALO_ERR_INPUT, "%s: %.15g must be %s %.15g, given at %s",
                               low->place, a, equal ? "at most" : "below", b, high->place);
    }
    return TRALO_OK;
}

static int read_search(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const schema_keys_t extra = {4, {"method", "start", "lower", "upper"}};
    int code = TRALO_OK;
    char names[NAMES_SIZE];
    const tree_t *tree;
    config_search_t *search = &config->search;
    schema_names(&source->kinds[KIND_SEARCH], names, sizeof names);
    TRY(schema_need(root, "search", names, &tree));
    TRY(read_kind(tree, &source->kinds[KIND_SEARCH], &extra, &search->method));
    TRY(read_lambda(tree, "start", &search->start));
    TRY(read_lambda(tree, "lower", &search->lower));
    TRY(read_lambda(tree, "upper", &search->upper));
    TRY(check_order(&search->lower, &search->upper, false));
    TRY(check_order(&search->lower, &search->start, true));
    TRY(check_order(&search->start, &search->upper, true));
out:
    return code;
}

static int read_verify(const tree_t *root, config_t *config)
{
    int code = TRALO_OK;
    schema_keys_t keys = {0};
    const tree_t *tree = tree_find(root, "verify");
    schema_add_table(&keys, config_verify_params);
    TRY(schema_check(tree, &keys, NULL, NULL));
    TRY(schema_read(tree, config_verify_params, &config->verify));
out:
    return code;
}

static int read_output(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const char allowed[] = "the path of the result file";
    int code = TRALO_OK;
    const tree_t *tree;
    TRY(schema_need(root, "output", allowed, &tree));
    TRY(schema_text(tree, allowed));
    TRY(config_resolve(source, tree, false, &config->output));
out:
    return code;
}

/* The search of an oracle: the parameters have the bounds, and there are values alone. */
static int read_values_search(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const char *const others[] = {"start", "lower", "upper"};
    static const schema_keys_t extra = {1, {"method"}};
    const kind_table_t *table = &source->kinds[KIND_SEARCH];
    int code = TRALO_OK;
    char names[NAMES_SIZE];
    const tree_t *tree;
    schema_names(table, names, sizeof names);
    TRY(schema_need(root, "search", names, &tree));
    for (int i = 0; i < 3; i++)
        if (tree_find(tree, others[i]) != NULL)
            TRY(tree_raise(tree_find(tree, others[i]),
                           "each parameter has its own: give parameters.NAME.%s", others[i]));
    TRY(read_kind(tree, table, &extra, &config->search.method));
    if (kinds_find(table, config->search.method.name)->derivatives)
        TRY(tree_raise(tree,
                       "%s wants derivatives, and an oracle gives values alone: take another "
                       "method, like hozog or random",
                       config->search.method.name));
out:
    return code;
}

/* A study of an oracle on parameters. */
static int read_black_box(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const char *const others[] = {"data", "model", "criterion", "inner", "verify"};
    int code = TRALO_OK;
    const tree_t *oracle = tree_find(root, "oracle");
    if (oracle != NULL && config_names_criterion(root))
        TRY(tree_raise(oracle, "a criterion has no parameters: take these out"));
    for (int i = 0; i < 5; i++)
        if (tree_find(root, others[i]) != NULL)
            TRY(tree_raise(tree_find(root, others[i]),
                           "a study of an oracle on parameters has none: take this out, or oracle "
                           "and parameters"));
    TRY(read_output(source, root, config));
    TRY(config_read_oracle(source, root, config));
    TRY(read_values_search(source, root, config));
out:
    return code;
}

static int read_root(const config_source_t *source, const tree_t *root, config_t *config)
{
    static const schema_keys_t keys = {9,
                                       {"data", "model", "criterion", "inner", "search", "verify",
                                        "output", "parameters", "oracle"}};
    int code = TRALO_OK;
    TRY(schema_check(root, &keys, NULL, NULL));
    if (!config_names_criterion(root) || tree_find(root, "parameters") != NULL)
        return read_black_box(source, root, config);
    TRY(read_data(source, root, config));
    TRY(read_model(source, root, config));
    TRY(config_need_kind(root, "criterion", &source->kinds[KIND_CRITERION], &config->criterion));
    TRY(read_inner(source, root, config));
    TRY(read_search(source, root, config));
    TRY(config_read_sharing(source, root, config));
    TRY(read_verify(root, config));
    TRY(read_output(source, root, config));
out:
    return code;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* The key that a name stands for where a map may stand too. */
static const char *expand(const char *key)
{
    static const char *const kinds[] = {"criterion",  "inner",         "oracle",
                                        "model.loss", "model.penalty", "model.kernel"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(key, kinds[i]) == 0)
            return "kind";
    return strcmp(key, "search") == 0 ? "method" : NULL;
}

static int create(config_t **out)
{
    int code = TRALO_OK;
    config_t *config = NULL;
    ALLOC(config, 1);
    param_presets(config_data_params, &config->data);
    param_presets(config_verify_params, &config->verify);
    *out = config;
out:
    return code;
}

int config_parse(const config_source_t *source, config_t **out)
{
    int code = TRALO_OK;
    tree_origin_t file = {source->name, false}, *overrides = NULL;
    tree_t *root = NULL;
    config_t *config = NULL;
    ALLOC(overrides, source->count);
    TRY(tree_parse(&file, source->text, &root));
    for (int i = 0; i < source->count; i++) {
        overrides[i] = (tree_origin_t){source->overrides[i], true};
        TRY(tree_override(root, &overrides[i], expand));
    }
    TRY(create(&config));
    TRY(read_root(source, root, config));
    TRY(config_write(config, &config->echo));
    *out = config;
    config = NULL;
out:
    config_free(&config);
    tree_free(&root);
    mem_free(&overrides);
    return code;
}

files_names_t config_files(const config_t *config)
{
    const config_names_t *files = &config->data.files;
    return (files_names_t){files->count, (const char *const *)files->names};
}

static void free_kind(config_kind_t *kind)
{
    if (kind->options != NULL)
        param_release(kind->params, kind->options);
    mem_free(&kind->options);
}

static void free_names(config_names_t *names)
{
    for (int i = 0; i < names->count; i++)
        mem_free(&names->names[i]);
    mem_free(&names->names);
}

static void free_groups(config_groups_t *groups)
{
    for (int i = 0; i < groups->count; i++)
        free_names(&groups->lists[i]);
    mem_free(&groups->lists);
    free_names(&groups->free);
    mem_free(&groups->place);
    mem_free(&groups->free_place);
}

static void free_lambda(config_lambda_t *lambda)
{
    mem_free(&lambda->values);
    mem_free(&lambda->place);
}

void config_free(config_t **config)
{
    config_t *c = *config;
    if (c == NULL)
        return;
    free_names(&c->data.files);
    param_release(config_data_params, &c->data);
    free_kind(&c->model.loss);
    free_kind(&c->model.penalty);
    free_kind(&c->model.kernel);
    free_groups(&c->model.groups);
    free_kind(&c->criterion);
    free_kind(&c->inner);
    free_kind(&c->search.method);
    free_lambda(&c->search.start);
    free_lambda(&c->search.lower);
    free_lambda(&c->search.upper);
    free_kind(&c->oracle);
    space_release(&c->space);
    mem_free(&c->output);
    mem_free(&c->echo);
    mem_free(config);
}
