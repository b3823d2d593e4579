/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/box.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static const double LOWER = 1e-8, UPPER = 1e4; /* times d_g */
enum { NULL_STEPS = 50 };

/* Leaves the problem at the null model: Newton's method for the intercept, steps of at most 2. */
static void find_null_model(const study_t *study, double *beta)
{
    problem_t *problem = study->problem;
    const int at = study->data->p;
    problem_move(problem, study->theta, beta);
    for (int step = 0; study->data->intercept && step < NULL_STEPS; step++) {
        double curvature = 0.0;
        for (int64_t i = 0; i < problem->rows; i++)
            curvature += problem->l[2][i];
        curvature = comm_sum_one(study->comm, curvature);
        double move = -problem->gradient[at] / curvature;
        if (!(fabs(move) > 1e-6))
            break;
        beta[at] += fmax(-2.0, fmin(2.0, move));
        problem_move(problem, study->theta, beta);
    }
}

/* d_g, the same bits on all ranks. */
static void find_scales(const study_t *study, double *diagonal, double *scale)
{
    const problem_t *problem = study->problem;
    int columns = problem->columns, groups = study->penalty->groups;
    for (int64_t i = 0; i < problem->rows; i++)
        for (int j = 0; j < columns; j++) {
            double x = study->data->X[i * columns + j];
            diagonal[j] += problem->l[2][i] * x * x;
        }
    comm_sum(study->comm, diagonal, columns);
    for (int g = 0; g < groups; g++) {
        double sum = 0.0, size = 0.0;
        for (int j = 0; j < columns; j++) {
            sum += study->group[j] == g ? diagonal[j] : 0.0;
            size += study->group[j] == g;
        }
        scale[g] = sum > 0.0 && isfinite(sum) ? sum / size : 1.0;
    }
}

static int allocate(study_t *study, double **work)
{
    int code = TRALO_OK;
    ALLOC(study->theta, 3 * (int64_t)study->penalty->count);
    ALLOC(*work, 2 * (int64_t)study->data->columns + study->penalty->groups);
out:
    return code;
}

/* theta where the config gives it, else log(factor d_g). */
static int fill(const study_t *study, const config_lambda_t *given, double factor,
                const double *scale, double *theta)
{
    int code = config_theta(given, study->penalty->groups, theta);
    for (int g = 0; code == TRALO_OK && g < study->penalty->groups; g++)
        if (isnan(theta[g]))
            theta[g] = log(factor * scale[g]);
    return code;
}

static int check(const study_t *study, double *lower, double *upper, double *start)
{
    int code = TRALO_OK;
    const config_search_t *search = &study->config->search;
    for (int g = 0; g < study->penalty->groups; g++) {
        if (lower[g] >= upper[g])
            FAIL(TRALO_ERR_INPUT,
                 "group %d: search.lower = %g is not below search.upper = %g (where one of them is "
                 "not in the config, it was chosen from the data: give both)",
                 g, exp(lower[g]), exp(upper[g]));
        if (search->start.count > 0 && (start[g] < lower[g] || start[g] > upper[g]))
            FAIL(TRALO_ERR_INPUT, "group %d: search.start = %g is not between %g and %g", g,
                 exp(start[g]), exp(lower[g]), exp(upper[g]));
        start[g] = fmin(fmax(start[g], lower[g]), upper[g]);
    }
out:
    return code;
}

int box_find(study_t *study)
{
    int code = TRALO_OK, count = study->penalty->count;
    const config_search_t *search = &study->config->search;
    double *work = NULL;
    TRY(comm_agree(study->comm, allocate(study, &work)));
    double *diagonal = work + study->data->columns, *scale = diagonal + study->data->columns;
    double *lower = study->theta, *upper = lower + count, *start = upper + count;
    find_null_model(study, work);
    find_scales(study, diagonal, scale);
    TRY(fill(study, &search->lower, LOWER, scale, lower));
    TRY(fill(study, &search->upper, UPPER, scale, upper));
    TRY(fill(study, &search->start, 1.0, scale, start));
    TRY(check(study, lower, upper, start));
    study->box = (outer_box_t){.count = count, .lower = lower, .upper = upper, .start = start};
out:
    mem_free(&work);
    return code;
}
