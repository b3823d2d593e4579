/* SPDX-License-Identifier: BSD-3-Clause */
/* The sections `parameters` and `oracle` of a config. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "oracle/kinds.h"
#include "study/config.h"
#include "support.h"

enum { TEXT_SIZE = 1024 };

static const char good[] = "parameters:\n"
                           "  lr: {lower: 1e-5, upper: 1, scale: log, start: 1e-2}\n"
                           "  'w[100]': {lower: 0.1, upper: 0.9, scale: logit}\n"
                           "  units: {lower: 16, upper: 512, integer: true}\n"
                           "oracle: {kind: command, run: 'train {lr} {w[99]}', folder: ../t}\n"
                           "search: {method: hozog, mu: 0.5}\n"
                           "output: r.h5\n";

static int parse(const char *text, int count, const char *const *overrides, config_t **out)
{
    config_source_t source = {"c.yaml", text,      "/folder",      "/here",
                              count,    overrides, kinds_builtin()};
    return config_parse(&source, out);
}

static void whole(void)
{
    config_t *c = NULL;
    if (!CHECK_OK(parse(good, 0, NULL, &c)))
        return;
    const space_t *space = &c->space;
    const oracle_common_t *common = c->oracle.options;
    CU_ASSERT(space->parameters == 3 && space->count == 102);
    CU_ASSERT(strcmp(space->list[0].name, "lr") == 0 && space->list[0].scale == SPACE_LOG);
    CU_ASSERT(space->list[0].lower == 1e-5 && space->list[0].start == 1e-2);
    CU_ASSERT(strcmp(space->list[1].name, "w") == 0 && space->list[1].count == 100);
    CHECK_CLOSE(space->list[1].start, 0.5, 1e-15);
    CU_ASSERT(space->list[2].integer && space->list[2].start == 264.0);
    CU_ASSERT(strcmp(c->oracle.name, "command") == 0 && c->criterion.name == NULL);
    CU_ASSERT(strcmp(common->folder, "/folder/../t") == 0);
    CU_ASSERT(strcmp(common->directory, "/folder") == 0);
    CU_ASSERT(strcmp(c->search.method.name, "hozog") == 0);
    CU_ASSERT(strcmp(c->output, "/folder/r.h5") == 0);
    config_free(&c);
}

static void overrides(void)
{
    static const char *const texts[] = {"parameters.lr.upper=0.5", "parameters.more.lower=-1",
                                        "parameters.more.upper=1", "oracle.folder=x",
                                        "search=random",           "parameters.w[100].upper=0.8"};
    config_t *c = NULL;
    if (!CHECK_OK(parse(good, 6, texts, &c)))
        return;
    const oracle_common_t *common = c->oracle.options;
    CU_ASSERT(c->space.list[0].upper == 0.5 && c->space.parameters == 4);
    CU_ASSERT(c->space.list[1].upper == 0.8 && c->space.list[3].lower == -1.0);
    CU_ASSERT(strcmp(common->folder, "/here/x") == 0);
    CU_ASSERT(strcmp(c->search.method.name, "random") == 0);
    config_free(&c);
}

/* The echo gives the same config wherever it is read. */
static void echo(void)
{
    config_t *c = NULL, *again = NULL;
    static const char *const moved[] = {"oracle={kind: command, run: \"a \\\"b\\\" {lr}\"}"};
    for (int count = 0; count <= 1; count++) {
        if (CHECK_OK(parse(good, count, moved, &c))) {
            config_source_t source = {"echo", c->echo, "/other",       "/there",
                                      0,      NULL,    kinds_builtin()};
            if (CHECK_OK(config_parse(&source, &again)))
                CU_ASSERT(strcmp(c->echo, again->echo) == 0);
            CU_ASSERT((strstr(c->echo, "/folder/r.h5.trials") != NULL) == (count == 1));
        }
        config_free(&c);
        config_free(&again);
    }
}

static void refuse(const char *override, const char *part)
{
    config_t *c = NULL;
    char place[TEXT_SIZE];
    CHECK_FAILS(parse(good, 1, &override, &c), TRALO_ERR_INPUT, part);
    snprintf(place, sizeof place, "override '%s': ", override);
    CHECK_FAILS(parse(good, 1, &override, &c), TRALO_ERR_INPUT, place);
    config_free(&c);
}

static void overrides_are_refused(void)
{
    refuse("data={file: a.h5}", "data: a study of an oracle on parameters has none");
    refuse("verify.rows=0", "verify: a study of an oracle on parameters has none");
    refuse("parameters={}", "parameters: must be a map of parameters: give {NAME: {lower");
    refuse("parameters=[a]", "parameters: must be a map of parameters");
    refuse("parameters={a: {upper: 1}}", "parameters.a: the key 'lower' is missing");
    refuse("parameters={a: {lower: 1}}", "parameters.a: the key 'upper' is missing");
    refuse("parameters={a: 3}", "parameters.a: must be a map 'key: value' with the keys lower");
    refuse("parameters={a b: {lower: 1, upper: 2}}", "parameters.a b: 'a b' is not the name of a");
    refuse("parameters={seed: {lower: 1, upper: 2}}",
           "parameters.seed: 'seed' is the name of some");
    refuse("parameters={a: {lower: 1, upper: 2}, 'a[2]': {lower: 1, upper: 2}}",
           "parameters.a[2]: there is already a parameter 'a'");
    refuse("parameters={'a[600000]': {lower: 1, upper: 2}, 'b[600000]': {lower: 1, upper: 2}}",
           "parameters.b[600000]: with this there are more than 1000000 values");
    refuse("parameters={a: {lower: 2, upper: 1}}", "parameters.a: lower = 2 must be below upper");
    refuse("parameters={a: {lower: 0, upper: 1, scale: log}}", "parameters.a: scale = log wants");
    refuse("parameters={a: {lower: 0, upper: 1, scale: sqrt}}",
           "parameters.a.scale: 'sqrt' is not allowed: give one of: linear, log, logit");
    refuse("parameters={a: {lower: 0, upper: 1, stat: 1}}",
           "parameters.a.stat: unknown key; did you mean 'start'?");
    refuse("oracle={kind: command}", "oracle: run: is missing");
    refuse("oracle={kind: commend}", "there is no oracle 'commend'; did you mean 'command'?");
    refuse("oracle={kind: command, run: 'a {rate}'}", "oracle: run: there is no placeholder '{ra");
    refuse("oracle={kind: command, run: a, value: 3}", "oracle.value: '3' is not allowed");
    refuse("search={method: trust_region}", "search: trust_region wants derivatives");
    refuse("search=trust_region", "trust_region wants derivatives");
    refuse("search={method: random, lower: 1}", "search.lower: each parameter has its own");
}

static void files_are_refused(void)
{
    config_t *c = NULL;
    CHECK_FAILS(
        parse("oracle: {kind: command, run: a}\nsearch: random\noutput: r.h5\n", 0, NULL, &c),
        TRALO_ERR_INPUT, "c.yaml:1: the key 'parameters' is missing");
    CHECK_FAILS(
        parse("parameters: {a: {lower: 0, upper: 1}}\nsearch: random\noutput: r.h5\n", 0, NULL, &c),
        TRALO_ERR_INPUT, "c.yaml:1: the key 'oracle' is missing: give one of: criterion, command");
    CHECK_FAILS(parse("parameters: {a: {lower: 0, upper: 1}}\noracle: {kind: command, run: a}\n"
                      "output: r.h5\n",
                      0, NULL, &c),
                TRALO_ERR_INPUT, "c.yaml:1: the key 'search' is missing");
    CHECK_FAILS(parse("parameters:\n  a:\n    lower: 0\n    upper: x\n"
                      "oracle: {kind: command, run: a}\nsearch: random\noutput: r.h5\n",
                      0, NULL, &c),
                TRALO_ERR_INPUT, "c.yaml:4: parameters.a.upper: 'x' is not allowed");
}

static void memory_fails(void)
{
    config_t *c = NULL;
    int64_t k = 0;
    for (int code = TRALO_ERR_MEMORY; code != TRALO_OK && k < 2000; k++) {
        const int64_t before = mem_live();
        mem_fail_at(k);
        code = parse(good, 0, NULL, &c);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || (code == TRALO_ERR_MEMORY && mem_live() == before));
    }
    CU_ASSERT(k > 50 && c != NULL);
    config_free(&c);
}

void suite_parameters(void);
void suite_parameters(void)
{
    static const test_case_t cases[] = {{"a whole config", whole},
                                        {"overrides", overrides},
                                        {"the echo", echo},
                                        {"what overrides may not be", overrides_are_refused},
                                        {"what files may not be", files_are_refused},
                                        {"memory fails", memory_fails}};
    REGISTER("parameters", cases);
}
