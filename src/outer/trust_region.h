/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of the method `trust_region`: Newton's method in a trust region, on a box, after a coarse
   sweep and from several starts. By the Hessian, or by its products with directions where
   hyperparameters are many. */
#ifndef OUTER_TRUST_REGION_H
#define OUTER_TRUST_REGION_H

#include "outer/outer.h"

extern const outer_kind_t outer_trust_region;

#endif
