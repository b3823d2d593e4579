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

typedef struct trials {
    char *path;                /* of the file that was read; owned */
    result_layout_t layout;    /* owned, with its names */
    int64_t count, best;       /* the one of the lowest value; -1: none has one */
    result_evaluation_t *list; /* [count], in the order in which they ended; owned. theta and values
                                  are NULL (trials_row), failure is "" where there is none */
    struct trials_rows *rows;  /* what stays in the file, and texts */
} trials_t;

/* Reads the trials of `path`, or, where there is no such file, of `path`.part. Errors:
   TRALO_ERR_FILE, TRALO_ERR_INPUT (not a result of tralo), TRALO_ERR_MEMORY. The caller frees. */
int trials_open(const char *path, trials_t **out);
void trials_close(trials_t **trials);

/* theta and values of the i-th in the list, as the layout has these: out [S] each, NULL: not
   wanted. Errors: TRALO_ERR_FILE. */
int trials_row(const trials_t *trials, int64_t i, double *theta, double *values);

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
