/* SPDX-License-Identifier: BSD-3-Clause */
/* A made-up result, for the tests of the files that results are written to. */
#ifndef TESTS_STUDY_SAMPLE_H
#define TESTS_STUDY_SAMPLE_H

#include "study/result.h"

enum { SAMPLE_S = 2, SAMPLE_P = 3 };

/* With `count` hyperparameters. Collective; the caller frees. */
result_t *sample_result(int count);

#endif
