/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/point.h"

#include <math.h>
#include <stdlib.h>

int point_parse(const study_t *study, const char *text, double *theta)
{
    int code = TRALO_OK, count = study->penalty->count, given = 0;
    const char *at = text;
    char *end = NULL;
    do {
        double lambda = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(lambda > 0.0) || !isfinite(lambda))
            FAIL(TRALO_ERR_INPUT, "'%s': write penalties > 0 with commas between", text);
        if (given < count)
            theta[given] = log(lambda);
        given++;
        at = end + 1;
    } while (*end == ',');
    if (given != 1 && given != count)
        FAIL(TRALO_ERR_INPUT, "'%s': there are %d hyperparameters; give 1 or %d penalties, not %d",
             text, count, count, given);
    for (int s = given; s < count; s++)
        theta[s] = theta[0];
out:
    return code;
}
