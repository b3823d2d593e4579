/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INNER_KINDS_H
#define INNER_KINDS_H

#include "inner/inner.h"

extern const inner_kind_t inner_newton;

#endif
