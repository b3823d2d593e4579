/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows are on all ranks, columns of the matrices too, but others: sums over rows are formed by
   every rank for some columns and added up at their owner, quadratic forms of rows take the columns
   as their owners show them.

   PDSYRK does such sums too, for rows held by the ranks are columns of a p x n matrix as they are.
   It took 1.2 to 1.4 times the processor time (8000 rows, 2000 to 6000 columns, 2 and 4 ranks:
   tests/bench/README.md), and would want the rows times the roots of their weights, for each sign.
 */
#include "problem/distributed.h"

#include <math.h>
#include <string.h>

#include "data/rows.h"
#include "linalg/csr.h"
#include "problem/cost.h"

static int columns_of(const problem_shape_t *shape)
{
    return shape->width * shape->outputs;
}

int64_t distributed_elements(const problem_shape_t *shape)
{
    return dist_elements(columns_of(shape), (int)shape->ranks);
}

int distributed_strip(const problem_shape_t *shape)
{
    const int columns = columns_of(shape), panel = dist_panel(columns);
    const int64_t held = distributed_elements(shape) / columns;
    const int64_t strip = shape->streamed ? (held + panel - 1) / panel * panel : panel;
    return strip < columns ? (int)strip : columns;
}

/* The first `most` columns of `whole`, or those after `part`; false: there are no more. */
static bool next_part(panel_block_t whole, int most, panel_block_t *part)
{
    part->first = part->count == 0 ? whole.first : part->first + part->count;
    const int left = whole.first + whole.count - part->first;
    part->count = left < most ? left : most;
    part->ld = whole.ld;
    return part->count > 0;
}

static bool next_strip(const distributed_t *d, panel_block_t *strip)
{
    const int columns = d->dist->n;
    return next_part((panel_block_t){.count = columns, .ld = columns}, d->strip, strip);
}

/* The panels of a strip. */
static bool next_panel(const distributed_t *d, panel_block_t strip, panel_block_t *panel)
{
    return next_part(strip, dist_panel(d->dist->n), panel);
}

static double *panel_at(const distributed_t *d, panel_block_t strip, panel_block_t panel)
{
    return d->panel + (panel.first - strip.first) * strip.ld;
}

/* Where the columns of a panel meet the block (a, b), a >= b, of a matrix of several outputs. */
typedef struct meeting {
    int a, b;
    panel_block_t part; /* in terms of the data */
    int64_t at;         /* of the first number of these columns of the block in the panel */
} meeting_t;

/* The next block that the panel meets, from {0}; false: there are no more. */
static bool next_meeting(int width, int outputs, panel_block_t panel, meeting_t *m)
{
    do {
        if (m->part.ld > 0 && ++m->a == outputs)
            m->a = ++m->b;
        if (m->b == outputs)
            return false;
        const int begin = m->b * width, end = begin + width;
        const int first = panel.first > begin ? panel.first : begin;
        const int last = panel.first + panel.count < end ? panel.first + panel.count : end;
        m->part = (panel_block_t){.first = first - begin, .count = last - first, .ld = panel.ld};
        m->at = (first - panel.first) * panel.ld + (int64_t)m->a * width;
    } while (m->part.count <= 0);
    return true;
}

/* Adds what this rank's rows of the blocks give to the panel. */
static void add_rows(const problem_t *problem, const rows_panel_t *rows, const double *weights,
                     panel_block_t panel, double *out)
{
    for (meeting_t m = {0}; next_meeting(problem->width, problem->outputs, panel, &m);)
        rows_gram_block(rows, weights + joint_at(m.a, m.b) * problem->rows + rows->begin, m.part,
                        problem->scratch, out + m.at);
}

/* Does so with every block of A below the diagonal. */
static void for_lower_blocks(const distributed_t *d,
                             void (*act)(const dist_t *, dist_square_t, double *, double *),
                             double *A)
{
    const int width = d->problem->width, outputs = d->problem->outputs;
    for (int b = 0; b < outputs; b++)
        for (int a = b + 1; a < outputs; a++)
            act(d->dist, (dist_square_t){a * width, b * width, width}, A, d->mirror);
}

void distributed_gram(const distributed_t *d, const double *weights, double *C)
{
    const problem_t *problem = d->problem;
    panel_block_t strip = {0};
    while (next_strip(d, &strip)) {
        rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
        memset(d->panel, 0, (size_t)(strip.ld * strip.count) * sizeof *d->panel);
        while (rows_next(&pass))
            for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
                add_rows(problem, &pass.panel, weights, panel, panel_at(d, strip, panel));
        for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
            dist_settle(d->dist, panel_at(d, strip, panel), panel, C);
    }
    for_lower_blocks(d, dist_mirror, C);
}

/* What some columns of a matrix add to the numbers of rows. */
typedef void add_t(const rows_panel_t *rows, const double *columns, panel_block_t part,
                   double *scratch, double *out);

static void add_panel(const problem_t *problem, const rows_panel_t *rows, const double *columns,
                      panel_block_t panel, add_t *add, double *out)
{
    for (meeting_t m = {0}; next_meeting(problem->width, problem->outputs, panel, &m);)
        add(rows, columns + m.at, m.part, problem->scratch,
            out + joint_at(m.a, m.b) * problem->rows + rows->begin);
}

static void sum_panels(const distributed_t *d, const double *A, dist_part_t part, add_t *add,
                       double *out)
{
    const problem_t *problem = d->problem;
    panel_block_t strip = {0};
    memset(out, 0, (size_t)(problem->blocks * problem->rows) * sizeof *out);
    while (next_strip(d, &strip)) {
        rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
        for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
            dist_show(d->dist, A, panel, part, panel_at(d, strip, panel));
        while (rows_next(&pass))
            for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
                add_panel(problem, &pass.panel, panel_at(d, strip, panel), panel, add, out);
    }
}

void distributed_norms(const distributed_t *d, const double *R, double *out)
{
    sum_panels(d, R, DIST_UPPER, rows_add_norms, out);
}

void distributed_forms(const distributed_t *d, double *M, double *out)
{
    for_lower_blocks(d, dist_symmetrize, M);
    sum_panels(d, M, DIST_LOWER, rows_add_quadratic, out);
}

/* ---- what that costs ---- */

/* Of an entry of a sparse X: it is anywhere with the same probability, but not in the column of
   ones. */
static double share_of(const problem_shape_t *shape)
{
    const double places = (double)shape->n * (shape->width - shape->intercept);
    return cost_numbers(shape) / places;
}

/* Pairs of entries of a row, the first of which is in the block. */
static double pairs(const problem_shape_t *shape, panel_block_t block)
{
    const int p = shape->width - shape->intercept, end = block.first + block.count;
    const double share = share_of(shape);
    double sum = 0.0;
    for (int j = block.first; j < end && j < p; j++)
        sum += share * (1.0 + share * (p - 1.0 - j));
    return sum;
}

/* Entries of a row and columns of R in the block that meet: CSR_WIDTH columns at a time those up to
   their end. */
static double meets(const problem_shape_t *shape, panel_block_t block)
{
    const int p = shape->width - shape->intercept, end = block.first + block.count;
    double sum = 0.0;
    for (int j = block.first; j < end; j += CSR_WIDTH)
        sum += CSR_WIDTH * share_of(shape) * fmin(fmin(j + CSR_WIDTH, end), p);
    return sum;
}

/* Multiplications with the columns of one panel after the other, from its first row on or up to its
   end. */
static void cost_meetings(const problem_shape_t *shape, dist_part_t part, double times,
                          work_t *work)
{
    const int w = shape->width, columns = columns_of(shape);
    const double rows = times * (double)shape->n;
    const panel_block_t all = {.count = columns, .ld = columns};
    for (panel_block_t panel = {0}; next_part(all, dist_panel(columns), &panel);)
        for (meeting_t m = {0}; next_meeting(w, shape->outputs, panel, &m);) {
            const int height = part == DIST_LOWER ? w - m.part.first : m.part.first + m.part.count;
            if (shape->sparse && part == DIST_LOWER)
                work->amount[WORK_PAIR] += rows * pairs(shape, m.part);
            else if (shape->sparse)
                work->amount[WORK_PASS] += rows * 2.0 * meets(shape, m.part);
            else
                work->amount[WORK_PANEL] += rows * 2.0 * m.part.count * height;
        }
}

/* Sums of the weighted rows of a sparse X, which its shift meets, in each of these. */
static void cost_shifts(const problem_shape_t *shape, double times, work_t *work)
{
    const int w = shape->width, columns = columns_of(shape);
    const panel_block_t all = {.count = columns, .ld = columns};
    if (!shape->sparse)
        return;
    for (panel_block_t panel = {0}; next_part(all, dist_panel(columns), &panel);)
        for (meeting_t m = {0}; next_meeting(w, shape->outputs, panel, &m);) {
            work->amount[WORK_ENTRY] += times * cost_numbers(shape);
            work->amount[WORK_PASS] += times * 2.0 * w * m.part.count * (double)shape->ranks;
        }
}

static void cost_strips(const problem_shape_t *shape, double times, work_t *work)
{
    const int columns = columns_of(shape), strip = distributed_strip(shape);
    const int strips = (columns + strip - 1) / strip;
    cost_read(shape, times * strips, work);
}

/* The blocks below the diagonal are mirrored, or made symmetric. */
static void cost_lower_blocks(const problem_shape_t *shape, double times, work_t *work)
{
    const int below = joint_blocks(shape->outputs) - shape->outputs;
    dist_cost(columns_of(shape), (int)shape->ranks, DIST_MIRROR, times * below, work);
}

static void cost_panels(const problem_shape_t *shape, dist_part_t part, double times, work_t *work)
{
    cost_meetings(shape, part, times, work);
    cost_strips(shape, times, work);
    dist_cost_show(columns_of(shape), (int)shape->ranks, part, times, work);
}

void distributed_cost_norms(const problem_shape_t *shape, double times, work_t *work)
{
    cost_panels(shape, DIST_UPPER, times, work);
}

void distributed_cost_forms(const problem_shape_t *shape, double times, work_t *work)
{
    cost_lower_blocks(shape, times, work);
    cost_panels(shape, DIST_LOWER, times, work);
}

void distributed_cost_gram(const problem_shape_t *shape, double times, work_t *work)
{
    cost_meetings(shape, DIST_LOWER, times, work);
    cost_shifts(shape, times, work);
    cost_strips(shape, times, work);
    dist_cost_settle(columns_of(shape), times, work);
    cost_lower_blocks(shape, times, work);
}
