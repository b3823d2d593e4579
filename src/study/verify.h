/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_VERIFY_H
#define STUDY_VERIFY_H

#include "study/result.h"
#include "study/study.h"

/* Leaves out config->verify.rows random rows exactly and compares with the criterion's values for
   them at result->theta, where `at_best` was the last evaluation. Fills result->verified*; warns
   where a row all but determines its own fit. Only for criteria that
   approximate leave-one-out. Rank 0. Errors: TRALO_ERR_MEMORY. */
int verify_rows(study_t *study, const criterion_result_t *at_best, result_t *result);

#endif
