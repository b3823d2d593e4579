/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KERNEL_KINDS_H
#define KERNEL_KINDS_H

#include "kernel/kernel.h"

extern const kernel_kind_t kernel_linear;
extern const kernel_kind_t kernel_polynomial;
extern const kernel_kind_t kernel_rbf;

#endif
