/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of delimited text (RFC 4180 and its relatives): quoted fields may hold delimiters,
   doubled quotes and line ends; blank lines are skipped; blanks around an unquoted field are not
   part of it. */
#ifndef DATA_IMPORT_FIELDS_H
#define DATA_IMPORT_FIELDS_H

#include "data/import_stream.h"

typedef struct fields {
    stream_t *stream; /* owned */
    char delimiter;   /* ' ': any run of blanks */
    char **text;      /* [count]; valid until the next record */
    int count;
    int64_t line; /* where the record starts, from 1 */
    int capacity;
} fields_t;

/* delimiter 0: the one of comma, tab and semicolon that occurs most in the first record, else
   blanks. Errors: as stream_open. */
int fields_open(const char *path, char delimiter, fields_t **out);
void fields_close(fields_t **fields);
int fields_rewind(fields_t *fields);

/* Errors: as stream_line; TRALO_ERR_INPUT for a quote that is not closed or closed too early. */
int fields_next(fields_t *fields, bool *more);

#endif
