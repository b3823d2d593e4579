/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/param.h"
#include "base/path.h"
#include "base/rng.h"
#include "support.h"

static int allocate_two(void)
{
    int code = TRALO_OK;
    double *a = NULL, *b = NULL;
    ALLOC(a, 10);
    ALLOC(b, 20);
    CU_ASSERT(a[9] == 0.0 && b[19] == 0.0);
    CU_ASSERT(((size_t)a & 63) == 0);
out:
    mem_free(&a);
    mem_free(&b);
    return code;
}

static void memory_is_counted(void)
{
    int64_t before = mem_bytes();
    mem_peak_reset();
    CHECK_OK(allocate_two());
    CU_ASSERT(mem_bytes() == before);
    CU_ASSERT(mem_peak() == before + 240);
}

static void every_allocation_can_fail(void)
{
    int64_t live = mem_live();
    for (int k = 0; k < 2; k++) {
        mem_fail_at(k);
        CHECK_FAILS(allocate_two(), TRALO_ERR_MEMORY, "out of memory");
        CU_ASSERT(mem_live() == live);
    }
    mem_fail_at(-1);
    double *huge = NULL;
    CHECK_FAILS(mem_alloc(INT64_MAX, 8, &huge), TRALO_ERR_MEMORY, "cannot allocate");
}

static void random_numbers_depend_on_the_counter_alone(void)
{
    double sum = 0, square = 0, normal = 0, normal_square = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        double u = rng_uniform(7, 1, (uint64_t)i), z = rng_normal(7, 2, (uint64_t)i);
        sum += u;
        square += u * u;
        normal += z;
        normal_square += z * z;
    }
    CHECK_CLOSE(sum / n, 0.5, 0.01);
    CHECK_CLOSE(square / n, 1.0 / 3, 0.01);
    CHECK_CLOSE(normal / n, 0.0, 0.03);
    CHECK_CLOSE(normal_square / n, 1.0, 0.05);
    CU_ASSERT(rng_bits(7, 1, 3) == rng_bits(7, 1, 3));
    CU_ASSERT(rng_bits(7, 1, 3) != rng_bits(7, 1, 4));
    CU_ASSERT(rng_bits(7, 1, 3) != rng_bits(8, 1, 3));
    for (uint64_t i = 0; i < 100; i++)
        CU_ASSERT(rng_below(1, 2, i, 7) >= 0 && rng_below(1, 2, i, 7) < 7);
}

static void a_permutation_meets_each_number_once(void)
{
    static const int64_t sizes[] = {1, 2, 7, 64, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const int64_t n = sizes[k];
        int seen[100] = {0}, moved = 0, other = 0;
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = rng_permuted(5, 11, n, i);
            CU_ASSERT(at >= 0 && at < n && seen[at < 0 || at >= n ? 0 : at]++ == 0);
            moved += at != i;
            other += at != rng_permuted(5, 11 + RNG_ROUNDS, n, i);
        }
        CU_ASSERT(n < 64 || (moved > n / 2 && other > n / 2));
    }
}

typedef struct options {
    double rate;
    int64_t count;
    bool flag;
    int method;
    char *text;
} options_t;

static const char *const methods[] = {"slow", "fast", NULL};
static const param_t table[] = {
    {"rate", "a rate", PARAM_REAL, offsetof(options_t, rate), 0.5, 0, 1, NULL},
    {"count", "a count", PARAM_INT, offsetof(options_t, count), 3, 0, INFINITY, NULL},
    {"flag", "a flag", PARAM_BOOL, offsetof(options_t, flag), 1, 0, 0, NULL},
    {"method", "a method", PARAM_CHOICE, offsetof(options_t, method), 1, 0, 0, methods},
    {"text", "a text", PARAM_TEXT, offsetof(options_t, text), 0, 0, 0, NULL},
    PARAM_END};

static void parameters_are_checked(void)
{
    options_t o;
    param_presets(table, &o);
    CU_ASSERT(o.rate == 0.5 && o.count == 3 && o.flag && o.method == 1 && o.text == NULL);
    CHECK_OK(param_set(&table[0], &o, "2.5e-1"));
    CHECK_OK(param_set(&table[1], &o, "1e3"));
    CHECK_OK(param_set(&table[2], &o, "false"));
    CHECK_OK(param_set(&table[3], &o, "slow"));
    CHECK_OK(param_set(&table[4], &o, "some text"));
    CHECK_OK(param_set(&table[4], &o, "other text"));
    CU_ASSERT(o.rate == 0.25 && o.count == 1000 && !o.flag && o.method == 0);
    CU_ASSERT(o.text != NULL && strcmp(o.text, "other text") == 0);
    CHECK_FAILS(param_set(&table[0], &o, "2"), TRALO_ERR_INPUT, "a number from 0 to 1");
    CHECK_FAILS(param_set(&table[0], &o, "0.1x"), TRALO_ERR_INPUT, "'0.1x'");
    CHECK_FAILS(param_set(&table[0], &o, "nan"), TRALO_ERR_INPUT, "a number from 0 to 1");
    CHECK_FAILS(param_set(&table[1], &o, "-1"), TRALO_ERR_INPUT, "a whole number >= 0");
    CHECK_FAILS(param_set(&table[1], &o, "1.5"), TRALO_ERR_INPUT, "a whole number >= 0");
    CHECK_FAILS(param_set(&table[2], &o, "2"), TRALO_ERR_INPUT, "true or false");
    CHECK_FAILS(param_set(&table[3], &o, "Fast"), TRALO_ERR_INPUT, "one of: slow, fast");
    param_release(table, &o);
    CU_ASSERT(o.text == NULL);
}

static void files_in_use_are_spared(void)
{
    char own[32], a[256], b[300], none[300], pipe[300];
    snprintf(own, sizeof own, "%d-used", comm_rank(test_comm));
    test_path(own, a, sizeof a);
    snprintf(b, sizeof b, "%s-link", a);
    snprintf(none, sizeof none, "%s-none", a);
    snprintf(pipe, sizeof pipe, "%s-pipe", a);
    FILE *file = fopen(a, "w");
    CU_ASSERT(file != NULL && fclose(file) == 0 && symlink(a, b) == 0 && mkfifo(pipe, 0600) == 0);
    CU_ASSERT(path_same(a, b) && path_same(none, none));
    CU_ASSERT(path_same("none.h5", "./none.h5") && !path_same("none.h5", "tests/none.h5"));
    CU_ASSERT(!path_same(a, none) && !path_same(a, pipe));
    CU_ASSERT(path_special(pipe) && !path_special(a) && !path_special(b) && !path_special(none));
    const path_use_t used[] = {{NULL, "nothing"}, {none, "the plan"}, {a, "the data"}};
    CHECK_OK(path_spare(pipe, 3, used));
    CHECK_OK(path_spare(b, 2, used));
    CHECK_FAILS(path_spare(b, 3, used), TRALO_ERR_INPUT, "-link: is the data");
    CHECK_FAILS(path_spare(none, 3, used), TRALO_ERR_INPUT, "-none: is the plan");
}

/* Valgrind's calloc writes the zeros itself. */
static bool under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static void large_blocks_are_not_touched(void)
{
    enum { BYTES = 64 << 20, PAGE = 4096 };
    static unsigned char held[BYTES / PAGE];
    char *block = NULL;
    int touched = 0;
    if (!CHECK_OK(mem_alloc(BYTES, 1, &block)))
        return;
    uintptr_t first = ((uintptr_t)block + PAGE - 1) / PAGE * PAGE;
    block[BYTES / 2] = 1;
    CU_ASSERT(mincore((void *)first, BYTES - PAGE, held) == 0);
    for (int i = 0; i < BYTES / PAGE - 1; i++)
        touched += held[i] & 1;
    CU_ASSERT(touched >= 1 && (touched <= BYTES / PAGE / 8 || under_valgrind()));
    mem_free(&block);
}

static void a_message_is_one_line(void)
{
    CHECK_FAILS(error_raise(TRALO_ERR_INPUT, "a\nb\t\x1b[1m\x7f\xc3\xa9"), TRALO_ERR_INPUT,
                "a?b??[1m?\xc3\xa9");
}

void suite_base(void)
{
    static const test_case_t cases[] = {
        {"memory is counted", memory_is_counted},
        {"every allocation can fail", every_allocation_can_fail},
        {"random numbers depend on the counter alone", random_numbers_depend_on_the_counter_alone},
        {"a permutation meets each number once", a_permutation_meets_each_number_once},
        {"large blocks are not touched", large_blocks_are_not_touched},
        {"parameters are checked", parameters_are_checked},
        {"files in use are spared", files_in_use_are_spared},
        {"a message is one line", a_message_is_one_line},
    };
    REGISTER("base", cases);
}
