/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_ONE_SE_H
#define STUDY_ONE_SE_H

#include "study/result.h"
#include "study/study.h"

/* The one-standard-error rule (Breiman, Friedman, Olshen & Stone 1984, section 3.4.3): the most
   penalised model whose criterion is within one standard error of the best. Goes from result->theta
   along the common shift of all log penalties, as far as the box, to where f = best + standard
   error, and fills result->one_se_*. Rank 0. Cost: a few values and gradients. */
void one_se_find(study_t *study, result_t *result);

#endif
