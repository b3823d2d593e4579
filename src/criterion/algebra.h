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
    bool steps;                   /* the inner solver takes steps along gradients, and seldom comes
                                     to a minimum: no matrix is worth its memory */
} algebra_facts_t;

typedef struct algebra {
    const char *name;            /* as in the config */
    const criterion_kind_t *row; /* that does the work */
    const hessian_kind_t *form;
    int64_t memory; /* bytes of a rank, beside the data and the problem */
    bool roomy;     /* there is room for what spares work, row->more */
    double seconds; /* of a study at the rates work_typical, and doubts: to compare */
    char why[160];  /* for the log */
} algebra_t;

/* Algebras compare by the formulas of cost that plans show (course.h), at typical rates, so that a
   choice does not depend on what the machine does at the time. An algebra has a doubt where these
   do not tell all: that it is less exact, or takes more on data that are hard. */

/* The names in the config, in the order of criterion_common_t.algebra; the first is auto. */
extern const char *const algebra_names[];
#define ALGEBRA_DOC                                                                                \
    "how matrices are formed; auto: what costs least of those that suit and fit into memory"

/* The algebra called `asked` ("auto": the one of least cost that suits and fits into memory, or of
   least memory where none fits). Not collective. Errors: TRALO_ERR_INPUT (asked does not suit: says
   what it wants). */
int algebra_choose(const algebra_facts_t *facts, const char *asked, algebra_t *out);

/* Is there room for what the row takes to spare work, in half of the memory? For a run
   (criterion_t.roomy) and a plan alike. */
bool algebra_roomy(const algebra_facts_t *facts, const algebra_t *algebra);

/* Visits every algebra that suits, in the order of preference. Not collective. */
void algebra_each(const algebra_facts_t *facts,
                  void (*visit)(const algebra_t *algebra, void *context), void *context);

#endif
