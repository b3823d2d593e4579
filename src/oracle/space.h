/* SPDX-License-Identifier: BSD-3-Clause */
/* The named parameters of an oracle: their bounds, and how the search sees them. theta has one
   number for each value, on the parameter's scale: x itself (linear), log x, or log(x / (1 - x))
   (logit). Nothing here is collective. */
#ifndef ORACLE_SPACE_H
#define ORACLE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"
#include "base/text.h"

typedef enum space_scale { SPACE_LINEAR, SPACE_LOG, SPACE_LOGIT } space_scale_t;

enum { SPACE_MOST = 1000000 }; /* values in all */

typedef struct space_parameter {
    char *name;                 /* a letter or _, then letters, digits and _; owned */
    int64_t count;              /* of its values */
    int scale;                  /* space_scale_t */
    bool vector;                /* it was written with a length */
    bool integer;               /* its values are rounded to whole numbers */
    double lower, upper, start; /* of each value; start NaN: the middle on the scale */
} space_parameter_t;

typedef struct space {
    int parameters;          /* how many; 0: there is no such space */
    int count;               /* S, values of all parameters */
    space_parameter_t *list; /* [parameters], owned */
} space_t;

/* Options of a parameter, into space_parameter_t. */
extern const param_t space_params[];

void space_release(space_t *space);

/* Reads "name" or "name[count]" into name (owned by the parameter), vector and count. Errors:
   TRALO_ERR_INPUT (what is wrong, without the place), TRALO_ERR_MEMORY. */
int space_name(const char *text, space_parameter_t *out);

/* Do bounds, start and scale go together? Fills the start where it was not given. Errors:
   TRALO_ERR_INPUT, as above. */
int space_check(space_parameter_t *parameter);

/* The box that the search sees: lower, upper, start [S]. */
void space_box(const space_t *space, double *lower, double *upper, double *start);

/* theta [S] -> values [S] within the bounds; whole where they are to be. */
void space_values(const space_t *space, const double *theta, double *values);

/* A value as text that reads back as the same number; whole numbers without a point. */
int space_add_value(text_t *text, const space_parameter_t *parameter, double value);

/* All values of one parameter with commas between; values are its own [count]. */
int space_add_values(text_t *text, const space_parameter_t *parameter, const double *values);

/* "lr=0.01 w=0.1,0.2,...,0.5" of values [S] in few digits, long vectors by their ends. */
void space_text(const space_t *space, const double *values, char *text, size_t size);

#endif
