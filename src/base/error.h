/* SPDX-License-Identifier: BSD-3-Clause */
/* Failures: a code travels up by TRY, the message is written once, by FAIL, where the error is
   found.

   Every function that can fail starts with `int code = TRALO_OK;`, ends with one label `out:` that
   cleans up and returns `code`, and writes its outputs only on success. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "tralo/error.h"

enum { ERROR_TEXT = 1024 }; /* size of the message buffer, with its terminating zero */

/* Passes a failure on. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        code = (call);                                                                             \
        if (code != TRALO_OK)                                                                      \
            goto out;                                                                              \
    } while (0)

/* Speaks: records the message (printf format) and leaves by `out`. Say the offending value, the
   file, the row, and what to do. */
#define FAIL(err, ...)                                                                             \
    do {                                                                                           \
        code = error_raise((err), __VA_ARGS__);                                                    \
        goto out;                                                                                  \
    } while (0)

/* Records the message of `err`, for the thread that calls, and returns `err`. Not collective. */
int error_raise(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces the message as it is (used where a message arrives from another rank). */
void error_set(const char *text);

/* Forgets the last message. */
void error_clear(void);

/* A bug was found: prints the place and calls the hook (comm sets it to MPI abort) or abort(). */
_Noreturn void error_bug(const char *what, const char *file, int line);
void error_set_abort(void (*hook)(void));

/* A condition that holds in every correct program, checked in every build. */
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            error_bug(#condition, __FILE__, __LINE__);                                             \
    } while (0)

#endif
