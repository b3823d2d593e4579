/* SPDX-License-Identifier: BSD-3-Clause */
/* Which trials were begun and not ended, in a file beside the result, for oracles of which a trial
   may end the whole program: a search that is resumed does not fall into the same trial for ever.
   Rank 0 alone; nothing here is collective. All but begun_open is legal with NULL, where nothing is
   noted. */
#ifndef STUDY_BEGUN_H
#define STUDY_BEGUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { BEGUN_ALONE = 2, BEGUN_TOO_OFTEN = 3 }; /* times */

typedef struct begun begun_t;

/* OUTPUT.begun; `again`: with what earlier runs left there. Errors: TRALO_ERR_FILE,
   TRALO_ERR_MEMORY. */
int begun_open(const char *output, bool again, begun_t **out);

/* The run ends by itself: removes the file. */
void begun_close(begun_t **begun);

/* How many earlier runs ended while the trial was evaluated. One of which BEGUN_ALONE did is to be
   evaluated while no other is, to know whether it was the one; of which BEGUN_TOO_OFTEN did, never
   again. */
int begun_before(const begun_t *begun, int64_t number);

/* Logs them. */
void begun_report(const begun_t *begun);

/* It begins now, or has ended. A file that cannot be written is no reason to end. */
void begun_note(begun_t *begun, int64_t number, bool ended);

#endif
