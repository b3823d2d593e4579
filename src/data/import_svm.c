/* SPDX-License-Identifier: BSD-3-Clause */
/* LIBSVM / svmlight text: "label [qid:q] index:value ... [# comment]", indices increasing. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/import_source.h"
#include "data/import_stream.h"
#include "data/import_value.h"

typedef struct svm {
    stream_t *stream;
    bool writing;
    bool told;     /* that qid is ignored */
    int64_t width; /* largest index + 1 */
    double *x;     /* [p], dense second pass */
    int *index;    /* [capacity] */
    double *value;
    int64_t count, capacity;
} svm_t;

static int svm_open(source_t *source)
{
    int code = TRALO_OK;
    svm_t *svm = NULL;
    ALLOC(svm, 1);
    source->state = svm;
    TRY(stream_open(source->options->input, &svm->stream));
out:
    return code;
}

static void svm_close(source_t *source)
{
    svm_t *svm = source->state;
    stream_close(&svm->stream);
    mem_free(&svm->x);
    mem_free(&svm->index);
    mem_free(&svm->value);
    mem_free(&svm);
}

static int svm_rewind(source_t *source, bool writing)
{
    int code = TRALO_OK;
    svm_t *svm = source->state;
    svm->writing = writing;
    if (writing) {
        const int64_t asked = source->options->features;
        source->p = (int)(asked > 0 ? asked : svm->width);
        if (source->p == 0)
            FAIL(TRALO_ERR_INPUT,
                 "%s: no row has a feature; is this LIBSVM text (label index:value "
                 "...)?",
                 source->options->input);
        if (source->options->dense)
            ALLOC(svm->x, source->p);
    }
    TRY(stream_rewind(svm->stream));
out:
    return code;
}

static int make_room(svm_t *svm)
{
    int code = TRALO_OK;
    int *index = NULL;
    double *value = NULL;
    if (svm->count < svm->capacity)
        return code;
    const int64_t capacity = svm->capacity == 0 ? 256 : 2 * svm->capacity;
    ALLOC(index, capacity);
    ALLOC(value, capacity);
    if (svm->count > 0) {
        memcpy(index, svm->index, (size_t)svm->count * sizeof *index);
        memcpy(value, svm->value, (size_t)svm->count * sizeof *value);
    }
    mem_free(&svm->index);
    mem_free(&svm->value);
    svm->index = index;
    svm->value = value;
    svm->capacity = capacity;
    index = NULL;
    value = NULL;
out:
    mem_free(&index);
    mem_free(&value);
    return code;
}

/* The index of a pair, from 0. */
static int take_index(const source_t *source, const import_row_t *row, const char *word,
                      int64_t *out)
{
    int code = TRALO_OK;
    const svm_t *svm = source->state;
    const import_options_t *o = source->options;
    const size_t digits = strspn(word, "0123456789");
    if (digits == 0 || word[digits] != ':' || digits > 18)
        FAIL(TRALO_ERR_INPUT,
             "%s:%" PRId64 ": '%.40s' is not index:value; correct the line, or say "
             "the format with --format",
             o->input, row->place, word);
    const int64_t written = strtoll(word, NULL, 10), index = written - (o->zero_based ? 0 : 1);
    const int64_t limit = o->features > 0 ? o->features : INT_MAX / 2;
    if (index < 0)
        FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": index 0, but indices start at 1; use --zero-based",
             o->input, row->place);
    if (index >= limit)
        FAIL(TRALO_ERR_INPUT,
             "%s:%" PRId64 ": index %" PRId64 " is beyond the %" PRId64 " features %s", o->input,
             row->place, written, limit, o->features > 0 ? "of --features" : "that can be held");
    if (svm->count > 0 && index <= svm->index[svm->count - 1])
        FAIL(TRALO_ERR_INPUT, "%s:%" PRId64 ": index %" PRId64 " %s", o->input, row->place, written,
             index == svm->index[svm->count - 1]
                 ? "occurs twice; give each index of a line once"
                 : "is smaller than the one before; sort the indices of each line");
    *out = index;
out:
    return code;
}

static int take_pair(const source_t *source, import_row_t *row, const char *word)
{
    int code = TRALO_OK;
    svm_t *svm = source->state;
    int64_t index = 0;
    double number = 0;
    char name[32];
    TRY(take_index(source, row, word, &index));
    const char *colon = strchr(word, ':'), *text = colon + 1;
    memcpy(name, word, (size_t)(colon - word));
    name[colon - word] = '\0';
    const value_kind_t kind = value_read(text, &number);
    if (kind == VALUE_MISSING)
        TRY(source_missing(source, row, name, text));
    if (kind == VALUE_WORD)
        TRY(source_bad_number(source, row->place, name, text));
    if (fabs(number) > source_limit(source))
        TRY(source_too_large(source, row->place, name, number));
    TRY(make_room(svm));
    svm->index[svm->count] = (int)index;
    svm->value[svm->count++] = number;
out:
    return code;
}

static int take_word(const source_t *source, import_row_t *row, const char *word)
{
    svm_t *svm = source->state;
    if (strncmp(word, "qid:", 4) != 0)
        return take_pair(source, row, word);
    if (!svm->told)
        log_warn("%s:%" PRId64 ": qid is ignored: rows are not grouped by query",
                 source->options->input, row->place);
    svm->told = true;
    return TRALO_OK;
}

/* Label and pairs of a line that is not blank. */
static int take_line(const source_t *source, char *line, import_row_t *row)
{
    int code = TRALO_OK;
    svm_t *svm = source->state;
    char *rest = line;
    double number;
    svm->count = 0;
    row->label = strtok_r(rest, " \t", &rest);
    if (strchr(row->label, ':') != NULL)
        FAIL(TRALO_ERR_INPUT,
             "%s:%" PRId64 ": the label is missing before '%.40s'; write label "
             "index:value ...",
             source->options->input, row->place, row->label);
    if (value_read(row->label, &number) == VALUE_MISSING)
        TRY(source_missing(source, row, "label", row->label));
    for (char *word; (word = strtok_r(rest, " \t", &rest)) != NULL;)
        TRY(take_word(source, row, word));
    if (svm->count > 0 && !row->missing && svm->index[svm->count - 1] >= svm->width)
        svm->width = (int64_t)svm->index[svm->count - 1] + 1;
out:
    return code;
}

static void spread(const source_t *source, import_row_t *row)
{
    svm_t *svm = source->state;
    memset(svm->x, 0, (size_t)source->p * sizeof *svm->x);
    for (int64_t k = 0; k < svm->count; k++)
        svm->x[svm->index[k]] = svm->value[k];
    row->x = svm->x;
}

static int svm_next(source_t *source, import_row_t *row, bool *more)
{
    int code = TRALO_OK;
    svm_t *svm = source->state;
    char *line = NULL;
    do {
        TRY(stream_line(svm->stream, &line));
        if (line != NULL)
            line[strcspn(line, "#")] = '\0';
    } while (line != NULL && line[strspn(line, " \t")] == '\0');
    *more = line != NULL;
    if (line == NULL)
        goto out;
    row->place = stream_number(svm->stream);
    TRY(take_line(source, line, row));
    row->index = svm->index;
    row->value = svm->value;
    row->count = svm->count;
    if (svm->writing && svm->x != NULL && !row->missing)
        spread(source, row);
out:
    return code;
}

const source_kind_t source_svm = {.name = "LIBSVM",
                                  .open = svm_open,
                                  .rewind = svm_rewind,
                                  .next = svm_next,
                                  .close = svm_close,
                                  .sparse = true,
                                  .place = ":"};
