/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets and configs in the scratch folder, for tests of whole studies. */
#ifndef TESTS_STUDY_SCENES_H
#define TESTS_STUDY_SCENES_H

#include <stddef.h>

enum { SCENE_PATH = 512 };

/* Made-up data: 40 rows, 6 features a ... f that follow from the row's number alone. */
typedef struct scene {
    const char *name;   /* of the files NAME.h5, NAME.yaml, NAME.result.h5 */
    const char *loss;   /* squared: y near a line; logistic: -1/+1; poisson: counts */
    double weight;      /* of every row; 0: the file has none */
    double factor;      /* of y (squared) or of its mean (poisson) */
    const char *config; /* further lines of YAML; NULL: none */
} scene_t;

/* Writes NAME.h5 and NAME.yaml, and gives the path of the latter. Collective. */
void scene_make(const scene_t *scene, char yaml[SCENE_PATH]);

/* The same with the bundled breast cancer set (logistic loss). */
void scene_breast_cancer(char yaml[SCENE_PATH]);

#endif
