/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "study/trials.h"

enum { DIGITS = 17, ENDS = 2 };

/* What is being printed. */
typedef struct printing {
    const trials_t *trials;
    FILE *stream;
    double *values; /* [S] of the trial at hand */
} printing_t;

static const char *status_of(const result_evaluation_t *trial)
{
    return isnan(trial->f) ? "failed" : "ok";
}

/* How many values a name has. */
static int64_t values_of(const result_name_t *name)
{
    return name->length > 0 ? name->length : 1;
}

/* ---- a table ----------------------------------------------------------------------------------
 */

static void print_vector(FILE *stream, const double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const bool skip = count > (int64_t)2 * ENDS && i == ENDS;
        i = skip ? count - ENDS : i;
        fprintf(stream, "%s%s%.6g", skip ? ",..." : "", i > 0 ? "," : "", values[i]);
    }
}

static void print_values(const printing_t *p)
{
    const result_layout_t *layout = &p->trials->layout;
    const double *values = p->values;
    for (int k = 0; k < layout->names; values += values_of(&layout->list[k++])) {
        fprintf(p->stream, " %s=", layout->list[k].name);
        print_vector(p->stream, values, values_of(&layout->list[k]));
    }
}

static void table_head(const printing_t *p)
{
    fprintf(p->stream, "%6s  %-6s  %-16s %5s %10s %10s  parameters\n", "trial", "status", "value",
            "group", "started", "seconds");
}

static int table_row(const printing_t *p, const result_evaluation_t *t, bool first)
{
    char value[32] = "";
    (void)first;
    if (!isnan(t->f))
        snprintf(value, sizeof value, "%.10g%s", t->f, t->accepted ? " *" : "");
    fprintf(p->stream, "%6" PRId64 "  %-6s  %-16s %5d %10.3f %10.3f ", t->number, status_of(t),
            value, t->group, t->started, t->seconds - t->started);
    print_values(p);
    if (t->failure[0] != '\0')
        fprintf(p->stream, "  %s", t->failure);
    fputc('\n', p->stream);
    return TRALO_OK;
}

static void table_tail(const printing_t *p)
{
    const trials_t *t = p->trials;
    int64_t failed = 0;
    for (int64_t i = 0; i < t->count; i++)
        failed += isnan(t->list[i].f);
    fprintf(p->stream, "%" PRId64 " trials, %" PRId64 " failed", t->count, failed);
    if (t->best >= 0)
        fprintf(p->stream, "; the lowest value is %.10g, of trial %" PRId64, t->list[t->best].f,
                t->list[t->best].number);
    fputc('\n', p->stream);
}

/* ---- CSV --------------------------------------------------------------------------------------
 */

static void csv_head(const printing_t *p)
{
    const result_layout_t *layout = &p->trials->layout;
    fprintf(p->stream, "trial,status,value,best,group,started,seconds,phase");
    for (int k = 0; k < layout->names; k++)
        if (layout->list[k].length == 0)
            fprintf(p->stream, ",%s", layout->list[k].name);
        else
            for (int64_t i = 0; i < layout->list[k].length; i++)
                fprintf(p->stream, ",%s[%" PRId64 "]", layout->list[k].name, i);
    fprintf(p->stream, ",failure\n");
}

static void csv_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++)
        fprintf(stream, *text == '"' ? "\"%c" : "%c", *text);
    fputc('"', stream);
}

static int csv_row(const printing_t *p, const result_evaluation_t *t, bool first)
{
    (void)first;
    fprintf(p->stream, "%" PRId64 ",%s,", t->number, status_of(t));
    if (!isnan(t->f))
        fprintf(p->stream, "%.17g", t->f);
    fprintf(p->stream, ",%d,%d,%.6f,%.6f,%s", t->accepted, t->group, t->started,
            t->seconds - t->started, t->phase);
    for (int s = 0; s < p->trials->layout.count; s++)
        fprintf(p->stream, ",%.17g", p->values[s]);
    fputc(',', p->stream);
    if (t->failure[0] != '\0')
        csv_text(p->stream, t->failure);
    fputc('\n', p->stream);
    return TRALO_OK;
}

static void no_tail(const printing_t *p)
{
    (void)p;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *vector(const double *values, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, real(values[i]));
    return list;
}

static json_t *parameters(const printing_t *p)
{
    const result_layout_t *layout = &p->trials->layout;
    const double *values = p->values;
    json_t *object = json_object();
    for (int k = 0; k < layout->names; values += values_of(&layout->list[k++]))
        json_object_set_new(object, layout->list[k].name,
                            layout->list[k].length > 0 ? vector(values, layout->list[k].length)
                                                       : real(values[0]));
    return object;
}

/* NULL: out of memory. Texts that are not UTF-8 are left out. */
static json_t *trial_object(const printing_t *p, const result_evaluation_t *t)
{
    json_t *failure = json_string(t->failure), *object = NULL;
    if (t->failure[0] == '\0' || failure == NULL) {
        json_decref(failure);
        failure = t->failure[0] == '\0' ? json_null() : json_string("not UTF-8");
    }
    object = json_pack("{s:I, s:s, s:o, s:b, s:i, s:o, s:o, s:s, s:o, s:o}", "trial",
                       (json_int_t)t->number, "status", status_of(t), "value", real(t->f), "best",
                       t->accepted, "group", t->group, "started", real(t->started), "seconds",
                       real(t->seconds - t->started), "phase", t->phase, "parameters",
                       parameters(p), "failure", failure);
    return object;
}

static void json_head(const printing_t *p)
{
    fputs("[", p->stream);
}

static int json_row(const printing_t *p, const result_evaluation_t *t, bool first)
{
    int code = TRALO_OK;
    json_t *object = trial_object(p, t);
    if (object == NULL)
        FAIL(TRALO_ERR_MEMORY, "out of memory while writing JSON");
    fputs(first ? "\n" : ",\n", p->stream);
    json_dumpf(object, p->stream, JSON_REAL_PRECISION(DIGITS));
out:
    json_decref(object);
    return code;
}

static void json_tail(const printing_t *p)
{
    fputs("\n]\n", p->stream);
}

/* ---- all --------------------------------------------------------------------------------------
 */

static const struct {
    void (*head)(const printing_t *p);
    int (*row)(const printing_t *p, const result_evaluation_t *t, bool first);
    void (*tail)(const printing_t *p);
} formats[] = {[TRIALS_TABLE] = {table_head, table_row, table_tail},
               [TRIALS_CSV] = {csv_head, csv_row, no_tail},
               [TRIALS_JSON] = {json_head, json_row, json_tail}};

static int by_number(const void *a, const void *b)
{
    const result_evaluation_t *const *x = a, *const *y = b;
    return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

int trials_print(const trials_t *trials, trials_format_t format, FILE *stream)
{
    int code = TRALO_OK;
    printing_t p = {.trials = trials, .stream = stream};
    const result_evaluation_t **order = NULL;
    ALLOC(order, trials->count);
    ALLOC(p.values, trials->layout.count);
    for (int64_t i = 0; i < trials->count; i++)
        order[i] = &trials->list[i];
    qsort(order, (size_t)trials->count, sizeof *order, by_number);
    formats[format].head(&p);
    for (int64_t i = 0; i < trials->count && !ferror(stream); i++) {
        TRY(trials_row(trials, order[i] - trials->list, NULL, p.values));
        TRY(formats[format].row(&p, order[i], i == 0));
    }
    formats[format].tail(&p);
    errno = 0;
    if (fflush(stream) != 0 || ferror(stream))
        FAIL(TRALO_ERR_FILE, "cannot write the trials: %s", strerror(errno));
out:
    mem_free(&p.values);
    mem_free(&order);
    return code;
}
