/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside trust_region: the state of one search, and what its parts do with it. trust_region.c tells
   the whole algorithm. Nothing here is collective. */
#ifndef OUTER_REGION_SEARCH_H
#define OUTER_REGION_SEARCH_H

#include "outer/box.h"
#include "outer/box_step.h"
#include "outer/krylov_step.h"
#include "outer/outer.h"

typedef struct options {
    double tolerance, step_tolerance, radius, max_radius;
    int64_t max_iterations, max_evaluations, sweep, starts, seed, max_products;
    int hessian;
} region_options_t;

typedef enum phase {
    PHASE_SWEEP,
    PHASE_FIRST,
    PHASE_TRIAL,
    PHASE_PRODUCT, /* a product at the iterate is wanted */
    PHASE_RETURN,  /* the iterate is evaluated again, for products there */
    PHASE_ENDED
} region_phase_t;

/* A point and what is known there. */
typedef struct point {
    double *theta, *gradient; /* owned */
    double *hessian;          /* owned; NULL with products */
    bool *at_bound;           /* owned */
    double f, gradient_norm;
    bool known, definite, judged;
} region_point_t;

typedef struct search {
    region_options_t options;
    const outer_box_t *box; /* borrowed */
    region_phase_t phase;
    outer_request_t *requests; /* owned [max(sweep_count, 1)] */
    int sweep_count;
    double *sweep_theta, *sweep_f; /* owned [sweep_count * S], [sweep_count]; NaN: failed */
    int *order;                    /* owned [sweep_count] */
    int sweep_known;
    double *candidates; /* owned [count * S] */
    int candidate_count, candidate_next;
    int64_t starts; /* how many are wanted */
    int64_t started, iterations, run_iterations, evaluations, spent_products;
    region_point_t iterate, trial, best; /* best: of the starts that have ended */
    box_step_t *stepper;                 /* NULL with products */
    krylov_t *krylov;                    /* NULL with the full Hessian */
    bool planned;                        /* krylov's path begins at the iterate */
    bool here;                           /* the last evaluation was at the iterate */
    bool examining;                      /* krylov looks for negative curvature */
    double first_norm; /* |g| on the free components at the first point of this start */
    box_step_result_t plan;
    double *step; /* owned [S] */
    double radius;
    bool accepted, interrupted;
    bool noise_floor;        /* a step below NOISE was rejected: this start can go no further */
    bool cut;                /* a start ended because max_evaluations was spent */
    outer_minimum_t *minima; /* owned, sorted */
    double *minima_theta;    /* owned */
    int minima_count;
    outer_reason_t reason, best_reason;
    char detail[640], best_detail[640];
    char failure[512]; /* the last one, "" when there was none */
} region_search_t;

/* ---- region_point.c: points and replies ---- */

/* Without room for a Hessian where steps use its products. Errors: TRALO_ERR_MEMORY. */
int region_point_create(int count, bool products, region_point_t *point);
void region_point_release(region_point_t *point);
void region_point_swap(region_point_t *a, region_point_t *b);

bool region_all_finite(const double *x, int64_t count);

/* Says whether there is no usable answer of that order, and keeps why. */
bool region_fails(region_search_t *s, const outer_reply_t *reply, int order);

/* Takes f, g, H at the trial point; false: the evaluation failed. */
bool region_read_trial(region_search_t *s, const outer_reply_t *reply);

/* ---- region_end.c: how a start, and the search, ends ---- */

double region_gradient_limit(const region_search_t *s); /* the first-order test at the iterate */
int region_bound_component(const region_search_t *s);   /* the first at its bound, or -1 */

/* Goes on to the next start, or ends the search. */
void region_next_start(region_search_t *s);

/* Keeps the iterate if it is the best so far. */
void region_keep_best(region_search_t *s, outer_reason_t reason);

/* This start ends at the iterate. */
void region_end_run(region_search_t *s, outer_reason_t reason);

/* ---- region_step.c: from one iterate to the next ---- */

double region_unit(const region_search_t *s); /* length of a step that moves all components by 1 */

/* What follows from the reply to the first point of a start, a trial point, a product at the
   iterate, or the iterate evaluated again. */
void region_tell_first(region_search_t *s, const outer_reply_t *reply);
void region_tell_trial(region_search_t *s, const outer_reply_t *reply);
void region_tell_product(region_search_t *s, const outer_reply_t *reply);
void region_tell_return(region_search_t *s, const outer_reply_t *reply);

#endif
