/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/row_weights.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

/* theta from -10 to 10 */
static const double least = 4.5397868702434395e-05, most = 0.9999546021312976, middle = 0.5;

static double sigmoid(double theta)
{
    return 1.0 / (1.0 + exp(-theta));
}

static bool has_group(const data_t *data, int64_t i)
{
    return data->fold == NULL || data->fold[i] == 0;
}

static int allocate(const data_t *data, int64_t count, row_weights_t **out)
{
    int code = TRALO_OK;
    row_weights_t *w = NULL;
    ALLOC(w, 1);
    w->count = (int)count;
    w->rows = data->rows;
    ALLOC(w->group, data->rows);
    ALLOC(w->factor, data->rows);
    ALLOC(w->sigma, count);
    *out = w;
    w = NULL;
out:
    row_weights_free(&w);
    return code;
}

int row_weights_create(const data_t *data, int64_t count, row_weights_t **out)
{
    int code = TRALO_OK;
    int64_t here = 0;
    for (int64_t i = 0; i < data->rows; i++)
        here += has_group(data, i);
    int64_t at = comm_sum_before(data->comm, here);
    const int64_t total = comm_sum_one_int(data->comm, here);
    if (count > total)
        FAIL(TRALO_ERR_INPUT, "model.weights.groups = %" PRId64 ": only %" PRId64 " rows%s", count,
             total, data->fold != NULL ? " train (/fold 0)" : " are there");
    TRY(comm_agree(data->comm, allocate(data, count, out)));
    for (int64_t i = 0; i < data->rows; i++) {
        (*out)->group[i] = has_group(data, i) ? (int)((__int128)at++ * count / total) : -1;
        (*out)->factor[i] = 1.0;
    }
out:
    return code;
}

void row_weights_free(row_weights_t **weights)
{
    if (*weights == NULL)
        return;
    mem_free(&(*weights)->group);
    mem_free(&(*weights)->factor);
    mem_free(&(*weights)->sigma);
    mem_free(weights);
}

void row_weights_at(row_weights_t *w, const double *theta)
{
    for (int g = 0; g < w->count; g++)
        w->sigma[g] = sigmoid(theta[g]);
    for (int64_t i = 0; i < w->rows; i++)
        w->factor[i] = w->group[i] >= 0 ? w->sigma[w->group[i]] : 1.0;
}

double row_weights_change(const row_weights_t *w, const double *delta, int64_t i)
{
    const int g = w->group[i];
    return g >= 0 ? delta[g] * (1.0 - w->sigma[g]) : 0.0;
}

void row_weights_contract(const row_weights_t *w, comm_t *comm, double scale, const double *values,
                          double *sums, double *out)
{
    memset(sums, 0, (size_t)w->count * sizeof *sums);
    for (int64_t i = 0; i < w->rows; i++)
        if (w->group[i] >= 0)
            sums[w->group[i]] += values[i];
    comm_sum(comm, sums, w->count);
    for (int g = 0; g < w->count; g++)
        out[g] += scale * (1.0 - w->sigma[g]) * sums[g];
}

static void to_natural(const double *theta, double *natural)
{
    natural[0] = sigmoid(theta[0]);
}

static void from_natural(const double *natural, double *theta)
{
    theta[0] = log(natural[0] / (1.0 - natural[0]));
}

hyper_t row_weights_hyper(const row_weights_t *weights)
{
    static const char *const names[] = {"weight"};
    return (hyper_t){.owner = "weights",
                     .groups = weights->count,
                     .per_group = 1,
                     .count = weights->count,
                     .names = names,
                     .lower = &least,
                     .upper = &most,
                     .start = &middle,
                     .to_natural = to_natural,
                     .from_natural = from_natural};
}
