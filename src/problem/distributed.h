/* SPDX-License-Identifier: BSD-3-Clause */
/* Matrices [columns, columns] of a training problem by block columns over its ranks (dist.h), and
   what goes between them and the rows, panel by panel: no rank holds one whole. Each function goes
   over the rows of this rank once for each strip of panels. Collective. */
#ifndef PROBLEM_DISTRIBUTED_H
#define PROBLEM_DISTRIBUTED_H

#include "linalg/dist.h"
#include "problem/hessian.h"

typedef struct distributed {
    problem_t *problem; /* borrowed */
    dist_t *dist;       /* layout of the matrices; owned, as all below */
    int strip;          /* distributed_strip */
    double *panel;      /* [columns, strip] */
    double *factor;     /* L of H, after hessian_factor */
    double *mirror;     /* as large as a matrix; NULL: one output */
    double *diagonal;   /* [columns] of H */
    double *roots;      /* [columns] v of the gauges */
} distributed_t;

/* Those of a Hessian of the form `distributed`; no other may be asked. Not collective. */
const distributed_t *hessian_blocks(const hessian_t *hessian);

/* Numbers of a matrix on the rank that has most of it; every rank allocates as much. */
int64_t distributed_elements(const problem_shape_t *shape);

/* Columns that one pass over the rows serves: a panel (dist.h), but where the rows are read in each
   pass as many as the fullest rank has, in whole panels, so that passes are no more than ranks. */
int distributed_strip(const problem_shape_t *shape);

/* The lower triangle of C = problem_gram(weights); with several outputs the blocks below the
   diagonal whole. */
void distributed_gram(const distributed_t *d, const double *weights, double *C);

/* out[i] = |x_i'R|^2 for the upper triangle of R; out [rows]; one output. */
void distributed_norms(const distributed_t *d, const double *R, double *out);

/* out [blocks, rows] = Z_i M Z_i' of a symmetric M (x_i'M x_i with one output), of which the lower
   triangle is read; with several outputs its blocks below the diagonal are lost. */
void distributed_forms(const distributed_t *d, double *M, double *out);

/* What `times` calls of these cost. Not collective. */
void distributed_cost_gram(const problem_shape_t *shape, double times, work_t *work);
void distributed_cost_norms(const problem_shape_t *shape, double times, work_t *work);
void distributed_cost_forms(const problem_shape_t *shape, double times, work_t *work);

#endif
