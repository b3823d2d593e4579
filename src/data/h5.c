/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* memfd_create */
#include "data/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/direct.h"

enum { MOST_DIMS = 8, LONGEST_STRING = 1 << 20, LARGE = 1 << 20 };

static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int depth; /* of the pairs that this thread is in */

bool h5_is_ours(void)
{
    return depth > 0;
}

h5_quiet_t h5_quiet_begin(void)
{
    h5_quiet_t before = {NULL, NULL};
    if (depth++ == 0)
        pthread_mutex_lock(&library);
    H5Eget_auto2(H5E_DEFAULT, &before.print, &before.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return before;
}

void h5_quiet_end(const h5_quiet_t *before)
{
    ASSERT(h5_is_ours());
    H5Eset_auto2(H5E_DEFAULT, before->print, before->data);
    if (--depth == 0)
        pthread_mutex_unlock(&library);
}

static herr_t take_first(unsigned n, const H5E_error2_t *error, void *text)
{
    if (n == 0 && error->desc != NULL)
        snprintf(text, ERROR_TEXT / 2, "%s", error->desc);
    return 0;
}

const char *h5_reason(void)
{
    static _Thread_local char text[ERROR_TEXT / 2];
    ASSERT(h5_is_ours());
    snprintf(text, sizeof text, "no reason given");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, text);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    return text;
}

void h5_close(hid_t *id)
{
    ASSERT(h5_is_ours());
    if (*id >= 0)
        H5Idec_ref(*id);
    *id = H5I_INVALID_HID;
}

int h5_readable(const char *path)
{
    int code = TRALO_OK;
    struct stat status;
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        FAIL(TRALO_ERR_FILE, "cannot open %s: %s", path, strerror(errno));
    if (fstat(handle, &status) != 0)
        FAIL(TRALO_ERR_FILE, "cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        FAIL(TRALO_ERR_FILE, "cannot open %s: it is a folder", path);
    if (status.st_size == 0)
        FAIL(TRALO_ERR_FILE, "%s is empty", path);
out:
    if (handle >= 0)
        close(handle);
    return code;
}

/* Not every parallel file system has locks; where they are missing, HDF5 goes on without. What is
   large begins where disks can read it straight to memory. */
static hid_t access_list(bool lock)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(list, lock, true);
    H5Pset_alignment(list, LARGE, DIRECT_UNIT);
    return list;
}

static int open_file(const char *path, bool lock, hid_t *out)
{
    int code = TRALO_OK;
    hid_t file = H5I_INVALID_HID;
    TRY(h5_readable(path));
    h5_quiet_t before = h5_quiet_begin();
    hid_t access = access_list(lock);
    htri_t is_hdf5 = H5Fis_hdf5(path);
    if (is_hdf5 > 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    const char *reason = h5_reason();
    h5_close(&access);
    h5_quiet_end(&before);
    if (is_hdf5 == 0)
        FAIL(TRALO_ERR_FILE, "%s is not an HDF5 file", path);
    if (file < 0)
        FAIL(TRALO_ERR_FILE, "cannot open %s: truncated or damaged (HDF5: %s)", path, reason);
    *out = file;
out:
    return code;
}

int h5_open(const char *path, hid_t *out)
{
    return open_file(path, true, out);
}

int h5_open_growing(const char *path, hid_t *out)
{
    return open_file(path, false, out);
}

/* HDF5 locks what it writes, unless it is told not to, with flock. */
static bool locks_files(void)
{
    const char *use = getenv("HDF5_USE_FILE_LOCKING");
    return use == NULL || (strcmp(use, "FALSE") != 0 && strcmp(use, "0") != 0);
}

int h5_unlocked(const char *path)
{
    int code = TRALO_OK;
    int handle = locks_files() ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (handle >= 0 && flock(handle, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        FAIL(TRALO_ERR_FILE,
             "another program is writing %s (if there is none, and the file system has kept its "
             "lock, set HDF5_USE_FILE_LOCKING=FALSE)",
             path);
out:
    if (handle >= 0)
        close(handle);
    return code;
}

/* Does the disk take a few bytes? HDF5 crashes at its end over a file that it could not begin. */
static int check_writable(const char *path)
{
    int code = TRALO_OK;
    const char bytes[8192] = {0};
    int handle = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (handle < 0)
        FAIL(TRALO_ERR_FILE, "cannot create %s: %s", path, strerror(errno));
    errno = ENOSPC;
    if (write(handle, bytes, sizeof bytes) != sizeof bytes)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", path, strerror(errno));
out:
    if (handle >= 0)
        close(handle);
    return code;
}

int h5_create(const char *path, hid_t *out)
{
    int code = TRALO_OK;
    hid_t access = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    TRY(h5_unlocked(path));
    TRY(check_writable(path));
    access = access_list(true);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (file < 0)
        FAIL(TRALO_ERR_FILE, "cannot create %s: %s", path, h5_reason());
    *out = file;
out:
    h5_close(&access);
    h5_quiet_end(&before);
    return code;
}

int h5_reserve(hid_t file, const char *path, int64_t beyond)
{
    int code = TRALO_OK;
    void *handle = NULL;
    hsize_t size = 0;
    struct rlimit limit;
    h5_quiet_t before = h5_quiet_begin();
    if (H5Fget_filesize(file, &size) < 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0)
        goto out;
    off_t end = (off_t)size + (off_t)beyond;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && (rlim_t)end > limit.rlim_cur)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", path, strerror(EFBIG));
    if (fallocate(*(int *)handle, FALLOC_FL_KEEP_SIZE, 0, end) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", path, strerror(errno));
out:
    h5_quiet_end(&before);
    return code;
}

void h5_abandon(hid_t at)
{
    void *handle = NULL;
    h5_quiet_t before = h5_quiet_begin();
    struct rlimit limit;
    int nowhere = memfd_create("tralo", MFD_CLOEXEC);
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max; /* files in memory fall under it, too */
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    hid_t file = H5Iget_file_id(at);
    if (nowhere >= 0 && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0)
        dup2(nowhere, *(int *)handle);
    if (nowhere >= 0)
        close(nowhere);
    h5_close(&file);
    h5_quiet_end(&before);
}

int h5_finish(hid_t *file, const char *path)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    herr_t flushed = H5Fflush(*file, H5F_SCOPE_LOCAL);
    const char *reason = h5_reason();
    if (flushed < 0)
        h5_abandon(*file);
    herr_t closed = H5Fclose(*file);
    *file = H5I_INVALID_HID;
    if (flushed < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", path, reason);
    if (closed < 0)
        FAIL(TRALO_ERR_FILE, "cannot write %s: %s", path, h5_reason());
out:
    h5_quiet_end(&before);
    return code;
}

bool h5_has(hid_t at, const char *name)
{
    h5_quiet_t before = h5_quiet_begin();
    bool has = H5Lexists(at, name, H5P_DEFAULT) > 0 && H5Oexists_by_name(at, name, H5P_DEFAULT) > 0;
    h5_quiet_end(&before);
    return has;
}

bool h5_has_attribute(hid_t at, const char *name)
{
    h5_quiet_t before = h5_quiet_begin();
    bool has = H5Aexists(at, name) > 0;
    h5_quiet_end(&before);
    return has;
}

static bool is_attribute(hid_t source)
{
    return H5Iget_type(source) == H5I_ATTR;
}

static hid_t space_of(hid_t source)
{
    return is_attribute(source) ? H5Aget_space(source) : H5Dget_space(source);
}

static hid_t type_of(hid_t source)
{
    return is_attribute(source) ? H5Aget_type(source) : H5Dget_type(source);
}

static herr_t read_all(hid_t source, hid_t type, void *buffer)
{
    return is_attribute(source) ? H5Aread(source, type, buffer)
                                : H5Dread(source, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
}

int h5_dims(hid_t source, const char *what, int most, int64_t *dims, int *rank)
{
    int code = TRALO_OK;
    hsize_t sizes[H5S_MAX_RANK];
    h5_quiet_t before = h5_quiet_begin();
    hid_t space = space_of(source);
    int found = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (found < 0 || H5Sget_simple_extent_type(space) == H5S_NULL)
        FAIL(TRALO_ERR_INPUT, "%s holds no data", what);
    if (found > most)
        FAIL(TRALO_ERR_INPUT, "%s has %d dimensions, at most %d are possible", what, found, most);
    H5Sget_simple_extent_dims(space, sizes, NULL);
    for (int i = 0; i < found; i++) {
        if (sizes[i] > INT64_MAX)
            FAIL(TRALO_ERR_INPUT, "%s is damaged: its dimension %d is absurd", what, i);
        dims[i] = (int64_t)sizes[i];
    }
    *rank = found;
out:
    h5_close(&space);
    h5_quiet_end(&before);
    return code;
}

/* Variable length: HDF5 allocates each string. */
static int read_variable(hid_t source, hid_t type, const char *what, int64_t count, char **texts)
{
    int code = TRALO_OK;
    char **strings = NULL;
    bool filled = false;
    hid_t space = space_of(source);
    ALLOC(strings, count);
    filled = read_all(source, type, strings) >= 0;
    if (!filled)
        FAIL(TRALO_ERR_FILE, "cannot read %s: %s", what, h5_reason());
    for (int64_t i = 0; i < count; i++)
        TRY(mem_string(strings[i] == NULL ? "" : strings[i], &texts[i]));
out:
    if (filled)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, strings);
    h5_close(&space);
    mem_free(&strings);
    return code;
}

/* Fixed length: `size` bytes each, the last one a zero. */
static int read_fixed(hid_t source, hid_t type, const char *what, int64_t count, char **texts)
{
    int code = TRALO_OK;
    char *buffer = NULL;
    size_t size = H5Tget_size(type);
    TRY(mem_alloc(count, size, &buffer));
    if (read_all(source, type, buffer) < 0)
        FAIL(TRALO_ERR_FILE, "cannot read %s: %s", what, h5_reason());
    for (int64_t i = 0; i < count; i++)
        TRY(mem_string(buffer + (size_t)i * size, &texts[i]));
out:
    mem_free(&buffer);
    return code;
}

/* The type in memory for strings of the type `stored`: zero-terminated, the same character set. */
static int memory_type(hid_t stored, const char *what, bool *variable, hid_t *out)
{
    int code = TRALO_OK;
    hid_t type = H5Tcopy(H5T_C_S1);
    *variable = H5Tis_variable_str(stored) > 0;
    size_t size = *variable ? H5T_VARIABLE : H5Tget_size(stored) + 1;
    if (!*variable && size > LONGEST_STRING)
        FAIL(TRALO_ERR_INPUT, "%s has strings of %zu bytes, at most %d are possible", what,
             size - 1, LONGEST_STRING - 1);
    if (type < 0 || H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5Tget_cset(stored)) < 0)
        FAIL(TRALO_ERR_FILE, "cannot read %s: %s", what, h5_reason());
    *out = type;
    type = H5I_INVALID_HID;
out:
    h5_close(&type);
    return code;
}

int h5_read_strings(hid_t source, const char *what, int64_t count, char **texts)
{
    int code = TRALO_OK;
    int64_t dims[MOST_DIMS] = {0}, found = 1;
    int rank = 0;
    bool variable;
    hid_t type = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    hid_t stored = type_of(source);
    if (stored < 0 || H5Tget_class(stored) != H5T_STRING)
        FAIL(TRALO_ERR_INPUT, "%s must hold strings", what);
    TRY(h5_dims(source, what, 1, dims, &rank));
    for (int i = 0; i < rank; i++)
        found *= dims[i];
    if (found != count)
        FAIL(TRALO_ERR_INPUT, "%s holds %" PRId64 " strings, wanted are %" PRId64, what, found,
             count);
    TRY(memory_type(stored, what, &variable, &type));
    TRY((variable ? read_variable : read_fixed)(source, type, what, count, texts));
out:
    h5_close(&type);
    h5_close(&stored);
    h5_quiet_end(&before);
    return code;
}

int h5_read_attribute_strings(hid_t at, const char *name, const char *what, int64_t count,
                              char **texts)
{
    int code = TRALO_OK;
    char full[ERROR_TEXT / 2];
    h5_quiet_t before = h5_quiet_begin();
    hid_t attribute = H5Aopen(at, name, H5P_DEFAULT);
    snprintf(full, sizeof full, "%s attribute '%s'", what, name);
    if (attribute < 0)
        FAIL(TRALO_ERR_INPUT, "%s cannot be read: %s", full, h5_reason());
    TRY(h5_read_strings(attribute, full, count, texts));
out:
    h5_close(&attribute);
    h5_quiet_end(&before);
    return code;
}

int h5_read_text(hid_t at, const char *name, const char *what, char **out)
{
    int code = TRALO_OK;
    char *text = NULL;
    TRY(h5_read_attribute_strings(at, name, what, 1, &text));
    *out = text;
    text = NULL;
out:
    mem_free(&text);
    return code;
}

static hid_t text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_cset(type, H5T_CSET_UTF8);
    H5Tset_strpad(type, size == H5T_VARIABLE ? H5T_STR_NULLTERM : H5T_STR_NULLPAD);
    return type;
}

static hid_t make_space(int rank, const int64_t *dims)
{
    hsize_t sizes[MOST_DIMS] = {0};
    for (int i = 0; i < rank; i++)
        sizes[i] = (hsize_t)dims[i];
    return rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, sizes, NULL);
}

int h5_write_numbers(hid_t at, const char *name, hid_t type, int rank, const int64_t *dims,
                     const void *values)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    hid_t space = make_space(rank, dims);
    hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0 ||
        H5Dflush(set) < 0)
        FAIL(TRALO_ERR_FILE, "cannot write '%s': %s", name, h5_reason());
out:
    if (code != TRALO_OK)
        h5_abandon(at);
    h5_close(&set);
    h5_close(&space);
    h5_quiet_end(&before);
    return code;
}

/* texts [count] as [count, size] bytes, size being the length of the longest. */
static int pack(const char *const *texts, int64_t count, char **buffer, size_t *size)
{
    int code = TRALO_OK;
    size_t longest = 1;
    for (int64_t i = 0; i < count; i++)
        longest = strlen(texts[i]) > longest ? strlen(texts[i]) : longest;
    TRY(mem_alloc(count, longest, buffer));
    for (int64_t i = 0; i < count; i++)
        memcpy(*buffer + (size_t)i * longest, texts[i], strlen(texts[i]));
    *size = longest;
out:
    return code;
}

int h5_write_strings(hid_t at, const char *name, const char *const *texts, int64_t count)
{
    int code = TRALO_OK;
    char *buffer = NULL;
    size_t size;
    hid_t type = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    TRY(pack(texts, count, &buffer, &size));
    type = text_type(size);
    TRY(h5_write_numbers(at, name, type, 1, &count, buffer));
out:
    h5_close(&type);
    h5_quiet_end(&before);
    mem_free(&buffer);
    return code;
}

static int write_attribute(hid_t at, const char *name, hid_t type, hid_t space, const void *values)
{
    int code = TRALO_OK;
    h5_quiet_t before = h5_quiet_begin();
    hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, type, values) < 0)
        FAIL(TRALO_ERR_FILE, "cannot write the attribute '%s': %s", name, h5_reason());
out:
    h5_close(&attribute);
    h5_quiet_end(&before);
    return code;
}

int h5_write_attribute_strings(hid_t at, const char *name, const char *const *texts, int64_t count)
{
    int code = TRALO_OK;
    char *buffer = NULL;
    size_t size;
    hid_t type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    h5_quiet_t before = h5_quiet_begin();
    TRY(pack(texts, count, &buffer, &size));
    type = text_type(size);
    space = make_space(1, &count);
    TRY(write_attribute(at, name, type, space, buffer));
out:
    h5_close(&space);
    h5_close(&type);
    h5_quiet_end(&before);
    mem_free(&buffer);
    return code;
}

int h5_write_text(hid_t at, const char *name, const char *text)
{
    h5_quiet_t before = h5_quiet_begin();
    hid_t type = text_type(H5T_VARIABLE), space = make_space(0, NULL);
    int code = write_attribute(at, name, type, space, &text);
    h5_close(&space);
    h5_close(&type);
    h5_quiet_end(&before);
    return code;
}
