/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of a plan: on other ranks, by other algebras, with fewer rows. */
#include "cli/plan.h"

static int add(const plan_request_t *request, int64_t ranks, plan_table_t *table)
{
    if (table->count == PLAN_ROWS)
        return TRALO_OK;
    table->rows[table->count].n = request->n;
    table->rows[table->count].ranks = ranks;
    return ranks > 0 ? plan_make(request, ranks, &table->rows[table->count++].plan)
                     : (table->count++, TRALO_OK);
}

/* With X in memory, and where that does not fit with X on disk, if that does. */
static int add_both(const plan_request_t *request, int64_t ranks, plan_table_t *table)
{
    int code = TRALO_OK;
    plan_request_t on_disk = *request;
    plan_t plan;
    TRY(add(request, ranks, table));
    on_disk.streamed = true;
    if (!table->rows[table->count - 1].plan.fits && plan_make(&on_disk, ranks, &plan) == TRALO_OK &&
        plan.streamed && plan.fits)
        TRY(add(&on_disk, ranks, table));
out:
    return code;
}

/* The least ranks that fit with X on disk; 0: none, or no algebra goes over such an X. */
static int64_t least_on_disk(const plan_request_t *request, int64_t most)
{
    plan_request_t on_disk = *request;
    int64_t ranks = 0;
    plan_t plan;
    on_disk.streamed = true;
    if (plan_make(&on_disk, 1, &plan) != TRALO_OK || !plan.streamed ||
        plan_least_ranks(&on_disk, most, &ranks) != TRALO_OK)
        return 0;
    return ranks;
}

/* Around the ranks that the job is for: some powers of 2 below and above. */
static int find_by_ranks(plan_report_t *report)
{
    int code = TRALO_OK;
    const int64_t here = report->ranks;
    int64_t power = 1;
    while (power * 32 < here)
        power *= 2;
    for (bool told = false; power <= here * 8 && power <= report->request.n; power *= 2) {
        if (!told && here <= power)
            TRY(add_both(&report->request, here, &report->by_ranks));
        told = told || here <= power;
        if (power != here)
            TRY(add_both(&report->request, power, &report->by_ranks));
    }
    if (report->by_ranks.count == 0 || power <= here)
        TRY(add_both(&report->request, here, &report->by_ranks));
out:
    return code;
}

static void keep_algebra(const plan_t *plan, void *context)
{
    plan_report_t *report = context;
    plan_table_t *table = &report->by_algebra;
    if (table->count == PLAN_ROWS)
        return;
    table->rows[table->count].n = report->request.n;
    table->rows[table->count].ranks = plan->ranks;
    table->rows[table->count++].plan = *plan;
}

/* From a thousandth of the rows, tenfold each time, on as few ranks as fit, and on fewer with X on
   disk. */
static int find_on_the_way(plan_report_t *report)
{
    int code = TRALO_OK;
    for (int64_t part = 1000; part >= 1; part /= 10) {
        plan_request_t request = report->request;
        int64_t ranks;
        request.n /= part;
        if (request.n < 2)
            continue;
        TRY(plan_least_ranks(&request, report->most_ranks, &ranks));
        TRY(add(&request, ranks, &report->on_the_way));
        const int64_t on_disk = least_on_disk(&request, report->most_ranks);
        request.streamed = true;
        if (on_disk > 0 && (ranks == 0 || on_disk < ranks))
            TRY(add(&request, on_disk, &report->on_the_way));
    }
out:
    return code;
}

int plan_find(int64_t asked, plan_report_t *report)
{
    int code = TRALO_OK;
    const inner_kind_t *inner = report->request.inner;
    const int64_t most = 1 << 20, n = report->request.n;
    report->most_ranks = n < most ? n : most;
    TRY(plan_least_ranks(&report->request, report->most_ranks, &report->least_ranks));
    report->least_on_disk = least_on_disk(&report->request, report->most_ranks);
    const int64_t usual =
        report->request.groups != NULL ? plan_groups_ranks(&report->groups, &report->search) : 0;
    report->ranks = asked > 0                     ? asked
                    : usual > report->least_ranks ? usual
                    : report->least_ranks > 0     ? report->least_ranks
                    : report->least_on_disk > 0   ? report->least_on_disk
                                                  : 1;
    TRY(find_by_ranks(report));
    if (inner == NULL || !inner->early) /* which works by one alone */
        TRY(plan_each(&report->request, report->ranks, keep_algebra, report));
    TRY(find_on_the_way(report));
out:
    return code;
}
