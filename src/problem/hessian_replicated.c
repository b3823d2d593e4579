/* SPDX-License-Identifier: BSD-3-Clause */
/* H as a matrix that every rank holds: summed over the ranks once, factored by each. */
#include "problem/hessian.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "problem/cost.h"

typedef struct replicated {
    spd_t *spd;
    double *diagonal; /* [columns] of X'AX */
} replicated_t;

static int64_t memory(const problem_shape_t *shape)
{
    int64_t columns = (int64_t)shape->width * shape->outputs;
    return (2 * columns + 1) * columns * (int64_t)sizeof(double);
}

static void cost(const problem_shape_t *shape, const hessian_use_t *use, work_t *work)
{
    const int columns = shape->width * shape->outputs;
    cost_gram(shape, use->grams, work);
    work->amount[WORK_WHOLE] +=
        use->factorisations * spd_factor_flops(columns) * (double)shape->ranks;
    work->amount[WORK_PASS] += use->solves * spd_solve_flops(columns) * (double)shape->ranks;
    work_sum(work, use->factorisations, 1.0);
    work_sum(work, use->solves, columns);
}

static int allocate(hessian_t *hessian)
{
    int code = TRALO_OK;
    const problem_t *problem = hessian->problem;
    replicated_t *r = NULL;
    ALLOC(r, 1);
    hessian->work = r;
    ALLOC(r->diagonal, problem->columns);
    TRY(problem_reserve_gram(hessian->problem));
    TRY(spd_create(problem->comm, problem->columns, &r->spd));
out:
    return code;
}

static int create(hessian_t *hessian)
{
    return comm_agree(hessian->problem->comm, allocate(hessian));
}

static void destroy(hessian_t *hessian)
{
    replicated_t *r = hessian->work;
    if (r == NULL)
        return;
    spd_free(&r->spd);
    mem_free(&r->diagonal);
    mem_free(&r);
}

/* H += gauge v v' for each free column, or each penalised one; lower triangle. */
static void add_gauge(const problem_t *problem, bool free, double gauge, double *H)
{
    const int64_t width = problem->width, columns = problem->columns;
    for (int64_t c = 0; c < width; c++) {
        double v[JOINT_MOST];
        if ((problem->penalty->group[c] < 0) != free)
            continue;
        for (int64_t k = 0; k < problem->outputs; k++)
            v[k] = sqrt(fmax(H[(c + k * width) * (columns + 1)], 0.0));
        for (int64_t b = 0; b < problem->outputs; b++)
            for (int64_t a = b; a < problem->outputs; a++)
                H[c + a * width + (c + b * width) * columns] += gauge * v[a] * v[b];
    }
}

/* X'AX into H, and its diagonal aside. */
static void form_gram(hessian_t *hessian, const hessian_terms_t *terms)
{
    problem_t *problem = hessian->problem;
    replicated_t *r = hessian->work;
    const size_t columns = (size_t)problem->columns;
    double *H = r->spd->matrix;
    if (terms->gram != NULL)
        memcpy(H, terms->gram, columns * columns * sizeof *H);
    else
        problem_gram(problem, terms->weights, H);
    for (size_t j = 0; j < columns; j++)
        r->diagonal[j] = H[j * (columns + 1)];
}

static int factor(hessian_t *hessian, const hessian_terms_t *terms)
{
    const problem_t *problem = hessian->problem;
    replicated_t *r = hessian->work;
    const size_t columns = (size_t)problem->columns;
    double *H = r->spd->matrix;
    if (!terms->same_weights)
        form_gram(hessian, terms);
    for (size_t j = 0; j < columns; j++)
        H[j * (columns + 1)] = r->diagonal[j] + terms->diagonal[j];
    if (terms->gauge > 0.0)
        add_gauge(problem, true, terms->gauge, H);
    if (terms->hold > 0.0)
        add_gauge(problem, false, terms->hold, H);
    return spd_factor(r->spd);
}

static void solve(hessian_t *hessian, double *x)
{
    const replicated_t *r = hessian->work;
    spd_solve(r->spd, x);
}

spd_t *hessian_spd(const hessian_t *hessian)
{
    ASSERT(hessian->kind == &hessian_replicated);
    const replicated_t *r = hessian->work;
    return r->spd;
}

const hessian_kind_t hessian_replicated = {
    .name = "replicated",
    .doc = "p x p matrices that every rank holds whole",
    .memory = memory,
    .cost = cost,
    .create = create,
    .destroy = destroy,
    .factor = factor,
    .solve = solve,
    .takes_gram = true,
};
