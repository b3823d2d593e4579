/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in of HDF5 for the tests: filter 300 (a number for testing) turns every bit over. */
#include <H5PLextern.h>
#include <hdf5.h>

static size_t turn_over(unsigned flags, size_t count, const unsigned values[], size_t bytes,
                        size_t *size, void **buffer)
{
    unsigned char *byte = *buffer;
    (void)flags;
    (void)count;
    (void)values;
    (void)size;
    for (size_t i = 0; i < bytes; i++)
        byte[i] ^= 0xff;
    return bytes;
}

static const H5Z_class2_t filter = {.version = H5Z_CLASS_T_VERS,
                                    .id = 300,
                                    .encoder_present = 1,
                                    .decoder_present = 1,
                                    .name = "turned over",
                                    .filter = turn_over};

H5PL_type_t H5PLget_plugin_type(void)
{
    return H5PL_TYPE_FILTER;
}

const void *H5PLget_plugin_info(void)
{
    return &filter;
}
