/* SPDX-License-Identifier: BSD-3-Clause */
/* The result of a study, in memory and as an HDF5 file.

   File: /config (text), /parameters (names, as result_layout_t has them), /trace/NAME (one element
   per evaluation), /result/NAME and /environment/NAME (one dataset per field below, with the
   field's name). While the study runs the file is called OUTPUT.part and is flushed after every
   evaluation, so that what a killed run leaves can be read; result_finish renames it to OUTPUT. */
#ifndef STUDY_RESULT_H
#define STUDY_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comm/comm.h"
#include "oracle/space.h"

/* Where and how the study ran. Texts are owned; NULL: not known. */
typedef struct result_environment {
    char *version;                 /* of tralo */
    char *mpi;                     /* library version text */
    char *hdf5;                    /* "1.10.8" */
    char *blas;                    /* configuration text of the BLAS */
    char *date;                    /* UTC, "2026-01-31T12:00:00Z" */
    int64_t ranks, threads, hosts; /* threads per rank */
    double wall_seconds;
    double comm_seconds; /* inside communication, on rank 0, waiting included */
    int64_t comm_calls, comm_bytes;
    /* of an X that stays on disk: passes over it, bytes read by all ranks together, and the longest
       time that a rank waited for them; else 0 */
    int64_t read_passes, read_bytes;
    double read_seconds;
} result_environment_t;

/* All arrays and texts are owned. Sizes: S hyperparameters, p features, K outputs of the loss (its
   classes; 1 for most losses). In the file, what is [K] is a scalar, and what is [K, p] has one
   dimension, for K = 1. */
typedef struct result {
    int count; /* S */
    int p;
    int outputs;     /* K */
    int label_count; /* of labels; 0: y is a number */
    int64_t n;
    const space_t *space; /* of an oracle: there is no model, and what belongs to data and model is
                             empty; borrowed. NULL: a criterion on data */
    char *oracle;         /* its name; NULL without one */
    int64_t trial_groups; /* groups of ranks that evaluated trials, */
    double utilisation;   /* and the share of the time that they did */
    int64_t trials_ahead; /* trials that were begun ahead of the search, */
    int64_t trials_ahead_used; /* and those of them that it then asked for */
    double *theta;             /* [S] */
    char *hyperparameters;     /* names of those of one group: "lambda", "lambda,q" */
    double *lambda;      /* [S] the same as theta in the terms of these names, group by group, or
                            the values of the parameters */
    double criterion;    /* mean over the sum of weights; the oracle's value */
    double criterion_se; /* its standard error over rows; NaN: not known */
    bool has_gradient, has_hessian, hessian_judged;
    bool has_trials;  /* with an oracle: the groups and their utilisation are known */
    double *gradient; /* [S] with respect to theta */
    double *hessian;  /* [S * S]; NULL where has_hessian is false */
    double gradient_norm;
    bool
        hessian_definite; /* on the components that no bound holds; false where it was not judged */
    bool *at_bound;       /* [S] */
    bool *switched_off;   /* [p] the column's lambda ran to its upper bound */
    char *reason;         /* "gradient", "step", "bound", ... */
    char *detail;         /* the same in words; NULL: none */
    int64_t iterations, evaluations, inner_iterations;
    int64_t products;    /* of the Hessian with directions */
    int64_t cg_products; /* of the training problem's Hessian, where that is no matrix */
    double seconds;
    char *loss, *penalty, *criterion_name, *method; /* penalty NULL: there is a kernel */
    char *kernel;                                   /* NULL without one */
    int64_t kernel_degree;                          /* of a kernel that has one */
    double *alpha;         /* [n] with a kernel, instead of the coefficients */
    double *training_rows; /* [n, p] as trained, with a kernel: f(x) = sum_i alpha_i k(x, x_i);
                              result_read leaves them in the file */
    double loss_parameter; /* of a loss that has one */
    bool standardized;
    bool has_intercept;
    bool has_kernel;
    bool has_coefficients; /* false with a kernel: then those of the next that are [K, p] are absent
                            */
    double *intercept;     /* [K] 0 where has_intercept is false */
    double *intercept_original;    /* [K] (not 0 without intercept, when columns were centred) */
    double *coefficients;          /* [K, p] for the columns as trained (standardised or not) */
    double *coefficients_original; /* [K, p] for the columns of the data file */
    double *means, *scales;        /* [p]; 0 and 1 where not standardised */
    int *groups;                   /* [p], -1: not penalised */
    char **feature_names;          /* [p]; NULL: not known */
    char *target;                  /* name of y; NULL: not known */
    char **labels;                 /* [label_count] what -1 and +1, or 0, 1, ... stand for */
    bool has_one_se;               /* the largest penalties within one standard error are known */
    double *one_se_theta, *one_se_lambda; /* [S] */
    double one_se_criterion;
    int minima;                             /* local minima that the search came to, best first */
    double *minima_theta;                   /* [minima, S] */
    double *minima_lambda;                  /* [minima, S] */
    double *minima_criterion;               /* [minima] */
    int64_t verified;                       /* rows that were left out exactly after the search */
    double verified_largest, verified_mean; /* |exact - approximate| loss of these rows */
    int64_t rows;                           /* of row_criterion: n, or 0: not asked for */
    double *row_criterion;                  /* [rows], rank 0 only; NULL: not asked for */
    result_environment_t environment;
} result_t;

/* A result with all fixed-size arrays allocated and zero; the caller frees with result_free.
   Texts are set with mem_string, names with result_names. Errors: TRALO_ERR_MEMORY. Not collective.
 */
int result_create(int count, int p, int outputs, result_t **out);
void result_free(result_t **result);

/* Are the hyperparameters weights of rows? */
bool result_weighs(const result_t *result);

/* Makes room for the Hessian, which result_create leaves out. Errors: TRALO_ERR_MEMORY. */
int result_keep_hessian(result_t *result);

/* Makes room for alpha and the training rows. Errors: TRALO_ERR_MEMORY. */
int result_keep_rows(result_t *result);

/* Copies names [p] (NULL: none), or labels [count], into the result. Errors: TRALO_ERR_MEMORY. Not
   collective. */
int result_names(result_t *result, char *const *names);
int result_labels(result_t *result, int count, char *const *labels);

/* Fills coefficients_original and intercept_original from coefficients, intercept, means and
   scales. Not collective. */
void result_unscale(result_t *result);

/* Fills version, hdf5, date, ranks and hosts (nodes) of the environment. Collective (all ranks);
   Errors: TRALO_ERR_MEMORY, the same on all ranks. */
int result_environment(comm_t *comm, result_t *result);

/* One evaluation, for /trace. Borrowed during result_append. */
typedef struct result_evaluation {
    int64_t number;       /* from 1 */
    const char *phase;    /* "sweep", "search", ... */
    const double *theta;  /* [S] */
    const double *values; /* [S] the same in the field's terms, as the layout has them */
    int order;
    double f;             /* NaN when it failed */
    double gradient_norm; /* NaN when not known */
    double radius;
    bool accepted;
    int64_t inner_iterations;
    int64_t products;    /* of the Hessian with directions, since the evaluation before */
    int64_t cg_products; /* of the training problem's Hessian, since then too */
    int64_t read_passes; /* over an X that stays on disk, since the evaluation before */
    int group;           /* of ranks, that evaluated it: from 0 */
    double started;      /* seconds of the study when it began, */
    double seconds;      /* and when it ended */
    const char *failure; /* NULL: none */
} result_evaluation_t;

typedef struct result_name {
    const char *name;
    int64_t length; /* of a vector; 0: one value that is none */
} result_name_t;

/* How the values of an evaluation are called: name after name, all values of each together. */
typedef struct result_layout {
    int count;           /* S, values in all */
    int names;           /* how many */
    result_name_t *list; /* [names] */
} result_layout_t;

typedef struct result_file result_file_t;

struct trials;

/* Creates OUTPUT.part with /config and an empty /trace, or with the rows of `before`, which may
   have been read from it (NULL: none; rank 0): then the new file takes its place once it has them.
   Collective; output, config and layout are significant on rank 0, which alone writes. Errors:
   TRALO_ERR_FILE (cannot be written, OUTPUT is a folder), TRALO_ERR_MEMORY; the same on all ranks.
   The caller ends with result_finish or result_abandon. */
int result_open(comm_t *comm, const char *output, const char *config, const result_layout_t *layout,
                const struct trials *before, result_file_t **out);

/* Adds a row to /trace and flushes. Rank 0 only, no communication. Errors: TRALO_ERR_FILE (the disk
   is full, ...). */
int result_append(result_file_t *file, const result_evaluation_t *evaluation);

/* Writes /result and /environment, closes, renames to OUTPUT; *file becomes NULL, also on failure.
   Collective; result is significant on rank 0. Errors: TRALO_ERR_FILE, the same on all ranks;
   OUTPUT.part then stays. */
int result_finish(result_file_t **file, const result_t *result);

/* Closes and keeps OUTPUT.part; *file becomes NULL; NULL is accepted. Not collective. */
void result_abandon(result_file_t **file);

/* Reads /result and /environment of a finished result of a criterion (not row_criterion, the minima
   or the training rows). Collective: every rank gets the same. The caller frees with result_free.
   Errors: TRALO_ERR_FILE (cannot be read, truncated, not HDF5), TRALO_ERR_INPUT (not a result of
   tralo, one without a model, a study that did not finish, wrong shapes), TRALO_ERR_MEMORY; the
   same on all ranks. */
int result_read(comm_t *comm, const char *path, result_t **out);

#endif
