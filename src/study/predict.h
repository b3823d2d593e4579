/* SPDX-License-Identifier: BSD-3-Clause */
/* New rows through the model of a finished study. */
#ifndef STUDY_PREDICT_H
#define STUDY_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "data/files.h"

/* What the model is worth on these rows; NaN where it does not apply or y is not there. Means are
   over the weights, but for the AUC, which counts every row once. */
typedef struct predict_scores {
    int64_t n;
    bool scored;     /* y is there */
    double loss;     /* mean of the training loss */
    double accuracy; /* labels: share of rows on the right side of 1/2; of several classes, of rows
                        whose class is the likeliest */
    double auc;      /* two labels: area under the ROC curve, ties counted half */
    double rmse;     /* numbers: root of the mean squared error of the response */
    double deviance; /* counts: mean of 2 (l - its least value) */
} predict_scores_t;

/* Reads the model from the result file `model` and the rows from the data files `rows`, and scores
   them; the link u and the response go to the CSV file `output` ("-": standard output, NULL:
   nowhere), with y where it is there. With several classes these are the probability of each class,
   in a column of its label, and the label of the likeliest. Collective; scores are the same on all
   ranks. Errors: those of result_read and data_open_scaled; TRALO_ERR_INPUT (other features, other
   labels), TRALO_ERR_FILE (output), TRALO_ERR_MEMORY (rank 0 gathers the links and y). */
int predict_run(comm_t *comm, const char *model, const files_names_t *rows, const char *output,
                predict_scores_t *scores);

#endif
