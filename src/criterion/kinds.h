/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRITERION_KINDS_H
#define CRITERION_KINDS_H

#include "criterion/criterion.h"

extern const criterion_kind_t criterion_alo;
extern const criterion_kind_t criterion_alo_kernel; /* criterion_alo.kernel */
int64_t alo_kernel_memory(int64_t n, int ranks);    /* bytes of the rank that needs most */
extern const criterion_kind_t criterion_alo_blocks; /* alo for several outputs; not in the table */
extern const criterion_kind_t criterion_alo_explicit_blocks; /* in criterion_alo_blocks.rows */
extern const criterion_kind_t criterion_alo_wide_blocks;
extern const criterion_kind_t criterion_alo_explicit; /* in criterion_alo.rows, as the next */
extern const criterion_kind_t criterion_alo_wide;
extern const criterion_kind_t criterion_alo_spectral;
extern const criterion_kind_t criterion_holdout;
extern const criterion_kind_t criterion_kfold;
extern const criterion_kind_t criterion_loo;

#endif
