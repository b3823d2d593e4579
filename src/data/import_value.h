/* SPDX-License-Identifier: BSD-3-Clause */
/* What one field of a text file says. */
#ifndef DATA_IMPORT_VALUE_H
#define DATA_IMPORT_VALUE_H

#include "base/error.h"

typedef enum value_kind { VALUE_NUMBER, VALUE_MISSING, VALUE_WORD } value_kind_t;

/* A finite decimal number (into *out), a missing value (empty, NA, N/A, n/a, #N/A, <NA>, NaN, nan,
   NAN, -nan, -NaN, null, NULL, ? or a point alone) or anything else: words, inf, hexadecimal,
   overflow. */
value_kind_t value_read(const char *text, double *out);

/* The text without blanks at either end; cuts the string in place. */
char *value_trim(char *text);

#endif
