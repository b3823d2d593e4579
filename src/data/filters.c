/* SPDX-License-Identifier: BSD-3-Clause */
/* gzip, shuffle, fletcher32 and szip come with HDF5, which looks for all others in the folders of
   HDF5_PLUGIN_PATH. Numbers of filters: the registry of The HDF Group,
   https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md */
#include "data/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 32 };

typedef struct known {
    int number;
    const char *name, *help; /* where its plug-in is to be had */
} known_t;

/* Plug-ins serve every build of HDF5, whatever folder a distribution keeps them in. */
#define DEBIAN(package) "Debian has " package ", in /usr/lib/*/hdf5/serial/plugins"

static const known_t known[] = {
    {307, "bzip2", DEBIAN("hdf5-filter-plugin")},
    {32000, "lzf", DEBIAN("hdf5-plugin-lzf") ", which needs LD_PRELOAD=liblzf.so.1"},
    {32001, "blosc", DEBIAN("hdf5-filter-plugin-blosc-serial")},
    {32004, "lz4", DEBIAN("hdf5-filter-plugin")},
    {32008, "bitshuffle", "PyPI has hdf5plugin"},
    {32013, "zfp", DEBIAN("hdf5-filter-plugin-zfp-serial")},
    {32015, "zstd", "PyPI has hdf5plugin"},
    {32026, "blosc2", "PyPI has hdf5plugin"},
    {H5Z_FILTER_SZIP, "szip", "it is part of an HDF5 that was built with it"}};

static const known_t *find(int number)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return &known[i];
    return NULL;
}

/* The number of the i-th filter, and its name as it is known or, where it is not, stored. */
static int read_filter(hid_t created, unsigned i, char name[NAME], unsigned *level)
{
    unsigned flags, values[1] = {0};
    size_t count = 1;
    char stored[NAME] = "";
    int number = H5Pget_filter2(created, i, &flags, &count, values, sizeof stored, stored, NULL);
    const known_t *row = find(number);
    stored[NAME - 1] = '\0';
    snprintf(name, NAME, "%s", row != NULL ? row->name : stored[0] != '\0' ? stored : "?");
    *level = values[0];
    return number;
}

int filters_check(hid_t created, const char *what)
{
    int code = TRALO_OK;
    char name[NAME];
    unsigned level;
    const char *path = getenv("HDF5_PLUGIN_PATH");
    for (int i = 0; i < H5Pget_nfilters(created); i++) {
        int number = read_filter(created, (unsigned)i, name, &level);
        const known_t *row = find(number);
        if (number < 0 || H5Zfilter_avail(number) <= 0)
            FAIL(TRALO_ERR_INPUT,
                 "%s is compressed by %s (filter %d), for which HDF5 has no plug-in here. Install "
                 "it (%s) and put its folder into HDF5_PLUGIN_PATH (now %s%s%s); or store the file "
                 "anew where it can be read, with h5repack -f GZIP=4 or compression=\"gzip\" of "
                 "h5py",
                 what, name, number, row != NULL ? row->help : "ask its makers",
                 path != NULL ? "'" : "", path != NULL ? path : "not set", path != NULL ? "'" : "");
    }
out:
    return code;
}

void filters_text(hid_t created, char *text, size_t size)
{
    char name[NAME];
    unsigned level;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < H5Pget_nfilters(created) && used < size; i++) {
        const char *comma = i > 0 ? ", " : "";
        if (read_filter(created, (unsigned)i, name, &level) == H5Z_FILTER_DEFLATE)
            used += (size_t)snprintf(text + used, size - used, "%sgzip %u", comma, level);
        else
            used += (size_t)snprintf(text + used, size - used, "%s%s", comma, name);
    }
}
