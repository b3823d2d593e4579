/* SPDX-License-Identifier: BSD-3-Clause */
/* What every test file shares. Each file offers one function `void suite_<file>(void)` that
   registers a CUnit suite; tests/main.c lists them. Only soft asserts: a test must go on to its end
   on every rank, or the other ranks wait for ever. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <CUnit/CUnit.h>

#include "base/error.h"
#include "base/param.h"
#include "comm/comm.h"

/* All ranks of the program; lives as long as the runner. */
extern comm_t *test_comm;

/* Registers a suite of one-function tests. */
typedef struct test_case {
    const char *name;
    void (*run)(void);
} test_case_t;
void test_register(const char *suite, const test_case_t *cases, int count);
#define REGISTER(suite, cases) test_register(suite, cases, (int)(sizeof(cases) / sizeof *(cases)))

/* The call succeeds; its message is printed where not. */
#define CHECK_OK(call) test_check_ok((call), #call, __FILE__, __LINE__)
bool test_check_ok(int code, const char *what, const char *file, int line);

/* The call fails with `err` and a message that contains `part`. */
#define CHECK_FAILS(call, err, part)                                                               \
    test_check_fails((call), (err), (part), #call, __FILE__, __LINE__)
bool test_check_fails(int code, int err, const char *part, const char *what, const char *file,
                      int line);

/* |a - b| <= tolerance * max(1, |b|); prints both where not. */
#define CHECK_CLOSE(a, b, tolerance) test_check_close((a), (b), (tolerance), #a, __FILE__, __LINE__)
bool test_check_close(double a, double b, double tolerance, const char *what, const char *file,
                      int line);

/* A path for a scratch file, the same on all ranks, in a folder that main() empties and removes. */
void test_path(const char *name, char *path, size_t size);

/* The path of a file of the source tree ("tests/data/..."). */
void test_source(const char *name, char *path, size_t size);

/* Presets of params, then "option=value ..." of text, each of which is to be known. Errors: those
   of param_set. */
int test_options(const param_t *params, const char *text, void *options);

#endif
