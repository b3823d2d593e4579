/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of rows as hyperparameters: the rows that may train fall into groups of consecutive ones,
   and each row of group g trains with the weight sigma(theta_g), 1 / (1 + exp(-theta_g)), times its
   own. A hold-out then learns which groups to trust (hyper-cleaning: Franceschi et al. 2017). With
   rho_g = 1 - sigma(theta_g), the logarithmic derivative of a weight,

       d_g gradient = rho_g sum_{i in g} l'_i x_i

   so that a sum over rows, by groups, is all that derivatives of criteria take. */
#ifndef PROBLEM_ROW_WEIGHTS_H
#define PROBLEM_ROW_WEIGHTS_H

#include "base/hyper.h"
#include "data/data.h"

typedef struct row_weights {
    int count;      /* groups: S */
    int64_t rows;   /* of this rank */
    int *group;     /* [rows] -1: weight 1; owned, as the next two */
    double *factor; /* [rows] sigma(theta) at the point */
    double *sigma;  /* [count] the same of the groups */
} row_weights_t;

/* Deals the rows with /fold 0, or without /fold all, to `count` groups of equal size but for one.
   Collective. Errors: TRALO_ERR_INPUT (more groups than rows), TRALO_ERR_MEMORY. */
int row_weights_create(const data_t *data, int64_t count, row_weights_t **out);
void row_weights_free(row_weights_t **weights);

/* Goes to theta [count]. Not collective. */
void row_weights_at(row_weights_t *weights, const double *theta);

/* delta_g rho_g of local row i for delta [count]; 0 without a group: the relative change of its
   weight. Not collective. */
double row_weights_change(const row_weights_t *weights, const double *delta, int64_t i);

/* out[g] += scale rho_g sum_{i in g} values_i over all ranks; values [rows], sums [count] scratch.
   Collective, one reduction. */
void row_weights_contract(const row_weights_t *weights, comm_t *comm, double scale,
                          const double *values, double *sums, double *out);

hyper_t row_weights_hyper(const row_weights_t *weights);

#endif
