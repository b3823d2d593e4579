/* SPDX-License-Identifier: BSD-3-Clause */
/* Evaluations that methods of values only take to come within 1e-2 of the optimum, relative to
   where they start, on quadratics of 1 to 1000 hyperparameters, with and without noise: zeroth
   [SETTINGS ...]      each "method option=value ..."; none: the table of README.md */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "base/rng.h"
#include "outer/outer.h"

enum { MOST = 1000, SEEDS = 5, LIMIT = 20000 };
static const double HALF = 10.0, WITHIN = 1e-2; /* the box is +-HALF */

typedef struct scene {
    int count;
    double condition; /* curvatures from 1 down to 1 / condition */
    double size;      /* f is multiplied by it */
    double noise;     /* standard deviation, relative to f at the start */
} scene_t;

static double curvature[MOST], centre[MOST];

static void lay_out(const scene_t *s)
{
    for (int i = 0; i < s->count; i++) {
        curvature[i] = pow(s->condition, -(double)i / (s->count > 1 ? s->count - 1 : 1));
        centre[i] = rng_normal(5, 1, (uint64_t)i);
    }
}

/* A mean over the components, so that its size does not depend on their number. */
static double quadratic(const scene_t *s, const double *theta)
{
    double sum = 0.0;
    for (int i = 0; i < s->count; i++)
        sum += 0.5 * curvature[i] * (theta[i] - centre[i]) * (theta[i] - centre[i]);
    return s->size * sum / s->count;
}

/* Methods that have no such option go without it. */
static int set(const outer_kind_t *kind, const char *name, const char *value, void *options)
{
    for (const param_t *row = kind->params; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return param_set(row, options, value);
    return TRALO_OK;
}

static int make_options(const outer_kind_t *kind, const char *text, int seed, void *options)
{
    int code = TRALO_OK, used;
    char name[32], value[32], number[32];
    snprintf(number, sizeof number, "%d", seed);
    param_presets(kind->params, options);
    TRY(set(kind, "seed", number, options));
    TRY(set(kind, "max_evaluations", "1000000", options));
    TRY(set(kind, "step_tolerance", "0", options));
    for (; sscanf(text, " %31[^= ]=%31s%n", name, value, &used) == 2; text += used)
        TRY(set(kind, name, value, options));
out:
    return code;
}

/* Evaluations until the best point, without its noise, is near enough; LIMIT: never. */
static int search(const scene_t *s, outer_t *outer, double first, int seed)
{
    int evaluations = 0;
    outer_batch_t batch;
    static outer_reply_t replies[LIMIT];
    for (outer_ask(outer, &batch); batch.count > 0; outer_ask(outer, &batch)) {
        for (int i = 0; i < batch.count; i++) {
            double f = quadratic(s, batch.requests[i].theta);
            if (f <= WITHIN * first)
                return evaluations + 1;
            if (++evaluations >= LIMIT)
                return LIMIT;
            f += s->noise * first * rng_normal(7, (uint64_t)seed, (uint64_t)evaluations);
            replies[i] = (outer_reply_t){.f = f};
        }
        outer_tell(outer, replies);
    }
    return LIMIT;
}

static int run(const scene_t *s, const char *settings, int seed, int *evaluations)
{
    int code = TRALO_OK;
    static double lower[MOST], upper[MOST], start[MOST], options[64];
    char method[32];
    outer_t *outer = NULL;
    for (int i = 0; i < s->count; i++) {
        lower[i] = -HALF;
        upper[i] = HALF;
        start[i] = 0.5 * HALF;
    }
    const outer_box_t box = {.count = s->count, .lower = lower, .upper = upper, .start = start};
    sscanf(settings, "%31s", method);
    const outer_kind_t *kind = outer_find(method);
    if (kind == NULL)
        FAIL(TRALO_ERR_INPUT, "there is no method '%s'", method);
    TRY(make_options(kind, settings + strlen(method), seed, options));
    TRY(outer_create(kind, options, &box, &outer));
    *evaluations = search(s, outer, quadratic(s, start), seed);
out:
    outer_free(&outer);
    return code;
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* What keeps S^2 numbers or more takes long for many hyperparameters. */
static bool tried(const char *settings, int count)
{
    static const char *const few[] = {"nelder_mead", "cobyla", "bobyqa"};
    for (int k = 0; k < 3; k++)
        if (strncmp(settings, few[k], strlen(few[k])) == 0)
            return count <= 100 && (count > 1 || k < 2);
    return true;
}

static int print_row(const char *settings)
{
    int code = TRALO_OK;
    static const scene_t scenes[] = {
        {1, 1, 1, 0},     {10, 1, 1, 0},     {100, 1, 1, 0},    {1000, 1, 1, 0},   {10, 1, 100, 0},
        {10, 1, 0.01, 0}, {10, 100, 1, 0},   {100, 100, 1, 0},  {1000, 100, 1, 0}, {1, 1, 1, 0.01},
        {10, 1, 1, 0.01}, {100, 1, 1, 0.01}, {1000, 1, 1, 0.01}};
    for (size_t k = 0; k < sizeof scenes / sizeof *scenes; k++) {
        int counts[SEEDS];
        if (!tried(settings, scenes[k].count)) {
            printf("      .");
            continue;
        }
        lay_out(&scenes[k]);
        for (int seed = 0; seed < SEEDS; seed++)
            TRY(run(&scenes[k], settings, seed, &counts[seed]));
        qsort(counts, SEEDS, sizeof *counts, by_size);
        if (counts[SEEDS / 2] < LIMIT)
            printf("%7d", counts[SEEDS / 2]);
        else
            printf("      -");
        fflush(stdout);
    }
    printf("  %s\n", settings);
out:
    return code;
}

int main(int argc, char **argv)
{
    int code = TRALO_OK;
    static const char *const table[] = {
        "hozog",
        "hozog rule=constant differences=forward momentum=0.5",
        "hozog rule=constant differences=forward orthogonal=false",
        "hozog rule=constant differences=forward orthogonal=false directions=1 mu=0.01 gamma=0.05",
        "hozog rule=armijo differences=forward gamma=100",
        "hozog rule=adam differences=forward gamma=0.3 mu=0.01",
        "random",
        "random sequence=sobol",
        "nelder_mead",
        "cobyla",
        "bobyqa"};
    printf("median of %d seeds; S of f = size/(2S) sum a x^2\n"
           "a = 1, size 1                a = 1, S = 10  a = 1..1/100          a = 1, noise 1 %%\n"
           "      1     10    100   1000   x100  /100     10    100   1000      1     10    100   "
           "1000\n",
           (int)SEEDS);
    for (int i = 1; i < argc; i++)
        TRY(print_row(argv[i]));
    for (size_t i = 0; argc == 1 && i < sizeof table / sizeof *table; i++)
        TRY(print_row(table[i]));
out:
    if (code != TRALO_OK)
        fprintf(stderr, "%s\n", tralo_error_message());
    return code != TRALO_OK;
}
