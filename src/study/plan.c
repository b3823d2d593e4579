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
    if (r->kernel && r->inner != NULL && r->inner->solve_machine == NULL)
        FAIL(TRALO_ERR_INPUT, "a model with a kernel is trained by newton");
    if (r->groups != NULL && r->search == NULL)
        FAIL(TRALO_ERR_INPUT, "groups of ranks want a search by values, such as hozog");
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
                             .weighs = r->weights,
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

static bool takes_steps(const plan_request_t *r)
{
    return r->inner != NULL && r->inner->moves != NULL;
}

static course_known_t known_of(const plan_request_t *r, const problem_shape_t *shape)
{
    course_known_t known = r->known;
    known.cold = r->groups != NULL;
    if (takes_steps(r))
        known.moves = r->inner->moves(r->inner_options, shape);
    return known;
}

/* An evaluation, or CRITERION_MODEL. */
static void add_work(const plan_request_t *r, const criterion_kind_t *row,
                     const hessian_kind_t *form, const problem_shape_t *shape, int order,
                     bool roomy, work_t *work)
{
    const course_known_t known = known_of(r, shape);
    course_t course = course_of(row, form, shape, &known, order);
    course.roomy = roomy;
    row->cost(form, shape, &course, work);
    if (takes_steps(r))
        r->inner->cost(r->inner_options, shape, course.moves / known.moves, work);
}

static double seconds_of(const plan_request_t *r, const problem_shape_t *shape, const work_t *work)
{
    return work_seconds(&r->rates.does, work, (double)shape->ranks);
}

static void find_work(const plan_request_t *r, const criterion_kind_t *row,
                      const hessian_kind_t *form, const problem_shape_t *shape, plan_t *out)
{
    const course_t once = {.order = -1, .roomy = out->roomy};
    const course_known_t known = known_of(r, shape);
    work_t study = {{0}}, model = {{0}};
    row->cost(form, shape, &once, &out->once);
    out->once_seconds = seconds_of(r, shape, &out->once);
    for (int order = 0; order < PLAN_ORDERS; order++) {
        add_work(r, row, form, shape, order, out->roomy, &out->work[order]);
        out->seconds[order] = seconds_of(r, shape, &out->work[order]);
    }
    add_work(r, row, form, shape, CRITERION_MODEL, out->roomy, &model);
    out->model_seconds = seconds_of(r, shape, &model);
    course_cost_study(row, form, shape, &known, out->roomy, &study);
    out->study_seconds = seconds_of(r, shape, &study);
}

/* A search by values, with the model at its end. */
static void find_search(const plan_request_t *r, double model_seconds, plan_t *out)
{
    out->waves = plan_search_waves(r->search, out->groups);
    out->use = r->search->trials / (out->waves * (double)out->groups);
    out->study_seconds = out->once_seconds + out->waves * out->seconds[0] + model_seconds;
}

/* ---- a plan ---- */

/* Memory beside the criterion; a kernel's counts its Hessian itself. */
static int64_t base_memory(const plan_request_t *r, const problem_shape_t *shape)
{
    const memory_vectors_t vectors = {0};
    const int64_t formed = r->search != NULL || course_products(shape) > 0.0 ? 0 : shape->count;
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
    out->ranks = out->group_ranks = shape->ranks;
    out->groups = 1;
    out->memory = base + a->memory;
    if (r->inner != NULL && r->inner->memory != NULL)
        out->memory += r->inner->memory(r->inner_options, shape);
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
                             .steps = r->inner != NULL && r->inner->early,
                             .one_ridge =
                                 !r->weights && r->count == 1 && strcmp(r->loss, "squared") == 0,
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

/* All ranks on each evaluation, or those of one group. */
static int make_on(const plan_request_t *r, int64_t ranks, plan_t *out)
{
    int code = TRALO_OK;
    algebra_t algebra;
    const problem_shape_t shape = shape_of(r, ranks);
    const algebra_facts_t facts = facts_of(r, &shape);
    const char *unsuited = r->inner != NULL && r->inner->unsuited != NULL
                               ? r->inner->unsuited(r->inner_options, &shape)
                               : NULL;
    if (unsuited != NULL)
        FAIL(TRALO_ERR_INPUT, "inner = %s wants %s", r->inner->name, unsuited);
    if (r->kernel)
        algebra = kernel_algebra(r, &facts);
    else
        TRY(algebra_choose(&facts, r->algebra, &algebra));
    fill(r, &shape, &algebra, out);
out:
    return code;
}

/* From a plan for the ranks of a group to one for all; these have a model besides, which the groups
   do not touch. */
static int share(const plan_request_t *r, int64_t ranks, plan_t *out)
{
    int code = TRALO_OK;
    plan_request_t whole = *r;
    plan_t all = *out;
    whole.groups = NULL;
    if (r->groups != NULL) {
        out->groups = plan_groups_count(r->groups, ranks, &out->group_ranks);
        TRY(make_on(&whole, ranks, &all));
        out->memory += all.memory;
        out->fits = r->memory <= 0 || out->memory <= r->memory;
        out->ranks = ranks;
    }
    if (r->search != NULL)
        find_search(r, all.model_seconds, out);
out:
    return code;
}

static int64_t ranks_of_evaluation(const plan_request_t *r, int64_t ranks)
{
    int64_t each = ranks;
    if (r->groups != NULL)
        plan_groups_count(r->groups, ranks, &each);
    return each;
}

int plan_make(const plan_request_t *request, int64_t ranks, plan_t *out)
{
    int code = TRALO_OK;
    TRY(check(request, ranks));
    TRY(make_on(request, ranks_of_evaluation(request, ranks), out));
    TRY(share(request, ranks, out));
out:
    return code;
}

typedef struct each {
    const plan_request_t *request;
    const problem_shape_t *shape;
    int64_t ranks; /* in all */
    int code;
    void (*visit)(const plan_t *plan, void *context);
    void *context;
} each_t;

static void visit_algebra(const algebra_t *algebra, void *context)
{
    each_t *each = context;
    plan_t plan;
    fill(each->request, each->shape, algebra, &plan);
    if (each->code == TRALO_OK)
        each->code = share(each->request, each->ranks, &plan);
    if (each->code == TRALO_OK)
        each->visit(&plan, each->context);
}

int plan_each(const plan_request_t *request, int64_t ranks,
              void (*visit)(const plan_t *plan, void *context), void *context)
{
    int code = TRALO_OK;
    TRY(check(request, ranks));
    const problem_shape_t shape = shape_of(request, ranks_of_evaluation(request, ranks));
    const algebra_facts_t facts = facts_of(request, &shape);
    each_t each = {request, &shape, ranks, TRALO_OK, visit, context};
    if (request->kernel) {
        const algebra_t algebra = kernel_algebra(request, &facts);
        visit_algebra(&algebra, &each);
    } else {
        algebra_each(&facts, visit_algebra, &each);
    }
    TRY(each.code);
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
