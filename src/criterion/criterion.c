/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/criterion.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "criterion/algebra.h"
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

static bool one_ridge(const problem_t *problem)
{
    const penalty_t *penalty = problem->penalty;
    if (strcmp(problem->loss.name, "squared") != 0 || !penalty->kind->quadratic ||
        penalty->count != 1)
        return false;
    for (int j = 0; j < problem->data->p; j++)
        if (penalty->group[j] != 0)
            return false;
    return true;
}

/* Collective. */
static algebra_facts_t find_facts(const criterion_setup_t *setup)
{
    const problem_t *problem = setup->problem;
    comm_t *comm = problem->comm;
    algebra_facts_t facts = {.kind = setup->kind,
                             .shape = problem_shape(problem),
                             .one_ridge = one_ridge(problem),
                             .steps = setup->inner->early};
    if (setup->kind->parts != NULL)
        facts.shape.parts = setup->kind->parts(setup->options, facts.shape.n);
    facts.shape.rows = comm_max_one_int(comm, facts.shape.rows);
    facts.shape.entries = comm_max_one_int(comm, facts.shape.entries);
    facts.memory = comm_min_one_int(comm, mem_available_each(comm_local_ranks(comm)));
    return facts;
}

/* The same on all ranks, as the next. */
static int check_inner(const criterion_setup_t *setup, const problem_shape_t *shape)
{
    int code = TRALO_OK;
    const inner_kind_t *inner = setup->inner;
    const char *wants =
        inner->unsuited != NULL ? inner->unsuited(setup->inner_options, shape) : NULL;
    if (wants != NULL)
        FAIL(TRALO_ERR_INPUT, "inner = %s wants %s", inner->name, wants);
    if (setup->problem->row_weights != NULL && !setup->kind->weighs)
        FAIL(TRALO_ERR_INPUT, "criterion = %s: model.weights are judged by holdout or kfold",
             setup->kind->name);
out:
    return code;
}

static int check_memory(const criterion_setup_t *setup, const algebra_facts_t *facts,
                        const algebra_t *algebra)
{
    int code = TRALO_OK;
    const inner_kind_t *inner = setup->inner;
    int64_t needed = algebra->memory;
    if (inner->memory != NULL)
        needed += inner->memory(setup->inner_options, &facts->shape);
    if (facts->memory > 0 && needed > facts->memory)
        FAIL(TRALO_ERR_MEMORY,
             "criterion '%s' needs %.2f GB on a rank (%" PRId64 " rows, %d columns; algebra '%s') "
             "and %.2f GB are free for it: use more nodes, or fewer ranks per node when the "
             "columns are many",
             setup->kind->name, 1e-9 * (double)needed, facts->shape.rows,
             facts->shape.width * facts->shape.outputs, algebra->name,
             1e-9 * (double)facts->memory);
out:
    return code;
}

static int choose(const criterion_setup_t *setup, algebra_t *out)
{
    int code = TRALO_OK;
    const criterion_common_t *common = setup->options;
    const algebra_facts_t facts = find_facts(setup);
    TRY(check_inner(setup, &facts.shape));
    TRY(algebra_choose(&facts, algebra_names[common->algebra], out));
    TRY(check_memory(setup, &facts, out));
out:
    return code;
}

static void take_problem(criterion_t *criterion, const algebra_t *algebra, problem_t *problem)
{
    const char *words = algebra->row->algebra != NULL ? algebra->row->algebra : algebra->form->doc;
    criterion->kind = algebra->row;
    criterion->form = algebra->form;
    criterion->roomy = algebra->roomy;
    snprintf(criterion->algebra, sizeof criterion->algebra, "%s: %s (%s)", algebra->name, words,
             algebra->why);
    criterion->problem = problem;
    criterion->data = problem->data;
    criterion->count = problem->count;
    criterion->unknowns = problem->columns;
}

static void take_machine(criterion_t *criterion, const criterion_kind_t *kind, machine_t *machine)
{
    ASSERT(kind->kernel != NULL);
    criterion->kind = kind->kernel;
    snprintf(criterion->algebra, sizeof criterion->algebra, "kernel: %s", kind->kernel->algebra);
    criterion->machine = machine;
    criterion->data = machine->data;
    criterion->count = machine->count;
    criterion->unknowns = machine->n + 1;
}

static int allocate(const criterion_setup_t *setup, const algebra_t *algebra, criterion_t **out)
{
    int code = TRALO_OK;
    criterion_t *criterion = NULL;
    ALLOC(criterion, 1);
    criterion->inner = setup->inner;
    criterion->inner_options = setup->inner_options;
    criterion->known = -1;
    criterion->cold = setup->cold;
    if (setup->machine != NULL)
        take_machine(criterion, setup->kind, setup->machine);
    else
        take_problem(criterion, algebra, setup->problem);
    *out = criterion;
out:
    return code;
}

int criterion_create(const criterion_setup_t *setup, criterion_t **out)
{
    int code = TRALO_OK;
    criterion_t *criterion = NULL;
    algebra_t algebra = {NULL};
    bool kernel = setup->machine != NULL;
    comm_t *comm = kernel ? setup->machine->comm : setup->problem->comm;
    if (!kernel) /* a kernel's criterion checks its own */
        TRY(choose(setup, &algebra));
    TRY(comm_agree(comm, allocate(setup, &algebra, &criterion)));
    TRY(criterion->kind->create(criterion, setup->options));
    TRY(data_intact(criterion->data));
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
    if (data_intact(criterion->data) != TRALO_OK) {
        result->valid = false;
        snprintf(result->failure, sizeof result->failure, "%.500s", tralo_error_message());
    }
    criterion->known = !result->valid ? -1 : order > 0 ? order : 0;
}

void criterion_product(criterion_t *criterion, const double *direction, double *out)
{
    ASSERT(criterion->kind->product != NULL && criterion->known >= 1);
    criterion->kind->product(criterion, direction, out);
    if (data_intact(criterion->data) != TRALO_OK)
        out[0] = NAN;
}
