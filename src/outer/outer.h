/* SPDX-License-Identifier: BSD-3-Clause */
/* Outer methods: serial ask/tell machines that choose the next hyperparameters. No MPI, no data.

   The loop belongs to the caller:
       while (outer_ask(o, &batch), batch.count > 0) { evaluate every request; outer_tell(o,
   replies); } A failed evaluation is an outcome that is told, never the end. A value that is not
   finite counts as failed. The requests depend on the options, the box and the replies alone, so
   that telling stored replies again leads to the same state. */
#ifndef OUTER_OUTER_H
#define OUTER_OUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/param.h"

typedef struct outer outer_t;

/* Why a search ended. */
typedef enum outer_reason {
    OUTER_RUNNING,
    OUTER_GRADIENT, /* the (projected) gradient is below the tolerance, inside the box */
    OUTER_STEP,     /* steps became too short to change theta */
    OUTER_BOUND,    /* the projected gradient is below the tolerance, but a component of the optimum
                       lies at its bound */
    OUTER_BUDGET,   /* max_iterations or max_evaluations was spent */
    OUTER_STALLED,  /* rounding noise (or failures all around) hides any further decrease before
                       the gradient test holds */
    OUTER_COMPLETE, /* all steps or points that were asked for are done (methods of values only) */
    OUTER_INTERRUPTED, /* outer_interrupt was called */
    OUTER_ERROR        /* no evaluation of what the method needs succeeded */
} outer_reason_t;

const char *outer_reason_name(outer_reason_t reason); /* "gradient", "step", ... ("running") */

/* Where the search may go. theta is the optimiser's scale (log lambda). */
typedef struct outer_box {
    int count;           /* S, number of hyperparameters, >= 1 */
    const double *lower; /* [S], finite */
    const double *upper; /* [S], finite, lower < upper */
    const double *start; /* [S], inside */
    bool products;       /* requests for products of the Hessian will be answered */
    const bool *swept;   /* [S], NULL: all; what a sweep moves, the others stay at the start */
} outer_box_t;

/* One evaluation, or one product of the Hessian with a direction, that the method wants. */
typedef struct outer_request {
    const double *theta;     /* [S], inside the box, owned by the method until outer_tell */
    int order;               /* 0: f; 1: f and gradient; 2: f, gradient, Hessian */
    const double *direction; /* NULL: an evaluation. Else [S]: only the Hessian at theta times it is
                                wanted (order is 2). The evaluation before was at theta, of order 1,
                                and told a value; products come alone in their batch. */
    int64_t draw; /* a function with random numbers of its own is to use the same ones for
                     requests of the same draw */
} outer_request_t;

typedef struct outer_batch {
    int count; /* 0: the search has ended */
    const outer_request_t *requests;
    const char *phase; /* what they are for: "sweep", "search" */
} outer_batch_t;

/* The answer to one request, borrowed during outer_tell. */
typedef struct outer_reply {
    const char *failure; /* NULL, or why there is no value (then the rest is not read) */
    bool missing;        /* with a failure: never evaluated, since the search is to be interrupted;
                            does not count as an evaluation */
    double f;
    const double *gradient; /* [S] when order >= 1 */
    const double *hessian;  /* [S * S] symmetric, when order >= 2 */
    const double *product;  /* [S] when a direction was given; nothing else is read then */
} outer_reply_t;

/* The best point of all starts, and the state to print. Pointers hold until the next outer_ask,
   outer_tell or outer_free. */
typedef struct outer_state {
    int64_t iterations, evaluations, products;
    int64_t start;          /* which start the search is at: 1, 2, ...; 0 before the first */
    const double *theta;    /* [S] the best point; the box's start as long as nothing is known */
    double f;               /* NaN as long as nothing is known */
    const double *gradient; /* [S], NULL when only f is known there */
    const double *hessian;  /* [S * S], NULL when not known there */
    double gradient_norm;   /* largest |component| of the gradient projected on the box */
    double radius;          /* trust region; 0 where the method has none */
    bool definite;          /* the Hessian is positive definite on the free components: those that
                               are inside, or whose gradient leads inside (none: true) */
    bool judged;            /* `definite` is known for all directions; else it only says that none
                               of those that were tried has negative curvature */
    const bool *at_bound;   /* [S], NULL when nothing is known */
    const char *phase;      /* "sweep", "search": what the last reply was for */
    bool accepted;          /* the last reply moved the iterate */
    outer_reason_t reason;
    char detail[640]; /* the reason in words with its numbers; "" while running */
} outer_state_t;

/* A local minimum that the search came to (best first; a start that was cut short is not listed).
 */
typedef struct outer_minimum {
    const double *theta; /* [S] */
    double f;
    outer_reason_t reason;
} outer_minimum_t;

/* A row of the table of methods. `work` is the method's own struct; `box` has been checked and
   lives until destroy, `options` during create. */
typedef struct outer_kind {
    const char *name;
    const char *doc;
    const param_t *params; /* options, read from the config's `search` section */
    size_t options_size;
    bool derivatives; /* it asks for more than values */
    int (*create)(const void *options, const outer_box_t *box, void **work);
    void (*ask)(void *work, outer_batch_t *batch);
    void (*tell)(void *work, const outer_reply_t *replies);
    void (*interrupt)(void *work);
    void (*state)(const void *work, outer_state_t *state);
    /* Optional, of methods of values, for foresight.h: the k-th of the cases, k = 0, 1, ... in any
       order, that the batch that is out can come to and from which the search goes on in different
       ways. Puts values of its missing replies into f [count] that lead there (NaN: it fails; f has
       the others; replies NULL: all are missing) and returns the share of the case, about how
       likely it is, in (0, 1]; 0: there is no k-th case. None at all: where the search goes on
       depends on more than cases. Called while a batch is out. NULL: never a case. */
    double (*guess)(const void *work, const outer_reply_t *replies, int k, double *f);
    /* Optional, of methods that ask for one value at a time: outer_retell at once. */
    void (*retell)(void *work, const double *f, int64_t count);
    /* How many; NULL: none, since no derivative shows that a point is a minimum. */
    int (*minima)(const void *work, const outer_minimum_t **minima);
    void (*destroy)(void **work);
} outer_kind_t;

extern const outer_kind_t *const outer_kinds[];   /* NULL-terminated */
const outer_kind_t *outer_find(const char *name); /* NULL: no such method */

/* Creates a search. `options` was filled by param_presets / param_set for kind->params; it and
   `box` are borrowed during the call. Errors: TRALO_ERR_MEMORY, TRALO_ERR_INPUT (a box that is
   empty, not finite, or does not contain its start; options that contradict one another). The
   caller frees with outer_free. */
int outer_create(const outer_kind_t *kind, const void *options, const outer_box_t *box,
                 outer_t **out);
void outer_free(outer_t **outer);

/* Fills `batch`; asking again before telling gives the same batch. */
void outer_ask(outer_t *outer, outer_batch_t *batch);

/* replies [batch.count], in the order of the requests of the last outer_ask. */
void outer_tell(outer_t *outer, const outer_reply_t *replies);

/* Asks and tells, batch by batch, until f [count] is told, values of whole batches; NaN: failed. Of
   methods of values. Errors: TRALO_ERR_MEMORY (the search is of no use any more). */
int outer_retell(outer_t *outer, const double *f, int64_t count);

/* The kind's `guess` for the batch that is out; 0 where it has none. */
double outer_guess(const outer_t *outer, const outer_reply_t *replies, int k, double *f);

/* Ends the search: the next ask gives an empty batch, the reason becomes OUTER_INTERRUPTED unless
   the search has ended before. A batch that is out may still be told first. */
void outer_interrupt(outer_t *outer);

void outer_state(const outer_t *outer, outer_state_t *state);

/* The local minima found so far; returns how many. */
int outer_minima(const outer_t *outer, const outer_minimum_t **minima);

#endif
