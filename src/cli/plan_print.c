/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/units.h"

static void print_heading(const char *what, const char *first, const char *second)
{
    printf("\n%s\n%12s %9s  %-11s %12s %4s %9s %11s %9s %9s %9s %9s %9s\n", what, first, second,
           "algebra", "memory/rank", "fits", "flops", "sent/rank", "calls", "value", "+gradient",
           "+Hessian", "study");
}

static void print_row(int64_t first, const plan_t *plan)
{
    char memory[UNITS_TEXT], sent[UNITS_TEXT], value[UNITS_TEXT], gradient[UNITS_TEXT],
        hessian[UNITS_TEXT], study[UNITS_TEXT];
    const work_t *work = &plan->work[2];
    double flops = 0.0;
    for (int k = 0; k <= WORK_PASS; k++)
        flops += work->amount[k];
    units_bytes((double)plan->memory, memory);
    units_bytes(work->bytes, sent);
    units_seconds(plan->seconds[0], value);
    units_seconds(plan->seconds[1], gradient);
    units_seconds(plan->seconds[2], hessian);
    units_seconds(plan->study_seconds, study);
    printf("%12" PRId64 " %9" PRId64 "  %-11s %12s %4s %9.2e %11s %9.3g %9s %9s %9s %9s%s\n", first,
           plan->ranks, plan->algebra, memory, plan->fits ? "yes" : "no", flops, sent, work->calls,
           value, gradient, hessian, study, plan->streamed ? "  X on disk" : "");
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

int plan_job(const plan_report_t *report, char lines[PLAN_JOB_LINES][PLAN_JOB_LINE])
{
    const int64_t each = report->node_ranks < report->ranks ? report->node_ranks : report->ranks;
    const int64_t nodes = (report->ranks + each - 1) / each;
    const plan_t *plan = NULL;
    int count = 0;
    for (int i = 0; i < report->by_ranks.count; i++)
        if (report->by_ranks.rows[i].ranks == report->ranks)
            plan = &report->by_ranks.rows[i].plan;
    if (plan == NULL || !plan->fits)
        return 0;
    const double spare = 1.2, hours = ceil(fmax(2.0 * plan->study_seconds, 600.0) / 60.0) / 60.0;
    const int64_t minutes = (int64_t)llround(60.0 * hours);
    const int64_t megabytes =
        (int64_t)ceil(spare * (double)plan->memory * (double)each / 1048576.0);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --nodes=%" PRId64, nodes);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --ntasks=%" PRId64, report->ranks);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --ntasks-per-node=%" PRId64, each);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --cpus-per-task=%d",
             report->request.rates.threads);
    snprintf(lines[count++], PLAN_JOB_LINE, "#SBATCH --mem=%" PRId64 "M", megabytes);
    snprintf(lines[count++], PLAN_JOB_LINE,
             "#SBATCH --time=%" PRId64 "-%02" PRId64 ":%02" PRId64 ":00", minutes / 1440,
             minutes / 60 % 24, minutes % 60);
    return count;
}

static void print_algebra(const plan_t *plan)
{
    printf("algebra     %s on %" PRId64 " ranks%s (%s)\n", plan->algebra, plan->ranks,
           plan->streamed ? ", X on disk" : "", plan->why);
}

void plan_print(const plan_report_t *report)
{
    char lines[PLAN_JOB_LINES][PLAN_JOB_LINE];
    const plan_table_t *by_ranks = &report->by_ranks;
    print_request(report);
    for (int i = 0; i < by_ranks->count; i++)
        if (by_ranks->rows[i].ranks == report->ranks)
            print_algebra(&by_ranks->rows[i].plan);
    print_heading("by ranks (flops, sent and calls are of an evaluation with Hessian)", "rows",
                  "ranks");
    print_table(by_ranks);
    if (report->by_algebra.count > 1) {
        print_heading("what suits on these ranks", "rows", "ranks");
        print_table(&report->by_algebra);
    }
    print_heading("on the way, on as few ranks as fit", "rows", "ranks");
    print_table(&report->on_the_way);
    printf("\n");
    const int count = plan_job(report, lines);
    for (int i = 0; i < count; i++)
        printf("%s\n", lines[i]);
}
