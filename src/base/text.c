/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { REAL_SIZE = 32 };

static int reserve(text_t *text, int64_t more)
{
    int code = TRALO_OK;
    char *grown = NULL;
    int64_t capacity = text->capacity > 0 ? text->capacity : 256;
    while (capacity < text->size + more + 1)
        capacity *= 2;
    if (capacity > text->capacity) {
        ALLOC(grown, capacity);
        if (text->size > 0)
            memcpy(grown, text->data, (size_t)text->size);
        mem_free(&text->data);
        text->data = grown;
        text->capacity = capacity;
    }
out:
    return code;
}

int text_add(text_t *text, const char *format, ...)
{
    int code = TRALO_OK, length;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    TRY(reserve(text, length));
    vsnprintf(text->data + text->size, (size_t)length + 1, format, again);
    text->size += length;
out:
    va_end(again);
    va_end(args);
    return code;
}

/* Bytes of the UTF-8 character at `at` and its code point; a stray byte counts as itself. */
static int decode(const unsigned char *at, uint32_t *point)
{
    int length = at[0] < 0xC0 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    *point = length == 1 ? at[0] : at[0] & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *point = at[0];
            return 1;
        }
        *point = *point << 6 | (at[i] & 0x3Fu);
    }
    return length;
}

/* What YAML allows to stand as it is (1.1, c-printable), less line breaks. */
static bool printable(uint32_t point)
{
    return (point >= 0x20 && point <= 0x7E) ||
           (point >= 0xA0 && point <= 0xD7FF && point != 0x2028 && point != 0x2029) ||
           (point >= 0xE000 && point <= 0xFFFD && point != 0xFEFF) ||
           (point >= 0x10000 && point <= 0x10FFFF);
}

int text_quote(text_t *text, const char *value)
{
    int code = TRALO_OK, length;
    uint32_t point;
    TRY(text_add(text, "\""));
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at += length) {
        length = decode(at, &point);
        if (point == '"' || point == '\\')
            TRY(text_add(text, "\\%c", (char)point));
        else if (printable(point))
            TRY(text_add(text, "%.*s", length, (const char *)at));
        else
            TRY(text_add(text, "\\U%08" PRIX32, point));
    }
    TRY(text_add(text, "\""));
out:
    return code;
}

void text_real(double value, char *out)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, REAL_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

int text_param(text_t *text, const param_t *row, const void *options)
{
    char number[REAL_SIZE];
    const char *field = (const char *)options + row->offset;
    switch (row->type) {
    case PARAM_REAL:
        text_real(*(const double *)(const void *)field, number);
        return text_add(text, "%s", number);
    case PARAM_INT:
        return text_add(text, "%" PRId64, *(const int64_t *)(const void *)field);
    case PARAM_BOOL:
        return text_add(text, "%s", *(const bool *)(const void *)field ? "true" : "false");
    case PARAM_CHOICE:
        return text_add(text, "%s", row->choices[*(const int *)(const void *)field]);
    case PARAM_TEXT:
    case PARAM_PATH:
        return text_quote(text, *(char *const *)(const void *)field);
    }
    return TRALO_OK;
}
