/* SPDX-License-Identifier: BSD-3-Clause */
/* Which algebra computes a criterion: one row of the table of criteria that does its work, and the
   form in which that holds the Hessian. Chosen here, for a run and for a plan alike. */
#ifndef CRITERION_ALGEBRA_H
#define CRITERION_ALGEBRA_H

#include "criterion/criterion.h"

/* What the choice rests on; the same on all ranks. */
typedef struct algebra_facts {
    const criterion_kind_t *kind; /* a row of the table */
    problem_shape_t shape;        /* with the rows of the rank that has most */
    bool one_ridge;               /* squared loss, and one ridge penalty for every feature */
    int64_t memory;               /* bytes that a rank may use; 0: not known */
} algebra_facts_t;

typedef struct algebra {
    const char *name;            /* as in the config */
    const criterion_kind_t *row; /* that does the work */
    const hessian_kind_t *form;
    int64_t memory; /* bytes of a rank, beside the data and the problem */
    double flops;   /* of an evaluation with gradient and Hessian, over all ranks: to compare */
    char why[160];  /* for the log */
} algebra_t;

/* The names in the config, in the order of criterion_common_t.algebra; the first is auto. */
extern const char *const algebra_names[];
#define ALGEBRA_DOC                                                                                \
    "how matrices are formed; auto: what costs least of those that suit and fit into memory"

/* The algebra called `asked` ("auto": the one of least cost that suits and fits into memory, or of
   least memory where none fits). Not collective. Errors: TRALO_ERR_INPUT (asked does not suit: says
   what it wants). */
int algebra_choose(const algebra_facts_t *facts, const char *asked, algebra_t *out);

/* Visits every algebra that suits, in the order of preference. Not collective. */
void algebra_each(const algebra_facts_t *facts,
                  void (*visit)(const algebra_t *algebra, void *context), void *context);

#endif
