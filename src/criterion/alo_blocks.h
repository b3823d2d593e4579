/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside ALO for several outputs: the state, and the K x K algebra of each row. */
#ifndef CRITERION_ALO_BLOCKS_H
#define CRITERION_ALO_BLOCKS_H

#include "criterion/adjoint.h"
#include "criterion/alo_options.h"
#include "criterion/evaluation.h"
#include "criterion/fit.h"

/* K x K matrices and the workspaces of LAPACK for one row. */
typedef struct alo_row {
    double *A, *K, *S, *A_dot, *K_dot; /* [K, K] */
    double *work;                      /* [34 K] */
    int *pivots;                       /* [K] */
} alo_row_t;

/* What the matrices of each form of the Hessian do for the rows. `work` is the criterion's, whose
   first member is the alo_blocks_t named here. Collective. */
typedef struct alo_blocks_matrices {
    void (*find)(void *work);           /* K */
    void (*contract)(void *work);       /* k and adjoint.C, from C_i in weights */
    void (*move)(void *work);           /* K_dot, from A_dot_i in weights, and adjoint.D_dot */
    void (*contract_along)(void *work); /* k_dot in K_dot and adjoint.C_dot, from C_dot_i */
} alo_blocks_matrices_t;

/* Everything with an n in its shape is local to the rank. Arrays are owned. */
typedef struct alo_blocks {
    const alo_blocks_matrices_t *matrices;
    problem_t *problem; /* borrowed */
    evaluation_t evaluation;
    fit_t fit;
    adjoint_t adjoint;
    alo_row_t row;                  /* of all threads: share_scratch */
    double *phi[EVALUATION_ORDERS]; /* [rows], [outputs, rows], [blocks, rows] */
    /* [outputs, rows]: at the point, then along the direction */
    double *left_out, *s, *z, *g_tilde, *z_hat;
    double *u_dot, *z_dot, *z_hat_dot, *g, *xv;
    /* [blocks, rows]; K_dot holds k_dot later, weights what a sum over rows is weighted with */
    double *K, *k, *K_dot, *weights;
    /* not in the form `wide`: [columns, columns] */
    double *inverse, *C, *M, *W, *Y;
    double *halves;   /* [blocks, width, width] */
    double *scratch;  /* [panel, width] */
    double *unpacked; /* [rows_buffer] rows of X */
} alo_blocks_t;

/* What every form has: all of the above down to `weights`, for the criterion's problem and its fit.
   Collective; alo_blocks_free is to follow in any case. Errors: TRALO_ERR_MEMORY, TRALO_ERR_INPUT
   (options.common.loss), the same on all ranks. */
int alo_blocks_create(criterion_t *criterion, const alo_options_t *options,
                      const alo_blocks_matrices_t *matrices, alo_blocks_t *out);
void alo_blocks_free(alo_blocks_t *a);
int64_t alo_blocks_memory(const hessian_kind_t *form, const problem_shape_t *shape); /* bytes */

/* Adds what an evaluation costs but for its matrices. Not collective. */
void alo_blocks_cost(const hessian_kind_t *form, const problem_shape_t *shape,
                     const course_t *course, work_t *work);

/* The functions of the table of criteria, for all forms. Collective. */
void alo_blocks_evaluate(criterion_t *criterion, const double *theta, int order,
                         criterion_result_t *result);
void alo_blocks_product(criterion_t *criterion, const double *direction, double *out);

/* From K: s, z, left_out; the least eigenvalue of I - A_i K_i over the rows, and the local row that
   has it. None of these is collective. */
void alo_rows_value(alo_blocks_t *a, double *least, int64_t *at);

/* From phi: g_tilde, z_hat, and C_i in weights. */
void alo_rows_adjoint(alo_blocks_t *a);

/* From k: g, the total derivative of f in u. */
void alo_rows_total(alo_blocks_t *a);

/* A_dot_i in weights, from u_dot. */
void alo_rows_curvature_dot(alo_blocks_t *a);

/* From K_dot and A_dot_i in weights: z_dot, z_hat_dot; C_dot_i in weights; the part of g_dot in g
   that does not wait for k_dot. */
void alo_rows_adjoint_dot(alo_blocks_t *a);

/* Adds the rest to g, from k_dot in K_dot. */
void alo_rows_total_dot(alo_blocks_t *a);

#endif
