/* SPDX-License-Identifier: BSD-3-Clause */
/* A step that decreases the quadratic model inside a trust region and a box, from products of the
   Hessian with directions alone, which the caller is asked for one by one. Serial.

       krylov_descend(k, &model);
       while ((p = krylov_ask(k)) != NULL) krylov_tell(k, H p);
       krylov_result(k, d, &result); */
#ifndef OUTER_KRYLOV_STEP_H
#define OUTER_KRYLOV_STEP_H

#include "outer/box_step.h"
#include "outer/outer.h"

typedef struct krylov krylov_t;

/* The model g'd + d'Hd/2 at x, for |d| <= radius, x + d in the box. All borrowed until the step is
   known. */
typedef struct krylov_model {
    const outer_box_t *box;
    const double *x, *g; /* [S] */
    double radius;       /* > 0 */
    double tolerance;    /* Euclidean norm of the model's gradient, on the components that no bound
                            holds, that is good enough */
} krylov_model_t;

/* At most `most` products for a step. Errors: TRALO_ERR_MEMORY. The caller frees.
   Memory: most * count numbers. */
int krylov_create(int count, int most, krylov_t **out);
void krylov_free(krylov_t **krylov);

/* Begins a step by conjugate gradients. They are preconditioned by what the steps before have
   learned of the diagonal of H; krylov_forget begins anew, as at a place far away. */
void krylov_descend(krylov_t *krylov, const krylov_model_t *model);
void krylov_forget(krylov_t *krylov);

/* Begins to look for negative curvature by Lanczos' method from a fixed pseudo-random direction;
   the step is the best in the space that it builds, cut at the first bound. model->tolerance is not
   read. At most 50 products. */
void krylov_examine(krylov_t *krylov, const krylov_model_t *model);

/* The direction [S] whose product is wanted; NULL: the step is known. */
const double *krylov_ask(const krylov_t *krylov);

/* The answer; NULL: it failed, and the step is made from what is known. */
void krylov_tell(krylov_t *krylov, const double *product);

/* Writes d [S] and what is known of it. `lowest` is the smallest curvature that was met; `definite`
   says that none was negative or zero. */
void krylov_result(const krylov_t *krylov, double *d, box_step_result_t *result);

/* After krylov_examine: what krylov_result says of the curvature holds for all directions (or there
   is none to be judged), not only for those that were tried. */
bool krylov_complete(const krylov_t *krylov);

/* The same path up to the smaller radius: the step for it, with no product. */
void krylov_cut(const krylov_t *krylov, double radius, double *d, box_step_result_t *result);

#endif
