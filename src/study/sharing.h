/* SPDX-License-Identifier: BSD-3-Clause */
/* A criterion that groups of ranks evaluate at the same time, each at another theta. */
#ifndef STUDY_SHARING_H
#define STUDY_SHARING_H

#include "study/study.h"

/* Fills study->sharing and study->deal where the config wants groups. Collective. Errors: those of
   study_open_part and deal_create, the same on all ranks. */
int sharing_open(study_t *study);
void sharing_close(study_t *study); /* collective */

#endif
