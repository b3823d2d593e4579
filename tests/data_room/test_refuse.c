/* SPDX-License-Identifier: BSD-3-Clause */
/* Every file that must be refused, with the message that says why. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/data.h"
#include "data/h5.h"
#include "data_room/h5_files.h"
#include "support.h"

enum { N = 17, P = 4 };

static char path[300];
static const data_options_t standardize = {.standardize = true};

static file_spec_t good(bool sparse)
{
    return (file_spec_t){.n = N,
                         .p = P,
                         .X = H5T_IEEE_F64LE,
                         .y = H5T_IEEE_F64LE,
                         .whole = H5T_STD_I32LE,
                         .sparse = sparse,
                         .vectors = true,
                         .labels = true,
                         .names = STRINGS_VARIABLE};
}

static void refused(int err, const char *message)
{
    data_t *d = NULL;
    int64_t live = mem_live();
    CHECK_FAILS(data_open(test_comm, path, &standardize, &d), err, message);
    CU_ASSERT(d == NULL && mem_live() == live);
    CU_ASSERT(comm_same(test_comm, tralo_error_message(), (int64_t)strlen(tralo_error_message())));
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

/* ---- one number is wrong ------------------------------------------------------------------------
 */

typedef struct poke {
    bool sparse;
    const char *name;
    hsize_t index;
    double value;
    const char *message;
} poke_t;

static void do_poke(hid_t file, const void *context)
{
    const poke_t *p = context;
    file_poke(file, p->name, p->index, p->value);
}

static void wrong_numbers(void)
{
    static const poke_t pokes[] = {
        {false, "X", 13 * P + 2, NAN, ": /X row 13, column 2 (col 2) is nan"},
        {false, "X", 0, -INFINITY, ": /X row 0, column 0 (größe) is -inf"},
        {false, "X", 16 * P + 3, INFINITY, ": /X row 16, column 3 (col 3) is inf"},
        {false, "y", 11, NAN, ": /y row 11 is nan"},
        {false, "y", 16, 0.0, ": /y row 16 is 0: with the attribute 'labels'"},
        {false, "weights", 5, -1.0, ": /weights row 5 is -1: it must not be negative"},
        {false, "weights", 16, INFINITY, ": /weights row 16 is inf"},
        {false, "offset", 8, NAN, ": /offset row 8 is nan"},
        {false, "groups", 1, -2, ": /groups column 1 is -2: it must be -1 (free) or 0 to 3"},
        {false, "groups", 1, 4, ": /groups column 1 is 4"},
        {false, "groups", 1, 3, ": /groups: number 0 is used by no column, but 3 is"},
        {true, "X/data", 3, NAN, ": /X row 2, column 2 (col 2) is nan"},
        {true, "X/indices", 22, -1, ": /X row 16 has an entry in column -1"},
        {true, "X/indices", 22, P, ": /X row 16 has an entry in column 4, but there are 4 columns"},
        {true, "X/indices", 0, 0, ": /X row 0 has two entries in column 0"},
        {true, "X/indptr", 0, 1, ": /X/indptr starts with 1"},
        {true, "X/indptr", 5, 1, ": /X/indptr [5] is less than the one before"},
        {true, "X/indptr", 9, -1, ": /X/indptr [9] is -1, outside of 0 to 23"},
        {true, "X/indptr", 3, 99, ": /X/indptr [3] is 99, outside of 0 to 23"},
        {true, "X/indptr", N, 22, ": /X/indptr ends with 22, but there are 23 entries"},
    };
    for (size_t i = 0; i < sizeof pokes / sizeof *pokes; i++) {
        file_spec_t spec = good(pokes[i].sparse);
        file_write(path, &spec);
        file_edit(path, do_poke, &pokes[i]);
        refused(TRALO_ERR_INPUT, pokes[i].message);
    }
}

static void poke_two(hid_t file, const void *context)
{
    (void)context;
    for (hsize_t i = 0; i < N; i += 3)
        file_poke(file, "X", (N - 1 - i) * P + i % P, NAN);
}

static void the_first_of_many_is_named(void)
{
    file_spec_t spec = good(false);
    file_write(path, &spec);
    file_edit(path, poke_two, NULL);
    refused(TRALO_ERR_INPUT, "/X row 1, column 3");
}

/* ---- one dataset is wrong -----------------------------------------------------------------------
 */

typedef enum stored { REALS, WHOLE, TEXT, NOTHING } stored_t;

typedef struct swap {
    bool sparse;
    const char *name;
    stored_t stored; /* zeros, or NOTHING: the dataset is only taken away */
    int rank;
    hsize_t dims[3];
    const char *message;
} swap_t;

static void do_swap(hid_t file, const void *context)
{
    static const double zeros[1000];
    const swap_t *s = context;
    if (s->stored == NOTHING) {
        H5Ldelete(file, s->name, H5P_DEFAULT);
        return;
    }
    hid_t text = H5Tcopy(H5T_C_S1);
    hid_t type = s->stored == REALS   ? H5T_NATIVE_DOUBLE
                 : s->stored == WHOLE ? H5T_NATIVE_INT
                                      : text;
    file_replace(file, s->name, type, s->rank, s->dims, zeros);
    H5Tclose(text);
}

static void wrong_datasets(void)
{
    static const swap_t swaps[] = {
        {false, "X", NOTHING, 0, {0}, ": /X does not exist"},
        {false, "X", REALS, 1, {N}, ": /X has 1 dimension(s), wanted is [rows, columns]"},
        {false, "X", REALS, 3, {N, 2, 2}, ": /X has 3 dimensions, at most 2 are possible"},
        {false, "X", TEXT, 2, {N, P}, ": /X must hold numbers"},
        {false, "X", REALS, 2, {N, 0}, ": /X has no columns"},
        {false, "X", REALS, 2, {1, P}, ": /X has 1 rows: at least 2 needed"},
        {false, "X", REALS, 2, {0, P}, ": /X has 0 rows: at least 2 needed"},
        {false, "y", NOTHING, 0, {0}, ": /y does not exist"},
        {false, "y", REALS, 1, {N + 1}, ": /y has shape [18], wanted is [17]"},
        {false, "y", REALS, 2, {N, 1}, ": /y has shape [17, 1], wanted is [17]"},
        {false, "y", REALS, 0, {0}, ": /y is a single value, wanted is [17]"},
        {false, "y", TEXT, 1, {N}, ": /y must hold numbers"},
        {false, "weights", REALS, 1, {P}, ": /weights has shape [4], wanted is [17]"},
        {false, "weights", REALS, 1, {N}, ": /weights are all 0"},
        {false, "offset", REALS, 1, {2}, ": /offset has shape [2], wanted is [17]"},
        {false, "fold", REALS, 1, {N}, ": /fold must hold integers"},
        {false, "fold", WHOLE, 1, {3}, ": /fold has shape [3], wanted is [17]"},
        {false, "groups", REALS, 1, {P}, ": /groups must hold integers"},
        {false, "groups", WHOLE, 1, {N}, ": /groups has shape [17], wanted is [4]"},
        {false, "feature_names", REALS, 1, {P}, ": /feature_names must hold strings"},
        {false, "feature_names", TEXT, 1, {3}, ": /feature_names holds 3 strings, wanted are 4"},
        {true, "X/data", NOTHING, 0, {0}, ": /X/data does not exist"},
        {true, "X/indptr", WHOLE, 1, {N}, ": /X/indptr has shape [17], wanted is [18]"},
        {true, "X/indices", WHOLE, 1, {N}, ": /X/indices has shape [17], wanted is [23]"},
        {true, "X/indices", REALS, 1, {23}, ": /X/indices must hold integers"},
    };
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        file_spec_t spec = good(swaps[i].sparse);
        file_write(path, &spec);
        file_edit(path, do_swap, &swaps[i]);
        refused(TRALO_ERR_INPUT, swaps[i].message);
    }
}

static void y_is_one(hid_t file, const void *context)
{
    (void)context;
    for (hsize_t i = 0; i < N; i++)
        file_poke(file, "y", i, 1.0);
}

/* With an offset, or without an intercept, there is something to learn from it. */
static void constant_target(void)
{
    data_t *d = NULL;
    data_options_t options = {.intercept = true};
    file_spec_t spec = good(false);
    for (int offset = 0; offset < 2; offset++) {
        spec.vectors = offset == 1;
        file_write(path, &spec);
        file_edit(path, y_is_one, NULL);
        if (offset == 1)
            CHECK_OK(data_open(test_comm, path, &options, &d));
        else
            CHECK_FAILS(data_open(test_comm, path, &options, &d), TRALO_ERR_INPUT,
                        ": /y is 1 in every row");
        data_free(&d);
        CHECK_OK(data_open(test_comm, path, &standardize, &d));
        data_free(&d);
    }
}

/* ---- the structure is wrong ---------------------------------------------------------------------
 */

static void replace_by_group(hid_t file, const void *name)
{
    H5Ldelete(file, name, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void x_is_a_type(hid_t file, const void *context)
{
    (void)context;
    H5Ldelete(file, "X", H5P_DEFAULT);
    hid_t type = H5Tcopy(H5T_NATIVE_INT);
    H5Tcommit2(file, "X", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(type);
}

static void y_is_bool(hid_t file, const void *context)
{
    (void)context;
    const hsize_t dims[1] = {N};
    int8_t values[N] = {0}, no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    file_replace(file, "y", type, 1, dims, values);
    H5Tclose(type);
}

static void y_is_wide(hid_t file, const void *context)
{
    (void)context;
    const hsize_t dims[1] = {N};
    hid_t type = H5Tcopy(H5T_NATIVE_INT);
    H5Tset_size(type, 32);
    file_replace(file, "y", type, 1, dims, NULL);
    H5Tclose(type);
}

static void y_is_lzf(hid_t file, const void *context)
{
    (void)context;
    const hsize_t dims[1] = {N};
    const H5Z_filter_t LZF = 32000;
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, dims, NULL);
    H5Pset_chunk(list, 1, dims);
    H5Pset_filter(list, LZF, H5Z_FLAG_OPTIONAL, 0, NULL);
    H5Ldelete(file, "y", H5P_DEFAULT);
    H5Dclose(H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(list);
}

static void y_is_null(hid_t file, const void *context)
{
    (void)context;
    H5Ldelete(file, "y", H5P_DEFAULT);
    hid_t space = H5Screate(H5S_NULL);
    H5Dclose(
        H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
}

static void three_labels(hid_t file, const void *context)
{
    (void)context;
    const char *const labels[] = {"a", "b", "c"};
    file_attribute(file, "y", "labels", STRINGS_VARIABLE, 3, labels);
}

static void long_names(hid_t file, const void *context)
{
    (void)context;
    const hsize_t dims[1] = {P};
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 1 << 21);
    file_replace(file, "feature_names", type, 1, dims, NULL);
    H5Tclose(type);
}

static void encoding_is_csc(hid_t file, const void *context)
{
    (void)context;
    const char *const encoding = "csc_matrix";
    file_attribute(file, "X", "encoding-type", STRINGS_VARIABLE, 0, &encoding);
}

static void without_attribute(hid_t file, const void *name)
{
    hid_t group = H5Gopen2(file, "X", H5P_DEFAULT);
    H5Adelete(group, name);
    H5Gclose(group);
}

static void set_shape(hid_t file, const void *context)
{
    const hsize_t dims[1] = {2};
    without_attribute(file, "shape");
    hid_t group = H5Gopen2(file, "X", H5P_DEFAULT), space = H5Screate_simple(1, dims, NULL);
    hid_t attribute = H5Acreate2(group, "shape", H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, context);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Gclose(group);
}

static void shape_is_text(hid_t file, const void *context)
{
    (void)context;
    const char *const text = "17 x 4";
    file_attribute(file, "X", "shape", STRINGS_VARIABLE, 0, &text);
}

static void wrong_structure(void)
{
    static const int64_t negative[2] = {-1, P}, wide[2] = {N, INT_MAX};
    static const struct {
        bool sparse;
        void (*edit)(hid_t, const void *);
        const void *context;
        const char *message;
    } edits[] = {
        {false, replace_by_group, "X", ": /X is a group without the attribute 'encoding-type'"},
        {false, replace_by_group, "y", ": /y cannot be opened as a dataset: "},
        {false, replace_by_group, "feature_names",
         ": /feature_names cannot be opened as a dataset"},
        {false, x_is_a_type, NULL, ": /X is neither a dataset nor a group"},
        {false, y_is_bool, NULL, ": /y is a bool or another enumeration: store it as -1 and +1"},
        {false, y_is_wide, NULL, ": /y holds numbers of 32 bytes, at most 16 are possible"},
        {false, y_is_lzf, NULL,
         ": /y is compressed by lzf (filter 32000), for which HDF5 has no plug-in here. Install it "
         "(Debian has hdf5-plugin-lzf, "},
        {false, y_is_null, NULL, ": /y holds no data"},
        {false, three_labels, NULL,
         ": /y row 1 is -1: with 3 of the attribute 'labels' it must be one of 0 .. 2"},
        {false, long_names, NULL, ": /feature_names has strings of 2097152 bytes"},
        {true, encoding_is_csc, NULL, ": /X is stored as \"csc_matrix\", wanted is \"csr_matrix\""},
        {true, without_attribute, "shape", ": /X is a group without the attribute 'shape'"},
        {true, set_shape, negative, "the attribute 'shape' of /X says -1 rows"},
        {true, set_shape, wide, ": /X has 2147483647 columns, at most 2147483646 are possible"},
        {true, shape_is_text, NULL, "the attribute 'shape' of /X must be two integers"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        file_spec_t spec = good(edits[i].sparse);
        file_write(path, &spec);
        file_edit(path, edits[i].edit, edits[i].context);
        refused(TRALO_ERR_INPUT, edits[i].message);
    }
}

/* ---- too large ----------------------------------------------------------------------------------
 */

/* Chunked datasets that no chunk was written of. */
static void unwritten(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims)
{
    const hsize_t chunk[2] = {1024, 16};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(rank, dims, NULL);
    H5Pset_chunk(list, rank, chunk);
    H5Dclose(H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(list);
}

static const hsize_t huge[2] = {INT64_C(4000000000), 1000};

static void huge_dense(hid_t file)
{
    unwritten(file, "X", H5T_NATIVE_FLOAT, 2, huge);
}

static void huge_sparse(hid_t file)
{
    const hsize_t none[1] = {0}, starts[1] = {huge[0] + 1};
    const int64_t shape[2] = {(int64_t)huge[0], (int64_t)huge[1]};
    const char *const encoding = "csr_matrix";
    H5Gclose(H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    file_attribute(file, "X", "encoding-type", STRINGS_VARIABLE, 0, &encoding);
    file_attribute(file, "X", "shape", STRINGS_VARIABLE, 0, &encoding);
    set_shape(file, shape);
    file_replace(file, "X/data", H5T_NATIVE_FLOAT, 1, none, NULL);
    file_replace(file, "X/indices", H5T_NATIVE_INT, 1, none, NULL);
    unwritten(file, "X/indptr", H5T_NATIVE_INT64, 1, starts);
}

static void too_large_for_memory(void)
{
    const data_options_t dense = {.storage = DATA_HOLD_DENSE};
    data_t *d = NULL;
    for (int sparse = 0; sparse < 2; sparse++) {
        if (comm_rank(test_comm) == 0) {
            hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
            (sparse == 1 ? huge_sparse : huge_dense)(file);
            unwritten(file, "y", H5T_NATIVE_DOUBLE, 1, huge);
            H5Fclose(file);
        }
        comm_barrier(test_comm);
        refused(TRALO_ERR_MEMORY, "/X [4000000000, 1000] needs ");
        refused(TRALO_ERR_MEMORY, "GiB left for all of them: use more nodes");
    }
    CHECK_FAILS(data_open(test_comm, path, &dense, &d), TRALO_ERR_MEMORY,
                "/X [4000000000, 1000] is stored sparse but held dense, which needs ");
    CHECK_FAILS(data_open(test_comm, path, &dense, &d), TRALO_ERR_MEMORY,
                "use more nodes, or data.storage = sparse");
}

/* ---- the file itself is wrong -------------------------------------------------------------------
 */

static void write_bytes(const char *name, const char *text)
{
    test_path(name, path, sizeof path);
    if (comm_rank(test_comm) == 0) {
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    comm_barrier(test_comm);
}

static void wrong_files(void)
{
    data_t *d = NULL;
    char folder[300], here[1000];
    test_path("no_such.h5", path, sizeof path);
    refused(TRALO_ERR_FILE, "no_such.h5: No such file or directory");
    test_path("", path, sizeof path);
    refused(TRALO_ERR_FILE, "it is a folder");
    write_bytes("empty.h5", "");
    refused(TRALO_ERR_FILE, "empty.h5 is empty");
    write_bytes("table.csv", "a,b\n1,2\n");
    refused(TRALO_ERR_FILE, "table.csv is not an HDF5 file");
    write_bytes("stump.h5", "\211HDF\r\n\032\n");
    refused(TRALO_ERR_FILE, "stump.h5: truncated or damaged (HDF5: ");
    test_path("refuse.h5", path, sizeof path);
    if (comm_size(test_comm) == 1)
        return;
    file_spec_t spec = good(false);
    file_write(path, &spec);
    test_path("", folder, sizeof folder);
    CU_ASSERT(getcwd(here, sizeof here) != NULL);
    CU_ASSERT(chdir(comm_rank(test_comm) == 1 ? "/" : folder) == 0);
    CHECK_FAILS(data_open(test_comm, "refuse.h5", &standardize, &d), TRALO_ERR_FILE,
                "rank 1 cannot open");
    CU_ASSERT(chdir(here) == 0);
}

static void wrong_for_the_model(void)
{
    data_t *d = NULL;
    const double ones[P + 1] = {1, 1, 1, 1, 1};
    const data_scaling_t scaling = {P + 1, ones, ones};
    const char *name = path;
    const files_names_t names = {1, &name};
    file_spec_t spec = good(false);
    file_write(path, &spec);
    CHECK_FAILS(data_open_scaled(test_comm, &names, true, &scaling, &d), TRALO_ERR_INPUT,
                "/X has 4 columns, but the model was fitted on 5");
    CU_ASSERT(d == NULL);
}

static void helpers_speak(void)
{
    hid_t file = H5I_INVALID_HID;
    const int64_t dims[1] = {1};
    char *text = NULL;
    if (comm_rank(test_comm) == 0) {
        CHECK_FAILS(h5_create("/no/such/folder/a.h5", &file), TRALO_ERR_FILE, "cannot create /no/");
        CHECK_OK(h5_create(path, &file));
        CHECK_OK(h5_write_numbers(file, "a", H5T_NATIVE_DOUBLE, 1, dims, &(double){1.0}));
        CHECK_FAILS(h5_write_numbers(file, "a", H5T_NATIVE_DOUBLE, 1, dims, &(double){1.0}),
                    TRALO_ERR_FILE, "cannot write 'a': ");
        CHECK_OK(h5_write_text(file, "t", "x"));
        CHECK_FAILS(h5_write_text(file, "t", "x"), TRALO_ERR_FILE,
                    "cannot write the attribute 't'");
        CHECK_FAILS(h5_read_text(file, "u", "b.h5: /", &text), TRALO_ERR_INPUT,
                    "b.h5: / attribute 'u' cannot be read: ");
        CU_ASSERT(h5_has(file, "a") && !h5_has(file, "b") && h5_has_attribute(file, "t"));
        CHECK_OK(h5_finish(&file, path));
        CU_ASSERT(file == H5I_INVALID_HID && text == NULL);
    }
    comm_barrier(test_comm);
}

static void helpers_write_what_they_read(void)
{
    static const char *const texts[] = {"one", "", "größer"};
    hid_t file = H5I_INVALID_HID, set = H5I_INVALID_HID, other = H5I_INVALID_HID;
    char *back[7] = {NULL};
    if (comm_rank(test_comm) == 0) {
        CHECK_OK(h5_create(path, &file));
        CHECK_FAILS(h5_create(path, &other), TRALO_ERR_FILE, "another program is writing ");
        CHECK_OK(h5_write_strings(file, "s", texts, 3));
        CHECK_OK(h5_write_attribute_strings(file, "a", texts, 3));
        CHECK_OK(h5_write_text(file, "t", "größer"));
        CHECK_OK(h5_finish(&file, path));
        CHECK_OK(h5_unlocked(path));
        CHECK_OK(h5_open(path, &file));
        set = H5Dopen2(file, "s", H5P_DEFAULT);
        CHECK_OK(h5_read_strings(set, "s", 3, back));
        CHECK_OK(h5_read_attribute_strings(file, "a", "/", 3, back + 3));
        CHECK_OK(h5_read_text(file, "t", "/", back + 6));
        for (int i = 0; i < 7; i++)
            CU_ASSERT(back[i] != NULL && strcmp(back[i], texts[i < 6 ? i % 3 : 2]) == 0);
        h5_quiet_t before = h5_quiet_begin();
        h5_close(&set);
        h5_close(&file);
        h5_quiet_end(&before);
    }
    for (int i = 0; i < 7; i++)
        mem_free(&back[i]);
    CU_ASSERT(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
    comm_barrier(test_comm);
}

void suite_data_refuse(void)
{
    static const test_case_t cases[] = {
        {"wrong files", wrong_files},
        {"wrong numbers", wrong_numbers},
        {"the first of many is named", the_first_of_many_is_named},
        {"wrong datasets", wrong_datasets},
        {"constant target", constant_target},
        {"wrong structure", wrong_structure},
        {"too large for memory", too_large_for_memory},
        {"wrong for the model", wrong_for_the_model},
        {"helpers speak", helpers_speak},
        {"helpers write what they read", helpers_write_what_they_read},
    };
    REGISTER("data refuse", cases);
}
