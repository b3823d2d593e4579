/* SPDX-License-Identifier: BSD-3-Clause */
/* Bracket by doubling, then Newton's method on f - target along the shift, kept inside the bracket.
 */
#include "study/one_se.h"

#include <math.h>
#include <string.h>

static const double TOLERANCE = 1e-6; /* of the shift in log lambda */
enum { MOST = 40 };

/* f at theta + shift on the penalties (the first hyperparameter of each group), and its slope along
   the shift; false where f has no value. The point stays in result->one_se_theta. */
static bool evaluate(study_t *study, result_t *result, double shift, double *f, double *slope)
{
    criterion_result_t r;
    int m = study->hyper.per_group;
    for (int s = 0; s < result->count; s++) {
        double moved = result->theta[s] + (s % m == 0 ? shift : 0.0);
        result->one_se_theta[s] = fmin(moved, study->box.upper[s]);
    }
    oracle_evaluate(study->oracle, result->one_se_theta, 1, &r);
    if (!r.valid)
        return false;
    *f = r.value;
    *slope = 0.0;
    for (int s = 0; s < result->count; s += m)
        *slope += result->one_se_theta[s] < study->box.upper[s] ? r.gradient[s] : 0.0;
    return true;
}

/* The shift at which every penalty is at its upper bound. */
static double largest_shift(const study_t *study, const result_t *result)
{
    double most = 0.0;
    for (int s = 0; s < result->count; s += study->hyper.per_group)
        most = fmax(most, study->box.upper[s] - result->theta[s]);
    return most;
}

void one_se_find(study_t *study, result_t *result)
{
    double target = result->criterion + result->criterion_se, most = largest_shift(study, result);
    double low = 0.0, high = fmin(0.5, most), f, slope;
    bool good = isfinite(target);
    result->has_one_se = false;
    while (good && (good = evaluate(study, result, high, &f, &slope)) && f < target &&
           high < most) {
        low = high;
        high = fmin(2.0 * high, most);
    }
    if (!good)
        return;
    double at = f < target ? low = high : high;
    for (int i = 0; i < MOST && high - low > TOLERANCE; i++) {
        double newton = at - (f - target) / slope;
        at = newton > low && newton < high ? newton : 0.5 * (low + high);
        if (!evaluate(study, result, at, &f, &slope))
            return;
        bool done = fabs(f - target) <= 1e-9 * fabs(target);
        if (f <= target || done)
            low = at;
        if (f > target || done)
            high = at;
    }
    result->has_one_se = evaluate(study, result, low, &f, &slope);
    result->one_se_criterion = f;
    hyper_natural(&study->hyper, result->one_se_theta, result->one_se_lambda);
}
