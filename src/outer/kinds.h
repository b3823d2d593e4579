/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OUTER_KINDS_H
#define OUTER_KINDS_H

#include "outer/outer.h"

extern const outer_kind_t outer_trust_region;
extern const outer_kind_t outer_hozog;
extern const outer_kind_t outer_random;
extern const outer_kind_t outer_grid;
extern const outer_kind_t outer_nelder_mead;
extern const outer_kind_t outer_cobyla;
extern const outer_kind_t outer_bobyqa;

#endif
