/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search leaves in its result, but for data and model (model.h). */
#ifndef STUDY_OUTCOME_H
#define STUDY_OUTCOME_H

#include "study/result.h"
#include "study/study.h"

/* Where the search ended and why, its derivatives and local minima, the groups of its trials. Rank
   0. Errors: TRALO_ERR_MEMORY. */
int outcome_fill(const study_t *study, const outer_t *outer, result_t *result);

/* The ranks, libraries and counters of the run, which began at clock_seconds() = started.
   Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks. */
int outcome_environment(study_t *study, double started, result_t *result);

#endif
