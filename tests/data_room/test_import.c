/* SPDX-License-Identifier: BSD-3-Clause */
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "data/h5.h"
#include "data/import_value.h"
#include "data_room/import_files.h"
#include "support.h"

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
    if (!import_alone())
        return;
    static const char *const drop[] = {"id"}, *const one_hot[] = {"colour"};
    import_report_t report;
    import_put("all.csv", "\xEF\xBB\xBF"
                          "id,\"size, \"\"cm\"\"\",colour,w,time,class,x\r\n"
                          "a\"b\"c,1,\"dark, red\",1,1,yes,0\r\n"
                          "\"two\nlines\",2.5,blue,0, 2.718281828459045 ,no,-1e2\r\n"
                          "\r\n"
                          "c,\"3\",\"dark, red\",2.5,1,yes,7");
    CHECK_OK(import_run((import_options_t){.target = "class",
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
    import_check_texts("/feature_names", NULL, "size, \"cm\"|colour=blue|colour=dark, red|x");
    import_check_texts("/y", "labels", "no|yes");
    import_check_texts("/y", "name", "class");
    import_check_texts("/weights", "name", "w");
    import_check_texts("/offset", "name", "log(time)");
    import_check_texts("/", "source", "all.csv");
    import_check_texts("/", "tralo", tralo_version());
}

static void delimiters_are_found_out(void)
{
    if (!import_alone())
        return;
    static const char *const texts[] = {"a,y\n1,2\n3,4\n",
                                        "a\ty\n1\t2\n3\t4\n",
                                        "a;y\n1;2\n3;4",
                                        "a y\n1 2\n3 4\n",
                                        "  a   y \n 1\t 2\n\n3     4  \n",
                                        "\"a\" \"y\"\n\"1\" 2\n3 4\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        import_put("d.txt", texts[i]);
        CHECK_OK(import_run((import_options_t){.target = "y", .force = true}, NULL));
        CHECK_SET("X", 1, 3);
        CHECK_SET("y", 2, 4);
        import_check_texts("/feature_names", NULL, "a");
    }
    import_put("d.txt", "a,b|y\n1|2\n3|4\n");
    CHECK_OK(import_run((import_options_t){.target = "y", .delimiter = '|', .force = true}, NULL));
    import_check_texts("/feature_names", NULL, "a,b");
}

static void columns_without_header_have_numbers(void)
{
    if (!import_alone())
        return;
    static const char *const drop[] = {"1,c4"};
    import_put("bare.csv", "9,1,2,8\n9,3,4,8\n");
    CHECK_OK(import_run(
        (import_options_t){
            .target = "3", .no_header = true, .drop = drop, .drop_count = 1, .force = true},
        NULL));
    CHECK_SET("X", 1, 3);
    CHECK_SET("y", 2, 4);
    import_check_texts("/feature_names", NULL, "c2");
    import_check_texts("/y", "name", "c3");
}

static void categories_become_columns(void)
{
    if (!import_alone())
        return;
    static const char *const automatic[] = {"auto"}, *const numbers[] = {"n"};
    import_put("cat.csv", "n,c,y\n10,b,1\n9,a,2\n10,2,3\n");
    CHECK_OK(import_run(
        (import_options_t){.target = "y", .one_hot = automatic, .one_hot_count = 1, .force = true},
        NULL));
    import_check_texts("/feature_names", NULL, "n|c=2|c=a|c=b");
    CHECK_SET("X", 10, 0, 0, 1, 9, 0, 1, 0, 10, 1, 0, 0);
    CHECK_OK(import_run((import_options_t){.target = "y",
                                           .one_hot = automatic,
                                           .one_hot_count = 1,
                                           .one_hot_drop_first = true,
                                           .force = true},
                        NULL));
    import_check_texts("/feature_names", NULL, "n|c=a|c=b");
    CHECK_SET("X", 10, 0, 1, 9, 1, 0, 10, 0, 0);
    static const char *const drop[] = {"c"};
    CHECK_OK(import_run((import_options_t){.target = "y",
                                           .one_hot = numbers,
                                           .one_hot_count = 1,
                                           .drop = drop,
                                           .drop_count = 1,
                                           .force = true},
                        NULL));
    import_check_texts("/feature_names", NULL, "n=9|n=10");
    CHECK_SET("X", 0, 1, 1, 0, 0, 1);
}

static void labels_become_minus_and_plus_one(void)
{
    if (!import_alone())
        return;
    import_put("l.csv", "x,y\n1,0\n2,1.0\n3,1\n");
    CHECK_OK(import_run((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("y", 0, 1, 1);
    import_check_texts("/y", "labels", "");
    CHECK_OK(import_run((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", -1, 1, 1);
    import_check_texts("/y", "labels", "0|1.0");
    CHECK_OK(import_run((import_options_t){.target = "y", .labels = "1,0", .force = true}, NULL));
    CHECK_SET("y", 1, -1, -1);
    import_check_texts("/y", "labels", "1|0");
    import_put("l.csv", "x,y\n1,b\n2,a\n3,b\n");
    CHECK_OK(import_run((import_options_t){.target = "y", .force = true}, NULL));
    CHECK_SET("y", 1, -1, 1);
    CHECK_OK(import_run((import_options_t){.target = "y", .labels = "b, a", .force = true}, NULL));
    CHECK_SET("y", -1, 1, -1);
    import_put("l.csv", "x,y\n1,b\n2,0\n3,b\n");
    CHECK_OK(import_run((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", 1, -1, 1);
    import_put("l.csv", "x,y\n1,10\n2,9\n3,9\n");
    CHECK_OK(import_run((import_options_t){.target = "y", .classify = true, .force = true}, NULL));
    CHECK_SET("y", 1, -1, -1);
}

static void more_labels_become_classes(void)
{
    const import_options_t classify = {.target = "y", .classify = true, .force = true};
    if (!import_alone())
        return;
    import_put("l.csv", "x,y\n1,b\n2,10\n3,a\n4,9\n5,9.0\n6,b\n");
    CHECK_OK(import_run(classify, NULL));
    CHECK_SET("y", 3, 1, 2, 0, 0, 3);
    import_check_texts("/y", "labels", "9|10|a|b");
    import_put("l.csv", "x,y\n1,c\n2,a\n3,c\n");
    CHECK_OK(
        import_run((import_options_t){.target = "y", .labels = "c, b, a", .force = true}, NULL));
    CHECK_SET("y", 0, 2, 0);
    import_check_texts("/y", "labels", "c|b|a");
}

/* As many classes as there may be, and one more. */
static void there_may_be_many_classes(void)
{
    const import_options_t classify = {.target = "y", .classify = true, .force = true};
    char text[8192] = "x,y\n";
    size_t used = strlen(text);
    if (!import_alone())
        return;
    for (int i = 0; i < DATA_LABELS + 1; i++) {
        if (i == DATA_LABELS) {
            import_put("l.csv", text);
            CHECK_OK(import_run(classify, NULL));
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "1,%d\n", 1000 - i);
    }
    import_put("l.csv", text);
    CHECK_FAILS(import_run(classify, NULL), TRALO_ERR_INPUT,
                "--classify found more than 512 distinct values ('489', '490'");
}

static void rows_with_missing_values_are_dropped(void)
{
    if (!import_alone())
        return;
    static const char *const drop[] = {"d"}, *const one_hot[] = {"c"};
    import_report_t report;
    import_put("m.csv", "x,c,y,d\n1,a,1,\n,b,2,0\nNA,b,2,0\n2,?,2,0\n3,a,NaN,0\n4,a,5,NA\n");
    CHECK_OK(import_run((import_options_t){.target = "y",
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
    import_check_texts("/feature_names", NULL, "x|c=a");
}

static void storage_follows_the_options(void)
{
    if (!import_alone())
        return;
    import_put("s.csv", "x,y\n0.1,1\n2,0.1\n");
    CHECK_OK(import_run(
        (import_options_t){.target = "y", .float32 = true, .gzip = 6, .force = true}, NULL));
    CHECK_SET("X", (double)0.1f, 2);
    CHECK_SET("y", 1, 0.1);
    h5_quiet_t before = h5_quiet_begin();
    hid_t file = H5Fopen(import_out, H5F_ACC_RDONLY, H5P_DEFAULT),
          set = H5Dopen2(file, "X", H5P_DEFAULT);
    hid_t type = H5Dget_type(set), list = H5Dget_create_plist(set);
    CU_ASSERT(H5Tget_size(type) == 4);
    CU_ASSERT(H5Pget_layout(list) == H5D_CHUNKED && H5Pget_nfilters(list) == 2);
    h5_close(&list);
    h5_close(&type);
    h5_close(&set);
    h5_close(&file);
    h5_quiet_end(&before);
}

/* ---- LIBSVM ------------------------------------------------------------------------------------
 */
static void libsvm_becomes_csr(void)
{
    if (!import_alone())
        return;
    import_report_t report;
    import_put("a.svm", "# a comment\n+1 1:0.5 3:-2 # behind\r\n-1\n\n+1 qid:7 2:1e1 4:0");
    CHECK_OK(import_run((import_options_t){.force = true}, &report));
    CU_ASSERT(report.n == 3 && report.p == 4 && report.nonzeros == 4);
    CHECK_SET("X/data", 0.5, -2, 10, 0);
    CHECK_SET("X/indices", 0, 2, 1, 3);
    CHECK_SET("X/indptr", 0, 2, 2, 4);
    CHECK_SET("y", 1, -1, 1);
    import_check_texts("/X", "encoding-type", "csr_matrix");
    CHECK_OK(import_run((import_options_t){.force = true, .dense = true, .features = 5}, &report));
    CU_ASSERT(report.p == 5 && report.nonzeros == -1);
    CHECK_SET("X", 0.5, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0);
    import_put("a.txt", "2 0:1 1:5\n1 1:2\n2\n");
    CHECK_OK(
        import_run((import_options_t){.force = true, .zero_based = true, .classify = true}, NULL));
    CHECK_SET("X/data", 1, 5, 2);
    CHECK_SET("X/indices", 0, 1, 1);
    CHECK_SET("y", 1, -1, 1);
    import_check_texts("/y", "labels", "1|2");
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
        {"more labels become classes", more_labels_become_classes},
        {"there may be many classes", there_may_be_many_classes},
        {"rows with missing values are dropped", rows_with_missing_values_are_dropped},
        {"storage follows the options", storage_follows_the_options},
        {"LIBSVM becomes CSR", libsvm_becomes_csr}};
    REGISTER("import", cases);
}
