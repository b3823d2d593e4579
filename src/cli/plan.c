/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/plan.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/units.h"
#include "study/rates.h"
#include "study/rates_disk.h"
#include "study/threads.h"

typedef struct options {
    double rows, cols, density;
    int64_t ranks, hyperparameters, outputs, folds, node_ranks, threads, evaluations;
    double steps, products;
    char *data, *memory, *loss, *criterion, *algebra, *json;
    bool kernel, calibrate_not, quiet;
    rates_given_t given;
} options_t;

static const param_t params[] = {
    {"rows", "", PARAM_REAL, offsetof(options_t, rows), 0, 2, 9e15, NULL},
    {"cols", "", PARAM_REAL, offsetof(options_t, cols), 0, 1, 1e9, NULL},
    {"data", "", PARAM_TEXT, offsetof(options_t, data), 0, 0, 0, NULL},
    {"ranks", "", PARAM_INT, offsetof(options_t, ranks), 0, 1, 1e6, NULL},
    {"density", "", PARAM_REAL, offsetof(options_t, density), 1, 1e-12, 1, NULL},
    {"hyperparameters", "", PARAM_INT, offsetof(options_t, hyperparameters), 1, 1, 1e6, NULL},
    {"outputs", "", PARAM_INT, offsetof(options_t, outputs), 1, 1, 512, NULL},
    {"loss", "", PARAM_TEXT, offsetof(options_t, loss), 0, 0, 0, NULL},
    {"criterion", "", PARAM_TEXT, offsetof(options_t, criterion), 0, 0, 0, NULL},
    {"algebra", "", PARAM_TEXT, offsetof(options_t, algebra), 0, 0, 0, NULL},
    {"kernel", "", PARAM_BOOL, offsetof(options_t, kernel), 0, 0, 0, NULL},
    {"folds", "", PARAM_INT, offsetof(options_t, folds), 10, 2, 1e6, NULL},
    {"memory", "", PARAM_TEXT, offsetof(options_t, memory), 0, 0, 0, NULL},
    {"ranks-per-node", "", PARAM_INT, offsetof(options_t, node_ranks), 1, 1, 1e5, NULL},
    {"steps", "", PARAM_REAL, offsetof(options_t, steps), 0, 0, 1e4, NULL},
    {"products", "", PARAM_REAL, offsetof(options_t, products), 0, 0, 1e6, NULL},
    {"evaluations", "", PARAM_INT, offsetof(options_t, evaluations), 0, 0, 1e6, NULL},
    {"no-calibrate", "", PARAM_BOOL, offsetof(options_t, calibrate_not), 0, 0, 0, NULL},
    {"gflops", "", PARAM_REAL, offsetof(options_t, given.gflops), 20, 1e-3, 1e6, NULL},
    {"stream", "", PARAM_REAL, offsetof(options_t, given.stream), 10, 1e-3, 1e6, NULL},
    {"latency", "", PARAM_REAL, offsetof(options_t, given.latency), 5, 1e-3, 1e6, NULL},
    {"bandwidth", "", PARAM_REAL, offsetof(options_t, given.bandwidth), 5, 1e-3, 1e6, NULL},
    {"read-bandwidth", "", PARAM_REAL, offsetof(options_t, given.disk), 0, 1e-6, 1e6, NULL},
    {"json", "", PARAM_TEXT, offsetof(options_t, json), 0, 0, 0, NULL},
    PARAM_END};

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* The size of X and the rate of reading it, as far as they are not given. */
static int look_at_data(comm_t *comm, options_t *o, plan_report_t *report)
{
    int code = TRALO_OK;
    const double usual = 1.0;
    rates_disk_t disk = {0};
    if (o->data != NULL)
        TRY(rates_measure_disk(comm, o->data, &disk));
    o->rows = o->rows > 0.0 ? o->rows : (double)disk.n;
    o->cols = o->cols > 0.0 ? o->cols : disk.p;
    report->request.single = disk.single;
    report->reading_from =
        o->data != NULL && !o->calibrate_not && o->given.disk == 0.0 ? o->data : NULL;
    if (report->reading_from != NULL)
        o->given.disk = 1e-9 * disk.rate;
    else if (o->given.disk == 0.0)
        o->given.disk = usual;
out:
    return code;
}

static int fill_request(const options_t *o, plan_report_t *report)
{
    int code = TRALO_OK;
    plan_request_t *r = &report->request;
    if (o->rows == 0.0 || o->cols == 0.0)
        FAIL(TRALO_ERR_INPUT, "plan: give --rows N and --cols P, or --data FILE; see tralo plan "
                              "--help");
    if (o->rows != floor(o->rows) || o->cols != floor(o->cols))
        FAIL(TRALO_ERR_INPUT, "plan: --rows and --cols want whole numbers");
    *r = (plan_request_t){.n = (int64_t)o->rows,
                          .p = (int)o->cols,
                          .density = o->density,
                          .count = (int)o->hyperparameters,
                          .outputs = (int)o->outputs,
                          .loss = or_else(o->loss, o->outputs > 1 ? "softmax" : "logistic"),
                          .criterion = or_else(o->criterion, "alo"),
                          .algebra = or_else(o->algebra, "auto"),
                          .kernel = o->kernel,
                          .single = r->single,
                          .parts = o->folds,
                          .known = {o->steps, o->products, (int)o->evaluations},
                          .rates = rates_from(&o->given)};
    report->node_ranks = o->node_ranks;
    if (o->memory != NULL)
        TRY(units_parse_bytes(o->memory, &report->node_memory));
    r->memory = report->node_memory / o->node_ranks;
    if (o->memory != NULL && r->memory == 0)
        FAIL(TRALO_ERR_INPUT, "plan: --memory %s is nothing for %" PRId64 " ranks", o->memory,
             o->node_ranks);
out:
    return code;
}

/* ---- the tables ---- */

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

static int find(int64_t asked, plan_report_t *report)
{
    int code = TRALO_OK;
    const int64_t most = 1 << 20, n = report->request.n;
    report->most_ranks = n < most ? n : most;
    TRY(plan_least_ranks(&report->request, report->most_ranks, &report->least_ranks));
    report->least_on_disk = least_on_disk(&report->request, report->most_ranks);
    report->ranks = asked > 0                   ? asked
                    : report->least_ranks > 0   ? report->least_ranks
                    : report->least_on_disk > 0 ? report->least_on_disk
                                                : 1;
    TRY(find_by_ranks(report));
    TRY(plan_each(&report->request, report->ranks, keep_algebra, report));
    TRY(find_on_the_way(report));
out:
    return code;
}

static int show(int64_t asked, const char *json, plan_report_t *report)
{
    int code = TRALO_OK;
    TRY(find(asked, report));
    if (json == NULL || strcmp(json, "-") != 0)
        plan_print(report);
    if (json != NULL)
        TRY(plan_json(report, json));
out:
    return code;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    plan_t first;
    plan_report_t *report = NULL;
    (void)status;
    TRY(options_parse(argc, argv, params, &options, &words));
    if (words > 0)
        FAIL(TRALO_ERR_INPUT, "plan: '%s' is no option; see tralo plan --help", argv[1]);
    TRY(comm_agree(comm, mem_alloc(1, sizeof *report, &report)));
    threads_setup(comm);
    TRY(look_at_data(comm, &options, report));
    TRY(fill_request(&options, report));
    TRY(plan_make(&report->request, 1, &first)); /* names and sizes before what takes time */
    if (!options.calibrate_not)
        TRY(rates_measure(comm, &report->request, &report->request.rates));
    code = comm_rank(comm) == 0 ? show(options.ranks, options.json, report) : TRALO_OK;
    TRY(comm_agree(comm, code));
out:
    mem_free(&report);
    param_release(params, &options);
    return code;
}

const cli_command_t cli_plan = {
    .name = "plan",
    .usage = "--rows N --cols P [options]",
    .doc = "algebra, memory, messages and time of a study, and how many ranks it wants",
    .options =
        "  --data FILE           HDF5 with a dense X: --rows and --cols as there, unless given, "
        "and\n"
        "                        how fast it is read is measured\n"
        "  --ranks R             ranks to plan for (default: as few as fit into --memory)\n"
        "  --memory M            of a node: 64G, 1.5T (default: not looked at)\n"
        "  --ranks-per-node K    that share it (1)\n"
        "  --density D           share of X that is not 0 (1)\n"
        "  --hyperparameters S   (1)\n"
        "  --loss NAME           (logistic, with several outputs softmax)\n"
        "  --outputs K           classes of softmax\n"
        "  --criterion NAME      alo (default), loo, kfold (with --folds K), holdout\n"
        "  --algebra NAME        instead of what a run would choose\n"
        "  --kernel              a model with a kernel\n"
        "  --steps K, --products K, --evaluations K\n"
        "                        Newton steps of an evaluation; products of the Hessian of a\n"
        "                        solve without a matrix; evaluations of a search after its sweep\n"
        "  --no-calibrate        measure nothing, but take a rank to do --gflops (20) and\n"
        "                        --stream GB/s of memory (10)\n"
        "  --latency US, --bandwidth GB/s\n"
        "                        of messages (5, 5), where one rank cannot measure them: under\n"
        "                        mpirun the ranks do\n"
        "  --read-bandwidth GB/s of the disk to each rank (as measured from --data, or 1), where\n"
        "                        only an X on disk fits\n"
        "  --json FILE           all of it as JSON; - is standard output\n",
    .run = run,
};
