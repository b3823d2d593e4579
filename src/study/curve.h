/* SPDX-License-Identifier: BSD-3-Clause */
/* The criterion along a grid of penalties, with its derivatives, as CSV and as a picture. */
#ifndef STUDY_CURVE_H
#define STUDY_CURVE_H

#include "study/study.h"

typedef struct curve_options {
    double from, to;    /* lambda, shared by all groups; 0: the bounds of the search */
    int64_t points;     /* log-spaced */
    bool exact;         /* exact leave-one-out by n refits beside it */
    const char *output; /* CSV; NULL or "-": standard output */
    const char *plot;   /* .svg or .png, drawn by gnuplot; NULL: none */
} curve_options_t;

/* Columns: lambda, theta = log lambda, f, its standard error, df/dtheta, d2f/dtheta2 (nan where a
   point cannot be evaluated) and, with exact, exact leave-one-out. With several groups all have the
   same lambda and the derivatives are along that; other hyperparameters stay where the search
   starts. Collective. Errors: TRALO_ERR_INPUT (empty range, unknown picture format), TRALO_ERR_FILE
   (cannot write, no gnuplot), TRALO_ERR_MEMORY. */
int curve_run(study_t *study, const curve_options_t *options);

#endif
