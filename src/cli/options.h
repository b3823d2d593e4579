/* SPDX-License-Identifier: BSD-3-Clause */
/* Command-line options from a table of parameters: --name VALUE, --name=VALUE, and --name alone for
   a bool; -o is --output. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/param.h"

/* Sets the defaults, then reads argv[1 .. argc-1] into `options`. What is not an option stays: the
   words are moved to argv[1 ..] and *words is their number. The caller ends with param_release.
   Errors: TRALO_ERR_INPUT (unknown option, missing or bad value; says what is allowed). */
int options_parse(int argc, char **argv, const param_t *table, void *options, int *words);

#endif
