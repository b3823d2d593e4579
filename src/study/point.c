/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int count_values(const char *text)
{
    int count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

static int read_values(const char *text, config_lambda_t *out)
{
    int code = TRALO_OK;
    char *end = NULL;
    ALLOC(out->values, count_values(text));
    for (const char *at = text; end == NULL || *end == ','; at = end + 1) {
        double value = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(value > 0.0) || !isfinite(value))
            FAIL(TRALO_ERR_INPUT, "'%s': write penalties > 0 with commas between", text);
        out->values[out->count++] = value;
    }
out:
    return code;
}

/* theta where `natural` says so, the start of the search elsewhere. */
static int place(const study_t *study, const char *text, double *natural, double *theta)
{
    int code = TRALO_OK;
    const hyper_t *hyper = &study->hyper;
    hyper_from_natural(hyper, natural, theta);
    for (int s = 0; s < hyper->count; s++) {
        if (isnan(natural[s]))
            theta[s] = study->box.start[s];
        if (!isfinite(theta[s]))
            FAIL(TRALO_ERR_INPUT, "'%s': %g is not possible for the hyperparameter '%s' of '%s'",
                 text, natural[s], hyper->names[s % hyper->per_group], hyper->owner);
    }
out:
    return code;
}

int point_parse(const study_t *study, const char *text, double *theta)
{
    int code = TRALO_OK;
    const hyper_t *hyper = &study->hyper;
    int count = hyper->count, groups = hyper->groups;
    config_lambda_t given = {.count = 0};
    double *natural = NULL;
    TRY(read_values(text, &given));
    if (given.count != 1 && given.count != groups && given.count != count)
        FAIL(TRALO_ERR_INPUT, "'%s': there are %d hyperparameters; give 1 or %d penalties, not %d",
             text, count, groups == count || groups == 1 ? count : groups, given.count);
    ALLOC(natural, count);
    TRY(config_natural(&given, groups, hyper->per_group, natural));
    TRY(place(study, text, natural, theta));
out:
    mem_free(&given.values);
    mem_free(&natural);
    return code;
}
