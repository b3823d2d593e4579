/* SPDX-License-Identifier: BSD-3-Clause */
/* What a study has when an oracle says what the parameters are worth. */
#ifndef STUDY_BLACK_BOX_H
#define STUDY_BLACK_BOX_H

#include "study/study.h"

/* Fills the study's space, hyper.count, box and trials from its config; readies the scratch folder.
   Collective. Errors: those of the oracle, TRALO_ERR_MEMORY. */
int black_box_open(study_t *study);
void black_box_close(study_t *study);

/* Evaluates trial `number` at theta [S]; *stopped: it was given up, and result is not set. Only the
   rank that holds the oracle. Errors: those of the oracle's run. */
typedef struct black_box_request {
    int64_t number, draw;
    const double *theta;
} black_box_request_t;
int black_box_evaluate(study_t *study, const black_box_request_t *request,
                       criterion_result_t *result, bool *stopped);

#endif
