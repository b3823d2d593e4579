/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRITERION_KINDS_H
#define CRITERION_KINDS_H

#include "criterion/criterion.h"

extern const criterion_kind_t criterion_alo;
extern const criterion_kind_t criterion_alo_blocks; /* alo for several outputs; not in the table */
extern const criterion_kind_t criterion_holdout;
extern const criterion_kind_t criterion_kfold;
extern const criterion_kind_t criterion_loo;

#endif
