/* SPDX-License-Identifier: BSD-3-Clause */
#include "data/rows.h"

#include <string.h>

#include "linalg/panel.h"

rows_pass_t rows_begin(const rows_t *X, rows_use_t use)
{
    (void)use; /* panels of dense rows stay in cache in any case */
    return (rows_pass_t){.panel = {.X = X}, .most = panel_rows(X->columns)};
}

bool rows_next(rows_pass_t *pass)
{
    rows_panel_t *panel = &pass->panel;
    const rows_t *X = panel->X;
    panel->begin += panel->count;
    int64_t left = X->rows - panel->begin;
    panel->count = left < pass->most ? left : pass->most;
    panel->dense = X->dense + panel->begin * X->columns;
    return panel->count > 0;
}

const double *rows_dense(const rows_panel_t *panel, double *buffer)
{
    (void)buffer;
    return panel->dense;
}

int64_t rows_buffer(const rows_t *X)
{
    (void)X;
    return 0;
}

void rows_times(const rows_panel_t *panel, const double *x, double *y)
{
    panel_times(panel->count, panel->X->columns, panel->dense, x, y);
}

void rows_add_transposed(const rows_panel_t *panel, const double *x, double *y)
{
    panel_add_transposed(panel->count, panel->X->columns, panel->dense, x, y);
}

void rows_add_squares(const rows_panel_t *panel, const double *weights, double *y)
{
    const int64_t columns = panel->X->columns;
    for (int64_t i = 0; i < panel->count; i++) {
        const double *x = panel->dense + i * columns, w = weights != NULL ? weights[i] : 1.0;
        for (int64_t j = 0; j < columns; j++)
            y[j] += w * x[j] * x[j];
    }
}

void rows_gram(const rows_panel_t *panel, const double *weights, double *scratch, double *C, int ld)
{
    panel_gram_at((int)panel->count, panel->X->columns, panel->dense, weights, scratch, C, ld);
}

int64_t rows_scratch(const rows_t *X)
{
    return (int64_t)X->columns * panel_rows(X->columns);
}

void rows_copy(const rows_t *X, int64_t begin, int64_t count, double *out)
{
    const int64_t columns = X->columns;
    memcpy(out, X->dense + begin * columns, (size_t)(count * columns) * sizeof *out);
}
