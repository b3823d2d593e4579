/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the criteria that fit on one part of the rows and judge by the other. */
#ifndef CRITERION_RESAMPLE_H
#define CRITERION_RESAMPLE_H

#include "criterion/criterion.h"
#include "criterion/evaluation.h"
#include "criterion/parts.h"
#include "problem/conjugate.h"

typedef struct resample {
    comm_t *all;        /* borrowed: the ranks of all groups */
    problem_t *problem; /* of this rank's group; owned where there are several groups */
    int64_t groups,
        group; /* how many, and which this rank is in: it fits the parts k = group mod groups */
    comm_t *own_comm; /* owned, NULL with one group; so the next */
    data_t *own_data;
    evaluation_t evaluation;
    hessian_t *hessian;
    bool each_row;      /* leave-one-out: part k is row k */
    bool trained;       /* hold-out: the model is that of the rows that train, not of all */
    int64_t count;      /* parts */
    int64_t validating; /* rows that validate, in all parts and ranks */
    double weight;      /* their weights */
    double *sums; /* [1 + kept parts, 2 width + 1]: sum of x, of x^2, and count, of the rows that
                     may train and of each part; NULL: not standardised */
    double *row_sums; /* [2 width + 1] the same of one row; leave-one-out only */
    /* [columns, columns], of all and of the part at hand, and of each; NULL: formed anew */
    double *full_gram, *gram, *part_grams;
    int *part;                      /* [rows]; NULL with each_row */
    double *values;                 /* [rows] */
    double *phi[EVALUATION_ORDERS]; /* [rows], [outputs, rows], [blocks, rows] */
    double *xb, *xv, *g;            /* [outputs, rows] */
    double *shared_values;          /* [rows over all ranks' partition], with several groups */
    /* [columns] */
    double *scale, *full, *v, *b, *D_dot, *v_dot, *along;
    double *beta;     /* [kept parts, columns] minima of the parts */
    double *adjoints; /* [kept parts, columns] their v, as starts; NULL: H is solved directly */
    conjugate_t conjugate; /* leave-one-out, where H is solved directly */
    int64_t products;      /* of H that are told so far */
    double *by_row,
        *along_rows;  /* [rows], [outputs, rows] for weights of rows as hyperparameters */
    double *by_group; /* [S] the same; all NULL without */
    /* [S] */
    double *delta, *gradient, *product;
    double *second; /* [S, S], made when a Hessian is first asked for */
    double *theta;  /* [S] of the last evaluation */
} resample_t;

/* Of the rows of the table (criterion.h); _each: leave-one-out. */
int64_t resample_memory(const hessian_kind_t *form, const problem_shape_t *shape);
int64_t resample_memory_each(const hessian_kind_t *form, const problem_shape_t *shape);
int64_t resample_more(const hessian_kind_t *form, const problem_shape_t *shape);
void resample_cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                   work_t *work);
void resample_cost_each(const hessian_kind_t *form, const problem_shape_t *shape,
                        const course_t *course, work_t *work);

/* How many parts have arrays of their own: all, but for leave-one-out none. */
int64_t resample_kept(const resample_t *a);

/* The part in which local row i validates (below 0: none). */
int64_t resample_part_of_row(const resample_t *a, int64_t i);

/* Does this rank's group fit part k? */
bool resample_handles(const resample_t *a, int64_t k);

double resample_weight(const resample_t *a, int64_t i); /* of local row i */

/* Sums for the deviations of the training rows of each part. Collective over the group. */
void resample_find_sums(resample_t *a);

/* Makes the group's problem that of all rows again. */
void resample_select_all(resample_t *a);

/* The solution of the problem as it is selected, from beta in place, which is to be a minimum where
   derivatives are wanted (order > 0); false and result->failure where there is none. Collective
   over the group. */
bool resample_fit(criterion_t *criterion, const double *theta, double *beta, int64_t k, int order,
                  criterion_result_t *result);

/* What solves with H beside a->hessian. Not collective. Errors: TRALO_ERR_MEMORY. */
int resample_allocate_solver(resample_t *a);

/* Fits part k, adds its share to result->value and, for order >= 1, leaves everything ready for its
   derivatives, which the next two add to a->gradient and a->second; false and result->failure where
   one of them cannot be. Collective over the group. */
bool resample_visit(criterion_t *criterion, const double *theta, int64_t k, int order,
                    criterion_result_t *result);
void resample_add_gradient(resample_t *a);
bool resample_add_hessian(resample_t *a, int64_t k, criterion_result_t *result);

/* out [S] += Hessian of the part times delta [S]; after resample_visit with order 2, as the above.
   false where H is singular. Collective over the group. */
bool resample_add_product(resample_t *a, const double *delta, double *out);

/* The last two, and resample_add_gradient, where the hyperparameters are weights of rows. */
void resample_add_gradient_of_weights(resample_t *a);
bool resample_add_product_of_weights(resample_t *a, const double *delta, double *out);

/* x <- H^-1 x from `start`, which may be NULL, as hessian_solve_near. Collective over the group. */
int resample_solve(resample_t *a, const double *start, double *x);

/* How many groups of ranks to make for a->count parts; asked: the option, 0: as many as pay. A
   group is large enough when a pass over its rows costs more than the sum over its ranks that ends
   it. */
int64_t resample_choose_groups(const resample_t *a, const problem_t *problem, int64_t asked);

/* Gives this rank's group all rows and a problem of its own. Collective over all ranks.
   Errors: TRALO_ERR_MEMORY. */
int resample_build_group(criterion_t *criterion, resample_t *a);

/* The first failure of any group is the failure of all. Collective over all ranks, as the next. */
bool resample_agree(resample_t *a, bool good, criterion_result_t *result);

/* Adds what the groups found: each group's first rank speaks for it. */
void resample_sum_groups(resample_t *a, int order, criterion_result_t *result);

/* The values of the rows that this rank has in the partition `all` over all ranks, into out [rows].
 */
void resample_share_values(resample_t *a, const data_t *all, double *out);

#endif
