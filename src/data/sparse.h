/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the data room: rows that are held by their entries, as they come into being. Nothing here
   is collective. */
#ifndef DATA_SPARSE_H
#define DATA_SPARSE_H

#include "data/data.h"

/* Room for `entries` entries; no row has one yet, all shifts are 0. Errors: TRALO_ERR_MEMORY. */
int sparse_create(int64_t rows, int columns, int64_t entries, csr_t **out);
void sparse_free(csr_t **A);

/* The entries of each row from lower to higher columns; start may count from any number. */
void sparse_sort(csr_t *A);

/* The dense rows of `data` become entries where they are not 0. Errors: TRALO_ERR_MEMORY. */
int sparse_from_dense(data_t *data);

/* count [p]: the entries of each column in the rows of this rank. */
void sparse_count(const data_t *data, double *count);

/* x_ij becomes (x_ij - mean_j) / scale_j: its entry is divided by scale_j, and mean_j / scale_j is
   the shift. A column with a mean and entries in more than half of all rows (count [p] over all
   ranks) gets an entry in each row, and no shift: see csr.h. Columns that are to be `zero` [p]
   (NULL: none) lose theirs. Errors: TRALO_ERR_MEMORY. */
int sparse_scale(data_t *data, const double *count, const bool *zero);

#endif
