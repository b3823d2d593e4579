/* SPDX-License-Identifier: BSD-3-Clause */
/* The Hessian of a training problem at its point, H = X'AX + D (+ gauge, problem.h), factored: in a
   form that suits the shape of the data. What solves with H does not know which. */
#ifndef PROBLEM_HESSIAN_H
#define PROBLEM_HESSIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/work.h"
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

/* How often a form is used. */
typedef struct hessian_use {
    double factorisations, solves;
    double grams;    /* X' weights X formed for them */
    double products; /* of H with vectors, by a form that iterates */
} hessian_use_t;

/* A row of the table of forms. */
typedef struct hessian_kind {
    const char *name;
    const char *doc;
    int64_t (*memory)(const problem_shape_t *shape); /* bytes on the rank that needs most */
    /* adds what this use of it costs */
    void (*cost)(const problem_shape_t *shape, const hessian_use_t *use, work_t *work);
    /* what it wants and this shape has not got, in words; NULL: it suits. NULL: suits all */
    const char *(*unsuited)(const problem_shape_t *shape);
    int (*create)(hessian_t *hessian); /* collective; agrees on failure: TRALO_ERR_MEMORY */
    void (*destroy)(hessian_t *hessian);
    /* Returns -1, or a column at which the matrix is not positive definite to working accuracy; the
       same on all ranks. Collective. */
    int (*factor)(hessian_t *hessian, const hessian_terms_t *terms);
    /* x <- H^-1 x, x [columns] the same on all ranks before and after. Collective. */
    void (*solve)(hessian_t *hessian, double *x);
    /* A form that iterates has this instead: the same from `start` [columns] (NULL: 0) to the
       relative residual `tolerance` (0: as small as it gets); hessian_solve says what it returns */
    int (*approach)(hessian_t *hessian, const double *start, double tolerance, double *x);
    bool takes_gram; /* hessian_terms_t.gram spares it work */
    double doubt;    /* the choice counts its cost so many times (criterion/algebra.h); 0: once */
} hessian_kind_t;

extern const hessian_kind_t *const hessian_kinds[];   /* NULL-terminated */
const hessian_kind_t *hessian_find(const char *name); /* NULL: no such form */

struct hessian {
    const hessian_kind_t *kind;
    problem_t *problem;     /* borrowed */
    bool factored;          /* there is a factor to solve with */
    bool above;             /* it is of parabolas above the loss, not of H */
    int eased;              /* matrices above H that were tried since hessian_factor */
    hessian_terms_t terms;  /* of the last that was factored */
    int64_t factorisations; /* so far */
    int64_t products;       /* of H with vectors, so far, by a form that iterates */
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

/* The next of these matrices, after a solve has shown that the one at hand is not positive
   definite: -1, or `column` where no other is. Collective. */
int hessian_factor_higher(hessian_t *hessian, int column);

/* Does it solve by iterations? Then a factor is cheap, and a solve need not be exact. */
bool hessian_iterates(const hessian_t *hessian);

/* x <- H^-1 x, x [columns] the same on all ranks before and after. Returns -1; or, which only a
   form that iterates may find out so late, a column at which H is not positive definite to working
   accuracy: x is of no use then. Collective. */
int hessian_solve(hessian_t *hessian, double *x);

/* The same for a form that iterates from `start` [columns], not x itself, which others do not read.
 */
int hessian_solve_near(hessian_t *hessian, const double *start, double *x);

/* The same to the relative residual `tolerance` > 0; x is a direction of descent for L where the
   gradient was minus x before. */
int hessian_solve_roughly(hessian_t *hessian, double tolerance, double *x);

extern const hessian_kind_t hessian_distributed;
extern const hessian_kind_t hessian_products;

extern const hessian_kind_t hessian_wide;

/* The matrices of the form `replicated`; no other may be asked. Not collective. */
extern const hessian_kind_t hessian_replicated;
spd_t *hessian_spd(const hessian_t *hessian);

#endif
