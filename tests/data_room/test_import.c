/* SPDX-License-Identifier: BSD-3-Clause */
/* Import is the work of one rank, so rank 0 alone runs these tests. */
#include <float.h>
#include <hdf5.h>
#include <lzma.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/h5.h"
#include "data/import.h"
#include "data/import_value.h"
#include "support.h"

enum { PATH = 320, BIG = 1 << 16 };

static char in_path[PATH], out_path[PATH], part_path[PATH + 8];

/* ---- files -------------------------------------------------------------------------------------
 */
static bool alone(void)
{
    test_path("out.h5", out_path, sizeof out_path);
    snprintf(part_path, sizeof part_path, "%s.part", out_path);
    return comm_rank(test_comm) == 0;
}

static void put_bytes(const char *name, const void *bytes, size_t size)
{
    test_path(name, in_path, sizeof in_path);
    FILE *file = fopen(in_path, "wb");
    CU_ASSERT(file != NULL && fwrite(bytes, 1, size, file) == size);
    if (file != NULL)
        fclose(file);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static int import(import_options_t options, import_report_t *report)
{
    options.input = in_path;
    options.output = out_path;
    log_setup(LOG_QUIET, false);
    const int code = import_file(&options, report);
    log_setup(LOG_NORMAL, comm_rank(test_comm) == 0);
    return code;
}

/* A dataset of the output, [count] at most; returns how many there are. */
static int get(const char *name, hid_t type, void *values, int count)
{
    h5_quiet_t before = h5_quiet_begin();
    hid_t file = H5Fopen(out_path, H5F_ACC_RDONLY, H5P_DEFAULT);
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

static void check_set(const char *name, const double *wanted, int count)
{
    double values[256] = {0};
    const int found = get(name, H5T_NATIVE_DOUBLE, values, 256);
    CU_ASSERT_EQUAL(found, count);
    if (found != count)
        fprintf(stderr, "%s: %d numbers, wanted %d\n", name, found, count);
    for (int i = 0; i < count && i < found; i++)
        CHECK_CLOSE(values[i], wanted[i], 0);
}
#define CHECK_SET(name, ...)                                                                       \
    do {                                                                                           \
        const double wanted_[] = {__VA_ARGS__};                                                    \
        check_set((name), wanted_, (int)(sizeof wanted_ / sizeof *wanted_));                       \
    } while (0)

/* The texts of a dataset, or of an attribute of it, joined by '|'. */
static void check_texts(const char *object, const char *attribute, const char *wanted)
{
    char joined[1024] = "", *texts[32] = {NULL};
    int64_t dims[1] = {1};
    int rank = 0;
    h5_quiet_t before = h5_quiet_begin();
    hid_t file = H5Fopen(out_path, H5F_ACC_RDONLY, H5P_DEFAULT);
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

static bool nothing_left(void)
{
    return access(out_path, F_OK) != 0 && access(part_path, F_OK) != 0;
}

/* ---- CSV ---------------------------------------------------------------------------------------
 */
static void fields_are_numbers_words_or_missing(void)
{
    static const struct {
        const char *text;
        value_kind_t kind;
        double number;
    } cases[] = {{"1", VALUE_NUMBER, 1},     {"-2.5e3", VALUE_NUMBER, -2500},
                 {"+.5", VALUE_NUMBER, 0.5}, {"1e-400", VALUE_NUMBER, 0},
                 {"", VALUE_MISSING, 0},     {"NA", VALUE_MISSING, 0},
                 {"NaN", VALUE_MISSING, 0},  {"nan", VALUE_MISSING, 0},
                 {"?", VALUE_MISSING, 0},    {"null", VALUE_MISSING, 0},
                 {"inf", VALUE_WORD, 0},     {"1e999", VALUE_WORD, 0},
                 {"0x10", VALUE_WORD, 0},    {"1,5", VALUE_WORD, 0},
                 {"1 2", VALUE_WORD, 0},     {"-", VALUE_WORD, 0},
                 {"nano", VALUE_WORD, 0},    {"Nancy", VALUE_WORD, 0},
                 {"1.5.2", VALUE_WORD, 0},   {"e5", VALUE_WORD, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double number = 0;
        CU_ASSERT_EQUAL(value_read(cases[i].text, &number), cases[i].kind);
        CHECK_CLOSE(number, cases[i].number, 0);
    }
}

static void a_csv_with_everything(void)
{
    if (!alone())
        return;
    static const char *const drop[] = {"id"}, *const one_hot[] = {"colour"};
    import_report_t report;
    put("all.csv", "\xEF\xBB\xBF"
                   "id,\"size, \"\"cm\"\"\",colour,w,time,class,x\r\n"
                   "a\"b\"c,1,\"dark, red\",1,1,yes,0\r\n"
                   "\"two\nlines\",2.5,blue,0, 2.718281828459045 ,no,-1e2\r\n"
                   "\r\n"
                   "c,\"3\",\"dark, red\",2.5,1,yes,7");
    CHECK_OK(import((import_options_t){.target = "class",
                                       .weights = "w",
                                       .log_offset = "time",
                                       .drop = drop,
                                       .drop_count = 1,
                                       .one_hot = one_hot,
                                       .one_hot_count = 1,
                                       .force = true},
                    &report));
    CU_ASSERT(report.n == 3 && report.p == 4 && report.dropped == 0 && report.nonzeros == -1);
    CHECK_SET("X", 1, 0, 1, 0, 2.5, 1, 0, -100, 3, 0, 1, 7);
    CHECK_SET("y", 1, -1, 1);
    CHECK_SET("weights", 1, 0, 2.5);
    CHECK_SET("offset", 0, 1, 0);
    check_texts("/feature_names", NULL, "size, \"cm\"|colour=blue|colour=dark, red|x");
    check_texts("/y", "labels", "no|yes");
    check_texts("/y", "name", "class");
    check_texts("/weights", "name", "w");
    check_texts("/offset", "name", "log(time)");
    check_texts("/", "source", "all.csv");
    check_texts("/", "tralo", tralo_version());
}

static void delimiters_are_found_out(void)
{
    if (!alone())
        return;
    static const char *const texts[] = {"a,y\n1,2\n3,4\n",
                                        "a\ty\n1\t2\n3\t4\n",
                                        "a;y\n1;2\n3;4",
                                        "a y\n1 2\n3 4\n",
                                        "  a   y \n 1\t 2\n\n3     4  \n",
                                        "\"a\" \"y\"\n\"1\" 2\n3 4\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put("d.txt", texts[i]);
        CHECK_OK(import((import_options_t){.target = "y", .force = true}, NULL));
        CHECK_SET("X", 1, 3);
        CHECK_SET("y", 2, 4);
        check_texts("/feature_names", NULL, "a");
    }
    put("d.txt", "a,b|y\n1|2\n3|4\n");
    CHECK_OK(import((import_options_t){.target = "y", .delimiter = '|', .force = true}, NULL));
    check_texts("/feature_names", NULL, "a,b");
}

static void columns_without_header_have_numbers(void)
{
    if (!alone())
        return;
    static const char *const drop[] = {"1,c4"};
    put("bare.csv", "9,1,2,8\n9,3,4,8\n");
    CHECK_OK(import(
        (import_options_t){
            .target = "3", .no_header = true, .drop = drop, .drop_count = 1, .force = true},
        NULL));
    CHECK_SET("X", 1, 3);
    CHECK_SET("y", 2, 4);
    check_texts("/feature_names", NULL, "c2");
    check_texts("/y", "name", "c3");
}

static void categories_become_columns(void)
{
    if (!alone())
        return;
    static const char *const automatic[] = {"auto"}, *const numbers[] = {"n"};
    put("cat.csv", "n,c,y\n10,b,1\n9,a,2\n10,2,3\n");
    CHECK_OK(import(
        (import_options_t){.target = "y", .one_hot = automatic, .one_hot_count = 1, .force = true},
        NULL));
    check_texts("/feature_names", NULL, "n|c=2|c=a|c=b");
    CHECK_SET("X", 10, 0, 0, 1, 9, 0, 1, 0, 10, 1, 0, 0);
    CHECK_OK(import((import_options_t){.target = "y",
                                       .one_hot = automatic,
                                       .one_hot_count = 1,
                                       .one_hot_drop_first = true,
                                       .force = true},
                    NULL));
    check_texts("/feature_names", NULL, "n|c=a|c=b");
    CHECK_SET("X", 10, 0, 1, 9, 1, 0, 10, 0, 0);
    static const char *const drop[] = {"c"};
    CHECK_OK(import((import_options_t){.target = "y",
                                       .one_hot = numbers,
                                       .one_hot_count = 1,
                                       .drop = drop,
                                       .drop_count = 1,
                                       .force = true},
                    NULL));
    check_texts("/feature_names", NULL, "n=9|n=10");
    CHECK_SET("X", 0, 1, 1, 0, 0, 1);
}

static void labels_become_minus_and_plus_one(void)
{
    if (!alone())
        return;
    put("l.csv", "x,y\n1,0\n2,1.0\n3,1\n");
    CHECK_OK(import((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("y", 0, 1, 1);
    check_texts("/y", "labels", "");
    CHECK_OK(import((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", -1, 1, 1);
    check_texts("/y", "labels", "0|1.0");
    CHECK_OK(import((import_options_t){.target = "y", .labels = "1,0", .force = true}, NULL));
    CHECK_SET("y", 1, -1, -1);
    check_texts("/y", "labels", "1|0");
    put("l.csv", "x,y\n1,b\n2,a\n3,b\n");
    CHECK_OK(import((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("y", 1, -1, 1);
    CHECK_OK(import((import_options_t){.target = "y", .labels = "b, a", .force = true}, NULL));
    CHECK_SET("y", -1, 1, -1);
    put("l.csv", "x,y\n1,b\n2,0\n3,b\n");
    CHECK_OK(import((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", 1, -1, 1);
    put("l.csv", "x,y\n1,10\n2,9\n3,9\n");
    CHECK_OK(import((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", 1, -1, -1);
}

static void rows_with_missing_values_are_dropped(void)
{
    if (!alone())
        return;
    static const char *const drop[] = {"d"}, *const one_hot[] = {"c"};
    import_report_t report;
    put("m.csv", "x,c,y,d\n1,a,1,\n,b,2,0\nNA,b,2,0\n2,?,2,0\n3,a,NaN,0\n4,a,5,NA\n");
    CHECK_OK(import((import_options_t){.target = "y",
                                       .missing_drop = true,
                                       .drop = drop,
                                       .drop_count = 1,
                                       .one_hot = one_hot,
                                       .one_hot_count = 1,
                                       .force = true},
                    &report));
    CU_ASSERT(report.n == 2 && report.dropped == 4);
    CHECK_SET("X", 1, 1, 4, 1);
    CHECK_SET("y", 1, 5);
    check_texts("/feature_names", NULL, "x|c=a");
}

static void storage_follows_the_options(void)
{
    if (!alone())
        return;
    put("s.csv", "x,y\n0.1,1\n2,0.1\n");
    CHECK_OK(
        import((import_options_t){.target = "y", .float32 = true, .gzip = 6, .force = true}, NULL));
    CHECK_SET("X", (double)0.1f, 2);
    CHECK_SET("y", 1, 0.1);
    hid_t file = H5Fopen(out_path, H5F_ACC_RDONLY, H5P_DEFAULT),
          set = H5Dopen2(file, "X", H5P_DEFAULT);
    hid_t type = H5Dget_type(set), list = H5Dget_create_plist(set);
    CU_ASSERT(H5Tget_size(type) == 4);
    CU_ASSERT(H5Pget_layout(list) == H5D_CHUNKED && H5Pget_nfilters(list) == 2);
    h5_close(&list);
    h5_close(&type);
    h5_close(&set);
    h5_close(&file);
}

/* ---- LIBSVM ------------------------------------------------------------------------------------
 */
static void libsvm_becomes_csr(void)
{
    if (!alone())
        return;
    import_report_t report;
    put("a.svm", "# a comment\n+1 1:0.5 3:-2 # behind\r\n-1\n\n+1 qid:7 2:1e1 4:0");
    CHECK_OK(import((import_options_t){.force = true}, &report));
    CU_ASSERT(report.n == 3 && report.p == 4 && report.nonzeros == 4);
    CHECK_SET("X/data", 0.5, -2, 10, 0);
    CHECK_SET("X/indices", 0, 2, 1, 3);
    CHECK_SET("X/indptr", 0, 2, 2, 4);
    CHECK_SET("y", 1, -1, 1);
    check_texts("/X", "encoding-type", "csr_matrix");
    CHECK_OK(import((import_options_t){.force = true, .dense = true, .features = 5}, &report));
    CU_ASSERT(report.p == 5 && report.nonzeros == -1);
    CHECK_SET("X", 0.5, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0);
    put("a.txt", "2 0:1 1:5\n1 1:2\n2\n");
    CHECK_OK(import((import_options_t){.force = true, .zero_based = true, .classify = true}, NULL));
    CHECK_SET("X/data", 1, 5, 2);
    CHECK_SET("X/indices", 0, 1, 1);
    CHECK_SET("y", 1, -1, 1);
    check_texts("/y", "labels", "1|2");
}

/* ---- NumPy -------------------------------------------------------------------------------------
 */
typedef struct npy {
    unsigned char bytes[4096];
    size_t size;
} npy_t;

static void npy_begin(npy_t *npy, int version, const char *dict)
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
static void npy_number(npy_t *npy, const char *type, double value)
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

static void npy_array(npy_t *npy, int version, const char *type, bool fortran, int n, int p)
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

static void put_y(char *path, int n)
{
    npy_t y;
    char dict[128];
    snprintf(dict, sizeof dict, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }", n);
    npy_begin(&y, 1, dict);
    for (int i = 0; i < n; i++)
        npy_number(&y, "<f8", 0.5 * i);
    put_bytes("y.npy", y.bytes, y.size);
    memcpy(path, in_path, sizeof in_path);
}

static void every_numpy_type_and_order(void)
{
    if (!alone())
        return;
    static const char *const types[] = {"<f8", "<f4", "|i1", "<i2", "<i4", "<i8", "|u1",
                                        "<u2", "<u4", "<u8", "|b1", ">f8", ">f4"};
    char y[PATH];
    npy_t X;
    put_y(y, 4);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int variant = 0; variant < 6; variant++) {
            double wanted[12];
            npy_array(&X, 1 + variant / 2, types[t], variant % 2 == 1, 4, 3);
            put_bytes("X.npy", X.bytes, X.size);
            for (int k = 0; k < 12; k++) {
                const int i = k / 3, j = k % 3;
                wanted[k] = types[t][1] == 'b'   ? (i + j) % 2
                            : types[t][1] == 'u' ? 5 * i + j
                                                 : 5 * i - j;
            }
            CHECK_OK(import((import_options_t){.y = y, .force = true}, NULL));
            check_set("X", wanted, 12);
            CHECK_SET("y", 0, 0.5, 1, 1.5);
        }
    CHECK_OK(import((import_options_t){.y = y, .weights = y, .offset = y, .force = true}, NULL));
    CHECK_SET("weights", 0, 0.5, 1, 1.5);
    CHECK_SET("offset", 0, 0.5, 1, 1.5);
}

static void missing_numbers_of_numpy_are_dropped(void)
{
    if (!alone())
        return;
    char y[PATH];
    npy_t X;
    import_report_t report;
    put_y(y, 3);
    npy_begin(&X, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }");
    npy_number(&X, "<f8", 1);
    npy_number(&X, "<f8", NAN);
    npy_number(&X, "<f8", 3);
    put_bytes("X.npy", X.bytes, X.size);
    CHECK_FAILS(import((import_options_t){.y = y, .force = true}, NULL), TRALO_ERR_INPUT,
                "X.npy: row 1: column '0': the value is missing");
    CHECK_OK(import((import_options_t){.y = y, .missing_drop = true, .force = true}, &report));
    CU_ASSERT(report.n == 2 && report.dropped == 1);
    CHECK_SET("X", 1, 3);
    CHECK_SET("y", 0, 1);
}

/* ---- compressed files --------------------------------------------------------------------------
 */
static void put_gz(const char *name, const void *bytes, size_t size)
{
    test_path(name, in_path, sizeof in_path);
    gzFile file = gzopen(in_path, "wb");
    CU_ASSERT(gzwrite(file, bytes, (unsigned)size) == (int)size);
    CU_ASSERT(gzclose(file) == Z_OK);
}

/* The file that was put last. */
static size_t get_bytes(void *bytes, size_t size)
{
    FILE *file = fopen(in_path, "rb");
    CU_ASSERT(file != NULL);
    const size_t length = file == NULL ? 0 : fread(bytes, 1, size, file);
    if (file != NULL)
        fclose(file);
    return length;
}

static size_t put_xz(const char *name, const void *bytes, size_t size)
{
    static uint8_t packed[BIG];
    size_t length = 0;
    CU_ASSERT(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, bytes, size, packed, &length,
                                      sizeof packed) == LZMA_OK);
    put_bytes(name, packed, length);
    return length;
}

static void compressed_files_are_the_same(void)
{
    if (!alone())
        return;
    const char *csv = "x,y\n1,2\n3,4\n", *svm = "1 1:5\n-1 2:6\n";
    char y[PATH];
    npy_t X;
    put_y(y, 4);
    for (int kind = 0; kind < 2; kind++) {
        (kind == 0 ? put_gz("c.csv.gz", csv, strlen(csv))
                   : (void)put_xz("c.csv.xz", csv, strlen(csv)));
        CHECK_OK(import((import_options_t){.target = "y", .force = true}, NULL));
        CHECK_SET("X", 1, 3);
        (kind == 0 ? put_gz("c.svm.gz", svm, strlen(svm))
                   : (void)put_xz("c.svm.xz", svm, strlen(svm)));
        CHECK_OK(import((import_options_t){.force = true}, NULL));
        CHECK_SET("X/data", 5, 6);
        for (int fortran = 0; fortran < 2; fortran++) {
            npy_array(&X, 1, "<f4", fortran == 1, 4, 2);
            (kind == 0 ? put_gz("X.npy.gz", X.bytes, X.size)
                       : (void)put_xz("X.npy.xz", X.bytes, X.size));
            CHECK_OK(import((import_options_t){.y = y, .force = true}, NULL));
            CHECK_SET("X", 0, -1, 5, 4, 10, 9, 15, 14);
        }
    }
}

static void truncated_compressed_files_are_refused(void)
{
    if (!alone())
        return;
    static char text[BIG];
    snprintf(text, sizeof text, "x,y\n");
    size_t size = strlen(text);
    for (int i = 0; i < 2000; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d,%d\n", i * i, i % 7);
    char truncated[PATH];
    test_path("cut", truncated, sizeof truncated);
    for (int kind = 0; kind < 2; kind++) {
        kind == 0 ? put_gz("whole", text, size) : (void)put_xz("whole", text, size);
        static char bytes[BIG];
        const size_t length = get_bytes(bytes, sizeof bytes);
        unlink(out_path);
        for (size_t cut = 20; cut < length - 1; cut += length / 10) {
            put_bytes("cut", bytes, cut);
            CHECK_FAILS(import((import_options_t){.target = "y", .format = IMPORT_CSV}, NULL),
                        TRALO_ERR_FILE, "get a whole copy of the file");
            CU_ASSERT(nothing_left());
        }
    }
}

/* Members that are unpacked one after the other, and what may not stand behind them. */
static void gzip_members_are_read_to_the_end(void)
{
    if (!alone())
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
    static unsigned char bytes[BIG];
    const char *const texts[2] = {"x,y\n1,2\n3,", "4\n5,6\n"};
    size_t size = 0, first = 0;
    for (int member = 0; member < 2; member++) {
        put_gz("member", texts[member], strlen(texts[member]));
        first = size;
        size += get_bytes(bytes + size, sizeof bytes - size);
    }
    put_bytes("members.csv.gz", bytes, size);
    CHECK_OK(import((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("X", 1, 3, 5);
    CHECK_SET("y", 2, 4, 6);
    unlink(out_path);
    bytes[first + 2] ^= 1; /* the method of the second member */
    put_bytes("members.csv.gz", bytes, size);
    CHECK_FAILS(import((import_options_t){.target = "y"}, NULL), TRALO_ERR_FILE, "damaged");
    put_gz("member", "x,y\n1,2\n3,4\n", 12);
    size = get_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(bytes + size, cases[i].behind, cases[i].size);
        put_bytes("behind.csv.gz", bytes, size + cases[i].size);
        const import_options_t options = {.target = "y", .force = true};
        if (cases[i].whole)
            CHECK_OK(import(options, NULL));
        else
            CHECK_FAILS(import(options, NULL), TRALO_ERR_FILE, "damaged or ends early");
    }
}

/* The numbers are all there, but what follows them is wrong. */
static void packed_arrays_are_read_to_the_end(void)
{
    if (!alone())
        return;
    static unsigned char bytes[BIG];
    char y[PATH];
    npy_t X;
    put_y(y, 4);
    unlink(out_path);
    for (int fortran = 0; fortran < 2; fortran++) {
        npy_array(&X, 1, "<f8", fortran == 1, 4, 3);
        put_gz("X.npy.gz", X.bytes, X.size);
        const size_t size = get_bytes(bytes, sizeof bytes);
        bytes[size - 8] ^= 1; /* the check sum */
        put_bytes("X.npy.gz", bytes, size);
        CHECK_FAILS(import((import_options_t){.y = y}, NULL), TRALO_ERR_FILE, "damaged");
        put_gz("X.npy.gz", X.bytes, X.size + 1);
        CHECK_FAILS(import((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT, "holds more");
        CU_ASSERT(nothing_left());
    }
}

/* ---- errors ------------------------------------------------------------------------------------
 */
typedef struct bad_case {
    const char *name, *text;
    import_options_t options;
    const char *part;
} bad_case_t;

static const char *const list_y[] = {"x,y"}, *const list_nme[] = {"nme"}, *const list_x[] = {"x"};

static const bad_case_t bad_csv[] = {
    {"b.csv",
     "x,y\n1,1\nabc,2\n",
     {.target = "y"},
     "b.csv:3: column 'x': 'abc' is not a finite number; "},
    {"b.csv", "x;y\n1,5;1\n2;2\n", {.target = "y"}, "write decimal points"},
    {"b.csv", "x,y\n1,1\ninf,2\n", {.target = "y"}, "'inf' is not a finite number"},
    {"b.csv",
     "x,y\n1,1\n1e99,2\n",
     {.target = "y", .float32 = true},
     ":3: column 'x': 1e+99 is too large"},
    {"b.csv", "x,y\n1,1\n,2\n", {.target = "y"}, "b.csv:3: column 'x': the value is missing"},
    {"b.csv",
     "x,y\n1,1\n2,NA\n",
     {.target = "y"},
     "b.csv:3: column 'y': the value is missing ('NA')"},
    {"b.csv", "x,y\n1,1\n2\n", {.target = "y"}, "b.csv:3: 1 fields where the first line has 2"},
    {"b.csv", "x,y\n1,1\n\"2\n\",2,3\n", {.target = "y"}, "b.csv:3: 3 fields where"},
    {"b.csv", "x,y\n\"1,1\n2,3\n", {.target = "y"}, "b.csv:2: a quote opened here is not closed"},
    {"b.csv", "x,y\n\"1\"a\",\"1\n2,3\n", {.target = "y"}, "b.csv:2: text after a closing quote"},
    {"b.csv", "x,y\n", {.target = "y"}, "b.csv: holds no rows"},
    {"b.csv", "\n \n", {.target = "y"}, "b.csv: is empty"},
    {"b.csv",
     "x,y\n1,5\n2,5\n",
     {.target = "y"},
     "column 'y': the target is constant (5 in every row)"},
    {"b.csv", "x,y\n1,5\n2,6\n", {.target = "Z"}, "there is no column 'Z'"},
    {"b.csv",
     "name,y\n1,5\n2,6\n",
     {.target = "y", .drop = list_nme, .drop_count = 1},
     "did you mean one of 'name'"},
    {"b.csv", "x,y\n1,5\n2,6\n", {.target = NULL}, "Say --target NAME; the columns are 'x', 'y'"},
    {"b.csv", "x,x,y\n1,5,1\n", {.target = "y"}, "two columns are called 'x'"},
    {"b.csv",
     "x,y\n1,5\n",
     {.target = "y", .drop = list_y, .drop_count = 1},
     "column 'y' is given to both --target and --drop"},
    {"b.csv",
     "x,y\n1,5\n",
     {.target = "y", .weights = "y"},
     "given to both --target and --weights"},
    {"b.csv",
     "x,y\n1,5\n2,6\n",
     {.target = "y", .drop = list_x, .drop_count = 1},
     "no column is left as a feature"},
    {"b.csv", "1,2\n3,4\n", {.target = "y"}, "use --no-header"},
    {"b.csv",
     "x,y\n1,a\n2,b\n3,c\n",
     {.target = "y"},
     "b.csv:2: column 'y': the target 'a' is not a finite number"},
    {"b.csv",
     "x,y\n1,1\n2,2\n3,c\n",
     {.target = "y"},
     "b.csv:4: column 'y': the target 'c' is not"},
    {"b.csv",
     "x,y\n1,5\n2,1e309\n3,5\n",
     {.target = "y"},
     "b.csv:3: column 'y': the target '1e309' is not a finite number, and the other value is one"},
    {"b.csv", "x,y\n1,5\n2,N/A\n", {.target = "y"}, "b.csv:3: column 'y': the value is missing"},
    {"b.csv", "x,y\r1,2\r3,4\r", {.target = "y"}, "b.csv:1: lines end in carriage returns alone"},
    {"b.csv",
     "x,y\n1,1\n2,2\n3,3\n",
     {.target = "y", .classify = true},
     "--classify needs two distinct values"},
    {"b.csv",
     "x,y\n1,a\n2,b\n",
     {.target = "y", .labels = "a,c"},
     "b.csv:3: column 'y': 'b' is neither of --labels a,c"},
    {"b.csv", "x,y\n1,a\n2,b\n", {.target = "y", .labels = "a"}, "write two labels"},
    {"b.csv", "x,y\n1,a\n2,b\n", {.target = "y", .labels = "1,1.0"}, "the two labels are the same"},
    {"b.csv",
     "x,w,y\n1,1,2\n1,-1,3\n",
     {.target = "y", .weights = "w"},
     ":3: column 'w': the weight -1 is negative"},
    {"b.csv",
     "x,w,y\n1,0,2\n1,0,3\n",
     {.target = "y", .weights = "w"},
     "column 'w': all weights are 0"},
    {"b.csv",
     "x,t,y\n1,1,2\n1,0,3\n",
     {.target = "y", .log_offset = "t"},
     ":3: column 't': 0 has no logarithm"},
    {"b.csv",
     "x,t,y\n1,1,2\n",
     {.target = "y", .log_offset = "t", .offset = "x"},
     "exclude each other"},
    {"b.csv",
     "x,y\n1,5\n",
     {.target = "y", .dense = true},
     "--dense is not an option for CSV input"},
    {"b.csv",
     "x,y\n,1\n,2\n",
     {.target = "y", .missing_drop = true},
     "holds no rows without missing values"},
    {"b.csv",
     "\xFF\xFE"
     "a,b",
     {.target = "y"},
     "is UTF-16 text"},
    {"b.csv", "PK\x03\x04", {.target = "y"}, "unzip"},
    {"b.csv", "BZh9", {.target = "y"}, "bunzip2"},
    {"b.csv", "\x28\xB5\x2F\xFD", {.target = "y"}, "unzstd"},
    {"b.csv", "\x89HDF\r\n", {.target = "y"}, "is HDF5 already"},
};

static const bad_case_t bad_svm[] = {
    {"b.svm", "1 1:1\n-1 2:1 2:5\n", {0}, "b.svm:2: index 2 occurs twice; give"},
    {"b.svm", "1 1:1\n-1 3:1 2:5\n", {0}, "b.svm:2: index 2 is smaller than the one before"},
    {"b.svm", "1 0:1\n-1 3:1\n", {0}, "b.svm:1: index 0, but indices start at 1; use --zero-based"},
    {"b.svm", "1 1:1\n-1 2:x\n", {0}, "b.svm:2: column '2': 'x' is not a finite number"},
    {"b.svm", "1 1:1\n-1 2:nan\n", {0}, "b.svm:2: column '2': the value is missing"},
    {"b.svm", "1 1:1\n-1 x\n", {0}, "b.svm:2: 'x' is not index:value"},
    {"b.svm", "1 1:1\n-1 -1:2\n", {0}, "'-1:2' is not index:value"},
    {"b.svm", "1 1:1\n1:2\n", {0}, "b.svm:2: the label is missing before '1:2'"},
    {"b.svm",
     "1 1:1\n-1 3:2\n",
     {.features = 2},
     "b.svm:2: index 3 is beyond the 2 features of --features"},
    {"b.svm", "1 1:1\n-1 99999999999:2\n", {0}, "is beyond the"},
    {"b.svm", "1\n-1\n", {0}, "no row has a feature"},
    {"b.svm", "# nothing\n", {0}, "holds no rows"},
    {"b.svm", "1 1:1\n1 1:2\n", {0}, "the target is constant"},
    {"b.svm", "1 1:1\n-1 1:2\n", {.target = "y"}, "--target is not an option for LIBSVM input"},
};

static void check_bad(const bad_case_t *cases, size_t count)
{
    unlink(out_path);
    for (size_t i = 0; i < count; i++) {
        put(cases[i].name, cases[i].text);
        CHECK_FAILS(import(cases[i].options, NULL), TRALO_ERR_INPUT, cases[i].part);
        CU_ASSERT(nothing_left());
    }
}

static void bad_text_is_refused_with_its_place(void)
{
    if (!alone())
        return;
    check_bad(bad_csv, sizeof bad_csv / sizeof *bad_csv);
    check_bad(bad_svm, sizeof bad_svm / sizeof *bad_svm);
    put_bytes("zero.csv", "x,y\n1,\0\n", 8);
    CHECK_FAILS(import((import_options_t){.target = "y"}, NULL), TRALO_ERR_INPUT,
                "zero.csv:2: a zero byte");
    put("empty.csv", "");
    CHECK_FAILS(import((import_options_t){.target = "y"}, NULL), TRALO_ERR_INPUT, "is empty");
}

static void too_many_levels_are_refused(void)
{
    if (!alone())
        return;
    static char text[BIG];
    size_t size = (size_t)snprintf(text, sizeof text, "x,y\n");
    for (int i = 0; i < 4097; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "v%d,%d\n", i, i);
    put("levels.csv", text);
    unlink(out_path);
    CHECK_FAILS(
        import((import_options_t){.target = "y", .one_hot = list_x, .one_hot_count = 1}, NULL),
        TRALO_ERR_INPUT, ":4098: column 'x': 'v4096' is level 4097");
    CU_ASSERT(nothing_left());
}

static void bad_arrays_are_refused(void)
{
    if (!alone())
        return;
    static const struct {
        const char *dict;
        int numbers, err;
        const char *part;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", 1, TRALO_ERR_FILE,
         "ends early"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", 3, TRALO_ERR_INPUT,
         "holds more"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (2, 1), }", 4, TRALO_ERR_INPUT,
         "type '<c16' are not read"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 1), }", 4, TRALO_ERR_INPUT,
         "not read"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 1), }", 2, TRALO_ERR_INPUT,
         "shape (2, 1, 1) is not"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1), }", 0, TRALO_ERR_INPUT,
         "is empty"},
        {"{'descr': '<f8', 'shape': (2, 1), }", 2, TRALO_ERR_INPUT,
         "header of this .npy file is damaged"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }", 3, TRALO_ERR_INPUT,
         "has shape (2, 1), but"},
    };
    char y[PATH];
    npy_t X;
    put_y(y, 2);
    unlink(out_path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        npy_begin(&X, 1, cases[i].dict);
        for (int k = 0; k < cases[i].numbers; k++)
            npy_number(&X, "<f8", k);
        put_bytes("bad.npy", X.bytes, X.size);
        CHECK_FAILS(import((import_options_t){.y = y}, NULL), cases[i].err, cases[i].part);
        CU_ASSERT(nothing_left());
    }
    CHECK_FAILS(import((import_options_t){.y = NULL}, NULL), TRALO_ERR_INPUT, "Say --y FILE.npy");
    npy_begin(&X, 9, cases[0].dict);
    put_bytes("bad.npy", X.bytes, X.size);
    CHECK_FAILS(import((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT,
                "version 9 is not known");
    put("bad.npy", "x,y\n1,2\n3,4\n");
    CHECK_FAILS(import((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT, "is not a NumPy array");
}

static void bad_paths_are_refused(void)
{
    if (!alone())
        return;
    char good[PATH], folder[PATH], old[16] = "";
    test_path("", folder, sizeof folder);
    import_options_t o = {.target = "y", .input = good, .output = out_path};
    put("good.csv", "x,y\n1,2\n3,4\n");
    memcpy(good, in_path, sizeof in_path);
    put("out.h5", "an old file");
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "exists already");
    o.force = true;
    o.target = "z";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "there is no column");
    FILE *file = fopen(out_path, "r");
    CU_ASSERT(fread(old, 1, 11, file) == 11 && strcmp(old, "an old file") == 0);
    fclose(file);
    o.target = "y";
    o.output = folder;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "is a folder");
    o.output = good;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "the same file");
    o.output = "/nowhere/at/all.h5";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "cannot create");
    o.output = out_path;
    o.input = "/nowhere/at/all.csv";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "No such file");
    o.input = folder;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "not a regular file");
    o.input = "-";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "standard input");
}

/* ---- what must not happen ----------------------------------------------------------------------
 */
static void write_rows(const char *name, int rows, bool svm)
{
    test_path(name, in_path, sizeof in_path);
    FILE *file = fopen(in_path, "w");
    if (!svm)
        fprintf(file, "a,b,c,y\n");
    for (int i = 0; i < rows; i++)
        fprintf(file, svm ? "%d 1:%d 3:%d\n" : "%d,%d,%d,0\n", 1000 + i % 9, i % 10, i % 7);
    fclose(file);
}

static int64_t peak_of(const import_options_t *options)
{
    mem_peak_reset();
    const int64_t before = mem_bytes();
    CHECK_OK(import(*options, NULL));
    return mem_peak() - before;
}

static void memory_does_not_grow_with_the_file(void)
{
    if (!alone())
        return;
    const int rows = 40000;
    const import_options_t csv = {.target = "a",
                                  .one_hot = (const char *const[]){"b"},
                                  .one_hot_count = 1,
                                  .force = true},
                           svm = {.force = true};
    write_rows("n.csv", rows, false);
    const int64_t csv_small = peak_of(&csv);
    write_rows("n.csv", 8 * rows, false);
    CU_ASSERT(peak_of(&csv) == csv_small);
    write_rows("n.svm", rows, true);
    const int64_t svm_small = peak_of(&svm);
    write_rows("n.svm", 8 * rows, true);
    CU_ASSERT(peak_of(&svm) == svm_small);
    CU_ASSERT(csv_small < 1 << 24 && svm_small < 1 << 24);
}

/* Full from the start, and full on the way. HDF5 must also get through MPI_Finalize after that. */
static void a_full_disk_leaves_nothing_behind(void)
{
    if (!alone())
        return;
    struct rlimit old, small;
    write_rows("n.csv", 100000, false);
    unlink(out_path);
    CU_ASSERT(symlink("/dev/full", part_path) == 0);
    CHECK_FAILS(import((import_options_t){.target = "a"}, NULL), TRALO_ERR_FILE, "cannot write");
    CU_ASSERT(nothing_left());
    getrlimit(RLIMIT_FSIZE, &old);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int gzip = 0; gzip < 2; gzip++) {
        small = old;
        small.rlim_cur = 1 << 14;
        setrlimit(RLIMIT_FSIZE, &small);
        const int code = import((import_options_t){.target = "a", .gzip = gzip}, NULL);
        setrlimit(RLIMIT_FSIZE, &old);
        CHECK_FAILS(code, TRALO_ERR_FILE, "cannot write");
        CU_ASSERT(nothing_left());
    }
    signal(SIGXFSZ, handler);
}

static void every_allocation_may_fail(void)
{
    if (!alone())
        return;
    static const char *const drop[] = {"d,e"}, *const one_hot[] = {"auto"};
    const int64_t live = mem_live();
    int code = TRALO_ERR_MEMORY;
    put("alloc.csv", "x,c,d,e,w,t,y\n1,a,0,0,1,1,yes\n2,b,0,0,1,1,no\n3,c,0,0,1,1,no\n");
    unlink(out_path);
    for (int k = 0; k < 1000 && code != TRALO_OK; k++) {
        mem_fail_at(k);
        code = import((import_options_t){.target = "y",
                                         .weights = "w",
                                         .log_offset = "t",
                                         .drop = drop,
                                         .drop_count = 1,
                                         .one_hot = one_hot,
                                         .one_hot_count = 1,
                                         .labels = "no,yes"},
                      NULL);
        CU_ASSERT(mem_live() == live);
        CU_ASSERT(code == TRALO_OK || (code == TRALO_ERR_MEMORY && nothing_left()));
    }
    mem_fail_at(-1);
    CHECK_OK(code);
    CHECK_SET("y", 1, -1, -1);
}

/* Cuts and changes bytes of a good file; whatever comes of it, it is told and leaves nothing
 * behind. */
static void spoil(const char *name, const void *bytes, size_t size, const import_options_t *options)
{
    static unsigned char spoilt[BIG];
    static const char bytes_of_note[] = "\",;\t\n\r:#'()0-.e\x93\xFF";
    for (uint64_t i = 0; i < 150; i++) {
        size_t length = size;
        memcpy(spoilt, bytes, size);
        if (i < 50)
            length = size * i / 50;
        for (uint64_t k = 0; i >= 50 && k <= i % 4; k++)
            spoilt[rng_below(1, i, 2 * k, (int64_t)size)] =
                (unsigned char)bytes_of_note[rng_below(1, i, 2 * k + 1, sizeof bytes_of_note)];
        put_bytes(name, spoilt, length);
        unlink(out_path);
        const int64_t live = mem_live();
        const int code = import(*options, NULL);
        CU_ASSERT(mem_live() == live);
        CU_ASSERT(code == TRALO_OK || nothing_left());
        CU_ASSERT(code != TRALO_ERR_INTERNAL && access(part_path, F_OK) != 0);
        CU_ASSERT(strpbrk(tralo_error_message(), "\n\r\t") == NULL);
    }
}

static void spoilt_files_never_crash(void)
{
    if (!alone())
        return;
    const char *csv =
        "id,\"x\",c,y\n1,\"1.5\",red,1\n2,-2,\"bl,ue\",0\n3,4e1,red,1\n4,\"0\",blue,0\n";
    const char *svm = "+1 qid:1 1:0.5 3:2\n-1 2:1 4:-3e2\n+1 1:2 # end\n-1 4:1\n";
    char y[PATH];
    npy_t X;
    static uint8_t packed[BIG];
    size_t length = 0;
    put_y(y, 4);
    const import_options_t of_csv = {.target = "y",
                                     .format = IMPORT_CSV,
                                     .missing_drop = true,
                                     .one_hot = (const char *const[]){"c"},
                                     .one_hot_count = 1},
                           of_svm = {.format = IMPORT_LIBSVM},
                           of_npy = {.format = IMPORT_NPY, .y = y};
    spoil("spoilt", csv, strlen(csv), &of_csv);
    spoil("spoilt", svm, strlen(svm), &of_svm);
    npy_array(&X, 1, "<f4", false, 4, 3);
    spoil("spoilt", X.bytes, X.size, &of_npy);
    npy_array(&X, 2, "<i2", true, 4, 3);
    spoil("spoilt", X.bytes, X.size, &of_npy);
    CU_ASSERT(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (const uint8_t *)csv, strlen(csv),
                                      packed, &length, sizeof packed) == LZMA_OK);
    spoil("spoilt", packed, length, &of_csv);
}

void suite_import(void)
{
    static const test_case_t cases[] = {
        {"fields are numbers, words or missing", fields_are_numbers_words_or_missing},
        {"a CSV with everything", a_csv_with_everything},
        {"delimiters are found out", delimiters_are_found_out},
        {"columns without header have numbers", columns_without_header_have_numbers},
        {"categories become columns", categories_become_columns},
        {"labels become -1 and +1", labels_become_minus_and_plus_one},
        {"rows with missing values are dropped", rows_with_missing_values_are_dropped},
        {"storage follows the options", storage_follows_the_options},
        {"LIBSVM becomes CSR", libsvm_becomes_csr},
        {"every NumPy type and order", every_numpy_type_and_order},
        {"missing numbers of NumPy are dropped", missing_numbers_of_numpy_are_dropped},
        {"compressed files are the same", compressed_files_are_the_same},
        {"truncated compressed files are refused", truncated_compressed_files_are_refused},
        {"gzip members are read to the end", gzip_members_are_read_to_the_end},
        {"packed arrays are read to the end", packed_arrays_are_read_to_the_end},
        {"bad text is refused with its place", bad_text_is_refused_with_its_place},
        {"too many levels are refused", too_many_levels_are_refused},
        {"bad arrays are refused", bad_arrays_are_refused},
        {"bad paths are refused", bad_paths_are_refused},
        {"memory does not grow with the file", memory_does_not_grow_with_the_file},
        {"a full disk leaves nothing behind", a_full_disk_leaves_nothing_behind},
        {"every allocation may fail", every_allocation_may_fail},
        {"spoilt files never crash", spoilt_files_never_crash}};
    REGISTER("import", cases);
}
