/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the method `hozog`: its state, its random directions, and how differences along them
   become a step. Nothing here is collective or allocates. */
#ifndef OUTER_HOZOG_H
#define OUTER_HOZOG_H

#include "outer/best.h"

enum { RULE_NEWTON, RULE_CONSTANT, RULE_DECREASING, RULE_ADAM, RULE_ARMIJO };
enum { FORWARD, CENTRAL };
enum { TRIALS = 6 }; /* lengths of a step that armijo tries at once */

typedef struct hozog_options {
    int64_t directions, max_iterations, max_evaluations, seed;
    double mu, gamma, momentum, max_step, step_tolerance;
    int rule, differences;
    bool orthogonal;
} hozog_options_t;

/* What one direction told. */
typedef struct difference {
    double *d;        /* [S] x - z, in the place of u */
    double change;    /* f(x) - f(z) */
    double square;    /* |d|^2 */
    double curvature; /* along d, with central differences; NaN: not known */
    bool valid;       /* both have a value, and bounds leave room between them */
} difference_t;

typedef struct hozog {
    hozog_options_t options;
    outer_best_t best;
    int64_t iteration;
    int64_t q; /* directions of a step: as the options say, orthogonal ones at most S */
    int requests_count, retreats;
    int short_steps;           /* in a row */
    bool line;                 /* the batch that is out tries lengths of a step */
    double f;                  /* at theta, NaN: not known */
    double f_before;           /* at the iterate before, NaN: not known */
    double reach;              /* newton: longest move along one direction, now */
    double curvature;          /* newton: running mean of |curvature|, NaN: not known */
    outer_request_t *requests; /* owned [1 + 2 q, at least TRIALS] */
    double *points;            /* owned [as many, S + 1]: the points, the first is theta; behind
                                  them their values */
    double *theta, *before;    /* owned [S], as all below: the iterate, and the one before */
    difference_t *differences; /* owned [q] */
    double *u;                 /* [q, S] directions; after the replies the differences of points */
    double *g;                 /* the estimate of the gradient, then the step */
    double *m, *second;        /* running means of g and of its squares */
    int64_t taken[TRIALS + 1]; /* how often armijo took each length; the last: none */
} hozog_t;

double hozog_dot(int64_t n, const double *x, const double *y);

/* Unit vectors u [q, S], a function of (seed, iteration) alone: uniform on the sphere, and where
   wanted at right angles to one another. */
void hozog_draw(hozog_t *h);

/* From the values f of a batch to the next iterate, or with the rule armijo to a batch that tries
   lengths (`line`). Where no difference has a value the iterate stays. */
void hozog_step(hozog_t *h, const double *f);

/* Ends `line`: takes the longest step that gains enough; where none does, m is forgotten. */
void hozog_line(hozog_t *h, const double *f);

/* The member `guess` of the method: cases are the lengths that `line` may take, and one where f at
   theta is known to have failed. */
double hozog_guess(const hozog_t *h, const outer_reply_t *replies, int k, double *f);

#endif
