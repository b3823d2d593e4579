/* SPDX-License-Identifier: BSD-3-Clause */
#include "data_room/import_files.h"

#include <hdf5.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/h5.h"
#include "support.h"

char import_in[IMPORT_PATH], import_out[IMPORT_PATH], import_part[IMPORT_PATH + 8];

/* ---- the input ---------------------------------------------------------------------------------
 */
bool import_alone(void)
{
    test_path("out.h5", import_out, sizeof import_out);
    snprintf(import_part, sizeof import_part, "%s.part", import_out);
    return comm_rank(test_comm) == 0;
}

void import_put_bytes(const char *name, const void *bytes, size_t size)
{
    test_path(name, import_in, sizeof import_in);
    FILE *file = fopen(import_in, "wb");
    CU_ASSERT(file != NULL && fwrite(bytes, 1, size, file) == size);
    if (file != NULL)
        fclose(file);
}

void import_put(const char *name, const char *text)
{
    import_put_bytes(name, text, strlen(text));
}

void import_put_gz(const char *name, const void *bytes, size_t size)
{
    test_path(name, import_in, sizeof import_in);
    gzFile file = gzopen(import_in, "wb");
    CU_ASSERT(gzwrite(file, bytes, (unsigned)size) == (int)size);
    CU_ASSERT(gzclose(file) == Z_OK);
}

size_t import_get_bytes(void *bytes, size_t size)
{
    FILE *file = fopen(import_in, "rb");
    CU_ASSERT(file != NULL);
    const size_t length = file == NULL ? 0 : fread(bytes, 1, size, file);
    if (file != NULL)
        fclose(file);
    return length;
}

void import_put_xz(const char *name, const void *bytes, size_t size)
{
    static uint8_t packed[IMPORT_BIG];
    size_t length = 0;
    CU_ASSERT(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, bytes, size, packed, &length,
                                      sizeof packed) == LZMA_OK);
    import_put_bytes(name, packed, length);
}

/* ---- import and its output ---------------------------------------------------------------------
 */
int import_run(import_options_t options, import_report_t *report)
{
    options.input = import_in;
    options.output = import_out;
    log_setup(LOG_QUIET, false);
    const int code = import_file(&options, report);
    log_setup(LOG_NORMAL, comm_rank(test_comm) == 0);
    return code;
}

/* A dataset of the output, [count] at most; returns how many there are. */
static int get(const char *name, hid_t type, void *values, int count)
{
    h5_quiet_t before = h5_quiet_begin();
    hid_t file = H5Fopen(import_out, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    const int found = (int)H5Sget_simple_extent_npoints(space);
    if (found >= 0 && found <= count)
        CU_ASSERT(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    h5_close(&space);
    h5_close(&set);
    h5_close(&file);
    h5_quiet_end(&before);
    return found;
}

void import_check_set(const char *name, const double *wanted, int count)
{
    double values[256] = {0};
    const int found = get(name, H5T_NATIVE_DOUBLE, values, 256);
    CU_ASSERT_EQUAL(found, count);
    if (found != count)
        fprintf(stderr, "%s: %d numbers, wanted %d\n", name, found, count);
    for (int i = 0; i < count && i < found; i++)
        CHECK_CLOSE(values[i], wanted[i], 0);
}
/* The texts of a dataset, or of an attribute of it, joined by '|'. */
void import_check_texts(const char *object, const char *attribute, const char *wanted)
{
    char joined[1024] = "", *texts[32] = {NULL};
    int64_t dims[1] = {1};
    int rank = 0;
    h5_quiet_t before = h5_quiet_begin();
    hid_t file = H5Fopen(import_out, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t at = H5Oopen(file, object, H5P_DEFAULT);
    hid_t source = attribute != NULL ? H5Aopen(at, attribute, H5P_DEFAULT) : at;
    if (source >= 0 && h5_dims(source, object, 1, dims, &rank) == TRALO_OK && dims[0] <= 32)
        CHECK_OK(h5_read_strings(source, object, dims[0], texts));
    for (int i = 0; i < 32 && texts[i] != NULL; i++) {
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i > 0 ? "|" : "",
                 texts[i]);
        mem_free(&texts[i]);
    }
    CU_ASSERT_STRING_EQUAL(joined, wanted);
    if (strcmp(joined, wanted) != 0)
        fprintf(stderr, "%s: '%s', wanted '%s'\n", object, joined, wanted);
    if (attribute != NULL)
        h5_close(&source);
    h5_close(&at);
    h5_close(&file);
    h5_quiet_end(&before);
}

bool import_nothing_left(void)
{
    return access(import_out, F_OK) != 0 && access(import_part, F_OK) != 0;
}

/* ---- NumPy -------------------------------------------------------------------------------------
 */
void npy_begin(npy_t *npy, int version, const char *dict)
{
    const size_t length = strlen(dict) + 1, head = version == 1 ? 10 : 12;
    memset(npy, 0, sizeof *npy);
    memcpy(npy->bytes, "\x93NUMPY", 6);
    npy->bytes[6] = (unsigned char)version;
    npy->bytes[8] = (unsigned char)(length & 255);
    npy->bytes[9] = (unsigned char)(length >> 8);
    memcpy(npy->bytes + head, dict, length - 1);
    npy->bytes[head + length - 1] = '\n';
    npy->size = head + length;
}

static void npy_add(npy_t *npy, const void *value, size_t size, bool swap)
{
    const unsigned char *from = value;
    for (size_t i = 0; i < size; i++)
        npy->bytes[npy->size++] = from[swap ? size - 1 - i : i];
}

/* One number of a type, whatever it is. */
void npy_number(npy_t *npy, const char *type, double value)
{
    const bool swap = type[0] == '>';
    const float f4 = (float)value;
    const int64_t whole = (int64_t)value;
    const size_t size = (size_t)(type[2] - '0');
    if (strcmp(type + 1, "f8") == 0)
        npy_add(npy, &value, 8, swap);
    else if (strcmp(type + 1, "f4") == 0)
        npy_add(npy, &f4, 4, swap);
    else
        npy_add(npy, &whole, size, swap); /* little-endian: the low bytes come first */
}

void npy_array(npy_t *npy, int version, const char *type, bool fortran, int n, int p)
{
    char dict[128];
    snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }", type,
             fortran ? "True" : "False", n, p);
    npy_begin(npy, version, dict);
    for (int k = 0; k < n * p; k++) {
        const int i = fortran ? k % n : k / p, j = fortran ? k / n : k % p;
        npy_number(npy, type,
                   type[1] == 'b'   ? (i + j) % 2
                   : type[1] == 'u' ? 5 * i + j
                                    : 5 * i - j);
    }
}

void npy_put_y(char *path, int n)
{
    npy_t y;
    char dict[128];
    snprintf(dict, sizeof dict, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }", n);
    npy_begin(&y, 1, dict);
    for (int i = 0; i < n; i++)
        npy_number(&y, "<f8", 0.5 * i);
    import_put_bytes("y.npy", y.bytes, y.size);
    memcpy(path, import_in, sizeof import_in);
}
