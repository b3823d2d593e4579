/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>

#include "base/mem.h"
#include "data/build.h"

int data_refuse(char *const *names, const data_place_t *place, int64_t row, int column, double x)
{
    const char *name = names != NULL ? names[column] : NULL;
    return error_raise(TRALO_ERR_INPUT,
                       "%sX row %" PRId64 ", column %d%s%s%s is %g: fill it in or drop the row",
                       place->where, place->row + row, column, name != NULL ? " (" : "",
                       name != NULL ? name : "", name != NULL ? ")" : "", x);
}

int data_check_rows(const data_t *data, const data_place_t *place, int64_t row, int64_t count)
{
    int code = TRALO_OK;
    for (int64_t i = row; i < row + count; i++)
        for (int j = 0; j < data->p; j++) {
            double x = data->X.dense[i * data->columns + j];
            if (!isfinite(x))
                TRY(data_refuse(data->names, place, i, j, x));
        }
out:
    return code;
}

/* Some rows of vectors, and where they come from. */
typedef struct span {
    const data_t *data;
    const data_place_t *place;
    int64_t row, count;
} span_t;

/* `each` numbers of a row. */
static int check_finite(const span_t *s, const double *values, int each, const char *name)
{
    int code = TRALO_OK;
    const int64_t end = (s->row + s->count) * each;
    for (int64_t i = s->row * each; values != NULL && i < end; i++)
        if (!isfinite(values[i]))
            FAIL(TRALO_ERR_INPUT, "%s%s row %" PRId64 " is %g: fill it in or drop the row",
                 s->place->where, name, s->place->row + i / each, values[i]);
out:
    return code;
}

static int check_labels(const span_t *s)
{
    int code = TRALO_OK;
    const int count = s->data->label_count;
    for (int64_t i = s->row; count > 0 && i < s->row + s->count; i++) {
        const double y = s->data->y[i];
        if (count == 2 && fabs(y) != 1.0)
            FAIL(TRALO_ERR_INPUT,
                 "%sy row %" PRId64 " is %g: with the attribute 'labels' it must be -1 or +1",
                 s->place->where, s->place->row + i, y);
        if (count > 2 && !(y >= 0.0 && y < count && y == floor(y)))
            FAIL(TRALO_ERR_INPUT,
                 "%sy row %" PRId64 " is %g: with %d of the attribute 'labels' it must be one of "
                 "0 .. %d",
                 s->place->where, s->place->row + i, y, count, count - 1);
    }
out:
    return code;
}

static int check_weights(const span_t *s)
{
    int code = TRALO_OK;
    const double *weights = s->data->weights;
    for (int64_t i = s->row; weights != NULL && i < s->row + s->count; i++)
        if (weights[i] < 0.0)
            FAIL(TRALO_ERR_INPUT, "%sweights row %" PRId64 " is %g: it must not be negative",
                 s->place->where, s->place->row + i, weights[i]);
out:
    return code;
}

int data_check_vectors(const data_t *data, const data_place_t *place, int64_t row, int64_t count)
{
    int code = TRALO_OK;
    const span_t span = {data, place, row, count};
    TRY(check_finite(&span, data->y, 1, "y"));
    if (data->y != NULL)
        TRY(check_labels(&span));
    TRY(check_finite(&span, data->weights, 1, "weights"));
    TRY(check_weights(&span));
    TRY(check_finite(&span, data->offset, data->offsets, "offset"));
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
