/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>

#include "base/mem.h"
#include "data/build.h"

int data_check_rows(const data_t *data, const char *where, int64_t row, int64_t count)
{
    int code = TRALO_OK;
    for (int64_t i = row; i < row + count; i++)
        for (int j = 0; j < data->p; j++) {
            double x = data->X.dense[i * data->columns + j];
            if (!isfinite(x) && data->names != NULL)
                FAIL(TRALO_ERR_INPUT,
                     "%sX row %" PRId64 ", column %d (%s) is %g: fill it in or drop the row", where,
                     data->first + i, j, data->names[j], x);
            if (!isfinite(x))
                FAIL(TRALO_ERR_INPUT,
                     "%sX row %" PRId64 ", column %d is %g: fill it in or drop the row", where,
                     data->first + i, j, x);
        }
out:
    return code;
}

/* `each` numbers of a row. */
static int check_finite(const data_t *data, const double *values, int each, const char *where,
                        const char *name)
{
    int code = TRALO_OK;
    for (int64_t i = 0; values != NULL && i < data->rows * each; i++)
        if (!isfinite(values[i]))
            FAIL(TRALO_ERR_INPUT, "%s%s row %" PRId64 " is %g: fill it in or drop the row", where,
                 name, data->first + i / each, values[i]);
out:
    return code;
}

static int check_labels(const data_t *data, const char *where)
{
    int code = TRALO_OK;
    const int count = data->label_count;
    for (int64_t i = 0; count > 0 && i < data->rows; i++) {
        const double y = data->y[i];
        if (count == 2 && fabs(y) != 1.0)
            FAIL(TRALO_ERR_INPUT,
                 "%sy row %" PRId64 " is %g: with the attribute 'labels' it must be -1 or +1",
                 where, data->first + i, y);
        if (count > 2 && !(y >= 0.0 && y < count && y == floor(y)))
            FAIL(TRALO_ERR_INPUT,
                 "%sy row %" PRId64 " is %g: with %d of the attribute 'labels' it must be one of "
                 "0 .. %d",
                 where, data->first + i, y, count, count - 1);
    }
out:
    return code;
}

int data_check_vectors(const data_t *data, const char *where)
{
    int code = TRALO_OK;
    TRY(check_finite(data, data->y, 1, where, "y"));
    if (data->y != NULL)
        TRY(check_labels(data, where));
    TRY(check_finite(data, data->weights, 1, where, "weights"));
    for (int64_t i = 0; data->weights != NULL && i < data->rows; i++)
        if (data->weights[i] < 0.0)
            FAIL(TRALO_ERR_INPUT, "%sweights row %" PRId64 " is %g: it must not be negative", where,
                 data->first + i, data->weights[i]);
    TRY(check_finite(data, data->offset, data->offsets, where, "offset"));
out:
    return code;
}

int data_check_groups(const int *group, int p, const char *where)
{
    int code = TRALO_OK;
    bool *used = NULL;
    int groups = 0;
    ALLOC(used, p);
    for (int j = 0; j < p; j++) {
        if (group[j] < -1 || group[j] >= p)
            FAIL(TRALO_ERR_INPUT, "%sgroups column %d is %d: it must be -1 (free) or 0 to %d",
                 where, j, group[j], p - 1);
        if (group[j] >= 0)
            used[group[j]] = true;
        groups = group[j] >= groups ? group[j] + 1 : groups;
    }
    for (int g = 0; g < groups; g++)
        if (!used[g])
            FAIL(TRALO_ERR_INPUT, "%sgroups: number %d is used by no column, but %d is", where, g,
                 groups - 1);
out:
    mem_free(&used);
    return code;
}
