/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PENALTY_KINDS_H
#define PENALTY_KINDS_H

#include "penalty/penalty.h"

extern const penalty_kind_t penalty_ridge;
extern const penalty_kind_t penalty_bridge;

#endif
