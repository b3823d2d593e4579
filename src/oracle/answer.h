/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program left in its files: its value, and how it ended. Not collective. */
#ifndef ORACLE_ANSWER_H
#define ORACLE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

/* What was found. Where it is no finite number, why: in words that follow "the program ended, but
   ". */
typedef struct answer_value {
    bool found;
    double value;
    char why[160];
} answer_value_t;

/* The number `value` of the last line of the file that is a JSON object, in which NaN and Infinity
   may stand too, as Python writes them. Only the last MiB is looked at. */
void answer_last_json(const char *path, answer_value_t *out);

/* The file holds a number, or a JSON object with the number `value`. Likewise. */
void answer_file(const char *path, answer_value_t *out);

/* The last lines of a file in at most `size` - 1 bytes, line breaks as " | ", other control
   characters as spaces; "" where there is nothing. */
void answer_tail(const char *path, char *text, size_t size);

#endif
