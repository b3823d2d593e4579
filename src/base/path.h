/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold of a file before it is written. Local: call on one rank. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/error.h"

/* Do both name one file, by whatever links? Files that do not exist yet have
   one name in one folder. */
bool path_same(const char *a, const char *b);

/* Does it exist, but neither as a regular file nor as a folder: a device, a pipe? Such a thing must
   be written as it stands: a file renamed over /dev/null would take its place. */
bool path_special(const char *path);

/* A file that is in use; path NULL: none. Both borrowed. */
typedef struct path_use {
    const char *path;
    const char *what; /* "the data" */
} path_use_t;

/* Errors: TRALO_ERR_INPUT when `output` is one of used [count], whatever it holds now. */
int path_spare(const char *output, int count, const path_use_t *used);

#endif
