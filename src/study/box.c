/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/box.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* times d_g; for kernels higher, since n x n matrices are as ill-conditioned as 1/lambda */
static const double LOWER = 1e-8, LOWER_KERNEL = 1e-6, UPPER = 1e4;
static const double SPREAD = 20.0; /* of a width, either way */
enum { NULL_STEPS = 50 };

/* Leaves the problem at the null model: Newton's method for the intercept, steps of at most 2, or
   of any length where parabolas bound the loss; for several outputs by the diagonal of the Hessian,
   halved, which is less than it but converges. */
static void find_null_model(const study_t *study, double *beta)
{
    problem_t *problem = study->problem;
    const double damping = problem->outputs > 1 ? 0.5 : 1.0;
    const double limit = problem->loss.robust || problem->loss.quadratic ? INFINITY : 2.0;
    double largest = INFINITY;
    problem_move(problem, study->theta, beta);
    for (int step = 0; study->data->intercept && largest > 1e-6 && step < NULL_STEPS; step++) {
        largest = 0.0;
        for (int k = 0; k < problem->outputs; k++) {
            const int at = k * problem->width + study->data->p;
            double curvature = 0.0;
            for (int64_t i = 0; i < problem->rows; i++)
                curvature += problem_bound(problem, i, k);
            curvature = comm_sum_one(study->comm, curvature);
            double move = -damping * problem->gradient[at] / curvature;
            largest = fmax(largest, fabs(move));
            beta[at] += isnan(move) ? 0.0 : fmax(-limit, fmin(limit, move));
        }
        problem_move(problem, study->theta, beta);
    }
}

/* d_g for every hyperparameter of group g, the same bits on all ranks; bound [rows] and diagonal
   [columns], which starts as 0, are scratch. */
static void find_scales(const study_t *study, double *bound, double *diagonal, double *scale)
{
    const problem_t *problem = study->problem;
    int columns = problem->columns, m = study->hyper.per_group;
    rows_pass_t pass = rows_begin(&study->data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        for (int k = 0; k < problem->outputs; k++) {
            double *here = bound + pass.panel.begin;
            for (int64_t i = 0; i < pass.panel.count; i++)
                here[i] = problem_bound(problem, pass.panel.begin + i, k);
            rows_add_squares(&pass.panel, here, diagonal + (int64_t)k * problem->width);
        }
    comm_sum(study->comm, diagonal, columns);
    for (int s = 0; s < study->hyper.count; s++) {
        int g = s / m;
        double sum = 0.0, size = 0.0;
        for (int j = 0; j < columns; j++) {
            sum += study->group[j] == g ? diagonal[j] : 0.0;
            size += study->group[j] == g;
        }
        scale[s] = sum > 0.0 && isfinite(sum) ? sum / size : 1.0;
    }
}

static int allocate(study_t *study, double **work)
{
    int code = TRALO_OK;
    int64_t count = study->hyper.count;
    ALLOC(study->theta, 3 * count);
    ALLOC(study->swept, count);
    int64_t columns = study->problem != NULL ? study->problem->columns : 0;
    ALLOC(*work, 2 * columns + 2 * count + study->data->rows);
out:
    return code;
}

/* One edge of the box: what the config gives, else the kind's own default, else a factor times the
   data's scale. */
typedef struct edge {
    const config_lambda_t *given;
    const double *preset; /* [per_group], 0: from the data */
    double lambda, width; /* the factors */
    double *theta;        /* [S], out */
} edge_t;

static int fill(const study_t *study, const edge_t *edge, const double *scale, double *natural)
{
    int code = TRALO_OK;
    const hyper_t *hyper = &study->hyper;
    int m = hyper->per_group;
    TRY(config_natural(edge->given, hyper->groups, m, natural));
    for (int s = 0; s < hyper->count; s++)
        if (isnan(natural[s]))
            natural[s] = edge->preset[s % m] > 0.0
                             ? edge->preset[s % m]
                             : (s % m == 0 ? edge->lambda : edge->width) * scale[s];
    hyper_from_natural(hyper, natural, edge->theta);
    for (int s = 0; s < hyper->count; s++)
        if (!isfinite(edge->theta[s]))
            FAIL(TRALO_ERR_INPUT, "%s: %g is not possible for the hyperparameter '%s' of '%s'",
                 edge->given->place != NULL ? edge->given->place : "search", natural[s],
                 hyper->names[s % m], hyper->owner);
out:
    return code;
}

static double natural_of(const hyper_t *hyper, const double *theta, int s, double *natural)
{
    hyper_natural(hyper, theta, natural);
    return natural[s];
}

static int check(const study_t *study, double *natural)
{
    int code = TRALO_OK;
    const hyper_t *hyper = &study->hyper;
    int count = hyper->count, m = hyper->per_group;
    double *lower = study->theta, *upper = lower + count, *start = upper + count;
    bool given = study->config->search.start.count > 0;
    for (int s = 0; s < count; s++) {
        const char *name = hyper->names[s % m];
        if (lower[s] >= upper[s])
            FAIL(TRALO_ERR_INPUT,
                 "group %d: search.lower = %g of %s is not below search.upper = %g (where one of "
                 "them is not in the config, it was chosen from the data: give both)",
                 s / m, natural_of(hyper, lower, s, natural), name,
                 natural_of(hyper, upper, s, natural));
        if (given && (start[s] < lower[s] || start[s] > upper[s]))
            FAIL(TRALO_ERR_INPUT, "group %d: search.start = %g of %s is not between its bounds",
                 s / m, natural_of(hyper, start, s, natural), name);
        start[s] = fmin(fmax(start[s], lower[s]), upper[s]);
    }
out:
    return code;
}

int box_find(study_t *study)
{
    int code = TRALO_OK, count = study->hyper.count;
    const config_search_t *search = &study->config->search;
    const hyper_t *hyper = &study->hyper;
    double *work = NULL;
    TRY(comm_agree(study->comm, allocate(study, &work)));
    bool kernel = study->machine != NULL;
    double *scale = work, *natural = scale + count, *beta = natural + count;
    double *lower = study->theta, *upper = lower + count, *start = upper + count;
    const edge_t edges[] = {
        {&search->lower, hyper->lower, kernel ? LOWER_KERNEL : LOWER, 1.0 / SPREAD, lower},
        {&search->upper, hyper->upper, UPPER, SPREAD, upper},
        {&search->start, hyper->start, 1.0, 1.0, start},
    };
    if (kernel) {
        machine_scales(study->machine, scale);
    } else {
        find_null_model(study, beta);
        double *diagonal = beta + study->problem->columns;
        find_scales(study, diagonal + study->problem->columns, diagonal, scale);
        TRY(data_intact(study->data));
    }
    for (int i = 0; i < 3; i++)
        TRY(fill(study, &edges[i], scale, natural));
    TRY(check(study, natural));
    for (int s = 0; s < count; s++)
        study->swept[s] = s % hyper->per_group == 0;
    study->box = (outer_box_t){.count = count,
                               .lower = lower,
                               .upper = upper,
                               .start = start,
                               .products = study->criterion->kind->product != NULL,
                               .swept = study->swept};
out:
    mem_free(&work);
    return code;
}
