/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

comm_t *test_comm;
char test_folder[256];

void test_register(const char *suite, const test_case_t *cases, int count)
{
    CU_pSuite handle = CU_add_suite(suite, NULL, NULL);
    for (int i = 0; i < count; i++)
        CU_add_test(handle, cases[i].name, cases[i].run);
}

static bool report(bool good, const char *text, const char *file, int line)
{
    CU_assertImplementation(good, (unsigned)line, text, file, "", CU_FALSE);
    if (!good)
        fprintf(stderr, "%s:%d: rank %d: %s\n", file, line, comm_rank(test_comm), text);
    return good;
}

bool test_check_ok(int code, const char *what, const char *file, int line)
{
    char text[2 * ERROR_TEXT];
    snprintf(text, sizeof text, "%s: code %d: %s", what, code, tralo_error_message());
    return report(code == TRALO_OK, text, file, line);
}

bool test_check_fails(int code, int err, const char *part, const char *what, const char *file,
                      int line)
{
    char text[2 * ERROR_TEXT];
    snprintf(text, sizeof text, "%s: code %d, wanted %d with '%s', got: %s", what, code, err, part,
             tralo_error_message());
    return report(code == err && strstr(tralo_error_message(), part) != NULL, text, file, line);
}

bool test_check_close(double a, double b, double tolerance, const char *what, const char *file,
                      int line)
{
    char text[ERROR_TEXT];
    snprintf(text, sizeof text, "%s = %.17g, wanted %.17g within %g", what, a, b, tolerance);
    return report(fabs(a - b) <= tolerance * fmax(1.0, fabs(b)), text, file, line);
}

void test_path(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", test_folder, name);
}

void test_source(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", TRALO_SOURCE, name);
}

int test_options(const param_t *params, const char *text, void *options)
{
    int code = TRALO_OK, used;
    char name[32], value[32];
    param_presets(params, options);
    for (; sscanf(text, " %31[^=]=%31s%n", name, value, &used) == 2; text += used) {
        bool known = false;
        for (const param_t *row = params; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0) {
                TRY(param_set(row, options, value));
                known = true;
            }
        CU_ASSERT(known);
    }
out:
    return code;
}
