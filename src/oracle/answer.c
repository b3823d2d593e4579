/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* memrchr */
#include "oracle/answer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LOOK = 1 << 20, TAIL = 2048 };

/* The last bytes of a file, zero-terminated, into bytes [most + 1]; how many, -1: it cannot be
   read. */
static int64_t read_end(const char *path, size_t most, char *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    int64_t length = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        const long size = ftell(file), from = size > (long)most ? size - (long)most : 0;
        if (size >= 0 && fseek(file, from, SEEK_SET) == 0)
            length = (int64_t)fread(bytes, 1, most, file);
    }
    fclose(file);
    bytes[length > 0 ? length : 0] = '\0';
    return length;
}

static void take(double value, answer_value_t *out)
{
    out->found = isfinite(value);
    out->value = value;
    if (!out->found)
        snprintf(out->why, sizeof out->why, "its value is %g", value);
}

/* A text that says what JSON has no number for: "nan", "inf". */
static bool parse_number(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    while (end != text && *end != '\0' && strchr(" \t\r\n", *end) != NULL)
        end++;
    return end != text && *end == '\0';
}

/* Python writes numbers that JSON does not know. They become texts of the same length. */
static const struct {
    const char *word, *text, *meaning;
    double number;
} beyond[] = {{"NaN", "\"N\"", "N", NAN},
              {"-Infinity", "\"-\"      ", "-", -INFINITY},
              {"Infinity", "\"I\"     ", "I", INFINITY}};
enum { BEYOND = sizeof beyond / sizeof *beyond };

/* In place, outside of texts. */
static void write_beyond(char *text)
{
    bool inside = false;
    for (char *at = text; *at != '\0'; at++) {
        if (inside && at[0] == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            inside = !inside;
        for (int k = 0; !inside && k < BEYOND; k++) {
            const size_t length = strlen(beyond[k].word);
            if (strncmp(at, beyond[k].word, length) == 0) {
                memcpy(at, beyond[k].text, length);
                at += length - 1;
                break;
            }
        }
    }
}

static bool number_of(const json_t *value, double *out)
{
    *out = json_number_value(value);
    for (int k = 0; json_is_string(value) && k < BEYOND; k++)
        if (strcmp(json_string_value(value), beyond[k].meaning) == 0) {
            *out = beyond[k].number;
            return true;
        }
    return json_is_number(value);
}

/* Is it a JSON object? Else `error` says why not. The text is changed. */
static bool read_object(char *text, json_error_t *error, answer_value_t *out)
{
    double number;
    write_beyond(text);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, error);
    const bool object = json_is_object(root);
    if (number_of(json_object_get(root, "value"), &number))
        take(number, out);
    else if (object)
        snprintf(out->why, sizeof out->why, "its JSON has no number called \"value\"");
    json_decref(root);
    return object;
}

static int read_part(const char *path, char **bytes, int64_t *length, answer_value_t *out)
{
    *out = (answer_value_t){.found = false};
    const int code = mem_alloc(LOOK + 1, 1, bytes);
    if (code == TRALO_OK)
        *length = read_end(path, LOOK, *bytes);
    else
        snprintf(out->why, sizeof out->why, "there is no memory to read what it left");
    return code;
}

void answer_last_json(const char *path, answer_value_t *out)
{
    char *bytes = NULL;
    int64_t left = 0;
    bool found = false, tried = false;
    if (read_part(path, &bytes, &left, out) != TRALO_OK)
        return;
    snprintf(out->why, sizeof out->why, "no line that it printed is a JSON object");
    while (!found && left > 0) {
        json_error_t error;
        bytes[left] = '\0';
        char *line = memrchr(bytes, '\n', (size_t)left);
        line = line != NULL ? line + 1 : bytes;
        left = line > bytes ? line - bytes - 1 : 0;
        line += strspn(line, " \t");
        found = line[0] == '{' && read_object(line, &error, out);
        if (!found && line[0] == '{' && !tried)
            snprintf(out->why, sizeof out->why,
                     "no line that it printed is a JSON object (the last with a brace: %.80s)",
                     error.text);
        tried = tried || line[0] == '{';
    }
    mem_free(&bytes);
}

void answer_file(const char *path, answer_value_t *out)
{
    char *bytes = NULL;
    double number;
    int64_t length = 0;
    json_error_t error;
    if (read_part(path, &bytes, &length, out) != TRALO_OK)
        return;
    if (length < 0)
        snprintf(out->why, sizeof out->why, "it wrote no file for the value");
    else if (parse_number(bytes, &number))
        take(number, out);
    else if (!read_object(bytes, &error, out))
        snprintf(out->why, sizeof out->why,
                 "its file has neither a number nor a JSON object with one called \"value\"");
    mem_free(&bytes);
}

/* Cut at the front: whole characters of UTF-8, the end of a long text. */
static const char *last_part(const char *text, size_t most)
{
    const size_t length = strlen(text);
    const char *at = length > most ? text + length - most : text;
    while (length > most && ((unsigned char)*at & 0xC0) == 0x80)
        at++;
    return at;
}

void answer_tail(const char *path, char *text, size_t size)
{
    char bytes[TAIL + 1], line[2 * TAIL + 1];
    size_t used = 0;
    int64_t length = read_end(path, TAIL, bytes);
    while (length > 0 && (unsigned char)bytes[length - 1] <= ' ')
        length--;
    for (int64_t i = 0; i < length && used + 4 < sizeof line; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\n') {
            memcpy(line + used, " | ", 3);
            used += 3;
        } else {
            line[used++] = byte < ' ' || byte == 127 ? ' ' : (char)byte;
        }
    }
    line[used] = '\0';
    snprintf(text, size, "%s", last_part(line, size - 1));
}
