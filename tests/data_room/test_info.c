/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/info.h"
#include "data/direct.h"
#include "data/write.h"
#include "data_room/h5_files.h"
#include "support.h"

static char path[320];

static bool first_rank(void)
{
    return comm_rank(test_comm) == 0;
}

static int read_one(const char *name, info_t **info)
{
    const files_names_t names = {1, &name};
    return info_read(&names, info);
}

static int read_again(info_t **info)
{
    info_free(info);
    return read_one(path, info);
}

/* n, non-zeros and constant columns by the definition of the file. */
static void check_counts(const file_spec_t *s, const info_t *info)
{
    int64_t nonzeros = 0, constant = 0;
    for (int j = 0; j < s->p; j++) {
        bool same = true;
        for (int i = 0; i < s->n; i++) {
            nonzeros += file_X(s, i, j) != 0;
            same = same && file_X(s, i, j) == file_X(s, 0, j);
        }
        constant += same;
    }
    CU_ASSERT(info->n == s->n && info->p == s->p && info->sparse == s->sparse);
    CU_ASSERT_EQUAL(info->nonzeros, nonzeros);
    CU_ASSERT_EQUAL(info->constant, constant);
    CU_ASSERT(info->bad == 0);
}

static void check_target(const file_spec_t *s, const info_t *info)
{
    double mean = 0, square = 0, least = file_y(s, 0), most = least;
    for (int i = 0; i < s->n; i++) {
        mean += file_y(s, i) / s->n;
        square += file_y(s, i) * file_y(s, i) / s->n;
        least = fmin(least, file_y(s, i));
        most = fmax(most, file_y(s, i));
    }
    CHECK_CLOSE(info->y.mean, mean, 1e-12);
    CHECK_CLOSE(info->y.sd, sqrt(square - mean * mean), 1e-12);
    CU_ASSERT(info->y.min == least && info->y.max == most);
    int64_t rows = 0;
    for (int k = 0; k < info->distinct; k++) {
        int64_t count = 0;
        for (int i = 0; i < s->n; i++)
            count += file_y(s, i) == info->value[k];
        CU_ASSERT_EQUAL(info->count[k], count);
        CU_ASSERT(k == 0 || info->value[k - 1] < info->value[k]);
        rows += count;
    }
    CU_ASSERT_EQUAL(rows, s->n);
}

static void a_file_is_described(void)
{
    const file_spec_t specs[] = {{.n = 50,
                                  .p = 4,
                                  .X = H5T_NATIVE_DOUBLE,
                                  .y = H5T_NATIVE_DOUBLE,
                                  .whole = H5T_NATIVE_INT,
                                  .chunk = 7,
                                  .vectors = true,
                                  .names = STRINGS_VARIABLE},
                                 {.n = 31,
                                  .p = 5,
                                  .X = H5T_NATIVE_FLOAT,
                                  .y = H5T_NATIVE_DOUBLE,
                                  .whole = H5T_NATIVE_INT64,
                                  .labels = true},
                                 {.n = 40,
                                  .p = 6,
                                  .X = H5T_NATIVE_DOUBLE,
                                  .y = H5T_NATIVE_FLOAT,
                                  .whole = H5T_NATIVE_INT,
                                  .sparse = true,
                                  .vectors = true}};
    static const char *const types[] = {"float64", "float32", "float64"};
    test_path("info.h5", path, sizeof path);
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        info_t *info = NULL;
        file_write(path, &specs[k]);
        if (!first_rank() || !CHECK_OK(read_again(&info)))
            continue;
        check_counts(&specs[k], info);
        check_target(&specs[k], info);
        CU_ASSERT_STRING_EQUAL(info->type, types[k]);
        CU_ASSERT_STRING_EQUAL(info->filters, specs[k].chunk > 0 ? "shuffle, gzip 4" : "");
        CU_ASSERT(info->chunk[0] == specs[k].chunk);
        CU_ASSERT(info->weights.present == specs[k].vectors);
        CU_ASSERT((info->label_count == 2) == specs[k].labels);
        info_free(&info);
    }
}

static void weights_groups_and_folds_are_counted(void)
{
    const file_spec_t spec = {.n = 51,
                              .p = 7,
                              .X = H5T_NATIVE_DOUBLE,
                              .y = H5T_NATIVE_DOUBLE,
                              .whole = H5T_NATIVE_INT,
                              .vectors = true};
    info_t *info = NULL;
    test_path("info.h5", path, sizeof path);
    file_write(path, &spec);
    if (!first_rank() || !CHECK_OK(read_again(&info)))
        return;
    CU_ASSERT(info->weights.max == 3 && info->weights.zeros == 13);
    CU_ASSERT(info->offset.present && info->offset.min == -1);
    CU_ASSERT(info->groups && info->group_count == 2 && info->free == 3);
    CU_ASSERT(info->folds && info->fold_count == 5);
    CU_ASSERT(info->fold_least == 10 && info->fold_most == 11);
    info_free(&info);
}

static void break_numbers(hid_t file, const void *context)
{
    const int p = *(const int *)context;
    for (int i = 0; i < 12; i++)
        file_poke(file, "X", (hsize_t)i * (hsize_t)p + 1, 5);
    file_poke(file, "X", 0, NAN);
    file_poke(file, "X", 2, INFINITY);
    file_poke(file, "y", 3, NAN);
}

static void constants_and_nan_are_found(void)
{
    const file_spec_t spec = {.n = 12,
                              .p = 4,
                              .X = H5T_NATIVE_DOUBLE,
                              .y = H5T_NATIVE_DOUBLE,
                              .whole = H5T_NATIVE_INT,
                              .names = STRINGS_FIXED};
    info_t *info = NULL;
    test_path("info.h5", path, sizeof path);
    file_write(path, &spec);
    file_edit(path, break_numbers, &spec.p);
    if (!first_rank() || !CHECK_OK(read_again(&info)))
        return;
    CU_ASSERT(info->bad == 2 && info->y.bad == 1);
    CU_ASSERT(info->constant == 1);
    if (info->constant_names[0] != NULL)
        CU_ASSERT_STRING_EQUAL(info->constant_names[0], "col 1");
    CU_ASSERT(info->constant_names[1] == NULL);
    info_free(&info);
}

static void many_values_are_not_listed(void)
{
    const file_spec_t spec = {
        .n = 30, .p = 1, .X = H5T_NATIVE_DOUBLE, .y = H5T_NATIVE_DOUBLE, .whole = H5T_NATIVE_INT};
    const hsize_t dims[1] = {30};
    double y[30];
    info_t *info = NULL;
    for (int i = 0; i < 30; i++)
        y[i] = 29 - i;
    test_path("info.h5", path, sizeof path);
    file_write(path, &spec);
    if (!first_rank())
        return;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    file_replace(file, "y", H5T_NATIVE_DOUBLE, 1, dims, y);
    H5Fclose(file);
    if (CHECK_OK(read_again(&info)))
        CU_ASSERT(info->distinct == INFO_DISTINCT + 1 && info->y.max == 29 && info->y.mean == 14.5);
    info_free(&info);
}

/* Where the bytes of /X begin; 0: they are not in one piece. */
static int64_t start_of_X(void)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "X", H5P_DEFAULT);
    const haddr_t start = H5Dget_offset(set);
    H5Dclose(set);
    H5Fclose(file);
    return start == HADDR_UNDEF ? 0 : (int64_t)start;
}

/* What import writes: one piece, which disks can read straight to memory where it is large; when
   compressed, chunks of as many whole rows as fit into 1 MiB. */
static void rows_lie_as_they_are_read(void)
{
    static const struct {
        write_shape_t shape;
        int64_t rows;
        const char *filters;
    } cases[] = {
        {{.n = 100, .p = 5, .nonzeros = -1}, 0, ""},
        {{.n = 30000, .p = 8, .nonzeros = -1}, 0, ""},
        {{.n = 100, .p = 5, .nonzeros = -1, .gzip = 1}, 100, "shuffle, gzip 1"},
        {{.n = 30000, .p = 7, .nonzeros = -1, .gzip = 3}, (1 << 20) / 56, "shuffle, gzip 3"},
        {{.n = 60000, .p = 8, .nonzeros = -1, .float32 = true, .gzip = 1},
         (1 << 20) / 32,
         "shuffle, gzip 1"},
        {{.n = 3, .p = 200000, .nonzeros = -1, .gzip = 1}, 1, "shuffle, gzip 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases && first_rank(); i++) {
        const write_shape_t *shape = &cases[i].shape;
        writer_t *writer = NULL;
        info_t *info = NULL;
        double *x = NULL;
        write_row_t row = {.y = 1.0};
        test_path("chunks.h5", path, sizeof path);
        CHECK_OK(mem_alloc(shape->p, sizeof *x, &x));
        row.x = x;
        CHECK_OK(writer_create(path, shape, &writer));
        for (int64_t k = 0; k < shape->n; k++)
            CHECK_OK(writer_row(writer, &row));
        CHECK_OK(writer_finish(writer));
        writer_free(&writer);
        if (CHECK_OK(read_again(&info))) {
            CU_ASSERT_EQUAL(info->chunk[0], cases[i].rows);
            CU_ASSERT_EQUAL(info->chunk[1], shape->gzip > 0 ? shape->p : 0);
            CU_ASSERT((start_of_X() > 0) == (shape->gzip == 0));
            CU_ASSERT(8 * shape->n * shape->p < (1 << 20) || start_of_X() % DIRECT_UNIT == 0);
            CU_ASSERT_STRING_EQUAL(info->filters, cases[i].filters);
        }
        info_free(&info);
        mem_free(&x);
    }
}

static void bad_files_are_refused(void)
{
    const file_spec_t spec = {.n = 12,
                              .p = 4,
                              .X = H5T_NATIVE_DOUBLE,
                              .y = H5T_NATIVE_DOUBLE,
                              .whole = H5T_NATIVE_INT,
                              .sparse = true};
    info_t *info = NULL;
    const int64_t live = mem_live();
    test_path("info.h5", path, sizeof path);
    file_write(path, &spec);
    if (!first_rank())
        return;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    file_poke(file, "X/indices", 2, 4);
    H5Fclose(file);
    CHECK_FAILS(read_one(path, &info), TRALO_ERR_INPUT, "/X/indices [2] is 4, but there are 4");
    CHECK_FAILS(read_one("/nowhere.h5", &info), TRALO_ERR_FILE, "No such file");
    CU_ASSERT(info == NULL && mem_live() == live);
}

void suite_info(void)
{
    static const test_case_t cases[] = {
        {"a file is described", a_file_is_described},
        {"weights, groups and folds are counted", weights_groups_and_folds_are_counted},
        {"constants and NaN are found", constants_and_nan_are_found},
        {"many values are not listed", many_values_are_not_listed},
        {"rows lie as they are read", rows_lie_as_they_are_read},
        {"bad files are refused", bad_files_are_refused}};
    REGISTER("info", cases);
}
