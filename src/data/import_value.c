/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_missing(const char *text)
{
    static const char *const words[] = {"", "?", "NA", "NaN", "nan", "NAN", "null", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

value_kind_t value_read(const char *text, double *out)
{
    char *end = NULL;
    if (strchr("?Nn", text[0]) != NULL && is_missing(text)) /* also the terminating zero */
        return VALUE_MISSING;
    if (text[strspn(text, "0123456789+-.eE")] != '\0')
        return VALUE_WORD;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return VALUE_WORD;
    *out = number;
    return VALUE_NUMBER;
}

char *value_trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    text[length] = '\0';
    return text;
}
