/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows are on all ranks, columns of the matrices too, but others: sums over rows are formed by
   every rank for some columns and added up at their owner, quadratic forms of rows take the columns
   as their owners show them.

   PDSYRK does such sums too, for rows held by the ranks are columns of a p x n matrix as they are.
   It took 1.2 to 1.4 times the processor time (8000 rows, 2000 to 6000 columns, 2 and 4 ranks:
   tests/bench/README.md), and would want the rows times the roots of their weights, for each sign.
 */
#include "problem/distributed.h"

#include <string.h>

#include "data/rows.h"
#include "problem/cost.h"

int64_t distributed_elements(const problem_shape_t *shape)
{
    return dist_elements(shape->width * shape->outputs, (int)shape->ranks);
}

int distributed_strip(const problem_shape_t *shape)
{
    const int columns = shape->width * shape->outputs, panel = dist_panel(columns);
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

/* The columns of `panel` that belong to output b, in terms of the data; false: none do. */
static bool part_of_output(const problem_t *problem, panel_block_t panel, int b,
                           panel_block_t *part)
{
    const int begin = b * problem->width, end = begin + problem->width;
    const int first = panel.first > begin ? panel.first : begin;
    const int last = panel.first + panel.count < end ? panel.first + panel.count : end;
    *part = (panel_block_t){.first = first - begin, .count = last - first, .ld = panel.ld};
    return part->count > 0;
}

/* Adds this rank's rows of all blocks a >= b to the panel. */
static void add_rows(const problem_t *problem, const rows_panel_t *rows, const double *weights,
                     panel_block_t panel, double *out)
{
    panel_block_t part;
    for (int b = 0; b < problem->outputs; b++)
        for (int a = b; a < problem->outputs && part_of_output(problem, panel, b, &part); a++) {
            const int64_t column = b * problem->width + part.first - panel.first;
            rows_gram_block(rows, weights + joint_at(a, b) * problem->rows + rows->begin, part,
                            problem->scratch,
                            out + column * panel.ld + (int64_t)a * problem->width);
        }
}

void distributed_gram(const distributed_t *d, const double *weights, double *C)
{
    const problem_t *problem = d->problem;
    const int width = problem->width;
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
    for (int b = 0; b < problem->outputs; b++)
        for (int a = b + 1; a < problem->outputs; a++)
            dist_mirror(d->dist, (dist_square_t){a * width, b * width, width}, C, d->mirror);
}

/* What a panel of a matrix adds to the numbers of rows. */
typedef void add_t(const rows_panel_t *rows, const double *columns, panel_block_t panel,
                   double *scratch, double *out);

static void sum_panels(const distributed_t *d, const double *A, dist_part_t part, add_t *add,
                       double *out)
{
    const problem_t *problem = d->problem;
    panel_block_t strip = {0};
    memset(out, 0, (size_t)problem->rows * sizeof *out);
    while (next_strip(d, &strip)) {
        rows_pass_t pass = rows_begin(&problem->data->X, ROWS_AS_HELD);
        for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
            dist_show(d->dist, A, panel, part, panel_at(d, strip, panel));
        while (rows_next(&pass))
            for (panel_block_t panel = {0}; next_panel(d, strip, &panel);)
                add(&pass.panel, panel_at(d, strip, panel), panel, problem->scratch,
                    out + pass.panel.begin);
    }
}

void distributed_norms(const distributed_t *d, const double *R, double *out)
{
    sum_panels(d, R, DIST_UPPER, rows_add_norms, out);
}

void distributed_forms(const distributed_t *d, const double *M, double *out)
{
    sum_panels(d, M, DIST_LOWER, rows_add_quadratic, out);
}

/* ---- what that costs ---- */

/* Multiplications with the columns of one panel after the other, from its first row on or up to its
   end. Of sparse rows pairs of entries meet, or entries and columns. */
static double flops(const problem_shape_t *shape, dist_part_t part)
{
    const int n = shape->width, most = dist_panel(n);
    const double entries = (double)shape->entries * (double)shape->ranks;
    double sum = 0.0;
    if (shape->sparse)
        return part == DIST_LOWER ? entries * entries / (double)shape->n : entries * n;
    for (int first = 0, count; first < n; first += count) {
        count = n - first < most ? n - first : most;
        sum += 2.0 * count * (part == DIST_LOWER ? n - first : first + count);
    }
    return sum * (double)shape->n;
}

static void cost_strips(const problem_shape_t *shape, double times, work_t *work)
{
    const int columns = shape->width * shape->outputs, strip = distributed_strip(shape);
    const int strips = (columns + strip - 1) / strip;
    cost_read(shape, times * strips, work);
}

static void cost_panels(const problem_shape_t *shape, dist_part_t part, double times, work_t *work)
{
    work->amount[WORK_PANEL] += times * flops(shape, part);
    cost_strips(shape, times, work);
    dist_cost_show(shape->width, (int)shape->ranks, part, times, work);
}

void distributed_cost_norms(const problem_shape_t *shape, double times, work_t *work)
{
    cost_panels(shape, DIST_UPPER, times, work);
}

void distributed_cost_forms(const problem_shape_t *shape, double times, work_t *work)
{
    cost_panels(shape, DIST_LOWER, times, work);
}

/* Of several outputs as if panels ended with them. */
void distributed_cost_gram(const problem_shape_t *shape, double times, work_t *work)
{
    const int columns = shape->width * shape->outputs, blocks = joint_blocks(shape->outputs);
    work->amount[WORK_PANEL] += times * blocks * flops(shape, DIST_LOWER);
    cost_strips(shape, times, work);
    dist_cost_settle(columns, times, work);
    dist_cost(columns, (int)shape->ranks, DIST_MIRROR, times * (blocks - shape->outputs), work);
}
