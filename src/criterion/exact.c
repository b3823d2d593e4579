/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/exact.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

struct exact {
    const criterion_t *criterion; /* borrowed */
    hessian_t *hessian;           /* of the refit before: near enough to step with; NULL with a
                                     kernel */
    double *theta;                /* [S] of the refit before */
    double *beta;                 /* [unknowns] */
};

static int allocate(const criterion_t *criterion, exact_t **out)
{
    int code = TRALO_OK;
    exact_t *exact = NULL;
    ALLOC(exact, 1);
    exact->criterion = criterion;
    ALLOC(exact->theta, criterion->count);
    ALLOC(exact->beta, criterion->unknowns);
    *out = exact;
    exact = NULL;
out:
    exact_free(&exact);
    return code;
}

int exact_create(const criterion_t *criterion, exact_t **out)
{
    exact_t *exact = NULL;
    int code = TRALO_OK;
    TRY(comm_agree(criterion->data->comm, allocate(criterion, &exact)));
    if (criterion->problem != NULL)
        TRY(hessian_create(criterion->problem, criterion->form, &exact->hessian));
    *out = exact;
    exact = NULL;
out:
    exact_free(&exact);
    return code;
}

void exact_free(exact_t **exact)
{
    if (*exact == NULL)
        return;
    mem_free(&(*exact)->theta);
    mem_free(&(*exact)->beta);
    hessian_free(&(*exact)->hessian);
    mem_free(exact);
}

int64_t exact_memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    int64_t columns = (int64_t)shape->width * shape->outputs;
    return (columns + shape->count) * (int64_t)sizeof(double) + hessian_memory(form, shape);
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

/* Refits without row `row` from `beta`; false where that failed. */
static bool refit(exact_t *exact, const exact_request_t *request, int64_t row)
{
    const criterion_t *criterion = exact->criterion;
    inner_result_t result;
    problem_exclude(criterion->problem, row);
    memcpy(exact->beta, request->beta, (size_t)criterion->unknowns * sizeof *exact->beta);
    criterion->inner->solve(criterion->inner_options, criterion->problem, request->theta,
                            exact->beta, exact->hessian, &result);
    return result.solved;
}

static bool refit_machine(exact_t *exact, int64_t row)
{
    const criterion_t *criterion = exact->criterion;
    machine_t *machine = criterion->machine;
    inner_result_t result;
    machine_exclude(machine, row);
    memcpy(machine->solution, exact->beta, (size_t)criterion->unknowns * sizeof *exact->beta);
    criterion->inner->solve_machine(criterion->inner_options, machine, &result);
    return result.solved;
}

/* The same for the machine's point; all ranks have all rows. */
static void excluded_row_of_machine(const machine_t *machine, double *loss, double *weight)
{
    int64_t i = machine->excluded;
    machine->loss.derivatives(&machine->loss, 1, machine->y + i, machine->u + i, 0, &loss);
    *weight = machine->weights != NULL ? machine->weights[i] : 1.0;
    comm_share(machine->comm, loss, sizeof *loss, 0);
}

/* The problem is whole again, and a machine at the minimum. */
static void restore(exact_t *exact)
{
    const criterion_t *criterion = exact->criterion;
    machine_t *machine = criterion->machine;
    if (machine == NULL) {
        problem_exclude(criterion->problem, -1);
        return;
    }
    machine_exclude(machine, -1);
    memcpy(machine->solution, exact->beta, (size_t)criterion->unknowns * sizeof *exact->beta);
}

void exact_losses(exact_t *exact, const exact_request_t *request, double *losses, double *weights)
{
    const criterion_t *criterion = exact->criterion;
    double loss, weight;
    bool kernel = criterion->machine != NULL, solved;
    if (kernel) {
        memcpy(exact->beta, request->beta, (size_t)criterion->unknowns * sizeof *exact->beta);
        machine_set(criterion->machine, request->theta);
    } else {
        const size_t size = (size_t)criterion->count * sizeof *exact->theta;
        bool near = memcmp(exact->theta, request->theta, size) == 0;
        exact->hessian->factored = exact->hessian->factored && near;
        memcpy(exact->theta, request->theta, size);
    }
    for (int64_t i = 0; i < request->count; i++) {
        int64_t row = request->first + i;
        solved = kernel ? refit_machine(exact, row) : refit(exact, request, row);
        if (kernel)
            excluded_row_of_machine(criterion->machine, &loss, &weight);
        else
            excluded_row(criterion->problem, &loss, &weight);
        if (losses != NULL)
            losses[i] = solved ? loss : NAN;
        if (weights != NULL)
            weights[i] = weight;
    }
    restore(exact);
    data_intact(criterion->data); /* all ranks know of a failure from here on */
}
