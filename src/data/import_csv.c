/* SPDX-License-Identifier: BSD-3-Clause */
/* Delimited text with named columns (RFC 4180 and its relatives). */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "data/import_columns.h"
#include "data/import_source.h"
#include "data/import_value.h"

typedef struct csv {
    fields_t *fields;
    columns_t columns;
    bool writing;
    double *x; /* [p], second pass */
} csv_t;

static int check_count(const source_t *source)
{
    int code = TRALO_OK;
    const csv_t *csv = source->state;
    const fields_t *fields = csv->fields;
    const bool names = fields->count == csv->columns.count + 1 && !source->options->no_header;
    if (fields->count != csv->columns.count)
        FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": %d fields where the first line has %d; %s",
             source->options->input, fields->line, fields->count, csv->columns.count,
             names ? "name every column, row names too, or correct the line"
                   : "correct the line, or say the right --delimiter");
out:
    return code;
}

static int next_record(const source_t *source, bool *more)
{
    int code = TRALO_OK;
    const csv_t *csv = source->state;
    TRY(fields_next(csv->fields, more));
    if (*more)
        TRY(check_count(source));
out:
    return code;
}

static int restart(const source_t *source)
{
    int code = TRALO_OK;
    const csv_t *csv = source->state;
    bool more;
    TRY(fields_rewind(csv->fields));
    if (!source->options->no_header)
        TRY(fields_next(csv->fields, &more));
out:
    return code;
}

/* The pass of one-hot "auto": features that hold a word become categorical. */
static int find_words(const source_t *source)
{
    int code = TRALO_OK;
    csv_t *csv = source->state;
    bool more = true;
    double number;
    TRY(restart(source));
    while (true) {
        TRY(next_record(source, &more));
        if (!more)
            break;
        for (int i = 0; i < csv->columns.count; i++) {
            column_t *column = &csv->columns.rows[i];
            if (column->role == COLUMN_FEATURE &&
                value_read(csv->fields->text[i], &number) == VALUE_WORD)
                column->role = COLUMN_ONE_HOT;
        }
    }
out:
    return code;
}

static int name_roles(source_t *source)
{
    const columns_t *columns = &((const csv_t *)source->state)->columns;
    source->target = columns->rows[columns->target].name;
    return source_name_scalars(source,
                               columns->weights < 0 ? NULL : columns->rows[columns->weights].name,
                               columns->offset < 0 ? NULL : columns->rows[columns->offset].name);
}

static int csv_open(source_t *source)
{
    int code = TRALO_OK;
    csv_t *csv = NULL;
    bool more;
    ALLOC(csv, 1);
    source->state = csv;
    TRY(fields_open(source->options->input, source->options->delimiter, &csv->fields));
    TRY(fields_next(csv->fields, &more));
    if (!more)
        FAIL(TRALO_ERR_INPUT, "%s: is empty", source->options->input);
    TRY(columns_init(&csv->columns, source->options, csv->fields));
    TRY(name_roles(source));
    if (columns_auto(&csv->columns))
        TRY(find_words(source));
out:
    return code;
}

static void csv_close(source_t *source)
{
    csv_t *csv = source->state;
    fields_close(&csv->fields);
    columns_release(&csv->columns);
    mem_free(&csv->x);
    mem_free(&csv);
}

static int csv_rewind(source_t *source, bool writing)
{
    int code = TRALO_OK;
    csv_t *csv = source->state;
    csv->writing = writing;
    if (writing) {
        TRY(columns_place(&csv->columns, &source->p));
        ALLOC(csv->x, source->p);
    }
    TRY(restart(source));
out:
    return code;
}

/* Looks for missing values before anything is learnt from the row. */
static int check_missing(const source_t *source, import_row_t *row)
{
    int code = TRALO_OK;
    const csv_t *csv = source->state;
    double number;
    for (int i = 0; i < csv->columns.count && !row->missing; i++) {
        const char *text = csv->fields->text[i];
        if (csv->columns.rows[i].role != COLUMN_DROP && value_read(text, &number) == VALUE_MISSING)
            TRY(source_missing(source, row, csv->columns.rows[i].name, text));
    }
out:
    return code;
}

static int take_number(const source_t *source, int i, double *out)
{
    const csv_t *csv = source->state;
    const char *text = csv->fields->text[i];
    if (value_read(text, out) == VALUE_NUMBER)
        return TRALO_OK;
    return source_bad_number(source, csv->fields->line, csv->columns.rows[i].name, text);
}

static int take_feature(const source_t *source, int i)
{
    int code = TRALO_OK;
    csv_t *csv = source->state;
    double number;
    TRY(take_number(source, i, &number));
    if (fabs(number) > source_limit(source))
        TRY(source_too_large(source, csv->fields->line, csv->columns.rows[i].name, number));
    if (csv->writing)
        csv->x[csv->columns.rows[i].first] = number;
out:
    return code;
}

static int take_level(const source_t *source, int i)
{
    int code = TRALO_OK;
    csv_t *csv = source->state;
    column_t *column = &csv->columns.rows[i];
    const char *text = csv->fields->text[i];
    const int skipped = source->options->one_hot_drop_first ? 1 : 0;
    if (csv->writing) {
        const int place = levels_find(&column->levels, text) - skipped;
        memset(csv->x + column->first, 0, (size_t)column->width * sizeof *csv->x);
        if (place >= 0)
            csv->x[column->first + place] = 1.0;
        goto out;
    }
    const int status = levels_add(&column->levels, text);
    if (status == TRALO_ERR_INPUT)
        FAIL(TRALO_ERR_INPUT,
             "%s:%" PRId64 ": column '%s': '%.40s' is level %d, more than --one-hot "
             "codes; --drop the column",
             source->options->input, csv->fields->line, column->name, text, LEVELS_MAX + 1);
    TRY(status);
out:
    return code;
}

static int take_field(const source_t *source, int i, import_row_t *row)
{
    const csv_t *csv = source->state;
    switch (csv->columns.rows[i].role) {
    case COLUMN_FEATURE:
        return take_feature(source, i);
    case COLUMN_ONE_HOT:
        return take_level(source, i);
    case COLUMN_TARGET:
        row->label = csv->fields->text[i];
        return TRALO_OK;
    case COLUMN_WEIGHTS:
        return take_number(source, i, &row->weight);
    case COLUMN_OFFSET:
        return take_number(source, i, &row->offset);
    case COLUMN_DROP:
        break;
    }
    return TRALO_OK;
}

static int csv_next(source_t *source, import_row_t *row, bool *more)
{
    int code = TRALO_OK;
    const csv_t *csv = source->state;
    TRY(next_record(source, more));
    if (!*more)
        goto out;
    row->place = csv->fields->line;
    TRY(check_missing(source, row));
    if (row->missing)
        goto out;
    for (int i = 0; i < csv->columns.count; i++)
        TRY(take_field(source, i, row));
    row->x = csv->x;
    TRY(source_check_scalars(source, row));
out:
    return code;
}

static int csv_feature(const source_t *source, int j, char **name)
{
    const csv_t *csv = source->state;
    return columns_feature(&csv->columns, j, name);
}

const source_kind_t source_csv = {.name = "CSV",
                                  .open = csv_open,
                                  .rewind = csv_rewind,
                                  .next = csv_next,
                                  .feature = csv_feature,
                                  .close = csv_close,
                                  .place = ":"};
