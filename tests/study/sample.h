/* SPDX-License-Identifier: BSD-3-Clause */
/* A made-up result, for the tests of the files that results are written to, and what is to be
   planned. */
#ifndef TESTS_STUDY_SAMPLE_H
#define TESTS_STUDY_SAMPLE_H

#include "study/plan.h"
#include "study/result.h"

enum { SAMPLE_S = 2, SAMPLE_P = 3 };

/* With `count` hyperparameters. Collective; the caller frees. */
result_t *sample_result(int count);

/* Logistic loss under alo, one penalty, dense rows, at rates that do not depend on the machine. */
plan_request_t sample_plan(int64_t n, int p);

#endif
