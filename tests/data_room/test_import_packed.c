/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy arrays, and files packed by gzip or xz. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data_room/import_files.h"
#include "support.h"

static void every_numpy_type_and_order(void)
{
    if (!import_alone())
        return;
    static const char *const types[] = {"<f8", "<f4", "|i1", "<i2", "<i4", "<i8", "|u1",
                                        "<u2", "<u4", "<u8", "|b1", ">f8", ">f4"};
    char y[IMPORT_PATH];
    npy_t X;
    npy_put_y(y, 4);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int variant = 0; variant < 6; variant++) {
            double wanted[12];
            npy_array(&X, 1 + variant / 2, types[t], variant % 2 == 1, 4, 3);
            import_put_bytes("X.npy", X.bytes, X.size);
            for (int k = 0; k < 12; k++) {
                const int i = k / 3, j = k % 3;
                wanted[k] = types[t][1] == 'b'   ? (i + j) % 2
                            : types[t][1] == 'u' ? 5 * i + j
                                                 : 5 * i - j;
            }
            CHECK_OK(import_run((import_options_t){.y = y, .force = true}, NULL));
            import_check_set("X", wanted, 12);
            CHECK_SET("y", 0, 0.5, 1, 1.5);
        }
    CHECK_OK(
        import_run((import_options_t){.y = y, .weights = y, .offset = y, .force = true}, NULL));
    CHECK_SET("weights", 0, 0.5, 1, 1.5);
    CHECK_SET("offset", 0, 0.5, 1, 1.5);
}

static void missing_numbers_of_numpy_are_dropped(void)
{
    if (!import_alone())
        return;
    char y[IMPORT_PATH];
    npy_t X;
    import_report_t report;
    npy_put_y(y, 3);
    npy_begin(&X, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }");
    npy_number(&X, "<f8", 1);
    npy_number(&X, "<f8", NAN);
    npy_number(&X, "<f8", 3);
    import_put_bytes("X.npy", X.bytes, X.size);
    CHECK_FAILS(import_run((import_options_t){.y = y, .force = true}, NULL), TRALO_ERR_INPUT,
                "X.npy: row 1: column '0': the value is missing");
    CHECK_OK(import_run((import_options_t){.y = y, .missing_drop = true, .force = true}, &report));
    CU_ASSERT(report.n == 2 && report.dropped == 1);
    CHECK_SET("X", 1, 3);
    CHECK_SET("y", 0, 1);
}

static void compressed_files_are_the_same(void)
{
    if (!import_alone())
        return;
    const char *csv = "x,y\n1,2\n3,4\n", *svm = "1 1:5\n-1 2:6\n";
    char y[IMPORT_PATH];
    npy_t X;
    npy_put_y(y, 4);
    for (int kind = 0; kind < 2; kind++) {
        (kind == 0 ? import_put_gz("c.csv.gz", csv, strlen(csv))
                   : import_put_xz("c.csv.xz", csv, strlen(csv)));
        CHECK_OK(import_run((import_options_t){.target = "y", .force = true}, NULL));
        CHECK_SET("X", 1, 3);
        (kind == 0 ? import_put_gz("c.svm.gz", svm, strlen(svm))
                   : import_put_xz("c.svm.xz", svm, strlen(svm)));
        CHECK_OK(import_run((import_options_t){.force = true}, NULL));
        CHECK_SET("X/data", 5, 6);
        for (int fortran = 0; fortran < 2; fortran++) {
            npy_array(&X, 1, "<f4", fortran == 1, 4, 2);
            (kind == 0 ? import_put_gz("X.npy.gz", X.bytes, X.size)
                       : import_put_xz("X.npy.xz", X.bytes, X.size));
            CHECK_OK(import_run((import_options_t){.y = y, .force = true}, NULL));
            CHECK_SET("X", 0, -1, 5, 4, 10, 9, 15, 14);
        }
    }
}

static void truncated_compressed_files_are_refused(void)
{
    if (!import_alone())
        return;
    static char text[IMPORT_BIG];
    snprintf(text, sizeof text, "x,y\n");
    size_t size = strlen(text);
    for (int i = 0; i < 2000; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d,%d\n", i * i, i % 7);
    char truncated[IMPORT_PATH];
    test_path("cut", truncated, sizeof truncated);
    for (int kind = 0; kind < 2; kind++) {
        kind == 0 ? import_put_gz("whole", text, size) : import_put_xz("whole", text, size);
        static char bytes[IMPORT_BIG];
        const size_t length = import_get_bytes(bytes, sizeof bytes);
        unlink(import_out);
        for (size_t cut = 20; cut < length - 1; cut += length / 10) {
            import_put_bytes("cut", bytes, cut);
            CHECK_FAILS(import_run((import_options_t){.target = "y", .format = IMPORT_CSV}, NULL),
                        TRALO_ERR_FILE, "get a whole copy of the file");
            CU_ASSERT(import_nothing_left());
        }
    }
}

/* Members that are unpacked one after the other, and what may not stand behind them. */
static void gzip_members_are_read_to_the_end(void)
{
    if (!import_alone())
        return;
    static const struct {
        const char *behind; /* the first member */
        size_t size;
        bool whole;
    } cases[] = {{"", 0, true},
                 {"\0\0\0", 3, true},
                 {"rubbish", 7, false},
                 {"\x1F", 1, false},
                 {"\0\x1F\x8B", 3, false}};
    static unsigned char bytes[IMPORT_BIG];
    const char *const texts[2] = {"x,y\n1,2\n3,", "4\n5,6\n"};
    size_t size = 0, first = 0;
    for (int member = 0; member < 2; member++) {
        import_put_gz("member", texts[member], strlen(texts[member]));
        first = size;
        size += import_get_bytes(bytes + size, sizeof bytes - size);
    }
    import_put_bytes("members.csv.gz", bytes, size);
    CHECK_OK(import_run((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("X", 1, 3, 5);
    CHECK_SET("y", 2, 4, 6);
    unlink(import_out);
    bytes[first + 2] ^= 1; /* the method of the second member */
    import_put_bytes("members.csv.gz", bytes, size);
    CHECK_FAILS(import_run((import_options_t){.target = "y"}, NULL), TRALO_ERR_FILE, "damaged");
    import_put_gz("member", "x,y\n1,2\n3,4\n", 12);
    size = import_get_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(bytes + size, cases[i].behind, cases[i].size);
        import_put_bytes("behind.csv.gz", bytes, size + cases[i].size);
        const import_options_t options = {.target = "y", .force = true};
        if (cases[i].whole)
            CHECK_OK(import_run(options, NULL));
        else
            CHECK_FAILS(import_run(options, NULL), TRALO_ERR_FILE, "damaged or ends early");
    }
}

/* The numbers are all there, but what follows them is wrong. */
static void packed_arrays_are_read_to_the_end(void)
{
    if (!import_alone())
        return;
    static unsigned char bytes[IMPORT_BIG];
    char y[IMPORT_PATH];
    npy_t X;
    npy_put_y(y, 4);
    unlink(import_out);
    for (int fortran = 0; fortran < 2; fortran++) {
        npy_array(&X, 1, "<f8", fortran == 1, 4, 3);
        import_put_gz("X.npy.gz", X.bytes, X.size);
        const size_t size = import_get_bytes(bytes, sizeof bytes);
        bytes[size - 8] ^= 1; /* the check sum */
        import_put_bytes("X.npy.gz", bytes, size);
        CHECK_FAILS(import_run((import_options_t){.y = y}, NULL), TRALO_ERR_FILE, "damaged");
        import_put_gz("X.npy.gz", X.bytes, X.size + 1);
        CHECK_FAILS(import_run((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT, "holds more");
        CU_ASSERT(import_nothing_left());
    }
}

void suite_import_packed(void)
{
    static const test_case_t cases[] = {
        {"every NumPy type and order", every_numpy_type_and_order},
        {"missing numbers of NumPy are dropped", missing_numbers_of_numpy_are_dropped},
        {"compressed files are the same", compressed_files_are_the_same},
        {"truncated compressed files are refused", truncated_compressed_files_are_refused},
        {"gzip members are read to the end", gzip_members_are_read_to_the_end},
        {"packed arrays are read to the end", packed_arrays_are_read_to_the_end}};
    REGISTER("import packed", cases);
}
