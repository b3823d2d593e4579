/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "study/config.h"
#include "support.h"

enum { PATH_SIZE = 512, OVERRIDES = 8 };

/* Tables of kinds for the tests: every type of option, and two rows that differ. */
typedef struct walk {
    double radius;
    int64_t steps;
    bool greedy;
    int order;
    int64_t seed;
    char *note;
} walk_t;

static const char *const orders[] = {"first", "second", NULL};
static const param_t walk_params[] = {
    {"radius", "first radius", PARAM_REAL, offsetof(walk_t, radius), 0.1, 1e-6, 10},
    {"max_iterations", "steps", PARAM_INT, offsetof(walk_t, steps), 20, 1, 1000},
    {"greedy", "take every step", PARAM_BOOL, offsetof(walk_t, greedy), 1},
    {"order", "of the model", PARAM_CHOICE, offsetof(walk_t, order), 1, .choices = orders},
    {"seed", "of the walk", PARAM_INT, offsetof(walk_t, seed), 1, 0, 9007199254740992},
    {"note", "a remark", PARAM_TEXT, offsetof(walk_t, note)},
    PARAM_END};
static const param_t jump_params[] = {{"height", "of a jump", PARAM_REAL, 0, 1, 0, 5}, PARAM_END};
static const param_t alo_params[] = {{"panel", "rows", PARAM_INT, 0, 256, 1, 4096}, PARAM_END};

static const kind_table_t kinds[KIND_SORTS] = {
    [KIND_LOSS] =
        {"model.loss", "loss", "losses", 2, {{"squared", "", NULL, 0}, {"logistic", "", NULL, 0}}},
    [KIND_PENALTY] = {"model.penalty", "penalty", "penalties", 1, {{"ridge", "", NULL, 0}}},
    [KIND_KERNEL] = {"model.kernel",
                     "kernel",
                     "kernels",
                     2,
                     {{"rbf", "", NULL, 0}, {"polynomial", "", jump_params, 8}}},
    [KIND_CRITERION] = {"criterion",
                        "criterion",
                        "criteria",
                        2,
                        {{"alo", "", alo_params, 8}, {"loo", "", NULL, 0}}},
    [KIND_SEARCH] = {"search",
                     "method",
                     "methods",
                     2,
                     {{"walk", "", walk_params, sizeof(walk_t)}, {"jump", "", jump_params, 8}}},
    [KIND_INNER] = {"inner", "inner solver", "inner solvers", 1, {{"newton", "", NULL, 0}}},
};

static const char good[] = "data: {file: d.h5, standardize: true, intercept: true}\n"
                           "model: {loss: logistic, penalty: ridge}\n"
                           "criterion: alo\n"
                           "search: {method: walk}\n"
                           "output: d.result.h5\n";

static int parse(const char *text, int count, const char *const *overrides, config_t **out)
{
    config_source_t source = {"c.yaml", text, "/folder", "/here", count, overrides, kinds};
    return config_parse(&source, out);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static void the_short_config(void)
{
    config_t *c = NULL;
    if (!CHECK_OK(parse(good, 0, NULL, &c)))
        return;
    const walk_t *walk = c->search.method.options;
    CU_ASSERT(strcmp(c->data.files.names[0], "/folder/d.h5") == 0);
    CU_ASSERT(strcmp(c->output, "/folder/d.result.h5") == 0);
    CU_ASSERT(c->data.standardize == DATA_STANDARDIZE && c->data.intercept);
    CU_ASSERT(c->data.storage == DATA_AUTO);
    CU_ASSERT(strcmp(c->model.loss.name, "logistic") == 0 && c->model.loss.options == NULL);
    CU_ASSERT(strcmp(c->model.penalty.name, "ridge") == 0);
    CU_ASSERT(strcmp(c->criterion.name, "alo") == 0);
    CU_ASSERT(*(const int64_t *)c->criterion.options == 256);
    CU_ASSERT(strcmp(c->inner.name, "newton") == 0);
    CU_ASSERT(strcmp(c->search.method.name, "walk") == 0);
    CU_ASSERT(walk->radius == 0.1 && walk->steps == 20 && walk->greedy && walk->order == 1);
    CU_ASSERT(c->search.start.count == 0 && walk->seed == 1);
    CU_ASSERT(c->verify.rows == 10 && c->verify.one_se && c->model.groups.grouping == GROUPS_AUTO);
    config_free(&c);
    CU_ASSERT(c == NULL);
}

static const char full[] =
    "data: {file: /abs/d.h5, standardize: no, intercept: off, storage: sparse}\n"
    "model:\n"
    "  loss: {kind: squared}\n"
    "  penalty: ridge\n"
    "  groups: [[a, \"b: \\t\\\"q\\\" \\u0085 \xc3\xa9\"], [c]]\n"
    "  free: [d, '5']\n"
    "criterion: {kind: alo, panel: 17}\n"
    "inner: newton\n"
    "search: {method: walk, radius: 0.30000000000000004, max_iterations: 1e2, greedy: false,\n"
    "         order: first, note: 'a ''b'', #c', start: 1e-3, lower: [1e-4, 1e-9], upper: 7,\n"
    "         seed: 9007199254740992}\n"
    "verify: {rows: 12, seed: 3}\n"
    "output: \"x y.h5\"\n";

static void the_full_config(void)
{
    config_t *c = NULL;
    if (!CHECK_OK(parse(full, 0, NULL, &c)))
        return;
    const walk_t *walk = c->search.method.options;
    const config_groups_t *groups = &c->model.groups;
    CU_ASSERT(strcmp(c->data.files.names[0], "/abs/d.h5") == 0 && !c->data.intercept);
    CU_ASSERT(c->data.standardize == DATA_AS_IT_IS && c->data.storage == DATA_HOLD_SPARSE);
    CU_ASSERT(groups->grouping == GROUPS_LISTS && groups->count == 2);
    CU_ASSERT(groups->lists[0].count == 2 && groups->lists[1].count == 1);
    CU_ASSERT(strcmp(groups->lists[0].names[1], "b: \t\"q\" \xc2\x85 \xc3\xa9") == 0);
    CU_ASSERT(groups->free.count == 2 && strcmp(groups->free.names[1], "5") == 0);
    CU_ASSERT(*(const int64_t *)c->criterion.options == 17);
    CU_ASSERT(walk->radius == 0.30000000000000004 && walk->steps == 100 && !walk->greedy);
    CU_ASSERT(walk->order == 0 && strcmp(walk->note, "a 'b', #c") == 0);
    CU_ASSERT(c->search.start.count == 1 && c->search.start.values[0] == 1e-3);
    CU_ASSERT(c->search.lower.count == 2 && c->search.lower.values[1] == 1e-9);
    CU_ASSERT(c->search.upper.count == 1 && walk->seed == 9007199254740992);
    CU_ASSERT(c->verify.rows == 12 && c->verify.seed == 3);
    CU_ASSERT(strcmp(c->output, "/folder/x y.h5") == 0);
    config_free(&c);
}

static void check_echo(const char *text)
{
    config_t *c = NULL, *again = NULL;
    if (CHECK_OK(parse(text, 0, NULL, &c)) && CHECK_OK(parse(c->echo, 0, NULL, &again)))
        CU_ASSERT(strcmp(c->echo, again->echo) == 0);
    config_free(&c);
    config_free(&again);
    const char *const columns = "model.groups=columns";
    if (CHECK_OK(parse(good, 1, &columns, &c)) && CHECK_OK(parse(c->echo, 0, NULL, &again)))
        CU_ASSERT(again->model.groups.grouping == GROUPS_COLUMNS);
    config_free(&c);
    config_free(&again);
}

/* The echo is complete: parsed again it gives the values that the_full_config looks for. */
static void the_echo_gives_the_same_config(void)
{
    config_t *c = NULL, *again = NULL;
    check_echo(good);
    check_echo(full);
    if (CHECK_OK(parse(full, 0, NULL, &c)) && CHECK_OK(parse(c->echo, 0, NULL, &again))) {
        const walk_t *a = c->search.method.options, *b = again->search.method.options;
        CU_ASSERT(a->radius == b->radius && a->steps == b->steps && a->greedy == b->greedy);
        CU_ASSERT(a->order == b->order && strcmp(a->note, b->note) == 0);
        CU_ASSERT(again->search.lower.values[1] == 1e-9 && a->seed == b->seed);
        CU_ASSERT(
            strcmp(again->model.groups.lists[0].names[1], c->model.groups.lists[0].names[1]) == 0);
        CU_ASSERT(strcmp(again->model.groups.free.names[1], "5") == 0);
        CU_ASSERT(strcmp(again->output, c->output) == 0 && again->verify.rows == 12);
    }
    config_free(&c);
    config_free(&again);
}

static void overrides_replace(void)
{
    static const char *const overrides[] = {"search.max_iterations=5", "search.max_iterations=6",
                                            "criterion.panel=3",       "model.groups=[[a,b],[c]]",
                                            "data.file=e=f.h5",        "verify.rows=4",
                                            "search.start=[1, 2]",     "output=/o.h5"};
    config_t *c = NULL;
    if (!CHECK_OK(parse(good, OVERRIDES, overrides, &c)))
        return;
    CU_ASSERT(((const walk_t *)c->search.method.options)->steps == 6);
    CU_ASSERT(*(const int64_t *)c->criterion.options == 3);
    CU_ASSERT(c->model.groups.grouping == GROUPS_LISTS && c->model.groups.count == 2);
    CU_ASSERT(strcmp(c->data.files.names[0], "/here/e=f.h5") == 0 &&
              strcmp(c->output, "/o.h5") == 0);
    CU_ASSERT(c->verify.rows == 4 && c->search.start.count == 2);
    check_echo(c->echo);
    config_free(&c);
}

static void data_may_be_several_files(void)
{
    static const char *const override = "data.file=['a[1].h5', /b.h5]";
    config_source_t source = {"c.yaml", good, "/fol[d]er", "/he*re", 1, &override, kinds};
    config_t *c = NULL, *again = NULL;
    if (!CHECK_OK(config_parse(&source, &c)))
        return;
    CU_ASSERT(c->data.files.count == 2 && c->data.intercept);
    CU_ASSERT(strcmp(c->data.files.names[0], "/he\\*re/a[1].h5") == 0);
    CU_ASSERT(strcmp(c->data.files.names[1], "/b.h5") == 0);
    if (CHECK_OK(parse(c->echo, 0, NULL, &again))) {
        const files_names_t files = config_files(again);
        CU_ASSERT(files.count == 2 && strcmp(files.names[0], c->data.files.names[0]) == 0);
        CU_ASSERT(strcmp(again->echo, c->echo) == 0);
    }
    config_free(&again);
    config_free(&c);
    source.count = 0;
    if (CHECK_OK(config_parse(&source, &c)))
        CU_ASSERT(strcmp(c->data.files.names[0], "/fol[d]er/d.h5") == 0);
    config_free(&c);
}

static void an_override_may_bring_what_is_missing(void)
{
    static const char text[] = "model: {loss: logistic, penalty: ridge}\n";
    static const char *const overrides[] = {"data.file=d.h5", "criterion=loo", "search=jump",
                                            "output=o.h5"};
    config_t *c = NULL;
    if (CHECK_OK(parse(text, 4, overrides, &c))) {
        CU_ASSERT(strcmp(c->criterion.name, "loo") == 0 && c->criterion.options == NULL);
        CU_ASSERT(*(const double *)c->search.method.options == 1.0);
    }
    config_free(&c);
}

/* ---- errors -----------------------------------------------------------------------------------
 */

static void fails(const char *text, const char *part)
{
    config_t *c = NULL;
    CHECK_FAILS(parse(text, 0, NULL, &c), TRALO_ERR_INPUT, part);
    CU_ASSERT(c == NULL);
    config_free(&c);
}

static void override_fails(const char *override, const char *part)
{
    config_t *c = NULL;
    CHECK_FAILS(parse(good, 1, &override, &c), TRALO_ERR_INPUT, part);
    CU_ASSERT(c == NULL);
    config_free(&c);
}

/* The good config with line `line` replaced. */
static void line_fails(int line, const char *text, const char *part)
{
    char whole[2048];
    const char *from = good, *rest;
    for (int i = 1; i < line; i++)
        from = strchr(from, '\n') + 1;
    rest = strchr(from, '\n') + 1;
    snprintf(whole, sizeof whole, "%.*s%s\n%s", (int)(from - good), good, text, rest);
    fails(whole, part);
}

static void broken_yaml(void)
{
    fails("", "c.yaml:1: the file is empty");
    fails("# only a comment\n", "the file is empty");
    line_fails(4, "search: {method: walk",
               "c.yaml:5: not valid YAML: did not find expected ',' or '}'");
    line_fails(3, "criterion: alo: loo",
               "c.yaml:3: not valid YAML: mapping values are not allowed");
    line_fails(3, "criterion: \xff", "c.yaml:3: not valid YAML: invalid leading UTF-8 octet");
    line_fails(3, "criterion: [", "not valid YAML");
    line_fails(3, "---\na: b", "c.yaml:3: a second YAML document");
    line_fails(3, "criterion: &x alo\ninner: *x", "c.yaml:4: inner: aliases");
    line_fails(3, "criterion: &x [*x]", "aliases (*name) are not supported");
    line_fails(3, "criterion: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "nested more than 16");
    line_fails(3, "[a, b]: alo", "a key must be a word");
    line_fails(3, "criterion: \"al\\0o\"", "c.yaml:3: criterion: a text must not contain a zero");
    fails("- data\n", "c.yaml:1: must be a map 'key: value' with the keys data, model, criterion");
    fails("data\n", "must be a map");
}

static void wrong_keys(void)
{
    line_fails(3, "criterium: alo",
               "c.yaml:3: criterium: unknown key; did you mean 'criterion'? allowed here: data, ");
    line_fails(1, "data: {file: d.h5, standardise: true}",
               "c.yaml:1: data.standardise: unknown key; did you mean 'standardize'? allowed here: "
               "file, standardize, intercept, storage");
    line_fails(2, "model:\n  loss: logistic\n  penalties: ridge",
               "c.yaml:4: model.penalties: unknown key; did you mean 'penalty'?");
    line_fails(4, "search: {method: walk,\n  max_iteration: 3}",
               "c.yaml:5: search.max_iteration: unknown key; did you mean 'max_iterations'?");
    line_fails(3, "criterion: {kind: alo, panels: 3}", "criterion.panels: unknown key");
    line_fails(3, "criterion: alo\nverify: {row: 3}", "c.yaml:4: verify.row: unknown key");
    line_fails(4, "search: {method: walk, height: 3}",
               "c.yaml:4: search.height: this is an option of the method 'jump', not of 'walk'");
    line_fails(3, "criterion: {kind: loo, panel: 3}",
               "criterion.panel: this is an option of the criterion 'alo', not of 'loo'");
    line_fails(3, "criterion: alo\ndata: {file: e.h5}",
               "c.yaml:4: data: this key was already given in line 1");
    line_fails(4, "search: {method: walk, radius: 1, radius: 2}",
               "search.radius: this key was already given");
}

/* A kernel stands instead of a penalty, and is echoed as it was read. */
static void kernels_instead_of_penalties(void)
{
    static const char part[] = "  kernel: {kind: polynomial, height: 3}\n";
    const char *overrides[] = {"model={loss: squared, kernel: polynomial}",
                               "model.kernel.height=3"};
    config_t *c = NULL, *again = NULL;
    if (CHECK_OK(parse(good, 2, overrides, &c))) {
        CU_ASSERT(c->model.penalty.name == NULL);
        CU_ASSERT_STRING_EQUAL(c->model.kernel.name, "polynomial");
        CU_ASSERT(*(const double *)c->model.kernel.options == 3.0);
        CU_ASSERT(strstr(c->echo, part) != NULL && strstr(c->echo, "penalty") == NULL);
        if (CHECK_OK(parse(c->echo, 0, NULL, &again)))
            CU_ASSERT_STRING_EQUAL(c->echo, again->echo);
    }
    config_free(&c);
    config_free(&again);
    line_fails(2, "model: {loss: logistic, penalty: ridge, kernel: rbf}",
               "c.yaml:2: model.penalty: a model with a kernel has none");
    line_fails(2, "model: {loss: logistic, kernel: rbf, groups: one}",
               "c.yaml:2: model.groups: a model with a kernel has none");
    line_fails(2, "model: {loss: logistic, kernel: rbf, free: [a]}",
               "c.yaml:2: model.free: a model with a kernel has none");
    line_fails(2, "model: {loss: logistic, kernel: rbt}", "did you mean 'rbf'?");
    line_fails(2, "model: {loss: logistic, kernel: {kind: rbf, height: 1}}",
               "an option of the kernel 'polynomial', not of 'rbf'");
}

static void missing_keys(void)
{
    fails("model: {loss: logistic, penalty: ridge}\n", "c.yaml:1: the key 'data' is missing");
    line_fails(1, "data: {intercept: true}", "c.yaml:1: data: the key 'file' is missing");
    line_fails(2, "", "the key 'model' is missing: give {loss: NAME, penalty: NAME}");
    line_fails(2, "model: {penalty: ridge}",
               "c.yaml:2: model: the key 'loss' is missing: give one of: squared, logistic");
    line_fails(2, "model: {loss: squared}", "the key 'penalty' is missing: give one of: ridge");
    line_fails(3, "", "the key 'criterion' is missing: give one of: alo, loo");
    line_fails(3, "criterion: {panel: 3}", "criterion: the key 'kind' is missing");
    line_fails(4, "", "the key 'search' is missing: give one of: walk, jump");
    line_fails(4, "search: {radius: 3}", "c.yaml:4: search: the key 'method' is missing");
    line_fails(5, "", "the key 'output' is missing: give the path of the result file");
}

static void wrong_values(void)
{
    line_fails(
        1, "data: {file: d.h5, standardize: maybe}",
        "c.yaml:1: data.standardize: 'maybe' is not allowed: give one of: false, true, scale");
    line_fails(1, "data: {file: d.h5, storage: yes}",
               "c.yaml:1: data.storage: 'yes' is not allowed: give one of: auto, dense, sparse");
    line_fails(1, "data: {file: d.h5, intercept: 'true'}",
               "data.intercept: 'true' is a text because of its quotes");
    line_fails(1, "data: d.h5", "c.yaml:1: data: must be a map");
    line_fails(1, "data: {file: {d: h5}}", "c.yaml:1: data.file: is a map: give the path");
    line_fails(1, "data: {file: []}", "c.yaml:1: data.file: is an empty list: give the path");
    line_fails(1, "data: {file: [d.h5, [e.h5]]}", "c.yaml:1: data.file[1]: is a list: give the");
    line_fails(1, "data: {file: }", "data.file: has no value: give the path");
    line_fails(1, "data: {file: ''}", "data.file: is an empty text");
    line_fails(2, "model: {loss: logistics, penalty: ridge}",
               "c.yaml:2: model.loss: there is no loss 'logistics'; did you mean 'logistic'? give "
               "one of: squared, logistic");
    line_fails(3, "criterion: [alo]", "c.yaml:3: criterion: is a list: give one of: alo, loo");
    line_fails(3, "criterion: ~", "criterion: has no value");
    line_fails(3, "criterion: alo\ninner: newtn", "there is no inner solver 'newtn'");
    line_fails(4, "search: {method: walks}", "search.method: there is no method 'walks'");
    line_fails(4, "search: {method: {a: b}}", "search.method: is a map: give one of");
    line_fails(4, "search: {method: walk, radius: 11}",
               "c.yaml:4: search.radius: '11' is not allowed: give a number from 1e-06 to 10");
    line_fails(4, "search: {method: walk, radius: nan}", "search.radius: 'nan' is not allowed");
    line_fails(4, "search: {method: walk, max_iterations: 2.5}",
               "'2.5' is not allowed: give a whole number from 1 to 1000");
    line_fails(4, "search: {method: walk, order: third}", "give one of: first, second");
    line_fails(4, "search: {method: walk, seed: -1}", "search.seed: '-1' is not allowed");
    line_fails(3, "criterion: alo\nverify: {rows: -3}", "c.yaml:4: verify.rows: '-3'");
    line_fails(3, "criterion: alo\nverify: 3", "c.yaml:4: verify: must be a map");
    line_fails(5, "output: [a]", "c.yaml:5: output: is a list: give the path of the result file");
}

static void wrong_groups_and_lambdas(void)
{
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: two}",
               "model.groups: 'two' is not allowed: give one of: auto, one, file, columns");
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: {a: b}}", "groups: is a map");
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: []}", "groups: is an empty list");
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: [[a], []]}",
               "c.yaml:2: model.groups[1]: is an empty group");
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: [a]}",
               "model.groups[0]: must be a list of feature names");
    line_fails(2, "model: {loss: squared, penalty: ridge, groups: [[a, [b]]]}",
               "model.groups[0][1]: is a list: give a feature name");
    line_fails(2, "model: {loss: squared, penalty: ridge, free: a}",
               "model.free: must be a list of feature names");
    line_fails(4, "search: {method: walk, start: 0}",
               "search.start: '0' is not allowed: give a penalty lambda > 0");
    line_fails(4, "search: {method: walk, start: []}", "search.start: is an empty list");
    line_fails(4, "search: {method: walk, start: [1, x]}", "search.start[1]: 'x' is not allowed");
    line_fails(4, "search: {method: walk, upper: inf}", "search.upper: 'inf' is not allowed");
    line_fails(4, "search: {method: walk, lower: 2, upper: 2}",
               "c.yaml:4: search.lower: 2 must be below 2, given at c.yaml:4: search.upper");
    line_fails(4, "search: {method: walk, lower: 2, start: [3, 1]}",
               "search.lower: 2 must be at most 1");
    line_fails(4, "search: {method: walk, upper: 2, start: 3}",
               "search.start: 3 must be at most 2");
    line_fails(4, "search: {method: walk, lower: [1, 2], upper: [3, 4, 5]}",
               "search.lower: has 2 values, but c.yaml:4: search.upper has 3");
    line_fails(4, "search: {method: walk, lower: [1, 2, 3], upper: [3, 4]}",
               "search.upper: has 2 values, but c.yaml:4: search.lower has 3");
}

static void wrong_overrides(void)
{
    override_fails("search.foo=1", "override 'search.foo=1': search.foo: unknown key");
    override_fails("search.radius=11", "override 'search.radius=11': search.radius: '11' is not");
    override_fails("search.radius=[1", "override 'search.radius=[1': not valid YAML");
    override_fails("search.radius=", "override 'search.radius=': there is no value after '='");
    override_fails("radius", "override 'radius': write key=value or key.sub=value");
    override_fails("=3", "override '=3': write key=value");
    override_fails("search..radius=3", "there is an empty key before '='");
    override_fails("output.name=3", "override 'output.name=3': 'output' has no keys inside");
    override_fails("model.groups=[[a],[b]]x", "override 'model.groups=[[a],[b]]x': not valid");
    override_fails("search.height=3", "override 'search.height=3': search.height: this is an "
                                      "option of the method 'jump', not of 'walk'");
}

static void a_new_method_leaves_the_old_options(void)
{
    static const char *const overrides[] = {"search.method=jump"};
    config_t *c = NULL;
    CHECK_FAILS(parse(full, 1, overrides, &c), TRALO_ERR_INPUT,
                "c.yaml:9: search.radius: this is an option of the method 'walk', not of 'jump'");
    CU_ASSERT(c == NULL);
}

/* ---- groups and lambdas -----------------------------------------------------------------------
 */

static const char *group_names[] = {"e", "d", "c", "b", "a"};
enum { COLUMNS = 5 };

static int resolve(const char *model, const config_columns_t *columns, int *group, int *count)
{
    char text[512];
    config_t *c = NULL;
    snprintf(text, sizeof text,
             "data: {file: d.h5}\nmodel: {loss: squared, penalty: ridge, %s}\ncriterion: alo\n"
             "search: walk\noutput: o\n",
             model);
    int code = parse(text, 0, NULL, &c);
    code = code == TRALO_OK ? config_groups(c, columns, group, count) : code;
    config_free(&c);
    return code;
}

static bool groups_are(const int *group, int a, int b, int c, int d, int e)
{
    return group[0] == a && group[1] == b && group[2] == c && group[3] == d && group[4] == e;
}

static void groups_of_columns(void)
{
    static const int in_file[] = {0, 1, 1, 0, -1};
    config_columns_t named = {COLUMNS, (char *const *)group_names, in_file};
    config_columns_t bare = {COLUMNS, NULL, NULL};
    int group[COLUMNS] = {0}, count = 0;
    CHECK_OK(resolve("groups: auto", &named, group, &count));
    CU_ASSERT(count == 2 && groups_are(group, 0, 1, 1, 0, -1));
    CHECK_OK(resolve("groups: auto", &bare, group, &count));
    CU_ASSERT(count == 1 && groups_are(group, 0, 0, 0, 0, 0));
    CHECK_OK(resolve("groups: one, free: [c]", &named, group, &count));
    CU_ASSERT(count == 1 && groups_are(group, 0, 0, -1, 0, 0));
    CHECK_OK(resolve("groups: file, free: [d]", &named, group, &count));
    CU_ASSERT(count == 2 && groups_are(group, 0, -1, 1, 0, -1));
    CHECK_OK(resolve("groups: columns", &named, group, &count));
    CU_ASSERT(count == 5 && groups_are(group, 0, 1, 2, 3, 4));
    CHECK_OK(resolve("groups: columns, free: [1, 3]", &bare, group, &count));
    CU_ASSERT(count == 3 && groups_are(group, 0, -1, 1, -1, 2));
    CHECK_OK(resolve("groups: [[a, e], [c], [d]], free: [b]", &named, group, &count));
    CU_ASSERT(count == 3 && groups_are(group, 0, 2, 1, -1, 0));
    CHECK_OK(resolve("groups: [[0, 4], [1, 2, 3]]", &bare, group, &count));
    CU_ASSERT(count == 2 && groups_are(group, 0, 1, 1, 1, 0));
}

static void wrong_groups(const char *model, const config_columns_t *columns, const char *part)
{
    int group[COLUMNS] = {7}, count = 9;
    CHECK_FAILS(resolve(model, columns, group, &count), TRALO_ERR_INPUT, part);
    CU_ASSERT(group[0] == 7 && count == 9);
}

static void groups_that_do_not_fit(void)
{
    static const char *const twins[] = {"a", "b", "a", "c", "d"};
    static const int gap[] = {0, 2, 2, 0, 0}, below[] = {0, -2, 0, 0, 0},
                     beyond[] = {0, 5, 1, 0, 0}, free_all[] = {-1, -1, -1, -1, -1},
                     tail[] = {0, 0, 0, 0, 1};
    char *const *names = (char *const *)group_names;
    config_columns_t plain = {COLUMNS, names, NULL}, bare = {COLUMNS, NULL, NULL};
    wrong_groups("groups: [[a, x]]", &plain,
                 "c.yaml:2: model.groups: the data have no feature 'x'");
    wrong_groups("groups: [[a]]", &bare, "no feature 'a' (their columns have no names");
    wrong_groups("groups: [[a], [b, a]]", &plain, "model.groups: the feature 'a' is named twice");
    wrong_groups("groups: [[a]], free: [a]", &plain, "the feature 'a' is named twice");
    wrong_groups("groups: [[a, b, c]]", &plain,
                 "c.yaml:2: model.groups: the feature 'e' is in no list");
    wrong_groups("groups: [[0]]", &bare, "the feature '1' is in no list");
    wrong_groups("free: [a]", &(config_columns_t){COLUMNS, (char *const *)twins, NULL},
                 "c.yaml:2: model.free: the data have two features 'a'");
    wrong_groups("groups: file", &plain, "c.yaml:2: model.groups: the data file has no /groups");
    wrong_groups("free: [a, b, c, d, e]", &plain, "model.free: no feature is penalised");
    wrong_groups("groups: auto", &(config_columns_t){COLUMNS, names, free_all},
                 "no feature is penalised");
    wrong_groups("free: []", &(config_columns_t){COLUMNS, names, gap},
                 "/groups of the data file: group 1 has no feature");
    wrong_groups("free: []", &(config_columns_t){COLUMNS, names, below},
                 "column 1 has the group -2");
    wrong_groups("free: []", &(config_columns_t){COLUMNS, names, beyond},
                 "column 1 has the group 5");
    wrong_groups("groups: file, free: [e, d, c, b]", &(config_columns_t){COLUMNS, names, tail},
                 "model.groups: group 0 has no feature");
}

static void settings_become_hyperparameters(void)
{
    config_t *c = NULL;
    double theta[3] = {0};
    if (!CHECK_OK(parse(full, 0, NULL, &c)))
        return;
    CHECK_OK(config_natural(&c->search.start, 3, 1, theta));
    CU_ASSERT(theta[0] == 1e-3 && theta[2] == 1e-3);
    CHECK_OK(config_natural(&c->search.lower, 2, 1, theta));
    CU_ASSERT(theta[0] == 1e-4 && theta[1] == 1e-9);
    CHECK_FAILS(config_natural(&c->search.lower, 3, 1, theta), TRALO_ERR_INPUT,
                "search.lower: has 2 values, but there are 3 penalty groups");
    config_free(&c);
    if (CHECK_OK(parse(good, 0, NULL, &c)))
        CHECK_OK(config_natural(&c->search.start, 3, 1, theta));
    CU_ASSERT(isnan(theta[0]) && isnan(theta[2]));
    config_free(&c);
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = comm_rank(test_comm) == 0 ? fopen(path, "wb") : NULL;
    CU_ASSERT(comm_rank(test_comm) != 0 || file != NULL);
    if (file != NULL) {
        CU_ASSERT(fwrite(bytes, 1, size, file) == size);
        fclose(file);
    }
    comm_barrier(test_comm);
}

static const char shipped[] = "data: {file: breast_cancer.h5, standardize: true, intercept: true}\n"
                              "model: {loss: logistic, penalty: ridge}\n"
                              "criterion: alo\n"
                              "search: {method: trust_region}\n"
                              "output: breast_cancer.result.h5\n";

/* With the program's own kinds. */
static void check_builtin_echo(const char *echo)
{
    config_source_t source = {"echo", echo, "/folder", "/here", 0, NULL, kinds_builtin()};
    config_t *again = NULL;
    if (CHECK_OK(config_parse(&source, &again)))
        CU_ASSERT(strcmp(again->echo, echo) == 0);
    config_free(&again);
}

static void a_file_is_read_by_all_ranks(void)
{
    static const char *const overrides[] = {"verify.rows=3", "output=o.h5"};
    char path[PATH_SIZE], wanted[PATH_SIZE + 16], here[PATH_SIZE];
    bool first = comm_rank(test_comm) == 0;
    config_t *c = NULL;
    test_path("study.yaml", path, sizeof path);
    test_path("breast_cancer.h5", wanted, sizeof wanted);
    write_file(path, shipped, strlen(shipped));
    if (CHECK_OK(config_read(test_comm, first ? path : NULL, first ? 2 : 0,
                             first ? overrides : NULL, &c))) {
        CU_ASSERT(strcmp(c->data.files.names[0], wanted) == 0 && c->verify.rows == 3);
        CU_ASSERT(strcmp(c->search.method.name, "trust_region") == 0);
        CU_ASSERT(getcwd(here, sizeof here) != NULL);
        snprintf(wanted, sizeof wanted, "%s/o.h5", here);
        CU_ASSERT(strcmp(c->output, wanted) == 0);
        CU_ASSERT(comm_same(test_comm, c->echo, (int64_t)strlen(c->echo)));
        check_builtin_echo(c->echo);
    }
    config_free(&c);
}

static void file_fails(const char *path, int err, const char *part)
{
    config_t *c = NULL;
    CHECK_FAILS(config_read(test_comm, path, 0, NULL, &c), err, part);
    CU_ASSERT(c == NULL);
    comm_barrier(test_comm);
}

static void files_that_cannot_be_read(void)
{
    static char large[(1 << 22) + 1];
    char path[PATH_SIZE];
    test_path("missing.yaml", path, sizeof path);
    file_fails(path, TRALO_ERR_FILE, "missing.yaml: No such file");
    test_path("", path, sizeof path);
    file_fails(path, TRALO_ERR_FILE, "Is a directory");
    test_path("zero.yaml", path, sizeof path);
    write_file(path, "a: \0b\n", 6);
    file_fails(path, TRALO_ERR_INPUT, "is not a text");
    memset(large, '#', sizeof large);
    write_file(path, large, sizeof large);
    file_fails(path, TRALO_ERR_INPUT, "is larger than 4 MiB");
    write_file(path, "data: {}\n", 9);
    file_fails(path, TRALO_ERR_INPUT, "zero.yaml:1: data: the key 'file' is missing");
}

/* Bytes cut off, changed, or put twice: an error or a config, nothing else. */
static void mutate(uint64_t trial, char *text)
{
    static const char letters[] = "{}[]:,#&*!|>'\"%@`-? \n\tab0.~\\\x80\xff";
    size_t size = strlen(full);
    memcpy(text, full, size + 1);
    if (trial % 2 == 0)
        text[rng_below(1, trial, 0, (int64_t)size)] = '\0';
    for (uint64_t i = 1; i <= trial % 5; i++) {
        size_t at = (size_t)rng_below(1, trial, 2 * i, (int64_t)strlen(text) + 1);
        if (text[at] != '\0')
            text[at] = letters[rng_below(1, trial, 2 * i + 1, (int64_t)sizeof letters - 1)];
    }
}

static void damaged_texts_never_crash(void)
{
    char text[sizeof full];
    int64_t live = mem_live();
    int errors = 0;
    for (uint64_t trial = 0; trial < 400; trial++) {
        config_t *c = NULL;
        mutate(trial, text);
        int code = parse(text, 0, NULL, &c);
        CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_INPUT);
        CU_ASSERT(code == TRALO_OK || strncmp(tralo_error_message(), "c.yaml:", 7) == 0);
        errors += code != TRALO_OK;
        config_free(&c);
        CU_ASSERT(mem_live() == live);
    }
    CU_ASSERT(errors > 200);
}

static void each_allocation_fails_once(void)
{
    char path[PATH_SIZE];
    const char *override = "search.start=[1, 2]";
    config_t *c = NULL;
    int code = TRALO_ERR_MEMORY;
    int64_t k;
    test_path("memory.yaml", path, sizeof path);
    write_file(path, shipped, strlen(shipped));
    int64_t live = mem_live();
    for (k = 0; code != TRALO_OK && k < 1000; k++) {
        mem_fail_at(k);
        code = config_read(test_comm, path, 1, &override, &c);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_MEMORY);
        CU_ASSERT(code == TRALO_OK || mem_live() == live);
    }
    CU_ASSERT(code == TRALO_OK && k > 50);
    config_free(&c);
}

void suite_config(void)
{
    static const test_case_t cases[] = {
        {"the short config", the_short_config},
        {"the full config", the_full_config},
        {"the echo gives the same config", the_echo_gives_the_same_config},
        {"overrides replace", overrides_replace},
        {"data may be several files", data_may_be_several_files},
        {"an override may bring what is missing", an_override_may_bring_what_is_missing},
        {"broken YAML", broken_yaml},
        {"wrong keys", wrong_keys},
        {"kernels instead of penalties", kernels_instead_of_penalties},
        {"missing keys", missing_keys},
        {"wrong values", wrong_values},
        {"wrong groups and lambdas", wrong_groups_and_lambdas},
        {"wrong overrides", wrong_overrides},
        {"a new method leaves the old options", a_new_method_leaves_the_old_options},
        {"groups of columns", groups_of_columns},
        {"groups that do not fit", groups_that_do_not_fit},
        {"settings become hyperparameters", settings_become_hyperparameters},
        {"a file is read by all ranks", a_file_is_read_by_all_ranks},
        {"files that cannot be read", files_that_cannot_be_read},
        {"damaged texts never crash", damaged_texts_never_crash},
        {"each allocation fails once", each_allocation_fails_once},
    };
    REGISTER("config", cases);
}
