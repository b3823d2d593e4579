/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[ERROR_TEXT];
static void (*abort_hook)(void);

int error_raise(int err, const char *format, ...)
{
    char text[ERROR_TEXT]; /* the old message may be among the arguments */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(text);
    return err;
}

void error_set(const char *text)
{
    snprintf(message, sizeof message, "%s", text);
    for (char *at = message; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at) != 0)
            *at = '?';
}

void error_clear(void)
{
    message[0] = '\0';
}

const char *tralo_error_message(void)
{
    return message;
}

const char *tralo_version(void)
{
    return TRALO_VERSION;
}

void error_set_abort(void (*hook)(void))
{
    abort_hook = hook;
}

_Noreturn void error_bug(const char *what, const char *file, int line)
{
    fprintf(stderr, "tralo: bug: %s does not hold (%s:%d); please report this\n", what, file, line);
    fflush(stderr);
    if (abort_hook != NULL)
        abort_hook();
    abort();
}
