/* SPDX-License-Identifier: BSD-3-Clause */
/* Contract tests of the penalties: every row of the table. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "penalty/penalty.h"
#include "support.h"

enum { COLUMNS = 9, GROUPS = 3, MOST = GROUPS * PENALTY_PER_GROUP };
static const int groups[COLUMNS] = {0, -1, 1, 0, 2, -1, 1, 0, 2};
static const double betas[][COLUMNS] = {
    {0.8, 1.1, -0.4, 2.5, -1.7, -0.2, 0.05, -0.6, 3.0},
    {0.002, -0.005, -0.007, 0.0092, 0.009, 0.001, 0.0095, -0.004, -0.0088} /* near 0 */
};
static const double theta_here[MOST] = {0.3, -0.7, 1.2, -1.5, 0.6, -0.2};
static const double delta[MOST] = {0.9, -0.4, -1.1, 0.7, 0.3, 1.3};
static const double x[COLUMNS] = {0.2, -3.0, 1.5, -0.9, 0.4, 2.2, -1.3, 0.7, 1.9};

/* weights of the central difference of order 6 over steps 1, 2, 3 */
static const double weight[3] = {0.75, -0.15, 1.0 / 60.0};

typedef struct bench {
    penalty_t *penalty;
    penalty_values_t here, above, below;
    const double *beta; /* [COLUMNS] where `here` is */
} bench_t;

static bool bench_create(const penalty_kind_t *kind, bench_t *b)
{
    memset(b, 0, sizeof *b);
    return CHECK_OK(penalty_create(kind, COLUMNS, groups, GROUPS, &b->penalty)) &&
           CHECK_OK(penalty_values_create(b->penalty, &b->here)) &&
           CHECK_OK(penalty_values_create(b->penalty, &b->above)) &&
           CHECK_OK(penalty_values_create(b->penalty, &b->below));
}

static void bench_free(bench_t *b)
{
    penalty_values_free(&b->here);
    penalty_values_free(&b->above);
    penalty_values_free(&b->below);
    penalty_free(&b->penalty);
}

static void for_all(void (*check)(bench_t *))
{
    for (int k = 0; penalty_kinds[k] != NULL; k++) {
        bench_t b;
        bool made = bench_create(penalty_kinds[k], &b);
        for (size_t i = 0; made && i < sizeof betas / sizeof *betas; i++) {
            b.beta = betas[i];
            penalty_at(b.penalty, theta_here, b.beta, NULL, &b.here);
            check(&b);
        }
        bench_free(&b);
    }
}

static void check_beta(bench_t *b)
{
    double near[PENALTY_ORDERS][COLUMNS] = {{0.0}}, moved[COLUMNS];
    for (int m = 1; m <= 3; m++) {
        const double step = 1e-2;
        for (int j = 0; j < COLUMNS; j++)
            moved[j] = b->beta[j] * (1.0 + m * step);
        penalty_at(b->penalty, theta_here, moved, NULL, &b->above);
        for (int j = 0; j < COLUMNS; j++)
            moved[j] = b->beta[j] * (1.0 - m * step);
        penalty_at(b->penalty, theta_here, moved, NULL, &b->below);
        for (int k = 1; k < PENALTY_ORDERS; k++)
            for (int j = 0; j < COLUMNS; j++)
                near[k][j] += weight[m - 1] * (b->above.r[k - 1][j] - b->below.r[k - 1][j]) /
                              (step * b->beta[j]);
    }
    for (int k = 1; k < PENALTY_ORDERS; k++)
        for (int j = 0; j < COLUMNS; j++)
            CHECK_CLOSE(near[k][j], b->here.r[k][j], 1e-9);
}

static void derivatives_in_beta(void)
{
    for_all(check_beta);
}

/* Differences along component s of theta of r (against s) and of s (against ss). */
static void check_component(bench_t *b, int s)
{
    const double step = 1e-2;
    int m = b->penalty->kind->per_group, a = s % m;
    double first[PENALTY_MIXED][COLUMNS] = {{0.0}};
    double second[PENALTY_MIXED][PENALTY_PER_GROUP][COLUMNS] = {{{0.0}}};
    for (int i = 1; i <= 3; i++) {
        double moved[MOST];
        memcpy(moved, theta_here, sizeof moved);
        moved[s] = theta_here[s] + i * step;
        penalty_at(b->penalty, moved, b->beta, NULL, &b->above);
        moved[s] = theta_here[s] - i * step;
        penalty_at(b->penalty, moved, b->beta, NULL, &b->below);
        for (int k = 0; k < PENALTY_MIXED; k++)
            for (int j = 0; j < COLUMNS; j++) {
                first[k][j] += weight[i - 1] * (b->above.r[k][j] - b->below.r[k][j]) / step;
                for (int c = 0; c < m; c++)
                    second[k][c][j] +=
                        weight[i - 1] * (b->above.s[k][c][j] - b->below.s[k][c][j]) / step;
            }
    }
    for (int k = 0; k < PENALTY_MIXED; k++)
        for (int j = 0; j < COLUMNS; j++) {
            bool mine = groups[j] == s / m;
            CHECK_CLOSE(first[k][j], mine ? b->here.s[k][a][j] : 0.0, 1e-9);
            for (int c = 0; c < m; c++)
                CHECK_CLOSE(second[k][c][j], mine ? b->here.ss[k][c][a][j] : 0.0, 1e-9);
        }
}

static void check_theta(bench_t *b)
{
    CU_ASSERT(b->penalty->count == GROUPS * b->penalty->kind->per_group);
    for (int s = 0; s < b->penalty->count; s++)
        check_component(b, s);
}

static void derivatives_in_theta(void)
{
    for_all(check_theta);
}

/* The sums, from the derivatives in theta that were just checked. */
static double entry(const bench_t *b, int k, int s, int j)
{
    int m = b->penalty->kind->per_group;
    return groups[j] == s / m ? b->here.s[k][s % m][j] : 0.0;
}

static double entry_along(const bench_t *b, int k, int s, int j)
{
    int m = b->penalty->kind->per_group;
    double sum = 0.0;
    for (int t = 0; t < b->penalty->count; t++)
        if (groups[j] == s / m && groups[j] == t / m)
            sum += delta[t] * b->here.ss[k][s % m][t % m][j];
    return sum;
}

static void check_sums(bench_t *b)
{
    int count = b->penalty->count;
    for (int k = 0; k < PENALTY_MIXED; k++) {
        double along[COLUMNS], contracted[MOST], contracted_along[MOST];
        for (int j = 0; j < COLUMNS; j++)
            along[j] = NAN;
        for (int s = 0; s < count; s++)
            contracted[s] = contracted_along[s] = 10.0 + s;
        penalty_along(b->penalty, &b->here, k, delta, along);
        penalty_contract(b->penalty, &b->here, k, -2.0, x, contracted);
        penalty_contract_along(b->penalty, &b->here, k, delta, -2.0, x, contracted_along);
        for (int j = 0; j < COLUMNS; j++) {
            double sum = 0.0;
            for (int s = 0; s < count; s++)
                sum += delta[s] * entry(b, k, s, j);
            CHECK_CLOSE(along[j], sum, 1e-14);
        }
        for (int s = 0; s < count; s++) {
            double sum = 10.0 + s, sum_along = 10.0 + s;
            for (int j = 0; j < COLUMNS; j++) {
                sum -= 2.0 * x[j] * entry(b, k, s, j);
                sum_along -= 2.0 * x[j] * entry_along(b, k, s, j);
            }
            CHECK_CLOSE(contracted[s], sum, 1e-14);
            CHECK_CLOSE(contracted_along[s], sum_along, 1e-14);
        }
    }
}

static void sums_agree_with_naive_ones(void)
{
    for_all(check_sums);
}

static void check_free(bench_t *b)
{
    int m = b->penalty->kind->per_group;
    for (int j = 0; j < COLUMNS; j++) {
        bool all_zero = true;
        for (int k = 0; k < PENALTY_ORDERS; k++)
            all_zero = all_zero && b->here.r[k][j] == 0.0;
        for (int k = 0; k < PENALTY_MIXED; k++)
            for (int a = 0; a < m; a++) {
                all_zero = all_zero && b->here.s[k][a][j] == 0.0;
                for (int c = 0; c < m; c++)
                    all_zero = all_zero && b->here.ss[k][a][c][j] == 0.0;
            }
        CU_ASSERT_EQUAL(all_zero, groups[j] < 0);
    }
}

static void free_columns_cost_nothing(void)
{
    for_all(check_free);
}

static void check_shape(bench_t *b)
{
    double least[COLUMNS] = {0.0};
    for (int j = 0; j < COLUMNS; j++)
        CU_ASSERT(b->here.r[0][j] >= 0.0 && b->here.r[1][j] * b->beta[j] >= 0.0);
    for (int j = 0; b->penalty->kind->quadratic && j < COLUMNS; j++)
        CU_ASSERT(b->here.r[3][j] == 0.0 && b->here.r[4][j] == 0.0);
    penalty_at(b->penalty, theta_here, least, NULL, &b->here);
    for (int j = 0; j < COLUMNS; j++)
        CU_ASSERT(b->here.r[0][j] == 0.0 && b->here.r[1][j] == 0.0);
}

static void least_at_zero(void)
{
    for_all(check_shape);
}

static void check_natural(bench_t *b)
{
    double natural[MOST], back[MOST];
    hyper_t hyper = penalty_hyper(b->penalty);
    CU_ASSERT_EQUAL(hyper.count, b->penalty->count);
    hyper_natural(&hyper, theta_here, natural);
    hyper_from_natural(&hyper, natural, back);
    for (int s = 0; s < b->penalty->count; s++) {
        double moved[MOST], other[MOST];
        memcpy(moved, theta_here, sizeof moved);
        moved[s] += 0.1;
        hyper_natural(&hyper, moved, other);
        CHECK_CLOSE(back[s], theta_here[s], 1e-14);
        for (int t = 0; t < b->penalty->count; t++)
            CU_ASSERT(t == s ? other[t] > natural[t] : other[t] == natural[t]);
        CU_ASSERT(hyper.names[s % hyper.per_group] != NULL);
    }
}

static void natural_terms_and_back(void)
{
    for_all(check_natural);
}

static void groups_are_copied(void)
{
    for (int k = 0; penalty_kinds[k] != NULL; k++) {
        penalty_t *penalty = NULL;
        int mine[COLUMNS];
        memcpy(mine, groups, sizeof mine);
        CHECK_OK(penalty_create(penalty_kinds[k], COLUMNS, mine, GROUPS, &penalty));
        memset(mine, 0, sizeof mine);
        CU_ASSERT(penalty != NULL && memcmp(penalty->group, groups, sizeof groups) == 0);
        CU_ASSERT(penalty_find(penalty_kinds[k]->name) == penalty_kinds[k]);
        penalty_free(&penalty);
        CU_ASSERT(penalty == NULL);
        penalty_free(&penalty);
    }
    CU_ASSERT(penalty_find("bridle") == NULL);
}

static void every_allocation_may_fail(void)
{
    int64_t live = mem_live();
    bool done = false;
    for (int k = 0; k < 10 && !done; k++) {
        penalty_t *penalty = NULL;
        penalty_values_t values = {.storage = NULL};
        mem_fail_at(k);
        int code = penalty_create(penalty_kinds[0], COLUMNS, groups, GROUPS, &penalty);
        if (code == TRALO_OK)
            code = penalty_values_create(penalty, &values);
        mem_fail_at(-1);
        done = code == TRALO_OK;
        CU_ASSERT(done ? k == 3 : code == TRALO_ERR_MEMORY);
        penalty_values_free(&values);
        penalty_free(&penalty);
        CU_ASSERT(mem_live() == live);
    }
    CU_ASSERT(done);
}

static void ridge_is_half_lambda_beta_squared(void)
{
    bench_t b;
    if (bench_create(penalty_find("ridge"), &b)) {
        penalty_at(b.penalty, theta_here, betas[0], NULL, &b.here);
        CHECK_CLOSE(b.here.r[0][3], 0.5 * exp(0.3) * 2.5 * 2.5, 1e-15);
        CHECK_CLOSE(b.here.r[2][4], exp(1.2), 1e-15);
    }
    bench_free(&b);
}

/* Bridge with one hyperparameter pair for all of GROUPS. */
static void bridge_at(bench_t *b, double lambda, double q, const double *beta)
{
    double natural[MOST], theta[MOST];
    for (int g = 0; g < GROUPS; g++) {
        natural[2 * g] = lambda;
        natural[2 * g + 1] = q;
    }
    hyper_t hyper = penalty_hyper(b->penalty);
    hyper_from_natural(&hyper, natural, theta);
    penalty_at(b->penalty, theta, beta, NULL, &b->here);
}

static void bridge_is_a_power_beyond_delta(void)
{
    bench_t b;
    const double delta_wide = 0.5, beta[COLUMNS] = {0.4, 0.4, 0.5, -0.6};
    if (bench_create(penalty_find("bridge"), &b)) {
        bridge_at(&b, 3.0, 1.5, beta);
        CHECK_CLOSE(b.here.r[0][0], 1.5 * pow(0.4, 1.5), 1e-15);
        CHECK_CLOSE(b.here.r[1][3], -1.5 * 1.5 * pow(0.6, 0.5), 1e-15);
        penalty_configure(b.penalty, &delta_wide);
        bridge_at(&b, 3.0, 1.5, beta);
        CU_ASSERT(fabs(b.here.r[0][0] - 1.5 * pow(0.4, 1.5)) > 1e-5);
        CHECK_CLOSE(b.here.r[0][2], 1.5 * pow(0.5, 1.5), 1e-15);
        CHECK_CLOSE(b.here.r[0][3], 1.5 * pow(0.6, 1.5), 1e-15);
        bridge_at(&b, 3.0, 2.0, beta); /* ridge, on both sides of delta */
        CHECK_CLOSE(b.here.r[0][0], 1.5 * 0.16, 1e-15);
        CHECK_CLOSE(b.here.r[2][0], 3.0, 1e-14);
        CHECK_CLOSE(b.here.r[2][3], 3.0, 1e-14);
    }
    bench_free(&b);
}

/* Column 0 just below delta, column 3 just above. */
static void bridge_is_smooth_at_delta(void)
{
    static const double exponents[] = {1.05, 1.3, 1.7, 2.5, 3.2, 4.0};
    const double delta_here = 0.01, gap = 1e-10;
    const double beta[COLUMNS] = {delta_here * (1.0 - gap), 0, 0, delta_here * (1.0 + gap)};
    bench_t b;
    bool made = bench_create(penalty_find("bridge"), &b);
    for (size_t i = 0; made && i < sizeof exponents / sizeof *exponents; i++) {
        bridge_at(&b, 1.0, exponents[i], beta);
        for (int k = 0; k < PENALTY_ORDERS; k++) {
            const double unit = pow(delta_here, exponents[i] - k);
            CHECK_CLOSE(b.here.r[k][0] / unit, b.here.r[k][3] / unit, 1e-7);
            for (int a = 0; k < PENALTY_MIXED && a < 2; a++) {
                CHECK_CLOSE(b.here.s[k][a][0] / unit, b.here.s[k][a][3] / unit, 1e-7);
                CHECK_CLOSE(b.here.ss[k][a][1][0] / unit, b.here.ss[k][a][1][3] / unit, 1e-7);
            }
        }
    }
    bench_free(&b);
}

/* Between the bounds of the search; below them it is not. */
static void bridge_is_convex_where_it_is_searched(void)
{
    const penalty_kind_t *kind = penalty_find("bridge");
    const double exponents[] = {kind->lower[1], 1.5, kind->start[1], 3.0, kind->upper[1], 1.05};
    double beta[COLUMNS] = {0.0};
    bench_t b;
    bool made = bench_create(kind, &b);
    for (size_t i = 0; made && i < sizeof exponents / sizeof *exponents; i++) {
        double least = INFINITY;
        for (beta[0] = 0.0; beta[0] < 0.02; beta[0] += 1e-5) {
            bridge_at(&b, 1.0, exponents[i], beta);
            least = fmin(least, b.here.r[2][0]);
        }
        CU_ASSERT((least >= -1e-15) == (exponents[i] >= kind->lower[1]));
    }
    bench_free(&b);
}

void suite_penalty(void)
{
    static const test_case_t cases[] = {
        {"derivatives in beta agree with differences", derivatives_in_beta},
        {"derivatives in theta agree with differences", derivatives_in_theta},
        {"sums agree with naive ones", sums_agree_with_naive_ones},
        {"free columns cost nothing", free_columns_cost_nothing},
        {"least at zero", least_at_zero},
        {"natural terms and back", natural_terms_and_back},
        {"groups are copied", groups_are_copied},
        {"every allocation may fail", every_allocation_may_fail},
        {"ridge is half lambda beta squared", ridge_is_half_lambda_beta_squared},
        {"bridge is a power beyond delta", bridge_is_a_power_beyond_delta},
        {"bridge is smooth at delta", bridge_is_smooth_at_delta},
        {"bridge is convex where it is searched", bridge_is_convex_where_it_is_searched},
    };
    REGISTER("penalty", cases);
}
