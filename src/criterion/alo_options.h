/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRITERION_ALO_OPTIONS_H
#define CRITERION_ALO_OPTIONS_H

#include "criterion/criterion.h"

/* What `alo` reads from the config, for every algebra. */
typedef struct alo_options {
    criterion_common_t common;
    int whitened; /* replicated: hold the whitened rows or not */
} alo_options_t;

#endif
