/* SPDX-License-Identifier: BSD-3-Clause */
/* Linux wants offset, length and address of a direct read to be multiples of the sector of the
   disk, which 4096 is of all in use. So whole units are read, and the bytes that are wanted move to
   the front of the buffer. */
#define _GNU_SOURCE /* O_DIRECT */
#include "data/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/h5.h"

direct_t direct_none(void)
{
    return (direct_t){.file = -1};
}

static bool lies_in_one_piece(hid_t set, hid_t type)
{
    hid_t created = H5Dget_create_plist(set), stored = H5Dget_type(set);
    const bool is = H5Pget_layout(created) == H5D_CONTIGUOUS &&
                    H5Pget_external_count(created) == 0 && H5Tequal(stored, type) > 0;
    h5_close(&stored);
    h5_close(&created);
    return is;
}

direct_t direct_open(hid_t file, hid_t set, hid_t type)
{
    direct_t direct = direct_none();
    char path[64];
    void *handle = NULL;
    h5_quiet_t before = h5_quiet_begin();
    const haddr_t start = lies_in_one_piece(set, type) ? H5Dget_offset(set) : HADDR_UNDEF;
    if (start != HADDR_UNDEF && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0) {
        /* the same file, whatever has its name by now */
        snprintf(path, sizeof path, "/proc/self/fd/%d", *(const int *)handle);
        direct.file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
        direct.start = (int64_t)start;
    }
    h5_quiet_end(&before);
    return direct;
}

void direct_close(direct_t *direct)
{
    if (direct->file >= 0)
        close(direct->file);
    *direct = direct_none();
}

bool direct_read(const direct_t *direct, int64_t begin, int64_t count, void *buffer)
{
    const int64_t first = direct->start + begin, skipped = first % DIRECT_UNIT;
    const int64_t wanted = (skipped + count + DIRECT_UNIT - 1) / DIRECT_UNIT * DIRECT_UNIT;
    char *bytes = buffer;
    int64_t got = 0;
    while (direct->file >= 0 && got < skipped + count) {
        const ssize_t more = pread(direct->file, bytes + got, (size_t)(wanted - got),
                                   (off_t)(first - skipped + got));
        if (more == 0 || (more < 0 && errno != EINTR))
            return false;
        got += more > 0 ? more : 0;
    }
    if (skipped > 0)
        memmove(bytes, bytes + skipped, (size_t)count);
    return got >= skipped + count;
}
