/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/verify.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "study/stop.h"

static const double NEAR_ZERO = 1e-3; /* a t_i below which ALO deserves no trust */
enum { STREAM = 0x5eed };

/* `count` different rows of n, by Floyd's method (Bentley & Floyd, CACM 30, 1987). */
static void draw_rows(uint64_t seed, int64_t n, int64_t count, int64_t *rows)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t top = n - count + i, row = rng_below(seed, STREAM, (uint64_t)i, top + 1);
        for (int64_t k = 0; k < i; k++)
            if (rows[k] == row)
                row = top;
        rows[i] = row;
    }
}

/* The larger one; NaN as soon as one of them is. */
static double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

static void compare(study_t *study, const criterion_result_t *at_best, const int64_t *rows,
                    const double *approximate, int64_t count, result_t *result)
{
    double sum = 0.0, weight, loss;
    int64_t i = 0;
    for (; i < count && !stop_asked(); i++) {
        exact_request_t request = {
            .theta = result->theta, .beta = at_best->beta, .first = rows[i], .count = 1};
        oracle_exact(study->oracle, &request, &loss, &weight);
        double difference = fabs(loss - approximate[i]);
        sum += difference;
        result->verified_largest = larger(result->verified_largest, difference);
        log_detail("row %" PRId64 ": exact %.12g, approximate %.12g", rows[i], loss,
                   approximate[i]);
    }
    result->verified = i;
    result->verified_mean = i > 0 ? sum / (double)i : 0.0;
    if (i < count)
        log_warn("the exact leave-one-out was interrupted after %" PRId64 " of %" PRId64 " rows", i,
                 count);
}

int verify_rows(study_t *study, const criterion_result_t *at_best, result_t *result)
{
    int code = TRALO_OK;
    const config_verify_t *verify = &study->config->verify;
    bool approximates = study->criterion->kind->approximates_loo;
    int64_t n = study->data->n, count = verify->rows < n ? verify->rows : n;
    int64_t *rows = NULL;
    double *approximate = NULL;
    if (at_best->least_t < NEAR_ZERO)
        log_warn("row %" PRId64
                 " all but determines its own fit (%s = %.2e): approximate leave-one-out may be "
                 "far off there",
                 at_best->least_t_row,
                 study->outputs > 1 ? "least eigenvalue of I - A K" : "t = 1 - l''h",
                 at_best->least_t);
    if (count == 0 || !approximates)
        goto out;
    ALLOC(rows, count);
    ALLOC(approximate, count);
    draw_rows((uint64_t)verify->seed, n, count, rows);
    for (int64_t i = 0; i < count; i++)
        oracle_rows(study->oracle, rows[i], 1, &approximate[i]);
    compare(study, at_best, rows, approximate, count, result);
out:
    mem_free(&rows);
    mem_free(&approximate);
    return code;
}
