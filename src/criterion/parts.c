/* SPDX-License-Identifier: BSD-3-Clause */
/* By seed: position -> a pseudo-random permutation of the positions -> part. The permutation is a
   function of (seed, n) that every rank evaluates for its own rows alone. */
#include "criterion/parts.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "base/rng.h"

enum { STREAM = 0xf01d };

/* The part of the permuted position among n. */
static int part_of(const parts_request_t *request, int64_t n, int64_t position)
{
    if (request->folds > 0)
        return (int)((__int128)position * request->folds / n);
    return position < llround(request->fraction * (double)n) ? 0 : PART_TRAINS;
}

/* The rows with one label, or all of them. */
static void assign_class(const data_t *data, const parts_request_t *request, double label,
                         int *part)
{
    bool all = !request->stratify;
    int64_t here = 0, at;
    for (int64_t i = 0; i < data->rows; i++)
        here += all || data->y[i] == label;
    at = comm_sum_before(data->comm, here);
    int64_t n = comm_sum_one_int(data->comm, here);
    uint64_t seed = (uint64_t)request->seed + (label > 0.0 ? (uint64_t)label << 31 : 0u);
    for (int64_t i = 0; i < data->rows; i++)
        if (all || data->y[i] == label)
            part[i] = part_of(request, n, rng_permuted(seed, STREAM, n, at++));
}

static bool is_label(double y)
{
    return y == -1.0 || (y >= 0.0 && y < DATA_LABELS && y == floor(y));
}

static int check_seed(const data_t *data, const parts_request_t *request)
{
    int code = TRALO_OK;
    if (request->folds > data->n)
        FAIL(TRALO_ERR_INPUT, "criterion.folds = %d: there are only %" PRId64 " rows",
             request->folds, data->n);
    for (int64_t i = 0; request->stratify && i < data->rows; i++)
        if (!is_label(data->y[i]))
            FAIL(TRALO_ERR_INPUT,
                 "criterion.stratify wants labels (-1 and +1, or class numbers 0 .. %d), but y = "
                 "%g in row %" PRId64,
                 DATA_LABELS - 1, data->y[i], data->first + i);
out:
    return code;
}

static int assign_by_seed(const data_t *data, const parts_request_t *request, int *part, int *count)
{
    int code = TRALO_OK;
    double most = 0.0;
    TRY(comm_agree(data->comm, check_seed(data, request)));
    for (int64_t i = 0; i < data->rows; i++)
        most = fmax(most, data->y[i]);
    int64_t last = request->stratify ? comm_max_one_int(data->comm, llround(most)) : -1;
    for (int64_t label = -1; label <= last || label == -1; label++)
        assign_class(data, request, (double)label, part);
    *count = request->folds > 0 ? request->folds : 1;
out:
    return code;
}

static int assign_by_file(const data_t *data, const parts_request_t *request, int *part, int *count)
{
    int code = TRALO_OK;
    int64_t most = 0;
    if (data->fold == NULL)
        FAIL(TRALO_ERR_INPUT, "criterion.split = file, but the data file has no /fold");
    for (int64_t i = 0; i < data->rows; i++) {
        int fold = data->fold[i];
        if (request->folds > 0)
            part[i] = fold < 0 ? PART_TRAINS : fold;
        else
            part[i] = fold == 0 ? PART_TRAINS : fold == 1 ? 0 : PART_UNUSED;
        most = part[i] > most ? part[i] : most;
    }
    *count = (int)comm_max_one_int(data->comm, most) + 1;
out:
    return code;
}

/* Every part has rows that validate and rows that train. */
static int check_parts(const data_t *data, const int *part, int count)
{
    int code = TRALO_OK;
    int64_t usable = 0;
    for (int64_t i = 0; i < data->rows; i++)
        usable += part[i] != PART_UNUSED;
    usable = comm_sum_one_int(data->comm, usable);
    for (int k = 0; k < count; k++) {
        int64_t rows = 0;
        for (int64_t i = 0; i < data->rows; i++)
            rows += part[i] == k;
        rows = comm_sum_one_int(data->comm, rows);
        if (rows == 0 || rows == usable)
            FAIL(TRALO_ERR_INPUT,
                 "part %d of the rows has %s: give /fold the numbers 0, 1, ... without a gap "
                 "(hold-out: 0 trains, 1 validates), or change criterion.fraction",
                 k, rows == 0 ? "no row that validates" : "no row that trains");
    }
out:
    return code;
}

int parts_assign(const data_t *data, const parts_request_t *request, int *part, int *count)
{
    int code = TRALO_OK;
    bool file =
        request->source == PARTS_FILE || (request->source == PARTS_AUTO && data->fold != NULL);
    if (file)
        TRY(assign_by_file(data, request, part, count));
    else
        TRY(assign_by_seed(data, request, part, count));
    TRY(check_parts(data, part, *count));
out:
    return code;
}
