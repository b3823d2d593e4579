/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that stay on disk are those of a data set in memory, to the last bit; what goes wrong on one
   rank reaches all. */
#define _GNU_SOURCE /* O_DIRECT */
#include "data/stream.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/data.h"
#include "data_room/h5_files.h"
#include "linalg/panel.h"
#include "support.h"

enum { N = 411, P = 5 };

static char path[300];
static data_t *none;

static data_t *open_as(data_memory_t memory, bool standardize)
{
    data_t *d = NULL;
    const data_options_t options = {
        .standardize = standardize, .intercept = true, .memory = memory};
    CHECK_OK(data_open(test_comm, path, &options, &d));
    if (d != NULL)
        CU_ASSERT((d->X.stream != NULL) == (memory == DATA_STREAM) &&
                  (d->X.dense == NULL) == (memory == DATA_STREAM));
    return d;
}

/* A file that is open on one rank cannot be written again by another. */
static void close_all(data_t **a, data_t **b)
{
    data_free(a);
    data_free(b);
    comm_barrier(test_comm);
}

/* A pass over `streamed` sees the rows of `resident`, each once. */
static void check_pass(const data_t *resident, const data_t *streamed)
{
    int64_t seen = 0;
    rows_pass_t pass = rows_begin(&streamed->X, ROWS_AS_HELD);
    while (rows_next(&pass)) {
        const int64_t count = pass.panel.count, columns = streamed->columns;
        CU_ASSERT(pass.panel.begin == seen && count <= panel_rows(streamed->columns));
        CU_ASSERT(memcmp(rows_dense(&pass.panel, NULL), resident->X.dense + seen * columns,
                         (size_t)(count * columns) * sizeof(double)) == 0);
        seen += count;
    }
    CU_ASSERT(seen == resident->rows);
}

static void check_copies(const data_t *resident, const data_t *streamed)
{
    double *rows = NULL;
    const int64_t columns = resident->columns, n = resident->rows;
    CHECK_OK(mem_alloc(n * columns, sizeof *rows, &rows));
    for (int64_t begin = 0; begin < n; begin += 1 + n / 5) {
        const int64_t count = n - begin < 3 ? n - begin : 3;
        rows_copy(&streamed->X, begin, count, rows);
        CU_ASSERT(memcmp(rows, resident->X.dense + begin * columns,
                         (size_t)(count * columns) * sizeof *rows) == 0);
    }
    rows_copy(&streamed->X, 0, n, rows);
    CU_ASSERT(memcmp(rows, resident->X.dense, (size_t)(n * columns) * sizeof *rows) == 0);
    mem_free(&rows);
}

static void check_alike(bool standardize)
{
    data_t *resident = open_as(DATA_RESIDENT, standardize);
    data_t *streamed = open_as(DATA_STREAM, standardize);
    if (resident != NULL && streamed != NULL) {
        const size_t bytes = (size_t)resident->p * sizeof(double);
        CU_ASSERT(memcmp(resident->mean, streamed->mean, bytes) == 0);
        CU_ASSERT(memcmp(resident->scale, streamed->scale, bytes) == 0);
        check_pass(resident, streamed);
        rows_pass_t pass = rows_begin(&streamed->X, ROWS_AS_HELD);
        rows_next(&pass); /* and no further */
        check_pass(resident, streamed);
        check_copies(resident, streamed);
        check_pass(resident, streamed);
        CHECK_OK(data_intact(streamed));
    }
    close_all(&resident, &streamed);
}

enum { SPECS = 7 };

/* Ways to store X; HDF5's types are no constants. */
static file_spec_t spec_of(int i)
{
    const file_spec_t specs[SPECS] = {
        {N, P, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE},
        {N, P, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .names = STRINGS_FIXED},
        {N, P, H5T_IEEE_F32LE, H5T_STD_I8LE, H5T_STD_I64LE, .chunk = 17, .labels = true,
         .names = STRINGS_VARIABLE, .vectors = true},
        {N, P, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 150},
        {N, P, H5T_STD_I16BE, H5T_IEEE_F32BE, H5T_STD_I8LE, .chunk = 100},
        {N, P, H5T_IEEE_F32LE, H5T_IEEE_F32LE, H5T_STD_I8LE, .chunk = -30},
        {2, 1, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE},
    };
    return specs[i];
}

/* Blocks of one row, of some, of parts of chunks, and as they are; each through the page cache and
   past it. */
static void the_same_bits_as_in_memory(void)
{
    static const int64_t limits[] = {1, 40, 0};
    test_path("stream.h5", path, sizeof path);
    for (int i = 0; i < SPECS; i++) {
        const file_spec_t spec = spec_of(i);
        file_write(path, &spec);
        for (size_t k = 0; k < 2 * sizeof limits / sizeof *limits; k++) {
            rows_stream_limit_blocks(limits[k / 2]);
            rows_stream_leave_cache(k % 2 == 1);
            check_alike(true);
            check_alike(false);
        }
    }
    rows_stream_limit_blocks(0);
    rows_stream_leave_cache(false);
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static void the_same_from_several_files(void)
{
    file_spec_t spec = {100, P, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 30};
    for (int f = 0; f < 4; f++) {
        char name[32];
        snprintf(name, sizeof name, "stream_part%d.h5", f);
        test_path(name, path, sizeof path);
        spec.first = f * spec.n;
        spec.X = f == 2 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
        file_write(path, &spec);
    }
    test_path("stream_part*.h5", path, sizeof path);
    rows_stream_limit_blocks(25);
    check_alike(true);
    rows_stream_limit_blocks(0);
    check_alike(true);
}

static void edges_of_blocks(void)
{
    rows_stream_shape_t shape = {.p = 1000, .columns = 1001, .band = 1};
    CU_ASSERT(rows_stream_block_rows(&shape) == 2048); /* at most 2097; 64 of them are 125 units */
    shape.band = 1000;
    CU_ASSERT(rows_stream_block_rows(&shape) == 2000);
    shape.single = true;
    CU_ASSERT(rows_stream_block_rows(&shape) == 4000);
    shape.band = 10000; /* parts of a chunk */
    CU_ASSERT(rows_stream_block_rows(&shape) == 3334);
    shape.narrow = true; /* all chunks of a band */
    CU_ASSERT(rows_stream_block_rows(&shape) == 10000);
    shape = (rows_stream_shape_t){.p = 100000, .columns = 100000, .band = 1};
    CU_ASSERT(rows_stream_block_rows(&shape) == panel_rows(100000));
    shape = (rows_stream_shape_t){.p = 4099, .columns = 4099, .band = 1, .single = true};
    CU_ASSERT(rows_stream_block_rows(&shape) == (1 << 24) / (4 * 4099)); /* a unit: 1024 rows */
}

/* The bytes of an open data set, beside its vectors, whatever the number of rows. */
static void memory_does_not_grow_with_rows(void)
{
    const data_options_t options = {.standardize = true, .intercept = true, .memory = DATA_STREAM};
    file_spec_t spec = {30000, 20, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 1000};
    const rows_stream_shape_t shape = {20, 21, true, 1000, false};
    const int64_t limit = 2000;
    test_path("long.h5", path, sizeof path);
    rows_stream_limit_blocks(limit);
    for (; spec.n <= 90000; spec.n *= 3) {
        data_t *d = NULL;
        file_write(path, &spec);
        const int64_t before = mem_bytes();
        mem_peak_reset();
        if (CHECK_OK(data_open(test_comm, path, &options, &d))) {
            const int64_t blocks = 8 * (d->rows / limit + 3), small = 8 * 20 * 8 + 4096;
            const int64_t used = mem_peak() - before;
            const int64_t expected = rows_stream_memory(&shape, d->rows) + 8 * d->rows;
            CU_ASSERT(used >= expected && used <= expected + blocks + small);
        }
        close_all(&d, &none);
    }
    rows_stream_limit_blocks(0);
}

static void passes_and_bytes_are_counted(void)
{
    test_path("counted.h5", path, sizeof path);
    const file_spec_t spec = spec_of(1);
    file_write(path, &spec);
    rows_stream_limit_blocks(50);
    data_t *d = open_as(DATA_STREAM, true);
    if (d != NULL) {
        CU_ASSERT(data_reading(d).passes == 2);
        for (int k = 0; k < 5; k++)
            for (rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE); rows_next(&pass);)
                continue;
        const data_reading_t reading = data_reading(d);
        const int64_t each = d->rows * P * (int64_t)sizeof(float), ahead = 3 * 50 * P * 4;
        CU_ASSERT(reading.passes == 7);
        CU_ASSERT(reading.bytes >= 7 * each && reading.bytes <= 7 * each + ahead);
        CU_ASSERT(reading.seconds >= 0.0);
    }
    close_all(&d, &none);
    d = open_as(DATA_RESIDENT, true);
    if (d != NULL)
        CU_ASSERT(data_reading(d).passes == 0 && data_reading(d).bytes == 0);
    close_all(&d, &none);
    rows_stream_limit_blocks(0);
}

/* Contiguous numbers of the type that is held do; the others cannot. */
static void numbers_go_past_the_page_cache(void)
{
    static const bool direct[] = {true, true, false, false, false, false};
    rows_stream_leave_cache(true);
    test_path("direct.h5", path, sizeof path);
    for (int i = 0; i < (int)(sizeof direct / sizeof *direct); i++) {
        const file_spec_t spec = spec_of(i);
        file_write(path, &spec);
        const int handle = open(path, O_RDONLY | O_DIRECT); /* not every file system knows it */
        data_t *d = open_as(DATA_STREAM, true);
        if (d != NULL && d->rows > 0) {
            const rows_stream_counters_t read = rows_stream_counters(d->X.stream);
            CU_ASSERT(read.bytes > 0);
            const bool past = direct[i] && handle >= 0; /* the next block may be on its way */
            CU_ASSERT(past ? read.direct >= read.bytes : read.direct == 0);
        }
        close_all(&d, &none);
        if (handle >= 0)
            close(handle);
    }
    rows_stream_leave_cache(false);
}

/* Zeros [n, p], and y, of which hardly more is on disk than where they would be. */
static void write_hollow(int64_t n, int p)
{
    const hsize_t dims[2] = {(hsize_t)n, (hsize_t)p};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (int rank = 1; rank <= 2; rank++) {
        hid_t space = H5Screate_simple(rank, dims, NULL);
        hid_t set = H5Dcreate2(file, rank == 1 ? "y" : "X", H5T_IEEE_F64LE, space, H5P_DEFAULT,
                               list, H5P_DEFAULT);
        CU_ASSERT(set >= 0);
        H5Dclose(set);
        H5Sclose(space);
    }
    file_poke(file, "y", 0, 1.0);
    H5Fclose(file);
    H5Pclose(list);
}

/* A file of all of the free memory does not stay in the page cache, one of a tenth does. */
static void the_page_cache_is_used_where_it_is_enough(void)
{
    enum { WIDE = 2000 };
    double available = (double)mem_available();
    comm_share(test_comm, &available, sizeof available, 0);
    test_path("hollow.h5", path, sizeof path);
    for (int k = 0; k < 2; k++) {
        const double bytes = k == 0 ? available : 0.1 * available;
        if (comm_rank(test_comm) == 0)
            write_hollow((int64_t)(bytes / (8.0 * WIDE)), WIDE);
        comm_barrier(test_comm);
        const int handle = open(path, O_RDONLY | O_DIRECT);
        data_t *d = open_as(DATA_STREAM, false);
        if (d != NULL) {
            rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE);
            CU_ASSERT(rows_next(&pass) && pass.panel.dense[0] == 0.0);
            CU_ASSERT((rows_stream_counters(d->X.stream).direct > 0) == (k == 0 && handle >= 0));
        }
        close_all(&d, &none);
        if (handle >= 0)
            close(handle);
    }
    if (comm_rank(test_comm) == 0)
        unlink(path);
}

/* ---- what goes wrong ----------------------------------------------------------------------------
 */

static void poke_nan(hid_t file, const void *context)
{
    file_poke(file, "X", *(const hsize_t *)context, NAN);
}

static void numbers_that_are_not_finite(void)
{
    const hsize_t at = (hsize_t)(N - 2) * P + 3;
    data_t *d = NULL;
    data_options_t options = {.standardize = true, .intercept = true, .memory = DATA_STREAM};
    test_path("nan.h5", path, sizeof path);
    rows_stream_limit_blocks(50);
    for (int k = 0; k < 2; k++) { /* without and with names of columns */
        char text[100], name[16];
        file_name(3, name);
        const file_spec_t spec = spec_of(k);
        file_write(path, &spec);
        file_edit(path, poke_nan, &at);
        snprintf(text, sizeof text,
                 k == 1 ? "/X row %d, column 3 (%s) is nan" : "/X row %d, column 3 is nan", N - 2,
                 name);
        options.standardize = true;
        CHECK_FAILS(data_open(test_comm, path, &options, &d), TRALO_ERR_INPUT, text);
        CU_ASSERT(d == NULL);
        options.standardize = false; /* which reads no X when it opens the file */
        if (CHECK_OK(data_open(test_comm, path, &options, &d))) {
            CHECK_OK(data_intact(d));
            for (rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE); rows_next(&pass);)
                continue;
            CHECK_FAILS(data_intact(d), TRALO_ERR_INPUT, text);
            CHECK_FAILS(data_failure(d), TRALO_ERR_INPUT, text);
        }
        close_all(&d, &none);
    }
    rows_stream_limit_blocks(0);
}

static void cut_short(void)
{
    struct stat status;
    CU_ASSERT(stat(path, &status) == 0 && truncate(path, status.st_size * 2 / 3) == 0);
}

/* Its last byte is written again. */
static void write_to(void)
{
    struct stat status;
    char last;
    int file = open(path, O_RDWR);
    CU_ASSERT(file >= 0 && fstat(file, &status) == 0);
    CU_ASSERT(pread(file, &last, 1, status.st_size - 1) == 1);
    usleep(20000); /* clocks of file systems tick slowly */
    CU_ASSERT(pwrite(file, &last, 1, status.st_size - 1) == 1);
    close(file);
}

/* Passes go on to their end, and all ranks hear of it. */
static void check_broken(const data_t *d, const char *message)
{
    int64_t seen = 0;
    for (rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE); rows_next(&pass);)
        seen += pass.panel.count;
    for (rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE); rows_next(&pass);)
        seen += pass.panel.count;
    CU_ASSERT(seen == 2 * d->rows);
    CHECK_FAILS(data_intact(d), TRALO_ERR_FILE, message);
    CHECK_FAILS(data_failure(d), TRALO_ERR_FILE, message);
    rows_pass_t pass = rows_begin(&d->X, ROWS_DENSE);
    while (rows_next(&pass))
        for (int64_t i = 0; i < pass.panel.count * d->columns; i++)
            CU_ASSERT(pass.panel.dense[i] == 0.0);
    CHECK_FAILS(data_intact(d), TRALO_ERR_FILE, message);
}

static void files_that_change_in_use(void)
{
    const struct {
        void (*change)(void);
        const char *message;
    } changes[] = {{cut_short, "the file has been cut short while it was in use"},
                   {write_to, "the file has been written to while it was in use"}};
    test_path("changing.h5", path, sizeof path);
    rows_stream_limit_blocks(20);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++) {
            const file_spec_t spec = spec_of(i);
            file_write(path, &spec);
            rows_stream_leave_cache(k >= 2);
            data_t *d = open_as(DATA_STREAM, true);
            comm_barrier(test_comm);
            if (comm_rank(test_comm) == 0)
                changes[k % 2].change();
            comm_barrier(test_comm);
            if (d != NULL)
                check_broken(d, changes[k % 2].message);
            close_all(&d, &none);
        }
    rows_stream_leave_cache(false);
    rows_stream_limit_blocks(0);
}

/* A file that takes the name of another is another: whoever has the old one open keeps it. */
static void files_that_are_replaced_in_use(void)
{
    char other[300];
    file_spec_t spec = spec_of(2);
    test_path("replaced.h5", path, sizeof path);
    test_path("other.h5", other, sizeof other);
    file_write(path, &spec);
    data_t *resident = open_as(DATA_RESIDENT, true), *streamed = open_as(DATA_STREAM, true);
    spec.first = 7;
    file_write(other, &spec);
    if (comm_rank(test_comm) == 0)
        CU_ASSERT(rename(other, path) == 0);
    comm_barrier(test_comm);
    if (resident != NULL && streamed != NULL)
        check_pass(resident, streamed);
    close_all(&resident, &streamed);
}

static void copies_that_fail(void)
{
    double row[P + 1];
    test_path("copied.h5", path, sizeof path);
    const file_spec_t spec = spec_of(0);
    file_write(path, &spec);
    data_t *d = open_as(DATA_STREAM, false);
    comm_barrier(test_comm);
    if (comm_rank(test_comm) == 0)
        cut_short();
    comm_barrier(test_comm);
    if (d != NULL && d->rows > 0)
        rows_copy(&d->X, 0, 1, row);
    if (d != NULL)
        CHECK_FAILS(data_intact(d), TRALO_ERR_FILE, "the file has been cut short");
    if (d != NULL && d->rows > 0)
        CU_ASSERT(row[0] == 0.0 && row[P] == 0.0);
    close_all(&d, &none);
}

static void a_sparse_X_stays_in_memory(void)
{
    const file_spec_t spec = {N,
                              P,
                              H5T_IEEE_F64LE,
                              H5T_IEEE_F64LE,
                              H5T_STD_I32LE,
                              .sparse = true,
                              .names = STRINGS_FIXED};
    const data_options_t options = {.memory = DATA_STREAM};
    data_t *d = NULL;
    test_path("sparse.h5", path, sizeof path);
    file_write(path, &spec);
    CHECK_FAILS(data_open(test_comm, path, &options, &d), TRALO_ERR_INPUT,
                "/X is sparse, which is held in memory");
}

/* On one rank alone, as for others that would wait. */
static void every_allocation_may_fail(void)
{
    const data_options_t options = {.standardize = true, .intercept = true, .memory = DATA_STREAM};
    comm_t *self = NULL;
    int code = TRALO_ERR_MEMORY;
    test_path("alloc.h5", path, sizeof path);
    const file_spec_t spec = spec_of(3);
    file_write(path, &spec);
    CHECK_OK(comm_self(&self));
    for (int64_t k = 0; code == TRALO_ERR_MEMORY && k < 200; k++) {
        data_t *d = NULL;
        const int64_t before = mem_live();
        mem_fail_at(k);
        code = data_open(self, path, &options, &d);
        mem_fail_at(-1);
        CU_ASSERT((code == TRALO_OK) == (d != NULL));
        data_free(&d);
        CU_ASSERT(mem_live() == before);
    }
    CU_ASSERT(code == TRALO_OK);
    comm_free(&self);
}

void suite_data_stream(void)
{
    static const test_case_t cases[] = {
        {"the same bits as in memory", the_same_bits_as_in_memory},
        {"the same from several files", the_same_from_several_files},
        {"edges of blocks", edges_of_blocks},
        {"memory does not grow with rows", memory_does_not_grow_with_rows},
        {"passes and bytes are counted", passes_and_bytes_are_counted},
        {"numbers go past the page cache", numbers_go_past_the_page_cache},
        {"the page cache is used where it is enough", the_page_cache_is_used_where_it_is_enough},
        {"numbers that are not finite", numbers_that_are_not_finite},
        {"files that change in use", files_that_change_in_use},
        {"files that are replaced in use", files_that_are_replaced_in_use},
        {"copies that fail", copies_that_fail},
        {"a sparse X stays in memory", a_sparse_X_stays_in_memory},
        {"every allocation may fail", every_allocation_may_fail},
    };
    REGISTER("data stream", cases);
}
