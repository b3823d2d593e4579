/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/resample.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/regroup.h"

int64_t resample_choose_groups(const resample_t *a, const problem_t *problem, int64_t asked)
{
    const double pass = 2e5; /* numbers that one rank reads in about the time of a small sum */
    int64_t ranks = comm_size(a->all), parts = a->count;
    double each = ceil((double)problem->data->n * problem->columns / pass);
    /* a group would hold all rows */
    bool one = problem->data->X.stream != NULL || problem->row_weights != NULL;
    int64_t pays = one ? 1 : each < (double)ranks ? ranks / (int64_t)fmax(each, 1.0) : 1;
    int64_t groups = asked > 0 ? asked : pays;
    groups = groups < ranks ? groups : ranks;
    return groups < parts ? groups : parts;
}

int resample_build_group(criterion_t *criterion, resample_t *a)
{
    int code = TRALO_OK, rank = comm_rank(a->all), ranks = comm_size(a->all);
    const problem_t *problem = criterion->problem;
    problem_t *own = NULL;
    a->group = (int64_t)rank * a->groups / ranks;
    TRY(comm_agree(a->all, mem_alloc(problem->rows, sizeof(double), &a->shared_values)));
    TRY(comm_split(a->all, (int)a->group, &a->own_comm));
    TRY(data_regroup(problem->data, a->own_comm, &a->own_data));
    TRY(comm_agree(a->all, problem_create(a->own_data, &problem->loss, problem->penalty, &own)));
    a->problem = own;
    own = NULL;
out:
    problem_free(&own);
    return code;
}

void resample_sum_groups(resample_t *a, int order, criterion_result_t *result)
{
    int64_t S = a->problem->count;
    double part = comm_rank(a->problem->comm) == 0 ? 1.0 : 0.0;
    double counts[4] = {part * result->value, part * (double)result->inner_iterations,
                        part * (double)result->factorisations, part * (double)result->products};
    comm_sum(a->all, counts, 4);
    result->value = counts[0];
    result->inner_iterations = (int64_t)counts[1];
    result->factorisations = (int64_t)counts[2];
    result->products = (int64_t)counts[3];
    cblas_dscal((int)S, part, a->gradient, 1);
    if (order >= 1)
        comm_sum(a->all, a->gradient, S);
    for (int64_t i = 0; order >= 2 && i < S * S; i++)
        a->second[i] *= part;
    if (order >= 2)
        comm_sum(a->all, a->second, S * S);
    comm_share(a->all, a->full, a->problem->columns * (int64_t)sizeof *a->full, 0);
}

void resample_share_values(resample_t *a, const data_t *all, double *out)
{
    enum { BLOCK = 4096 };
    const data_t *mine = a->problem->data;
    double block[BLOCK];
    for (int64_t begin = 0; begin < all->n; begin += BLOCK) {
        int64_t count = all->n - begin < BLOCK ? all->n - begin : BLOCK;
        for (int64_t i = 0; i < count; i++) {
            int64_t local = begin + i - mine->first;
            bool known = local >= 0 && local < mine->rows &&
                         resample_handles(a, resample_part_of_row(a, local));
            block[i] = known ? a->values[local] : 0.0;
        }
        comm_sum(a->all, block, count);
        for (int64_t i = 0; i < count; i++) {
            int64_t local = begin + i - all->first;
            if (local >= 0 && local < all->rows)
                out[local] = block[i];
        }
    }
}

bool resample_agree(resample_t *a, bool good, criterion_result_t *result)
{
    int code = good ? TRALO_OK : error_raise(TRALO_ERR_EVALUATION, "%s", result->failure);
    if (comm_agree(a->all, code) == TRALO_OK)
        return true;
    snprintf(result->failure, sizeof result->failure, "%.500s", tralo_error_message());
    return false;
}
