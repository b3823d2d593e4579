/* SPDX-License-Identifier: BSD-3-Clause */
/* Moré & Sorensen 1983, with eigenvalues in place of Cholesky factors (Conn, Gould & Toint,
   Trust-Region Methods, 2000, section 7.3).

   H = Q diag(lambda) Q', gamma = Q'g, e_i = lambda_i - lambda_1 >= 0, sigma = mu + lambda_1:
       y_i(sigma) = -gamma_i / (e_i + sigma),  d = Q y
       smallest sigma with mu >= 0 and H + mu I >= 0:  sigma_0 = max(lambda_1, 0)
       |y(sigma_0)| <= radius:  lambda_1 >= 0: that is the step, mu = 0
                                lambda_1 <  0: the hard case, y_1 fills up to the radius
       otherwise: Newton on 1/radius - 1/|y(sigma)|, which from the left of the root converges
   without overshooting; kept in a bracket against rounding. Shifting by lambda_1 keeps sigma
   accurate however close the case is to the hard one. */
#include "outer/subproblem.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

struct subproblem {
    int size;
    int work_size;
    double *vectors; /* owned [n * n], one eigenvector after the other */
    double *values;  /* owned [n]: lambda, then e */
    double *gamma;   /* owned [n] */
    double *y;       /* owned [n] */
    double *work;    /* owned [work_size] */
};

extern void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                   double *w, double *work, const int *lwork, int *info, size_t, size_t);

int subproblem_create(int size, subproblem_t **out)
{
    int code = TRALO_OK;
    subproblem_t *s = NULL;
    ALLOC(s, 1);
    s->size = size;
    s->work_size = 66 * size; /* (block size + 2) n */
    ALLOC(s->vectors, (int64_t)size * size);
    ALLOC(s->values, size);
    ALLOC(s->gamma, size);
    ALLOC(s->y, size);
    ALLOC(s->work, s->work_size);
    *out = s;
    s = NULL;
out:
    subproblem_free(&s);
    return code;
}

void subproblem_free(subproblem_t **subproblem)
{
    subproblem_t *s = *subproblem;
    if (s == NULL)
        return;
    mem_free(&s->vectors);
    mem_free(&s->values);
    mem_free(&s->gamma);
    mem_free(&s->y);
    mem_free(&s->work);
    mem_free(subproblem);
}

static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Eigenvalues of H / scale into values, gamma = Q'g / scale. */
static void decompose(subproblem_t *s, const subproblem_input_t *in, double scale)
{
    int n = in->count, info = 0;
    for (int i = 0; i < n * n; i++)
        s->vectors[i] = in->H[i] / scale;
    dsyev_("V", "L", &n, s->vectors, &n, s->values, s->work, &s->work_size, &info, 1, 1);
    ASSERT(info == 0);
    for (int i = 0; i < n; i++) {
        s->gamma[i] = 0.0;
        for (int j = 0; j < n; j++)
            s->gamma[i] += s->vectors[i * n + j] * (in->g[j] / scale);
        if (fabs(s->gamma[i]) < DBL_MIN / DBL_EPSILON)
            s->gamma[i] = 0.0;
    }
}

/* |y(sigma)|, and y'(H + mu I)^-1 y into *curvature. */
static double length(const subproblem_t *s, int n, double sigma, double *curvature)
{
    double square = 0.0;
    *curvature = 0.0;
    for (int i = 0; i < n; i++) {
        if (s->gamma[i] == 0.0)
            continue;
        double shifted = s->values[i] + sigma, y = s->gamma[i] / shifted;
        square += y * y;
        *curvature += y * y / shifted;
    }
    return sqrt(square);
}

/* The root sigma of |y(sigma)| = radius, right of sigma_0, where |y| > radius. */
static double secular_root(const subproblem_t *s, int n, double sigma_0, double radius)
{
    double low = sigma_0, high = 0.0, curvature;
    for (int i = 0; i < n; i++) {
        low = fmax(low, fabs(s->gamma[i]) / radius - s->values[i]);
        high = hypot(high, s->gamma[i] / radius);
    }
    high = fmax(high, low) * (1.0 + 4.0 * DBL_EPSILON);
    double sigma = low;
    for (int iteration = 0; iteration < 200; iteration++) {
        double norm = length(s, n, sigma, &curvature);
        if (fabs(norm - radius) <= 4.0 * DBL_EPSILON * radius)
            break;
        if (norm > radius)
            low = sigma;
        else
            high = sigma;
        /* sigma += (|y|^2 / y'(H + mu I)^-1 y) (|y| - radius) / radius */
        double next = sigma + norm * norm / curvature * (norm / radius - 1.0);
        if (!(next > low && next < high))
            next = low + 0.5 * (high - low);
        if (next == sigma)
            break;
        sigma = next;
    }
    return sigma;
}

static void set_y(subproblem_t *s, int n, double sigma)
{
    for (int i = 0; i < n; i++)
        s->y[i] = s->gamma[i] == 0.0 ? 0.0 : -s->gamma[i] / (s->values[i] + sigma);
}

/* sigma and y of the solution. */
static double solve_rotated(subproblem_t *s, const subproblem_input_t *in, double lowest,
                            bool *hard)
{
    int n = in->count;
    double sigma = fmax(lowest, 0.0), curvature, norm = length(s, n, sigma, &curvature);
    *hard = norm <= in->radius && lowest < 0.0;
    if (in->radius == 0.0) {
        memset(s->y, 0, (size_t)n * sizeof *s->y);
        return sigma;
    }
    if (!(norm <= in->radius))
        sigma = secular_root(s, n, sigma, in->radius);
    set_y(s, n, sigma);
    if (*hard)
        s->y[0] = in->side * sqrt((in->radius - norm) * (in->radius + norm));
    return sigma;
}

void subproblem_solve(subproblem_t *s, const subproblem_input_t *in, double *d,
                      subproblem_result_t *result)
{
    int n = in->count;
    ASSERT(n >= 1 && n <= s->size);
    double scale = fmax(largest(in->g, n), largest(in->H, n * n));
    if (scale == 0.0)
        scale = 1.0;
    decompose(s, in, scale);
    double rounding = n * DBL_EPSILON * fmax(fabs(s->values[0]), fabs(s->values[n - 1]));
    double lambda = s->values[0], lowest = lambda < 0.0 && lambda >= -rounding ? 0.0 : lambda;
    for (int i = 0; i < n; i++)
        s->values[i] -= lambda;
    double sigma = solve_rotated(s, in, lowest, &result->hard);
    double mu = sigma - lowest, decrease = 0.0;
    memset(d, 0, (size_t)n * sizeof *d);
    for (int i = 0; i < n; i++) {
        /* -(g'd + d'Hd/2) = d'(H + mu I)d/2 + mu |d|^2/2 */
        decrease += 0.5 * s->y[i] * s->y[i] * (s->values[i] + sigma + mu);
        for (int j = 0; j < n; j++)
            d[j] += s->vectors[i * n + j] * s->y[i];
    }
    result->multiplier = scale * mu;
    result->decrease = scale * decrease;
    result->lowest = scale * lowest;
    result->definite = lowest > rounding;
}
