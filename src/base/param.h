/* SPDX-License-Identifier: BSD-3-Clause */
/* One option of a kind or of a section of the configuration. The same table checks the YAML, fills
   the options struct, and is printed by `tralo list`. */
#ifndef BASE_PARAM_H
#define BASE_PARAM_H

#include <stdbool.h>
#include <stddef.h>

typedef enum param_type {
    PARAM_REAL,   /* double */
    PARAM_INT,    /* int64_t */
    PARAM_BOOL,   /* bool */
    PARAM_CHOICE, /* int: index into `choices` */
    PARAM_TEXT,   /* char *, owned, NULL when not given */
    PARAM_PATH    /* the same; in a config a path, absolute there */
} param_type_t;

typedef struct param {
    const char *name;
    const char *doc;
    param_type_t type;
    size_t offset;              /* of the field in the options struct */
    double preset;              /* default (bool: 0 or 1, choice: index); text: NULL */
    double min, max;            /* allowed range, both ends included (real, int) */
    const char *const *choices; /* NULL-terminated (choice) */
} param_t;

/* A table ends with a row whose name is NULL; PARAM_END is that row. */
#define PARAM_END                                                                                  \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Writes the default of every row of `table` (NULL: empty) into `options`. */
void param_presets(const param_t *table, void *options);

/* Is it a text, of whatever meaning? */
bool param_is_text(const param_t *row);

/* Sets one option from text. Errors: TRALO_ERR_INPUT with what is allowed, without the name of the
   option or the place (the caller knows these and puts them in front). */
int param_set(const param_t *row, void *options, const char *text);

/* What a row allows, in words ("a number from 0 to 1", "one of: a, b"), into text[size]. */
void param_allowed(const param_t *row, char *text, size_t size);

/* The default in words, into text[size]. */
void param_preset_text(const param_t *row, char *text, size_t size);

/* Frees the texts of an options struct. */
void param_release(const param_t *table, void *options);

#endif
