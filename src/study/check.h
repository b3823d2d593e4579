/* SPDX-License-Identifier: BSD-3-Clause */
/* Are the derivatives right? Exact ones beside differences. */
#ifndef STUDY_CHECK_H
#define STUDY_CHECK_H

#include "study/study.h"

typedef struct check_options {
    const char *lambda; /* where: point_parse; NULL: the start of the search */
    int64_t random;     /* so many random points more, within a factor 20 of the start */
    int64_t seed;
    double step; /* of the differences in theta, at first */
    double tolerance;
    double worst; /* out, on rank 0: the largest relative error */
} check_options_t;

/* Prints gradient and Hessian at each point beside fourth-order central differences of f and of the
   gradient. The relative error of a component is taken against the component, but where that is
   below a thousandth of the size of the derivatives there, against the size: the largest component
   of gradient and Hessian (a gradient is near 0 at an optimum), at least 1e-6 |f|. Differences that
   do not agree are taken again with smaller steps, down to a thousandth, lest one reach over a
   place where a fifth derivative jumps (a coefficient that passes the delta of a bridge penalty).
   At most 20 hyperparameters are walked through, evenly spaced. Collective. Errors:
   TRALO_ERR_INPUT, TRALO_ERR_EVALUATION (a point cannot be evaluated). Cost: 4 gradients per
   hyperparameter, 16 where it does not agree. */
int check_run(study_t *study, check_options_t *options);

#endif
