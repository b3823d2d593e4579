/* SPDX-License-Identifier: BSD-3-Clause */
/* Time, messages and memory of evaluations, counted beside planned, as CSV: one line for the value,
   one with the gradient, one with the Hessian.

   mpirun -n RANKS scaling CRITERION ALGEBRA LOSS ROWS COLUMNS S [OUTPUTS [DENSITY [INNER]]]

   ALGEBRA as in a config, or `kernel`. With a DENSITY below 1 X is held by its entries. INNER as in
   "adam steps=500 batch=64", by which there are values only. The columns of the output:
   tests/bench/README.md. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "criterion/algebra.h"
#include "data/data.h"
#include "linalg/panel.h"
#include "study/plan_kinds.h"
#include "study/rates.h"

enum { STREAM_X = 1, STREAM_BETA, STREAM_Y, STREAM_PLACE, TRIALS = 5, ORDERS = 3 };

typedef struct setup {
    const char *criterion, *algebra, *loss;
    int64_t n;
    int p, count, outputs;
    double density;
    const char *inner; /* NULL: newton */
} setup_t;

typedef struct bench {
    comm_t *comm;
    data_t *data;
    penalty_t *penalty;
    problem_t *problem;
    machine_t *machine;
    const param_t *params;
    void *options;
    plan_kinds_t kinds; /* of the inner solver */
    criterion_t *criterion;
    double *theta; /* [S] */
} bench_t;

static bool is_kernel(const setup_t *setup)
{
    return strcmp(setup->algebra, "kernel") == 0;
}

/* ---- a problem on random rows ---- */

/* Normal features and a target of signal-to-noise ratio about 1; classes in turn. */
static double draw_row(const setup_t *setup, int64_t i, const double *beta, double *x)
{
    double eta = 0.0;
    for (int j = 0; j < setup->p; j++) {
        const uint64_t place = (uint64_t)(i * setup->p + j);
        const bool there = rng_uniform(1, STREAM_PLACE, place) < setup->density;
        x[j] = there ? rng_normal(1, STREAM_X, place) / sqrt(setup->density) : 0.0;
        eta += x[j] * beta[j];
    }
    if (setup->outputs > 1)
        return (double)(i % setup->outputs);
    if (strcmp(setup->loss, "squared") == 0)
        return eta + rng_normal(1, STREAM_Y, (uint64_t)i);
    const double label =
        rng_uniform(1, STREAM_Y, (uint64_t)i) < 1.0 / (1.0 + exp(-eta)) ? 1.0 : -1.0;
    return strcmp(setup->loss, "logistic") == 0 ? label : 1.0 + label;
}

/* All rows on each rank. */
static int make_rows(const setup_t *setup, double **X, double **y)
{
    int code = TRALO_OK;
    double *beta = NULL;
    ALLOC(beta, setup->p);
    TRY(mem_alloc(setup->n * setup->p, sizeof **X, X));
    TRY(mem_alloc(setup->n, sizeof **y, y));
    for (int j = 0; j < setup->p; j++)
        beta[j] = rng_normal(1, STREAM_BETA, (uint64_t)j) / sqrt(setup->p);
    for (int64_t i = 0; i < setup->n; i++)
        (*y)[i] = draw_row(setup, i, beta, *X + i * setup->p);
out:
    mem_free(&beta);
    return code;
}

static int make_data(const setup_t *setup, bench_t *b)
{
    int code = TRALO_OK;
    double *X = NULL, *y = NULL;
    const data_options_t options = {.standardize = DATA_STANDARDIZE,
                                    .intercept = true,
                                    .storage = setup->density < 1.0 ? DATA_HOLD_SPARSE : DATA_AUTO};
    TRY(comm_agree(b->comm, make_rows(setup, &X, &y)));
    const data_arrays_t arrays = {.n = setup->n, .p = setup->p, .X = X, .y = y};
    TRY(data_from_arrays(b->comm, &arrays, &options, &b->data));
out:
    mem_free(&X);
    mem_free(&y);
    return code;
}

/* Columns are dealt to the groups in turn. */
static int make_penalty(const setup_t *setup, bench_t *b)
{
    int code = TRALO_OK;
    const int width = b->data->columns, columns = width * setup->outputs;
    int *group = NULL;
    ALLOC(group, columns);
    for (int j = 0; j < columns; j++)
        group[j] = j % width == setup->p ? -1 : j % width % setup->count;
    TRY(penalty_create(penalty_find("ridge"), columns, group, setup->count, &b->penalty));
out:
    mem_free(&group);
    return code;
}

static int make_options(const param_t *params, size_t size, void **out)
{
    int code = mem_alloc((int64_t)size, 1, out);
    if (code == TRALO_OK)
        param_presets(params, *out);
    return code;
}

static int set(const param_t *row, const char *name, const char *value, void *options)
{
    for (; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return param_set(row, options, value);
    return TRALO_OK;
}

static int make_model(const setup_t *setup, bench_t *b, criterion_setup_t *s)
{
    int code = TRALO_OK;
    const loss_t *loss = loss_find(setup->loss);
    const kernel_t kernel = kernel_configured(kernel_find("rbf"), NULL);
    if (is_kernel(setup)) {
        TRY(machine_create(b->data, loss, &kernel, &b->machine));
    } else {
        TRY(problem_create(b->data, loss, b->penalty, &b->problem));
        TRY(set(b->params, "algebra", setup->algebra, b->options));
    }
    s->machine = b->machine;
    s->problem = b->problem;
out:
    return code;
}

static int make(const setup_t *setup, bench_t *b)
{
    int code = TRALO_OK;
    criterion_setup_t s = {.kind = criterion_find(setup->criterion)};
    b->params = s.kind->params;
    TRY(make_data(setup, b));
    TRY(comm_agree(b->comm, make_penalty(setup, b)));
    TRY(make_options(s.kind->params, s.kind->options_size, &b->options));
    TRY(set(s.kind->params, "groups", "1", b->options));
    TRY(make_model(setup, b, &s));
    s.options = b->options;
    s.inner = b->kinds.inner;
    s.inner_options = b->kinds.inner_options;
    TRY(criterion_create(&s, &b->criterion));
    ALLOC(b->theta, b->criterion->count);
out:
    return code;
}

static void release(bench_t *b)
{
    criterion_free(&b->criterion);
    machine_free(&b->machine);
    problem_free(&b->problem);
    penalty_free(&b->penalty);
    data_free(&b->data);
    mem_free(&b->options);
    plan_kinds_release(&b->kinds);
    mem_free(&b->theta);
}

/* ---- measuring ---- */

/* Of the processor on one rank, which other programs on the machine disturb little; on several
   ranks of the wall, where they wait for each other. */
static double now(const bench_t *b)
{
    return comm_size(b->comm) > 1 ? clock_seconds() : clock_processor();
}

typedef struct sample {
    double seconds; /* of the slowest rank */
    work_t counted; /* by this rank, with its messages */
} sample_t;

/* Near the end of a search: a step of 0.05 in each hyperparameter. */
static int measure(const setup_t *setup, bench_t *b, int order, int trial, sample_t *out)
{
    int code = TRALO_OK;
    criterion_result_t r;
    for (int s = 0; s < b->criterion->count; s++)
        b->theta[s] = is_kernel(setup) && s == 1 ? log(sqrt(2.0 * setup->p))
                      : is_kernel(setup)         ? 0.1 + 0.05 * trial
                                                 : log(0.01 * (double)setup->n) + 0.05 * trial;
    comm_barrier(b->comm);
    comm_counters_reset(b->comm);
    work_reset();
    const double started = now(b);
    criterion_evaluate(b->criterion, b->theta, order, &r);
    out->seconds = now(b) - started;
    const comm_counters_t sent = comm_counters(b->comm);
    out->counted = work_counted();
    out->counted.calls = (double)sent.calls;
    out->counted.bytes = (double)sent.bytes;
    out->seconds = comm_max_one(b->comm, out->seconds);
    if (!r.valid)
        FAIL(TRALO_ERR_INTERNAL, "%s", r.failure);
out:
    return code;
}

static int compare(const void *a, const void *b)
{
    const sample_t *x = a, *y = b;
    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

/* What the formulas say for the course that was counted. */
static double planned_seconds(const bench_t *b, const problem_shape_t *shape, int order,
                              const work_t *counted, const plan_rates_t *rates)
{
    const criterion_t *c = b->criterion;
    const course_t course = {.order = order,
                             .directions = order > 1 ? shape->count : 0,
                             .warm = true,
                             .roomy = true,
                             .moves = counted->amount[WORK_MOVE],
                             .factorisations = counted->amount[WORK_FACTOR],
                             .solves = counted->amount[WORK_SOLVE],
                             .products = counted->amount[WORK_PRODUCT]};
    work_t work = {{0}};
    c->kind->cost(c->form, shape, &course, &work);
    if (c->inner->moves != NULL)
        c->inner->cost(b->kinds.inner_options, shape,
                       course.moves / c->inner->moves(b->kinds.inner_options, shape), &work);
    return work_seconds(&rates->does, &work, (double)shape->ranks);
}

static problem_shape_t shape_of(const setup_t *setup, const bench_t *b)
{
    const criterion_kind_t *kind = criterion_find(setup->criterion);
    problem_shape_t shape = {.n = setup->n,
                             .rows = b->data->rows,
                             .ranks = comm_size(b->comm),
                             .width = b->data->columns,
                             .outputs = 1,
                             .intercept = true};
    if (b->problem != NULL)
        shape = problem_shape(b->problem);
    shape.count = b->criterion->count;
    shape.parts = kind->parts != NULL ? kind->parts(b->options, setup->n) : 0;
    return shape;
}

static plan_request_t request_of(const setup_t *setup, const plan_kinds_t *kinds)
{
    const rates_given_t given = {20.0, 10.0, 5.0, 5.0, 1.0};
    return (plan_request_t){.n = setup->n,
                            .p = setup->p,
                            .density = setup->density,
                            .count = setup->count,
                            .outputs = setup->outputs,
                            .loss = setup->loss,
                            .criterion = setup->criterion,
                            .algebra = is_kernel(setup) ? "auto" : setup->algebra,
                            .kernel = is_kernel(setup),
                            .parts = 10,
                            .inner = kinds->inner,
                            .inner_options = kinds->inner_options,
                            .rates = rates_from(&given)};
}

static void print_line(const setup_t *setup, const bench_t *b, int order, const sample_t *s,
                       double by_course, const plan_t *plan)
{
    double flops = 0.0;
    for (int k = 0; k <= WORK_PASS; k++)
        flops += comm_sum_one(b->comm, s->counted.amount[k]);
    const double memory = (double)comm_max_one_int(b->comm, mem_bytes());
    if (comm_rank(b->comm) == 0)
        printf("%s,%s,%s,%lld,%d,%d,%d,%g,%d,%d,%.6g,%.6g,%.6g,%.0f,%.0f,%.6g,%.0f,%.0f,%.0f,%.0f,%"
               ".0f,"
               "%.0f\n",
               setup->criterion, setup->algebra, setup->loss, (long long)setup->n, setup->p,
               b->criterion->count, setup->outputs, setup->density, comm_size(b->comm), order,
               s->seconds, by_course, plan->seconds[order], s->counted.calls, s->counted.bytes,
               flops, memory, (double)plan->memory, s->counted.amount[WORK_MOVE],
               s->counted.amount[WORK_FACTOR], s->counted.amount[WORK_SOLVE],
               s->counted.amount[WORK_PRODUCT]);
}

static int run(comm_t *comm, const setup_t *setup)
{
    int code = TRALO_OK;
    bench_t b = {.comm = comm};
    plan_request_t request;
    plan_t plan;
    sample_t samples[TRIALS + 1];
    TRY(plan_kinds_read(setup->inner != NULL ? setup->inner : "newton", NULL, 0, &b.kinds));
    request = request_of(setup, &b.kinds);
    TRY(rates_measure(comm, &request, &request.rates));
    TRY(plan_make(&request, comm_size(comm), &plan));
    TRY(make(setup, &b));
    const problem_shape_t shape = shape_of(setup, &b);
    for (int order = 0; order < (b.kinds.inner->early ? 1 : ORDERS); order++) {
        for (int i = 0; i <= TRIALS; i++)
            TRY(measure(setup, &b, order, i % 2, &samples[i]));
        qsort(samples + 1, TRIALS, sizeof *samples, compare);
        const sample_t *fastest = &samples[1];
        print_line(setup, &b, order, fastest,
                   planned_seconds(&b, &shape, order, &fastest->counted, &request.rates), &plan);
    }
out:
    release(&b);
    return code;
}

/* A whole number of 1 .. most; 0 where it is none. */
static int64_t parse_count(const char *text, int64_t most)
{
    char *end;
    const int64_t value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && value >= 1 && value <= most ? value : 0;
}

static bool parse(int argc, char **argv, setup_t *out)
{
    if (argc < 7 || argc > 10 || criterion_find(argv[1]) == NULL || loss_find(argv[3]) == NULL)
        return false;
    *out = (setup_t){.criterion = argv[1],
                     .algebra = argv[2],
                     .loss = argv[3],
                     .n = parse_count(argv[4], 1000000000),
                     .p = (int)parse_count(argv[5], 1000000),
                     .count = (int)parse_count(argv[6], 1000000),
                     .outputs = argc > 7 ? (int)parse_count(argv[7], 100) : 1,
                     .density = argc > 8 ? strtod(argv[8], NULL) : 1.0,
                     .inner = argc > 9 ? argv[9] : NULL};
    if (!(out->density > 0.0 && out->density <= 1.0))
        return false;
    return out->n > 1 && out->p > 0 && out->count > 0 && out->count <= out->p && out->outputs > 0;
}

int main(int argc, char **argv)
{
    int code = TRALO_OK, provided;
    setup_t setup;
    comm_t *world = NULL;
    if (!parse(argc, argv, &setup)) {
        fprintf(stderr, "usage: scaling CRITERION ALGEBRA|kernel LOSS ROWS COLUMNS S [OUTPUTS "
                        "[DENSITY [INNER]]]\n");
        return 2;
    }
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    panel_threads(1);
    TRY(comm_world(&world));
    log_setup(LOG_QUIET, comm_rank(world) == 0);
    TRY(run(world, &setup));
out:
    if (code != TRALO_OK)
        fprintf(stderr, "scaling: %s\n", tralo_error_message());
    comm_free(&world);
    MPI_Finalize();
    return code != TRALO_OK;
}
