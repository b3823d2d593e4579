/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes or the lines of a file, front to back, whether it is plain, gzip or xz (told by its
   first bytes, not by its name). What is packed must be whole: each check sum is compared, and
   nothing but a further member (gzip) or stream (xz), or zeros, may follow. Memory: one buffer and
   the longest line. Not collective. */
#ifndef DATA_IMPORT_STREAM_H
#define DATA_IMPORT_STREAM_H

#include <stdint.h>

#include "base/error.h"

typedef struct stream stream_t;

/* Errors: TRALO_ERR_FILE (cannot open, empty, not a regular file, an archive or compression that is
   not read; says what to do), TRALO_ERR_MEMORY. */
int stream_open(const char *path, stream_t **out);
void stream_close(stream_t **stream);

/* Starts again at the first byte. Errors: TRALO_ERR_FILE. */
int stream_rewind(stream_t *stream);

/* The next line, zero-terminated, without its end (LF or CRLF) and, in the first, without the UTF-8
   mark; NULL after the last. Valid, and the caller's to change, until the next call. A last line
   without newline is a line. Errors: TRALO_ERR_FILE (cannot read, damaged), TRALO_ERR_INPUT (zero
   byte, line of more than 1 GiB), TRALO_ERR_MEMORY. */
int stream_line(stream_t *stream, char **line);

/* Appends a newline and the next line to the last one; NULL when there is none. */
int stream_join(stream_t *stream, char **line);

/* Up to `size` bytes; *got is less only at the end. Errors: TRALO_ERR_FILE. */
int stream_read(stream_t *stream, void *bytes, int64_t size, int64_t *got);

const char *stream_path(const stream_t *stream);
int64_t stream_number(const stream_t *stream); /* of the last line, from 1; 0 before the first */
int64_t stream_size(const stream_t *stream);   /* bytes of the file as it is stored */
bool stream_packed(const stream_t *stream);    /* gzip or xz */

#endif
