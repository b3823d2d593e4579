/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_PREDICT_KERNEL_H
#define STUDY_PREDICT_KERNEL_H

#include "data/data.h"
#include "study/result.h"

/* u [rows] = intercept + sum_i alpha_i k(x, x_i) / lambda for this rank's rows of `data`, which are
   scaled as the training rows of the model. Those are read from its result file at `path`, some at
   a time. Not collective. Errors: TRALO_ERR_FILE, TRALO_ERR_INPUT (not a whole result, a kernel
   that this version does not know), TRALO_ERR_MEMORY. Cost: 2 n p flops per row. */
int predict_kernel(const char *path, const result_t *model, const data_t *data, double *u);

#endif
