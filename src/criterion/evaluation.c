/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion/evaluation.h"

#include <inttypes.h>
#include <string.h>

static int check_target(const loss_t *loss, const data_t *data)
{
    int code = TRALO_OK;
    for (int64_t i = 0; i < data->rows; i++)
        if (!loss->valid(data->y[i]))
            FAIL(TRALO_ERR_INPUT,
                 "row %" PRId64 ": y = %g is not allowed for criterion.loss = %s: give %s",
                 data->first + i, data->y[i], loss->name, loss->domain);
out:
    return code;
}

int evaluation_find(const char *name, const problem_t *problem, evaluation_t *out)
{
    int code = TRALO_OK;
    evaluation_t evaluation = {.loss = problem->loss};
    if (name != NULL && strcmp(name, "response") == 0) {
        evaluation.response = true;
    } else if (name != NULL && strcmp(name, "training") != 0) {
        const loss_t *loss = loss_find(name);
        if (loss == NULL)
            FAIL(TRALO_ERR_INPUT,
                 "criterion.loss = %s: give training, response or a loss that tralo list names",
                 name);
        evaluation.loss = *loss;
        TRY(comm_agree(problem->comm, check_target(loss, problem->data)));
    }
    *out = evaluation;
out:
    return code;
}

void evaluation_rows(const evaluation_t *evaluation, int64_t n, const double *y, const double *u,
                     double *const *phi)
{
    const loss_t *loss = &evaluation->loss;
    double m[3];
    if (!evaluation->response) {
        loss->derivatives(loss, n, y, u, 2, phi);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        loss->mean(loss, u[i], m);
        double error = m[0] - loss_target(loss, y[i]);
        phi[0][i] = 0.5 * error * error;
        phi[1][i] = error * m[1];
        phi[2][i] = m[1] * m[1] + error * m[2];
    }
}
