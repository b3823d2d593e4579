/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/exact.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

struct exact {
    problem_t *problem; /* borrowed */
    const inner_kind_t *inner;
    const void *inner_options; /* borrowed */
    spd_t *hessian;            /* of the refit before: near enough to step with */
    double *beta;              /* [columns] */
};

static int create(problem_t *problem, const inner_kind_t *inner, const void *inner_options,
                  exact_t **out)
{
    int code = TRALO_OK;
    exact_t *exact = NULL;
    ALLOC(exact, 1);
    exact->problem = problem;
    exact->inner = inner;
    exact->inner_options = inner_options;
    ALLOC(exact->beta, problem->columns);
    TRY(spd_create(problem->comm, problem->columns, &exact->hessian));
    *out = exact;
    exact = NULL;
out:
    exact_free(&exact);
    return code;
}

int exact_create(problem_t *problem, const inner_kind_t *inner, const void *inner_options,
                 exact_t **out)
{
    exact_t *exact = NULL;
    int code = comm_agree(problem->comm, create(problem, inner, inner_options, &exact));
    if (code == TRALO_OK)
        *out = exact;
    else
        exact_free(&exact);
    return code;
}

void exact_free(exact_t **exact)
{
    if (*exact == NULL)
        return;
    mem_free(&(*exact)->beta);
    spd_free(&(*exact)->hessian);
    mem_free(exact);
}

int64_t exact_memory(int columns)
{
    return (2 * (int64_t)columns * columns + columns) * (int64_t)sizeof(double);
}

/* Loss and weight of the excluded row at the problem's point. */
static void excluded_row(const problem_t *problem, double *loss, double *weight)
{
    double both[2] = {0.0, 0.0};
    const data_t *data = problem->data;
    int64_t i = problem->excluded;
    if (i >= 0) {
        both[0] = problem_row_loss(problem, i);
        both[1] = data->weights != NULL ? data->weights[i] : 1.0;
    }
    comm_sum(problem->comm, both, 2);
    *loss = both[0];
    *weight = both[1];
}

void exact_losses(exact_t *exact, const exact_request_t *request, double *losses, double *weights)
{
    problem_t *problem = exact->problem;
    inner_result_t result;
    double loss, weight;
    exact->hessian->factored = false;
    for (int64_t i = 0; i < request->count; i++) {
        problem_exclude(problem, request->first + i);
        memcpy(exact->beta, request->beta, (size_t)problem->columns * sizeof *exact->beta);
        exact->inner->solve(exact->inner_options, problem, request->theta, exact->beta,
                            exact->hessian, &result);
        excluded_row(problem, &loss, &weight);
        if (losses != NULL)
            losses[i] = result.solved ? loss : NAN;
        if (weights != NULL)
            weights[i] = weight;
    }
    problem_exclude(problem, -1);
}
