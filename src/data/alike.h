/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of one data set differ in nothing but the number of rows and how they are stored. Not
   collective. Errors: TRALO_ERR_INPUT, which names file f, the first file, and what differs. */
#ifndef DATA_ALIKE_H
#define DATA_ALIKE_H

#include "data/layout.h"

/* Datasets and shapes of file f are those of the first. */
int alike_layouts(const files_t *files, int f, const data_layout_t *here,
                  const data_layout_t *first);

/* Names, groups, labels and target of file f are those of the first, whose layouts are alike. */
int alike_descriptions(const files_t *files, int f, const data_t *here, const data_t *first);

#endif
