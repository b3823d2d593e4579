/* SPDX-License-Identifier: BSD-3-Clause */
/* Two panels over one axis: above f and, where it is there, exact leave-one-out; below the
   derivatives. The keys stand outside, so that they hide nothing. */
#include "study/curve_plot.h"

#include <math.h>

#include "base/error.h"
#include "study/picture.h"

void curve_print(const curve_table_t *table, FILE *file, const char *separator)
{
    for (int64_t i = 0; i < table->count; i++) {
        const curve_point_t *p = &table->points[i];
        const double values[] = {p->natural, p->theta, p->value, p->error,
                                 p->slope,   p->bend,  p->exact};
        for (int k = 0; k < (table->exact ? 7 : 6); k++)
            fprintf(file, "%s%.17g", k > 0 ? separator : "", values[k]);
        fputc('\n', file);
    }
}

/* The range of f with a margin, and whether it is to be logarithmic: it spans decades above 0. */
static void write_range(const curve_table_t *table, FILE *gnuplot)
{
    double least = table->lowest.value, most = least;
    for (int64_t i = 0; i < table->count; i++) {
        const curve_point_t *p = &table->points[i];
        least = fmin(least, fmin(p->value, p->exact));
        most = fmax(most, fmax(p->value, p->exact));
    }
    if (least > 0.0 && most > 10.0 * least) {
        double margin = pow(most / least, 0.06);
        fprintf(gnuplot, "set logscale y\nset yrange [%.17g:%.17g]\n", least / margin,
                most * margin);
    } else {
        double margin = fmax(0.06 * (most - least), 1e-9 * fabs(most));
        fprintf(gnuplot, "set yrange [%.17g:%.17g]\n", least - margin, most + margin);
    }
}

/* The range that holds the slopes, and the bends as far as they are not far larger. */
static void write_slope_range(const curve_table_t *table, FILE *gnuplot)
{
    double least = 0.0, most = 0.0, slope = 0.0;
    for (int64_t i = 0; i < table->count; i++)
        slope = fmax(slope, fabs(table->points[i].slope));
    for (int64_t i = 0; i < table->count; i++) {
        const curve_point_t *p = &table->points[i];
        double bend = fmin(fmax(p->bend, -4.0 * slope), 4.0 * slope);
        least = fmin(least, fmin(p->slope, bend));
        most = fmax(most, fmax(p->slope, bend));
    }
    double margin = fmax(0.06 * (most - least), 1e-300);
    fprintf(gnuplot, "unset logscale y\nset yrange [%.17g:%.17g]\n", least - margin, most + margin);
}

static void write_values(const curve_table_t *table, FILE *gnuplot)
{
    const curve_point_t *lowest = &table->lowest;
    write_range(table, gnuplot);
    fprintf(gnuplot, "set ylabel '%s: mean %s loss' noenhanced\n", table->criterion, table->loss);
    fprintf(gnuplot, "plot $curve using 1:3 with lines lw 2 title '%s'", table->criterion);
    if (table->exact)
        fprintf(gnuplot, ", $curve using 1:7 with points pt 6 title 'exact leave-one-out'");
    fprintf(gnuplot, ", $lowest with points pt 7 ps 1.3 lc 'black' title '%s at %.4g'\n",
            table->interior ? "minimum" : "lowest, an end,", lowest->natural);
}

static void write_derivatives(const curve_table_t *table, FILE *gnuplot)
{
    write_slope_range(table, gnuplot);
    fprintf(gnuplot, "set ylabel 'derivatives in %s%s'\nset xlabel '%s%s'\n",
            table->log ? "log " : "theta of ", table->name, table->name,
            table->log ? " (log scale)" : "");
    fprintf(gnuplot, "plot $curve using 1:5 with lines lw 2 title 'first derivative', "
                     "$curve using 1:6 with lines lw 2 dt 2 title 'second derivative', "
                     "0 notitle lc 'black'\nunset multiplot\n");
}

static void write_script(const curve_table_t *table, const picture_t *picture)
{
    FILE *gnuplot = picture->script;
    fprintf(gnuplot, "$curve << END\n");
    curve_print(table, gnuplot, " ");
    fprintf(gnuplot, "END\n$lowest << END\n%.17g %.17g\nEND\n", table->lowest.natural,
            table->lowest.value);
    if (table->log)
        fprintf(gnuplot, "set logscale x\nset format x '10^{%%L}'\n");
    fprintf(gnuplot, "set autoscale xfix\nset grid\nset key above samplen 2 maxrows 1\n"
                     "set lmargin 12\nset rmargin 3\nset multiplot layout 2,1 title ");
    picture_text(picture, table->title);
    fputs(" noenhanced\n", gnuplot);
    write_values(table, gnuplot);
    write_derivatives(table, gnuplot);
}

int curve_plot(const curve_table_t *table, const char *path)
{
    int code = TRALO_OK;
    picture_t picture;
    TRY(picture_check(path));
    if (isnan(table->lowest.value))
        FAIL(TRALO_ERR_EVALUATION, "no point could be evaluated: there is nothing to draw");
    TRY(picture_begin(path, 900, 700, &picture));
    write_script(table, &picture);
    TRY(picture_end(&picture));
out:
    return code;
}
