/* SPDX-License-Identifier: BSD-3-Clause */
/* See hozog.c for the formulas. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "outer/box.h"
#include "outer/hozog.h"

double hozog_dot(int64_t n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* ---- directions ---- */

/* Takes out of u what lies along the `count` unit vectors before it (Gram & Schmidt, twice). */
static void straighten(int64_t n, int64_t count, double *u)
{
    for (int twice = 0; twice < 2; twice++)
        for (int64_t k = 1; k <= count; k++) {
            const double along = hozog_dot(n, u, u - k * n);
            for (int64_t i = 0; i < n; i++)
                u[i] -= along * u[i - k * n];
        }
}

void hozog_draw(hozog_t *h)
{
    const int64_t S = h->best.box->count;
    for (int64_t k = 0; k < h->q; k++) {
        double *u = h->u + k * S;
        for (int64_t i = 0; i < S; i++)
            u[i] = rng_normal((uint64_t)h->options.seed, (uint64_t)h->iteration,
                              (uint64_t)(k * S + i));
        if (h->options.orthogonal)
            straighten(S, k, u);
        const double length = sqrt(hozog_dot(S, u, u));
        for (int64_t i = 0; i < S; i++)
            u[i] = length > 0.0 ? u[i] / length : 1.0 / sqrt((double)S);
    }
}

/* ---- differences ---- */

/* x = theta + a d, z = theta - b d, a + b = 1: the second difference; NaN at a bound that leaves
   next to nothing of one of the sides. */
static double curvature(const hozog_t *h, const double *f, int64_t x, const difference_t *at)
{
    const int64_t S = h->best.box->count;
    double a = 0.0;
    for (int64_t i = 0; i < S; i++)
        a += at->d[i] * (h->points[x * S + i] - h->theta[i]);
    a /= at->square;
    const double b = 1.0 - a;
    if (!(a > 0.1 && b > 0.1))
        return NAN;
    return 2.0 * ((f[x] - f[0]) / a - (f[0] - f[x + 1]) / b) / at->square;
}

/* All differences of the batch; how many count. */
static int64_t take_differences(hozog_t *h, const double *f)
{
    const int64_t S = h->best.box->count;
    const bool central = h->options.differences == CENTRAL;
    int64_t valid = 0;
    for (int64_t k = 0; k < h->q; k++) {
        const int64_t x = central ? 1 + 2 * k : 1 + k, z = central ? x + 1 : 0;
        difference_t *at = &h->differences[k];
        at->d = h->u + k * S;
        for (int64_t i = 0; i < S; i++)
            at->d[i] = h->points[x * S + i] - h->points[z * S + i];
        at->square = hozog_dot(S, at->d, at->d);
        at->change = f[x] - f[z];
        at->valid = !isnan(at->change) && at->square > 0.0;
        at->curvature = at->valid && central ? curvature(h, f, x, at) : NAN;
        valid += at->valid;
    }
    return valid;
}

static void add(int64_t n, double factor, const double *x, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += factor * x[i];
}

/* g, from the differences that count. */
static void estimate(hozog_t *h, int64_t valid)
{
    const int64_t S = h->best.box->count;
    memset(h->g, 0, (size_t)S * sizeof *h->g);
    for (int64_t k = 0; k < h->q; k++) {
        const difference_t *at = &h->differences[k];
        if (at->valid)
            add(S, (double)S / (double)valid * at->change / at->square, at->d, h->g);
    }
}

/* ---- rules ---- */

/* Notes the length of the step from `before` to theta. */
static void note_step(hozog_t *h)
{
    double longest = 0.0, size = 0.0;
    for (int i = 0; i < h->best.box->count; i++) {
        longest = fmax(longest, fabs(h->theta[i] - h->before[i]));
        size = fmax(size, fabs(h->theta[i]));
    }
    h->short_steps = longest <= h->options.step_tolerance * (1.0 + size) ? h->short_steps + 1 : 0;
    h->retreats = 0;
    h->f_before = h->f;
}

/* theta - step. */
static void move(hozog_t *h, const double *step)
{
    const int64_t S = h->best.box->count;
    memcpy(h->before, h->theta, (size_t)S * sizeof *h->theta);
    add(S, -1.0, step, h->theta);
    box_clip(h->best.box, h->theta);
    note_step(h);
}

/* Kingma & Ba 2015, algorithm 1. */
static void step_by_adam(hozog_t *h)
{
    const double beta1 = 0.9, beta2 = 0.999, tiny = 1e-8, t = (double)h->iteration + 1.0;
    for (int64_t i = 0; i < h->best.box->count; i++) {
        h->m[i] = beta1 * h->m[i] + (1.0 - beta1) * h->g[i];
        h->second[i] = beta2 * h->second[i] + (1.0 - beta2) * h->g[i] * h->g[i];
        const double mean = h->m[i] / (1.0 - pow(beta1, t));
        h->g[i] = h->options.gamma * mean / (sqrt(h->second[i] / (1.0 - pow(beta2, t))) + tiny);
    }
    move(h, h->g);
}

/* m = momentum m + g, and gamma m, or less, is the step. */
static void step_along(hozog_t *h)
{
    const int64_t S = h->best.box->count;
    for (int64_t i = 0; i < S; i++)
        h->m[i] = h->options.momentum * h->m[i] + h->g[i];
    if (h->options.rule == RULE_ARMIJO) {
        h->line = true;
        return;
    }
    const double slower =
        h->options.rule == RULE_DECREASING ? 1.0 / sqrt(1.0 + (double)h->iteration) : 1.0;
    for (int64_t i = 0; i < S; i++)
        h->g[i] = slower * h->options.gamma * h->m[i];
    move(h, h->g);
}

/* The running mean of |curvature|. */
static void note_curvature(hozog_t *h)
{
    double sum = 0.0, known = 0.0;
    for (int64_t k = 0; k < h->q; k++)
        if (!isnan(h->differences[k].curvature)) {
            sum += fabs(h->differences[k].curvature);
            known += 1.0;
        }
    if (known > 0.0)
        h->curvature = isnan(h->curvature) ? sum / known : 0.8 * h->curvature + 0.2 * sum / known;
}

/* The step along one direction, in units of d: of Newton's method, no longer than the reach. */
static double newton_length(const hozog_t *h, const difference_t *at)
{
    const double size = sqrt(at->square), slope = at->change / size;
    const double mean = isnan(h->curvature) ? 0.0 : h->curvature;
    const double steep = isnan(at->curvature) ? mean : fmax(fabs(at->curvature), mean);
    const double length =
        fabs(slope) / steep < h->reach ? slope / steep : copysign(h->reach, slope);
    return length / size;
}

static void step_by_newton(hozog_t *h)
{
    const int64_t S = h->best.box->count;
    h->reach = h->f > h->f_before ? 0.5 * h->reach : fmin(2.0 * h->reach, h->options.max_step);
    note_curvature(h);
    memset(h->g, 0, (size_t)S * sizeof *h->g);
    for (int64_t k = 0; k < h->q; k++)
        if (h->differences[k].valid)
            add(S, newton_length(h, &h->differences[k]), h->differences[k].d, h->g);
    step_along(h);
}

void hozog_step(hozog_t *h, const double *f)
{
    const int64_t valid = take_differences(h, f);
    if (valid == 0) /* other directions are drawn in the next iteration */
        return;
    estimate(h, valid);
    if (h->options.rule == RULE_NEWTON)
        step_by_newton(h);
    else if (h->options.rule == RULE_ADAM)
        step_by_adam(h);
    else
        step_along(h);
}

/* The values f of the batch allow the step of the k-th length. */
static bool gains(const hozog_t *h, int k, double f)
{
    const int64_t S = h->best.box->count;
    const double *x = h->points + k * S;
    double gain = 0.0;
    for (int64_t i = 0; i < S; i++)
        gain += h->m[i] * (h->theta[i] - x[i]);
    return f <= h->f - 1e-4 * gain;
}

void hozog_line(hozog_t *h, const double *f)
{
    const int64_t S = h->best.box->count;
    int k = 0;
    while (k < TRIALS && !gains(h, k, f[k]))
        k++;
    h->line = false;
    h->taken[k]++;
    if (k == TRIALS) {
        memset(h->m, 0, (size_t)S * sizeof *h->m);
        return;
    }
    memcpy(h->before, h->theta, (size_t)S * sizeof *h->theta);
    memcpy(h->theta, h->points + k * S, (size_t)S * sizeof *h->theta);
    note_step(h);
}

/* ---- guesses ---- */

/* Missing values are so high that no step is taken, but for that of the length `low`. */
static void guess_line(const outer_reply_t *replies, int low, double *f)
{
    for (int i = 0; i < TRIALS; i++)
        if (replies == NULL || replies[i].missing)
            f[i] = i == low ? -DBL_MAX : DBL_MAX;
}

double hozog_guess(const hozog_t *h, const outer_reply_t *replies, int k, double *f)
{
    double sum = 0.0, share = 0.0;
    int found = 0, length = 0;
    if (!h->line) /* no direction matters where f at theta is not known */
        return k == 0 && replies != NULL && !replies[0].missing && isnan(f[0]) ? 1.0 : 0.0;
    for (int low = 0; low <= TRIALS; low++) {
        const bool missing = low < TRIALS && (replies == NULL || replies[low].missing);
        const bool takes = low == TRIALS || (!missing && gains(h, low, f[low]));
        if (!missing && !takes)
            continue;
        const double weight = 1.0 + (double)h->taken[low];
        share = found == k ? weight : share;
        length = found == k ? low : length;
        found++;
        sum += weight;
        if (takes)
            break;
    }
    guess_line(replies, length, f);
    return share / sum;
}
