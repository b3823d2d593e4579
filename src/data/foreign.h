/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that other programs laid out in their own ways. Nothing here is collective. */
#ifndef DATA_FOREIGN_H
#define DATA_FOREIGN_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The dataset that names the columns of X, into name[size]: /feature_names, or of AnnData the index
   of /var. *found false: there is none. Errors: TRALO_ERR_INPUT, TRALO_ERR_MEMORY. */
int foreign_names(hid_t file, const char *path, char *name, size_t size, bool *found);

/* There is no /X that can be read: TRALO_ERR_INPUT, which says what is in the file instead (a table
   of pandas, AnnData with layers only, ...) and how it becomes readable. */
int foreign_explain_X(hid_t file, const char *path);

/* The same where there is no /y. */
int foreign_explain_y(hid_t file, const char *path);

/* Names in the root of the file that data sets have not, ", " between them, into text[size]; "" for
   none. */
void foreign_rest(hid_t file, char *text, size_t size);

/* The sources of a virtual dataset, whose creation list is `created`, are there: HDF5 would read
   zeros without a word. `what` names the dataset, `path` its file. Errors: TRALO_ERR_FILE. */
int foreign_check_virtual(hid_t created, const char *path, const char *what);

#endif
