/* SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "outer/box.h"
#include "outer/box_step.h"
#include "outer/subproblem.h"
#include "outer/sweep.h"
#include "support.h"

enum { MOST = 6 };

typedef struct problem {
    int n;
    double g[MOST], H[MOST * MOST], radius;
} problem_t;

static double uniform(uint64_t stream, uint64_t *index)
{
    return 2.0 * rng_uniform(5, stream, (*index)++) - 1.0;
}

static problem_t random_problem(uint64_t stream)
{
    uint64_t index = 0;
    problem_t p = {.n = 1 + (int)(stream % MOST)};
    double shift = 3.0 * uniform(stream, &index);
    for (int i = 0; i < p.n; i++) {
        p.g[i] = uniform(stream, &index) * pow(10.0, 3.0 * uniform(stream, &index));
        for (int j = 0; j <= i; j++)
            p.H[i * p.n + j] = p.H[j * p.n + i] = uniform(stream, &index);
        p.H[i * p.n + i] += shift;
    }
    p.radius = pow(10.0, 2.0 * uniform(stream, &index));
    return p;
}

static double model(const problem_t *p, const double *d)
{
    double sum = 0.0;
    for (int i = 0; i < p->n; i++) {
        sum += p->g[i] * d[i];
        for (int j = 0; j < p->n; j++)
            sum += 0.5 * d[i] * p->H[i * p->n + j] * d[j];
    }
    return sum;
}

static double norm(const double *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum = hypot(sum, x[i]);
    return sum;
}

/* H + shift I has a Cholesky factor. */
static bool is_definite(const problem_t *p, double shift)
{
    double L[MOST * MOST] = {0};
    int n = p->n;
    for (int j = 0; j < n; j++) {
        for (int i = j; i < n; i++) {
            double sum = p->H[i * n + j] + (i == j ? shift : 0.0);
            for (int k = 0; k < j; k++)
                sum -= L[i * n + k] * L[j * n + k];
            if (i == j && !(sum > 0.0))
                return false;
            L[i * n + j] = i == j ? sqrt(sum) : sum / L[j * n + j];
        }
    }
    return true;
}

/* The conditions that characterise the global minimiser. */
static void check_optimal(const problem_t *p, const double *d, const subproblem_result_t *r)
{
    double scale = 0.0, mu = r->multiplier;
    for (int i = 0; i < p->n * p->n; i++)
        scale = fmax(scale, fabs(p->H[i]));
    double size = norm(p->g, p->n) + scale * norm(d, p->n) + DBL_MIN;
    for (int i = 0; i < p->n; i++) {
        double residual = p->g[i] + mu * d[i];
        for (int j = 0; j < p->n; j++)
            residual += p->H[i * p->n + j] * d[j];
        CHECK_CLOSE(residual / size, 0.0, 1e-10);
    }
    CU_ASSERT(mu >= 0.0);
    CU_ASSERT(norm(d, p->n) <= p->radius * (1.0 + 1e-12));
    CHECK_CLOSE(mu * (p->radius - norm(d, p->n)) / size, 0.0, 1e-10);
    CU_ASSERT(is_definite(p, mu + 1e-10 * scale + 1e-10 * mu + DBL_MIN));
    CHECK_CLOSE((r->decrease + model(p, d)) / (size * (norm(d, p->n) + DBL_MIN)), 0.0, 1e-10);
    CU_ASSERT(is_definite(p, -r->lowest + 1e-10 * scale + DBL_MIN));
    CU_ASSERT(!is_definite(p, -r->lowest - 1e-10 * scale));
}

static bool solve(const problem_t *p, int side, double *d, subproblem_result_t *r)
{
    subproblem_t *s = NULL;
    subproblem_input_t input = {p->n, p->g, p->H, p->radius, side};
    if (!CHECK_OK(subproblem_create(p->n, &s)))
        return false;
    subproblem_solve(s, &input, d, r);
    subproblem_free(&s);
    return true;
}

static void random_problems_meet_the_optimality_conditions(void)
{
    double d[MOST];
    subproblem_result_t r;
    int inside = 0, definite = 0;
    for (uint64_t k = 0; k < 3000; k++) {
        problem_t p = random_problem(k);
        if (!solve(&p, 1, d, &r))
            return;
        check_optimal(&p, d, &r);
        CU_ASSERT(r.definite == is_definite(&p, 0.0));
        inside += r.multiplier == 0.0;
        definite += r.definite;
    }
    CU_ASSERT(inside > 300 && inside < 2700 && definite > 300 && definite < 2700);
}

/* The least value on the ray of angle a. */
static double ray_minimum(const problem_t *p, double a)
{
    double u[2] = {cos(a), sin(a)}, slope = p->g[0] * u[0] + p->g[1] * u[1];
    double curvature = 2.0 * (model(p, u) - slope), r = p->radius;
    if (curvature > 0.0)
        r = fmin(fmax(-slope / curvature, 0.0), r);
    return fmin(0.0, r * (slope + 0.5 * curvature * r));
}

/* In the plane the minimum is found by trying all angles, finer and finer around the best. */
static double brute_force(const problem_t *p)
{
    double best = 0.0, best_angle = 0.0, width = 3.2;
    for (int level = 0; level < 6; level++, width *= 0.002) {
        double from = best_angle;
        for (int i = -2000; i <= 2000; i++) {
            double angle = from + width * i / 2000, value = ray_minimum(p, angle);
            if (value < best) {
                best = value;
                best_angle = angle;
            }
        }
    }
    return best;
}

static void the_plane_agrees_with_brute_force(void)
{
    double d[2];
    subproblem_result_t r;
    for (uint64_t k = 0; k < 200; k++) {
        problem_t p = random_problem(6 * k + 1);
        double best = brute_force(&p);
        if (!solve(&p, 1, d, &r))
            return;
        CHECK_CLOSE(model(&p, d) / fabs(best), -1.0, 1e-9);
    }
}

/* H = Q diag(values) Q', g = Q gamma with a Householder Q of exact powers of two. */
static problem_t rotated(const double *values, const double *gamma, double radius)
{
    problem_t p = {.n = 4, .radius = radius};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            double q_ik = (i == k ? 1.0 : 0.0) - 0.5;
            p.g[i] += q_ik * gamma[k];
            for (int j = 0; j < 4; j++)
                p.H[i * 4 + j] += q_ik * values[k] * ((j == k ? 1.0 : 0.0) - 0.5);
        }
    return p;
}

static void hard_cases_are_solved(void)
{
    static const double spectra[][4] = {
        {-2, 1, 3, 5}, {-2, -2, 3, 5}, {-1, -0.5, 0.25, 2}, {-4, -4, -4, -4}, {-1e-3, 1, 1, 1}};
    static const double sides[][4] = {{0, 0, 0, 0}, {0, 0, 0.5, -0.25}, {0, 0, 0, 1e-8}};
    double d[4], other[4];
    subproblem_result_t r;
    for (size_t a = 0; a < sizeof spectra / sizeof *spectra; a++)
        for (size_t b = 0; b < (spectra[a][3] < 0 ? 1 : sizeof sides / sizeof *sides); b++) {
            problem_t p = rotated(spectra[a], sides[b], 3.0);
            if (!solve(&p, -1, other, &r) || !solve(&p, 1, d, &r))
                return;
            check_optimal(&p, d, &r);
            CHECK_CLOSE(norm(d, 4), 3.0, 1e-12);
            CHECK_CLOSE(r.multiplier, -spectra[a][0], 1e-10);
            CU_ASSERT(!r.definite);
            CHECK_CLOSE(model(&p, other), model(&p, d), 1e-12);
        }
}

static void diagonal_hard_case_reaches_both_sides(void)
{
    problem_t p = {.n = 2, .g = {0, 1}, .H = {-1, 0, 0, 1}, .radius = 2.0};
    double up[2], down[2];
    subproblem_result_t r;
    if (!solve(&p, 1, up, &r) || !solve(&p, -1, down, &r))
        return;
    CU_ASSERT(r.hard);
    CHECK_CLOSE(r.multiplier, 1.0, 1e-15);
    CHECK_CLOSE(fabs(up[0]), sqrt(4.0 - 0.25), 1e-14);
    CHECK_CLOSE(up[1], -0.5, 1e-15);
    CU_ASSERT(up[0] == -down[0] && up[1] == down[1]);
}

/* gamma_1 shrinks to nothing: the step tends to the hard case's, the conditions hold all the way.
 */
static void nearly_hard_cases_are_solved(void)
{
    double d[2];
    subproblem_result_t r;
    for (int k = 0; k < 320; k += 3) {
        problem_t p = {.n = 2, .g = {pow(10.0, -k), 1}, .H = {-1, 0, 0, 1}, .radius = 2.0};
        if (!solve(&p, 1, d, &r))
            return;
        check_optimal(&p, d, &r);
        CHECK_CLOSE(norm(d, 2), 2.0, 1e-13);
        CU_ASSERT(d[0] < 0.0 || k > 250);
    }
}

static void degenerate_problems_are_solved(void)
{
    double d[2];
    subproblem_result_t r;
    problem_t zero = {.n = 2, .radius = 1.0};
    if (!solve(&zero, 1, d, &r))
        return;
    CU_ASSERT(d[0] == 0.0 && d[1] == 0.0 && r.decrease == 0.0 && !r.definite && !r.hard);
    problem_t linear = {.n = 2, .g = {3, 4}, .radius = 2.0};
    solve(&linear, 1, d, &r);
    CHECK_CLOSE(d[0], -1.2, 1e-14);
    CHECK_CLOSE(d[1], -1.6, 1e-14);
    CHECK_CLOSE(r.decrease, 10.0, 1e-14);
    problem_t flat = {.n = 2, .g = {0, 1}, .H = {0, 0, 0, 2}, .radius = 7.0};
    solve(&flat, 1, d, &r);
    CHECK_CLOSE(d[0], 0.0, 1e-15);
    CHECK_CLOSE(d[1], -0.5, 1e-15);
    problem_t rounding = {.n = 2, .g = {0, 1}, .H = {-1e-17, 0, 0, 2}, .radius = 7.0};
    solve(&rounding, 1, d, &r);
    CU_ASSERT(r.lowest == 0.0 && !r.definite && !r.hard);
    CHECK_CLOSE(norm(d, 2), 0.5, 1e-15);
    problem_t large = {.n = 2, .g = {1e200, -1e200}, .H = {1e200, 0, 0, -3e200}, .radius = 1.0};
    solve(&large, 1, d, &r);
    CHECK_CLOSE(norm(d, 2), 1.0, 1e-13);
    CU_ASSERT(d[1] > 0.0 && d[0] < 0.0 && isfinite(r.multiplier) && r.multiplier > 3e200);
    problem_t still = {.n = 1, .g = {1}, .H = {-1}, .radius = 0.0};
    solve(&still, 1, d, &r);
    CU_ASSERT(d[0] == 0.0 && r.decrease == 0.0);
}

/* ---- the step in the box
 * ----------------------------------------------------------------------------- */

/* The decrease of the first of the projected gradient steps t = radius/|g|, t/2, ... that has a
   tenth of what its slope promises. */
static double cauchy_decrease(const problem_t *p, const outer_box_t *box, const double *x)
{
    double d[MOST], free_norm = 0.0;
    for (int i = 0; i < p->n; i++)
        free_norm = hypot(free_norm, box_held(box, x, p->g, i) ? 0.0 : p->g[i]);
    for (double t = p->radius / free_norm; free_norm > 0.0; t *= 0.5) {
        double slope = 0.0;
        for (int i = 0; i < p->n; i++) {
            d[i] = fmin(fmax(x[i] - t * p->g[i], box->lower[i]), box->upper[i]) - x[i];
            slope += p->g[i] * d[i];
        }
        if (model(p, d) <= 0.1 * slope)
            return -model(p, d);
    }
    return 0.0;
}

static void check_box_step(box_step_t *work, uint64_t stream, int *touched)
{
    uint64_t index = 1000;
    problem_t p = random_problem(stream);
    double lower[MOST], upper[MOST], x[MOST], d[MOST], to[MOST], full[MOST];
    bool inside = true, held = false;
    box_step_result_t r;
    subproblem_result_t ideal;
    for (int i = 0; i < p.n; i++) {
        lower[i] = uniform(stream, &index) - 1.0;
        upper[i] = uniform(stream, &index) + 1.0;
        double u = uniform(stream, &index);
        x[i] = u < -0.7 ? lower[i] : u > 0.7 ? upper[i] : 0.0;
    }
    outer_box_t box = {p.n, lower, upper, x};
    box_clip(&box, x);
    box_model_t m = {&box, x, p.g, p.H, p.radius};
    box_step_solve(work, &m, d, &r);
    box_move(&box, x, d, to);
    CHECK_CLOSE(r.decrease, -model(&p, d), 1e-12);
    CHECK_CLOSE(r.norm, norm(d, p.n), 1e-14);
    CU_ASSERT(r.norm <= p.radius * (1 + 1e-10));
    CU_ASSERT(r.decrease > 0.0 || box_gradient_norm(&box, x, p.g) == 0.0);
    CU_ASSERT(r.decrease >= cauchy_decrease(&p, &box, x) * (1 - 1e-10));
    if (!solve(&p, 1, full, &ideal))
        return;
    for (int i = 0; i < p.n; i++) {
        CHECK_CLOSE(to[i], x[i] + d[i], 1e-14);
        CU_ASSERT(to[i] >= lower[i] && to[i] <= upper[i]);
        CU_ASSERT(!box_held(&box, x, p.g, i) || d[i] == 0.0);
        inside = inside && x[i] + full[i] >= lower[i] && x[i] + full[i] <= upper[i];
        held = held || box_held(&box, x, p.g, i);
        *touched += to[i] == lower[i] || to[i] == upper[i];
    }
    CU_ASSERT(r.decrease <= ideal.decrease * (1 + 1e-10));
    if (inside && !held)
        CHECK_CLOSE(r.decrease / ideal.decrease, 1.0, 1e-10);
}

static void box_steps_stay_inside_and_decrease(void)
{
    int touched = 0;
    box_step_t *work[MOST] = {NULL};
    for (int n = 1; n <= MOST; n++)
        if (!CHECK_OK(box_step_create(n, &work[n - 1])))
            return;
    for (uint64_t k = 0; k < 3000; k++)
        check_box_step(work[k % MOST], k, &touched);
    CU_ASSERT(touched > 1000);
    for (int n = 0; n < MOST; n++)
        box_step_free(&work[n]);
}

/* A saddle on a bound, the model falls only inwards: whichever way the eigenvector points. */
static void negative_curvature_is_used_at_a_bound(void)
{
    double lower[2] = {0, -1}, upper[2] = {1, 1}, g[2] = {0, 0}, H[4] = {-1, 0, 0, 1}, d[2];
    box_step_t *work = NULL;
    box_step_result_t r;
    if (!CHECK_OK(box_step_create(2, &work)))
        return;
    for (int end = 0; end < 2; end++) {
        double x[2] = {end, 0};
        outer_box_t box = {2, lower, upper, x};
        box_model_t m = {&box, x, g, H, 0.5};
        box_step_solve(work, &m, d, &r);
        CHECK_CLOSE(d[0], end == 0 ? 0.5 : -0.5, 1e-14);
        CHECK_CLOSE(r.decrease, 0.125, 1e-14);
        CU_ASSERT(r.lowest < 0.0 && !r.definite);
    }
    box_step_free(&work);
}

/* The bound that is hit at once does not shorten the step of the other component. */
static void a_bound_close_by_does_not_hold_up_the_rest(void)
{
    double lower[2] = {0, -10}, upper[2] = {1, 10}, x[2] = {1e-9, 0}, g[2] = {1, 1}, d[2], to[2];
    double H[4] = {1, 0.5, 0.5, 1};
    outer_box_t box = {2, lower, upper, x};
    box_model_t m = {&box, x, g, H, 5.0};
    box_step_t *work = NULL;
    box_step_result_t r;
    if (!CHECK_OK(box_step_create(2, &work)))
        return;
    box_step_solve(work, &m, d, &r);
    box_move(&box, x, d, to);
    CU_ASSERT(to[0] == 0.0);
    CHECK_CLOSE(to[1], -(1 - 0.5e-9), 1e-14);
    CU_ASSERT(r.definite);
    box_step_free(&work);
}

/* ---- line and sweep
 * ---------------------------------------------------------------------------------- */

static void the_line_runs_from_upper_to_lower(void)
{
    double lower[2] = {-4, -1}, upper[2] = {4, 3}, start[2] = {1, 0}, theta[9][2];
    outer_box_t box = {.count = 2, .lower = lower, .upper = upper, .start = start};
    const bool first[2] = {true, false};
    box.swept = first;
    box_line(&box, 9, theta[0]);
    for (int k = 0; k < 9; k++)
        CU_ASSERT(fabs(theta[k][0] - (4 - k)) < 1e-14 && theta[k][1] == 0);
    box.swept = NULL;
    box_line(&box, 9, theta[0]);
    CU_ASSERT(theta[0][0] == 4 && theta[0][1] == 3 && theta[8][0] == -4 && theta[8][1] == -1);
    for (int k = 1; k < 9; k++) {
        double x = theta[k][0], y = theta[k][1];
        CU_ASSERT(x <= theta[k - 1][0] && y <= theta[k - 1][1]);
        CU_ASSERT(x == 4 || y == 3 || y == -1 || fabs(x - y - 1) < 1e-14);
    }
    box_line(&box, 1, theta[0]);
    CU_ASSERT(theta[0][0] == 1 && theta[0][1] == 0);
    for (int k = 0; k < 50; k++) {
        box_random(&box, 3, k, theta[0]);
        box_random(&box, 3, k + 1, theta[1]);
        CU_ASSERT(theta[0][0] > -4 && theta[0][0] < 4 && theta[0][1] > -1 && theta[0][1] < 3);
        CU_ASSERT(theta[0][0] != theta[1][0]);
    }
}

static void the_sweep_ranks_its_minima(void)
{
    static const struct {
        double f[7];
        int known, minima, order[7];
    } cases[] = {
        {{3, 1, 2, 0, 5, 4, 6}, 7, 3, {3, 1, 5, 2, 0, 4, 6}},
        {{1, 2, 3, 4, 5, 6, 0}, 7, 2, {6, 0, 1, 2, 3, 4, 5}},
        {{1, 1, 1, 1, 1, 1, 1}, 7, 1, {0, 1, 2, 3, 4, 5, 6}},
        {{NAN, 2, NAN, 3, NAN, 1, NAN}, 3, 2, {5, 1, 3}},
        {{NAN, NAN, NAN, NAN, NAN, NAN, NAN}, 0, 0, {0}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int order[7], minima = -1;
        CU_ASSERT(sweep_rank(7, cases[c].f, order, &minima) == cases[c].known);
        CU_ASSERT(minima == cases[c].minima);
        for (int i = 0; i < cases[c].known; i++)
            CU_ASSERT(order[i] == cases[c].order[i]);
    }
}

static void failing_allocations_leave_nothing(void)
{
    int64_t live = mem_live();
    box_step_t *work = NULL;
    int k = 0;
    for (bool done = false; !done && k < 100; k++) {
        mem_fail_at(k);
        done = box_step_create(3, &work) == TRALO_OK;
        CU_ASSERT(done || (work == NULL && mem_live() == live));
    }
    mem_fail_at(-1);
    CU_ASSERT(k > 10 && k < 100);
    box_step_free(&work);
    box_step_free(&work);
    CU_ASSERT(mem_live() == live);
}

void suite_subproblem(void)
{
    static const test_case_t cases[] = {
        {"random problems meet the optimality conditions",
         random_problems_meet_the_optimality_conditions},
        {"the plane agrees with brute force", the_plane_agrees_with_brute_force},
        {"hard cases are solved", hard_cases_are_solved},
        {"the diagonal hard case reaches both sides", diagonal_hard_case_reaches_both_sides},
        {"nearly hard cases are solved", nearly_hard_cases_are_solved},
        {"degenerate problems are solved", degenerate_problems_are_solved},
        {"box steps stay inside and decrease", box_steps_stay_inside_and_decrease},
        {"negative curvature is used at a bound", negative_curvature_is_used_at_a_bound},
        {"a bound close by does not hold up the rest", a_bound_close_by_does_not_hold_up_the_rest},
        {"the line runs from upper to lower", the_line_runs_from_upper_to_lower},
        {"the sweep ranks its minima", the_sweep_ranks_its_minima},
        {"failing allocations leave nothing", failing_allocations_leave_nothing},
    };
    REGISTER("subproblem", cases);
}
