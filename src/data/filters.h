/* SPDX-License-Identifier: BSD-3-Clause */
/* Compression: can HDF5 undo here what a dataset was stored with? */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include <hdf5.h>

#include "base/error.h"

/* Can HDF5 undo all filters of the dataset whose creation list is `created`, and which `what` names
   ("data.h5: /X")? Not collective. Errors: TRALO_ERR_INPUT, which says what to do. */
int filters_check(hid_t created, const char *what);

/* "gzip 4, shuffle", "" without, into text[size]. */
void filters_text(hid_t created, char *text, size_t size);

#endif
