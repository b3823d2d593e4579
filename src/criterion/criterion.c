/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/criterion.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/exact.h"
#include "criterion/kinds.h"

const criterion_kind_t *const criterion_kinds[] = {&criterion_alo, &criterion_loo, &criterion_kfold,
                                                   &criterion_holdout, NULL};

const criterion_kind_t *criterion_find(const char *name)
{
    for (int i = 0; criterion_kinds[i] != NULL; i++)
        if (strcmp(criterion_kinds[i]->name, name) == 0)
            return criterion_kinds[i];
    return NULL;
}

const criterion_kind_t *criterion_for(const criterion_kind_t *kind, int outputs)
{
    return outputs > 1 && kind->joint != NULL ? kind->joint : kind;
}

/* The row that does the work for this problem. */
static const criterion_kind_t *chosen(const criterion_setup_t *setup)
{
    const criterion_kind_t *kind = criterion_for(setup->kind, setup->problem->outputs),
                           *quicker = NULL;
    if (kind->quicker != NULL)
        quicker = kind->quicker(setup->problem, setup->options);
    return quicker != NULL ? quicker : kind;
}

static const hessian_kind_t *form_of(const criterion_setup_t *setup)
{
    return setup->form != NULL ? setup->form : &hessian_replicated;
}

static int check_memory(const criterion_setup_t *setup)
{
    int code = TRALO_OK;
    const problem_t *problem = setup->problem;
    const problem_shape_t shape = problem_shape(problem);
    const hessian_kind_t *form = form_of(setup);
    int64_t needed = chosen(setup)->memory(form, &shape) + exact_memory(form, &shape);
    int64_t there = mem_available() / comm_local_ranks(problem->comm);
    if (there > 0 && needed > there)
        FAIL(TRALO_ERR_MEMORY,
             "criterion '%s' needs %.2f GB on rank %d (%" PRId64 " rows, %d columns) and %.2f GB "
             "are free for it: use more nodes, or fewer ranks per node when the columns are many",
             setup->kind->name, 1e-9 * (double)needed, comm_rank(problem->comm), problem->rows,
             problem->columns, 1e-9 * (double)there);
out:
    return code;
}

static void take_problem(criterion_t *criterion, const criterion_kind_t *kind, problem_t *problem)
{
    criterion->kind = kind;
    criterion->problem = problem;
    criterion->data = problem->data;
    criterion->count = problem->penalty->count;
    criterion->unknowns = problem->columns;
}

static void take_machine(criterion_t *criterion, const criterion_kind_t *kind, machine_t *machine)
{
    ASSERT(kind->kernel != NULL);
    criterion->kind = kind->kernel;
    criterion->machine = machine;
    criterion->data = machine->data;
    criterion->count = machine->count;
    criterion->unknowns = machine->n + 1;
}

static int allocate(const criterion_setup_t *setup, criterion_t **out)
{
    int code = TRALO_OK;
    criterion_t *criterion = NULL;
    ALLOC(criterion, 1);
    criterion->form = form_of(setup);
    criterion->inner = setup->inner;
    criterion->inner_options = setup->inner_options;
    criterion->known = -1;
    if (setup->machine != NULL)
        take_machine(criterion, setup->kind, setup->machine);
    else
        take_problem(criterion, chosen(setup), setup->problem);
    *out = criterion;
out:
    return code;
}

int criterion_create(const criterion_setup_t *setup, criterion_t **out)
{
    int code = TRALO_OK;
    criterion_t *criterion = NULL;
    bool kernel = setup->machine != NULL;
    comm_t *comm = kernel ? setup->machine->comm : setup->problem->comm;
    if (!kernel) /* a kernel's criterion checks its own */
        TRY(comm_agree(comm, check_memory(setup)));
    TRY(comm_agree(comm, allocate(setup, &criterion)));
    TRY(criterion->kind->create(criterion, setup->options));
    *out = criterion;
    criterion = NULL;
out:
    criterion_free(&criterion);
    return code;
}

void criterion_free(criterion_t **criterion)
{
    if (*criterion == NULL)
        return;
    (*criterion)->kind->destroy(*criterion);
    mem_free(criterion);
}

void criterion_evaluate(criterion_t *criterion, const double *theta, int order,
                        criterion_result_t *result)
{
    memset(result, 0, sizeof *result);
    result->least_t = 1.0;
    result->least_t_row = -1;
    criterion->kind->evaluate(criterion, theta, order, result);
    criterion->known = result->valid ? order : -1;
}

void criterion_product(criterion_t *criterion, const double *direction, double *out)
{
    ASSERT(criterion->kind->product != NULL && criterion->known >= 1);
    criterion->kind->product(criterion, direction, out);
}
