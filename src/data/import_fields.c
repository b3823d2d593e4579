/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_fields.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "data/import_value.h"

static const int64_t longest_quote = 1
                                     << 20; /* bytes that line ends in quotes may add to a record */

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* True when every quote of the text is closed. */
static bool closed(const char *text)
{
    bool even = true;
    for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at + 1, '"'))
        even = !even;
    return even;
}

/* The next record as it is in the file. */
static int next_record(fields_t *fields, char **out)
{
    int code = TRALO_OK;
    char *line = NULL;
    do {
        TRY(stream_line(fields->stream, &line));
    } while (line != NULL && line[strspn(line, " \t")] == '\0');
    fields->line = stream_number(fields->stream);
    int64_t joined = 0;
    while (line != NULL && !closed(line)) {
        size_t before = strlen(line);
        TRY(stream_join(fields->stream, &line));
        joined += line == NULL ? longest_quote : (int64_t)(strlen(line) - before);
        if (joined >= longest_quote)
            FAIL(TRALO_ERR_INPUT,
                 "%s:%" PRId64 ": a quote opened here is not closed; close it, or "
                 "double a quote that is part of the text",
                 stream_path(fields->stream), fields->line);
    }
    *out = line;
out:
    return code;
}

static int add_field(fields_t *fields, char *text)
{
    int code = TRALO_OK;
    char **larger = NULL;
    if (fields->count == fields->capacity) {
        if (fields->capacity > INT_MAX / 2)
            FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": too many fields", stream_path(fields->stream),
                 fields->line);
        int capacity = fields->capacity == 0 ? 64 : 2 * fields->capacity;
        ALLOC(larger, capacity);
        if (fields->count > 0)
            memcpy(larger, fields->text, (size_t)fields->count * sizeof *larger);
        mem_free(&fields->text);
        fields->text = larger;
        fields->capacity = capacity;
    }
    fields->text[fields->count++] = text;
out:
    return code;
}

/* Unquotes in place from the opening quote at `at`; returns what follows the closing one. */
static char *unquote(char *at)
{
    char *to = at, *from = at + 1;
    while (*from != '\0' && !(from[0] == '"' && from[1] != '"')) {
        if (*from == '"')
            from++;
        *to++ = *from++;
    }
    from += *from == '"';
    *to = '\0';
    return from;
}

/* One field at *at, which moves behind it and its delimiter; NULL after the last one. */
static int take_field(fields_t *fields, char **at)
{
    int code = TRALO_OK;
    const bool blanks = fields->delimiter == ' ';
    char *start = *at, *end;
    while (blank(*start) && *start != fields->delimiter)
        start++;
    const bool quoted = *start == '"';
    if (quoted) {
        end = unquote(start);
        while (!blanks && blank(*end) && *end != fields->delimiter)
            end++;
        if (*end != '\0' && *end != fields->delimiter && !(blanks && blank(*end)))
            FAIL(TRALO_ERR_INPUT,
                 "%s:%" PRId64 ": text after a closing quote, '%.20s'; double a "
                 "quote that is part of the text",
                 stream_path(fields->stream), fields->line, end);
    } else {
        const char stops[3] = {fields->delimiter, blanks ? '\t' : '\0', '\0'};
        end = start + strcspn(start, stops);
    }
    bool last = *end == '\0';
    *end = '\0';
    if (blanks && !last)
        end += strspn(end + 1, " \t");
    *at = last || (blanks && end[1] == '\0') ? NULL : end + 1;
    TRY(add_field(fields, quoted ? start : value_trim(start)));
out:
    return code;
}

int fields_next(fields_t *fields, bool *more)
{
    int code = TRALO_OK;
    char *at = NULL;
    fields->count = 0;
    TRY(next_record(fields, &at));
    *more = at != NULL;
    if (at != NULL && fields->delimiter == ' ')
        at += strspn(at, " \t");
    while (at != NULL)
        TRY(take_field(fields, &at));
out:
    return code;
}

static void count_outside_quotes(const char *text, const char *delimiters, int *counts)
{
    bool inside = false;
    for (; *text != '\0'; text++) {
        inside ^= *text == '"';
        const char *found = inside ? NULL : strchr(delimiters, *text);
        if (found != NULL)
            counts[found - delimiters]++;
    }
}

static int detect(fields_t *fields)
{
    int code = TRALO_OK;
    const char *delimiters = ",\t;";
    int counts[3] = {0}, best = 0;
    char *record = NULL;
    TRY(next_record(fields, &record));
    if (record != NULL)
        count_outside_quotes(record, delimiters, counts);
    for (int i = 1; i < 3; i++)
        best = counts[i] > counts[best] ? i : best;
    fields->delimiter = counts[best] > 0 ? delimiters[best] : ' ';
    TRY(fields_rewind(fields));
out:
    return code;
}

int fields_open(const char *path, char delimiter, fields_t **out)
{
    int code = TRALO_OK;
    fields_t *fields = NULL;
    ALLOC(fields, 1);
    TRY(stream_open(path, &fields->stream));
    fields->delimiter = delimiter;
    if (delimiter == '\0')
        TRY(detect(fields));
    *out = fields;
    fields = NULL;
out:
    fields_close(&fields);
    return code;
}

void fields_close(fields_t **fields)
{
    if (*fields == NULL)
        return;
    stream_close(&(*fields)->stream);
    mem_free(&(*fields)->text);
    mem_free(fields);
}

int fields_rewind(fields_t *fields)
{
    return stream_rewind(fields->stream);
}
