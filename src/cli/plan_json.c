/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan.h"

static const char *const orders[PLAN_ORDERS] = {"value", "gradient", "hessian"};
static const char *const kinds[WORK_MOVE] = {
    [WORK_PANEL] = "panel", [WORK_WHOLE] = "whole", [WORK_SHARED] = "shared",
    [WORK_PASS] = "pass",   [WORK_ENTRY] = "entry", [WORK_PAIR] = "pair",
    [WORK_ROW] = "row",     [WORK_BLOCK] = "block", [WORK_READ] = "read"};

static json_t *amounts(const double *values)
{
    json_t *object = json_object();
    for (int k = 0; k < WORK_MOVE; k++)
        json_object_set_new(object, kinds[k], json_real(values[k]));
    return object;
}

static json_t *evaluation(const work_t *work, double seconds)
{
    json_t *object = amounts(work->amount);
    json_object_set_new(object, "calls", json_real(work->calls));
    json_object_set_new(object, "bytes", json_real(work->bytes));
    json_object_set_new(object, "seconds", json_real(seconds));
    return object;
}

static json_t *plan_object(int64_t n, const plan_t *plan)
{
    json_t *object = json_pack("{s:I, s:I, s:s, s:I, s:b}", "rows", (json_int_t)n, "ranks",
                               (json_int_t)plan->ranks, "algebra", plan->algebra, "memory",
                               (json_int_t)plan->memory, "fits", plan->fits);
    json_object_set_new(object, "streamed", json_boolean(plan->streamed));
    json_object_set_new(object, "once", evaluation(&plan->once, plan->once_seconds));
    for (int k = 0; k < PLAN_ORDERS; k++)
        json_object_set_new(object, orders[k], evaluation(&plan->work[k], plan->seconds[k]));
    json_object_set_new(object, "study_seconds", json_real(plan->study_seconds));
    json_object_set_new(object, "groups", json_integer(plan->groups));
    json_object_set_new(object, "ranks_per_group", json_integer(plan->group_ranks));
    if (plan->waves > 0.0) {
        json_object_set_new(object, "waves", json_real(plan->waves));
        json_object_set_new(object, "use", json_real(plan->use));
    }
    return object;
}

static json_t *table(const plan_table_t *t)
{
    json_t *list = json_array();
    for (int i = 0; i < t->count; i++)
        json_array_append_new(
            list, t->rows[i].ranks > 0
                      ? plan_object(t->rows[i].n, &t->rows[i].plan)
                      : json_pack("{s:I, s:n}", "rows", (json_int_t)t->rows[i].n, "ranks"));
    return list;
}

json_t *plan_search_json(const plan_search_t *s)
{
    return json_pack("{s:s, s:f, s:f, s:I}", "method", s->kind->name, "trials", s->trials, "steps",
                     s->steps, "most", (json_int_t)s->most);
}

static json_t *rates(const plan_report_t *report)
{
    const plan_rates_t *r = &report->request.rates;
    json_t *object = amounts(r->does.amount);
    json_object_set_new(object, "latency", json_real(r->does.latency));
    json_object_set_new(object, "bandwidth", json_real(r->does.bandwidth));
    json_object_set_new(object, "ranks", json_integer(r->does.ranks));
    json_object_set_new(object, "threads", json_integer(r->threads));
    json_object_set_new(object, "measured", json_boolean(r->measured));
    json_object_set_new(object, "messages_measured", json_boolean(r->messages_measured));
    json_object_set_new(object, "read_measured", json_boolean(report->reading_from != NULL));
    return object;
}

static json_t *job(const plan_report_t *report)
{
    char lines[PLAN_JOB_LINES][PLAN_JOB_LINE];
    const int count = plan_job(report, lines);
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_string(lines[i]));
    return list;
}

int plan_json(const plan_report_t *report, const char *path)
{
    json_t *root =
        json_pack("{s:I, s:i, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "rows",
                  (json_int_t)report->request.n, "cols", report->request.p, "ranks",
                  (json_int_t)report->ranks, "least_ranks", (json_int_t)report->least_ranks,
                  "least_on_disk", (json_int_t)report->least_on_disk, "rates", rates(report),
                  "by_ranks", table(&report->by_ranks), "by_algebra", table(&report->by_algebra),
                  "on_the_way", table(&report->on_the_way), "sbatch", job(report));
    if (root != NULL && report->request.search != NULL)
        json_object_set_new(root, "search", plan_search_json(report->request.search));
    return plan_write(root, path);
}

int plan_write(json_t *root, const char *path)
{
    int code = TRALO_OK;
    const bool out = strcmp(path, "-") == 0;
    FILE *file = NULL;
    if (root == NULL)
        FAIL(TRALO_ERR_MEMORY, "out of memory while writing JSON");
    file = out ? stdout : fopen(path, "w");
    if (file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written", path);
    if (json_dumpf(root, file, JSON_INDENT(2)) != 0 || fputc('\n', file) == EOF ||
        fflush(file) != 0)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written", path);
out:
    if (!out && file != NULL)
        fclose(file);
    json_decref(root);
    return code;
}
