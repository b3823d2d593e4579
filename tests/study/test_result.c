/* SPDX-License-Identifier: BSD-3-Clause */
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/h5.h"
#include "study/result.h"
#include "support.h"
#include "study/sample.h"
#include "study/trials.h"

enum { PATH_SIZE = 512 };

static const char config_text[] = "data: {file: \"/a/b.h5\"}\n";
static const double thetas[3][SAMPLE_S] = {{0.0, 1.0}, {2.0, 3.0}, {4.0, 5.0}};
static const double natural[3][SAMPLE_S] = {{1.0, 2.0}, {7.0, 20.0}, {55.0, 148.0}};

static result_name_t names[] = {{"w", SAMPLE_S}};
static const result_layout_t layout = {SAMPLE_S, 1, names};

static bool is_first(void)
{
    return comm_rank(test_comm) == 0;
}

static result_evaluation_t evaluation(int i)
{
    return (result_evaluation_t){.number = i + 1,
                                 .phase = i == 0 ? "sweep" : "search",
                                 .theta = thetas[i],
                                 .values = natural[i],
                                 .group = i,
                                 .started = 0.0625,
                                 .order = i,
                                 .f = i == 2 ? NAN : 10.0 + i,
                                 .gradient_norm = 0.5,
                                 .radius = 1.0,
                                 .accepted = i == 1,
                                 .inner_iterations = 7,
                                 .seconds = 0.125,
                                 .failure = i == 2 ? "overflow" : NULL};
}

/* A study with three evaluations, written to `path`; finished or abandoned. */
static void write_study(const char *path, bool finish)
{
    result_file_t *file = NULL;
    result_t *r = sample_result(SAMPLE_S);
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    for (int i = 0; is_first() && i < 3; i++) {
        result_evaluation_t row = evaluation(i);
        CHECK_OK(result_append(file, &row));
    }
    if (finish)
        CHECK_OK(result_finish(&file, r));
    result_abandon(&file);
    CU_ASSERT(file == NULL);
    result_free(&r);
    comm_barrier(test_comm);
}

static bool same(const double *a, const double *b, int count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static void compare_arrays(const result_t *a, const result_t *b)
{
    const int S = SAMPLE_S, P = SAMPLE_P;
    CU_ASSERT(same(a->theta, b->theta, S) && same(a->lambda, b->lambda, S));
    CU_ASSERT(same(a->gradient, b->gradient, S) && same(a->hessian, b->hessian, S * S));
    CU_ASSERT(same(a->coefficients, b->coefficients, P));
    CU_ASSERT(same(a->coefficients_original, b->coefficients_original, P));
    CU_ASSERT(same(a->means, b->means, P) && same(a->scales, b->scales, P));
    for (int s = 0; s < S; s++)
        CU_ASSERT(a->at_bound[s] == b->at_bound[s]);
    for (int j = 0; j < P; j++) {
        CU_ASSERT(a->groups[j] == b->groups[j]);
        CU_ASSERT(a->switched_off[j] == b->switched_off[j]);
        CU_ASSERT(strcmp(a->feature_names[j], b->feature_names[j]) == 0);
    }
}

static void compare_scalars(const result_t *a, const result_t *b)
{
    CU_ASSERT(a->criterion == b->criterion && isnan(a->criterion_se));
    CU_ASSERT(a->gradient_norm == b->gradient_norm && a->hessian_definite);
    CU_ASSERT(a->has_gradient && a->has_hessian && a->has_intercept && !a->standardized);
    CU_ASSERT(a->iterations == 4 && a->evaluations == 9 && a->inner_iterations == 31);
    CU_ASSERT(a->products == 17 && a->cg_products == 23 && a->hessian_judged);
    CU_ASSERT(a->seconds == 0.25 && a->n == 100 && a->p == SAMPLE_P && a->count == SAMPLE_S);
    CU_ASSERT(a->intercept[0] == b->intercept[0] &&
              a->intercept_original[0] == b->intercept_original[0]);
    CU_ASSERT(strcmp(a->reason, "gradient") == 0 && strcmp(a->detail, "it is small") == 0);
    CU_ASSERT(strcmp(a->loss, "logistic") == 0 && strcmp(a->penalty, "ridge") == 0);
    CU_ASSERT(strcmp(a->labels[0], "no") == 0 && strcmp(a->labels[1], "yes") == 0);
    CU_ASSERT(a->target == NULL && a->method == NULL && a->row_criterion == NULL);
}

static void compare_environment(const result_environment_t *a)
{
    CU_ASSERT(strcmp(a->mpi, "some MPI") == 0 && a->threads == 2);
    CU_ASSERT(a->ranks == comm_size(test_comm) && a->hosts == 1);
    CU_ASSERT(strcmp(a->version, tralo_version()) == 0);
    CU_ASSERT(a->date != NULL && strlen(a->date) == strlen("2026-01-31T12:00:00Z"));
    CU_ASSERT(a->hdf5 != NULL && a->blas == NULL);
}

static void round_trip(void)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    result_t *wanted = sample_result(SAMPLE_S), *got = NULL;
    test_path("round.h5", path, sizeof path);
    test_path("round.h5.part", part, sizeof part);
    write_study(path, true);
    CU_ASSERT(access(part, F_OK) != 0);
    if (CHECK_OK(result_read(test_comm, path, &got))) {
        compare_arrays(got, wanted);
        compare_scalars(got, wanted);
        compare_environment(&got->environment);
    }
    result_free(&got);
    result_free(&wanted);
}

/* A kernel has alpha and its training rows in place of coefficients. */
static void kernels_round_trip(void)
{
    enum { N = 5, P = 2, S = 2 };
    char path[PATH_SIZE];
    result_t *r = NULL, *got = NULL;
    result_file_t *file = NULL;
    test_path("kernel.h5", path, sizeof path);
    CHECK_OK(result_create(S, P, 1, &r));
    r->has_kernel = true;
    r->has_coefficients = false;
    r->kernel_degree = 4;
    r->n = N;
    CHECK_OK(result_keep_rows(r));
    for (int i = 0; i < N * P; i++)
        r->training_rows[i] = sin(i);
    for (int i = 0; i < N; i++)
        r->alpha[i] = cos(i);
    r->theta[1] = 0.7;
    r->intercept[0] = -0.3;
    CHECK_OK(mem_string("logistic", &r->loss));
    CHECK_OK(mem_string("polynomial", &r->kernel));
    CHECK_OK(mem_string("gradient", &r->reason));
    if (CHECK_OK(result_open(test_comm, path, config_text, &(result_layout_t){S, 1, names}, NULL,
                             &file)) &&
        CHECK_OK(result_finish(&file, r)) && CHECK_OK(result_read(test_comm, path, &got))) {
        CU_ASSERT(got->has_kernel && !got->has_coefficients && got->penalty == NULL);
        CU_ASSERT_STRING_EQUAL(got->kernel, "polynomial");
        CU_ASSERT(got->kernel_degree == 4 && got->n == N && got->p == P && got->count == S);
        CU_ASSERT(same(got->alpha, r->alpha, N) && same(got->theta, r->theta, S));
        CU_ASSERT(got->intercept[0] == -0.3 && got->training_rows == NULL);
    }
    result_free(&r);
    result_free(&got);
}

/* Coefficients, intercepts and labels of three classes. */
static void classes_round_trip(void)
{
    enum { K = 3, P = 2 };
    char path[PATH_SIZE], a[] = "a", b[] = "b, c", c[] = "d", *labels[K] = {a, b, c};
    result_t *r = NULL, *got = NULL;
    result_file_t *file = NULL;
    test_path("classes.h5", path, sizeof path);
    CHECK_OK(result_create(1, P, K, &r));
    for (int m = 0; m < K * P; m++)
        r->coefficients[m] = sin(m);
    for (int k = 0; k < K; k++)
        r->intercept[k] = cos(k);
    for (int j = 0; j < P; j++) {
        r->means[j] = 1.0 + j;
        r->scales[j] = 2.0 + j;
    }
    result_unscale(r);
    CHECK_CLOSE(r->coefficients_original[3], sin(3) / 3.0, 1e-15);
    CHECK_CLOSE(r->intercept_original[1], cos(1) - sin(2) / 2.0 - 2.0 * sin(3) / 3.0, 1e-15);
    CHECK_OK(result_labels(r, K, labels));
    CHECK_OK(mem_string("softmax", &r->loss));
    CHECK_OK(mem_string("ridge", &r->penalty));
    CHECK_OK(mem_string("gradient", &r->reason));
    if (CHECK_OK(result_open(test_comm, path, config_text, &(result_layout_t){1, 1, names}, NULL,
                             &file)) &&
        CHECK_OK(result_finish(&file, r)) && CHECK_OK(result_read(test_comm, path, &got))) {
        CU_ASSERT(got->outputs == K && got->p == P && got->label_count == K);
        CU_ASSERT(same(got->coefficients, r->coefficients, K * P));
        CU_ASSERT(same(got->coefficients_original, r->coefficients_original, K * P));
        CU_ASSERT(same(got->intercept, r->intercept, K));
        CU_ASSERT(same(got->intercept_original, r->intercept_original, K));
        for (int k = 0; k < K; k++)
            CU_ASSERT(strcmp(got->labels[k], labels[k]) == 0);
    }
    result_free(&got);
    result_free(&r);
}

static void unscaled_coefficients_predict_the_same(void)
{
    result_t *r = sample_result(SAMPLE_S);
    const double x[SAMPLE_P] = {0.3, -2.0, 7.0};
    double u = r->intercept[0], v = r->intercept_original[0];
    for (int j = 0; j < SAMPLE_P; j++) {
        u += r->coefficients[j] * (x[j] - r->means[j]) / r->scales[j];
        v += r->coefficients_original[j] * x[j];
    }
    CHECK_CLOSE(v, u, 1e-14);
    result_free(&r);
}

static void what_is_not_known_is_left_out(void)
{
    char path[PATH_SIZE];
    result_file_t *file = NULL;
    result_t *r = sample_result(SAMPLE_S), *got = NULL;
    test_path("partly.h5", path, sizeof path);
    r->has_gradient = r->has_hessian = r->hessian_judged = false;
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    CHECK_OK(result_finish(&file, r));
    if (CHECK_OK(result_read(test_comm, path, &got)))
        CU_ASSERT(!got->has_gradient && !got->has_hessian && got->hessian == NULL &&
                  !got->hessian_judged && !got->hessian_definite);
    result_free(&got);
    result_free(&r);
}

static int64_t read_numbers(const char *path, const char *name, int64_t most, double *values)
{
    hid_t file = H5I_INVALID_HID, set = H5I_INVALID_HID;
    int64_t dims[2] = {0, 1};
    int rank = 0;
    if (!CHECK_OK(h5_open(path, &file)))
        return -1;
    h5_quiet_t before = h5_quiet_begin();
    set = H5Dopen2(file, name, H5P_DEFAULT);
    bool good = set >= 0 && h5_dims(set, name, 2, dims, &rank) == TRALO_OK &&
                dims[0] * dims[1] <= most &&
                H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    h5_close(&set);
    h5_close(&file);
    h5_quiet_end(&before);
    return good ? dims[0] * dims[1] : -1;
}

static void read_text(const char *path, const char *name, int64_t count, char **texts)
{
    hid_t file = H5I_INVALID_HID, set = H5I_INVALID_HID;
    if (!CHECK_OK(h5_open(path, &file)))
        return;
    h5_quiet_t before = h5_quiet_begin();
    set = H5Dopen2(file, name, H5P_DEFAULT);
    CHECK_OK(h5_read_strings(set, name, count, texts));
    h5_close(&set);
    h5_close(&file);
    h5_quiet_end(&before);
}

static void config_and_rows_are_stored(void)
{
    char path[PATH_SIZE], *text = NULL;
    double rows[5] = {0};
    result_file_t *file = NULL;
    result_t *r = sample_result(SAMPLE_S);
    test_path("rows.h5", path, sizeof path);
    CHECK_OK(mem_alloc(4, sizeof *r->row_criterion, &r->row_criterion));
    r->rows = 4;
    for (int i = 0; i < 4; i++)
        r->row_criterion[i] = 0.5 * i;
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    CHECK_OK(result_finish(&file, r));
    CU_ASSERT(read_numbers(path, "/result/row_criterion", 5, rows) == 4);
    CU_ASSERT(rows[3] == 1.5 && rows[4] == 0.0);
    read_text(path, "/config", 1, &text);
    CU_ASSERT(text != NULL && strcmp(text, config_text) == 0);
    mem_free(&text);
    result_free(&r);
}

/* ---- the trace --------------------------------------------------------------------------------
 */

/* The first `size` bytes (-1: all) of a small file. */
static void copy_file(const char *from, const char *to, long size)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    CU_ASSERT(in != NULL && out != NULL);
    if (in != NULL && out != NULL) {
        size_t count = fread(bytes, 1, sizeof bytes, in);
        CU_ASSERT(count > 0 && count < sizeof bytes);
        count = size >= 0 && (size_t)size < count ? (size_t)size : count;
        CU_ASSERT(fwrite(bytes, 1, count, out) == count);
    }
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
}

static void check_numbers(const char *path, int rows)
{
    double number[4] = {0}, order[4] = {0}, theta[8] = {0}, f[4] = {0}, accepted[4] = {0};
    CU_ASSERT(read_numbers(path, "/trace/number", 4, number) == rows);
    CU_ASSERT(read_numbers(path, "/trace/order", 4, order) == rows);
    CU_ASSERT(read_numbers(path, "/trace/theta", 8, theta) == rows * SAMPLE_S);
    CU_ASSERT(read_numbers(path, "/trace/f", 4, f) == rows);
    CU_ASSERT(read_numbers(path, "/trace/accepted", 4, accepted) == rows);
    for (int i = 0; i < rows; i++) {
        CU_ASSERT(number[i] == i + 1 && order[i] == i && accepted[i] == (i == 1));
        CU_ASSERT(same(&theta[SAMPLE_S * i], thetas[i], SAMPLE_S));
        CU_ASSERT(i == 2 ? isnan(f[i]) : f[i] == 10.0 + i);
    }
}

static void check_texts(const char *path, int rows)
{
    char *failure[3] = {NULL}, *phase[3] = {NULL};
    read_text(path, "/trace/failure", rows, failure);
    read_text(path, "/trace/phase", rows, phase);
    for (int i = 0; i < rows; i++) {
        CU_ASSERT(failure[i] != NULL && strcmp(failure[i], i == 2 ? "overflow" : "") == 0);
        CU_ASSERT(phase[i] != NULL && strcmp(phase[i], i == 0 ? "sweep" : "search") == 0);
        mem_free(&failure[i]);
        mem_free(&phase[i]);
    }
}

static void a_killed_run_leaves_a_readable_part(void)
{
    char path[PATH_SIZE], part[PATH_SIZE], copy[PATH_SIZE];
    result_file_t *file = NULL;
    test_path("killed.h5", path, sizeof path);
    test_path("killed.h5.part", part, sizeof part);
    test_path("killed.copy", copy, sizeof copy);
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    for (int i = 0; is_first() && i < 3; i++) {
        result_evaluation_t row = evaluation(i);
        CHECK_OK(result_append(file, &row));
        copy_file(part, copy, -1);
        check_numbers(copy, i + 1);
        check_texts(copy, i + 1);
    }
    result_abandon(&file);
    result_abandon(&file);
    CU_ASSERT(!is_first() || (access(part, F_OK) == 0 && access(path, F_OK) != 0));
}

/* ---- errors -----------------------------------------------------------------------------------
 */

static void outputs_that_cannot_be_written(void)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    result_file_t *file = NULL;
    test_path("missing/out.h5", path, sizeof path);
    CHECK_FAILS(result_open(test_comm, path, config_text, &layout, NULL, &file), TRALO_ERR_FILE,
                "missing/out.h5.part");
    test_path("taken.h5", folder, sizeof folder);
    if (is_first())
        CU_ASSERT(mkdir(folder, 0700) == 0);
    CHECK_FAILS(result_open(test_comm, folder, config_text, &layout, NULL, &file), TRALO_ERR_FILE,
                "it is a folder");
    CHECK_FAILS(result_open(test_comm, "there/", config_text, &layout, NULL, &file), TRALO_ERR_FILE,
                "is not the name of a file");
    CU_ASSERT(file == NULL);
}

static void a_rename_that_fails_is_an_error(void)
{
    char path[PATH_SIZE];
    result_file_t *file = NULL;
    result_t *r = sample_result(SAMPLE_S);
    test_path("late.h5", path, sizeof path);
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    if (is_first())
        CU_ASSERT(mkdir(path, 0700) == 0);
    CHECK_FAILS(result_finish(&file, r), TRALO_ERR_FILE, "cannot rename");
    CU_ASSERT(file == NULL);
    result_free(&r);
}

static void check_unreadable(const char *path, int err, const char *part)
{
    result_t *r = NULL;
    comm_barrier(test_comm);
    CHECK_FAILS(result_read(test_comm, path, &r), err, part);
    CU_ASSERT(r == NULL);
    result_free(&r);
    comm_barrier(test_comm);
}

static void files_that_are_no_result(void)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    hid_t file = H5I_INVALID_HID;
    test_path("none.h5", path, sizeof path);
    check_unreadable(path, TRALO_ERR_FILE, "No such file");
    if (is_first() && CHECK_OK(h5_create(path, &file)))
        CHECK_OK(h5_finish(&file, path));
    check_unreadable(path, TRALO_ERR_INPUT, "not a result of tralo");
    if (is_first() && CHECK_OK(h5_create(path, &file))) {
        CHECK_OK(h5_write_text(file, "format", "tralo result 99"));
        CHECK_OK(h5_finish(&file, path));
    }
    check_unreadable(path, TRALO_ERR_INPUT, "has the format 'tralo result 99'");
    test_path("stopped.h5", path, sizeof path);
    test_path("stopped.h5.part", part, sizeof part);
    write_study(path, false);
    check_unreadable(part, TRALO_ERR_INPUT, "did not finish");
}

/* Writes a good result and takes `name` out; where `dims` are given, puts other numbers there. */
static void damage(const char *path, const char *name, int rank, const int64_t *dims)
{
    static const double numbers[16] = {7.0};
    write_study(path, true);
    if (!is_first())
        return;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CU_ASSERT(file >= 0 && H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    if (dims != NULL)
        CHECK_OK(h5_write_numbers(file, name, H5T_NATIVE_DOUBLE, rank, dims, numbers));
    CHECK_OK(h5_finish(&file, path));
}

static void damaged_results(void)
{
    char path[PATH_SIZE];
    const int64_t none[] = {0}, five[] = {5}, three[] = {3}, matrix[] = {2, 3};
    test_path("damaged.h5", path, sizeof path);
    damage(path, "/result/means", 0, NULL);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/means is missing");
    damage(path, "/result/means", 1, five);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/means has the wrong shape");
    damage(path, "/result/theta", 1, none);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/theta must be a list of numbers");
    damage(path, "/result/coefficients", 2, matrix);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/intercept has the wrong shape");
    damage(path, "/result/loss", 0, NULL);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/loss is missing");
    damage(path, "/result/p", 0, matrix);
    check_unreadable(path, TRALO_ERR_INPUT, "/result/p is 7, but there are 3 coefficients");
    damage(path, "/result/feature_names", 1, three);
    check_unreadable(path, TRALO_ERR_INPUT, "must hold strings");
}

static void truncated_results(void)
{
    char path[PATH_SIZE], copy[PATH_SIZE];
    struct stat status = {0};
    result_t *r = NULL;
    test_path("whole.h5", path, sizeof path);
    test_path("cut.h5", copy, sizeof copy);
    write_study(path, true);
    CU_ASSERT(stat(path, &status) == 0);
    for (int i = 0; i < 50; i++) {
        if (is_first())
            copy_file(path, copy, (long)(status.st_size * i / 50));
        comm_barrier(test_comm);
        CHECK_FAILS(result_read(test_comm, copy, &r), TRALO_ERR_FILE, "cut.h5");
        result_free(&r);
        comm_barrier(test_comm);
    }
}

/* The rows that were written stay, and HDF5 gets through MPI_Finalize. */
static void a_full_disk_keeps_the_trace(void)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    result_file_t *file = NULL;
    struct rlimit old, small;
    int code = TRALO_OK, rows = 0;
    test_path("full.h5", path, sizeof path);
    test_path("full.h5.part", part, sizeof part);
    CHECK_OK(result_open(test_comm, path, config_text, &layout, NULL, &file));
    if (is_first()) {
        getrlimit(RLIMIT_FSIZE, &old);
        small = old;
        small.rlim_cur = 1 << 18;
        void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        while (code == TRALO_OK && rows < 100000) {
            result_evaluation_t row = evaluation(rows % 3);
            code = result_append(file, &row);
            rows += code == TRALO_OK;
        }
        setrlimit(RLIMIT_FSIZE, &old);
        signal(SIGXFSZ, handler);
        CHECK_FAILS(code, TRALO_ERR_FILE, "full.h5.part: File too large");
    }
    result_abandon(&file);
    if (is_first()) {
        hsize_t size = 0;
        hid_t readable = H5Fopen(part, H5F_ACC_RDONLY, H5P_DEFAULT);
        hid_t f = H5Dopen2(readable, "/trace/f", H5P_DEFAULT), space = H5Dget_space(f);
        H5Sget_simple_extent_dims(space, &size, NULL);
        CU_ASSERT(rows > 3 && size == (hsize_t)rows);
        H5Sclose(space);
        H5Dclose(f);
        H5Fclose(readable);
    }
}

/* What was written is read back, without the name of the file's end too. */
static void trials_are_read(void)
{
    char path[PATH_SIZE];
    double theta[SAMPLE_S], values[SAMPLE_S];
    trials_t *trials = NULL;
    test_path("trials.h5", path, sizeof path);
    write_study(path, false);
    if (!is_first() || !CHECK_OK(trials_open(path, &trials)))
        return;
    CU_ASSERT(trials->count == 3 && trials->best == 0 && trials->layout.names == 1);
    CU_ASSERT(trials->layout.count == SAMPLE_S && trials->layout.list[0].length == SAMPLE_S);
    CU_ASSERT(strcmp(trials->layout.list[0].name, "w") == 0);
    for (int i = 0; i < 3; i++) {
        const result_evaluation_t *t = &trials->list[i];
        CU_ASSERT(t->number == i + 1 && t->group == i && t->accepted == (i == 1));
        CU_ASSERT(t->started == 0.0625 && t->seconds == 0.125 && t->order == i &&
                  isnan(t->f) == (i == 2));
        CU_ASSERT(strcmp(t->failure, i == 2 ? "overflow" : "") == 0);
        CHECK_OK(trials_row(trials, i, theta, values));
        CU_ASSERT(same(values, natural[i], SAMPLE_S) && same(theta, thetas[i], SAMPLE_S));
    }
    trials_close(&trials);
}

/* Only its number is there of the last row. */
static void a_row_that_was_cut_is_left_out(void)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    trials_t *trials = NULL;
    const hsize_t rows = 4;
    test_path("row.h5", path, sizeof path);
    test_path("row.h5.part", part, sizeof part);
    write_study(path, false);
    if (!is_first())
        return;
    hid_t file = H5Fopen(part, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t number = H5Dopen2(file, "/trace/number", H5P_DEFAULT);
    CU_ASSERT(H5Dset_extent(number, &rows) >= 0);
    H5Dclose(number);
    H5Fclose(file);
    if (CHECK_OK(trials_open(path, &trials)))
        CU_ASSERT(trials->count == 3 && trials->list[2].number == 3);
    trials_close(&trials);
}

static void each_allocation_of_trials_fails_once(void)
{
    char path[PATH_SIZE];
    trials_t *trials = NULL;
    int code = TRALO_ERR_MEMORY;
    test_path("trials.h5", path, sizeof path);
    const int64_t live = mem_live();
    for (int64_t k = 0; is_first() && code != TRALO_OK && k < 100; k++) {
        mem_fail_at(k);
        code = trials_open(path, &trials);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || (code == TRALO_ERR_MEMORY && mem_live() == live));
    }
    CU_ASSERT(code == TRALO_OK || !is_first());
    trials_close(&trials);
    CU_ASSERT(mem_live() == live);
}

static void each_allocation_fails_once(void)
{
    char path[PATH_SIZE];
    result_t *r = NULL;
    int code = TRALO_ERR_MEMORY;
    test_path("memory.h5", path, sizeof path);
    write_study(path, true);
    int64_t live = mem_live();
    for (int64_t k = 0; code != TRALO_OK && k < 500; k++) {
        mem_fail_at(k);
        code = result_read(test_comm, path, &r);
        mem_fail_at(-1);
        CU_ASSERT(code == TRALO_OK || code == TRALO_ERR_MEMORY);
        CU_ASSERT(code == TRALO_OK || mem_live() == live);
    }
    CU_ASSERT(code == TRALO_OK);
    result_free(&r);
}

void suite_result(void)
{
    static const test_case_t cases[] = {
        {"what is written is read back", round_trip},
        {"classes are read back", classes_round_trip},
        {"kernels round trip", kernels_round_trip},
        {"coefficients on the original scale", unscaled_coefficients_predict_the_same},
        {"what is not known is left out", what_is_not_known_is_left_out},
        {"config and rows are stored", config_and_rows_are_stored},
        {"a killed run leaves a readable part", a_killed_run_leaves_a_readable_part},
        {"outputs that cannot be written", outputs_that_cannot_be_written},
        {"a full disk keeps the trace", a_full_disk_keeps_the_trace},
        {"a rename that fails", a_rename_that_fails_is_an_error},
        {"files that are no result", files_that_are_no_result},
        {"damaged results", damaged_results},
        {"truncated results", truncated_results},
        {"trials are read", trials_are_read},
        {"a row that was cut is left out", a_row_that_was_cut_is_left_out},
        {"each allocation of trials fails once", each_allocation_of_trials_fails_once},
        {"each allocation fails once", each_allocation_fails_once},
    };
    REGISTER("result", cases);
}
