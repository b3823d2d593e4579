/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of a dataset straight from the disk, past HDF5 and past the system's page cache, where they
   lie in one piece as they are wanted in memory: contiguous, of the same type. What passes through
   the page cache is copied once more, and where the cache is too small for a file, to keep making
   room in it costs as much as reading. Nothing here is collective. */
#ifndef DATA_DIRECT_H
#define DATA_DIRECT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

/* Buffers begin at a multiple of DIRECT_UNIT bytes, and have DIRECT_SLACK bytes more than are
   wanted. What also lies at a multiple in the file needs not be moved. */
enum { DIRECT_UNIT = 4096, DIRECT_SLACK = 2 * DIRECT_UNIT };

typedef struct direct {
    int file;      /* -1: the dataset cannot be read so */
    int64_t start; /* of its bytes in the file */
} direct_t;

direct_t direct_none(void);

/* `set` of the open `file`, as numbers of the native type `type`. */
direct_t direct_open(hid_t file, hid_t set, hid_t type);
void direct_close(direct_t *direct);

/* Its bytes begin .. begin + count - 1 to buffer; false: not all of them could be read. */
bool direct_read(const direct_t *direct, int64_t begin, int64_t count, void *buffer);

#endif
