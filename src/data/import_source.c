/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_source.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "data/import_stream.h"
#include "data/import_value.h"

static bool ends_in(const char *text, int64_t length, const char *ending)
{
    int64_t size = (int64_t)strlen(ending);
    return length >= size && strncasecmp(text + length - size, ending, (size_t)size) == 0;
}

/* By the name, without .gz or .xz; NULL: it does not tell. */
static const source_kind_t *kind_of_name(const char *path)
{
    static const struct {
        const char *ending;
        const source_kind_t *kind;
    } endings[] = {{".npy", &source_npy},      {".svm", &source_svm}, {".libsvm", &source_svm},
                   {".svmlight", &source_svm}, {".csv", &source_csv}, {".tsv", &source_csv}};
    int64_t length = (int64_t)strlen(path);
    if (ends_in(path, length, ".gz") || ends_in(path, length, ".xz"))
        length -= 3;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(path, length, endings[i].ending))
            return endings[i].kind;
    return NULL;
}

/* "label index:value ...": every word behind the first is a pair, and there is one. */
static bool looks_like_svm(char *line)
{
    int pairs = 0;
    char *rest = line, *word;
    strtok_r(rest, " \t", &rest);
    while ((word = strtok_r(rest, " \t", &rest)) != NULL && word[0] != '#') {
        size_t digits = strncmp(word, "qid", 3) == 0 ? 3 : strspn(word, "0123456789");
        if (digits == 0 || word[digits] != ':')
            return false;
        pairs++;
    }
    return pairs > 0;
}

static int kind_of_content(const char *path, const source_kind_t **out)
{
    int code = TRALO_OK;
    stream_t *stream = NULL;
    char *line = NULL, magic[6] = {0};
    int64_t got = 0;
    TRY(stream_open(path, &stream));
    TRY(stream_read(stream, magic, sizeof magic, &got));
    if (memcmp(magic, "\x93NUMPY", sizeof magic) == 0) {
        *out = &source_npy;
        goto out;
    }
    TRY(stream_rewind(stream));
    do {
        TRY(stream_line(stream, &line));
    } while (line != NULL && strchr("#", line[strspn(line, " \t")]) != NULL);
    *out = line != NULL && looks_like_svm(line) ? &source_svm : &source_csv;
out:
    stream_close(&stream);
    return code;
}

static int choose_kind(const import_options_t *options, const source_kind_t **out)
{
    int code = TRALO_OK;
    static const source_kind_t *const kinds[] = {
        [IMPORT_CSV] = &source_csv, [IMPORT_LIBSVM] = &source_svm, [IMPORT_NPY] = &source_npy};
    const source_kind_t *kind = NULL;
    if (strcmp(options->input, "-") == 0)
        FAIL(TRALO_ERR_INPUT, "-: standard input cannot be imported, since it is read twice; "
                              "write it to a file first");
    kind = options->format == IMPORT_AUTO ? kind_of_name(options->input) : kinds[options->format];
    if (kind == NULL)
        TRY(kind_of_content(options->input, &kind));
    *out = kind;
out:
    return code;
}

static int check_options(const import_options_t *o, const source_kind_t *kind)
{
    int code = TRALO_OK;
    const bool csv = kind == &source_csv, svm = kind == &source_svm, npy = kind == &source_npy;
    const struct {
        const char *option;
        bool given, allowed;
    } rules[] = {{"--delimiter", o->delimiter != '\0', csv},
                 {"--no-header", o->no_header, csv},
                 {"--target", o->target != NULL, csv},
                 {"--drop", o->drop_count > 0, csv},
                 {"--one-hot", o->one_hot_count > 0, csv},
                 {"--one-hot-drop-first", o->one_hot_drop_first, csv},
                 {"--weights", o->weights != NULL, csv || npy},
                 {"--offset", o->offset != NULL, csv || npy},
                 {"--log-offset", o->log_offset != NULL, csv || npy},
                 {"--dense", o->dense, svm},
                 {"--zero-based", o->zero_based, svm},
                 {"--features", o->features > 0, svm},
                 {"--y", o->y != NULL, npy}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given && !rules[i].allowed)
            FAIL(TRALO_ERR_INPUT,
                 "%s: %s is not an option for %s input; leave it out, or say the "
                 "format with --format",
                 o->input, rules[i].option, kind->name);
    if (o->offset != NULL && o->log_offset != NULL)
        FAIL(TRALO_ERR_INPUT, "--offset and --log-offset exclude each other; choose one");
out:
    return code;
}

int source_open(const import_options_t *options, source_t **out)
{
    int code = TRALO_OK;
    source_t *source = NULL;
    ALLOC(source, 1);
    source->options = options;
    TRY(choose_kind(options, &source->kind));
    TRY(check_options(options, source->kind));
    TRY(source->kind->open(source));
    *out = source;
    source = NULL;
out:
    source_close(&source);
    return code;
}

void source_close(source_t **source)
{
    if (*source == NULL)
        return;
    if ((*source)->state != NULL)
        (*source)->kind->close(*source);
    mem_free(&(*source)->weights);
    mem_free(&(*source)->offset);
    mem_free(source);
}

double source_limit(const source_t *source)
{
    return source->options->float32 ? (double)FLT_MAX : DBL_MAX;
}

int source_missing(const source_t *source, import_row_t *row, const char *what, const char *text)
{
    row->missing = true;
    if (source->options->missing_drop)
        return TRALO_OK;
    return error_raise(TRALO_ERR_INPUT,
                       "%s%s%" PRId64
                       ": column '%s': the value is missing ('%.40s'); use --missing "
                       "drop to leave such rows out%s",
                       source->options->input, source->kind->place, row->place, what, text,
                       source->kind == &source_csv ? ", or --drop to leave the column out" : "");
}

int source_bad_number(const source_t *source, int64_t place, const char *what, const char *text)
{
    double number;
    char copy[64];
    strncpy(copy, text, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    char *comma = strchr(copy, ',');
    if (comma != NULL)
        *comma = '.';
    const bool decimal = comma != NULL && value_read(copy, &number) == VALUE_NUMBER;
    const char *advice = decimal ? "write decimal points, not commas"
                         : source->kind == &source_csv
                             ? "correct it, or --drop or --one-hot the column"
                             : "correct it";
    return error_raise(TRALO_ERR_INPUT,
                       "%s%s%" PRId64 ": column '%s': '%.40s' is not a finite number; %s",
                       source->options->input, source->kind->place, place, what, text, advice);
}

int source_too_large(const source_t *source, int64_t place, const char *what, double value)
{
    return error_raise(TRALO_ERR_INPUT,
                       "%s%s%" PRId64
                       ": column '%s': %g is too large for single precision; leave out "
                       "--float32",
                       source->options->input, source->kind->place, place, what, value);
}

int source_name_scalars(source_t *source, const char *weights, const char *offset)
{
    int code = TRALO_OK;
    TRY(mem_string(weights, &source->weights));
    if (offset == NULL || source->options->log_offset == NULL) {
        TRY(mem_string(offset, &source->offset));
        goto out;
    }
    const size_t size = strlen(offset) + sizeof "log()";
    ALLOC(source->offset, (int64_t)size);
    snprintf(source->offset, size, "log(%s)", offset);
out:
    return code;
}

int source_check_scalars(const source_t *source, import_row_t *row)
{
    int code = TRALO_OK;
    const import_options_t *o = source->options;
    if (row->weight < 0)
        FAIL(TRALO_ERR_INPUT,
             "%s%s%" PRId64 ": column '%s': the weight %g is negative; weights are 0 "
             "or more",
             o->input, source->kind->place, row->place, o->weights, row->weight);
    if (o->log_offset != NULL) {
        if (row->offset <= 0)
            FAIL(TRALO_ERR_INPUT,
                 "%s%s%" PRId64 ": column '%s': %g has no logarithm; --log-offset "
                 "takes numbers above 0, so leave this row out or use --offset",
                 o->input, source->kind->place, row->place, o->log_offset, row->offset);
        row->offset = log(row->offset);
    }
out:
    return code;
}
