/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/curve.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

typedef struct curve_point {
    double lambda, theta, value, error, slope, bend, exact;
} curve_point_t;

/* Rank 0. */
typedef struct curve {
    study_t *study;
    const curve_options_t *options;
    curve_point_t *points; /* [options->points] */
    double *theta;         /* [S] */
    FILE *file;            /* the CSV */
} curve_t;

enum { ROWS_AT_ONCE = 256 };

/* Weighted mean of the exact leave-one-out losses at theta. */
static double exact_mean(curve_t *curve, const double *beta)
{
    study_t *study = curve->study;
    double losses[ROWS_AT_ONCE], weights[ROWS_AT_ONCE], sum = 0.0;
    for (int64_t i = 0; i < study->data->n; i += ROWS_AT_ONCE) {
        int64_t left = study->data->n - i;
        exact_request_t request = {.theta = curve->theta,
                                   .beta = beta,
                                   .first = i,
                                   .count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE};
        oracle_exact(study->oracle, &request, losses, weights);
        for (int64_t k = 0; k < request.count; k++)
            sum += weights[k] > 0.0 ? weights[k] * losses[k] : 0.0;
    }
    return sum / study->data->weight_sum;
}

static void find_point(curve_t *curve, curve_point_t *point)
{
    int count = curve->study->hyper.count, m = curve->study->hyper.per_group;
    criterion_result_t r;
    for (int s = 0; s < count; s++)
        curve->theta[s] = s % m == 0 ? point->theta : curve->study->box.start[s];
    oracle_evaluate(curve->study->oracle, curve->theta, 2, &r);
    point->value = point->error = point->slope = point->bend = point->exact = NAN;
    if (!r.valid) {
        log_warn("lambda = %g cannot be evaluated: %s", point->lambda, r.failure);
        return;
    }
    point->value = r.value;
    point->error = r.standard_error;
    point->slope = point->bend = 0.0;
    for (int s = 0; s < count; s += m)
        point->slope += r.gradient[s];
    for (int s = 0; s < count; s += m)
        for (int t = 0; t < count; t += m)
            point->bend += r.hessian[s * count + t];
    if (curve->options->exact)
        point->exact = exact_mean(curve, r.beta);
}

/* From the largest penalty down: that is the way of the cheapest warm starts. */
static void find_points(curve_t *curve, double from, double to)
{
    int64_t count = curve->options->points;
    for (int64_t i = count - 1; i >= 0; i--) {
        curve_point_t *point = &curve->points[i];
        double part = count > 1 ? (double)i / (double)(count - 1) : 0.0;
        point->theta = from + part * (to - from);
        point->lambda = exp(point->theta);
        find_point(curve, point);
    }
}

static void print_table(const curve_t *curve, FILE *file, const char *separator)
{
    for (int64_t i = 0; i < curve->options->points; i++) {
        const curve_point_t *p = &curve->points[i];
        const double values[] = {p->lambda, p->theta, p->value, p->error,
                                 p->slope,  p->bend,  p->exact};
        for (int k = 0; k < (curve->options->exact ? 7 : 6); k++)
            fprintf(file, "%s%.17g", k > 0 ? separator : "", values[k]);
        fputc('\n', file);
    }
}

static int write_csv(curve_t *curve)
{
    int code = TRALO_OK;
    FILE *file = curve->file;
    fprintf(file, "lambda,theta,f,standard_error,df,d2f%s\n",
            curve->options->exact ? ",exact" : "");
    print_table(curve, file, ",");
    bool bad = fflush(file) != 0 || ferror(file) != 0;
    curve->file = NULL;
    bad = (file != stdout && fclose(file) != 0) || bad;
    if (bad)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s",
             file == stdout ? "standard output" : curve->options->output, strerror(errno));
out:
    return code;
}

static int picture_terminal(const char *path, const char **terminal)
{
    int code = TRALO_OK;
    const char *dot = strrchr(path, '.');
    if (dot != NULL && strcmp(dot, ".svg") == 0)
        *terminal = "svg size 900,600 font 'sans,14' background 'white'";
    else if (dot != NULL && strcmp(dot, ".png") == 0)
        *terminal = "pngcairo size 900,600 font 'sans,11'";
    else
        FAIL(TRALO_ERR_INPUT, "%s: the picture must be a .svg or a .png", path);
    if (strpbrk(path, "'\n") != NULL)
        FAIL(TRALO_ERR_INPUT, "%s: the name of the picture has a quote in it", path);
out:
    return code;
}

static int open_file(const char *path, const char *mode, FILE **out)
{
    FILE *file = fopen(path, mode);
    if (file == NULL)
        return error_raise(TRALO_ERR_FILE, "%s: cannot be written: %s", path, strerror(errno));
    *out = file;
    return TRALO_OK;
}

/* What cannot be written is found before the work. */
static int open_outputs(curve_t *curve)
{
    int code = TRALO_OK;
    const char *csv = curve->options->output, *plot = curve->options->plot, *terminal;
    FILE *picture = NULL;
    if (plot != NULL) {
        TRY(picture_terminal(plot, &terminal));
        TRY(open_file(plot, "a", &picture));
        fclose(picture);
    }
    if (csv == NULL || strcmp(csv, "-") == 0)
        curve->file = stdout;
    else
        TRY(open_file(csv, "w", &curve->file));
out:
    return code;
}

/* The criterion spans decades, and is above 0. */
static bool wants_log_scale(const curve_t *curve)
{
    double least = INFINITY, most = 0.0;
    for (int64_t i = 0; i < curve->options->points; i++) {
        least = fmin(least, curve->points[i].value);
        most = fmax(most, curve->points[i].value);
    }
    return least > 0.0 && most > 10.0 * least;
}

/* fmin passes over points that could not be evaluated. */
static const curve_point_t *lowest_point(const curve_t *curve)
{
    const curve_point_t *lowest = &curve->points[0];
    for (int64_t i = 1; i < curve->options->points; i++)
        if (fmin(curve->points[i].value, lowest->value) != lowest->value)
            lowest = &curve->points[i];
    return lowest;
}

static void write_script(const curve_t *curve, FILE *gnuplot, const char *terminal)
{
    const config_t *config = curve->study->config;
    const curve_point_t *lowest = lowest_point(curve);
    fprintf(gnuplot, "$curve << END\n");
    print_table(curve, gnuplot, " ");
    fprintf(gnuplot, "END\n$lowest << END\n%.17g %.17g\nEND\n", lowest->lambda, lowest->value);
    fprintf(gnuplot, "set terminal %s\nset output '%s'\n", terminal, curve->options->plot);
    fprintf(gnuplot,
            "set logscale x\nset autoscale xfix\nset format x '10^{%%L}'\nset grid\n"
            "set key top center\nset multiplot layout 2,1\nset lmargin 12\n%s",
            wants_log_scale(curve) ? "set logscale y\n" : "");
    fprintf(gnuplot, "set ylabel '%s, %s loss'\n", config->criterion.name, config->model.loss.name);
    fprintf(gnuplot,
            "plot $curve using 1:3 with lines lw 2 title '%s', "
            "$lowest with points pt 7 lc 'black' title 'lowest point: lambda = %.4g'%s\n",
            config->criterion.name, lowest->lambda,
            curve->options->exact
                ? ", $curve using 1:7 with points pt 6 title 'exact leave-one-out'"
                : "");
    fprintf(gnuplot, "unset logscale y\nset xlabel 'lambda'\n"
                     "set ylabel 'derivatives in log lambda'\n"
                     "plot $curve using 1:5 with lines lw 2 title 'first', "
                     "$curve using 1:6 with lines lw 2 dt 2 title 'second', 0 notitle lc 'black'\n"
                     "unset multiplot\n");
}

/* SIGPIPE, from a gnuplot that is not there or gives up, would end the program without a word. */
static int draw(const curve_t *curve)
{
    int code = TRALO_OK;
    const char *terminal = NULL;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    TRY(picture_terminal(curve->options->plot, &terminal));
    if (isnan(lowest_point(curve)->value))
        FAIL(TRALO_ERR_EVALUATION, "no point could be evaluated: there is nothing to draw");
    FILE *gnuplot = popen("gnuplot >/dev/null", "w");
    if (gnuplot == NULL)
        FAIL(TRALO_ERR_FILE, "gnuplot cannot be started: %s", strerror(errno));
    write_script(curve, gnuplot, terminal);
    if (pclose(gnuplot) != 0)
        FAIL(TRALO_ERR_FILE, "%s: gnuplot could not draw it (is it installed? Debian: gnuplot-nox)",
             curve->options->plot);
out:
    sigaction(SIGPIPE, &before, NULL);
    return code;
}

/* The range of theta that all groups share. */
static int find_range(const study_t *study, const curve_options_t *options, double *from,
                      double *to)
{
    int code = TRALO_OK;
    *from = study->box.lower[0];
    *to = study->box.upper[0];
    for (int s = 0; s < study->box.count; s += study->hyper.per_group) {
        *from = fmax(*from, study->box.lower[s]);
        *to = fmin(*to, study->box.upper[s]);
    }
    *from = options->from > 0.0 ? log(options->from) : *from;
    *to = options->to > 0.0 ? log(options->to) : *to;
    if (!(*from <= *to))
        FAIL(TRALO_ERR_INPUT, "the range of lambda is empty: from %g to %g", exp(*from), exp(*to));
out:
    return code;
}

static int drive(study_t *study, void *argument)
{
    int code = TRALO_OK;
    double from, to;
    curve_t curve = {.study = study, .options = argument};
    TRY(find_range(study, curve.options, &from, &to));
    TRY(open_outputs(&curve));
    ALLOC(curve.points, curve.options->points);
    ALLOC(curve.theta, study->hyper.count);
    find_points(&curve, from, to);
    TRY(write_csv(&curve));
    if (curve.options->plot != NULL)
        TRY(draw(&curve));
out:
    if (curve.file != NULL && curve.file != stdout)
        fclose(curve.file);
    mem_free(&curve.points);
    mem_free(&curve.theta);
    return code;
}

int curve_run(study_t *study, const curve_options_t *options)
{
    curve_options_t copy = *options;
    return study_drive(study, drive, &copy);
}
