/* SPDX-License-Identifier: BSD-3-Clause */
/* A curve as a picture, by gnuplot. Rank 0 alone; nothing here is collective. */
#ifndef STUDY_CURVE_PLOT_H
#define STUDY_CURVE_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The hyperparameter in the field's terms, theta, f, its standard error, df/dtheta, d2f/dtheta2,
   exact leave-one-out; NaN where there is none. */
typedef struct curve_point {
    double natural, theta, value, error, slope, bend, exact;
} curve_point_t;

typedef struct curve_table {
    const char *title;     /* what the curve is of */
    const char *name;      /* of the hyperparameter */
    const char *criterion; /* what f is, */
    const char *loss;      /* the mean of what */
    bool log;              /* natural = exp(theta) */
    bool exact;            /* exact leave-one-out is there */
    int64_t count;
    const curve_point_t *points; /* [count] by theta; borrowed */
    curve_point_t lowest;        /* marked */
    bool interior;               /* lowest is a minimum between the ends */
} curve_table_t;

/* One line for each point, with or without the last column. */
void curve_print(const curve_table_t *table, FILE *file, const char *separator);

/* Errors: TRALO_ERR_EVALUATION (nothing to draw), those of picture_begin and picture_end. */
int curve_plot(const curve_table_t *table, const char *path);

#endif
