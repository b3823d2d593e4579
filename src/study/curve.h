/* SPDX-License-Identifier: BSD-3-Clause */
/* The criterion along a grid of one hyperparameter, with its derivatives, as CSV and as a picture.
 */
#ifndef STUDY_CURVE_H
#define STUDY_CURVE_H

#include "study/study.h"

typedef struct curve_options {
    const char *along;  /* the hyperparameter that varies; NULL: the first, lambda */
    const char *lambda; /* where the others stay, see point_parse; NULL: where the search starts */
    double from, to;    /* its range, shared by all groups; 0: the bounds of the search */
    int64_t points;     /* evenly spaced in theta */
    bool exact;         /* exact leave-one-out by n refits beside it */
    const char *output; /* CSV; NULL or "-": standard output */
    const char *plot;   /* .svg or .png, drawn by gnuplot; NULL: none */
} curve_options_t;

/* Columns: the hyperparameter under its name, its theta (log lambda; bridge: log(q - 1)), f, its
   standard error, df/dtheta, d2f/dtheta2 (nan where a point cannot be evaluated) and, with exact,
   exact leave-one-out. With several groups all have the same value and the derivatives are along
   that. For a picture the minimum is found to a few digits by Newton steps from the lowest point of
   the grid. Collective. Errors: TRALO_ERR_INPUT (no such hyperparameter, impossible value, empty
   range, unknown picture format), TRALO_ERR_FILE (cannot write, no gnuplot), TRALO_ERR_MEMORY. */
int curve_run(study_t *study, const curve_options_t *options);

#endif
