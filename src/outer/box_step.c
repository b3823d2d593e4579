/* SPDX-License-Identifier: BSD-3-Clause */
/* Conn, Gould & Toint, Trust-Region Methods (2000), chapter 12: an active set on the box, and the
   generalised Cauchy step as the safeguard of convergence.

   hold every component at a bound where -g leads out, with d = 0
   repeat
       d_F = argmin of the model over the free components, d held, |d| <= radius       subproblem.h
       go from x along d_F to the first bound; none: done
       hold that component at its bound
   In the hard case both signs of the eigenvector are tried. Take the best of these and the first of
       d = P(x - t g) - x,  t = radius/|g|, t/2, t/4, ...  with  m(d) <= g'd/10
   As each pass holds one component more, and a later iterate frees it by the sign of its gradient,
   bounds are identified in a few iterations without zig-zag, and the steps are Newton's from then
   on. */
#include "outer/box_step.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "outer/box.h"
#include "outer/subproblem.h"

struct box_step {
    int count;
    subproblem_t *subproblem;
    bool *held;      /* owned [S] */
    int *free_index; /* owned [S] */
    double *g, *H;   /* owned [S], [S * S]: the model on the free components */
    double *part;    /* owned [S]: d there */
    double *other;   /* owned [S]: a rival step */
};

int box_step_create(int count, box_step_t **out)
{
    int code = TRALO_OK;
    box_step_t *s = NULL;
    ALLOC(s, 1);
    s->count = count;
    TRY(subproblem_create(count, &s->subproblem));
    ALLOC(s->held, count);
    ALLOC(s->free_index, count);
    ALLOC(s->g, count);
    ALLOC(s->H, (int64_t)count * count);
    ALLOC(s->part, count);
    ALLOC(s->other, count);
    *out = s;
    s = NULL;
out:
    box_step_free(&s);
    return code;
}

void box_step_free(box_step_t **step)
{
    box_step_t *s = *step;
    if (s == NULL)
        return;
    subproblem_free(&s->subproblem);
    mem_free(&s->held);
    mem_free(&s->free_index);
    mem_free(&s->g);
    mem_free(&s->H);
    mem_free(&s->part);
    mem_free(&s->other);
    mem_free(step);
}

static double decrease_of(const box_model_t *m, const double *d)
{
    int n = m->box->count;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        double row = m->g[i];
        for (int j = 0; j < n; j++)
            row += 0.5 * m->H[i * n + j] * d[j];
        sum -= row * d[i];
    }
    return sum;
}

static double norm_of(const double *d, int count)
{
    double norm = 0.0;
    for (int i = 0; i < count; i++)
        norm = hypot(norm, d[i]);
    return norm;
}

/* The model on the free components, given d on the held ones; returns how many are free. */
static int reduce(box_step_t *s, const box_model_t *m, const double *d, double *radius)
{
    int n = s->count, count = 0;
    double held_norm = 0.0;
    for (int i = 0; i < n; i++) {
        if (s->held[i])
            held_norm = hypot(held_norm, d[i]);
        else
            s->free_index[count++] = i;
    }
    for (int a = 0; a < count; a++) {
        int i = s->free_index[a];
        s->g[a] = m->g[i];
        for (int j = 0; j < n; j++)
            if (s->held[j])
                s->g[a] += m->H[i * n + j] * d[j];
        for (int b = 0; b < count; b++)
            s->H[a * count + b] = m->H[i * n + s->free_index[b]];
    }
    *radius = sqrt(fmax(0.0, (m->radius - held_norm) * (m->radius + held_norm)));
    return count;
}

/* The first component to leave the box on the way from x along `part`; -1: none does. */
static int first_bound(const box_step_t *s, const box_model_t *m, int count)
{
    int first = -1;
    double earliest = 1.0;
    for (int a = 0; a < count; a++) {
        int i = s->free_index[a];
        double room = (s->part[a] > 0.0 ? m->box->upper[i] : m->box->lower[i]) - m->x[i];
        if (fabs(s->part[a]) > fabs(room) && (first < 0 || fabs(room / s->part[a]) < earliest)) {
            earliest = fabs(room / s->part[a]);
            first = a;
        }
    }
    return first;
}

/* The active-set step for one side of the hard case. Returns whether a bound cut a hard case short.
 */
static bool active_set(box_step_t *s, const box_model_t *m, int side, double *d,
                       box_step_result_t *result)
{
    subproblem_result_t solved;
    bool first = true, cut_hard = false;
    memset(d, 0, (size_t)s->count * sizeof *d);
    for (int i = 0; i < s->count; i++)
        s->held[i] = box_held(m->box, m->x, m->g, i);
    result->lowest = 0.0;
    result->definite = true;
    for (;;) {
        subproblem_input_t input = {.g = s->g, .H = s->H, .side = side};
        input.count = reduce(s, m, d, &input.radius);
        if (input.count == 0)
            return cut_hard;
        subproblem_solve(s->subproblem, &input, s->part, &solved);
        if (first) {
            result->lowest = solved.lowest;
            result->definite = solved.definite;
            first = false;
        }
        int hit = first_bound(s, m, input.count);
        if (hit < 0)
            break;
        cut_hard = cut_hard || solved.hard;
        int i = s->free_index[hit];
        s->held[i] = true;
        d[i] = (s->part[hit] > 0.0 ? m->box->upper[i] : m->box->lower[i]) - m->x[i];
    }
    for (int i = 0, a = 0; i < s->count; i++)
        if (!s->held[i])
            d[i] = s->part[a++];
    return cut_hard;
}

/* The generalised Cauchy step, by backtracking on the projected gradient path. */
static void cauchy(const box_model_t *m, double *d)
{
    int n = m->box->count;
    double square = 0.0;
    for (int i = 0; i < n; i++)
        square = hypot(square, box_held(m->box, m->x, m->g, i) ? 0.0 : m->g[i]);
    double t = square > 0.0 ? m->radius / square : 0.0;
    for (int halving = 0; halving < 60; halving++, t *= 0.5) {
        double slope = 0.0;
        for (int i = 0; i < n; i++)
            d[i] = m->x[i] - t * m->g[i];
        box_clip(m->box, d);
        for (int i = 0; i < n; i++) {
            d[i] -= m->x[i];
            slope += m->g[i] * d[i];
        }
        if (-decrease_of(m, d) <= 0.1 * slope)
            return;
    }
    memset(d, 0, (size_t)n * sizeof *d);
}

static void keep_better(box_step_t *s, const box_model_t *m, double *d, double *decrease)
{
    double other = decrease_of(m, s->other);
    if (!(other > *decrease))
        return;
    *decrease = other;
    memcpy(d, s->other, (size_t)s->count * sizeof *d);
}

void box_step_solve(box_step_t *s, const box_model_t *m, double *d, box_step_result_t *result)
{
    box_step_result_t other;
    bool cut_hard = active_set(s, m, 1, d, result);
    result->decrease = decrease_of(m, d);
    if (cut_hard) {
        active_set(s, m, -1, s->other, &other);
        keep_better(s, m, d, &result->decrease);
    }
    cauchy(m, s->other);
    keep_better(s, m, d, &result->decrease);
    result->decrease = fmax(result->decrease, 0.0);
    result->norm = norm_of(d, s->count);
}
