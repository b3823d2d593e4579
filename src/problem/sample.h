/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradients of a training problem from some of its rows: mini-batches, for steps that do not look
   at all of them. In each epoch the rows that train come in a new random order, of which every
   batch takes the next `size`. The order depends on the seed and on the number of a row among all
   that train, not on the ranks. */
#ifndef PROBLEM_SAMPLE_H
#define PROBLEM_SAMPLE_H

#include "base/work.h"
#include "data/batch.h"
#include "problem/problem.h"

typedef struct sample {
    problem_t *problem; /* borrowed */
    int64_t size;       /* rows of a batch, over all ranks: at most those that train */
    uint64_t seed;
    int64_t total;     /* rows that train, over all ranks */
    int64_t before;    /* of these on the ranks before this one */
    int64_t count;     /* on this one */
    int64_t *training; /* [count] which; owned, as all below */
    int64_t *chosen;   /* [size] local rows of a batch */
    double *u, *l;     /* [outputs, size] their predictor, and l' */
    batch_t batch;
} sample_t;

/* For the rows that train now. Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks;
   sample_release is to follow in any case. */
int sample_create(problem_t *problem, int64_t size, uint64_t seed, sample_t *out);
void sample_release(sample_t *sample);
int64_t sample_memory(const problem_shape_t *shape, int64_t size); /* bytes */

/* Adds what so many samples cost, with so many gradients of all of them. */
void sample_cost(const problem_shape_t *shape, int64_t size, double samples, double gradients,
                 work_t *work);

/* gradient [columns] = that of L at (theta, beta) with its sum over the rows that train estimated
   from batch number `step` = 0, 1, ...: times total / size. Changes u and l of these rows, and the
   penalty's values. Collective, one reduction of columns numbers. Cost: 4 size columns flops. */
void sample_gradient(sample_t *sample, int64_t step, const double *theta, const double *beta,
                     double *gradient);

#endif
