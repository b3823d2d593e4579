/* SPDX-License-Identifier: BSD-3-Clause */
/* The Hessian of a training problem at its point, H = X'AX + D (+ gauge, problem.h), factored: in a
   form that suits the shape of the data. What solves with H does not know which. */
#ifndef PROBLEM_HESSIAN_H
#define PROBLEM_HESSIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "linalg/spd.h"
#include "problem/problem.h"

typedef struct hessian hessian_t;

/* What a form is to factor: X' weights X + diag(diagonal) + gauges. Borrowed for the call. */
typedef struct hessian_terms {
    const double *weights;  /* [blocks, rows], as in problem_gram */
    const double *gram;     /* [columns, columns] X' weights X where it is known; NULL */
    const double *diagonal; /* [columns] */
    double gauge, hold;     /* of free and of penalised columns; several outputs only */
    bool same_weights;      /* only the rest is new since the call before, with one output */
} hessian_terms_t;

/* A row of the table of forms. */
typedef struct hessian_kind {
    const char *name;
    const char *doc;
    int64_t (*memory)(const problem_shape_t *shape); /* bytes on the rank that needs most */
    double (*flops)(const problem_shape_t *shape);   /* to form and to factor it, over all ranks */
    /* what it wants and this shape has not got, in words; NULL: it suits. NULL: suits all */
    const char *(*unsuited)(const problem_shape_t *shape);
    int (*create)(hessian_t *hessian); /* collective; agrees on failure: TRALO_ERR_MEMORY */
    void (*destroy)(hessian_t *hessian);
    /* Returns -1, or a column at which the matrix is not positive definite to working accuracy; the
       same on all ranks. Collective. */
    int (*factor)(hessian_t *hessian, const hessian_terms_t *terms);
    /* x <- H^-1 x, x [columns] the same on all ranks before and after. Collective. */
    void (*solve)(hessian_t *hessian, double *x);
} hessian_kind_t;

extern const hessian_kind_t *const hessian_kinds[];   /* NULL-terminated */
const hessian_kind_t *hessian_find(const char *name); /* NULL: no such form */

struct hessian {
    const hessian_kind_t *kind;
    problem_t *problem;     /* borrowed */
    bool factored;          /* there is a factor to solve with */
    bool above;             /* it is of parabolas above the loss, not of H */
    int64_t factorisations; /* so far */
    double *diagonal;       /* [columns] */
    void *work;             /* the kind's own */
};

/* Collective. Errors: TRALO_ERR_MEMORY, the same on all ranks. */
int hessian_create(problem_t *problem, const hessian_kind_t *kind, hessian_t **out);
void hessian_free(hessian_t **hessian);
int64_t hessian_memory(const hessian_kind_t *kind, const problem_shape_t *shape);

/* Factors H at the problem's point. Returns -1, or the column at which it is not positive definite.
   Collective. */
int hessian_factor(hessian_t *hessian);

/* The same, and where H is not positive definite a matrix above it that is: with the curvatures of
   problem_bound, then without the negative r'', then with a little gauge on the penalised columns
   of several outputs, whose shift nothing holds where r'' is 0, as that of a bridge penalty may be
   at beta = 0. Overwrites l'''. */
int hessian_factor_above(hessian_t *hessian);

/* x <- H^-1 x, x [columns] the same on all ranks before and after. Collective. */
void hessian_solve(hessian_t *hessian, double *x);

/* The matrices of the form `replicated`; no other may be asked. Not collective. */
extern const hessian_kind_t hessian_replicated;
spd_t *hessian_spd(const hessian_t *hessian);

#endif
