/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/units.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void units_bytes(double bytes, char text[UNITS_TEXT])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 6; unit++)
        bytes /= 1024;
    snprintf(text, UNITS_TEXT, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void units_seconds(double seconds, char text[UNITS_TEXT])
{
    static const struct {
        double least, in;
        const char *name;
    } units[] = {{2.0 * 86400.0, 86400.0, "d"},
                 {2.0 * 3600.0, 3600.0, "h"},
                 {120.0, 60.0, "min"},
                 {1.0, 1.0, "s"},
                 {1e-3, 1e-3, "ms"},
                 {0.0, 1e-6, "us"}};
    int unit = 0;
    while (seconds < units[unit].least)
        unit++;
    snprintf(text, UNITS_TEXT, "%.3g %s", seconds / units[unit].in, units[unit].name);
}

int units_parse_bytes(const char *text, int64_t *out)
{
    static const char letters[] = "KMGTPE";
    int code = TRALO_OK;
    char *end;
    double value = strtod(text, &end);
    const bool number = end != text;
    end += strspn(end, " ");
    const char *letter = *end != '\0' ? strchr(letters, *end) : NULL;
    for (const char *l = letters; letter != NULL && l <= letter; l++)
        value *= 1024.0;
    end += letter != NULL;
    if (!number || !(value >= 1.0 && value < 9e18) ||
        (strcmp(end, "") != 0 && strcmp(end, "B") != 0 && strcmp(end, "iB") != 0))
        FAIL(TRALO_ERR_INPUT, "'%s' is no size of memory: 64G, 1.5T or a number of bytes", text);
    *out = (int64_t)value;
out:
    return code;
}
