/* SPDX-License-Identifier: BSD-3-Clause */
/* An evaluation in a search starts from the minimum of the one before: its course, in moves, steps
   and factorisations of the inner solver, is what searches on bundled and random data had on
   average (tests/bench/README.md, `course`). */
#include "criterion/course.h"

#include <math.h>
#include <string.h>

/* Fits that have the same habits. */
typedef enum fit_kind {
    ALL,       /* of all rows, with the factor of the evaluation before */
    PART,      /* of the rows of a part */
    COLD,      /* of either, from 0 */
    EACH,      /* without a row, with the factor of a neighbour */
    ITERATING, /* by a form that iterates */
    FIT_KINDS
} fit_kind_t;

typedef struct habit {
    double quadratic, near, far; /* steps with a quadratic loss; others, near the end and before */
    double first, again;         /* factorisations, and more for each step */
} habit_t;

static const habit_t habits[FIT_KINDS] = {[ALL] = {3.0, 5.0, 6.5, 0.0, 0.2},
                                          [PART] = {1.0, 5.0, 6.5, 0.8, 0.2},
                                          [COLD] = {1.0, 10.0, 10.0, 0.8, 0.45},
                                          [EACH] = {5.0, 7.0, 7.0, 0.0, 0.0},
                                          [ITERATING] = {3.5, 4.5, 5.5, 0.0, 1.0}};

/* A factor serves neighbours the less, the more columns there are for each row. */
static const double NEAR_COLUMNS = 5.0, NEAR_MOST = 1.4;

/* Products of H for an exact solve, where rows are far more than columns: the curvatures of
   independent columns lie about 1 then, with a penalty's share of them; the products for a step,
   which is rough, as a share; and those for a solve with the factor of a neighbour. */
static const double PRODUCTS = 18.0, PENALTY = 0.2, ROUGHLY = 0.35, NEIGHBOUR = 6.5;
/* Of several classes the curvatures of rows differ more, for most rows are told apart well. */
static const double CLASSES = 2.0;
enum {
    SWEEP = 9,
    SEARCH = 8,
    MANY = 20,
    SEARCH_MANY = 25,
    PRODUCTS_MANY = 30,
    PRODUCTS_WEIGHTS = 8
};

static bool each_row(const criterion_kind_t *row)
{
    return strcmp(row->name, "loo") == 0;
}

static fit_kind_t kind_of(const criterion_kind_t *row, const hessian_kind_t *form)
{
    if (form != NULL && form->approach != NULL)
        return ITERATING;
    return row->approximates_loo ? ALL : each_row(row) ? EACH : PART;
}

/* Fits of an evaluation: of all rows, or one for each part. */
static double fits_of(const criterion_kind_t *row, const problem_shape_t *shape, bool model)
{
    if (row->approximates_loo)
        return 1.0;
    return each_row(row) ? (double)shape->n + 1.0 : (double)shape->parts + model;
}

/* Solutions that a gradient wants, and products of the Hessian along some directions. */
static double adjoints_of(const criterion_kind_t *row, const problem_shape_t *shape,
                          double directions)
{
    const double parts = fits_of(row, shape, false) - (each_row(row) ? 1.0 : 0.0);
    return parts * (1.0 + 2.0 * directions);
}

/* Products for an exact solve: they grow as the root of the condition number of H, whose
   curvatures, of independent columns, lie between (1 -+ sqrt(columns / rows))^2 (Marchenko and
   Pastur), or are the penalty's alone, where columns are more than rows. */
static double products_each(const problem_shape_t *shape)
{
    const double root = sqrt(fmin((double)shape->width / (double)shape->n, 1.0));
    return (shape->outputs > 1 ? CLASSES : 1.0) * PRODUCTS *
           sqrt(((1.0 + root) * (1.0 + root) + PENALTY) / ((1.0 - root) * (1.0 - root) + PENALTY));
}

/* Products for the solves that are counted, of which so many are exact. */
static double products_of(fit_kind_t kind, const problem_shape_t *shape,
                          const course_known_t *known, double steps, double exact)
{
    const double each = known->products > 0.0 ? known->products : products_each(shape);
    return kind == EACH        ? NEIGHBOUR * exact
           : kind == ITERATING ? each * (exact + ROUGHLY * steps)
                               : 0.0;
}

/* Factorisations of a fit, but for one at its end. */
static double factors_of(fit_kind_t kind, const problem_shape_t *shape, double steps)
{
    const double columns = (double)shape->width * shape->outputs;
    return kind == EACH ? fmin(NEAR_COLUMNS * columns / (double)shape->n, NEAR_MOST)
                        : habits[kind].first + habits[kind].again * steps;
}

static course_t course_at(const criterion_kind_t *row, const hessian_kind_t *form,
                          const problem_shape_t *shape, const course_known_t *known, int order,
                          bool near)
{
    const bool all = row->approximates_loo, warm = all && !known->cold;
    const fit_kind_t habitual = kind_of(row, form);
    const bool from_zero = known->cold && (habitual == ALL || habitual == PART);
    const fit_kind_t kind = from_zero ? COLD : habitual;
    const habit_t *habit = &habits[kind];
    const bool model = order == CRITERION_MODEL;
    const double fits = fits_of(row, shape, model);
    const double steps = known->moves > 0.0     ? 0.0
                         : known->steps > 0.0   ? known->steps
                         : shape->quadratic     ? habit->quadratic
                         : near && !known->cold ? habit->near
                                                : habit->far;
    course_t c = {.order = model ? 0 : order,
                  .model = model,
                  .directions = order > 1 ? shape->count : 0.0,
                  .warm = warm};
    const double adjoints = order > 0 ? adjoints_of(row, shape, c.directions) : 0.0;
    const bool at_end = all || (order > 0 && kind != EACH);
    c.moves = fits * (known->moves > 0.0 ? known->moves : 1.0 + steps + (warm ? 2.0 : 0.0));
    c.factorisations =
        fits * ((known->moves > 0.0 ? 0.0 : factors_of(kind, shape, steps)) + at_end);
    c.products = products_of(kind, shape, known, fits * steps, adjoints);
    c.solves = fits * (steps + warm) + adjoints + (kind == EACH ? c.products : 0.0);
    return c;
}

course_t course_of(const criterion_kind_t *row, const hessian_kind_t *form,
                   const problem_shape_t *shape, const course_known_t *known, int order)
{
    return course_at(row, form, shape, known, order, true);
}

double course_products(const problem_shape_t *shape)
{
    if (shape->count <= MANY)
        return 0.0;
    return shape->weighs ? PRODUCTS_WEIGHTS : PRODUCTS_MANY;
}

/* A gradient, and the products of the Hessian that a step wants. */
static course_t with_products(const criterion_kind_t *row, const hessian_kind_t *form,
                              const problem_shape_t *shape, const course_known_t *known, bool near)
{
    const fit_kind_t kind = kind_of(row, form);
    course_t c = course_at(row, form, shape, known, 1, near);
    c.directions = course_products(shape);
    const double more = adjoints_of(row, shape, c.directions) - adjoints_of(row, shape, 0.0);
    const double products = products_of(kind, shape, known, 0.0, more);
    c.products += products;
    c.solves += more + (kind == EACH ? products : 0.0);
    return c;
}

/* A step of the search: an evaluation with its derivatives. */
static course_t course_step(const criterion_kind_t *row, const hessian_kind_t *form,
                            const problem_shape_t *shape, const course_known_t *known, bool near)
{
    return course_products(shape) > 0.0 ? with_products(row, form, shape, known, near)
                                        : course_at(row, form, shape, known, 2, near);
}

/* The search comes from the best point of the sweep. */
void course_cost_study(const criterion_kind_t *row, const hessian_kind_t *form,
                       const problem_shape_t *shape, const course_known_t *known, bool roomy,
                       work_t *work)
{
    enum { PIECES = 5 };
    const double search = known->evaluations > 0         ? known->evaluations
                          : course_products(shape) > 0.0 ? SEARCH_MANY
                                                         : SEARCH;
    const double times[PIECES] = {1.0, SWEEP, 1.0, 1.0, search - 1.0};
    course_t courses[PIECES] = {{.order = -1},
                                course_at(row, form, shape, known, 0, false),
                                course_at(row, form, shape, known, CRITERION_MODEL, true),
                                course_step(row, form, shape, known, false),
                                course_step(row, form, shape, known, true)};
    for (int i = 0; i < PIECES; i++) {
        work_t piece = {{0}};
        courses[i].roomy = roomy;
        row->cost(form, shape, &courses[i], &piece);
        work_add(work, &piece, times[i]);
    }
}
