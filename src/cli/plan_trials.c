/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans for programs and plug-ins: nothing is known of a trial, but how many there are and how many
   go at once. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/units.h"

enum { ROWS = 16 };

typedef struct row {
    int64_t ranks, groups, each;
    double waves, use, seconds; /* seconds 0: not known */
} row_t;

static row_t row_of(const plan_trials_t *t, int64_t ranks)
{
    row_t row = {.ranks = ranks};
    row.groups = plan_groups_count(&t->groups, ranks, &row.each);
    row.waves = plan_search_waves(&t->search, row.groups);
    row.use = t->search.trials / (row.waves * (double)row.groups);
    row.seconds = row.waves * t->seconds;
    return row;
}

static int64_t ranks_of(const plan_trials_t *t)
{
    return t->ranks > 0 ? t->ranks : plan_groups_ranks(&t->groups, &t->search);
}

/* Powers of 2 times the ranks of a group, up to twice those of the job, which come in between. */
static int find_rows(const plan_trials_t *t, row_t rows[ROWS])
{
    const int64_t here = ranks_of(t), first = t->groups.dedicated,
                  each = t->groups.ranks_per_group > 0 ? t->groups.ranks_per_group : 1;
    int count = 0;
    int64_t groups = 1;
    while (groups * each * 64 < here)
        groups *= 2;
    for (bool told = false; count < ROWS - 1 && (!told || groups * each < 4 * here); groups *= 2) {
        const int64_t ranks = first + groups * each;
        if (!told && here <= ranks)
            rows[count++] = row_of(t, here);
        told = told || here <= ranks;
        if (ranks != here)
            rows[count++] = row_of(t, ranks);
    }
    return count;
}

static int find_lines(const plan_trials_t *t, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE])
{
    const row_t row = row_of(t, ranks_of(t));
    const int64_t each = t->node_ranks < row.ranks ? t->node_ranks : row.ranks;
    return plan_job_lines(&(plan_lines_t){.ranks = row.ranks,
                                          .each = t->node_ranks > 1 ? each : 0,
                                          .seconds = row.seconds},
                          lines);
}

void plan_search_print(const plan_search_t *search)
{
    printf("search      %s: at most %.0f trials, in %.0f step%s of up to %" PRId64 " at once\n",
           search->kind->name, search->trials, search->steps, search->steps == 1.0 ? "" : "s",
           search->most);
}

static void print_trial(const plan_trials_t *t)
{
    char text[UNITS_TEXT];
    units_seconds(t->seconds, text);
    if (t->seconds > 0.0)
        printf("a trial     %s, as given; all are taken to be as long\n", text);
    else
        printf("a trial     takes the time and memory of the %s, which no plan knows: "
               "--trial-seconds X tells the time\n",
               t->oracle);
}

static void print(const plan_trials_t *t, const row_t *rows, int count)
{
    char text[UNITS_TEXT], lines[PLAN_JOB_LINES][PLAN_JOB_LINE];
    printf("study       %s, %d parameter%s\n", t->oracle, t->parameters,
           t->parameters == 1 ? "" : "s");
    plan_search_print(&t->search);
    print_trial(t);
    printf("\nby ranks: trials of a step go in waves, one to each group (groups that are idle run "
           "ahead of the search, which may save more)\n%9s %9s %11s %12s %9s %5s %9s\n",
           "ranks", "groups", "ranks/group", "waves/step", "waves", "busy", "study");
    for (int i = 0; i < count; i++) {
        const row_t *r = &rows[i];
        units_seconds(r->seconds, text);
        printf("%9" PRId64 " %9" PRId64 " %11" PRId64 " %12.3g %9.0f %4.0f%% %9s\n", r->ranks,
               r->groups, r->each, r->waves / t->search.steps, r->waves, 100.0 * r->use,
               t->seconds > 0.0 ? text : "-");
    }
    printf("\n");
    const int words = find_lines(t, lines);
    for (int i = 0; i < words; i++)
        printf("%s\n", lines[i]);
    printf("# jobs that are shorter go on one from the other: TRALO_REQUEUE=20 sbatch ...\n");
    printf("# and --cpus-per-task, --mem%s as the %s wants\n",
           t->seconds > 0.0 ? "" : " and --time", t->oracle);
}

static json_t *object(const row_t *r)
{
    json_t *row = json_pack("{s:I, s:I, s:I, s:f, s:f}", "ranks", (json_int_t)r->ranks, "groups",
                            (json_int_t)r->groups, "ranks_per_group", (json_int_t)r->each, "waves",
                            r->waves, "use", r->use);
    json_object_set_new(row, "seconds", r->seconds > 0.0 ? json_real(r->seconds) : json_null());
    return row;
}

static json_t *tree(const plan_trials_t *t, const row_t *rows, int count)
{
    char lines[PLAN_JOB_LINES][PLAN_JOB_LINE];
    json_t *list = json_array(), *job = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, object(&rows[i]));
    const int words = find_lines(t, lines);
    for (int i = 0; i < words; i++)
        json_array_append_new(job, json_string(lines[i]));
    return json_pack("{s:s, s:i, s:I, s:o, s:o, s:o}", "oracle", t->oracle, "parameters",
                     t->parameters, "ranks", (json_int_t)ranks_of(t), "search",
                     plan_search_json(&t->search), "by_ranks", list, "sbatch", job);
}

int plan_trials_show(const plan_trials_t *trials, const char *path)
{
    int code = TRALO_OK;
    row_t rows[ROWS];
    const int count = find_rows(trials, rows);
    if (path == NULL || strcmp(path, "-") != 0)
        print(trials, rows, count);
    if (path != NULL)
        TRY(plan_write(tree(trials, rows, count), path));
out:
    return code;
}
