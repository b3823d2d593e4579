/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search of a criterion on data leaves beside the best theta: the model that was trained
   there, and what is known of it. */
#ifndef STUDY_MODEL_H
#define STUDY_MODEL_H

#include "study/result.h"
#include "study/study.h"

/* The evaluation of the lowest value so far, but for its rows and derivatives. */
typedef struct model_best {
    criterion_result_t last; /* its beta is the one below, or NULL */
    double *theta;           /* owned [S] */
    double *beta;            /* owned [unknowns] */
} model_best_t;

/* Errors: TRALO_ERR_MEMORY. */
int model_best_create(const study_t *study, model_best_t *best);
void model_best_release(model_best_t *best);

/* Keeps this one, which is valid. */
void model_best_keep(const study_t *study, const double *theta, const criterion_result_t *result,
                     model_best_t *best);

/* Makes room in the result for what a model with a kernel has: alpha, and on rank 0 the training
   rows, as trained. Collective. Errors: TRALO_ERR_MEMORY. */
int model_prepare(study_t *study, result_t *result);

/* Trains at result->theta once more, and fills what of the result belongs to data and model;
   verifies rows, and finds the penalties of one standard error, as the config says. Rank 0. Errors:
   TRALO_ERR_EVALUATION, TRALO_ERR_MEMORY. */
int model_conclude(study_t *study, const model_best_t *best, result_t *result);

#endif
