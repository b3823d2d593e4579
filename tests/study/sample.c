/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "base/mem.h"
#include "study/rates.h"
#include "study/sample.h"
#include "support.h"

static void fill_arrays(result_t *r)
{
    for (int s = 0; s < r->count; s++) {
        r->theta[s] = 0.1 * (s + 1);
        r->lambda[s] = exp(r->theta[s]);
        r->gradient[s] = 1e-11 * (s + 1);
        r->at_bound[s] = s == 1;
        for (int t = 0; t < r->count; t++)
            r->hessian[s * r->count + t] = 1.0 + s + t;
    }
    for (int j = 0; j < r->p; j++) {
        r->coefficients[j] = 0.5 * (j + 1);
        r->means[j] = 1.0 + j;
        r->scales[j] = 2.0 + j;
        r->groups[j] = j - 1;
        r->switched_off[j] = j == 2;
    }
}

static void fill_scalars(result_t *r)
{
    r->criterion = 1.0 / 3.0;
    r->criterion_se = NAN;
    r->hessian_judged = true;
    r->has_gradient = r->has_hessian = r->hessian_definite = r->has_intercept = true;
    r->gradient_norm = 2e-11;
    r->iterations = 4;
    r->evaluations = 9;
    r->inner_iterations = 31;
    r->products = 17;
    r->cg_products = 23;
    r->seconds = 0.25;
    r->n = 100;
    r->intercept[0] = -1.5;
    r->environment.threads = 2;
    r->environment.comm_calls = 31;
    r->environment.comm_bytes = 4100;
    r->environment.comm_seconds = 0.25;
}

result_t *sample_result(int count)
{
    char alpha[] = "alpha", accent[] = "b \xc3\xa9", last[] = "c";
    char *names[SAMPLE_P] = {alpha, accent, last};
    char no[] = "no", yes[] = "yes", *labels[] = {no, yes};
    result_t *r = NULL;
    CHECK_OK(result_create(count, SAMPLE_P, 1, &r));
    CHECK_OK(result_keep_hessian(r));
    fill_arrays(r);
    fill_scalars(r);
    result_unscale(r);
    CHECK_OK(result_names(r, names));
    CHECK_OK(mem_string("gradient", &r->reason));
    CHECK_OK(mem_string("it is small", &r->detail));
    CHECK_OK(mem_string("logistic", &r->loss));
    CHECK_OK(mem_string("ridge", &r->penalty));
    CHECK_OK(result_labels(r, 2, labels));
    CHECK_OK(mem_string("some MPI", &r->environment.mpi));
    CHECK_OK(result_environment(test_comm, r));
    return r;
}

plan_request_t sample_plan(int64_t n, int p)
{
    const rates_given_t given = {20.0, 10.0, 5.0, 5.0, 1.0};
    return (plan_request_t){.n = n,
                            .p = p,
                            .density = 1.0,
                            .count = 1,
                            .outputs = 1,
                            .loss = "logistic",
                            .criterion = "alo",
                            .algebra = "auto",
                            .parts = 10,
                            .rates = rates_from(&given)};
}
