/* SPDX-License-Identifier: BSD-3-Clause */
/* What the user sees while the program runs. Only the rank that speaks (rank 0) prints. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

typedef enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE } log_level_t;

/* Sets what is printed, and whether this rank prints at all. Defaults: LOG_NORMAL, true. */
void log_setup(log_level_t level, bool speaks);

/* Sends the log to standard error, where standard output carries a result. Default: stdout. */
void log_to_stderr(void);

bool log_wants(log_level_t level);

/* One line (the newline is added). log_info is for LOG_NORMAL and up, log_detail for LOG_VERBOSE,
   log_warn is printed to standard error at every level. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
