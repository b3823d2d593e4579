/* SPDX-License-Identifier: BSD-3-Clause */
/* theta of the hyperparameter `place` of every group goes along the grid, from the largest value
   down (for lambda the way of the cheapest warm starts); the others stay at the base. */
#include "study/curve.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "study/curve_plot.h"
#include "study/picture.h"
#include "study/point.h"

/* Rank 0. */
typedef struct curve {
    study_t *study;
    const curve_options_t *options;
    int place;             /* of the hyperparameter in a group, */
    const char *name;      /* and its name */
    curve_point_t *points; /* [options->points] */
    double *base, *theta;  /* [S] where the others stay, where the evaluation is */
    FILE *file;            /* the CSV */
} curve_t;

enum { ROWS_AT_ONCE = 256, STEPS = 12 };

static const double CLOSE = 1e-4; /* in theta: enough for a mark and its four digits */

/* ---- one hyperparameter of a group -------------------------------------------------------------
 */
static int find_place(curve_t *curve)
{
    int code = TRALO_OK;
    const hyper_t *hyper = &curve->study->hyper;
    const char *along = curve->options->along;
    while (along != NULL && curve->place < hyper->per_group &&
           strcmp(hyper->names[curve->place], along) != 0)
        curve->place++;
    if (curve->place == hyper->per_group)
        FAIL(TRALO_ERR_INPUT, "--along %s: '%s' has no such hyperparameter; see tralo list", along,
             hyper->owner);
    curve->name = hyper->names[curve->place];
out:
    return code;
}

static double to_natural(const curve_t *curve, double theta)
{
    const hyper_t *hyper = &curve->study->hyper;
    double group[HYPER_PER_GROUP], natural[HYPER_PER_GROUP];
    memcpy(group, curve->base, sizeof *group * (size_t)hyper->per_group);
    group[curve->place] = theta;
    hyper_group_natural(hyper, group, natural);
    return natural[curve->place];
}

static int from_natural(const curve_t *curve, double value, double *theta)
{
    int code = TRALO_OK;
    hyper_t one = curve->study->hyper; /* of its groups the first */
    double group[HYPER_PER_GROUP], natural[HYPER_PER_GROUP];
    one.groups = 1;
    one.count = one.per_group;
    hyper_natural(&one, curve->base, natural);
    natural[curve->place] = value;
    hyper_from_natural(&one, natural, group);
    if (!isfinite(group[curve->place]))
        FAIL(TRALO_ERR_INPUT, "%g is not possible for the hyperparameter '%s' of '%s'", value,
             curve->name, one.owner);
    *theta = group[curve->place];
out:
    return code;
}

/* The range of theta that all groups share. */
static int find_range(const curve_t *curve, double *from, double *to)
{
    int code = TRALO_OK;
    const outer_box_t *box = &curve->study->box;
    const curve_options_t *options = curve->options;
    *from = -INFINITY;
    *to = INFINITY;
    for (int s = curve->place; s < box->count; s += curve->study->hyper.per_group) {
        *from = fmax(*from, box->lower[s]);
        *to = fmin(*to, box->upper[s]);
    }
    if (options->from > 0.0)
        TRY(from_natural(curve, options->from, from));
    if (options->to > 0.0)
        TRY(from_natural(curve, options->to, to));
    if (!(*from <= *to))
        FAIL(TRALO_ERR_INPUT, "the range of %s is empty: from %g to %g", curve->name,
             to_natural(curve, *from), to_natural(curve, *to));
out:
    return code;
}

/* ---- points ------------------------------------------------------------------------------------
 */
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

static curve_point_t find_point(curve_t *curve, double theta, bool exact)
{
    int count = curve->study->hyper.count, m = curve->study->hyper.per_group;
    curve_point_t point = {to_natural(curve, theta), theta, NAN, NAN, NAN, NAN, NAN};
    criterion_result_t r;
    memcpy(curve->theta, curve->base, (size_t)count * sizeof *curve->theta);
    for (int s = curve->place; s < count; s += m)
        curve->theta[s] = theta;
    oracle_evaluate(curve->study->oracle, curve->theta, 2, &r);
    if (!r.valid) {
        log_warn("%s = %g cannot be evaluated: %s", curve->name, point.natural, r.failure);
        return point;
    }
    point.value = r.value;
    point.error = r.standard_error;
    point.slope = point.bend = 0.0;
    for (int s = curve->place; s < count; s += m)
        point.slope += r.gradient[s];
    for (int s = curve->place; s < count; s += m)
        for (int t = curve->place; t < count; t += m)
            point.bend += r.hessian[s * count + t];
    if (exact)
        point.exact = exact_mean(curve, r.beta);
    return point;
}

static void find_points(curve_t *curve, double from, double to)
{
    int64_t count = curve->options->points;
    for (int64_t i = count - 1; i >= 0; i--) {
        double part = count > 1 ? (double)i / (double)(count - 1) : 0.0;
        curve->points[i] = find_point(curve, from + part * (to - from), curve->options->exact);
    }
}

/* fmin passes over points that could not be evaluated. */
static int64_t lowest_point(const curve_t *curve)
{
    int64_t lowest = 0;
    for (int64_t i = 1; i < curve->options->points; i++)
        if (fmin(curve->points[i].value, curve->points[lowest].value) !=
            curve->points[lowest].value)
            lowest = i;
    return lowest;
}

/* From the lowest point of the grid to the minimum between its neighbours: Newton steps, and
   halving where they leave the bracket. */
static curve_point_t find_minimum(curve_t *curve, int64_t lowest)
{
    curve_point_t best = curve->points[lowest], at = best;
    double low = curve->points[lowest - 1].theta, high = curve->points[lowest + 1].theta;
    for (int k = 0; k < STEPS && isfinite(at.slope); k++) {
        if (at.slope > 0.0)
            high = at.theta;
        else
            low = at.theta;
        double next = at.theta - at.slope / at.bend;
        next = at.bend > 0.0 && next > low && next < high ? next : 0.5 * (low + high);
        bool close = fabs(next - at.theta) < CLOSE;
        at = find_point(curve, next, false);
        best = at.value < best.value ? at : best;
        if (close)
            break;
    }
    return best;
}

/* ---- outputs -----------------------------------------------------------------------------------
 */
static int write_csv(curve_t *curve, const curve_table_t *table)
{
    int code = TRALO_OK;
    FILE *file = curve->file;
    fprintf(file, "%s,theta,f,standard_error,df,d2f%s\n", table->name,
            table->exact ? ",exact" : "");
    curve_print(table, file, ",");
    bool bad = fflush(file) != 0 || ferror(file) != 0;
    curve->file = NULL;
    bad = (file != stdout && fclose(file) != 0) || bad;
    if (bad)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s",
             file == stdout ? "standard output" : curve->options->output, strerror(errno));
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
    const char *csv = curve->options->output, *plot = curve->options->plot;
    FILE *picture = NULL;
    if (plot != NULL) {
        TRY(picture_check(plot));
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

static int draw(curve_t *curve, const curve_table_t *table)
{
    curve_table_t picture = *table;
    const config_t *config = curve->study->config;
    const data_t *data = curve->study->data;
    const int64_t lowest = lowest_point(curve);
    const char *slash = strrchr(data->title, '/');
    char title[256];
    snprintf(title, sizeof title, "%s (%lld x %d), %s loss, %s",
             slash != NULL ? slash + 1 : data->title, (long long)data->n, data->p,
             config->model.loss.name, curve->study->hyper.owner);
    picture.title = title;
    picture.criterion = config->criterion.name;
    picture.loss = config->model.loss.name;
    picture.log = fabs(log(picture.points[0].natural) - picture.points[0].theta) < 1e-9;
    picture.interior = lowest > 0 && lowest < picture.count - 1;
    picture.lowest = picture.interior ? find_minimum(curve, lowest) : picture.points[lowest];
    return curve_plot(&picture, curve->options->plot);
}

static int drive(study_t *study, void *argument)
{
    int code = TRALO_OK;
    double from, to;
    size_t count = (size_t)study->hyper.count;
    curve_t curve = {.study = study, .options = argument};
    ALLOC(curve.points, curve.options->points);
    ALLOC(curve.base, (int64_t)count);
    ALLOC(curve.theta, (int64_t)count);
    memcpy(curve.base, study->box.start, count * sizeof *curve.base);
    if (curve.options->lambda != NULL)
        TRY(point_parse(study, curve.options->lambda, curve.base));
    TRY(find_place(&curve));
    TRY(find_range(&curve, &from, &to));
    TRY(open_outputs(&curve));
    find_points(&curve, from, to);
    curve_table_t table = {.name = curve.name,
                           .exact = curve.options->exact,
                           .count = curve.options->points,
                           .points = curve.points};
    TRY(write_csv(&curve, &table));
    if (curve.options->plot != NULL)
        TRY(draw(&curve, &table));
out:
    if (curve.file != NULL && curve.file != stdout)
        fclose(curve.file);
    mem_free(&curve.points);
    mem_free(&curve.base);
    mem_free(&curve.theta);
    return code;
}

int curve_run(study_t *study, const curve_options_t *options)
{
    curve_options_t copy = *options;
    return study_drive(study, drive, &copy);
}
