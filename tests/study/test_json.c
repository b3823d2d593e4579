/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "study/json.h"
#include "study/sample.h"
#include "support.h"

enum { PATH_SIZE = 512 };

static const char *const keys[] = {"lambda",
                                   "hyperparameters",
                                   "theta",
                                   "criterion",
                                   "criterion_se",
                                   "gradient",
                                   "hessian",
                                   "method",
                                   "reason",
                                   "gradient_norm",
                                   "hessian_definite",
                                   "at_bound",
                                   "switched_off",
                                   "products",
                                   "cg_products",
                                   "iterations",
                                   "seconds",
                                   "read_passes",
                                   "read_bytes",
                                   "read_seconds",
                                   "evaluations",
                                   "minima",
                                   "lambda_1se",
                                   "criterion_1se",
                                   "inner_iterations",
                                   "n",
                                   "p",
                                   "ranks",
                                   "threads",
                                   "communication",
                                   "loss",
                                   "penalty",
                                   "coefficients",
                                   "intercept",
                                   "C"};
enum { KEYS = sizeof keys / sizeof *keys };

/* A path of this rank's own. */
static void own_path(const char *name, char *path)
{
    char own[64];
    snprintf(own, sizeof own, "%d-%s", comm_rank(test_comm), name);
    test_path(own, path, PATH_SIZE);
}

static json_t *written(const result_t *r)
{
    char path[PATH_SIZE];
    json_error_t error;
    own_path("result.json", path);
    CHECK_OK(result_json(r, path));
    json_t *root = json_load_file(path, 0, &error);
    CU_ASSERT(root != NULL);
    return root;
}

static double number(const json_t *root, const char *key, size_t i)
{
    const json_t *value = json_object_get(root, key);
    return json_number_value(json_is_array(value) ? json_array_get(value, i) : value);
}

static bool is_null(const json_t *root, const char *key)
{
    return json_is_null(json_object_get(root, key));
}

static void has_the_keys(void)
{
    result_t *r = sample_result(SAMPLE_S);
    json_t *root = written(r);
    CU_ASSERT(json_object_size(root) == KEYS);
    for (int i = 0; i < KEYS; i++)
        CU_ASSERT(json_object_get(root, keys[i]) != NULL);
    for (size_t s = 0; s < SAMPLE_S; s++) {
        CU_ASSERT(number(root, "lambda", s) == r->lambda[s]);
        CU_ASSERT(number(root, "theta", s) == r->theta[s]);
        CU_ASSERT(number(root, "gradient", s) == r->gradient[s]);
        CU_ASSERT(number(root, "C", s) == 1.0 / r->lambda[s]);
    }
    const json_t *row = json_array_get(json_object_get(root, "hessian"), 1);
    CU_ASSERT(json_real_value(json_array_get(row, 0)) == 2.0);
    CU_ASSERT(number(root, "criterion", 0) == 1.0 / 3.0 && is_null(root, "criterion_se"));
    CU_ASSERT(json_is_true(json_object_get(root, "hessian_definite")));
    CU_ASSERT(json_is_true(json_array_get(json_object_get(root, "at_bound"), 1)));
    CU_ASSERT(json_is_false(json_array_get(json_object_get(root, "at_bound"), 0)));
    const json_t *off = json_object_get(root, "switched_off");
    CU_ASSERT(json_array_size(off) == 1 && number(root, "products", 0) == 17);
    CU_ASSERT(number(root, "cg_products", 0) == 23);
    CU_ASSERT(strcmp(json_string_value(json_array_get(off, 0)), "c") == 0);
    CU_ASSERT(number(root, "ranks", 0) == comm_size(test_comm) && number(root, "p", 0) == SAMPLE_P);
    CU_ASSERT(number(root, "threads", 0) == (double)r->environment.threads);
    const json_t *sent = json_object_get(root, "communication");
    CU_ASSERT(number(sent, "calls", 0) == (double)r->environment.comm_calls);
    CU_ASSERT(number(sent, "bytes", 0) == (double)r->environment.comm_bytes);
    CU_ASSERT(number(sent, "seconds", 0) == r->environment.comm_seconds);
    CU_ASSERT(number(root, "coefficients", 2) == 1.5 && number(root, "intercept", 0) == -1.5);
    json_decref(root);
    result_free(&r);
}

static void kernels_have_alpha(void)
{
    result_t *r = sample_result(2);
    mem_free(&r->penalty);
    mem_free(&r->hyperparameters);
    r->n = 3;
    r->has_kernel = true;
    r->has_coefficients = false;
    CHECK_OK(result_keep_rows(r));
    CHECK_OK(mem_string("rbf", &r->kernel));
    CHECK_OK(mem_string("lambda,width", &r->hyperparameters));
    r->alpha[2] = 0.25;
    json_t *root = written(r), *hyper = json_object_get(root, "hyperparameters");
    CU_ASSERT(json_object_get(root, "coefficients") == NULL);
    CU_ASSERT(json_object_get(root, "penalty") == NULL && json_object_get(root, "C") == NULL);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "kernel")), "rbf");
    CU_ASSERT(number(root, "alpha", 2) == 0.25 && number(root, "intercept", 0) == -1.5);
    CU_ASSERT(number(hyper, "lambda", 0) == r->lambda[0]);
    CU_ASSERT(number(hyper, "width", 0) == r->lambda[1]);
    json_decref(root);
    result_free(&r);
}

static void one_group_has_one_C(void)
{
    result_t *r = sample_result(1);
    json_t *root = written(r);
    CU_ASSERT(json_is_real(json_object_get(root, "C")));
    CU_ASSERT(number(root, "C", 0) == 1.0 / r->lambda[0]);
    json_decref(root);
    result_free(&r);
}

/* Two groups with lambda and q each: theta and lambda hold them in turn. */
static void hyperparameters_by_name(void)
{
    result_t *r = sample_result(4);
    mem_free(&r->hyperparameters);
    CHECK_OK(mem_string("lambda,q", &r->hyperparameters));
    json_t *root = written(r), *all = json_object_get(root, "hyperparameters");
    CU_ASSERT(json_array_size(json_object_get(root, "lambda")) == 2);
    CU_ASSERT(json_array_size(json_object_get(root, "theta")) == 4);
    CU_ASSERT(json_object_size(all) == 2);
    for (size_t g = 0; g < 2; g++) {
        CU_ASSERT(number(root, "lambda", g) == r->lambda[2 * g]);
        CU_ASSERT(number(all, "lambda", g) == r->lambda[2 * g]);
        CU_ASSERT(number(all, "q", g) == r->lambda[2 * g + 1]);
    }
    json_decref(root);
    result_free(&r);
}

static void what_is_not_a_number_is_null(void)
{
    result_t *r = sample_result(1);
    mem_free(&r->loss);
    CHECK_OK(mem_string("squared", &r->loss));
    r->has_gradient = r->has_hessian = r->has_intercept = r->hessian_judged = false;
    r->coefficients[1] = INFINITY;
    json_t *root = written(r);
    CU_ASSERT(json_object_get(root, "C") == NULL && json_object_size(root) == KEYS - 1);
    CU_ASSERT(is_null(root, "gradient") && is_null(root, "hessian") && is_null(root, "intercept"));
    CU_ASSERT(is_null(root, "hessian_definite"));
    CU_ASSERT(json_is_null(json_array_get(json_object_get(root, "coefficients"), 1)));
    json_decref(root);
    result_free(&r);
}

static void names_are_made_UTF_8(void)
{
    result_t *r = sample_result(SAMPLE_S);
    mem_free(&r->feature_names[2]);
    CHECK_OK(mem_string("\xc3\xa9\xe9\xe2\x82", &r->feature_names[2]));
    json_t *root = written(r);
    const json_t *off = json_object_get(root, "switched_off");
    CU_ASSERT(json_array_size(off) == 1);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(off, 0)),
                           "\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(root);
    result_free(&r);
}

/* A pipe stays a pipe. */
static void a_pipe_is_written_as_it_stands(void)
{
    char path[PATH_SIZE], first = 0;
    result_t *r = sample_result(1);
    own_path("pipe", path);
    CU_ASSERT(mkfifo(path, 0600) == 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK_OK(result_json_check(path));
    CHECK_OK(result_json(r, path));
    CU_ASSERT(read(reader, &first, 1) == 1 && first == '{' && path_special(path));
    close(reader);
    result_free(&r);
}

/* result_json to standard output, which goes to `path` meanwhile. */
static int print_into(const result_t *r, const char *path)
{
    fflush(stdout);
    int keep = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT(keep >= 0 && file >= 0 && dup2(file, STDOUT_FILENO) >= 0);
    int code = result_json(r, "-");
    CU_ASSERT(dup2(keep, STDOUT_FILENO) >= 0);
    close(keep);
    close(file);
    return code;
}

static void to_standard_output(void)
{
    char path[PATH_SIZE];
    json_error_t error;
    result_t *r = sample_result(1);
    own_path("printed.json", path);
    CHECK_OK(print_into(r, path));
    json_t *root = json_load_file(path, 0, &error);
    CU_ASSERT(json_object_size(root) == KEYS && number(root, "theta", 0) == r->theta[0]);
    json_decref(root);
    result_free(&r);
}

static void a_path_that_cannot_be_written(void)
{
    char path[PATH_SIZE];
    result_t *r = sample_result(1);
    test_path("missing/result.json", path, sizeof path);
    CHECK_FAILS(result_json(r, path), TRALO_ERR_FILE, "No such file");
    result_free(&r);
}

static void a_full_disk_leaves_no_file(void)
{
    char path[PATH_SIZE], part[PATH_SIZE + 8];
    result_t *r = sample_result(1);
    own_path("full.json", path);
    snprintf(part, sizeof part, "%s.part", path);
    CU_ASSERT(symlink("/dev/full", part) == 0);
    CHECK_FAILS(result_json(r, path), TRALO_ERR_FILE, "No space left");
    CU_ASSERT(access(path, F_OK) != 0 && access(part, F_OK) != 0);
    result_free(&r);
}

static void each_allocation_fails_once(void)
{
    char path[PATH_SIZE];
    result_t *r = sample_result(1);
    int code = TRALO_ERR_MEMORY;
    own_path("memory.json", path);
    int64_t live = mem_live();
    for (int64_t k = 0; code != TRALO_OK && k < 10; k++) {
        mem_fail_at(k);
        code = result_json(r, path);
        mem_fail_at(-1);
        CU_ASSERT((code == TRALO_OK || code == TRALO_ERR_MEMORY) && mem_live() == live);
    }
    CU_ASSERT(code == TRALO_OK);
    result_free(&r);
}

void suite_json(void)
{
    static const test_case_t cases[] = {
        {"has the keys", has_the_keys},
        {"one group has one C", one_group_has_one_C},
        {"kernels have alpha", kernels_have_alpha},
        {"hyperparameters by name", hyperparameters_by_name},
        {"what is not a number is null", what_is_not_a_number_is_null},
        {"names are made UTF-8", names_are_made_UTF_8},
        {"a pipe is written as it stands", a_pipe_is_written_as_it_stands},
        {"to standard output", to_standard_output},
        {"a path that cannot be written", a_path_that_cannot_be_written},
        {"a full disk leaves no file", a_full_disk_leaves_no_file},
        {"each allocation fails once", each_allocation_fails_once},
    };
    REGISTER("json", cases);
}
