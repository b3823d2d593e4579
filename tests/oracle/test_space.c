/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "oracle/space.h"
#include "support.h"

/* A parameter with the presets and these bounds. */
static space_parameter_t bounded(int scale, double lower, double upper)
{
    space_parameter_t p = {0};
    param_presets(space_params, &p);
    p.scale = scale;
    p.lower = lower;
    p.upper = upper;
    p.count = 1;
    return p;
}

static void names(void)
{
    static const char *const bad[] = {"",    "2a",   "a b",        "a-b",     "a[",
                                      "a[]", "a[0]", "a[-1]",      "a[1]b",   "a[1.5]",
                                      "[3]", "a[3",  "a[1000001]", "\xc3\xa9"};
    space_parameter_t p = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(space_name(bad[i], &p), TRALO_ERR_INPUT, i == 12 ? "from 1 to" : "");
    CU_ASSERT_PTR_NULL(p.name);
    if (CHECK_OK(space_name("_lr2", &p)))
        CU_ASSERT(strcmp(p.name, "_lr2") == 0 && !p.vector && p.count == 1);
    mem_free(&p.name);
    if (CHECK_OK(space_name("w[100]", &p)))
        CU_ASSERT(strcmp(p.name, "w") == 0 && p.vector && p.count == 100);
    mem_free(&p.name);
}

static void bounds(void)
{
    space_parameter_t p = bounded(SPACE_LINEAR, 2.0, 2.0);
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "lower = 2 must be below upper = 2");
    p = bounded(SPACE_LOG, 0.0, 1.0);
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "scale = log wants bounds above 0");
    p = bounded(SPACE_LOGIT, 0.1, 1.0);
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "scale = logit wants bounds between 0 and 1");
    p = bounded(SPACE_LINEAR, -1e308, 1e308);
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "too far apart");
    p = bounded(SPACE_LINEAR, 0.5, 3.0);
    p.integer = true;
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "the bounds of whole numbers are whole");
    p = bounded(SPACE_LINEAR, 0.0, 1.0);
    p.start = 1.5;
    CHECK_FAILS(space_check(&p), TRALO_ERR_INPUT, "start = 1.5 is not within");
    p = bounded(SPACE_LOG, 1e-4, 1.0);
    if (CHECK_OK(space_check(&p)))
        CHECK_CLOSE(p.start, 1e-2, 1e-15);
}

/* The box is the bounds on the scale; its corners come back as the bounds to the last bit. */
static void there_and_back(void)
{
    char lr[] = "lr", w[] = "w", units[] = "units";
    space_parameter_t list[] = {bounded(SPACE_LOG, 1e-5, 1.0), bounded(SPACE_LOGIT, 0.1, 0.9),
                                bounded(SPACE_LINEAR, 16.0, 512.0)};
    const space_t space = {.parameters = 3, .count = 4, .list = list};
    double lower[4], upper[4], start[4], values[4];
    list[0].name = lr;
    list[1].name = w;
    list[1].vector = true;
    list[1].count = 2;
    list[2].name = units;
    list[2].integer = true;
    for (int k = 0; k < 3; k++)
        CHECK_OK(space_check(&list[k]));
    space_box(&space, lower, upper, start);
    CHECK_CLOSE(lower[0], log(1e-5), 1e-15);
    CHECK_CLOSE(upper[2], log(9.0), 1e-15);
    CU_ASSERT(lower[3] == 16.0 && upper[3] == 512.0);
    space_values(&space, lower, values);
    CU_ASSERT(values[0] == 1e-5 && values[1] == 0.1 && values[2] == 0.1 && values[3] == 16.0);
    space_values(&space, upper, values);
    CU_ASSERT(values[0] == 1.0 && values[1] == 0.9 && values[3] == 512.0);
    const double theta[] = {log(0.25), 0.0, log(0.25 / 0.75), 63.6};
    space_values(&space, theta, values);
    CHECK_CLOSE(values[0], 0.25, 1e-15);
    CU_ASSERT(values[1] == 0.5 && values[3] == 64.0);
    CHECK_CLOSE(values[2], 0.25, 1e-15);
}

static void words(void)
{
    char w[] = "w", n[] = "n", words[64];
    space_parameter_t list[] = {bounded(SPACE_LINEAR, 0.0, 9.0), bounded(SPACE_LINEAR, 0.0, 9.0)};
    const space_t space = {.parameters = 2, .count = 7, .list = list};
    const double values[] = {0.1, 1.0, 2.0, 3.0, 4.0, 5.5, 1e6};
    text_t text = {0};
    list[0].name = w;
    list[0].count = 6;
    list[1].name = n;
    list[1].integer = true;
    space_text(&space, values, words, sizeof words);
    CU_ASSERT(strcmp(words, "w=0.1,1,...,4,5.5 n=1e+06") == 0);
    space_text(&space, values, words, 9);
    CU_ASSERT(strcmp(words, "w=0.1,1,") == 0);
    CHECK_OK(space_add_values(&text, &list[0], values));
    CHECK_OK(space_add_value(&text, &list[1], 1e6));
    CU_ASSERT(strcmp(text.data, "0.1,1,2,3,4,5.51000000") == 0);
    mem_free(&text.data);
}

void suite_space(void);
void suite_space(void)
{
    static const test_case_t cases[] = {{"names of parameters", names},
                                        {"bounds and scale go together", bounds},
                                        {"theta and values", there_and_back},
                                        {"values in words", words}};
    REGISTER("space", cases);
}
