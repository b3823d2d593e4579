/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/algebra.h"

#include <stdio.h>
#include <string.h>

#include "criterion/course.h"
#include "criterion/exact.h"

const char *const algebra_names[] = {"auto",     "replicated", "distributed", "wide",
                                     "spectral", "products",   NULL};

typedef struct candidate {
    const char *name;
    const criterion_kind_t *row;
    const hessian_kind_t *form;
    const char *unsuited; /* what it wants and has not got; NULL: it suits */
} candidate_t;

static candidate_t with_form(const algebra_facts_t *facts, const criterion_kind_t *row,
                             const hessian_kind_t *form)
{
    candidate_t c = {row->by != NULL ? row->by : form->name, row, form, NULL};
    if (row->unsuited != NULL)
        c.unsuited = row->unsuited(facts);
    if (c.unsuited == NULL && form->unsuited != NULL)
        c.unsuited = form->unsuited(&facts->shape);
    return c;
}

/* The i-th way to compute the criterion; false: there are no more. */
static bool candidate(const algebra_facts_t *facts, int i, candidate_t *out)
{
    const criterion_kind_t *const self[] = {criterion_for(facts->kind, facts->shape.outputs), NULL};
    const criterion_kind_t *const *rows = self[0]->rows != NULL ? self[0]->rows : self;
    for (; *rows != NULL; rows++) {
        const hessian_kind_t *const own[] = {(*rows)->form, NULL};
        const hessian_kind_t *const *forms = own[0] != NULL ? own : hessian_kinds;
        for (; *forms != NULL; forms++)
            if (i-- == 0) {
                *out = with_form(facts, *rows, *forms);
                return true;
            }
    }
    return false;
}

bool algebra_roomy(const algebra_facts_t *facts, const algebra_t *a)
{
    const int64_t more = a->row->more != NULL ? a->row->more(a->form, &facts->shape) : 0;
    return more > 0 && (facts->memory <= 0 || a->memory + more < facts->memory / 2);
}

static double or_once(double doubt)
{
    return doubt > 0.0 ? doubt : 1.0;
}

static algebra_t measured(const algebra_facts_t *facts, const candidate_t *c)
{
    const course_known_t nothing = {0};
    const problem_shape_t *shape = &facts->shape;
    algebra_t a = {.name = c->name, .row = c->row, .form = c->form};
    work_t work = {{0}};
    a.memory = c->row->memory(c->form, shape) + exact_memory(c->form, shape);
    a.roomy = algebra_roomy(facts, &a);
    course_cost_study(c->row, c->form, shape, &nothing, a.roomy, &work);
    a.seconds = work_seconds(&work_typical, &work, (double)shape->ranks) * or_once(c->row->doubt) *
                or_once(c->form->doubt);
    return a;
}

void algebra_each(const algebra_facts_t *facts,
                  void (*visit)(const algebra_t *algebra, void *context), void *context)
{
    candidate_t c;
    for (int i = 0; candidate(facts, i, &c); i++)
        if (c.unsuited == NULL) {
            const algebra_t a = measured(facts, &c);
            visit(&a, context);
        }
}

typedef struct best {
    const algebra_facts_t *facts;
    algebra_t algebra;
    int seen;
} best_t;

static bool fits(const algebra_facts_t *facts, const algebra_t *a)
{
    return facts->memory <= 0 || a->memory <= facts->memory;
}

static void compare(const algebra_t *a, void *context)
{
    best_t *best = context;
    bool now = fits(best->facts, a), before = fits(best->facts, &best->algebra);
    bool better = now != before ? now
                  : now         ? a->seconds < best->algebra.seconds
                                : a->memory < best->algebra.memory;
    if (best->seen++ == 0 || better)
        best->algebra = *a;
}

static int choose_named(const algebra_facts_t *facts, const char *asked, algebra_t *out)
{
    int code = TRALO_OK;
    candidate_t c;
    const char *unsuited = "another criterion";
    for (int i = 0; candidate(facts, i, &c); i++)
        if (strcmp(c.name, asked) == 0) {
            unsuited = c.unsuited;
            *out = measured(facts, &c);
        }
    if (unsuited != NULL)
        FAIL(TRALO_ERR_INPUT, "criterion.algebra = %s wants %s: leave it to auto", asked, unsuited);
    snprintf(out->why, sizeof out->why, "as asked for");
out:
    return code;
}

int algebra_choose(const algebra_facts_t *facts, const char *asked, algebra_t *out)
{
    best_t best = {.facts = facts};
    if (strcmp(asked, algebra_names[0]) != 0)
        return choose_named(facts, asked, out);
    if (facts->steps && !facts->kind->approximates_loo) {
        int code = choose_named(facts, hessian_products.name, out);
        snprintf(out->why, sizeof out->why, "the inner solver takes steps along gradients");
        return code;
    }
    algebra_each(facts, compare, &best);
    ASSERT(best.seen > 0);
    *out = best.algebra;
    snprintf(out->why, sizeof out->why, "%s of %d that suit%s",
             fits(facts, out) ? "least work" : "least memory", best.seen,
             best.seen == 1 ? "s" : "");
    return TRALO_OK;
}
