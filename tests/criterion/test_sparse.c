/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that are held by their entries against the same rows held dense: every criterion with every
   loss and penalty, however the columns are standardised. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/import.h"
#include "fixture.h"
#include "support.h"

static const double theta_here[FIXTURE_MOST] = {0.3, -0.5, 1.0, 0.9, -1.0, 0.5, 0.1, -0.2};

static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static bool near(const double *a, const double *b, int count, double size)
{
    bool good = true;
    for (int i = 0; i < count; i++)
        good = good && fabs(a[i] - b[i]) <= 1e-9 * size;
    return good;
}

static bool evaluate(const fixture_setup_t *setup, fixture_numbers_t *out)
{
    fixture_t f;
    bool good = fixture_create(test_comm, setup, &f) && fixture_evaluate(&f, theta_here, 2, out);
    CU_ASSERT((f.data->X.sparse != NULL) == (setup->storage == DATA_HOLD_SPARSE));
    fixture_free(&f);
    return good;
}

/* The setup's evaluation is that of dense rows; a gradient is as exact as the Hessian. */
static bool holds(fixture_setup_t setup)
{
    fixture_numbers_t dense, sparse;
    setup.storage = DATA_HOLD_DENSE;
    bool good = evaluate(&setup, &dense);
    setup.storage = DATA_HOLD_SPARSE;
    good = evaluate(&setup, &sparse) && good;
    if (!good)
        return false;
    const int count = dense.count;
    const double size = largest(dense.hessian, count * count);
    return near(&sparse.value, &dense.value, 1, fabs(dense.value)) &&
           near(&sparse.error, &dense.error, 1, fabs(dense.error)) &&
           near(sparse.gradient, dense.gradient, count,
                fmax(size, largest(dense.gradient, count))) &&
           near(sparse.hessian, dense.hessian, count * count, size);
}

/* Counts what does not hold, and says so. */
static int visit(const fixture_setup_t *setup)
{
    if (holds(*setup))
        return 0;
    fprintf(stderr, "%s, %s, %s, standardised %d, intercept %d: sparse is not dense\n", setup->loss,
            setup->penalty, setup->criterion, (int)setup->standardize, setup->intercept);
    return 1;
}

/* The ways of standardising take turns over the losses and penalties. */
static void sparse_is_dense(void)
{
    int wrong = 0, way = 0;
    for (int c = 0; criterion_kinds[c] != NULL; c++)
        for (int k = 0; loss_kinds[k] != NULL; k++)
            for (int q = 0; penalty_kinds[q] != NULL; q++, way++) {
                const fixture_setup_t setup = {.n = 47,
                                               .p = 8,
                                               .loss = loss_kinds[k]->name,
                                               .penalty = penalty_kinds[q]->name,
                                               .criterion = criterion_kinds[c]->name,
                                               .weights = way % 3 > 0,
                                               .offset = way % 3 > 0,
                                               .intercept = way / 3 % 2 == 0,
                                               .standardize = (data_standardize_t)(way % 3),
                                               .density = 0.3,
                                               .groups = way % 3 == 1 ? 1 : 2,
                                               .option = "algebra",
                                               .value = "replicated"};
                wrong += visit(&setup);
            }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Columns that are the same in all rows that train, when those left out hold their one entry: they
   are not to be blown up to unit variance. */
static void entries_left_out(void)
{
    int wrong = 0;
    for (int way = 1; way < 3; way++) {
        const fixture_setup_t setup = {.n = 2000,
                                       .p = 400,
                                       .loss = "logistic",
                                       .penalty = "ridge",
                                       .criterion = "holdout",
                                       .intercept = true,
                                       .standardize = (data_standardize_t)way,
                                       .density = 5e-4,
                                       .groups = 1};
        wrong += visit(&setup);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* LIBSVM text of n rows with `each` entries among p columns. */
static void write_text(const char *path, int n, int p, int each)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT(file != NULL);
    for (int i = 0; file != NULL && i < n; i++) {
        fprintf(file, "%d", i % 3 == 0 ? 1 : -1);
        for (int k = 0; k < each; k++) {
            const uint64_t at = (uint64_t)i * (uint64_t)each + (uint64_t)k;
            const int share = p / each, j = (int)(share * rng_uniform(7, 1, at));
            const int column =
                i > 0 || k < each - 1 ? k * share + j : p - 1; /* so that there are p */
            fprintf(file, " %d:%.3f", column + 1, 1.0 + rng_uniform(7, 2, at));
        }
        fputc('\n', file);
    }
    if (file != NULL)
        fclose(file);
}

/* The largest memory in use while such a file is opened and the criterion evaluated with all
   derivatives, on the rank that uses most. */
static int64_t peak(const fixture_setup_t *setup, int each)
{
    const data_options_t options = {DATA_STANDARDIZE, true, DATA_AUTO};
    char text[300], path[300];
    fixture_numbers_t numbers;
    fixture_t f;
    data_t *data = NULL;
    test_path("sparse.svm", text, sizeof text);
    test_path("sparse.h5", path, sizeof path);
    import_options_t import = {.input = text, .output = path, .force = true};
    log_setup(LOG_QUIET, true);
    if (comm_rank(test_comm) == 0) {
        write_text(text, (int)setup->n, setup->p, each);
        CHECK_OK(import_file(&import, NULL));
    }
    log_setup(LOG_NORMAL, true);
    comm_barrier(test_comm);
    mem_peak_reset();
    const int64_t before = mem_bytes();
    if (CHECK_OK(data_open(test_comm, path, &options, &data))) {
        CU_ASSERT(data->X.sparse != NULL && data->n == setup->n && data->p == setup->p);
        if (fixture_wrap(data, setup, &f))
            fixture_evaluate(&f, theta_here, 2, &numbers);
        fixture_free(&f);
    }
    return comm_max_one_int(test_comm, mem_peak() - before);
}

/* No array of rows x columns: neither where columns are many and no matrix is formed, nor where
   rows are. */
static void never_dense(void)
{
    fixture_setup_t wide = {.n = 2000,
                            .p = 5000,
                            .loss = "logistic",
                            .penalty = "ridge",
                            .criterion = "holdout",
                            .groups = 1,
                            .option = "algebra",
                            .value = "products"};
    fixture_setup_t tall = {.n = 20000,
                            .p = 300,
                            .loss = "logistic",
                            .penalty = "ridge",
                            .criterion = "alo",
                            .groups = 1,
                            .option = "algebra",
                            .value = "replicated"};
    const int64_t ranks = comm_size(test_comm), number = (int64_t)sizeof(double);
    CU_ASSERT(peak(&wide, 10) < 2000 * 5000 * number / ranks / 4);
    if (ranks == 1) /* what every rank has beside its rows is as large as these on more */
        CU_ASSERT(peak(&tall, 3) < 20000 * 300 * number / 2);
}

void suite_sparse(void)
{
    static const test_case_t cases[] = {
        {"sparse is dense, for every criterion", sparse_is_dense},
        {"entries that are left out", entries_left_out},
        {"never dense", never_dense},
    };
    REGISTER("sparse", cases);
}
