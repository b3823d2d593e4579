/* SPDX-License-Identifier: BSD-3-Clause */
/* The search: ask, evaluate, tell, log, append to the result file. */
#ifndef STUDY_TUNE_H
#define STUDY_TUNE_H

#include "study/result.h"
#include "study/study.h"

typedef enum tune_status {
    TUNE_CONVERGED = 0, /* the exit status of the program */
    TUNE_STOPPED = 3    /* the budget was spent, or the run was interrupted */
} tune_status_t;

typedef struct tune_outcome {
    tune_status_t status; /* the same on all ranks */
    result_t *result;     /* on rank 0, the caller frees; NULL elsewhere */
} tune_outcome_t;

/* Runs the search that the config describes and writes its result file. SIGINT, SIGTERM and SIGUSR1
   end it after the evaluation at hand, with all results and the reason `interrupted`. Collective.
   Errors: TRALO_ERR_FILE (the output cannot be written: found before the search), TRALO_ERR_MEMORY,
   TRALO_ERR_EVALUATION (no evaluation succeeded; the message says why). */
int tune_run(study_t *study, tune_outcome_t *outcome);

#endif
