/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the kernels: every row of the table. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/share.h"
#include "kernel/kernel.h"
#include "support.h"

enum { POINTS = 12, FEATURES = 3, PAIRS = POINTS * POINTS };

/* weights of the central difference of order 6 over steps 1, 2, 3 */
static const double weight[3] = {0.75, -0.15, 1.0 / 60.0};
static const double theta_here[KERNEL_MOST] = {0.4, 0.2};

typedef struct bench {
    kernel_t kernel;
    int count;
    double z[PAIRS];
    kernel_values_t here, above, below;
} bench_t;

/* z of all pairs of some random points. */
static void fill_pairs(bench_t *b)
{
    for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < POINTS; j++) {
            double inner = 0.0, square = 0.0;
            for (int k = 0; k < FEATURES; k++) {
                double x = rng_normal(1, 2, (uint64_t)i * FEATURES + (uint64_t)k);
                double y = rng_normal(1, 2, (uint64_t)j * FEATURES + (uint64_t)k);
                inner += x * y;
                square += (x - y) * (x - y);
            }
            b->z[i * POINTS + j] = b->kernel.kind->distance ? square : inner;
        }
}

static void for_all(void (*check)(bench_t *))
{
    for (int k = 0; kernel_kinds[k] != NULL; k++)
        for (int64_t degree = 2; degree <= (kernel_kinds[k]->params != NULL ? 4 : 2); degree++) {
            bench_t b = {.kernel = kernel_configured(kernel_kinds[k], &degree)};
            b.count = kernel_hyper(&b.kernel).count;
            fill_pairs(&b);
            if (CHECK_OK(kernel_values_create(&b.kernel, PAIRS, &b.here)) &&
                CHECK_OK(kernel_values_create(&b.kernel, PAIRS, &b.above)) &&
                CHECK_OK(kernel_values_create(&b.kernel, PAIRS, &b.below)))
                check(&b);
            kernel_values_free(&b.here);
            kernel_values_free(&b.above);
            kernel_values_free(&b.below);
        }
}

static void check_difference(const double *exact, const double *near)
{
    double size = DBL_MIN, worst = 0.0;
    for (int i = 0; i < PAIRS; i++) {
        size = fmax(size, fabs(exact[i]));
        worst = fmax(worst, fabs(exact[i] - near[i]));
    }
    CHECK_CLOSE(worst / size, 0.0, 1e-10);
}

/* Differences of k and of every s along component a. */
static void check_along(bench_t *b, int a)
{
    const double step = 5e-3;
    static double near[KERNEL_MOST + 1][PAIRS];
    memset(near, 0, sizeof near);
    for (int m = 1; m <= 3; m++) {
        double theta[KERNEL_MOST];
        memcpy(theta, theta_here, sizeof theta);
        theta[a] = theta_here[a] + m * step;
        kernel_at(&b->kernel, theta, PAIRS, b->z, 1, &b->above);
        theta[a] = theta_here[a] - m * step;
        kernel_at(&b->kernel, theta, PAIRS, b->z, 1, &b->below);
        for (int i = 0; i < PAIRS; i++) {
            near[0][i] += weight[m - 1] * (b->above.k[i] - b->below.k[i]) / step;
            for (int c = 0; c < b->count; c++)
                near[c + 1][i] += weight[m - 1] * (b->above.s[c][i] - b->below.s[c][i]) / step;
        }
    }
    check_difference(b->here.s[a], near[0]);
    for (int c = 0; c < b->count; c++) {
        check_difference(b->here.ss[c][a], near[c + 1]);
        check_difference(b->here.ss[a][c], near[c + 1]);
    }
}

static void check_derivatives(bench_t *b)
{
    kernel_at(&b->kernel, theta_here, PAIRS, b->z, 2, &b->here);
    for (int a = 0; a < b->count; a++)
        check_along(b, a);
}

static void derivatives_agree_with_differences(void)
{
    for_all(check_derivatives);
}

/* x'Kx >= 0 for many x; K symmetric; 1/lambda is a factor. */
static void check_definite(bench_t *b)
{
    double theta[KERNEL_MOST];
    memcpy(theta, theta_here, sizeof theta);
    kernel_at(&b->kernel, theta, PAIRS, b->z, 0, &b->here);
    theta[0] += log(2.0);
    kernel_at(&b->kernel, theta, PAIRS, b->z, 0, &b->below);
    for (int i = 0; i < PAIRS; i++)
        CHECK_CLOSE(b->below.k[i] / (0.5 * b->here.k[i]), 1.0, 1e-14);
    for (uint64_t draw = 0; draw < 50; draw++) {
        double sum = 0.0, size = 0.0;
        for (int i = 0; i < POINTS; i++)
            for (int j = 0; j < POINTS; j++) {
                double term = rng_normal(draw, 3, (uint64_t)i) * rng_normal(draw, 3, (uint64_t)j) *
                              b->here.k[i * POINTS + j];
                sum += term;
                size += fabs(term);
                CU_ASSERT(b->here.k[i * POINTS + j] == b->here.k[j * POINTS + i]);
            }
        CU_ASSERT(sum >= -1e-13 * size);
    }
}

static void kernels_are_symmetric_and_positive(void)
{
    for_all(check_definite);
}

static void check_hyper(bench_t *b)
{
    hyper_t hyper = kernel_hyper(&b->kernel);
    double natural[KERNEL_MOST], back[KERNEL_MOST];
    CU_ASSERT_EQUAL(hyper.groups, 1);
    CU_ASSERT_EQUAL(hyper.per_group, hyper.count);
    CU_ASSERT_STRING_EQUAL(hyper.names[0], "lambda");
    CU_ASSERT_STRING_EQUAL(hyper.owner, b->kernel.kind->name);
    hyper_natural(&hyper, theta_here, natural);
    hyper_from_natural(&hyper, natural, back);
    for (int a = 0; a < hyper.count; a++) {
        CHECK_CLOSE(natural[a], exp(theta_here[a]), 1e-14);
        CHECK_CLOSE(back[a], theta_here[a], 1e-14);
        CU_ASSERT(hyper.names[a] != NULL);
    }
}

static void hyperparameters_are_logarithms(void)
{
    for_all(check_hyper);
}

/* Numbers by hand: z = 2, width 2, lambda 1/2. */
static void values_are_as_written(void)
{
    const double z = 2.0, theta[KERNEL_MOST] = {-log(2.0), log(2.0)};
    const double want[] = {2.0 * exp(-0.25), 2.0 * 1.5 * 1.5 * 1.5 * 1.5, 2.0 * 2.0};
    const char *const names[] = {"rbf", "polynomial", "linear"};
    const int64_t degree = 4;
    for (int i = 0; i < 3; i++) {
        kernel_t kernel = kernel_configured(kernel_find(names[i]), &degree);
        kernel_values_t out;
        if (!CHECK_OK(kernel_values_create(&kernel, 1, &out)))
            continue;
        kernel_at(&kernel, theta, 1, &z, 0, &out);
        CHECK_CLOSE(out.k[0], want[i], 1e-14);
        kernel_values_free(&out);
    }
    CU_ASSERT(kernel_find("nothing") == NULL);
}

static void check_threads(bench_t *b)
{
    const int64_t numbers = PAIRS * (1 + (int64_t)b->count + (int64_t)b->count * b->count);
    for (int order = 0; order <= 2; order++) {
        kernel_at(&b->kernel, theta_here, PAIRS, b->z, order, &b->here);
        share_setup(3, 0.0);
        kernel_at(&b->kernel, theta_here, PAIRS, b->z, order, &b->above);
        share_setup(1, SHARE_LEAST);
        CU_ASSERT(memcmp(b->here.storage, b->above.storage, (size_t)numbers * sizeof(double)) == 0);
    }
}

static void the_same_bits_for_any_threads(void)
{
    for_all(check_threads);
}

void suite_kernel(void)
{
    static const test_case_t cases[] = {
        {"derivatives agree with differences", derivatives_agree_with_differences},
        {"kernels are symmetric and positive", kernels_are_symmetric_and_positive},
        {"hyperparameters are logarithms", hyperparameters_are_logarithms},
        {"values are as written", values_are_as_written},
        {"the same bits for any number of threads", the_same_bits_for_any_threads},
    };
    REGISTER("kernel", cases);
}
