/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/scenes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "data/import.h"
#include "support.h"

enum { ROWS = 40, FEATURES = 6, STREAM_X = 90, STREAM_Y };

static double draw_x(int i, int j)
{
    return rng_normal(3, STREAM_X, (uint64_t)i * FEATURES + (uint64_t)j);
}

static double target(const scene_t *scene, int i)
{
    double noise = rng_normal(3, STREAM_Y, (uint64_t)i);
    double u = 0.5 + draw_x(i, 0) - 0.6 * draw_x(i, 2) + 0.2 * draw_x(i, 4);
    if (strcmp(scene->loss, "logistic") == 0)
        return u + noise > 0.0 ? 1.0 : -1.0;
    if (strcmp(scene->loss, "poisson") == 0)
        return floor(scene->factor * exp(0.3 * u + 0.2 * noise) + 0.5);
    return scene->factor * (u + noise);
}

static void write_csv(const scene_t *scene, FILE *file)
{
    fprintf(file, "a,b,c,d,e,f,w,y\n");
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < FEATURES; j++)
            fprintf(file, "%.17g,", draw_x(i, j));
        fprintf(file, "%.17g,%.17g\n", scene->weight, target(scene, i));
    }
}

static void write_yaml(const char *path, const char *name, const char *loss, const char *more)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT(file != NULL);
    if (file == NULL)
        return;
    fprintf(file,
            "data: {file: %s.h5, standardize: true, intercept: true}\n"
            "model: {loss: %s, penalty: ridge}\n"
            "criterion: alo\n"
            "search: {method: trust_region}\n"
            "output: %s.result.h5\n%s\n",
            name, loss, name, more != NULL ? more : "");
    fclose(file);
}

static void path_of(const char *name, const char *end, char path[SCENE_PATH])
{
    char file[64];
    snprintf(file, sizeof file, "%s%s", name, end);
    test_path(file, path, SCENE_PATH);
}

static void make(const scene_t *scene, const char *yaml)
{
    char csv[SCENE_PATH], h5[SCENE_PATH];
    const char *drop = "w";
    path_of(scene->name, ".csv", csv);
    path_of(scene->name, ".h5", h5);
    import_options_t options = {.input = csv,
                                .output = h5,
                                .target = "y",
                                .force = true,
                                .drop = &drop,
                                .drop_count = scene->weight > 0.0 ? 0 : 1,
                                .weights = scene->weight > 0.0 ? "w" : NULL};
    FILE *file = fopen(csv, "w");
    CU_ASSERT(file != NULL);
    if (file == NULL)
        return;
    write_csv(scene, file);
    fclose(file);
    CHECK_OK(import_file(&options, NULL));
    write_yaml(yaml, scene->name, scene->loss, scene->config);
}

void scene_make(const scene_t *scene, char yaml[SCENE_PATH])
{
    path_of(scene->name, ".yaml", yaml);
    if (comm_rank(test_comm) == 0)
        make(scene, yaml);
    comm_barrier(test_comm);
}

void scene_breast_cancer(char yaml[SCENE_PATH])
{
    char csv[SCENE_PATH], h5[SCENE_PATH];
    test_source("tests/data/breast_cancer.csv", csv, sizeof csv);
    path_of("breast_cancer", ".h5", h5);
    path_of("breast_cancer", ".yaml", yaml);
    import_options_t options = {.input = csv,
                                .output = h5,
                                .target = "diagnosis",
                                .labels = "malignant,benign",
                                .force = true};
    if (comm_rank(test_comm) == 0) {
        CHECK_OK(import_file(&options, NULL));
        write_yaml(yaml, "breast_cancer", "logistic", NULL);
    }
    comm_barrier(test_comm);
}
