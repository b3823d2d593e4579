/* SPDX-License-Identifier: BSD-3-Clause */
/* Three panels: values over trials, values over time, and the parameters of the best over trials.
   The range of values is that of the lowest so far, with room above for the other trials as far as
   they are not far away. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "study/picture.h"
#include "study/trials.h"

enum { LINES_MOST = 60, KEYS_MOST = 8, LABEL_SIZE = 96 };

/* $trials: place, seconds, value, lowest so far; failed trials are not in it. */
static void write_trials(const trials_t *t, FILE *script)
{
    double lowest = INFINITY;
    fprintf(script, "$trials << END\n");
    for (int64_t i = 0; i < t->count; i++) {
        if (isnan(t->list[i].f))
            continue;
        lowest = fmin(lowest, t->list[i].f);
        fprintf(script, "%" PRId64 " %.9g %.17g %.17g\n", i + 1, t->list[i].seconds, t->list[i].f,
                lowest);
    }
    fprintf(script, "END\n");
}

/* Values that span decades above 0 go on a logarithmic axis. */
static void write_range(const trials_t *t, FILE *script)
{
    double first = NAN, least = t->list[t->best].f, most = least;
    for (int64_t i = 0; i < t->count; i++) {
        first = isnan(first) ? t->list[i].f : first;
        most = isnan(t->list[i].f) ? most : fmax(most, t->list[i].f);
    }
    if (least > 0.0 && first > 5.0 * least) {
        fprintf(script, "set logscale y\nset yrange [%.17g:%.17g]\n",
                least / pow(first / least, 0.06), fmin(most, first * first / least) * 1.2);
        return;
    }
    const double fall = first > least ? first - least : fmax(most - least, 1e-9 * fabs(least));
    const double margin = fmax(0.06 * fall, 1e-300);
    fprintf(script, "unset logscale y\nset yrange [%.17g:%.17g]\n", least - margin,
            fmin(most, first + fall) + margin);
}

static void write_values(const picture_t *picture, int column, const char *label)
{
    FILE *script = picture->script;
    fprintf(script,
            "set xlabel '%s'\nset ylabel 'value'\nplot $trials using %d:3 with points pt 7 ps 0.4 "
            "lc 'gray60' title 'each trial', $trials using %d:4 with steps lw 2 lc 'black' title "
            "'lowest so far'\n",
            label, column, column);
}

/* What the s-th value is called. */
static void label_of(const result_layout_t *layout, int64_t s, char *out)
{
    for (int k = 0; k < layout->names; k++) {
        const int64_t length = layout->list[k].length, values = length > 0 ? length : 1;
        if (s >= values) {
            s -= values;
            continue;
        }
        if (length > 0)
            snprintf(out, LABEL_SIZE, "%.64s[%" PRId64 "]", layout->list[k].name, s);
        else
            snprintf(out, LABEL_SIZE, "%.64s", layout->list[k].name);
        return;
    }
}

/* $best: place and some values where f was the lowest so far; at the end once more. values [S] is
   scratch; *positive: all are. */
static int write_best(const trials_t *t, int lines, double *values, FILE *script, bool *positive)
{
    int code = TRALO_OK;
    double lowest = INFINITY;
    *positive = true;
    fprintf(script, "$best << END\n");
    for (int64_t i = 0; i < t->count; i++) {
        const bool better = t->list[i].f < lowest, last = i == t->count - 1;
        if (better)
            TRY(trials_row(t, i, NULL, values));
        lowest = better ? t->list[i].f : lowest;
        if (!better && !(last && isfinite(lowest)))
            continue;
        fprintf(script, "%" PRId64, i + 1);
        for (int64_t k = 0; k < lines; k++) {
            const double value = values[k * t->layout.count / lines];
            *positive = *positive && value > 0.0;
            fprintf(script, " %.9g", value);
        }
        fputc('\n', script);
    }
    fprintf(script, "END\n");
out:
    return code;
}

static void plot_best(const trials_t *t, int lines, bool positive, FILE *script)
{
    char label[LABEL_SIZE];
    fprintf(script,
            "%sset logscale y\nset autoscale y\nset xlabel 'trials that have ended'\n"
            "set ylabel 'parameters of the lowest'\nplot ",
            positive ? "" : "un");
    for (int64_t k = 0; k < lines; k++) {
        fprintf(script, "%s$best using 1:%" PRId64 " with steps lw %d ", k > 0 ? ", " : "", k + 2,
                lines <= KEYS_MOST ? 2 : 1);
        label_of(&t->layout, k * t->layout.count / lines, label);
        if (lines <= KEYS_MOST)
            fprintf(script, "title '%s' noenhanced", label);
        else
            fprintf(script, "notitle");
    }
    fputc('\n', script);
}

static int write_script(const trials_t *t, const char *title, double *values,
                        const picture_t *picture)
{
    int code = TRALO_OK;
    FILE *script = picture->script;
    const int lines = t->layout.count < LINES_MOST ? t->layout.count : LINES_MOST;
    bool positive;
    write_trials(t, script);
    TRY(write_best(t, lines, values, script, &positive));
    fprintf(script, "set grid\nset key above samplen 2\nset lmargin 12\nset rmargin 3\n"
                    "set multiplot layout 3,1 title ");
    picture_text(picture, title);
    fputs(" noenhanced\n", script);
    write_range(t, script);
    write_values(picture, 1, "trials that have ended");
    write_values(picture, 2, "seconds");
    plot_best(t, lines, positive, script);
    fputs("unset multiplot\n", script);
out:
    return code;
}

int trials_plot(const trials_t *trials, const char *title, const char *path)
{
    int code = TRALO_OK, drawn;
    double *values = NULL;
    picture_t picture = {.script = NULL};
    TRY(picture_check(path));
    if (trials->best < 0)
        FAIL(TRALO_ERR_EVALUATION, "%s: no trial has a value: there is nothing to draw",
             trials->path);
    ALLOC(values, trials->layout.count);
    TRY(picture_begin(path, 900, 1000, &picture));
    TRY(write_script(trials, title, values, &picture));
out:
    drawn = picture_end(&picture);
    mem_free(&values);
    return code != TRALO_OK ? code : drawn;
}
