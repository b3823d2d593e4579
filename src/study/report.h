/* SPDX-License-Identifier: BSD-3-Clause */
/* What a person sees of a search, and how much was communicated. Rank 0. */
#ifndef STUDY_REPORT_H
#define STUDY_REPORT_H

#include "base/work.h"
#include "study/result.h"
#include "study/study.h"

/* What is about to be searched: data, model, criterion, box. */
void report_start(const study_t *study);

/* One line per evaluation; a star at the end: the best so far. */
void report_evaluation(const study_t *study, int64_t iteration, const result_evaluation_t *row);

/* With --verbose, how its inner solver went, as this rank counted it since `before`. */
void report_course(int order, const work_t *before);

/* What this rank gave to the others so far, and the time it took, waiting included. */
void report_communication(const comm_t *comm);

/* The closing summary. */
void report_result(const study_t *study, const result_t *result);

#endif
