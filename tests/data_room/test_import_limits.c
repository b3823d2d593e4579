/* SPDX-License-Identifier: BSD-3-Clause */
/* What must not happen to import: growing with the file, half an output, a crash. */
#include <lzma.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data_room/import_files.h"
#include "support.h"

static void write_rows(const char *name, int rows, bool svm)
{
    test_path(name, import_in, sizeof import_in);
    FILE *file = fopen(import_in, "w");
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
    CHECK_OK(import_run(*options, NULL));
    return mem_peak() - before;
}

static void memory_does_not_grow_with_the_file(void)
{
    if (!import_alone())
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
    if (!import_alone())
        return;
    struct rlimit old, small;
    write_rows("n.csv", 100000, false);
    unlink(import_out);
    CU_ASSERT(symlink("/dev/full", import_part) == 0);
    CHECK_FAILS(import_run((import_options_t){.target = "a"}, NULL), TRALO_ERR_FILE,
                "cannot write");
    CU_ASSERT(import_nothing_left());
    getrlimit(RLIMIT_FSIZE, &old);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int gzip = 0; gzip < 2; gzip++) {
        small = old;
        small.rlim_cur = 1 << 14;
        setrlimit(RLIMIT_FSIZE, &small);
        const int code = import_run((import_options_t){.target = "a", .gzip = gzip}, NULL);
        setrlimit(RLIMIT_FSIZE, &old);
        CHECK_FAILS(code, TRALO_ERR_FILE, "cannot write");
        CU_ASSERT(import_nothing_left());
    }
    signal(SIGXFSZ, handler);
}

static void every_allocation_may_fail(void)
{
    if (!import_alone())
        return;
    static const char *const drop[] = {"d,e"}, *const one_hot[] = {"auto"};
    const int64_t live = mem_live();
    int code = TRALO_ERR_MEMORY;
    import_put("alloc.csv", "x,c,d,e,w,t,y\n1,a,0,0,1,1,yes\n2,b,0,0,1,1,no\n3,c,0,0,1,1,no\n");
    unlink(import_out);
    for (int k = 0; k < 1000 && code != TRALO_OK; k++) {
        mem_fail_at(k);
        code = import_run((import_options_t){.target = "y",
                                             .weights = "w",
                                             .log_offset = "t",
                                             .drop = drop,
                                             .drop_count = 1,
                                             .one_hot = one_hot,
                                             .one_hot_count = 1,
                                             .labels = "no,yes"},
                          NULL);
        CU_ASSERT(mem_live() == live);
        CU_ASSERT(code == TRALO_OK || (code == TRALO_ERR_MEMORY && import_nothing_left()));
    }
    mem_fail_at(-1);
    CHECK_OK(code);
    CHECK_SET("y", 1, -1, -1);
}

/* Cuts and changes bytes of a good file; whatever comes of it, it is told and leaves nothing
 * behind. */
static void spoil(const char *name, const void *bytes, size_t size, const import_options_t *options)
{
    static unsigned char spoilt[IMPORT_BIG];
    static const char bytes_of_note[] = "\",;\t\n\r:#'()0-.e\x93\xFF";
    for (uint64_t i = 0; i < 150; i++) {
        size_t length = size;
        memcpy(spoilt, bytes, size);
        if (i < 50)
            length = size * i / 50;
        for (uint64_t k = 0; i >= 50 && k <= i % 4; k++)
            spoilt[rng_below(1, i, 2 * k, (int64_t)size)] =
                (unsigned char)bytes_of_note[rng_below(1, i, 2 * k + 1, sizeof bytes_of_note)];
        import_put_bytes(name, spoilt, length);
        unlink(import_out);
        const int64_t live = mem_live();
        const int code = import_run(*options, NULL);
        CU_ASSERT(mem_live() == live);
        CU_ASSERT(code == TRALO_OK || import_nothing_left());
        CU_ASSERT(code != TRALO_ERR_INTERNAL && access(import_part, F_OK) != 0);
        CU_ASSERT(strpbrk(tralo_error_message(), "\n\r\t") == NULL);
    }
}

static void spoilt_files_never_crash(void)
{
    if (!import_alone())
        return;
    const char *csv =
        "id,\"x\",c,y\n1,\"1.5\",red,1\n2,-2,\"bl,ue\",0\n3,4e1,red,1\n4,\"0\",blue,0\n";
    const char *svm = "+1 qid:1 1:0.5 3:2\n-1 2:1 4:-3e2\n+1 1:2 # end\n-1 4:1\n";
    char y[IMPORT_PATH];
    npy_t X;
    static uint8_t packed[IMPORT_BIG];
    size_t length = 0;
    npy_put_y(y, 4);
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

void suite_import_limits(void)
{
    static const test_case_t cases[] = {
        {"memory does not grow with the file", memory_does_not_grow_with_the_file},
        {"a full disk leaves nothing behind", a_full_disk_leaves_nothing_behind},
        {"every allocation may fail", every_allocation_may_fail},
        {"spoilt files never crash", spoilt_files_never_crash}};
    REGISTER("import limits", cases);
}
