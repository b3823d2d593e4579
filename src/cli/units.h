/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers with their units, for people. */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

#include <stdint.h>

enum { UNITS_TEXT = 32 };

void units_bytes(double bytes, char text[UNITS_TEXT]);     /* "1.5 GiB" */
void units_seconds(double seconds, char text[UNITS_TEXT]); /* "12 ms", "3.4 s", "5.0 h" */

/* "64G", "1.5T", "200 MiB": with units of 1024; a plain number is bytes. Errors: TRALO_ERR_INPUT.
 */
int units_parse_bytes(const char *text, int64_t *out);

#endif
