/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem/hessian.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/work.h"

const hessian_kind_t *const hessian_kinds[] = {&hessian_replicated, &hessian_distributed,
                                               &hessian_wide, &hessian_products, NULL};

const hessian_kind_t *hessian_find(const char *name)
{
    for (int i = 0; hessian_kinds[i] != NULL; i++)
        if (strcmp(hessian_kinds[i]->name, name) == 0)
            return hessian_kinds[i];
    return NULL;
}

static int allocate(problem_t *problem, const hessian_kind_t *kind, hessian_t **out)
{
    int code = TRALO_OK;
    hessian_t *hessian = NULL;
    ALLOC(hessian, 1);
    hessian->kind = kind;
    hessian->problem = problem;
    ALLOC(hessian->diagonal, problem->columns);
    *out = hessian;
    hessian = NULL;
out:
    mem_free(&hessian);
    return code;
}

int hessian_create(problem_t *problem, const hessian_kind_t *kind, hessian_t **out)
{
    int code = TRALO_OK;
    hessian_t *hessian = NULL;
    TRY(comm_agree(problem->comm, allocate(problem, kind, &hessian)));
    TRY(kind->create(hessian));
    *out = hessian;
    hessian = NULL;
out:
    hessian_free(&hessian);
    return code;
}

void hessian_free(hessian_t **hessian)
{
    if (*hessian == NULL)
        return;
    (*hessian)->kind->destroy(*hessian);
    mem_free(&(*hessian)->diagonal);
    mem_free(hessian);
}

int64_t hessian_memory(const hessian_kind_t *kind, const problem_shape_t *shape)
{
    int64_t columns = (int64_t)shape->width * shape->outputs;
    return columns * (int64_t)sizeof(double) + kind->memory(shape);
}

static int factor(hessian_t *hessian)
{
    int column = hessian->kind->factor(hessian, &hessian->terms);
    work_count(WORK_FACTOR, 1.0);
    hessian->factorisations++;
    hessian->factored = column < 0;
    return column;
}

int hessian_factor(hessian_t *hessian)
{
    const problem_t *problem = hessian->problem;
    hessian->terms = (hessian_terms_t){.weights = problem->l[2],
                                       .gram = problem->known_gram,
                                       .diagonal = problem->penalty_values.r[2],
                                       .gauge = problem->outputs > 1 ? problem->gauge : 0.0};
    hessian->above = false;
    hessian->eased = 0;
    return factor(hessian);
}

/* The terms with what the loss is bounded by; false: it has no such bound. */
static bool majorise(hessian_t *hessian)
{
    problem_t *problem = hessian->problem;
    double *weights = problem->l[3];
    if (!problem->loss.robust)
        return false;
    for (int64_t i = 0; i < problem->rows; i++)
        weights[i] = problem_bound(problem, i, 0);
    hessian->terms.weights = weights;
    hessian->terms.gram = NULL;
    hessian->terms.same_weights = false;
    hessian->above = true;
    return true;
}

/* The terms without the concave part of the penalty; false: there is none. */
static bool convexify(hessian_t *hessian)
{
    const problem_t *problem = hessian->problem;
    const double *diagonal = hessian->terms.diagonal;
    bool concave = false;
    for (int j = 0; j < problem->columns; j++) {
        concave = concave || diagonal[j] < 0.0;
        hessian->diagonal[j] = fmax(diagonal[j], 0.0);
    }
    hessian->terms.diagonal = hessian->diagonal;
    hessian->terms.same_weights = problem->outputs == 1;
    return concave;
}

/* The terms with a hold on the shift of all outputs; false: there is one output. */
static bool hold(hessian_t *hessian)
{
    const double little = 1e-6; /* lets a step along the shift go as far as it needs to */
    const problem_t *problem = hessian->problem;
    hessian->terms.hold = little * problem->gauge;
    hessian->terms.same_weights = false;
    return problem->outputs > 1;
}

int hessian_factor_higher(hessian_t *hessian, int column)
{
    enum { EASIER = 3 };
    bool (*const easier[EASIER])(hessian_t *) = {majorise, convexify, hold};
    while (column >= 0 && hessian->eased < EASIER)
        if (easier[hessian->eased++](hessian))
            column = factor(hessian);
    hessian->factored = column < 0;
    return column;
}

int hessian_factor_above(hessian_t *hessian)
{
    return hessian_factor_higher(hessian, hessian_factor(hessian));
}

bool hessian_iterates(const hessian_t *hessian)
{
    return hessian->kind->approach != NULL;
}

static int approach(hessian_t *hessian, const double *start, double tolerance, double *x)
{
    work_count(WORK_SOLVE, 1.0);
    if (hessian_iterates(hessian))
        return hessian->kind->approach(hessian, start, tolerance, x);
    hessian->kind->solve(hessian, x);
    return -1;
}

int hessian_solve(hessian_t *hessian, double *x)
{
    return approach(hessian, NULL, 0.0, x);
}

int hessian_solve_near(hessian_t *hessian, const double *start, double *x)
{
    return approach(hessian, start, 0.0, x);
}

int hessian_solve_roughly(hessian_t *hessian, double tolerance, double *x)
{
    return approach(hessian, NULL, tolerance, x);
}
