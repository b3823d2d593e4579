/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of result_t as they stand in the file: one table for writing and for reading. */
#ifndef STUDY_RESULT_FIELDS_H
#define STUDY_RESULT_FIELDS_H

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

#include "study/result.h"

typedef enum field_type {
    FIELD_REAL, /* double */
    FIELD_INT,  /* int */
    FIELD_LONG, /* int64_t */
    FIELD_BOOL, /* bool, stored as 0 or 1 in one byte */
    FIELD_TEXT  /* char *, NULL: no dataset */
} field_type_t;

typedef enum field_shape { SHAPE_ONE, SHAPE_S, SHAPE_SS, SHAPE_P, SHAPE_K, SHAPE_KP } field_shape_t;

typedef struct field {
    const char *name;
    field_type_t type;
    field_shape_t shape; /* other than SHAPE_ONE: the field is a pointer */
    size_t offset;       /* in result_t */
    size_t flag;         /* 0: always there; else the bool of result_t that says whether it is */
} field_t;

/* Each ends with a row whose name is NULL. */
extern const field_t search_fields[];      /* of /result: of any study */
extern const field_t model_fields[];       /* of /result: of a criterion on data */
extern const field_t environment_fields[]; /* of /environment */

#define RESULT_FORMAT "tralo result 1" /* attribute "format" of the file */

hid_t field_memory_type(field_type_t type); /* not FIELD_TEXT */

/* Dimensions of a shape, into dims [2]; returns their number. */
int field_dims(const result_t *result, field_shape_t shape, int64_t *dims);

/* How many values a shape has. */
int64_t field_count(const result_t *result, field_shape_t shape);

/* Where the values of a field are: the field itself, or what it points to. */
void *field_values(const result_t *result, const field_t *field);

#endif
