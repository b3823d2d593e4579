/* SPDX-License-Identifier: BSD-3-Clause */
/* A study that is ready to evaluate: the box of the search is known, and either the data are read
   and the training problem and the criterion stand, or an oracle is ready (the space is not NULL,
   and what belongs to data and model is). */
#ifndef STUDY_STUDY_H
#define STUDY_STUDY_H

#include "base/error.h"
#include "comm/comm.h"
#include "criterion/criterion.h"
#include "data/data.h"
#include "oracle/deal.h"
#include "oracle/oracle.h"
#include "outer/outer.h"
#include "penalty/penalty.h"
#include "problem/machine.h"
#include "problem/problem.h"
#include "study/config.h"
#include "study/result.h"

typedef struct study {
    comm_t *comm;           /* borrowed */
    const config_t *config; /* borrowed */
    data_t *data;
    int outputs;        /* of the loss: classes, or 1 */
    int *group;         /* [outputs, columns of the data] penalty group of each column */
    penalty_t *penalty; /* NULL with a kernel, as the problem */
    hyper_t hyper;      /* what is searched for; of an oracle only owner and count */
    problem_t *problem;
    row_weights_t *row_weights; /* what is searched for in place of the penalty; NULL: not */
    machine_t *machine;         /* NULL without a kernel */
    loss_t loss;
    criterion_t *criterion;
    oracle_t *oracle;
    const space_t *space;    /* of an oracle, else NULL; borrowed from the config */
    deal_t *deal;            /* of an oracle; of a criterion NULL but for sharing_open */
    struct sharing *sharing; /* what that has for the deal; else NULL */
    double *values;          /* [S] scratch, of an oracle */
    outer_box_t box;         /* points into `theta` */
    double *theta;           /* [3 S] lower, upper, start */
    bool *swept;             /* [S] the lambdas */
} study_t;

/* Reads the data that the config names and builds everything above it, or readies its oracle.
   Collective. Errors: those of black_box_open, data_open, config_groups, problem_create,
   criterion_create; the same on all ranks. */
int study_open(comm_t *comm, const config_t *config, study_t **out);
void study_close(study_t **study);

/* Data, model and criterion alone, for values that depend on theta alone; the config must have
   them. Collective; errors as above. */
int study_open_part(comm_t *comm, const config_t *config, study_t **out);

/* Errors: TRALO_ERR_INPUT for a study of an oracle; `what` wants a criterion on data. */
int study_wants_data(const config_t *config, const char *what);

/* Runs driver(study, argument) on rank 0 while all other ranks serve its evaluations:
   those of the deal, where there is one, until deal_end; then those of the criterion. Collective;
   a failure of the driver is the failure of all ranks. */
int study_drive(study_t *study, int (*driver)(study_t *study, void *argument), void *argument);

/* theta [S] in the terms of the penalty, the kernel or the parameters: natural [S]. */
void study_natural(const study_t *study, const double *theta, double *natural);

/* What is searched for by name, and theta [S] in these terms and in this order. The caller frees
   layout->list. Errors: TRALO_ERR_MEMORY. */
int study_layout(const study_t *study, result_layout_t *layout);
void study_values(const study_t *study, const double *theta, double *values);

/* The hyperparameters of theta [S] in words: "lambda=1.504", "lambda=1.5,0.2 q=2,1.7", long lists
   by their ends. */
void study_lambda_text(const study_t *study, const double *theta, char *text, size_t size);

#endif
