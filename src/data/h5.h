/* SPDX-License-Identifier: BSD-3-Clause */
/* HDF5 as the rooms use it: one-line errors, text in and out, ids closed in one way. Nothing here
   is collective; files are opened with the serial driver.

   An hid_t starts as H5I_INVALID_HID and is closed, at `out:`, with h5_close. `what` names the
   thing in messages, with its file ("data.h5: /y"). */
#ifndef DATA_H5_H
#define DATA_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Between the two HDF5 belongs to the thread that called, and does not print its error stack: the
   library is not safe for threads, and rows may be read ahead by one (read_ahead.h). Whatever calls
   HDF5 directly runs between them; pairs may nest. The caller must not wait for another thread that
   uses HDF5. */
typedef struct h5_quiet {
    H5E_auto2_t print;
    void *data;
} h5_quiet_t;
h5_quiet_t h5_quiet_begin(void);
void h5_quiet_end(const h5_quiet_t *before);
bool h5_is_ours(void); /* is this thread between the two? */

/* What HDF5 says about the call that has just failed, the innermost of its messages, on one line.
   Valid until the next call. */
const char *h5_reason(void);

/* Closes an id of any kind and sets it to H5I_INVALID_HID; an invalid one is accepted. */
void h5_close(hid_t *id);

/* Can the system open the file to read? Errors: TRALO_ERR_FILE (its own reason, a folder, empty).
 */
int h5_readable(const char *path);

/* Opens a file to read. Errors: TRALO_ERR_FILE (does not exist, may not be read, is a folder, not
   HDF5, truncated), each with its own message. */
int h5_open(const char *path, hid_t *out);

/* The same of one that another program may be writing: what it has flushed is there. */
int h5_open_growing(const char *path, hid_t *out);

/* Errors: TRALO_ERR_FILE where another program has the file open to write. Else, also where there
   is no such file, or none of its locks: TRALO_OK. */
int h5_unlocked(const char *path);

/* Makes an empty file, in place of an older one. Errors: TRALO_ERR_FILE (that of h5_unlocked too).
 */
int h5_create(const char *path, hid_t *out);

/* Closes a file that was written, once all other ids are closed: what is still in memory goes to
   disk now. Sets *file to H5I_INVALID_HID in any case. Errors: TRALO_ERR_FILE (disk full). */
int h5_finish(hid_t *file, const char *path);

/* Makes sure that the disk has room for the file as far as it goes in memory and `beyond` bytes
   more, where the file system can tell: HDF5 does not survive a flush that fails. Errors:
   TRALO_ERR_FILE (disk full, file too large). */
int h5_reserve(hid_t file, const char *path, int64_t beyond);

/* After a write has failed (disk full): what HDF5 still holds for the file of `at` (any id of it)
   goes nowhere from now on, so that its ids can be closed; HDF5 crashes at its end over one that it
   could not close. To be called before anything of the file is closed; the file is the caller's to
   remove. */
void h5_abandon(hid_t at);

/* Is there an object, or an attribute, of that name? */
bool h5_has(hid_t at, const char *name);
bool h5_has_attribute(hid_t at, const char *name);

/* The dimensions of a dataset or attribute, at most `most` of them, into dims; *rank is their
   number (0: scalar). Errors: TRALO_ERR_INPUT (more dimensions, no data space). */
int h5_dims(hid_t source, const char *what, int most, int64_t *dims, int *rank);

/* Reads `count` strings, of fixed or variable length, ASCII or UTF-8, from a dataset or attribute
   into texts [count], owned by the caller (also after a failure: start from NULLs).
   Errors: TRALO_ERR_INPUT (not strings, another count), TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int h5_read_strings(hid_t source, const char *what, int64_t count, char **texts);

/* The same from the attribute `name` of the object `at`, which `what` names; or one string of it.
 */
int h5_read_attribute_strings(hid_t at, const char *name, const char *what, int64_t count,
                              char **texts);
int h5_read_text(hid_t at, const char *name, const char *what, char **out);

/* Write texts [count] as a new dataset, or attribute, of UTF-8 strings as long as the longest; or
   one text as a scalar attribute of variable length, which h5py reads as a str. (Strings of
   variable length lie in a heap of the file, and HDF5 1.10 may crash or loop where that heap is
   damaged.) Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int h5_write_strings(hid_t at, const char *name, const char *const *texts, int64_t count);
int h5_write_attribute_strings(hid_t at, const char *name, const char *const *texts, int64_t count);
int h5_write_text(hid_t at, const char *name, const char *text);

/* Write a new contiguous dataset of numbers [dims, rank] from memory (values of memory type `type`,
   a native one, stored as such). Errors: TRALO_ERR_FILE. */
int h5_write_numbers(hid_t at, const char *name, hid_t type, int rank, const int64_t *dims,
                     const void *values);

#endif
