/* SPDX-License-Identifier: BSD-3-Clause */
/* Two panels over one axis: above f and, where it is there, exact leave-one-out; below the
   derivatives. The keys stand outside, so that they hide nothing. */
#include "study/curve_plot.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"

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

static int find_terminal(const char *path, const char **terminal)
{
    int code = TRALO_OK;
    const char *dot = strrchr(path, '.');
    if (dot != NULL && strcmp(dot, ".svg") == 0)
        *terminal = "svg size 900,700 font 'sans,16' background 'white'";
    else if (dot != NULL && strcmp(dot, ".png") == 0)
        *terminal = "pngcairo size 900,700 font 'sans,12'";
    else
        FAIL(TRALO_ERR_INPUT, "%s: the picture must be a .svg or a .png", path);
    if (strpbrk(path, "'\n") != NULL)
        FAIL(TRALO_ERR_INPUT, "%s: the name of the picture has a quote in it", path);
out:
    return code;
}

int curve_plot_check(const char *path)
{
    const char *terminal;
    return find_terminal(path, &terminal);
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

/* The name of a file may hold what gnuplot takes for the end of a text. */
static void write_title(const char *title, FILE *gnuplot)
{
    fputs("set multiplot layout 2,1 title '", gnuplot);
    for (; *title != '\0'; title++)
        fputc(*title == '\'' || (unsigned char)*title < ' ' ? ' ' : *title, gnuplot);
    fputs("' noenhanced\n", gnuplot);
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

static void write_script(const curve_table_t *table, FILE *gnuplot)
{
    fprintf(gnuplot, "$curve << END\n");
    curve_print(table, gnuplot, " ");
    fprintf(gnuplot, "END\n$lowest << END\n%.17g %.17g\nEND\n", table->lowest.natural,
            table->lowest.value);
    if (table->log)
        fprintf(gnuplot, "set logscale x\nset format x '10^{%%L}'\n");
    fprintf(gnuplot, "set autoscale xfix\nset grid\nset key above samplen 2 maxrows 1\n"
                     "set lmargin 12\nset rmargin 3\n");
    write_title(table->title, gnuplot);
    write_values(table, gnuplot);
    write_derivatives(table, gnuplot);
}

/* SIGPIPE, from a gnuplot that is not there or gives up, would end the program without a word. */
int curve_plot(const curve_table_t *table, const char *path)
{
    int code = TRALO_OK;
    const char *terminal = NULL;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    TRY(find_terminal(path, &terminal));
    if (isnan(table->lowest.value))
        FAIL(TRALO_ERR_EVALUATION, "no point could be evaluated: there is nothing to draw");
    FILE *gnuplot = popen("gnuplot >/dev/null", "w");
    if (gnuplot == NULL)
        FAIL(TRALO_ERR_FILE, "gnuplot cannot be started: %s", strerror(errno));
    fprintf(gnuplot, "set terminal %s\nset output '%s'\n", terminal, path);
    write_script(table, gnuplot);
    if (pclose(gnuplot) != 0)
        FAIL(TRALO_ERR_FILE, "%s: gnuplot could not draw it (is it installed? Debian: gnuplot-nox)",
             path);
out:
    sigaction(SIGPIPE, &before, NULL);
    return code;
}
