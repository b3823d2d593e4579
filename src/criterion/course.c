/* SPDX-License-Identifier: BSD-3-Clause */
/* An evaluation in a search starts from the minimum of the one before: its course, in moves, steps
   and factorisations of the inner solver, is what breast cancer and randhie had on average. */
#include "criterion/course.h"

#include <math.h>
#include <string.h>

static const double STEPS = 3.0;     /* of Newton's method, with a loss that is not quadratic */
static const double PRODUCTS = 20.0; /* of H for a solve; 6 to 21 for random columns */
enum { SWEEP = 9, SEARCH = 8, MANY = 20, SEARCH_MANY = 25, PRODUCTS_MANY = 30 };

/* Fits of an evaluation: of all rows, or one for each part. */
static double fits_of(const criterion_kind_t *row, const problem_shape_t *shape, bool model)
{
    if (row->approximates_loo)
        return 1.0;
    const double parts = row->parts == NULL || strcmp(row->name, "loo") == 0 ? (double)shape->n
                                                                             : (double)shape->parts;
    return parts + (model || parts >= (double)shape->n);
}

course_t course_of(const criterion_kind_t *row, const hessian_kind_t *form,
                   const problem_shape_t *shape, const course_known_t *known, int order)
{
    const double steps = known->steps > 0.0 ? known->steps : shape->quadratic ? 1.0 : STEPS;
    const bool model = order == CRITERION_MODEL;
    const double fits = fits_of(row, shape, model), adjoints = order > 0 ? fits : 0.0;
    const bool all = row->approximates_loo;
    course_t c = {.order = model ? 0 : order,
                  .model = model,
                  .directions = order > 1 ? shape->count : 0.0,
                  .warm = all};
    c.moves = fits * (1.0 + steps + (all ? 2.0 : 0.0));
    c.factorisations = fits * (ceil(0.5 * steps) + (all || order > 0));
    c.solves = fits * (steps + all) + adjoints * (1.0 + 2.0 * c.directions);
    c.products = form != NULL && form->approach != NULL
                     ? c.solves * (known->products > 0.0 ? known->products : PRODUCTS)
                     : 0.0;
    return c;
}

double course_products(const problem_shape_t *shape)
{
    return shape->count > MANY ? PRODUCTS_MANY : 0.0;
}

/* A gradient, and the products of the Hessian that a step wants. */
static course_t with_products(const criterion_kind_t *row, const hessian_kind_t *form,
                              const problem_shape_t *shape, const course_known_t *known)
{
    course_t c = course_of(row, form, shape, known, 1);
    c.directions = course_products(shape);
    c.solves += 2.0 * c.directions * fits_of(row, shape, false);
    return c;
}

void course_cost_study(const criterion_kind_t *row, const hessian_kind_t *form,
                       const problem_shape_t *shape, const course_known_t *known, bool roomy,
                       work_t *work)
{
    enum { PIECES = 4 };
    const bool many = course_products(shape) > 0.0;
    const double search = known->evaluations > 0 ? known->evaluations : many ? SEARCH_MANY : SEARCH;
    const double times[PIECES] = {1.0, SWEEP, 1.0, search};
    course_t courses[PIECES] = {{.order = -1},
                                course_of(row, form, shape, known, 0),
                                course_of(row, form, shape, known, CRITERION_MODEL),
                                many ? with_products(row, form, shape, known)
                                     : course_of(row, form, shape, known, 2)};
    for (int i = 0; i < PIECES; i++) {
        work_t piece = {{0}};
        courses[i].roomy = roomy;
        row->cost(form, shape, &courses[i], &piece);
        work_add(work, &piece, times[i]);
    }
}
