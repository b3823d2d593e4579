/* SPDX-License-Identifier: BSD-3-Clause */
/* Error codes of the public interface and the message that explains the last one. */
#ifndef TRALO_ERROR_H
#define TRALO_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TRALO_API
#define TRALO_API __attribute__((visibility("default")))
#endif

/* What a function returns. Not converging, NaN, a spent budget are outcomes, never errors: they are
   told by a `reason` in the result. */
typedef enum tralo_code {
    TRALO_OK = 0,
    TRALO_ERR_INPUT,  /* bad configuration, arguments or data: the message says where and what to do
                       */
    TRALO_ERR_FILE,   /* a file cannot be opened, read or written */
    TRALO_ERR_MEMORY, /* an allocation failed, or would not fit */
    TRALO_ERR_EVALUATION, /* nothing could be evaluated: the message says why */
    TRALO_ERR_INTERNAL    /* a library that tralo stands on failed unexpectedly */
} tralo_code_t;

/* The message of the last failure in this process ("" when there was none). Not collective; after a
   collective function failed, the text is the same on all ranks. Valid until the next failure. */
TRALO_API const char *tralo_error_message(void);

/* The version of the library, "major.minor.patch". Not collective. */
TRALO_API const char *tralo_version(void);

#ifdef __cplusplus
}
#endif
#endif
