/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_BOX_H
#define STUDY_BOX_H

#include "study/study.h"

/* Fills study->box: what the config says, and where it is silent, from the data. For group g let
   d_g be the mean diagonal of X' diag(l'') X over its columns in the null model (the intercept
   alone): lambda = d_g halves a coefficient. Start d_g, lower 1e-8 d_g, upper 1e4 d_g. Other
   hyperparameters than lambda have the presets of their penalty. With a kernel the scales are those
   of machine_scales: lambda from 1e-6 to 1e4 times its own, a width from 1/20 to 20 times. The
   sweep moves the lambdas alone. Collective. Errors: TRALO_ERR_INPUT (lower >= upper, start
   outside), TRALO_ERR_MEMORY. */
int box_find(study_t *study);

#endif
