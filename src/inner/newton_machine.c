/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method for a model with a kernel, as newton.c has it, in alpha and the intercept b.

   Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, algorithm 3.1, with a free
   intercept added. In f = K alpha and b, with a = l'' and rho = l' + alpha, the step solves

       (A + K^-1) df + a db = -rho          1'A df + 1'a db = -1'l'

   With R = (K + A^-1)^-1 = A - A K R, df = K dalpha and the sum of the first line this is

       dalpha = -(rho - R K rho) - R 1 db   db = (1'alpha - 1'(rho - R K rho)) / 1'R1

   so that 1'alpha = 0 after a full step. The slope of L along it is rho'K dalpha + 1'l' db. */
#include <cblas.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/work.h"
#include "inner/kinds.h"

/* The state of one solve. */
typedef struct newton {
    const newton_options_t *options;
    machine_t *machine;
    double *rho, *K_rho, *direction, *before; /* [n], [n], [n + 1], [n + 1] */
    bool fresh;                               /* the factor was formed at the iterate */
    inner_result_t *result;
} newton_t;

static void finish(newton_t *s, inner_reason_t reason)
{
    inner_result_t *r = s->result;
    r->reason = reason;
    r->solved = r->minimum = reason == INNER_GRADIENT || reason == INNER_ROUNDING;
    r->relative_gradient = s->machine->size.relative;
}

static void fail_iterations(newton_t *s)
{
    finish(s, INNER_ITERATIONS);
    snprintf(s->result->detail, sizeof s->result->detail,
             "Newton's method did not converge in %" PRId64
             " steps (relative residual %.1e, largest |linear predictor| %.3g): raise search.lower",
             s->result->iterations, s->machine->size.relative, s->machine->size.largest_u);
}

static void fail_overflow(newton_t *s)
{
    finish(s, INNER_OVERFLOW);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the loss or the kernel overflows (largest |linear predictor| %.3g): rescale the "
             "features or the offset, or raise search.lower",
             s->machine->size.largest_u);
}

static bool factor(newton_t *s)
{
    int row = machine_factor(s->machine);
    s->result->factorisations++;
    if (row >= 0 && s->machine->loss.robust) {
        row = machine_majorise(s->machine);
        s->result->factorisations++;
    }
    s->fresh = true;
    if (row < 0)
        return true;
    finish(s, INNER_RANK_DEFICIENT);
    snprintf(s->result->detail, sizeof s->result->detail,
             "the kernel matrix is not positive definite to working accuracy at row %d: raise "
             "search.lower",
             row);
    return false;
}

/* direction = (dalpha, db); returns the slope of L along it. */
static double find_direction(newton_t *s)
{
    machine_t *m = s->machine;
    const int n = m->n;
    double *d = s->direction, total = 0.0, sum = 0.0;
    work_count(WORK_SOLVE, 1.0);
    for (int i = 0; i < n; i++)
        s->rho[i] = m->solution[i] + m->l[1][i];
    dist_times(m->dist, m->K, s->rho, s->K_rho);
    machine_reduce(m, s->K_rho, d);
    for (int i = 0; i < n; i++) {
        d[i] -= s->rho[i];
        total += m->solution[i] + d[i];
        sum += m->l[1][i];
    }
    d[n] = total / m->sigma;
    for (int i = 0; m->data->intercept && i < n; i++)
        d[i] -= m->ones[i] * d[n];
    double slope = cblas_ddot(n, s->K_rho, 1, d, 1) + sum * d[n];
    comm_share(m->comm, d, (n + 1) * (int64_t)sizeof *d, 0);
    comm_share(m->comm, &slope, sizeof slope, 0);
    return slope;
}

/* Goes along the direction by backtracking, as long as L can show the decrease; false when no
   length helps, and the machine is where it was. */
static bool search_line(newton_t *s, double slope, double *length)
{
    machine_t *m = s->machine;
    const machine_size_t before = m->size, *now = &m->size;
    const double visible = DBL_EPSILON * fabs(before.value);
    memcpy(s->before, m->solution, ((size_t)m->n + 1) * sizeof *s->before);
    for (double t = 1.0; t == 1.0 || (t > NEWTON_SHORTEST && -t * slope > visible); t *= 0.5) {
        for (int i = 0; i <= m->n; i++)
            m->solution[i] = s->before[i] + t * s->direction[i];
        machine_move(m);
        if (isfinite(now->relative) && (now->value <= before.value + NEWTON_DECREASE * t * slope ||
                                        now->residual <= 0.5 * before.residual)) {
            *length = t;
            return true;
        }
    }
    memcpy(m->solution, s->before, ((size_t)m->n + 1) * sizeof *s->before);
    machine_move(m);
    return false;
}

/* One step from the iterate; false when the solve has ended. */
static bool step(newton_t *s)
{
    machine_t *m = s->machine;
    double length = 0.0, before = m->size.relative;
    if (!m->factored && !factor(s))
        return false;
    bool moved = search_line(s, find_direction(s), &length);
    double after = m->size.relative;
    bool stuck = !moved || after > 0.5 * before;
    if (s->fresh && stuck && before <= NEWTON_ROUNDING) {
        finish(s, INNER_ROUNDING);
        return false;
    }
    if (s->fresh && !moved) {
        fail_iterations(s);
        return false;
    }
    bool quadratic = m->loss.quadratic; /* one factor is that of every iterate */
    m->factored = quadratic || (moved && length == 1.0 && after <= NEWTON_CONTRACTION * before);
    s->fresh = quadratic;
    s->result->iterations += moved;
    return true;
}

/* The starting point: the solution at hand, or 0 where that is better. */
static bool start(newton_t *s)
{
    machine_t *m = s->machine;
    const size_t size = ((size_t)m->n + 1) * sizeof *m->solution;
    machine_move(m);
    double here = m->size.value;
    memcpy(s->before, m->solution, size);
    memset(m->solution, 0, size);
    machine_move(m);
    if (here < m->size.value) {
        memcpy(m->solution, s->before, size);
        machine_move(m);
    }
    return isfinite(m->size.relative);
}

void newton_solve_machine(const void *options, machine_t *machine, inner_result_t *result)
{
    double *work = machine->newton;
    const int64_t n = machine->n;
    newton_t s = {.options = options,
                  .machine = machine,
                  .rho = work,
                  .K_rho = work + n,
                  .direction = work + 2 * n,
                  .before = work + 3 * n + 1,
                  .result = result};
    memset(result, 0, sizeof *result);
    machine->factored = false;
    if (!start(&s)) {
        fail_overflow(&s);
        return;
    }
    while (machine->size.relative > s.options->tolerance) {
        if (result->iterations >= s.options->max_iterations) {
            fail_iterations(&s);
            return;
        }
        if (!step(&s))
            return;
    }
    finish(&s, INNER_GRADIENT);
}
