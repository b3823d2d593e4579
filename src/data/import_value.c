/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/import_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What pandas, R, SAS and Stata write; the text is no number. */
static bool is_missing(const char *text)
{
    static const char *const words[] = {"",    "?",   "NA",   "N/A",  "n/a",  "#N/A", "<NA>", "NaN",
                                        "nan", "NAN", "-nan", "-NaN", "null", "NULL", "."};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_number(const char *text, double *out)
{
    char *end = NULL;
    if (text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

value_kind_t value_read(const char *text, double *out)
{
    double number;
    if (!is_number(text, &number))
        return is_missing(text) ? VALUE_MISSING : VALUE_WORD;
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
