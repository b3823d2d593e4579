/* SPDX-License-Identifier: BSD-3-Clause */
/* H without a matrix: solved with by conjugate gradients on its products with vectors, which go
   over the rows, preconditioned by its diagonal. To factor is to keep the weights of the rows and
   to find that diagonal. Of no array has both sides the length of columns. */
#include "problem/hessian.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "problem/cost.h"
#include "problem/conjugate.h"

static const double TIGHT = 1e-14; /* relative residual that stands for as small as it gets */
static const double POOR = 1e-8;   /* one that shows H to be singular to working accuracy */
/* Of columns that depend on each other a solve takes more products than plans have: up to 2 times
   as many in six of seven searches, and up to 4 times (tests/bench/README.md, `course`). */
static const double ILL_CONDITIONED = 2.0;
enum { PRODUCTS_MOST = 20000, PRODUCTS_LEAST = 1000 };

typedef struct products {
    hessian_t *hessian; /* borrowed */
    double *weights;    /* [blocks, rows] of the terms; owned, as all below */
    double *added;      /* [columns] their diagonal */
    double *gram;       /* [columns] diagonal of X' weights X */
    double *whole;      /* [columns] of H */
    double *root;       /* [columns] of H without gauges, its root: v of the gauges */
    double *rows;       /* [outputs, rows] scratch */
    double gauge, hold;
    conjugate_t conjugate;
} products_t;

static int64_t memory(const problem_shape_t *shape)
{
    const int64_t outputs = shape->outputs, vectors = 4 + CONJUGATE_VECTORS;
    int64_t by_row = joint_blocks(shape->outputs) + outputs;
    return (by_row * shape->rows + vectors * outputs * shape->width) * (int64_t)sizeof(double);
}

/* With each product two inner products go round, and with each solve its solution. */
static void cost(const problem_shape_t *shape, const hessian_use_t *use, work_t *work)
{
    const double columns = (double)shape->width * shape->outputs;
    cost_diagonal(shape, use->grams, work);
    cost_multiply(shape, use->products, work);
    work_share(work, use->factorisations, sizeof(int));
    work_sum(work, 2.0 * use->products, 1.0);
    work_sum(work, use->solves, columns);
}

/* y += gauge v v'x over the outputs of each free column, or of each penalised one. */
static void add_gauge(const products_t *f, bool free, double gauge, const double *x, double *y)
{
    const problem_t *problem = f->hessian->problem;
    for (int c = 0; gauge > 0.0 && c < problem->width; c++) {
        double along = 0.0;
        if ((problem->penalty->group[c] < 0) != free)
            continue;
        for (int j = c; j < problem->columns; j += problem->width)
            along += f->root[j] * x[j];
        for (int j = c; j < problem->columns; j += problem->width)
            y[j] += gauge * f->root[j] * along;
    }
}

static void multiply(void *context, const double *x, double *y)
{
    products_t *f = context;
    problem_t *problem = f->hessian->problem;
    problem_weigh(problem, f->weights, x, f->rows, y);
    for (int j = 0; j < problem->columns; j++)
        y[j] += f->added[j] * x[j];
    add_gauge(f, true, f->gauge, x, y);
    add_gauge(f, false, f->hold, x, y);
}

static void precondition(void *context, double *x)
{
    const products_t *f = context;
    for (int j = 0; j < f->conjugate.columns; j++)
        x[j] /= f->whole[j];
}

static int allocate(hessian_t *hessian)
{
    int code = TRALO_OK;
    const problem_t *problem = hessian->problem;
    products_t *f = NULL;
    ALLOC(f, 1);
    hessian->work = f;
    f->hessian = hessian;
    ALLOC(f->weights, problem->blocks * problem->rows);
    ALLOC(f->rows, problem->outputs * problem->rows);
    ALLOC(f->added, problem->columns);
    ALLOC(f->gram, problem->columns);
    ALLOC(f->whole, problem->columns);
    ALLOC(f->root, problem->columns);
    f->conjugate = (conjugate_t){
        .comm = problem->comm, .multiply = multiply, .precondition = precondition, .context = f};
    TRY(conjugate_allocate(&f->conjugate, problem->columns));
out:
    return code;
}

static int create(hessian_t *hessian)
{
    return comm_agree(hessian->problem->comm, allocate(hessian));
}

static void destroy(hessian_t *hessian)
{
    products_t *f = hessian->work;
    if (f == NULL)
        return;
    double **arrays[] = {&f->weights, &f->rows, &f->added, &f->gram, &f->whole, &f->root};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        mem_free(arrays[i]);
    conjugate_release(&f->conjugate);
    mem_free(&f);
}

/* The diagonal of H with its gauges; the first column where it is not positive, or -1. */
static int find_diagonal(products_t *f)
{
    const problem_t *problem = f->hessian->problem;
    int column = -1;
    for (int j = problem->columns - 1; j >= 0; j--) {
        double plain = f->gram[j] + f->added[j];
        bool free = problem->penalty->group[j % problem->width] < 0;
        f->whole[j] = plain * (1.0 + (free ? f->gauge : f->hold));
        f->root[j] = sqrt(fmax(plain, 0.0));
        if (!(plain > 0.0 && isfinite(plain)))
            column = j;
    }
    comm_share(problem->comm, &column, sizeof column, 0);
    return column;
}

static int factor(hessian_t *hessian, const hessian_terms_t *terms)
{
    products_t *f = hessian->work;
    problem_t *problem = hessian->problem;
    const size_t weights = (size_t)(problem->blocks * problem->rows) * sizeof *f->weights;
    if (!terms->same_weights) {
        memcpy(f->weights, terms->weights, weights);
        problem_diagonal(problem, f->weights, f->gram);
    }
    memcpy(f->added, terms->diagonal, (size_t)problem->columns * sizeof *f->added);
    f->gauge = terms->gauge;
    f->hold = terms->hold;
    return find_diagonal(f);
}

/* Conjugate gradients end after as many products as there are columns, were it not for rounding. */
static int64_t most_products(int columns)
{
    int64_t most = 10 * (int64_t)columns;
    return most < PRODUCTS_LEAST ? PRODUCTS_LEAST : most > PRODUCTS_MOST ? PRODUCTS_MOST : most;
}

static int approach(hessian_t *hessian, const double *start, double tolerance, double *x)
{
    products_t *f = hessian->work;
    const int columns = hessian->problem->columns;
    conjugate_end_t end =
        conjugate_solve(&f->conjugate, start, fmax(tolerance, TIGHT), most_products(columns), x);
    hessian->products += end.products;
    if (end.column < 0 && !(end.residual <= (tolerance > 0.0 ? INFINITY : POOR)))
        end.column = columns - 1;
    return end.column;
}

const hessian_kind_t hessian_products = {
    .name = "products",
    .doc = "no matrix: conjugate gradients on products of the Hessian with vectors",
    .doubt = ILL_CONDITIONED,
    .memory = memory,
    .cost = cost,
    .create = create,
    .destroy = destroy,
    .factor = factor,
    .approach = approach,
};
