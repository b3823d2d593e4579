/* SPDX-License-Identifier: BSD-3-Clause */
/* A text that grows. Nothing here is collective. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/error.h"
#include "base/param.h"

typedef struct text {
    char *data; /* owned, zero-terminated; NULL while empty */
    int64_t size, capacity;
} text_t;

/* Appends (printf format). Errors: TRALO_ERR_MEMORY. */
int text_add(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a YAML scalar in double quotes that reads back as `value`. */
int text_quote(text_t *text, const char *value);

/* Appends the value that `row` has in `options`, as YAML that reads back as the same value. */
int text_param(text_t *text, const param_t *row, const void *options);

/* A number in the fewest digits that read back as the same double, into out[32]. */
void text_real(double value, char *out);

#endif
