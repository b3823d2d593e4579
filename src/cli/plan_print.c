/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/units.h"

static void print_heading(const char *what, bool values)
{
    printf("\n%s\n%12s %9s", what, "rows", "ranks");
    if (values)
        printf(" %9s %9s %5s", "groups", "waves", "busy");
    printf("  %-11s %12s %4s %9s %11s %9s %9s", "algebra", "memory/rank", "fits", "flops",
           "sent/rank", "calls", "value");
    if (!values)
        printf(" %9s %9s", "+gradient", "+Hessian");
    printf(" %9s\n", "study");
}

static void print_row(int64_t first, const plan_t *plan)
{
    char memory[UNITS_TEXT], sent[UNITS_TEXT], value[UNITS_TEXT], gradient[UNITS_TEXT],
        hessian[UNITS_TEXT], study[UNITS_TEXT];
    const bool values = plan->waves > 0.0; /* alone */
    const work_t *work = &plan->work[values ? 0 : 2];
    double flops = 0.0;
    for (int k = 0; k <= WORK_PASS; k++)
        flops += work->amount[k];
    units_bytes((double)plan->memory, memory);
    units_bytes(work->bytes, sent);
    units_seconds(plan->seconds[0], value);
    units_seconds(plan->seconds[1], gradient);
    units_seconds(plan->seconds[2], hessian);
    units_seconds(plan->study_seconds, study);
    printf("%12" PRId64 " %9" PRId64, first, plan->ranks);
    if (values)
        printf(" %9" PRId64 " %9.0f %4.0f%%", plan->groups, plan->waves, 100.0 * plan->use);
    printf("  %-11s %12s %4s %9.2e %11s %9.3g %9s", plan->algebra, memory,
           plan->fits ? "yes" : "no", flops, sent, work->calls, value);
    if (!values)
        printf(" %9s %9s", gradient, hessian);
    printf(" %9s%s\n", study, plan->streamed ? "  X on disk" : "");
}

static void print_table(const plan_table_t *table)
{
    for (int i = 0; i < table->count; i++)
        if (table->rows[i].ranks > 0)
            print_row(table->rows[i].n, &table->rows[i].plan);
        else
            printf("%12" PRId64 "    fits on no number of ranks\n", table->rows[i].n);
}

static void print_rates(const plan_report_t *report)
{
    const plan_rates_t *rates = &report->request.rates;
    char row[UNITS_TEXT], latency[UNITS_TEXT];
    units_seconds(1.0 / rates->does.amount[WORK_ROW], row);
    units_seconds(rates->does.latency, latency);
    printf("a rank      %.1f Gflop/s in panels of rows, %.1f in factors, %.1f in shared matrices; "
           "passes over X %.1f GB/s; a row's loss %s (%s, threads: %d)\n",
           1e-9 * rates->does.amount[WORK_PANEL], 1e-9 * rates->does.amount[WORK_WHOLE],
           1e-9 * rates->does.amount[WORK_SHARED], 4e-9 * rates->does.amount[WORK_PASS], row,
           rates->measured ? "measured here" : "given", rates->threads);
    printf("disk        %.3g GB/s to each rank, where X does not fit into memory (%s%s)\n",
           1e-9 * rates->does.amount[WORK_READ],
           report->reading_from != NULL ? "measured from " : "given",
           report->reading_from != NULL ? report->reading_from : "");
    printf("messages    %s for a small sum over %d ranks, %.2f GB/s (%s)\n", latency,
           rates->does.ranks, 1e-9 * rates->does.bandwidth,
           rates->messages_measured ? "measured here" : "given");
}

static void print_request(const plan_report_t *report)
{
    const plan_request_t *r = &report->request;
    char memory[UNITS_TEXT];
    printf("study       %" PRId64 " x %d, density %g, %s, %s%s, %d hyperparameter%s\n", r->n, r->p,
           r->density, r->loss, r->criterion, r->kernel ? " with a kernel" : "", r->count,
           r->count == 1 ? "" : "s");
    if (r->inner != NULL)
        printf("inner       %s\n", r->inner->name);
    if (r->search != NULL)
        plan_search_print(r->search);
    print_rates(report);
    if (r->memory == 0)
        return;
    units_bytes((double)r->memory, memory);
    printf("memory      %s for a rank; ", memory);
    if (report->least_ranks > 0)
        printf("the least number of ranks that fits is %" PRId64, report->least_ranks);
    else
        printf("it fits on no number of ranks up to %" PRId64, report->most_ranks);
    if (report->least_on_disk > 0 &&
        (report->least_ranks == 0 || report->least_on_disk < report->least_ranks))
        printf(", with X on disk %" PRId64, report->least_on_disk);
    printf("\n");
}

/* Twice the time, and at least ten minutes. */
static void print_time(double seconds, char *line)
{
    const int64_t minutes = (int64_t)ceil(fmax(2.0 * seconds, 600.0) / 60.0);
    snprintf(line, PLAN_JOB_LINE, "#SBATCH --time=%" PRId64 "-%02" PRId64 ":%02" PRId64 ":00",
             minutes / 1440, minutes / 60 % 24, minutes % 60);
}

int plan_job_lines(const plan_lines_t *job, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE])
{
    int count = 0;
    if (job->each > 0)
        snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --nodes=%" PRId64,
                 (job->ranks + job->each - 1) / job->each);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --ntasks=%" PRId64, job->ranks);
    if (job->each > 0)
        snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --ntasks-per-node=%" PRId64, job->each);
    if (job->threads > 0)
        snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --cpus-per-task=%d", job->threads);
    if (job->megabytes > 0.0)
        snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --mem=%.0fM", job->megabytes);
    if (job->seconds > 0.0)
        print_time(job->seconds, lines[count++]);
    return count;
}

int plan_job(const plan_report_t *report, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE])
{
    const int64_t each = report->node_ranks < report->ranks ? report->node_ranks : report->ranks;
    const plan_t *plan = NULL;
    for (int i = 0; i < report->by_ranks.count; i++)
        if (report->by_ranks.rows[i].ranks == report->ranks)
            plan = &report->by_ranks.rows[i].plan;
    if (plan == NULL || !plan->fits)
        return 0;
    const double spare = 1.2, node = spare * (double)plan->memory * (double)each;
    return plan_job_lines(&(plan_lines_t){.ranks = report->ranks,
                                          .each = each,
                                          .threads = report->request.rates.threads,
                                          .megabytes = ceil(node / 1048576.0),
                                          .seconds = plan->study_seconds},
                          lines);
}

static void print_algebra(const plan_t *plan)
{
    printf("algebra     %s on %" PRId64 " rank%s", plan->algebra, plan->ranks,
           plan->ranks == 1 ? "" : "s");
    if (plan->groups > 1)
        printf(", %" PRId64 " groups of %" PRId64 " or more", plan->groups, plan->group_ranks);
    printf("%s (%s)\n", plan->streamed ? ", X on disk" : "", plan->why);
}

void plan_print(const plan_report_t *report)
{
    char lines[PLAN_JOB_LINES][PLAN_JOB_LINE];
    const plan_table_t *by_ranks = &report->by_ranks;
    const bool values = report->request.search != NULL;
    print_request(report);
    for (int i = 0; i < by_ranks->count; i++)
        if (by_ranks->rows[i].ranks == report->ranks)
            print_algebra(&by_ranks->rows[i].plan);
    print_heading(values ? "by ranks (flops, sent and calls are of a value)"
                         : "by ranks (flops, sent and calls are of an evaluation with Hessian)",
                  values);
    print_table(by_ranks);
    if (report->by_algebra.count > 1) {
        print_heading("what suits on these ranks", values);
        print_table(&report->by_algebra);
    }
    print_heading("on the way, on as few ranks as fit", values);
    print_table(&report->on_the_way);
    printf("\n");
    const int count = plan_job(report, lines);
    for (int i = 0; i < count; i++)
        printf("%s\n", lines[i]);
}
