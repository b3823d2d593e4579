/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluations of a study, as its result file has them; also of one that is still running, or
   did not finish (OUTPUT.part). Rank 0 alone; nothing here is collective. */
#ifndef STUDY_TRIALS_H
#define STUDY_TRIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "study/result.h"

typedef struct trial {
    int64_t number; /* from 1 */
    double f;       /* NaN when it failed */
    bool accepted;  /* the lowest so far */
    int group;      /* of ranks, that evaluated it */
    double started, ended;
    char *phase, *failure; /* owned; failure "" where there is none */
} trial_t;

typedef struct trials {
    char *path;               /* of the file that was read; owned */
    result_layout_t layout;   /* owned, with its names */
    int64_t count, best;      /* the one of the lowest value; -1: none has one */
    trial_t *list;            /* [count], in the order in which they ended; owned */
    struct trials_rows *rows; /* the values, which stay in the file */
} trials_t;

/* Reads the trials of `path`, or, where there is no such file, of `path`.part. Errors:
   TRALO_ERR_FILE, TRALO_ERR_INPUT (not a result of tralo), TRALO_ERR_MEMORY. The caller frees. */
int trials_open(const char *path, trials_t **out);
void trials_close(trials_t **trials);

/* The values of the i-th in the list, as the layout has them, into out [S]. Errors: TRALO_ERR_FILE.
 */
int trials_values(const trials_t *trials, int64_t i, double *out);

typedef enum trials_format { TRIALS_TABLE, TRIALS_CSV, TRIALS_JSON } trials_format_t;

/* One line for each trial, by number: number, status (ok, failed), value, whether it was the lowest
   so far, group, start and length in seconds, what it was for, the parameters by name, and why it
   failed; NaN is empty, in JSON null. The table is for people: short numbers, long vectors by their
   ends. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int trials_print(const trials_t *trials, trials_format_t format, FILE *stream);

/* Draws the value of each trial and the lowest so far, over trials and over time, and the
   parameters of the lowest; path as for picture_begin. Errors: TRALO_ERR_EVALUATION (no trial has a
   value), those of picture_begin and picture_end, TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int trials_plot(const trials_t *trials, const char *title, const char *path);

#endif
