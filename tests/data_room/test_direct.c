/* SPDX-License-Identifier: BSD-3-Clause */
/* What is read past HDF5 and the page cache is what was written, or nothing. On rank 0. */
#define _GNU_SOURCE /* O_DIRECT */
#include "data/direct.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "support.h"

enum { COUNT = 3000, ROW = 1000, BLOCK = 512 };

static char path[300];

/* COUNT numbers behind a user block and something of odd length, stored as `list` says. */
static void write_numbers(hid_t list)
{
    double x[COUNT];
    const hsize_t odd = 13, dims[2] = {COUNT / ROW, ROW};
    const char bytes[13] = {0};
    hid_t plan = H5Pcreate(H5P_FILE_CREATE);
    for (int i = 0; i < COUNT; i++)
        x[i] = i - 0.5;
    H5Pset_userblock(plan, BLOCK);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, plan, H5P_DEFAULT);
    hid_t first = H5Screate_simple(1, &odd, NULL), space = H5Screate_simple(2, dims, NULL);
    hid_t set = H5Dcreate2(file, "a", H5T_NATIVE_CHAR, first, H5P_DEFAULT, H5P_DEFAULT, 0);
    CU_ASSERT(H5Dwrite(set, H5T_NATIVE_CHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    H5Dclose(set);
    set = H5Dcreate2(file, "X", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Sclose(first);
    H5Fclose(file);
    H5Pclose(plan);
}

static direct_t open_numbers(hid_t type)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "X", H5P_DEFAULT);
    direct_t direct = direct_open(file, set, type);
    H5Dclose(set);
    H5Fclose(file);
    return direct;
}

static void check_bytes(const direct_t *direct, int64_t begin, int64_t count, char *buffer)
{
    double x[COUNT];
    for (int i = 0; i < COUNT; i++)
        x[i] = i - 0.5;
    CU_ASSERT(direct_read(direct, begin, count, buffer));
    CU_ASSERT(memcmp(buffer, (const char *)x + begin, (size_t)count) == 0);
}

/* Does the file system know direct reads? */
static bool is_possible(void)
{
    const int file = open(path, O_RDONLY | O_DIRECT);
    if (file >= 0)
        close(file);
    return file >= 0;
}

static void the_bytes_that_were_written(void)
{
    const int64_t all = COUNT * (int64_t)sizeof(double);
    char *memory = NULL;
    test_path("direct.h5", path, sizeof path);
    if (comm_rank(test_comm) != 0 ||
        !CHECK_OK(mem_alloc(all + DIRECT_SLACK + DIRECT_UNIT, 1, &memory)))
        return;
    char *buffer = memory + DIRECT_UNIT - (uintptr_t)memory % DIRECT_UNIT;
    write_numbers(H5P_DEFAULT);
    direct_t direct = open_numbers(H5T_NATIVE_DOUBLE);
    CU_ASSERT((direct.file >= 0) == is_possible());
    if (direct.file >= 0) {
        const int64_t begins[] = {0, 8, 4000, 4096, 8192, all - 8};
        CU_ASSERT(direct.start >= BLOCK);
        for (size_t k = 0; k < sizeof begins / sizeof *begins; k++) {
            check_bytes(&direct, begins[k], 8, buffer);
            check_bytes(&direct, begins[k], all - begins[k], buffer); /* to the end of the file */
        }
        CU_ASSERT(truncate(path, direct.start + all / 2) == 0);
        CU_ASSERT(!direct_read(&direct, 0, all, buffer));
        check_bytes(&direct, 0, all / 2, buffer);
    }
    direct_close(&direct);
    CU_ASSERT(direct.file == -1 && !direct_read(&direct, 0, 8, buffer));
    mem_free(&memory);
}

static void what_lies_otherwise_is_left_to_hdf5(void)
{
    const hsize_t chunk[2] = {1, ROW};
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE), compact = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 2, chunk);
    H5Pset_layout(compact, H5D_COMPACT);
    const hid_t lists[] = {chunked, compact};
    test_path("direct.h5", path, sizeof path);
    for (size_t k = 0; k < 2 && comm_rank(test_comm) == 0; k++) {
        write_numbers(lists[k]);
        CU_ASSERT(open_numbers(H5T_NATIVE_DOUBLE).file == -1);
    }
    if (comm_rank(test_comm) == 0) {
        write_numbers(H5P_DEFAULT);
        CU_ASSERT(open_numbers(H5T_NATIVE_FLOAT).file == -1);
        CU_ASSERT(open_numbers(H5T_IEEE_F64BE).file == -1);
    }
    for (size_t k = 0; k < 2; k++)
        H5Pclose(lists[k]);
}

void suite_direct(void)
{
    static const test_case_t cases[] = {
        {"the bytes that were written", the_bytes_that_were_written},
        {"what lies otherwise is left to HDF5", what_lies_otherwise_is_left_to_hdf5},
    };
    REGISTER("direct", cases);
}
