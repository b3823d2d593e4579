/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static log_level_t threshold = LOG_NORMAL;
static bool speaking = true;
static bool to_stderr;

void log_setup(log_level_t level, bool speaks)
{
    threshold = level;
    speaking = speaks;
}

void log_to_stderr(void)
{
    to_stderr = true;
}

bool log_wants(log_level_t level)
{
    return speaking && level <= threshold;
}

static void print(FILE *stream, const char *prefix, const char *format, va_list args)
{
    fputs(prefix, stream);
    vfprintf(stream, format, args);
    fputc('\n', stream);
    fflush(stream);
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (log_wants(LOG_NORMAL))
        print(to_stderr ? stderr : stdout, "", format, args);
    va_end(args);
}

void log_detail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (log_wants(LOG_VERBOSE))
        print(to_stderr ? stderr : stdout, "", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (speaking)
        print(stderr, "tralo: warning: ", format, args);
    va_end(args);
}
