/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a search of NLopt may turn at its next value: cuts on the scale of values, between which
   the value may lie anywhere without changing the next point. They are followed from the values
   alone; a turn that is foreseen wrongly costs work that nobody wanted, and changes no result.

       nelder_mead   the lowest of the first simplex so far; the lowest, second highest and highest
                     value of the simplex, for a reflection; and so on
       cobyla        the lowest of the first simplex so far
       bobyqa        none for the first 2 S points: the next are known
   Later, the next point of cobyla and bobyqa depends on more than cuts. Serial. */
#ifndef OUTER_TURNS_H
#define OUTER_TURNS_H

#include <stdint.h>

typedef enum turns_method { TURNS_NELDER_MEAD, TURNS_COBYLA, TURNS_BOBYQA } turns_method_t;

/* What the value that is out decides. */
typedef enum turns_stage {
    TURNS_NOTHING, /* where to go next is known already */
    TURNS_HIGHEST, /* nelder_mead: which point of a new simplex is the highest */
    TURNS_REFLECTED,
    TURNS_EXPANDED,
    TURNS_CONTRACTED,
    TURNS_LOWEST, /* which point of the first simplex is the lowest */
    TURNS_ALL,    /* more than cuts tell */
    TURNS_STAGES
} turns_stage_t;

enum { TURNS_CUTS = 3 };

typedef struct turns {
    turns_method_t method;
    int64_t S;
    int64_t told;
    turns_stage_t stage;
    double lowest;    /* so far */
    double *f;        /* nelder_mead: owned [S + 1], ascending: values of the simplex, */
    int64_t known;    /* as many of it as are known */
    double reflected; /* and that of the reflection, while expanded or contracted */
    int64_t seen[TURNS_STAGES][TURNS_CUTS + 1]; /* how often each stage went into each case */
} turns_t;

/* Before the first value. Errors: TRALO_ERR_MEMORY; turns_release is to follow in any case. */
int turns_create(turns_method_t method, int64_t S, turns_t *out);
void turns_release(turns_t *turns);

/* The next value, as NLopt is told it. O(S). */
void turns_tell(turns_t *turns, double f);

/* The member `guess` of a method, for the one value that is out. */
double turns_guess(const turns_t *turns, int k, double *f);

#endif
