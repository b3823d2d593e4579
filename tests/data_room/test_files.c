/* SPDX-License-Identifier: BSD-3-Clause */
/* Several files as one data set. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data/info.h"
#include "data_room/h5_files.h"
#include "support.h"

enum { N = 41, P = 5, PARTS = 6 };

static const int sizes[PARTS] = {10, 0, 1, 20, 9, 1};
static char whole[300], pattern[300], paths[PARTS][300];
static const char *const names[PARTS] = {paths[0], paths[1], paths[2],
                                         paths[3], paths[4], paths[5]};
static const files_names_t parts = {PARTS, names};
static const data_options_t options = {.standardize = true, .intercept = true};

static file_spec_t spec_of(bool sparse)
{
    return (file_spec_t){.n = N,
                         .p = P,
                         .X = H5T_IEEE_F64LE,
                         .y = H5T_IEEE_F64LE,
                         .whole = H5T_STD_I32LE,
                         .sparse = sparse,
                         .chunk = 4,
                         .vectors = true,
                         .labels = true,
                         .names = STRINGS_VARIABLE};
}

/* The same rows in one file and in PARTS, whose names stand in the order of their rows. */
static void write_parts(const file_spec_t *spec)
{
    file_spec_t part = *spec;
    test_path("whole.h5", whole, sizeof whole);
    test_path("part-*.h5", pattern, sizeof pattern);
    file_write(whole, spec);
    for (int f = 0; f < PARTS; f++) {
        char name[32];
        snprintf(name, sizeof name, "part-%d.h5", f);
        test_path(name, paths[f], sizeof paths[f]);
        part.n = sizes[f];
        part.chunk = f % 2 == 0 ? spec->chunk : 0;
        part.X = f == 3 ? H5T_STD_I16BE : spec->X;
        file_write(paths[f], &part);
        part.first += sizes[f];
    }
}

static bool same(const void *a, const void *b, int64_t count, size_t size)
{
    return memcmp(a, b, (size_t)count * size) == 0;
}

static void check_same(const data_t *a, const data_t *b)
{
    const int64_t numbers = a->rows * a->columns;
    double *x = NULL, *z = NULL;
    CU_ASSERT(a->n == b->n && a->first == b->first && a->rows == b->rows);
    CU_ASSERT(a->weight_sum == b->weight_sum && a->columns == b->columns);
    CHECK_OK(mem_alloc(numbers, sizeof *x, &x));
    CHECK_OK(mem_alloc(numbers, sizeof *z, &z));
    rows_copy(&a->X, 0, a->rows, x);
    rows_copy(&b->X, 0, b->rows, z);
    CU_ASSERT(same(x, z, numbers, sizeof *x));
    CU_ASSERT(same(a->y, b->y, a->rows, sizeof *a->y));
    CU_ASSERT(same(a->weights, b->weights, a->rows, sizeof *a->weights));
    CU_ASSERT(same(a->offset, b->offset, a->rows, sizeof *a->offset));
    CU_ASSERT(same(a->fold, b->fold, a->rows, sizeof *a->fold));
    CU_ASSERT(same(a->group, b->group, a->p, sizeof *a->group));
    CU_ASSERT(same(a->mean, b->mean, a->p, sizeof *a->mean));
    CU_ASSERT(same(a->scale, b->scale, a->p, sizeof *a->scale));
    CU_ASSERT(strcmp(a->names[P - 1], b->names[P - 1]) == 0);
    CU_ASSERT(strcmp(a->labels[1], b->labels[1]) == 0 && strcmp(a->target, b->target) == 0);
    mem_free(&x);
    mem_free(&z);
}

static void check_title(const data_t *d, const char *end)
{
    size_t length = strlen(d->title), tail = strlen(end);
    CU_ASSERT(length >= tail && strcmp(d->title + length - tail, end) == 0);
}

static void files_are_one_data_set(void)
{
    const char *pattern_name = pattern;
    const files_names_t by_pattern = {1, &pattern_name};
    for (int sparse = 0; sparse < 2; sparse++) {
        data_t *one = NULL, *listed = NULL, *matched = NULL;
        file_spec_t spec = spec_of(sparse == 1);
        write_parts(&spec);
        bool opened = CHECK_OK(data_open(test_comm, whole, &options, &one));
        opened = CHECK_OK(data_open_files(test_comm, &parts, &options, &listed)) && opened;
        opened = CHECK_OK(data_open_files(test_comm, &by_pattern, &options, &matched)) && opened;
        if (opened) {
            check_same(one, listed);
            check_same(one, matched);
            check_title(one, "/whole.h5");
            check_title(matched, "/part-0.h5 and 5 more files");
        }
        data_free(&one);
        data_free(&listed);
        data_free(&matched);
    }
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static bool same_vector(const info_vector_t *a, const info_vector_t *b)
{
    return a->present == b->present && a->mean == b->mean && a->sd == b->sd && a->min == b->min &&
           a->max == b->max && a->zeros == b->zeros && a->bad == b->bad;
}

static void information_adds_up(void)
{
    const char *name = whole;
    const files_names_t one = {1, &name};
    info_t *a = NULL, *b = NULL;
    for (int sparse = 0; sparse < 2; sparse++) {
        file_spec_t spec = spec_of(sparse == 1);
        write_parts(&spec);
        if (comm_rank(test_comm) != 0)
            continue;
        if (!CHECK_OK(info_read(&one, &a)) || !CHECK_OK(info_read(&parts, &b)))
            break;
        CU_ASSERT(a->files == 1 && b->files == PARTS);
        CU_ASSERT(a->n == b->n && a->nonzeros == b->nonzeros && a->entries == b->entries);
        CU_ASSERT(a->constant == b->constant && a->distinct == b->distinct);
        CU_ASSERT(a->group_count == b->group_count && a->free == b->free);
        CU_ASSERT(a->fold_count == b->fold_count && a->fold_most == b->fold_most);
        CU_ASSERT(same_vector(&a->y, &b->y) && same_vector(&a->weights, &b->weights));
        CU_ASSERT(same_vector(&a->offset, &b->offset) && strcmp(a->target, b->target) == 0);
        info_free(&a);
        info_free(&b);
    }
    info_free(&a);
    comm_barrier(test_comm);
}

/* ---- files that do not go together --------------------------------------------------------------
 */
static void refused(int err, const files_names_t *given, const char *message)
{
    data_t *d = NULL;
    int64_t live = mem_live();
    CHECK_FAILS(data_open_files(test_comm, given, &options, &d), err, message);
    CU_ASSERT(d == NULL && mem_live() == live);
    CU_ASSERT(comm_same(test_comm, tralo_error_message(), (int64_t)strlen(tralo_error_message())));
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static void drop(hid_t file, const void *name)
{
    H5Ldelete(file, name, H5P_DEFAULT);
}

static void drop_attribute(hid_t file, const void *name)
{
    H5Adelete_by_name(file, "y", name, H5P_DEFAULT);
}

static void other_label(hid_t file, const void *context)
{
    static const char *const labels[] = {"gut", "boese"};
    (void)context;
    file_attribute(file, "y", "labels", STRINGS_FIXED, 2, labels);
}

static void other_target(hid_t file, const void *context)
{
    static const char *const name = "prognosis";
    (void)context;
    file_attribute(file, "y", "name", STRINGS_FIXED, 0, &name);
}

static void other_groups(hid_t file, const void *context)
{
    (void)context;
    file_poke(file, "groups", 2, 0);
}

static void other_name(hid_t file, const void *context)
{
    static const char texts[P][8] = {"größe", "col 1", "col 2", "col x", "col 4"};
    const hsize_t dims[1] = {P};
    (void)context;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, sizeof texts[0]);
    file_replace(file, "feature_names", type, 1, dims, texts);
    H5Tclose(type);
}

static void bad_number(hid_t file, const void *name)
{
    file_poke(file, name, 3, NAN);
}

static void differences_are_named(void)
{
    static const struct {
        void (*edit)(hid_t file, const void *context);
        const char *context, *message;
    } edits[] = {
        {drop, "weights", "part-3.h5 has no dataset /weights, but "},
        {drop, "groups", "part-3.h5 has no dataset /groups, but "},
        {drop, "feature_names", "part-3.h5 has no dataset /feature_names, but "},
        {drop, "y", "part-3.h5: /y does not exist"},
        {drop_attribute, "labels", "part-3.h5 has no attribute 'labels' of /y, but "},
        {drop_attribute, "name", "part-3.h5 has no attribute 'name' of /y, but "},
        {other_label, NULL, "part-3.h5: label 1 is 'boese', but 'böse' in "},
        {other_target, NULL, "part-3.h5: /y is 'prognosis', but 'diagnosis' in "},
        {other_groups, NULL, "part-3.h5: /groups column 2 is 0, but 1 in "},
        {other_name, NULL, "part-3.h5: feature name 3 is 'col x', but 'col 3' in "},
        {bad_number, "y", "part-3.h5: /y row 3 is nan"},
        {bad_number, "offset", "part-3.h5: /offset row 3 is nan"},
        {bad_number, "X", "part-3.h5: /X row 0, column 3 (col 3) is nan"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        file_spec_t spec = spec_of(false), part = spec;
        if (i == 0)
            write_parts(&spec);
        part.n = sizes[3];
        part.first = sizes[0] + sizes[1] + sizes[2];
        file_write(paths[3], &part);
        file_edit(paths[3], edits[i].edit, edits[i].context);
        refused(TRALO_ERR_INPUT, &parts, edits[i].message);
    }
}

static void shapes_must_agree(void)
{
    file_spec_t spec = spec_of(false), part = spec;
    write_parts(&spec);
    part.n = sizes[3];
    part.p = P + 1;
    file_write(paths[3], &part);
    refused(TRALO_ERR_INPUT, &parts, "part-3.h5: the columns of /X are 6, but 5 in ");
    part.p = P;
    part.sparse = true;
    file_write(paths[3], &part);
    refused(TRALO_ERR_INPUT, &parts, "part-3.h5 has the sparse /X, but ");
}

static void names_must_stand_for_files(void)
{
    char nothing[300], missing[300];
    const char *const twice[] = {whole, pattern, paths[2]}, *given[] = {nothing, missing};
    const files_names_t double_names = {3, twice}, no_match = {1, given}, no_file = {2, given};
    file_spec_t spec = spec_of(false);
    write_parts(&spec);
    test_path("none-*.h5", nothing, sizeof nothing);
    test_path("none.h5", missing, sizeof missing);
    refused(TRALO_ERR_INPUT, &double_names, "part-2.h5: this file is given twice");
    refused(TRALO_ERR_FILE, &no_match, "none-*.h5: no file matches");
    file_write(nothing, &spec); /* a file of that very name */
    refused(TRALO_ERR_FILE, &no_file, "none.h5: No such file or directory");
    CHECK_FAILS(files_spare(paths[2], &parts, "the data"), TRALO_ERR_INPUT,
                "part-2.h5: is the data; choose another output");
    CHECK_FAILS(files_spare(paths[2], &double_names, "the data"), TRALO_ERR_INPUT, "is the data");
    CHECK_OK(files_spare(whole, &parts, "the data"));
    CHECK_OK(files_spare(whole, &no_file, "the data"));
}

static void every_allocation_may_fail(void)
{
    const char *name = pattern;
    const files_names_t names_given = {1, &name};
    file_spec_t spec = spec_of(false);
    write_parts(&spec);
    for (int rank = 0; rank < comm_size(test_comm); rank++) {
        int code = TRALO_ERR_MEMORY;
        int64_t live = mem_live();
        for (int k = 0; k < 300 && code != TRALO_OK; k++) {
            data_t *d = NULL;
            mem_fail_at(comm_rank(test_comm) == rank ? k : -1);
            code = data_open_files(test_comm, &names_given, &options, &d);
            mem_fail_at(-1);
            data_free(&d);
            CU_ASSERT(code == TRALO_OK ? k > 20 : code == TRALO_ERR_MEMORY);
            CU_ASSERT(mem_live() == live);
        }
        CU_ASSERT(code == TRALO_OK);
    }
}

static void rows_are_found(void)
{
    files_part_t part[PARTS] = {{0}};
    const files_t files = {PARTS, NULL, part};
    for (int f = 0, first = 0; f < PARTS; first += sizes[f++]) {
        part[f].first = first;
        part[f].rows = sizes[f];
    }
    for (int64_t row = 0; row < N; row++) {
        files_piece_t all = files_piece(&files, row, N - row), one = files_piece(&files, row, 1);
        const files_part_t *p = &part[all.file];
        CU_ASSERT(all.file == one.file && one.count == 1 && all.first == one.first);
        CU_ASSERT(p->first + all.first == row && all.first + all.count == p->rows);
    }
}

void suite_data_files(void)
{
    static const test_case_t cases[] = {
        {"files are one data set", files_are_one_data_set},
        {"information adds up", information_adds_up},
        {"differences are named", differences_are_named},
        {"shapes must agree", shapes_must_agree},
        {"names must stand for files", names_must_stand_for_files},
        {"every allocation may fail, on any rank", every_allocation_may_fail},
        {"rows are found", rows_are_found},
    };
    REGISTER("data files", cases);
}
