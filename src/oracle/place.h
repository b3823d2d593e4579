/* SPDX-License-Identifier: BSD-3-Clause */
/* The folders that trials of programs have: one for each in the study's scratch folder, named after
   its number, "000017"; that of a guess "000017.ahead3" until it is used. Not collective. */
#ifndef ORACLE_PLACE_H
#define ORACLE_PLACE_H

#include "oracle/kinds.h"

/* The files of one trial, owned. */
typedef struct place {
    char *folder, *parameters, *value, *output, *error;
} place_t;

/* The oracle's prepare and settle. options begin with oracle_common_t. */
int place_prepare(const void *options, bool again);
void place_settle(const void *options, int64_t number, int64_t guess, bool used);

/* Makes the folder of a trial and the names of what will be in it; place_leave frees these, also
   after an error. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int place_enter(const oracle_common_t *common, const oracle_trial_t *trial, place_t *place);
void place_leave(place_t *place);

#endif
