/* SPDX-License-Identifier: BSD-3-Clause */
/* Dense rows stay where they are, and a panel of them stays in cache. Sparse ones are one panel, as
   kernels on entries do not gain from less; but where they are to be dense rows, these are few.
   Rows on disk come in panels of dense ones. */
#include "data/rows.h"

#include <string.h>

#include "data/stream.h"
#include "linalg/panel.h"

rows_pass_t rows_begin(const rows_t *X, rows_use_t use)
{
    int64_t most = use == ROWS_NEAR ? panel_near_rows(X->columns) : panel_rows(X->columns);
    if (X->sparse != NULL && use != ROWS_DENSE)
        most = X->rows;
    if (X->stream != NULL)
        rows_stream_rewind(X->stream);
    return (rows_pass_t){.panel = {.X = X}, .most = most};
}

bool rows_next(rows_pass_t *pass)
{
    rows_panel_t *panel = &pass->panel;
    const rows_t *X = panel->X;
    panel->begin += panel->count;
    if (X->stream != NULL) {
        panel->count = rows_stream_next(X->stream, pass->most, &panel->dense);
        return panel->count > 0;
    }
    int64_t left = X->rows - panel->begin;
    panel->count = left < pass->most ? left : pass->most;
    panel->dense = X->dense != NULL ? X->dense + panel->begin * X->columns : NULL;
    return panel->count > 0;
}

int64_t rows_entries(const rows_t *X)
{
    return X->sparse != NULL ? X->sparse->start[X->rows] : X->rows * X->columns;
}

/* Those of a panel of sparse rows. */
static csr_rows_t entries(const rows_panel_t *panel)
{
    return (csr_rows_t){panel->X->sparse, panel->begin, panel->count};
}

const double *rows_dense(const rows_panel_t *panel, double *buffer)
{
    if (panel->dense != NULL)
        return panel->dense;
    csr_dense(entries(panel), buffer);
    return buffer;
}

int64_t rows_buffer(const rows_t *X)
{
    int64_t most = panel_rows(X->columns), rows = X->rows < most ? X->rows : most;
    return X->sparse != NULL ? rows * X->columns : 0;
}

void rows_times(const rows_panel_t *panel, const double *x, double *y)
{
    if (panel->dense != NULL)
        panel_times(panel->count, panel->X->columns, panel->dense, x, y);
    else
        csr_times(entries(panel), x, y);
}

void rows_add_transposed(const rows_panel_t *panel, const double *x, double *y)
{
    if (panel->dense != NULL)
        panel_add_transposed(panel->count, panel->X->columns, panel->dense, x, y);
    else
        csr_add_transposed(entries(panel), x, y);
}

void rows_times_each(const rows_panel_t *panel, int k, const double *x, int64_t ld, double *y)
{
    const int columns = panel->X->columns;
    if (panel->dense != NULL)
        panel_times_each(panel->count, columns, panel->dense, k, x, ld, y);
    for (int64_t a = 0; panel->dense == NULL && a < k; a++)
        csr_times(entries(panel), x + a * columns, y + a * ld);
}

void rows_add_transposed_each(const rows_panel_t *panel, int k, const double *x, int64_t ld,
                              double *y)
{
    const int columns = panel->X->columns;
    if (panel->dense != NULL)
        panel_add_transposed_each(panel->count, columns, panel->dense, k, x, ld, y);
    for (int64_t a = 0; panel->dense == NULL && a < k; a++)
        csr_add_transposed(entries(panel), x + a * ld, y + a * columns);
}

static void add_squares(const rows_panel_t *panel, const double *weights, double *y)
{
    const int64_t columns = panel->X->columns;
    for (int64_t i = 0; i < panel->count; i++) {
        const double *x = panel->dense + i * columns, w = weights != NULL ? weights[i] : 1.0;
        for (int64_t j = 0; j < columns; j++)
            y[j] += w * x[j] * x[j];
    }
}

void rows_add_squares(const rows_panel_t *panel, const double *weights, double *y)
{
    if (panel->dense != NULL)
        add_squares(panel, weights, y);
    else
        csr_add_squares(entries(panel), weights, y);
}

void rows_gram(const rows_panel_t *panel, const double *weights, double *scratch, double *C, int ld)
{
    const int columns = panel->X->columns;
    const panel_block_t all = {0, columns, ld};
    if (panel->dense != NULL)
        panel_gram_at((int)panel->count, columns, panel->dense, weights, scratch, C, ld);
    else
        csr_gram(entries(panel), weights, all, scratch, C);
}

int64_t rows_scratch(int columns, bool sparse)
{
    return sparse ? (columns + 1) * (int64_t)CSR_WIDTH : columns * (int64_t)panel_rows(columns);
}

void rows_gram_block(const rows_panel_t *panel, const double *weights, panel_block_t block,
                     double *scratch, double *C)
{
    if (panel->dense != NULL)
        panel_block_gram((int)panel->count, panel->X->columns, panel->dense, weights, block,
                         scratch, C);
    else
        csr_gram(entries(panel), weights, block, scratch, C);
}

void rows_add_norms(const rows_panel_t *panel, const double *R, panel_block_t block,
                    double *scratch, double *out)
{
    if (panel->dense != NULL)
        panel_block_norms((int)panel->count, panel->X->columns, panel->dense, R, block, scratch,
                          out);
    else
        csr_add_norms(entries(panel), R, block, scratch, out);
}

void rows_add_quadratic(const rows_panel_t *panel, const double *M, panel_block_t block,
                        double *scratch, double *out)
{
    if (panel->dense != NULL)
        panel_block_quadratic((int)panel->count, panel->X->columns, panel->dense, M, block, scratch,
                              out);
    else
        csr_add_quadratic(entries(panel), M, block, scratch, out);
}

void rows_copy(const rows_t *X, int64_t begin, int64_t count, double *out)
{
    const int64_t columns = X->columns;
    if (X->sparse != NULL)
        csr_dense((csr_rows_t){X->sparse, begin, count}, out);
    else if (X->stream != NULL)
        rows_stream_copy(X->stream, begin, count, out);
    else
        memcpy(out, X->dense + begin * columns, (size_t)(count * columns) * sizeof *out);
}
