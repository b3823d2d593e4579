/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "study/point.h"
#include "study/report.h"

enum { MOST = 20, STEPS = 4, STREAM = 0xc4ec };

static const double FLAT = 1e-6; /* part of |f| below which derivatives drown in rounding */

/* Rank 0. */
typedef struct check {
    study_t *study;
    check_options_t *options;
    double *theta, *moved, *gradient, *slope; /* [S] */
    double *hessian;                          /* [S, S] */
    double value;
} check_t;

static int evaluate(check_t *check, const double *theta, int order, criterion_result_t *result)
{
    int code = TRALO_OK;
    char lambda[128];
    oracle_evaluate(check->study->oracle, theta, order, result);
    study_lambda_text(check->study, theta, lambda, sizeof lambda);
    if (!result->valid)
        FAIL(TRALO_ERR_EVALUATION, "%s cannot be evaluated: %s", lambda, result->failure);
out:
    return code;
}

/* df/dtheta_s into *value and d gradient/dtheta_s into slope [S], by fourth-order differences. */
static int difference(check_t *check, int s, double step, double *value)
{
    static const double at[4] = {-2.0, -1.0, 1.0, 2.0}, weight[4] = {1.0, -8.0, 8.0, -1.0};
    int code = TRALO_OK, count = check->study->hyper.count;
    criterion_result_t r;
    *value = 0.0;
    memset(check->slope, 0, (size_t)count * sizeof *check->slope);
    memcpy(check->moved, check->theta, (size_t)count * sizeof *check->moved);
    for (int k = 0; k < 4; k++) {
        check->moved[s] = check->theta[s] + at[k] * step;
        TRY(evaluate(check, check->moved, 1, &r));
        *value += weight[k] * r.value / (12.0 * step);
        for (int i = 0; i < count; i++)
            check->slope[i] += weight[k] * r.gradient[i] / (12.0 * step);
    }
out:
    return code;
}

static double largest(const double *values, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

static double relative_error(double exact, double near, double size)
{
    return fabs(exact - near) / fmax(fabs(exact) > 1e-3 * size ? fabs(exact) : size, 1e-300);
}

/* One line of the table. */
static void compare(check_t *check, const char *name, double exact, double near, double size)
{
    double relative = relative_error(exact, near, size);
    double *worst = &check->options->worst; /* NaN as soon as one is */
    *worst = isnan(*worst) || *worst > relative ? *worst : relative;
    log_info("%-16s %22.14e %22.14e %10.2e", name, exact, near, relative);
}

/* What the errors at this point are measured against. */
static double find_size(const check_t *check)
{
    int count = check->study->hyper.count;
    double derivatives =
        fmax(largest(check->gradient, count), largest(check->hessian, count * count));
    return fmax(derivatives, FLAT * fabs(check->value));
}

/* Do the differences along s agree with what is exact? */
static bool agrees(const check_t *check, int s, double value, double size)
{
    int count = check->study->hyper.count;
    double tolerance = check->options->tolerance;
    bool good = relative_error(check->gradient[s], value, size) <= tolerance;
    for (int i = 0; i < count && i < MOST; i++)
        good = good &&
               relative_error(check->hessian[i * count + s], check->slope[i], size) <= tolerance;
    return good;
}

static int check_component(check_t *check, int s)
{
    int code = TRALO_OK, count = check->study->hyper.count;
    double value, size = find_size(check), step = check->options->step;
    char name[48];
    TRY(difference(check, s, step, &value));
    for (int k = 1; k < STEPS && !agrees(check, s, value, size); k++)
        TRY(difference(check, s, step *= 0.1, &value));
    snprintf(name, sizeof name, "gradient %d", s);
    compare(check, name, check->gradient[s], value, size);
    for (int i = 0; i < count && i < MOST; i++) {
        snprintf(name, sizeof name, "hessian %d %d", i, s);
        compare(check, name, check->hessian[i * count + s], check->slope[i], size);
    }
out:
    return code;
}

static int check_point(check_t *check)
{
    int code = TRALO_OK;
    int64_t count = check->study->hyper.count, walked = count < MOST ? count : MOST;
    char lambda[128];
    criterion_result_t r;
    study_lambda_text(check->study, check->theta, lambda, sizeof lambda);
    TRY(evaluate(check, check->theta, 2, &r));
    check->value = r.value;
    log_info("at %s: f = %.15g", lambda, r.value);
    log_info("%-16s %22s %22s %10s", "", "exact", "differences", "relative");
    memcpy(check->gradient, r.gradient, (size_t)count * sizeof *check->gradient);
    memcpy(check->hessian, r.hessian, (size_t)(count * count) * sizeof *check->hessian);
    for (int64_t k = 0; k < walked; k++)
        TRY(check_component(check, (int)(k * count / walked)));
out:
    return code;
}

static void draw_point(check_t *check, uint64_t number)
{
    const outer_box_t *box = &check->study->box;
    const double spread = log(20.0);
    for (int s = 0; s < box->count; s++) {
        double u = rng_uniform((uint64_t)check->options->seed, STREAM,
                               number * (uint64_t)box->count + (uint64_t)s);
        double moved = box->start[s] + spread * (2.0 * u - 1.0);
        check->theta[s] = fmin(fmax(moved, box->lower[s]), box->upper[s]);
    }
}

static int drive(study_t *study, void *argument)
{
    int code = TRALO_OK, count = study->hyper.count;
    check_t check = {.study = study, .options = argument};
    ALLOC(check.theta, count);
    ALLOC(check.moved, count);
    ALLOC(check.gradient, count);
    ALLOC(check.slope, count);
    ALLOC(check.hessian, (int64_t)count * count);
    check.options->worst = 0.0;
    memcpy(check.theta, study->box.start, (size_t)count * sizeof *check.theta);
    if (check.options->lambda != NULL)
        TRY(point_parse(study, check.options->lambda, check.theta));
    TRY(check_point(&check));
    for (int64_t i = 0; i < check.options->random; i++) {
        draw_point(&check, (uint64_t)i);
        TRY(check_point(&check));
    }
    report_communication(study->comm);
    log_info("largest relative error %.2e, tolerance %.2e: %s", check.options->worst,
             check.options->tolerance,
             check.options->worst <= check.options->tolerance ? "passed" : "failed");
out:
    mem_free(&check.theta);
    mem_free(&check.moved);
    mem_free(&check.gradient);
    mem_free(&check.slope);
    mem_free(&check.hessian);
    return code;
}

int check_run(study_t *study, check_options_t *options)
{
    return study_drive(study, drive, options);
}
