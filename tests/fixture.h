/* SPDX-License-Identifier: BSD-3-Clause */
/* A training problem on random data with a criterion on top, for tests of all that lies below. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "criterion/criterion.h"
#include "data/data.h"
#include "problem/problem.h"

typedef struct fixture_setup {
    int64_t n;
    int p;
    const char *loss, *penalty, *criterion;
    bool weights, offset, intercept;
    data_standardize_t standardize;
    double
        density; /* of X; the last three columns are 2, 0, and around 3. 0: all entries are there */
    data_storage_t storage;
    bool streamed, single; /* from a file, in single precision */
    int groups;            /* columns are dealt to the groups in turn */
    bool free_column;      /* column 0 is not penalised */
    bool penalised_intercept;
    const char *option, *value; /* of the criterion; NULL: defaults */
    const char *algebra;        /* of the criterion; NULL: auto */
    int row_groups;             /* these have weights to be searched for, and lambda is 2 */
    const char *inner;          /* NULL: newton, and one option of it: */
    const char *inner_option, *inner_value;
} fixture_setup_t;

typedef struct fixture {
    double *X, *y, *weights, *offset; /* whole, on every rank */
    int offsets; /* numbers of a row in the offset: one for each class of a softmax */
    data_t *data;
    penalty_t *penalty;
    problem_t *problem;
    row_weights_t *row_weights;
    void *options, *inner_options;
    const param_t *params; /* of options */
    criterion_t *criterion;
} fixture_t;

/* Collective over comm; false (and a failed assert) when something could not be made. */
bool fixture_create(comm_t *comm, const fixture_setup_t *setup, fixture_t *out);

/* The same as fixture_create from data that exist: takes over `data`. */
bool fixture_wrap(data_t *data, const fixture_setup_t *setup, fixture_t *out);
void fixture_free(fixture_t *fixture);

/* Another criterion in place of the one that was freed. */
bool fixture_judge(const fixture_setup_t *setup, fixture_t *fixture);

/* The program's own way from the file NAME.csv of tests/data to a standardised data set; NULL (and
   a failed assert) when that fails. Collective. */
data_t *fixture_data(const char *name, const char *target, const char *labels, bool intercept);
data_t *fixture_import(const char *name, const char *target, const char *labels,
                       const data_options_t *options);

/* The numbers of one evaluation, kept beyond the next. */
enum { FIXTURE_MOST = 16 };
typedef struct fixture_numbers {
    int count; /* S */
    double value, error, gradient[FIXTURE_MOST], hessian[FIXTURE_MOST * FIXTURE_MOST];
} fixture_numbers_t;

/* Collective; false (and a failed assert) where it fails or has too many hyperparameters. What
   `order` does not ask for is left alone. */
bool fixture_evaluate(fixture_t *fixture, const double *theta, int order, fixture_numbers_t *out);

#endif
