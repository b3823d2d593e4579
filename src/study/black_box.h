/* SPDX-License-Identifier: BSD-3-Clause */
/* What a study has when an oracle says what the parameters are worth. */
#ifndef STUDY_BLACK_BOX_H
#define STUDY_BLACK_BOX_H

#include "study/study.h"

/* Fills the study's space, hyper.count, box and deal from its config; readies the scratch folder.
   Collective. Errors: those of deal_create, TRALO_ERR_MEMORY. */
int black_box_open(study_t *study);
void black_box_close(study_t *study);

#endif
