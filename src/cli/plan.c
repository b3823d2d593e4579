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
    char *data, *memory, *loss, *criterion, *algebra, *json, *inner, *method;
    int64_t groups, ranks_per_group;
    int driver, oracle;
    double trial_seconds;
    bool kernel, weights, calibrate_not, quiet;
    rates_given_t given;
} options_t;

enum { CRITERION, COMMAND, PLUGIN };
enum { WORKER, DEDICATED };
static const char *const drivers[] = {"worker", "dedicated", NULL};
static const char *const oracles[] = {"criterion", "command", "plugin", NULL};

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
    {"weights", "", PARAM_BOOL, offsetof(options_t, weights), 0, 0, 0, NULL},
    {"inner", "", PARAM_TEXT, offsetof(options_t, inner), 0, 0, 0, NULL},
    {"method", "", PARAM_TEXT, offsetof(options_t, method), 0, 0, 0, NULL},
    {"groups", "", PARAM_INT, offsetof(options_t, groups), 0, 1, 1e6, NULL},
    {"ranks-per-group", "", PARAM_INT, offsetof(options_t, ranks_per_group), 0, 1, 1e6, NULL},
    {"driver", "", PARAM_CHOICE, offsetof(options_t, driver), 0, 0, 0, drivers},
    {"oracle", "", PARAM_CHOICE, offsetof(options_t, oracle), CRITERION, 0, 0, oracles},
    {"trial-seconds", "", PARAM_REAL, offsetof(options_t, trial_seconds), 0, 1e-9, 1e9, NULL},
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

static plan_groups_t groups_of(const options_t *o)
{
    return (plan_groups_t){o->groups, o->ranks_per_group, o->driver == DEDICATED};
}

/* The search of a criterion by values, which may be on groups. */
static int fill_search(const options_t *o, const plan_kinds_t *kinds, plan_report_t *report)
{
    int code = TRALO_OK;
    plan_request_t *r = &report->request;
    r->inner = kinds->inner;
    r->inner_options = kinds->inner_options;
    report->groups = groups_of(o);
    r->groups = o->groups > 0 || o->ranks_per_group > 0 ? &report->groups : NULL;
    if (kinds->method == NULL || kinds->method->derivatives)
        return TRALO_OK;
    TRY(plan_search_make(kinds->method, kinds->method_options, r->count, &report->search));
    r->search = &report->search;
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
    *r = (plan_request_t){
        .n = (int64_t)o->rows,
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
        .weights = o->weights,
        .known = {.steps = o->steps, .products = o->products, .evaluations = (int)o->evaluations},
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

static int show(int64_t asked, const char *json, plan_report_t *report)
{
    int code = TRALO_OK;
    TRY(plan_find(asked, report));
    if (json == NULL || strcmp(json, "-") != 0)
        plan_print(report);
    if (json != NULL)
        TRY(plan_json(report, json));
out:
    return code;
}

/* ---- the command ---- */

/* A study of a criterion on data. */
static int plan_criterion(comm_t *comm, options_t *o, const plan_kinds_t *kinds)
{
    int code = TRALO_OK;
    plan_t first;
    plan_report_t *report = NULL;
    TRY(comm_agree(comm, mem_alloc(1, sizeof *report, &report)));
    threads_setup(comm);
    TRY(look_at_data(comm, o, report));
    TRY(fill_request(o, report));
    TRY(fill_search(o, kinds, report));
    TRY(plan_make(&report->request, 1, &first)); /* names and sizes before what takes time */
    if (!o->calibrate_not)
        TRY(rates_measure(comm, &report->request, &report->request.rates));
    code = comm_rank(comm) == 0 ? show(o->ranks, o->json, report) : TRALO_OK;
    TRY(comm_agree(comm, code));
out:
    mem_free(&report);
    return code;
}

/* A study of a program or a plug-in. */
static int plan_black_box(comm_t *comm, const options_t *o, const plan_kinds_t *kinds)
{
    int code = TRALO_OK;
    plan_trials_t trials = {.oracle = oracles[o->oracle],
                            .parameters = (int)o->hyperparameters,
                            .ranks = o->ranks,
                            .node_ranks = o->node_ranks,
                            .seconds = o->trial_seconds,
                            .groups = groups_of(o)};
    if (kinds->method->derivatives)
        FAIL(TRALO_ERR_INPUT, "plan: --method %s wants derivatives, which a %s has not",
             kinds->method->name, trials.oracle);
    TRY(plan_search_make(kinds->method, kinds->method_options, trials.parameters, &trials.search));
    code = comm_rank(comm) == 0 ? plan_trials_show(&trials, o->json) : TRALO_OK;
    TRY(comm_agree(comm, code));
out:
    return code;
}

static int run(comm_t *comm, int argc, char **argv, int *status)
{
    int code = TRALO_OK, words;
    options_t options;
    plan_kinds_t kinds = {NULL, NULL, NULL, NULL};
    (void)status;
    TRY(options_parse(argc, argv, params, &options, &words));
    if (words > 0)
        FAIL(TRALO_ERR_INPUT, "plan: '%s' is no option; see tralo plan --help", argv[1]);
    if (options.groups > 0 && options.ranks_per_group > 0)
        FAIL(TRALO_ERR_INPUT, "plan: give --groups or --ranks-per-group, not both");
    const bool data = options.oracle == CRITERION;
    TRY(plan_kinds_read(options.inner, options.method, options.evaluations, &kinds));
    const bool values = !data || (kinds.inner != NULL && kinds.inner->early);
    if (kinds.method == NULL && values)
        TRY(plan_kinds_search("hozog", options.evaluations, &kinds));
    if (data && values && kinds.method->derivatives)
        FAIL(TRALO_ERR_INPUT,
             "plan: --inner %s ends short of minima, so that --method is to be one "
             "by values",
             kinds.inner->name);
    TRY(data ? plan_criterion(comm, &options, &kinds) : plan_black_box(comm, &options, &kinds));
out:
    plan_kinds_release(&kinds);
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
        "  --weights             hyperparameters are weights of groups of rows\n"
        "  --inner \"KIND option=value ...\"\n"
        "                        the solver: newton (default), adam or gd, as in a config\n"
        "  --method \"KIND option=value ...\"\n"
        "                        the search: trust_region (default), or one by values\n"
        "  --groups G, --ranks-per-group K, --driver worker|dedicated\n"
        "                        how the ranks share the trials of a search by values\n"
        "  --oracle command|plugin\n"
        "                        trials of a program or plug-in with S parameters: how many, and\n"
        "                        how many one after the other; without --rows and --cols\n"
        "  --trial-seconds X     that such a trial takes, which no plan knows: for times\n"
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
