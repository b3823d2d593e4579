/* SPDX-License-Identifier: BSD-3-Clause */
/* Nelder & Mead as NLopt does it, S + 1 values f_0 <= ... <= f_S:

       first simplex   each point a step from the lowest so far
       new simplex     S + 1 points, then the reflection of the highest
       reflection r    r < f_0: expand; r < f_S-1: r takes the place of f_S; else contract (on the
                       side of r where r < f_S)
       expansion e     the lower of e and r takes the place of f_S
       contraction c   c < min(r, f_S): c takes the place of f_S; else a new simplex around f_0 */
#include "outer/turns.h"

#include <math.h>

#include "base/mem.h"

int turns_create(turns_method_t method, int64_t S, turns_t *out)
{
    int code = TRALO_OK;
    *out = (turns_t){.method = method, .S = S, .lowest = HUGE_VAL};
    if (method == TURNS_NELDER_MEAD)
        ALLOC(out->f, S + 1);
out:
    return code;
}

void turns_release(turns_t *turns)
{
    mem_free(&turns->f);
}

/* ---- cuts ---- */

/* Ascending; how many. A value at a cut is above it. */
static int find_cuts(const turns_t *t, double *cuts)
{
    const double *f = t->f;
    const int64_t S = t->S;
    switch (t->stage) {
    case TURNS_HIGHEST:
        cuts[0] = f[t->known - 1];
        return 1;
    case TURNS_REFLECTED:
        cuts[0] = f[0];
        cuts[1] = f[S - 1];
        cuts[2] = f[S];
        return 3;
    case TURNS_EXPANDED:
        cuts[0] = t->reflected;
        return 1;
    case TURNS_CONTRACTED:
        cuts[0] = f[S - 1];
        cuts[1] = fmin(t->reflected, f[S]);
        return 2;
    case TURNS_LOWEST: /* an equal value moves nelder_mead, not cobyla */
        cuts[0] = t->method == TURNS_COBYLA ? t->lowest : nextafter(t->lowest, HUGE_VAL);
        return 1;
    default:
        return 0;
    }
}

static int case_of(const double *cuts, int count, double f)
{
    int k = 0;
    while (k < count && f >= cuts[k])
        k++;
    return k;
}

/* ---- telling ---- */

/* Among those that are known. */
static void insert(turns_t *t, double f)
{
    int64_t at = t->known++;
    for (; at > 0 && t->f[at - 1] > f; at--)
        t->f[at] = t->f[at - 1];
    t->f[at] = f;
}

static turns_stage_t grow(turns_t *t, double f)
{
    insert(t, f);
    return t->known > t->S       ? TURNS_REFLECTED
           : t->known == t->S    ? TURNS_HIGHEST
           : t->told == t->known ? TURNS_LOWEST
                                 : TURNS_NOTHING;
}

/* f takes the place of the highest. */
static turns_stage_t replace(turns_t *t, double f)
{
    t->known = t->S;
    return grow(t, f);
}

static turns_stage_t shrink(turns_t *t)
{
    t->known = 0;
    return grow(t, t->f[0]);
}

static turns_stage_t tell_nelder_mead(turns_t *t, double f)
{
    const double second = t->f[t->S - 1], highest = t->f[t->S];
    switch (t->stage) {
    case TURNS_REFLECTED:
        t->reflected = f;
        return f < t->f[0] ? TURNS_EXPANDED : f < second ? replace(t, f) : TURNS_CONTRACTED;
    case TURNS_EXPANDED:
        return replace(t, fmin(f, t->reflected));
    case TURNS_CONTRACTED:
        return f < fmin(t->reflected, highest) ? replace(t, f) : shrink(t);
    default:
        return grow(t, f);
    }
}

void turns_tell(turns_t *t, double f)
{
    double cuts[TURNS_CUTS];
    const int count = find_cuts(t, cuts);
    t->seen[t->stage][case_of(cuts, count, f)]++;
    t->told++;
    t->lowest = fmin(t->lowest, f);
    if (t->method == TURNS_NELDER_MEAD)
        t->stage = tell_nelder_mead(t, f);
    else if (t->method == TURNS_COBYLA)
        t->stage = t->told < t->S ? TURNS_LOWEST : TURNS_ALL;
    else
        t->stage = t->told < 2 * t->S ? TURNS_NOTHING : TURNS_ALL;
}

/* ---- guessing ---- */

/* A value of the case; the lowest case is taken to be below all. */
static double value_of(const turns_t *t, const double *cuts, int count, int chosen)
{
    if (t->told == 0)
        return 0.0;
    if (count == 0)
        return t->lowest;
    if (chosen == 0)
        return t->lowest - 1e-6 * (1.0 + fabs(t->lowest));
    if (chosen == count)
        return cuts[count - 1] + (cuts[count - 1] - cuts[0]);
    return cuts[chosen - 1] + 0.5 * (cuts[chosen] - cuts[chosen - 1]);
}

double turns_guess(const turns_t *t, int k, double *f)
{
    double cuts[TURNS_CUTS], sum = 0.0, share = 0.0;
    int found = 0, chosen = 0;
    if (t->stage == TURNS_ALL)
        return 0.0;
    const int count = find_cuts(t, cuts);
    for (int i = 0; i <= count; i++) {
        if (i > 0 && i < count && !(cuts[i - 1] < cuts[i])) /* nothing lies between */
            continue;
        const double weight = 1.0 + (double)t->seen[t->stage][i];
        share = found == k ? weight : share;
        chosen = found == k ? i : chosen;
        found++;
        sum += weight;
    }
    f[0] = value_of(t, cuts, count, chosen);
    return share / sum;
}
