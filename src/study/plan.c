/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/plan.h"

#include <stdio.h>
#include <string.h>

#include "criterion/algebra.h"
#include "criterion/exact.h"
#include "loss/loss.h"
#include "problem/machine.h"
#include "study/memory.h"

static const double SPARSE = 0.2; /* density from which on X is held dense */

/* ---- the shape ---- */

static int check(const plan_request_t *r, int64_t ranks)
{
    int code = TRALO_OK;
    const loss_t *loss = loss_find(r->loss);
    if (loss == NULL)
        FAIL(TRALO_ERR_INPUT, "there is no loss '%s'; see tralo list", r->loss);
    if (criterion_find(r->criterion) == NULL)
        FAIL(TRALO_ERR_INPUT, "there is no criterion '%s'; see tralo list", r->criterion);
    if ((loss->joint != NULL) != (r->outputs > 1))
        FAIL(TRALO_ERR_INPUT, "the loss '%s' has %s: set the number of classes so", r->loss,
             loss->joint != NULL ? "two classes or more" : "one output");
    if (((double)r->p + 1.0) * r->outputs > (double)INT32_MAX)
        FAIL(TRALO_ERR_INPUT, "%d columns for each of %d classes are too many", r->p, r->outputs);
    if (r->kernel && (criterion_find(r->criterion)->kernel == NULL || r->outputs > 1))
        FAIL(TRALO_ERR_INPUT, "a kernel wants the criterion alo and a loss of one output");
    if (r->kernel && r->n > INT32_MAX)
        FAIL(TRALO_ERR_INPUT, "a kernel needs an n x n matrix, and the rows are too many");
    if (ranks < 1 || ranks > INT32_MAX)
        FAIL(TRALO_ERR_INPUT, "the number of ranks must be 1 to %d", INT32_MAX);
out:
    return code;
}

static problem_shape_t shape_of(const plan_request_t *r, int64_t ranks)
{
    const int64_t rows = (r->n + ranks - 1) / ranks, width = (int64_t)r->p + 1;
    const bool sparse = r->density < SPARSE;
    const double entries = (double)rows * r->p * r->density + 0.5;
    const criterion_kind_t *kind = criterion_find(r->criterion);
    return (problem_shape_t){.n = r->n,
                             .rows = rows,
                             .ranks = ranks,
                             .entries = sparse ? (int64_t)entries : rows * width,
                             .sparse = sparse,
                             .streamed = r->streamed && !sparse && !r->kernel,
                             .single = r->single,
                             .band = 1,
                             .width = (int)width,
                             .outputs = r->outputs,
                             .count = r->count,
                             .parts = strcmp(kind->name, "kfold") == 0     ? r->parts
                                      : strcmp(kind->name, "holdout") == 0 ? 1
                                      : strcmp(kind->name, "loo") == 0     ? r->n
                                                                           : 0,
                             .quadratic = loss_find(r->loss)->quadratic,
                             .ridge = true,
                             .standardized = true,
                             .intercept = true};
}

/* ---- work and time ---- */

static double seconds_of(const plan_request_t *r, const problem_shape_t *shape, const work_t *work)
{
    return work_seconds(&r->rates.does, work, (double)shape->ranks);
}

static void find_work(const plan_request_t *r, const criterion_kind_t *row,
                      const hessian_kind_t *form, const problem_shape_t *shape, plan_t *out)
{
    const course_t once = {.order = -1, .roomy = out->roomy};
    work_t study = {{0}};
    row->cost(form, shape, &once, &out->once);
    out->once_seconds = seconds_of(r, shape, &out->once);
    for (int order = 0; order < PLAN_ORDERS; order++) {
        course_t course = course_of(row, form, shape, &r->known, order);
        course.roomy = out->roomy;
        row->cost(form, shape, &course, &out->work[order]);
        out->seconds[order] = seconds_of(r, shape, &out->work[order]);
    }
    course_cost_study(row, form, shape, &r->known, out->roomy, &study);
    out->study_seconds = seconds_of(r, shape, &study);
}

/* ---- a plan ---- */

/* Memory beside the criterion; a kernel's counts its Hessian itself. */
static int64_t base_memory(const plan_request_t *r, const problem_shape_t *shape)
{
    const memory_vectors_t vectors = {0};
    const int64_t formed = course_products(shape) > 0.0 ? 0 : shape->count;
    if (r->kernel)
        return memory_data(shape, &vectors) + machine_memory(r->n, r->p, (int)shape->ranks);
    return memory_data(shape, &vectors) + problem_memory(shape) + problem_gram_memory(shape) +
           formed * formed * (int64_t)sizeof(double);
}

static void fill(const plan_request_t *r, const problem_shape_t *shape, const algebra_t *a,
                 plan_t *out)
{
    const int64_t base = base_memory(r, shape);
    memset(out, 0, sizeof *out);
    out->ranks = shape->ranks;
    out->memory = base + a->memory;
    out->fits = r->memory <= 0 || out->memory <= r->memory;
    out->roomy = a->roomy;
    out->streamed = shape->streamed;
    if (out->roomy)
        out->memory += a->row->more(a->form, shape);
    snprintf(out->algebra, sizeof out->algebra, "%s", a->name);
    snprintf(out->why, sizeof out->why, "%s", a->why);
    find_work(r, a->row, a->form, shape, out);
}

static algebra_facts_t facts_of(const plan_request_t *r, const problem_shape_t *shape)
{
    const int64_t there = r->memory - base_memory(r, shape);
    return (algebra_facts_t){.kind = criterion_find(r->criterion),
                             .shape = *shape,
                             .one_ridge = r->count == 1 && strcmp(r->loss, "squared") == 0,
                             .memory = r->memory <= 0 ? 0
                                       : there > 0    ? there
                                                      : 1};
}

static algebra_t kernel_algebra(const plan_request_t *r, const algebra_facts_t *facts)
{
    const criterion_kind_t *row = criterion_find(r->criterion)->kernel;
    algebra_t a = {.name = "kernel",
                   .row = row,
                   .memory = row->memory(NULL, &facts->shape),
                   .why = "the only one for a kernel"};
    a.roomy = algebra_roomy(facts, &a);
    return a;
}

int plan_make(const plan_request_t *request, int64_t ranks, plan_t *out)
{
    int code = TRALO_OK;
    algebra_t algebra;
    TRY(check(request, ranks));
    const problem_shape_t shape = shape_of(request, ranks);
    const algebra_facts_t facts = facts_of(request, &shape);
    if (request->kernel)
        algebra = kernel_algebra(request, &facts);
    else
        TRY(algebra_choose(&facts, request->algebra, &algebra));
    fill(request, &shape, &algebra, out);
out:
    return code;
}

typedef struct each {
    const plan_request_t *request;
    const problem_shape_t *shape;
    void (*visit)(const plan_t *plan, void *context);
    void *context;
} each_t;

static void visit_algebra(const algebra_t *algebra, void *context)
{
    const each_t *each = context;
    plan_t plan;
    fill(each->request, each->shape, algebra, &plan);
    each->visit(&plan, each->context);
}

int plan_each(const plan_request_t *request, int64_t ranks,
              void (*visit)(const plan_t *plan, void *context), void *context)
{
    int code = TRALO_OK;
    TRY(check(request, ranks));
    const problem_shape_t shape = shape_of(request, ranks);
    const algebra_facts_t facts = facts_of(request, &shape);
    each_t each = {request, &shape, visit, context};
    if (request->kernel) {
        const algebra_t algebra = kernel_algebra(request, &facts);
        visit_algebra(&algebra, &each);
    } else {
        algebra_each(&facts, visit_algebra, &each);
    }
out:
    return code;
}

/* Doubles the ranks until they fit, then halves what is between. */
int plan_least_ranks(const plan_request_t *request, int64_t most, int64_t *out)
{
    int code = TRALO_OK;
    plan_t plan;
    int64_t low = 0, high = 1; /* low does not fit */
    *out = 0;
    for (;;) {
        TRY(plan_make(request, high, &plan));
        if (plan.fits)
            break;
        if (high >= most)
            return TRALO_OK;
        low = high;
        high = 2 * high < most ? 2 * high : most;
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        TRY(plan_make(request, middle, &plan));
        if (plan.fits)
            high = middle;
        else
            low = middle;
    }
    *out = high;
out:
    return code;
}
