/* SPDX-License-Identifier: BSD-3-Clause */
/* What other programs write, made through HDF5 itself (tests/cli/foreign has the real files). */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data_room/h5_files.h"
#include "support.h"

enum { N = 12, P = 3 };

static char path[300];
static const data_options_t options = {.standardize = true};

static file_spec_t spec(void)
{
    return (file_spec_t){
        .n = N, .p = P, .X = H5T_IEEE_F64LE, .y = H5T_IEEE_F64LE, .whole = H5T_STD_I32LE};
}

static void make(void (*edit)(hid_t file, const void *context), const void *context)
{
    file_spec_t s = spec();
    test_path("foreign.h5", path, sizeof path);
    file_write(path, &s);
    file_edit(path, edit, context);
}

static void refused(int err, const char *message)
{
    data_t *d = NULL;
    int64_t live = mem_live();
    CHECK_FAILS(data_open(test_comm, path, &options, &d), err, message);
    CU_ASSERT(d == NULL && mem_live() == live);
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static void add_group(hid_t file, const char *name)
{
    H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void add_texts(hid_t file, const char *name, const char *texts, size_t each, hsize_t count)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, each);
    file_replace(file, name, type, 1, &count, texts);
    H5Tclose(type);
}

/* ---- AnnData ------------------------------------------------------------------------------------
 */
static void be_anndata(hid_t file, const void *without)
{
    static const char *const index = "genes";
    static const char names[P][8] = {"TP53", "größe", "BRCA1"};
    add_group(file, "obs");
    add_group(file, "var");
    add_group(file, "layers");
    add_group(file, "layers/counts");
    file_attribute(file, "var", "_index", STRINGS_VARIABLE, 0, &index);
    add_texts(file, "var/genes", names[0], sizeof names[0], P);
    if (without != NULL)
        H5Ldelete(file, without, H5P_DEFAULT);
}

static void names_of_anndata(void)
{
    data_t *d = NULL;
    make(be_anndata, NULL);
    if (CHECK_OK(data_open(test_comm, path, &options, &d)))
        CU_ASSERT(d->names != NULL && strcmp(d->names[0], "TP53") == 0 &&
                  strcmp(d->names[1], "größe") == 0 && strcmp(d->names[2], "BRCA1") == 0);
    data_free(&d);
    make(be_anndata, "X");
    refused(TRALO_ERR_INPUT, "foreign.h5: AnnData without /X; its layers (counts) are not read");
    make(be_anndata, "y");
    refused(TRALO_ERR_INPUT, "foreign.h5: /y does not exist: AnnData has no target of its own");
}

/* ---- pandas -------------------------------------------------------------------------------------
 */
static void be_pandas(hid_t file, const void *context)
{
    const char *const *where_kind = context;
    H5Ldelete(file, "X", H5P_DEFAULT);
    add_group(file, "store");
    add_group(file, where_kind[0]);
    file_attribute(file, where_kind[0], "pandas_type", STRINGS_FIXED, 0, &where_kind[1]);
}

static void tables_of_pandas(void)
{
    static const char *const cases[][3] = {
        {"X", "frame", ": /X is a table that pandas wrote (to_hdf, format \"fixed\")"},
        {"df", "frame_table", ": /df is a table that pandas wrote (to_hdf, format \"table\")"},
        {"store/df", "frame", ": /store/df is a table that pandas wrote"},
        {"y2", "series_table", ": /y2 is a series that pandas wrote"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(be_pandas, cases[i]);
        refused(TRALO_ERR_INPUT, cases[i][2]);
    }
}

/* ---- h5py ---------------------------------------------------------------------------------------
 */
static void x_is_bool(hid_t file, const void *names)
{
    const char *const *both = names;
    const hsize_t dims[2] = {N, P};
    char values[N * P], value[1] = {0};
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(type, both[0], value);
    value[0] = 1;
    H5Tenum_insert(type, both[1], value);
    for (int i = 0; i < N * P; i++)
        values[i] = i % 7 < 3;
    file_replace(file, "X", type, 2, dims, values);
    H5Tclose(type);
}

static void bools_are_numbers(void)
{
    static const char *const bools[] = {"FALSE", "TRUE"}, *const colours[] = {"RED", "BLUE"};
    const data_options_t plain = {.intercept = true};
    data_t *d = NULL;
    double row[P + 1];
    make(x_is_bool, bools);
    bool opened = CHECK_OK(data_open(test_comm, path, &plain, &d));
    for (int64_t i = 0; opened && i < d->rows; i++) {
        rows_copy(&d->X, i, 1, row);
        for (int j = 0; j < P; j++)
            CU_ASSERT(row[j] == (((d->first + i) * P + j) % 7 < 3));
    }
    data_free(&d);
    make(x_is_bool, colours);
    refused(TRALO_ERR_INPUT, "foreign.h5: /X is an enumeration: store it as int8");
}

/* X as a virtual dataset, all of whose rows are /rows of `source` ("." is the file itself). */
static void x_is_virtual(hid_t file, const void *source)
{
    const hsize_t dims[2] = {N, P};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
    H5Lmove(file, "X", file, "rows", H5P_DEFAULT, H5P_DEFAULT);
    H5Pset_virtual(list, space, source, "rows", space);
    H5Dclose(H5Dcreate2(file, "X", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(list);
}

static void virtual_datasets(void)
{
    const file_spec_t s = spec();
    const data_options_t plain = {.intercept = true};
    data_t *d = NULL;
    double row[P + 1];
    make(x_is_virtual, ".");
    bool opened = CHECK_OK(data_open(test_comm, path, &plain, &d));
    for (int64_t i = 0; opened && i < d->rows; i++) {
        rows_copy(&d->X, i, 1, row);
        for (int j = 0; j < P; j++)
            CU_ASSERT(row[j] == file_X(&s, (int)(d->first + i), j));
    }
    data_free(&d);
    make(x_is_virtual, "absent.h5");
    refused(TRALO_ERR_FILE, "foreign.h5: /X is a virtual dataset, whose source rows in absent.h5 "
                            "cannot be found");
}

static void leads_nowhere(hid_t file, const void *context)
{
    (void)context;
    H5Ldelete(file, "X", H5P_DEFAULT);
    H5Lcreate_soft("/absent", file, "X", H5P_DEFAULT, H5P_DEFAULT);
}

static void other_names(hid_t file, const void *context)
{
    (void)context;
    H5Lmove(file, "X", file, "data", H5P_DEFAULT, H5P_DEFAULT);
}

static void missing_X(void)
{
    make(leads_nowhere, NULL);
    refused(TRALO_ERR_INPUT, "foreign.h5: /X is a link that leads nowhere");
    make(other_names, NULL);
    refused(TRALO_ERR_INPUT, "foreign.h5: /X does not exist (the file holds: data, y)");
}

void suite_data_foreign(void)
{
    static const test_case_t cases[] = {
        {"names of AnnData", names_of_anndata},
        {"tables of pandas", tables_of_pandas},
        {"bools are numbers", bools_are_numbers},
        {"virtual datasets", virtual_datasets},
        {"missing X", missing_X},
    };
    REGISTER("data foreign", cases);
}
