/* SPDX-License-Identifier: BSD-3-Clause */
/* The trials that an earlier run of the same study left, so that its search goes on from them: a
   method of values is told them again and comes to where it was. Rank 0 alone; nothing here is
   collective. */
#ifndef STUDY_RESUME_H
#define STUDY_RESUME_H

#include "study/study.h"
#include "study/trials.h"

/* Is no other run at OUTPUT.part? To be asked before anything that it left is touched. Errors:
   TRALO_ERR_FILE. */
int resume_check(const char *output);

typedef struct resume {
    trials_t *trials; /* owned; NULL: there are none */
    int64_t
        *places; /* [numbers] in the list, of the trial with each number; -1: not there; owned */
    int64_t numbers;
    double seconds; /* that the earlier run took */
    double *theta;  /* [2 S] scratch, owned */
} resume_t;

/* Reads OUTPUT.part, or where there is none OUTPUT, or nothing where there is neither. Errors:
   those of trials_open, TRALO_ERR_INPUT (other parameters). */
int resume_open(const char *output, const result_layout_t *layout, resume_t *resume);
void resume_close(resume_t *resume);

/* What is known of the trial with that number, at theta [S], which means values [S]: *out, NULL:
   nothing. Errors: TRALO_ERR_INPUT (it was elsewhere: another search), TRALO_ERR_FILE. */
int resume_find(const resume_t *resume, int64_t number, const double *theta, const double *values,
                const result_evaluation_t **out);

#endif
