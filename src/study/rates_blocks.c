/* SPDX-License-Identifier: BSD-3-Clause */
/* With moves of the training problem m, and seconds of a row r and of a matrix b, a value takes
   (m + 1) n r + n b, and a gradient n r + n b more. */
#include "study/rates_blocks.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "criterion/criterion.h"

enum { STREAM = 78, ROWS = 4000, CLASS_ROWS = 4, TRIALS = 3 };

typedef struct sample {
    data_t *data; /* owned, as all below */
    penalty_t *penalty;
    problem_t *problem;
    void *options, *inner_options;
    criterion_t *criterion;
} sample_t;

/* Every class has rows all over the range of the feature. */
static int make_data(comm_t *self, int outputs, data_t **out)
{
    int code = TRALO_OK;
    double *X = NULL, *y = NULL;
    const int64_t n = outputs * CLASS_ROWS > ROWS ? outputs * CLASS_ROWS : ROWS;
    const data_options_t options = {.standardize = DATA_STANDARDIZE, .intercept = true};
    data_arrays_t arrays = {.n = n, .p = 1};
    ALLOC(X, n);
    ALLOC(y, n);
    for (int64_t i = 0; i < n; i++) {
        X[i] = rng_normal(1, STREAM, (uint64_t)i);
        y[i] = (double)(i % outputs);
    }
    arrays.X = X;
    arrays.y = y;
    TRY(data_from_arrays(self, &arrays, &options, out));
out:
    mem_free(&X);
    mem_free(&y);
    return code;
}

static int make_penalty(int columns, penalty_t **out)
{
    int code = TRALO_OK;
    int *group = NULL;
    ALLOC(group, columns);
    for (int j = 0; j < columns; j++)
        group[j] = j % 2 == 0 ? 0 : -1; /* the intercept is every second column */
    TRY(penalty_create(penalty_find("ridge"), columns, group, 1, out));
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

static int make(comm_t *self, int outputs, sample_t *s)
{
    int code = TRALO_OK;
    criterion_setup_t setup = {.kind = criterion_find("alo"), .inner = inner_find("newton")};
    TRY(make_data(self, outputs, &s->data));
    TRY(make_penalty(outputs * s->data->columns, &s->penalty));
    TRY(problem_create(s->data, loss_find("softmax"), s->penalty, &s->problem));
    TRY(make_options(setup.kind->params, setup.kind->options_size, &s->options));
    TRY(make_options(setup.inner->params, setup.inner->options_size, &s->inner_options));
    setup.problem = s->problem;
    setup.options = s->options;
    setup.inner_options = s->inner_options;
    TRY(criterion_create(&setup, &s->criterion));
out:
    return code;
}

static void release(sample_t *s)
{
    criterion_free(&s->criterion);
    problem_free(&s->problem);
    penalty_free(&s->penalty);
    data_free(&s->data);
    mem_free(&s->options);
    mem_free(&s->inner_options);
}

/* Seconds of an evaluation where the minimum is known: the least of some. */
static double time_evaluation(const sample_t *s, int order)
{
    const double theta = 3.0;
    double shortest = INFINITY;
    criterion_result_t r;
    for (int i = 0; i <= TRIALS; i++) {
        const double started = clock_processor();
        criterion_evaluate(s->criterion, &theta, order, &r);
        const double taken = clock_processor() - started;
        shortest = i > 0 && taken < shortest ? taken : shortest;
    }
    return shortest;
}

static double time_move(const sample_t *s)
{
    const double theta = 3.0, started = clock_processor();
    for (int i = 0; i < TRIALS; i++)
        problem_move(s->problem, &theta, s->problem->beta);
    return (clock_processor() - started) / TRIALS;
}

static int measure(comm_t *self, int outputs, double rates[2])
{
    int code = TRALO_OK;
    sample_t s = {NULL};
    TRY(make(self, outputs, &s));
    const double value = time_evaluation(&s, 0), gradient = time_evaluation(&s, 1);
    const double row = time_move(&s), block = fmax(gradient - value - row, 0.1 * row);
    rates[0] = (double)s.data->n / row;
    rates[1] = (double)s.data->n / block;
out:
    release(&s);
    return code;
}

int rates_measure_blocks(comm_t *comm, int outputs, plan_rates_t *rates)
{
    int code = TRALO_OK;
    comm_t *self = NULL;
    double found[2] = {INFINITY, INFINITY};
    code = comm_self(&self);
    if (code == TRALO_OK)
        code = measure(self, outputs, found);
    TRY(comm_agree(comm, code));
    comm_min(comm, found, 2);
    rates->does.amount[WORK_ROW] = found[0];
    rates->does.amount[WORK_BLOCK] = found[1];
out:
    comm_free(&self);
    return code;
}
