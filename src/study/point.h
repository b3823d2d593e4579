/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_POINT_H
#define STUDY_POINT_H

#include "study/study.h"

/* theta [S] from penalties in words: one lambda for all groups, one for each, or all S
   hyperparameters (bridge: lambda, q of each group), with commas between; what is not given is as
   where the search starts.
   Errors: TRALO_ERR_INPUT (not a positive number, wrong count). Not collective. */
int point_parse(const study_t *study, const char *text, double *theta);

#endif
