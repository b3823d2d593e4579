/* SPDX-License-Identifier: BSD-3-Clause */
/* Every input that must be refused, with the message that says why. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data_room/import_files.h"
#include "support.h"

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
     "x,y\n1,a\n2,b\n",
     {.target = "y", .labels = "a,c"},
     "b.csv:3: column 'y': 'b' is none of --labels a,c"},
    {"b.csv", "x,y\n1,a\n2,b\n", {.target = "y", .labels = "a"}, "write 2 to 512 labels"},
    {"b.csv", "x,y\n1,a\n2,b\n", {.target = "y", .labels = "a,b,"}, "a label is empty"},
    {"b.csv",
     "x,y\n1,a\n2,b\n3,c\n",
     {.target = "y"},
     "the target 'a' is not a finite number, and there are more than two labels"},
    {"b.csv", "x,y\n1,a\n2,b\n", {.target = "y", .labels = "1,1.0"}, "two labels are the same"},
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
    unlink(import_out);
    for (size_t i = 0; i < count; i++) {
        import_put(cases[i].name, cases[i].text);
        CHECK_FAILS(import_run(cases[i].options, NULL), TRALO_ERR_INPUT, cases[i].part);
        CU_ASSERT(import_nothing_left());
    }
}

static void bad_text_is_refused_with_its_place(void)
{
    if (!import_alone())
        return;
    check_bad(bad_csv, sizeof bad_csv / sizeof *bad_csv);
    check_bad(bad_svm, sizeof bad_svm / sizeof *bad_svm);
    import_put_bytes("zero.csv", "x,y\n1,\0\n", 8);
    CHECK_FAILS(import_run((import_options_t){.target = "y"}, NULL), TRALO_ERR_INPUT,
                "zero.csv:2: a zero byte");
    import_put("empty.csv", "");
    CHECK_FAILS(import_run((import_options_t){.target = "y"}, NULL), TRALO_ERR_INPUT, "is empty");
}

static void too_many_levels_are_refused(void)
{
    if (!import_alone())
        return;
    static char text[IMPORT_BIG];
    size_t size = (size_t)snprintf(text, sizeof text, "x,y\n");
    for (int i = 0; i < 4097; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "v%d,%d\n", i, i);
    import_put("levels.csv", text);
    unlink(import_out);
    CHECK_FAILS(
        import_run((import_options_t){.target = "y", .one_hot = list_x, .one_hot_count = 1}, NULL),
        TRALO_ERR_INPUT, ":4098: column 'x': 'v4096' is level 4097");
    CU_ASSERT(import_nothing_left());
}

static void bad_arrays_are_refused(void)
{
    if (!import_alone())
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
    char y[IMPORT_PATH];
    npy_t X;
    npy_put_y(y, 2);
    unlink(import_out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        npy_begin(&X, 1, cases[i].dict);
        for (int k = 0; k < cases[i].numbers; k++)
            npy_number(&X, "<f8", k);
        import_put_bytes("bad.npy", X.bytes, X.size);
        CHECK_FAILS(import_run((import_options_t){.y = y}, NULL), cases[i].err, cases[i].part);
        CU_ASSERT(import_nothing_left());
    }
    CHECK_FAILS(import_run((import_options_t){.y = NULL}, NULL), TRALO_ERR_INPUT,
                "Say --y FILE.npy");
    npy_begin(&X, 9, cases[0].dict);
    import_put_bytes("bad.npy", X.bytes, X.size);
    CHECK_FAILS(import_run((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT,
                "version 9 is not known");
    import_put("bad.npy", "x,y\n1,2\n3,4\n");
    CHECK_FAILS(import_run((import_options_t){.y = y}, NULL), TRALO_ERR_INPUT,
                "is not a NumPy array");
}

static void bad_paths_are_refused(void)
{
    if (!import_alone())
        return;
    char good[IMPORT_PATH], folder[IMPORT_PATH], old[16] = "";
    test_path("", folder, sizeof folder);
    import_options_t o = {.target = "y", .input = good, .output = import_out};
    import_put("good.csv", "x,y\n1,2\n3,4\n");
    memcpy(good, import_in, sizeof import_in);
    import_put("out.h5", "an old file");
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "exists already");
    o.force = true;
    o.target = "z";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "there is no column");
    FILE *file = fopen(import_out, "r");
    CU_ASSERT(fread(old, 1, 11, file) == 11 && strcmp(old, "an old file") == 0);
    fclose(file);
    o.target = "y";
    o.output = folder;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "is a folder");
    o.output = good;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "the same file");
    o.output = "/nowhere/at/all.h5";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "cannot create");
    o.output = import_out;
    o.input = "/nowhere/at/all.csv";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "No such file");
    o.input = folder;
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_FILE, "not a regular file");
    o.input = "-";
    CHECK_FAILS(import_file(&o, NULL), TRALO_ERR_INPUT, "standard input");
}

void suite_import_refuse(void)
{
    static const test_case_t cases[] = {
        {"bad text is refused with its place", bad_text_is_refused_with_its_place},
        {"too many levels are refused", too_many_levels_are_refused},
        {"bad arrays are refused", bad_arrays_are_refused},
        {"bad paths are refused", bad_paths_are_refused}};
    REGISTER("import refuse", cases);
}
