/* SPDX-License-Identifier: BSD-3-Clause */
/* Steihaug, SIAM J. Numer. Anal. 20 (1983) 626, and Toint 1981: conjugate gradients from d = 0
   until they are good enough, meet negative curvature, or leave the trust region. Bounds by
   projected searches on faces: Lin & Moré, SIAM J. Optim. 9 (1999) 1100.

   descend    s = 0, r = g; hold the components at a bound where -g leads out
              repeat
                  w = Steihaug-Toint on the free components of  m(s + w), |s + w| <= radius
                  x + s + w in the box: s += w; done
                  t = P(x + s + a w) - x - s  for a = 1, 1/4 with  m(s + t) <= m(s) + r't/100;
                  else a w up to the first bound
                  s += t, r += H t; hold the components that are at a bound now
              until |r| on the free components is small, |s| = radius, or products are spent
   The conjugate gradients are preconditioned by an estimate B of the diagonal of H: penalties that
   are unequal, as when some are about to switch their columns off, make curvatures unequal by many
   powers of ten. Their directions p are those of a BFGS iteration that begins with B (Nazareth,
   SIAM J. Numer. Anal. 16, 1979), so its diagonal learns from each product,
   B += (Hp)^2 / p'Hp - rest^2 / p'rest  (Nash, SIAM J. Numer. Anal. 21, 1984), for the next run.
   examine    Lanczos with full reorthogonalisation, q_1 = random + g/|g|; T = Q'HQ; the
              trust-region step of (Q'g, T) is Moré & Sorensen's, hard case included

   Every piece of the path from 0 to s is kept with its slope and curvature, so that a smaller
   radius costs no product. m falls along the path (on a projected piece: from its beginning to any
   point of it). */
#include "outer/krylov_step.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "outer/box.h"
#include "outer/subproblem.h"

static const double SMALLEST = 1e-10; /* part of the largest curvature that is believed */
enum { SEARCHES = 2, EXAMINED = 50, SEED = 0x6b72 };

typedef enum waiting { FOR_NOTHING, FOR_CURVATURE, FOR_SEARCH, FOR_LANCZOS } waiting_t;

struct krylov {
    int count, most;
    int examined; /* products in an examination, at most */
    krylov_model_t model;
    waiting_t waiting;
    int products; /* spent on this step */
    bool *free;   /* owned [S] */
    int free_count;
    double *pieces; /* owned [most * S]: the path's; Lanczos: Q */
    double *slope;  /* owned [most]: of the model along each piece, at its beginning */
    double *bend;   /* owned [most]: piece' H piece */
    int piece_count;
    double *s, *r; /* owned [S]: end of the path before the run, and the model's gradient there */
    int run_begin; /* first piece of the run */
    double *w, *Hw, *rest, *p; /* owned [S]: the run, minus its gradient on the free components,
                                  the direction (or t of a search) */
    double *B, *learned;       /* owned [S]: the preconditioner, and the next one */
    double unit;               /* B is the diagonal divided by this: 1; 0: not known yet */
    double rest_z, scale;      /* rest' B^-1 rest; a of the search */
    double lowest;             /* INFINITY: nothing is known */
    bool complete;
    subproblem_t *subproblem;  /* of size `examined` */
    double *T, *projected, *y; /* owned [examined * examined], [examined], [examined] */
};

int krylov_create(int count, int most, krylov_t **out)
{
    int code = TRALO_OK;
    krylov_t *k = NULL;
    ALLOC(k, 1);
    k->count = count;
    k->most = most;
    k->examined = most < EXAMINED ? most : EXAMINED;
    ALLOC(k->free, count);
    ALLOC(k->pieces, (int64_t)most * count);
    ALLOC(k->slope, most);
    ALLOC(k->bend, most);
    ALLOC(k->s, count);
    ALLOC(k->r, count);
    ALLOC(k->w, count);
    ALLOC(k->Hw, count);
    ALLOC(k->rest, count);
    ALLOC(k->p, count);
    ALLOC(k->B, count);
    ALLOC(k->learned, count);
    krylov_forget(k);
    TRY(subproblem_create(k->examined, &k->subproblem));
    ALLOC(k->T, (int64_t)k->examined * k->examined);
    ALLOC(k->projected, k->examined);
    ALLOC(k->y, k->examined);
    *out = k;
    k = NULL;
out:
    krylov_free(&k);
    return code;
}

void krylov_free(krylov_t **krylov)
{
    krylov_t *k = *krylov;
    if (k == NULL)
        return;
    mem_free(&k->free);
    mem_free(&k->pieces);
    mem_free(&k->slope);
    mem_free(&k->bend);
    mem_free(&k->s);
    mem_free(&k->r);
    mem_free(&k->w);
    mem_free(&k->Hw);
    mem_free(&k->rest);
    mem_free(&k->p);
    mem_free(&k->B);
    mem_free(&k->learned);
    subproblem_free(&k->subproblem);
    mem_free(&k->T);
    mem_free(&k->projected);
    mem_free(&k->y);
    mem_free(krylov);
}

/* ---- vectors [S] ---- */

static double dot(const krylov_t *k, const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < k->count; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add(const krylov_t *k, double factor, const double *a, double *to)
{
    for (int i = 0; i < k->count; i++)
        to[i] += factor * a[i];
}

static double *piece(const krylov_t *k, int i)
{
    return k->pieces + (int64_t)i * k->count;
}

/* The t >= 0 at which |a + t b| = radius, |a| <= radius; infinite where there is none. */
static double to_radius(const krylov_t *k, const double *a, const double *b, double radius)
{
    double aa = dot(k, a, a), ab = dot(k, a, b), bb = dot(k, b, b);
    if (bb == 0.0 || !isfinite(radius))
        return INFINITY;
    double room = fmax(0.0, radius * radius - aa), root = sqrt(ab * ab + bb * room);
    return ab > 0.0 ? room / (ab + root) : (root - ab) / bb;
}

/* ---- the path ---- */

/* Appends factor p to the path, where the model has the slope p'(its gradient) = slope. */
static void append(krylov_t *k, double factor, const double *p, double slope, double curvature)
{
    double *to = piece(k, k->piece_count);
    ASSERT(k->piece_count < k->most);
    for (int i = 0; i < k->count; i++)
        to[i] = factor * p[i];
    k->slope[k->piece_count] = factor * slope;
    k->bend[k->piece_count++] = factor * factor * curvature;
}

void krylov_cut(const krylov_t *k, double radius, double *d, box_step_result_t *result)
{
    double change = 0.0;
    memset(d, 0, (size_t)k->count * sizeof *d);
    for (int i = 0; i < k->piece_count; i++) {
        const double *next = piece(k, i);
        double most = to_radius(k, d, next, radius), t = fmin(1.0, most);
        add(k, t, next, d);
        change += t * k->slope[i] + 0.5 * t * t * k->bend[i];
        if (most < 1.0)
            break;
    }
    result->decrease = fmax(-change, 0.0);
    result->norm = sqrt(dot(k, d, d));
    result->lowest = isfinite(k->lowest) ? k->lowest : 0.0;
    result->definite = k->lowest > 0.0;
}

void krylov_result(const krylov_t *k, double *d, box_step_result_t *result)
{
    krylov_cut(k, INFINITY, d, result);
}

bool krylov_complete(const krylov_t *k)
{
    return k->complete;
}

const double *krylov_ask(const krylov_t *k)
{
    return k->waiting == FOR_NOTHING   ? NULL
           : k->waiting == FOR_LANCZOS ? piece(k, k->products)
                                       : k->p;
}

/* ---- conjugate gradients ---- */

static void begin(krylov_t *k, const krylov_model_t *model)
{
    k->model = *model;
    k->products = k->piece_count = k->free_count = 0;
    k->lowest = INFINITY;
    k->complete = false;
    for (int i = 0; i < k->count; i++) {
        k->free[i] = !box_held(model->box, model->x, model->g, i);
        k->free_count += k->free[i];
    }
    memset(k->s, 0, (size_t)k->count * sizeof *k->s);
    memcpy(k->r, model->g, (size_t)k->count * sizeof *k->r);
}

void krylov_forget(krylov_t *k)
{
    for (int i = 0; i < k->count; i++)
        k->B[i] = k->learned[i] = 1.0;
    k->unit = 0.0;
}

/* What was learned becomes the preconditioner, where it is a curvature by more than rounding. */
static void adopt(krylov_t *k)
{
    double most = 0.0;
    for (int i = 0; i < k->count; i++)
        most = fmax(most, k->learned[i]);
    if (!(most > 0.0) || !isfinite(most)) {
        krylov_forget(k);
        return;
    }
    for (int i = 0; i < k->count; i++)
        k->B[i] = k->learned[i] = fmax(k->learned[i], SMALLEST * most);
    k->unit = k->unit == 0.0 ? 0.0 : 1.0;
}

/* From the product with p. */
static void learn(krylov_t *k, const double *product, double curvature)
{
    if (k->unit == 0.0) {
        k->unit = curvature / dot(k, k->p, k->p);
        for (int i = 0; i < k->count; i++)
            k->learned[i] = k->unit;
    }
    for (int i = 0; i < k->count; i++)
        if (k->free[i])
            k->learned[i] +=
                product[i] * product[i] / curvature - k->unit * k->rest[i] * k->rest[i] / k->rest_z;
}

/* p = B^-1 rest + beta p, beta = rest' B^-1 rest over what it was before (0: there is no p). */
static void turn(krylov_t *k, double before)
{
    double now = 0.0;
    for (int i = 0; i < k->count; i++)
        now += k->rest[i] * k->rest[i] / k->B[i];
    for (int i = 0; i < k->count; i++)
        k->p[i] = k->rest[i] / k->B[i] + (before > 0.0 ? now / before * k->p[i] : 0.0);
    k->rest_z = now;
}

static bool near_enough(const krylov_t *k)
{
    return sqrt(dot(k, k->rest, k->rest)) <= k->model.tolerance || k->products == k->most;
}

static void begin_run(krylov_t *k)
{
    size_t size = (size_t)k->count * sizeof(double);
    k->run_begin = k->piece_count;
    memset(k->w, 0, size);
    memset(k->Hw, 0, size);
    for (int i = 0; i < k->count; i++)
        k->rest[i] = k->free[i] ? -k->r[i] : 0.0;
    adopt(k);
    turn(k, 0.0);
    k->waiting = near_enough(k) ? FOR_NOTHING : FOR_CURVATURE;
}

/* The largest a <= 1 for which x + s + a w is in the box. */
static double to_bound(const krylov_t *k)
{
    const outer_box_t *box = k->model.box;
    double a = 1.0;
    for (int i = 0; i < k->count; i++) {
        double room = (k->w[i] > 0.0 ? box->upper[i] : box->lower[i]) - (k->model.x[i] + k->s[i]);
        if (k->w[i] != 0.0 && fabs(room) < a * fabs(k->w[i]))
            a = fabs(room / k->w[i]);
    }
    return a;
}

/* Puts components that come to a bound there, and no longer lets them move; how many. */
static int hold_reached(krylov_t *k)
{
    const outer_box_t *box = k->model.box;
    int held = 0;
    for (int i = 0; i < k->count; i++) {
        double to = k->model.x[i] + k->s[i], margin = 4.0 * DBL_EPSILON * (1.0 + fabs(to));
        if (!k->free[i] || (to > box->lower[i] + margin && to < box->upper[i] - margin))
            continue;
        k->free[i] = false;
        held++;
    }
    k->free_count -= held;
    return held;
}

/* The run becomes one straight piece t with the product Ht. */
static void take_straight(krylov_t *k, double factor, const double *t, const double *Ht)
{
    k->piece_count = k->run_begin;
    append(k, factor, t, dot(k, k->r, t), dot(k, t, Ht));
    add(k, factor, t, k->s);
    add(k, factor, Ht, k->r);
    if (hold_reached(k) == 0 || sqrt(dot(k, k->s, k->s)) >= 0.999 * k->model.radius)
        k->waiting = FOR_NOTHING;
    else
        begin_run(k);
}

/* Asks for the product with the projection of `scale` w, or goes to the first bound. */
static void search(krylov_t *k)
{
    double first = to_bound(k);
    if (k->scale <= first || k->products == k->most || k->scale < pow(0.25, SEARCHES - 1)) {
        take_straight(k, first, k->w, k->Hw);
        return;
    }
    for (int i = 0; i < k->count; i++)
        k->p[i] = k->model.x[i] + k->s[i] + k->scale * k->w[i];
    box_clip(k->model.box, k->p);
    for (int i = 0; i < k->count; i++)
        k->p[i] = k->free[i] ? k->p[i] - (k->model.x[i] + k->s[i]) : 0.0;
    k->waiting = FOR_SEARCH;
}

static void tell_search(krylov_t *k, const double *product)
{
    double slope = dot(k, k->r, k->p);
    double change = product == NULL ? INFINITY : slope + 0.5 * dot(k, k->p, product);
    if (slope < 0.0 && change <= 0.01 * slope) {
        take_straight(k, 1.0, k->p, product);
        return;
    }
    k->scale *= 0.25;
    search(k);
}

static void end_run(krylov_t *k)
{
    k->waiting = FOR_NOTHING;
    if (to_bound(k) >= 1.0)
        return;
    k->scale = 1.0;
    search(k);
}

/* |s + w + a p| <= radius. */
static bool inside(const krylov_t *k, double a)
{
    double square = 0.0;
    for (int i = 0; i < k->count; i++) {
        double at = k->s[i] + k->w[i] + a * k->p[i];
        square += at * at;
    }
    return square < k->model.radius * k->model.radius;
}

/* Goes from s + w along p to the boundary, but not farther than `most` p. */
static void to_boundary(krylov_t *k, const double *product, double curvature, double most)
{
    double *at = piece(k, k->piece_count); /* not in use yet */
    for (int i = 0; i < k->count; i++)
        at[i] = k->s[i] + k->w[i];
    double a = fmin(most, to_radius(k, at, k->p, k->model.radius));
    append(k, a, k->p, -dot(k, k->rest, k->p), curvature);
    add(k, a, k->p, k->w);
    if (product != NULL)
        add(k, a, product, k->Hw);
    end_run(k);
}

static void advance(krylov_t *k, const double *product, double curvature)
{
    double a = k->rest_z / curvature;
    append(k, a, k->p, -dot(k, k->rest, k->p), curvature);
    add(k, a, k->p, k->w);
    add(k, a, product, k->Hw);
    learn(k, product, curvature);
    for (int i = 0; i < k->count; i++)
        k->rest[i] -= k->free[i] ? a * product[i] : 0.0;
    if (near_enough(k))
        end_run(k);
    else
        turn(k, k->rest_z);
}

static void tell_curvature(krylov_t *k, const double *product)
{
    if (product == NULL && k->piece_count == 0) {
        if (k->unit > 0.0) /* B stands in for H: the step is p */
            to_boundary(k, NULL, k->rest_z, 1.0);
        else /* nothing but the slope is known */
            to_boundary(k, NULL, 0.0, INFINITY);
    } else if (product == NULL) {
        k->products = k->most;
        end_run(k);
    } else {
        double curvature = dot(k, k->p, product);
        k->lowest = fmin(k->lowest, curvature / dot(k, k->p, k->p));
        if (curvature > 0.0 && inside(k, k->rest_z / curvature))
            advance(k, product, curvature);
        else
            to_boundary(k, product, curvature, INFINITY);
    }
}

void krylov_descend(krylov_t *k, const krylov_model_t *model)
{
    begin(k, model);
    begin_run(k);
}

/* ---- Lanczos ---- */

static void normalise(const krylov_t *k, double *q)
{
    double norm = sqrt(dot(k, q, q));
    for (int i = 0; i < k->count; i++)
        q[i] /= norm;
}

void krylov_examine(krylov_t *k, const krylov_model_t *model)
{
    double *q = piece(k, 0), g_norm = 0.0, q_norm;
    begin(k, model);
    k->waiting = FOR_NOTHING;
    k->complete = k->free_count == 0;
    k->lowest = k->complete ? INFINITY : k->lowest;
    if (k->complete)
        return;
    for (int i = 0; i < k->count; i++) {
        q[i] = k->free[i] ? rng_normal(SEED, 0, (uint64_t)i) : 0.0;
        k->rest[i] = k->free[i] ? model->g[i] : 0.0;
    }
    normalise(k, q);
    q_norm = sqrt(dot(k, q, q));
    g_norm = sqrt(dot(k, k->rest, k->rest));
    if (g_norm > 0.0)
        add(k, q_norm / g_norm, k->rest, q);
    normalise(k, q);
    memset(k->T, 0, (size_t)k->examined * (size_t)k->examined * sizeof *k->T);
    k->waiting = FOR_LANCZOS;
}

/* The step d = Q y for one side of the hard case, cut at the first bound, becomes the path. */
static double lanczos_step(krylov_t *k, int size, int side)
{
    subproblem_result_t solved;
    subproblem_input_t input = {
        .count = size, .g = k->projected, .H = k->T, .radius = k->model.radius, .side = side};
    subproblem_solve(k->subproblem, &input, k->y, &solved);
    k->lowest = solved.definite ? fmax(solved.lowest, DBL_MIN) : fmin(solved.lowest, 0.0);
    memset(k->w, 0, (size_t)k->count * sizeof *k->w);
    k->slope[0] = k->bend[0] = 0.0;
    for (int a = 0; a < size; a++) {
        add(k, k->y[a], piece(k, a), k->w);
        k->slope[0] += k->y[a] * k->projected[a];
        for (int b = 0; b < size; b++)
            k->bend[0] += k->y[a] * k->T[a * size + b] * k->y[b];
    }
    double t = to_bound(k);
    for (int i = 0; i < k->count; i++)
        k->w[i] *= t;
    k->slope[0] *= t;
    k->bend[0] *= t * t;
    return -(k->slope[0] + 0.5 * k->bend[0]);
}

static void end_lanczos(krylov_t *k, int size)
{
    for (int a = 0; a < size; a++)
        k->projected[a] = dot(k, piece(k, a), k->model.g);
    for (int a = 1; a < size; a++) /* from rows of `examined` to rows of `size` */
        memmove(k->T + (int64_t)a * size, k->T + (int64_t)a * k->examined,
                (size_t)size * sizeof *k->T);
    k->waiting = FOR_NOTHING;
    if (size == 0)
        return;
    double one = lanczos_step(k, size, 1), other = lanczos_step(k, size, -1);
    if (!(other > one))
        lanczos_step(k, size, 1);
    memcpy(piece(k, 0), k->w, (size_t)k->count * sizeof *k->w);
    k->piece_count = 1;
}

/* v - Q Q'v, twice against rounding. */
static void orthogonalise(const krylov_t *k, int size, double *v)
{
    for (int pass = 0; pass < 2; pass++)
        for (int a = 0; a < size; a++)
            add(k, -dot(k, piece(k, a), v), piece(k, a), v);
}

static void tell_lanczos(krylov_t *k, const double *product)
{
    int j = k->products - 1;
    if (product == NULL) {
        end_lanczos(k, j);
        return;
    }
    const double *q = piece(k, j);
    double diagonal = dot(k, q, product);
    for (int i = 0; i < k->count; i++)
        k->rest[i] = k->free[i] ? product[i] : 0.0;
    double size = sqrt(dot(k, k->rest, k->rest));
    k->T[j * k->examined + j] = diagonal;
    orthogonalise(k, j + 1, k->rest);
    double off = sqrt(dot(k, k->rest, k->rest));
    k->complete = j + 1 == k->free_count || off <= 1e-13 * size;
    if (k->complete || k->products == k->examined) {
        end_lanczos(k, j + 1);
        return;
    }
    k->T[j * k->examined + j + 1] = k->T[(j + 1) * k->examined + j] = off;
    memcpy(piece(k, j + 1), k->rest, (size_t)k->count * sizeof *k->rest);
    normalise(k, piece(k, j + 1));
}

void krylov_tell(krylov_t *k, const double *product)
{
    ASSERT(k->waiting != FOR_NOTHING);
    k->products++;
    if (k->waiting == FOR_LANCZOS)
        tell_lanczos(k, product);
    else if (k->waiting == FOR_SEARCH)
        tell_search(k, product);
    else
        tell_curvature(k, product);
}
