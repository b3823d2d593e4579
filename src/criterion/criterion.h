/* SPDX-License-Identifier: BSD-3-Clause */
/* Criteria: what the outer method minimises over theta, with exact derivatives. Means over the sum
   of the weights, so that tolerances do not depend on n. */
#ifndef CRITERION_CRITERION_H
#define CRITERION_CRITERION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"
#include "base/work.h"
#include "inner/inner.h"
#include "problem/hessian.h"
#include "problem/machine.h"
#include "problem/problem.h"

typedef struct criterion criterion_t;

/* One evaluation; the arrays belong to the criterion and live until the next evaluation. */
typedef struct criterion_result {
    bool valid; /* false: `failure` says why, the numbers are not set */
    char failure[512];
    double value;           /* f */
    double standard_error;  /* of the mean f over the rows */
    const double *gradient; /* [S] when order >= 1 */
    const double *hessian;  /* [S, S] when order >= 2 */
    const double *beta;     /* [unknowns] the model: what training on all rows came to (hold-out may
                               be told: on those that train); NULL: this order does not find it */
    const double *rows;     /* [local rows] unweighted criterion of each row: phi_i */
    double least_t;         /* ALO: the least t_i = 1 - l''_i h_i (several outputs: eigenvalue of I
                               - A_i K_i); 1 elsewhere */
    int64_t least_t_row;    /* the row (from 0, of all) that has it */
    int64_t inner_iterations;
    int64_t factorisations; /* Hessians of the training problem that were formed */
    int64_t products; /* of it with vectors since the last evaluation, where it is no matrix */
} criterion_result_t;

/* What the options of every criterion begin with. */
typedef struct criterion_common {
    char *loss;  /* that judges a row; NULL: the training loss */
    int algebra; /* index into algebra_names */
} criterion_common_t;

struct algebra_facts;

/* An order of evaluations, beside 0, 1 and 2: f, and the model, whatever that takes. */
enum { CRITERION_MODEL = -1 };

/* How an evaluation goes, which its cost rests on: `moves` and all below are outcomes of the inner
   solver, counted as they are by base/work.h. */
typedef struct course {
    int order;         /* -1: what is done once, before the first evaluation */
    bool model;        /* order 0, as CRITERION_MODEL */
    bool warm;         /* an evaluation came before */
    bool roomy;        /* there is room for what `more` says */
    double directions; /* along which second derivatives are found: S for a Hessian */
    double moves, factorisations, solves, products;
} course_t;

/* A row of the table of criteria. */
typedef struct criterion_kind {
    const char *name;
    const char *doc;
    const param_t *params; /* options, read from the config's `criterion` section */
    size_t options_size;   /* they begin with criterion_common_t */
    bool approximates_loo; /* its rows approximate exact leave-one-out */
    bool weighs;           /* it works with weights of rows as hyperparameters */
    /* Bytes that one rank needs beside the data and the problem, and beside the S x S Hessian,
       which is made when it is first asked for, if ever. */
    int64_t (*memory)(const hessian_kind_t *form, const problem_shape_t *shape);
    /* Bytes that it takes besides where they are there, to spare work; NULL: none. */
    int64_t (*more)(const hessian_kind_t *form, const problem_shape_t *shape);
    /* Adds what an evaluation costs. */
    void (*cost)(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work);
    /* Into how many parts the rows fall, by its options (split by seed); NULL: no parts. */
    int64_t (*parts)(const void *options, int64_t n);
    double doubt; /* the choice of an algebra counts its cost so many times; 0: once */
    /* The rows that do its work, each by an algebra of its own, NULL-terminated; NULL: itself. */
    const struct criterion_kind *const *rows;
    const char *by;             /* the name of that algebra; NULL: its form's */
    const char *algebra;        /* in words, for the log; NULL: its form's */
    const hessian_kind_t *form; /* the only one that it works with; NULL: any */
    /* what it wants and has not got, in words; NULL: it suits. NULL: suits all */
    const char *(*unsuited)(const struct algebra_facts *facts);
    int (*create)(criterion_t *criterion, const void *options); /* collective; agrees on failure */
    void (*evaluate)(criterion_t *criterion, const double *theta, int order,
                     criterion_result_t *result);
    /* out [S] = Hessian times direction at the last evaluation; NULL: the kind does not offer it */
    void (*product)(criterion_t *criterion, const double *direction, double *out);
    void (*destroy)(criterion_t *criterion);
    /* what does the same for a loss of several outputs; NULL: this one does */
    const struct criterion_kind *joint;
    /* what does the same for a model with a kernel; NULL: nothing does */
    const struct criterion_kind *kernel;
} criterion_kind_t;

extern const criterion_kind_t *const criterion_kinds[];   /* NULL-terminated */
const criterion_kind_t *criterion_find(const char *name); /* NULL: no such criterion */

/* The row that does the work of `kind` for a loss with so many outputs. */
const criterion_kind_t *criterion_for(const criterion_kind_t *kind, int outputs);

struct criterion {
    const criterion_kind_t *kind;
    problem_t *problem;         /* borrowed; NULL with a kernel */
    machine_t *machine;         /* borrowed; NULL without one */
    const data_t *data;         /* borrowed */
    int count;                  /* S */
    int64_t unknowns;           /* length of the minimum of the training problem */
    const hessian_kind_t *form; /* of the Hessian of the training problem */
    char algebra[256];          /* how it computes, and why so, for the log */
    bool roomy;                 /* there is room for what kind->more says, on every rank */
    const inner_kind_t *inner;
    const void *inner_options; /* borrowed */
    void *work;                /* the kind's own */
    int known;                 /* order of the last evaluation; -1: it failed, or there is none */
    bool cold;                 /* evaluations do not start from the one before */
};

typedef struct criterion_setup {
    const criterion_kind_t *kind;
    const void *options; /* filled for kind->params; borrowed during the call */
    problem_t *problem;  /* borrowed as long as the criterion lives, as all below */
    machine_t *machine;  /* with a kernel, instead of the problem; kind->kernel is there */
    const inner_kind_t *inner;
    const void *inner_options;
    bool cold; /* each evaluation starts from 0, so that it depends on theta alone */
} criterion_setup_t;

/* Collective. Errors: TRALO_ERR_MEMORY (says how much it needs and how much there is),
   TRALO_ERR_INPUT (an algebra that does not suit); those of the kind. */
int criterion_create(const criterion_setup_t *setup, criterion_t **out);
void criterion_free(criterion_t **criterion);

/* f at theta [S], with its gradient (order >= 1) and Hessian (order 2), or CRITERION_MODEL. Starts
   from the minimum of the evaluation before, unless it is to be cold. theta the same on all ranks;
   the results are the same on all ranks, but for `rows`. Collective; what cannot be evaluated is an
   outcome. */
void criterion_evaluate(criterion_t *criterion, const double *theta, int order,
                        criterion_result_t *result);

/* The Hessian at the last evaluation times direction [S], into out [S], for kinds that offer it.
   That evaluation must have been valid and of order >= 1, and nothing else may have used the
   problem since. direction the same on all ranks, out too. Collective. Cost: 1/S of what a Hessian
   adds to a gradient. */
void criterion_product(criterion_t *criterion, const double *direction, double *out);

#endif
