/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search moves, whatever it belongs to: the hyperparameters of a penalty or of a kernel, in
   groups that have the same names. theta is the optimiser's scale, the natural scale the field's
   (lambda = exp(theta)). Nothing here is collective. */
#ifndef BASE_HYPER_H
#define BASE_HYPER_H

enum { HYPER_PER_GROUP = 4 }; /* at most so many hyperparameters in a group */

typedef struct hyper {
    const char *owner; /* the kind that has them, for messages: "ridge" */
    int groups, per_group;
    int count;                /* S = groups * per_group; those of group g start at g * per_group */
    const char *const *names; /* [per_group], the first is "lambda" */
    /* [per_group] where the search begins and ends, on the natural scale; 0: chosen from the data
     */
    const double *lower, *upper, *start;
    /* the hyperparameters of one group [per_group] to the natural scale and back; NULL: theta is
       the logarithm of each */
    void (*to_natural)(const double *theta, double *natural);
    void (*from_natural)(const double *natural, double *theta);
} hyper_t;

/* Those of one group [per_group] to the natural scale. */
void hyper_group_natural(const hyper_t *hyper, const double *theta, double *natural);

/* All of them [S] to the natural scale and back. */
void hyper_natural(const hyper_t *hyper, const double *theta, double *natural);
void hyper_from_natural(const hyper_t *hyper, const double *natural, double *theta);

#endif
