/* SPDX-License-Identifier: BSD-3-Clause */
/* How a trial reaches a program: as words in its command line, as environment variables, as a JSON
   file. Not collective.

       {NAME}        the value of a parameter; of a vector all, with commas between
       {NAME[i]}     one value of a vector, i from 0
       {seed}        a whole number: trials with the same one use the same random numbers
       {trial}       the number of the trial, from 1
       {folder}      the trial's scratch folder
       {parameters}  the JSON file {"NAME": value or [values], ..., "seed": s, "trial": t}
       {value}       where a value may be written, with value: file
       {{ and }}     braces

   The same in the environment: TRALO_PARAMETER_NAME, TRALO_SEED, TRALO_TRIAL, TRALO_FOLDER,
   TRALO_PARAMETERS, TRALO_VALUE; vectors of more than 60 kB are in the file alone. */
#ifndef ORACLE_WORDS_H
#define ORACLE_WORDS_H

#include "base/text.h"
#include "oracle/kinds.h"

/* A trial with its files; all borrowed. Paths are absolute. */
typedef struct words {
    const space_t *space;
    const oracle_trial_t *trial;
    const char *folder, *parameters, *value;
} words_t;

/* Appends `run` with its placeholders replaced, paths quoted for a shell. trial NULL: only checks.
   Errors: TRALO_ERR_INPUT (a placeholder that there is not, what there is), TRALO_ERR_MEMORY. */
int words_fill(const words_t *words, const char *run, text_t *out);

/* Is the name one of those above that are no parameter's? */
bool words_reserved(const char *name);

/* The environment of this process and the variables above: NULL-terminated, the array and its
   elements owned by the caller; words_release frees both. Errors: TRALO_ERR_MEMORY. */
int words_environment(const words_t *words, char ***out);
void words_release(char ***environment);

/* The variable in it that no other trial has; borrowed. */
const char *words_mark(char *const *environment);

/* Writes the JSON file. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int words_json(const words_t *words);

#endif
