/* SPDX-License-Identifier: BSD-3-Clause */
/* /trace of a result: one dataset for each field of an evaluation, one element (or row) for each
   evaluation, in the order in which they ended. Rank 0 alone; nothing here is collective. HDF5 is
   called directly: between h5_quiet_begin and h5_quiet_end. */
#ifndef STUDY_TRACE_H
#define STUDY_TRACE_H

#include <hdf5.h>

#include "study/result.h"
#include "study/result_fields.h"

typedef enum trace_column {
    TRACE_NUMBER,
    TRACE_PHASE,
    TRACE_THETA,
    TRACE_VALUES,
    TRACE_ORDER,
    TRACE_F,
    TRACE_GRADIENT_NORM,
    TRACE_RADIUS,
    TRACE_ACCEPTED,
    TRACE_INNER_ITERATIONS,
    TRACE_PRODUCTS,
    TRACE_CG_PRODUCTS,
    TRACE_READ_PASSES,
    TRACE_GROUP,
    TRACE_STARTED,
    TRACE_SECONDS,
    TRACE_FAILURE,
    TRACE_COLUMNS
} trace_column_t;

typedef struct trace_row {
    const char *name;
    size_t offset; /* in result_evaluation_t */
    field_type_t type;
    bool wide; /* S numbers, the field points to them */
} trace_row_t;

extern const trace_row_t trace_rows[TRACE_COLUMNS];

typedef struct trace {
    const char *path; /* of the file, for messages; borrowed */
    hid_t text;       /* the type of texts; borrowed */
    hid_t sets[TRACE_COLUMNS];
    int count;    /* S */
    hsize_t rows; /* that were added */
} trace_t;

/* One that is closed. */
trace_t trace_none(void);

/* Makes the datasets in the group, empty. Errors: TRALO_ERR_FILE. */
int trace_create(hid_t group, const char *path, hid_t text, int count, trace_t *trace);

/* Adds a row; trace->rows counts it only once the caller says so. Errors: TRALO_ERR_FILE. */
int trace_append(const trace_t *trace, const result_evaluation_t *evaluation);

/* The bytes of a new chunk of every column. */
int64_t trace_chunks(const trace_t *trace);

void trace_close(trace_t *trace);

#endif
