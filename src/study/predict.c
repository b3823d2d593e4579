/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/predict.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/data.h"
#include "linalg/panel.h"
#include "loss/loss.h"
#include "study/result.h"

typedef struct predict {
    comm_t *comm; /* borrowed */
    result_t *model;
    data_t *data;
    loss_t loss;
    double *u;     /* [rows] */
    double *all_u; /* [n], rank 0 */
    double *all_y; /* [n], rank 0; not used without y */
} predict_t;

static int check_features(const predict_t *p, const char *rows)
{
    int code = TRALO_OK;
    char *const *trained = p->model->feature_names, *const *given = p->data->names;
    for (int j = 0; trained != NULL && given != NULL && j < p->model->p; j++)
        if (strcmp(trained[j], given[j]) != 0)
            FAIL(
                TRALO_ERR_INPUT,
                "%s: feature %d is '%s' but the model was trained with '%s' there: import the file "
                "with the same columns in the same order",
                rows, j, given[j], trained[j]);
out:
    return code;
}

/* The labels stand for the same; -1 and +1 change places where the file has them the other way. */
static int match_labels(predict_t *p, const char *rows)
{
    int code = TRALO_OK;
    char **trained = p->model->labels, **given = p->data->labels;
    if (p->data->y == NULL || trained[0] == NULL || given[0] == NULL)
        goto out;
    bool same = strcmp(trained[0], given[0]) == 0 && strcmp(trained[1], given[1]) == 0;
    bool swapped = strcmp(trained[0], given[1]) == 0 && strcmp(trained[1], given[0]) == 0;
    if (!same && !swapped)
        FAIL(TRALO_ERR_INPUT,
             "%s: the labels are '%s' and '%s' but the model was trained with '%s' and '%s'", rows,
             given[0], given[1], trained[0], trained[1]);
    for (int64_t i = 0; swapped && i < p->data->rows; i++)
        p->data->y[i] = -p->data->y[i];
out:
    return code;
}

static int check_target(const predict_t *p, const char *rows)
{
    int code = TRALO_OK;
    for (int64_t i = 0; p->data->y != NULL && i < p->data->rows; i++)
        if (!p->loss.valid(p->data->y[i]))
            FAIL(TRALO_ERR_INPUT, "%s: row %lld: y = %g is not allowed for the loss '%s': give %s",
                 rows, (long long)(p->data->first + i), p->data->y[i], p->loss.name,
                 p->loss.domain);
out:
    return code;
}

static int prepare(predict_t *p, const char *rows)
{
    int code = TRALO_OK;
    bool first = comm_rank(p->comm) == 0;
    const loss_t *row = loss_find(p->model->loss);
    if (row == NULL)
        FAIL(TRALO_ERR_INPUT, "the model's loss '%s' is not known to this version", p->model->loss);
    p->loss = loss_configured(row, &p->model->loss_parameter);
    TRY(check_features(p, rows));
    TRY(match_labels(p, rows));
    TRY(check_target(p, rows));
    ALLOC(p->u, p->data->rows);
    ALLOC(p->all_u, first ? p->data->n : 0);
    ALLOC(p->all_y, first && p->data->y != NULL ? p->data->n : 0);
out:
    return code;
}

/* u = X beta + intercept + offset. */
static int find_link(predict_t *p)
{
    int code = TRALO_OK;
    double *beta = NULL;
    const data_t *data = p->data;
    ALLOC(beta, data->columns);
    memcpy(beta, p->model->coefficients, (size_t)data->p * sizeof *beta);
    if (data->intercept)
        beta[data->p] = p->model->intercept;
    panel_times(data->rows, data->columns, data->X, beta, p->u);
    for (int64_t i = 0; data->offset != NULL && i < data->rows; i++)
        p->u[i] += data->offset[i];
out:
    mem_free(&beta);
    return code;
}

enum { SUM_LOSS, SUM_HITS, SUM_SQUARES, SUM_DEVIANCE, SUM_WEIGHT, SUMS };

static void score_rows(const predict_t *p, double *sums)
{
    const data_t *data = p->data;
    memset(sums, 0, SUMS * sizeof *sums);
    for (int64_t i = 0; i < data->rows; i++) {
        double w = data->weights != NULL ? data->weights[i] : 1.0, y = data->y[i], value;
        double *out[1] = {&value};
        if (w == 0.0)
            continue;
        p->loss.derivatives(&p->loss, 1, &y, &p->u[i], 0, out);
        double error = loss_response(&p->loss, p->u[i]) - loss_target(&p->loss, y);
        sums[SUM_LOSS] += w * value;
        sums[SUM_HITS] += y * p->u[i] > 0.0 ? w : 0.0;
        sums[SUM_SQUARES] += w * error * error;
        sums[SUM_DEVIANCE] += 2.0 * w * (value - p->loss.saturated(&p->loss, y));
        sums[SUM_WEIGHT] += w;
    }
}

typedef struct scored {
    double u, y;
} scored_t;

static int by_link(const void *a, const void *b)
{
    double left = ((const scored_t *)a)->u, right = ((const scored_t *)b)->u;
    return (left > right) - (left < right);
}

/* Mann & Whitney: the share of pairs (-1, +1) in which +1 has the larger link. */
static int find_auc(const predict_t *p, double *auc)
{
    int code = TRALO_OK;
    int64_t n = p->data->n;
    double wins = 0.0, negatives = 0.0, positives = 0.0;
    scored_t *rows = NULL;
    ALLOC(rows, n);
    for (int64_t i = 0; i < n; i++)
        rows[i] = (scored_t){.u = p->all_u[i], .y = p->all_y[i]};
    qsort(rows, (size_t)n, sizeof *rows, by_link);
    for (int64_t begin = 0, end; begin < n; begin = end) {
        double ties[2] = {0.0, 0.0};
        for (end = begin; end < n && rows[end].u == rows[begin].u; end++)
            ties[rows[end].y > 0.0] += 1.0;
        wins += ties[1] * (negatives + 0.5 * ties[0]);
        negatives += ties[0];
        positives += ties[1];
    }
    *auc = wins / (negatives * positives);
out:
    mem_free(&rows);
    return code;
}

static int score(const predict_t *p, predict_scores_t *scores)
{
    int code = TRALO_OK;
    double sums[SUMS];
    bool counts = p->loss.counts, classifies = p->loss.classifies;
    if (p->data->y == NULL)
        goto out;
    score_rows(p, sums);
    comm_sum(p->comm, sums, SUMS);
    scores->scored = true;
    scores->loss = sums[SUM_LOSS] / sums[SUM_WEIGHT];
    scores->accuracy = classifies ? sums[SUM_HITS] / sums[SUM_WEIGHT] : NAN;
    scores->rmse = classifies ? NAN : sqrt(sums[SUM_SQUARES] / sums[SUM_WEIGHT]);
    scores->deviance = counts ? sums[SUM_DEVIANCE] / sums[SUM_WEIGHT] : NAN;
    if (classifies)
        TRY(comm_agree(p->comm, comm_rank(p->comm) == 0 ? find_auc(p, &scores->auc) : TRALO_OK));
    comm_share(p->comm, &scores->auc, sizeof scores->auc, 0);
out:
    return code;
}

static int write_rows(const predict_t *p, const char *output)
{
    int code = TRALO_OK;
    bool standard = strcmp(output, "-") == 0, has_y = p->data->y != NULL;
    FILE *file = standard ? stdout : fopen(output, "w");
    if (file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s", output, strerror(errno));
    fprintf(file, "link,response%s\n", has_y ? ",y" : "");
    for (int64_t i = 0; i < p->data->n; i++) {
        fprintf(file, "%.17g,%.17g", p->all_u[i], loss_response(&p->loss, p->all_u[i]));
        if (has_y)
            fprintf(file, ",%.17g", p->all_y[i]);
        fputc('\n', file);
    }
    bool bad = ferror(file) != 0 || fflush(file) != 0;
    bad = (!standard && fclose(file) != 0) || bad;
    if (bad)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s", output, strerror(errno));
out:
    return code;
}

static void predict_close(predict_t *p)
{
    mem_free(&p->u);
    mem_free(&p->all_u);
    mem_free(&p->all_y);
    data_free(&p->data);
    result_free(&p->model);
}

int predict_run(comm_t *comm, const char *model, const char *rows, const char *output,
                predict_scores_t *scores)
{
    int code = TRALO_OK;
    predict_t p = {.comm = comm};
    predict_scores_t out = {.loss = NAN, .accuracy = NAN, .auc = NAN, .rmse = NAN, .deviance = NAN};
    TRY(result_read(comm, model, &p.model));
    data_scaling_t scaling = {.p = p.model->p, .mean = p.model->means, .scale = p.model->scales};
    TRY(data_open_scaled(comm, rows, p.model->has_intercept, &scaling, &p.data));
    TRY(comm_agree(comm, prepare(&p, rows)));
    TRY(comm_agree(comm, find_link(&p)));
    comm_gather(comm, p.u, p.data->rows, p.all_u);
    if (p.data->y != NULL)
        comm_gather(comm, p.data->y, p.data->rows, p.all_y);
    out.n = p.data->n;
    TRY(score(&p, &out));
    if (output != NULL)
        TRY(comm_agree(comm, comm_rank(comm) == 0 ? write_rows(&p, output) : TRALO_OK));
    *scores = out;
out:
    predict_close(&p);
    return code;
}
