/* SPDX-License-Identifier: BSD-3-Clause */
/* What methods do on the box: clip, see which components are held by a bound, lay points. Serial;
   x, g and theta are [S]. */
#ifndef OUTER_BOX_H
#define OUTER_BOX_H

#include "outer/outer.h"

/* Moves x to the nearest point of the box. */
void box_clip(const outer_box_t *box, double *x);

/* to = x + d, at the bound exactly where rounding alone separates it from there. */
void box_move(const outer_box_t *box, const double *x, const double *d, double *to);

bool box_at_bound(const outer_box_t *box, const double *x, int i);

/* Component i is at a bound and -g leads out there. */
bool box_held(const outer_box_t *box, const double *x, const double *g, int i);

/* The largest |g_i| of the components that are not held: 0 at a first-order optimum on the box. */
double box_gradient_norm(const outer_box_t *box, const double *x, const double *g);

/* `points` points theta [points * S] on the line start + t (1, ..., 1), clipped, evenly spaced in t
   from all components at their upper bounds down to all at their lower; one point: the start.
   Components that are not swept stay at the start. */
void box_line(const outer_box_t *box, int points, double *theta);

/* A point uniform in the box, a function of (seed, index) alone. */
void box_random(const outer_box_t *box, int64_t seed, int64_t index, double *theta);

#endif
