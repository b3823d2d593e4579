/* SPDX-License-Identifier: BSD-3-Clause */
#include "study/predict.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "data/data.h"
#include "linalg/panel.h"
#include "loss/joint.h"
#include "loss/loss.h"
#include "study/predict_kernel.h"
#include "study/result.h"

typedef struct predict {
    comm_t *comm;     /* borrowed */
    const char *path; /* of the model; borrowed */
    result_t *model;
    data_t *data;
    loss_t loss;
    int outputs;   /* K */
    double *u;     /* [K, rows] */
    double *all_u; /* [K, n], rank 0 */
    double *all_y; /* [n], rank 0; not used without y */
} predict_t;

static int check_features(const predict_t *p)
{
    int code = TRALO_OK;
    char *const *trained = p->model->feature_names, *const *given = p->data->names;
    for (int j = 0; trained != NULL && given != NULL && j < p->model->p; j++)
        if (strcmp(trained[j], given[j]) != 0)
            FAIL(
                TRALO_ERR_INPUT,
                "%s: feature %d is '%s' but the model was trained with '%s' there: import the file "
                "with the same columns in the same order",
                p->data->title, j, given[j], trained[j]);
out:
    return code;
}

/* The place of the file's k-th label among those of the model, or -1. */
static int find_label(const predict_t *p, int k)
{
    for (int m = 0; m < p->model->label_count; m++)
        if (strcmp(p->model->labels[m], p->data->labels[k]) == 0)
            return m;
    return -1;
}

/* Gives y the numbers that the labels had in training; the file may have them in another order, or
   only some of them. */
static int match_labels(predict_t *p)
{
    int code = TRALO_OK;
    const int trained = p->model->label_count, given = p->data->label_count;
    char **labels = p->model->labels;
    int *place = NULL;
    if (p->data->y == NULL || trained == 0 || given == 0)
        goto out;
    ALLOC(place, given);
    for (int k = 0; k < given; k++) {
        place[k] = find_label(p, k);
        if (place[k] < 0 && trained == 2 && given == 2)
            FAIL(TRALO_ERR_INPUT,
                 "%s: the labels are '%s' and '%s' but the model was trained with '%s' and '%s'",
                 p->data->title, p->data->labels[0], p->data->labels[1], labels[0], labels[1]);
        if (place[k] < 0)
            FAIL(TRALO_ERR_INPUT,
                 "%s: the label '%s' is none of the %d that the model was trained with (%s, %s%s)",
                 p->data->title, p->data->labels[k], trained, labels[0], labels[1],
                 trained > 2 ? ", ..." : "");
    }
    for (int64_t i = 0; i < p->data->rows; i++)
        p->data->y[i] = data_label_value(trained, place[data_label_of(given, p->data->y[i])]);
out:
    mem_free(&place);
    return code;
}

static int check_target(const predict_t *p)
{
    int code = TRALO_OK;
    for (int64_t i = 0; p->data->y != NULL && i < p->data->rows; i++) {
        if (p->outputs > 1 && loss_class(p->data->y[i]) >= p->outputs)
            FAIL(TRALO_ERR_INPUT, "%s: row %lld: y = %g, but the model knows the classes 0 .. %d",
                 p->data->title, (long long)(p->data->first + i), p->data->y[i], p->outputs - 1);
        if (!p->loss.valid(p->data->y[i]))
            FAIL(TRALO_ERR_INPUT, "%s: row %lld: y = %g is not allowed for the loss '%s': give %s",
                 p->data->title, (long long)(p->data->first + i), p->data->y[i], p->loss.name,
                 p->loss.domain);
    }
out:
    return code;
}

static int prepare(predict_t *p)
{
    int code = TRALO_OK;
    bool first = comm_rank(p->comm) == 0;
    const loss_t *row = loss_find(p->model->loss);
    if (row == NULL)
        FAIL(TRALO_ERR_INPUT, "the model's loss '%s' is not known to this version", p->model->loss);
    p->loss = loss_configured(row, &p->model->loss_parameter);
    p->outputs = p->model->outputs;
    if ((p->outputs > 1) != (row->joint != NULL))
        FAIL(TRALO_ERR_INPUT,
             "the model has coefficients for %d outputs, which its loss '%s' has not", p->outputs,
             row->name);
    if (p->data->offsets > 1 && p->data->offsets != p->outputs)
        FAIL(TRALO_ERR_INPUT,
             "%s: /offset has %d numbers in each row, but the model has %d outputs", p->data->title,
             p->data->offsets, p->outputs);
    TRY(check_features(p));
    TRY(match_labels(p));
    TRY(check_target(p));
    ALLOC(p->u, p->outputs * p->data->rows);
    ALLOC(p->all_u, first ? p->outputs * p->data->n : 0);
    ALLOC(p->all_y, first && p->data->y != NULL ? p->data->n : 0);
out:
    return code;
}

/* u = X beta + intercept of each output, for this rank's rows. */
static int add_columns(predict_t *p)
{
    int code = TRALO_OK;
    double *betas = NULL;
    const data_t *data = p->data;
    const int64_t columns = data->columns;
    ALLOC(betas, p->outputs * columns);
    for (int64_t k = 0; k < p->outputs; k++) {
        double *beta = betas + k * columns;
        memcpy(beta, p->model->coefficients + k * data->p, (size_t)data->p * sizeof *beta);
        if (data->intercept)
            beta[data->p] = p->model->intercept[k];
    }
    rows_pass_t pass = rows_begin(&data->X, ROWS_AS_HELD);
    while (rows_next(&pass))
        for (int64_t k = 0; k < p->outputs; k++)
            rows_times(&pass.panel, betas + k * columns, p->u + k * data->rows + pass.panel.begin);
out:
    mem_free(&betas);
    return code;
}

/* The model's function, and the offset. */
static int find_link(predict_t *p)
{
    int code = TRALO_OK;
    const data_t *data = p->data;
    TRY(p->model->has_kernel ? predict_kernel(p->path, p->model, data, p->u) : add_columns(p));
    TRY(data_failure(data));
    for (int64_t k = 0; data->offset != NULL && k < p->outputs; k++)
        for (int64_t i = 0; i < data->rows; i++)
            p->u[k * data->rows + i] += data_offset(data, i, (int)k);
out:
    return code;
}

/* u of row i of `rows` from u [K, rows] into out [K]; returns the class of the largest. */
static int find_class(const predict_t *p, const double *u, int64_t rows, int64_t i, double *out)
{
    int top = 0;
    for (int64_t k = 0; k < p->outputs; k++) {
        out[k] = u[k * rows + i];
        top = out[k] > out[top] ? (int)k : top;
    }
    return top;
}

enum { SUM_LOSS, SUM_HITS, SUM_SQUARES, SUM_DEVIANCE, SUM_WEIGHT, SUMS };

/* The scores of one row, without its weight. */
static void score_row(const predict_t *p, int64_t i, double *scores)
{
    double y = p->data->y[i], u[JOINT_MOST], value, *out[1] = {&value};
    int top = find_class(p, p->u, p->data->rows, i, u);
    if (p->outputs > 1) {
        scores[SUM_LOSS] = p->loss.joint->value(p->outputs, loss_class(y), u, NULL);
        scores[SUM_HITS] = top == loss_class(y);
        scores[SUM_SQUARES] = scores[SUM_DEVIANCE] = 0.0;
        return;
    }
    p->loss.derivatives(&p->loss, 1, &y, u, 0, out);
    double error = loss_response(&p->loss, u[0]) - loss_target(&p->loss, y);
    scores[SUM_LOSS] = value;
    scores[SUM_HITS] = y * u[0] > 0.0;
    scores[SUM_SQUARES] = error * error;
    scores[SUM_DEVIANCE] = 2.0 * (value - p->loss.saturated(&p->loss, y));
}

static void score_rows(const predict_t *p, double *sums)
{
    const data_t *data = p->data;
    memset(sums, 0, SUMS * sizeof *sums);
    for (int64_t i = 0; i < data->rows; i++) {
        double w = data->weights != NULL ? data->weights[i] : 1.0, scores[SUMS];
        if (w == 0.0)
            continue;
        score_row(p, i, scores);
        for (int k = 0; k < SUM_WEIGHT; k++)
            sums[k] += w * scores[k];
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
    if (classifies && p->outputs == 1)
        TRY(comm_agree(p->comm, comm_rank(p->comm) == 0 ? find_auc(p, &scores->auc) : TRALO_OK));
    comm_share(p->comm, &scores->auc, sizeof scores->auc, 0);
out:
    return code;
}

/* A class by its label, or its number. */
static void write_class(const predict_t *p, FILE *file, int class)
{
    const char *label = p->model->label_count > 0 ? p->model->labels[class] : NULL;
    if (label == NULL) {
        fprintf(file, "%d", class);
        return;
    }
    bool quoted = strpbrk(label, ",\"\r\n") != NULL;
    fputs(quoted ? "\"" : "", file);
    for (const char *c = label; *c != '\0'; c++)
        fprintf(file, *c == '"' ? "\"\"" : "%c", *c);
    fputs(quoted ? "\"" : "", file);
}

/* The probability of each class, the likeliest, and y. */
static void write_classes(const predict_t *p, FILE *file)
{
    double u[JOINT_MOST], probability[JOINT_MOST];
    for (int k = 0; k < p->outputs; k++) {
        write_class(p, file, k);
        fputc(',', file);
    }
    fprintf(file, "predicted%s\n", p->data->y != NULL ? ",y" : "");
    for (int64_t i = 0; i < p->data->n; i++) {
        int top = find_class(p, p->all_u, p->data->n, i, u);
        p->loss.joint->mean(p->outputs, u, probability);
        for (int k = 0; k < p->outputs; k++)
            fprintf(file, "%.17g,", probability[k]);
        write_class(p, file, top);
        fputs(p->data->y != NULL ? "," : "", file);
        if (p->data->y != NULL)
            write_class(p, file, loss_class(p->all_y[i]));
        fputc('\n', file);
    }
}

static void write_links(const predict_t *p, FILE *file)
{
    const bool has_y = p->data->y != NULL;
    fprintf(file, "link,response%s\n", has_y ? ",y" : "");
    for (int64_t i = 0; i < p->data->n; i++) {
        fprintf(file, "%.17g,%.17g", p->all_u[i], loss_response(&p->loss, p->all_u[i]));
        if (has_y)
            fprintf(file, ",%.17g", p->all_y[i]);
        fputc('\n', file);
    }
}

static int write_rows(const predict_t *p, const char *output)
{
    int code = TRALO_OK;
    bool standard = strcmp(output, "-") == 0;
    FILE *file = standard ? stdout : fopen(output, "w");
    if (file == NULL)
        FAIL(TRALO_ERR_FILE, "%s: cannot be written: %s", output, strerror(errno));
    (p->outputs > 1 ? write_classes : write_links)(p, file);
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

/* Rank 0: the output is neither the model nor the data. */
static int spare(const char *output, const char *model, const files_names_t *rows)
{
    int code = TRALO_OK;
    const path_use_t result = {model, "the result"};
    TRY(path_spare(output, 1, &result));
    TRY(files_spare(output, rows, "the data"));
out:
    return code;
}

int predict_run(comm_t *comm, const char *model, const files_names_t *rows, const char *output,
                predict_scores_t *scores)
{
    int code = TRALO_OK;
    predict_t p = {.comm = comm, .path = model};
    predict_scores_t out = {.loss = NAN, .accuracy = NAN, .auc = NAN, .rmse = NAN, .deviance = NAN};
    if (output != NULL)
        TRY(comm_agree(comm, comm_rank(comm) == 0 ? spare(output, model, rows) : TRALO_OK));
    TRY(result_read(comm, model, &p.model));
    data_scaling_t scaling = {.p = p.model->p, .mean = p.model->means, .scale = p.model->scales};
    TRY(data_open_scaled(comm, rows, p.model->has_intercept, &scaling, &p.data));
    TRY(comm_agree(comm, prepare(&p)));
    TRY(comm_agree(comm, find_link(&p)));
    for (int64_t k = 0; k < p.outputs; k++)
        comm_gather(comm, p.u + k * p.data->rows, p.data->rows, p.all_u + k * p.data->n);
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
