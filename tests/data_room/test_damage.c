/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged files: an answer, the same on all ranks, and nothing left behind. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data/data.h"
#include "data_room/h5_files.h"
#include "support.h"

enum { PLACES = 50 };

static char path[300];

static const data_options_t standardize = {.standardize = true, .intercept = true};

/* The good file, byte by byte (rank 0 only). */
typedef struct bytes {
    char *at;
    int64_t size;
} bytes_t;

static bytes_t load(const file_spec_t *spec)
{
    bytes_t b = {NULL, 0};
    file_write(path, spec);
    if (comm_rank(test_comm) == 0) {
        FILE *file = fopen(path, "rb");
        fseek(file, 0, SEEK_END);
        b.size = ftell(file);
        rewind(file);
        CHECK_OK(mem_alloc(b.size, 1, &b.at));
        CU_ASSERT(fread(b.at, 1, (size_t)b.size, file) == (size_t)b.size);
        fclose(file);
    }
    comm_share(test_comm, &b.size, sizeof b.size, 0);
    return b;
}

static void store(const bytes_t *b, int64_t size)
{
    comm_barrier(test_comm);
    if (comm_rank(test_comm) == 0) {
        FILE *file = fopen(path, "wb");
        fwrite(b->at, 1, (size_t)size, file);
        fclose(file);
    }
    comm_barrier(test_comm);
}

static int try_to_open(void)
{
    data_t *d = NULL;
    int64_t live = mem_live();
    int code = data_open(test_comm, path, &standardize, &d);
    CU_ASSERT(comm_same(test_comm, &code, sizeof code));
    CU_ASSERT((code == TRALO_OK) == (d != NULL));
    CU_ASSERT(code == TRALO_OK || tralo_error_message()[0] != '\0');
    data_free(&d);
    CU_ASSERT(mem_live() == live);
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
    return code;
}

/* Strings of fixed length, for HDF5 1.10 itself may crash where the heap that holds those of
   variable length is damaged. */
static void for_each_spec(void (*test)(const file_spec_t *spec))
{
    const file_spec_t specs[] = {
        {40, 3, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_STD_I32LE, .chunk = 7, .vectors = true,
         .labels = true, .names = STRINGS_FIXED},
        {40, 3, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I64LE, .sparse = true, .chunk = 20,
         .vectors = true, .names = STRINGS_FIXED},
    };
    test_path("damaged.h5", path, sizeof path);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        test(&specs[i]);
}

static void truncate_one(const file_spec_t *spec)
{
    bytes_t b = load(spec);
    for (int64_t i = 0; i < PLACES; i++) {
        store(&b, b.size * i / PLACES);
        CU_ASSERT(try_to_open() != TRALO_OK);
    }
    store(&b, b.size);
    CHECK_OK(try_to_open());
    mem_free(&b.at);
}

static void truncated_files(void)
{
    for_each_spec(truncate_one);
}

static void corrupt_one(const file_spec_t *spec)
{
    bytes_t b = load(spec);
    for (uint64_t i = 0; i < PLACES; i++) {
        int64_t at = rng_below(7, 0, i, b.size);
        char flip = (char)(1 + rng_below(7, 1, i, 255));
        if (b.at != NULL)
            b.at[at] = (char)(b.at[at] ^ flip);
        store(&b, b.size);
        try_to_open();
        if (b.at != NULL)
            b.at[at] = (char)(b.at[at] ^ flip);
    }
    mem_free(&b.at);
}

static void corrupted_bytes(void)
{
    for_each_spec(corrupt_one);
}

static void allocations_fail(const file_spec_t *spec)
{
    file_write(path, spec);
    for (int rank = 0; rank < comm_size(test_comm); rank++) {
        int code = TRALO_ERR_MEMORY;
        for (int k = 0; k < 200 && code != TRALO_OK; k++) {
            mem_fail_at(comm_rank(test_comm) == rank ? k : -1);
            code = try_to_open();
            mem_fail_at(-1);
            CU_ASSERT(code == TRALO_OK ? k > 10 : code == TRALO_ERR_MEMORY);
        }
        CU_ASSERT(code == TRALO_OK);
    }
}

static void every_allocation_may_fail(void)
{
    for_each_spec(allocations_fail);
}

void suite_data_damage(void)
{
    static const test_case_t cases[] = {
        {"files truncated at 50 places", truncated_files},
        {"files with one wrong byte", corrupted_bytes},
        {"every allocation may fail, on any rank", every_allocation_may_fail},
    };
    REGISTER("data damage", cases);
}
