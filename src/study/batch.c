/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/batch.h"

#include "study/black_box.h"
#include "study/stop.h"

/* All ranks work on each. */
static int by_criterion(study_t *study, const batch_work_t *work)
{
    int code = TRALO_OK;
    for (int i = 0; i < work->batch->count && !stop_asked(); i++) {
        const outer_request_t *request = &work->batch->requests[i];
        criterion_result_t result;
        oracle_evaluate(study->oracle, request->theta, request->order, &result);
        TRY(data_failure(study->data));
        TRY(work->done(work->argument, i, &result));
    }
out:
    return code;
}

/* One after the other, by this rank. */
static int by_oracle(study_t *study, const batch_work_t *work)
{
    int code = TRALO_OK;
    bool stopped = false;
    for (int i = 0; i < work->batch->count && !stop_asked(); i++) {
        const outer_request_t *request = &work->batch->requests[i];
        const black_box_request_t trial = {work->first + i, request->draw, request->theta};
        criterion_result_t result;
        TRY(black_box_evaluate(study, &trial, &result, &stopped));
        if (stopped)
            break;
        TRY(work->done(work->argument, i, &result));
    }
out:
    return code;
}

int batch_evaluate(study_t *study, const batch_work_t *work)
{
    return (study->space != NULL ? by_oracle : by_criterion)(study, work);
}
