/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sweep along a line says about where to start. Serial. */
#ifndef OUTER_SWEEP_H
#define OUTER_SWEEP_H

/* Ranks the points of a sweep, f [points] in the order of the line, NaN where the evaluation failed
   (such points are passed over). Fills order [points] with indices: first the local minima, ends of
   the line included, then all other points that have a value, each best first; of equal values the
   earlier comes first. Returns how many have a value, and in *minima how many are local minima. */
int sweep_rank(int points, const double *f, int *order, int *minima);

#endif
