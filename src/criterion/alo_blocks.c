/* SPDX-License-Identifier: BSD-3-Clause */
/* Approximate leave-one-out for a loss with K outputs: alo.c with a K x K matrix in place of each
   number of a row.

   With Z_i = I x x_i' [K, K p], A_i the second derivatives of the loss in u_i, l' its first ones:

       value      H = sum_i Z_i'A_iZ_i + D              K_i = Z_i H^-1 Z_i'
                  S_i = (I - A_i K_i)^-1                s = S l',  z = K s,  u~ = u + z
                  f = sum phi_i(u~_i)
       gradient   g~ = S phi'(u~),  z^ = K g~,  C_i = sym(g~ s')
                  C = H^-1 (sum_i Z_i'C_iZ_i) H^-1      k_i = Z_i C Z_i'
                  g_c = g~_c + sum_ab (sym(z^ z') - k_i)_ab dA_ab/du_c
                  H v = sum_i Z_i'g_i - C_jj r'''_j
       Hessian    per direction, a dot for the derivative along it:
                  H. = sum_i Z_i'A._iZ_i + D.           K._i = -Z_i H^-1 H. H^-1 Z_i'
                  rows as in alo_blocks_rows.c
                  C. = H^-1 (sum_i Z_i'C._iZ_i) H^-1 - H^-1 H. C - C H. H^-1,  k._i = Z_i C. Z_i'

   The blocks of all these matrices of rows are symmetric, K (K+1)/2 of them are held. A sum over
   the rows is a Gram matrix of X for each of them, a form of the rows a quadratic form of X. Only
   Kp x Kp matrices are summed over the ranks, which share the products of these by columns. */
#include "criterion/alo_blocks.h"

#include <cblas.h>
#include <stddef.h>
#include <string.h>

#include "base/arrays.h"
#include "base/mem.h"
#include "criterion/kinds.h"
#include "linalg/panel.h"
#include "linalg/spd.h"
#include "problem/cost.h"

/* LAPACK: L'L of a lower triangle. */
void dlauum_(const char *uplo, const int *n, double *a, const int *lda, int *info);

/* ---- matrices [columns, columns] ---- */

static size_t square_bytes(const alo_blocks_t *a)
{
    return (size_t)a->problem->columns * (size_t)a->problem->columns * sizeof(double);
}

/* Fills the upper triangle. */
static void mirror(int64_t n, double *S)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            S[i + j * n] = S[j + i * n];
}

static double invert_flops(double n)
{
    return n * n * n / 3.0;
}

/* inverse = H^-1 = (L^-1)'(L^-1). */
static void invert(alo_blocks_t *a)
{
    const int n = a->problem->columns;
    int info;
    work_count(WORK_WHOLE, invert_flops(n));
    memcpy(a->inverse, hessian_spd(a->fit.hessian)->inverse, square_bytes(a));
    dlauum_("L", &n, a->inverse, &n, &info);
    mirror(n, a->inverse);
}

/* The columns [begin, end) of left times right for symmetric left (lower triangle), scaled, added
   to out where `add`. */
typedef struct product {
    const double *left, *right;
    double scale, *out;
    bool add;
} product_t;

static void multiply(const alo_blocks_t *a, product_t p)
{
    const int n = a->problem->columns;
    int begin, end;
    spd_share(a->problem->comm, n, &begin, &end);
    const ptrdiff_t at = (ptrdiff_t)begin * n;
    work_count(WORK_PANEL, 2.0 * n * (double)n * (end - begin));
    if (begin < end)
        cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, n, end - begin, p.scale, p.left, n,
                    p.right + at, n, p.add ? 1.0 : 0.0, p.out + at, n);
}

/* out = H^-1 S H^-1, both triangles; S by its lower one, Y is lost. Collective. */
static void sandwich(alo_blocks_t *a, const double *S, double *out)
{
    const int n = a->problem->columns;
    memset(out, 0, square_bytes(a));
    multiply(a, (product_t){S, a->inverse, 1.0, a->Y, false});
    multiply(a, (product_t){a->inverse, a->Y, 1.0, out, false});
    spd_sum(a->problem->comm, n, out);
    mirror(n, out);
}

/* W = H^-1 M H^-1 - H^-1 W C - C W H^-1, both triangles; M and Y are lost. Collective. */
static void move_C(alo_blocks_t *a)
{
    const int64_t n = a->problem->columns;
    int begin, end;
    multiply(a, (product_t){a->M, a->inverse, 0.5, a->Y, false});
    multiply(a, (product_t){a->W, a->C, -1.0, a->Y, true});
    multiply(a, (product_t){a->inverse, a->Y, 1.0, a->M, false});
    memset(a->W, 0, square_bytes(a));
    spd_share(a->problem->comm, (int)n, &begin, &end);
    for (int64_t j = begin; j < end; j++)
        for (int64_t i = 0; i < n; i++) {
            double part = a->M[i + j * n];
            a->W[i >= j ? i + j * n : j + i * n] += i == j ? 2.0 * part : part;
        }
    spd_sum(a->problem->comm, (int)n, a->W);
    mirror(n, a->W);
}

/* Block (b, c) of S as panel_quadratic wants it into its place; S with both triangles. */
static void take_half(const alo_blocks_t *a, const double *S, int b, int c)
{
    const int64_t w = a->problem->width, n = a->problem->columns;
    const double *block = S + b * w + c * w * n;
    double *half = a->halves + joint_at(b, c) * w * w;
    for (int64_t j = 0; j < w; j++) {
        memset(half + j * w, 0, (size_t)j * sizeof *half);
        half[j + j * w] = block[j + j * n];
        for (int64_t i = j + 1; i < w; i++)
            half[i + j * w] = block[i + j * n] + block[j + i * n];
    }
}

/* planes [blocks, rows] = Z_i S Z_i'; S with both triangles. */
static void quadratic_forms(alo_blocks_t *a, const double *S, double *planes)
{
    const problem_t *problem = a->problem;
    const int64_t w = problem->width;
    for (int b = 0; b < problem->outputs; b++)
        for (int c = 0; c <= b; c++)
            take_half(a, S, b, c);
    rows_pass_t pass = rows_begin(&problem->data->X, ROWS_DENSE);
    while (rows_next(&pass)) {
        const double *rows = rows_dense(&pass.panel, a->unpacked);
        for (int64_t k = 0; k < problem->blocks; k++)
            panel_quadratic((int)pass.panel.count, (int)w, a->halves + k * w * w, rows, a->scratch,
                            planes + k * problem->rows + pass.panel.begin);
    }
}

static void take_diagonal(const alo_blocks_t *a, const double *S, double *diagonal)
{
    const int64_t n = a->problem->columns;
    for (int64_t j = 0; j < n; j++)
        diagonal[j] = S[j + j * n];
}

/* ---- the steps ---- */

static void find(void *work)
{
    alo_blocks_t *a = work;
    invert(a);
    quadratic_forms(a, a->inverse, a->K);
}

static void contract(void *work)
{
    alo_blocks_t *a = work;
    problem_gram(a->problem, a->weights, a->M);
    sandwich(a, a->M, a->C);
    quadratic_forms(a, a->C, a->k);
    take_diagonal(a, a->C, a->adjoint.C);
}

/* H. stays in W, for contract_along. */
static void move(void *work)
{
    alo_blocks_t *a = work;
    problem_t *problem = a->problem;
    const int64_t n = problem->columns;
    problem_gram(problem, a->weights, a->W);
    for (int64_t j = 0; j < n; j++)
        a->W[j + j * n] += a->adjoint.D_dot[j];
    sandwich(a, a->W, a->M);
    quadratic_forms(a, a->M, a->K_dot);
    for (int64_t i = 0; i < problem->blocks * problem->rows; i++)
        a->K_dot[i] = -a->K_dot[i];
}

static void contract_along(void *work)
{
    alo_blocks_t *a = work;
    problem_gram(a->problem, a->weights, a->M);
    move_C(a);
    quadratic_forms(a, a->W, a->K_dot);
    take_diagonal(a, a->W, a->adjoint.C_dot);
}

/* ---- the row of the table ---- */

/* Every array by the shape it has. */
enum { SQUARE, HALVES, PANEL };
static const array_row_t array_rows[] = {
    ARRAY(alo_blocks_t, inverse, SQUARE), ARRAY(alo_blocks_t, C, SQUARE),
    ARRAY(alo_blocks_t, M, SQUARE),       ARRAY(alo_blocks_t, W, SQUARE),
    ARRAY(alo_blocks_t, Y, SQUARE),       ARRAY(alo_blocks_t, halves, HALVES),
    ARRAY(alo_blocks_t, scratch, PANEL)};

static int64_t elements(int form, const void *sizes)
{
    const problem_shape_t *shape = sizes;
    const int64_t K = shape->outputs, w = shape->width;
    const int64_t counts[] = {K * w * K * w, joint_blocks(shape->outputs) * w * w,
                              w * panel_rows(shape->width)};
    return counts[form];
}

static const array_table_t arrays = ARRAY_TABLE(array_rows, elements);

static int64_t memory(const hessian_kind_t *form, const problem_shape_t *shape)
{
    return alo_blocks_memory(form, shape) + arrays_memory(&arrays, shape) +
           problem_panel_memory(shape);
}

static void cost(const hessian_kind_t *form, const problem_shape_t *shape, const course_t *course,
                 work_t *work)
{
    const int columns = shape->width * shape->outputs;
    const double c = columns, n = (double)shape->n, directions = course->directions;
    const double gradient = course->order > 0 ? 1.0 : 0.0;
    const double forms = 1.0 + gradient + 2.0 * directions;
    const double products = 2.0 * gradient + 5.0 * directions;
    if (course->order < 0)
        return;
    alo_blocks_cost(form, shape, course, work);
    cost_gram(shape, gradient + 2.0 * directions, work);
    cost_read(shape, forms, work);
    work->amount[WORK_PANEL] +=
        forms * n * panel_whiten_flops(shape->width) * joint_blocks(shape->outputs);
    work->amount[WORK_PANEL] += products * 2.0 * c * c * c;
    work->amount[WORK_WHOLE] += invert_flops(c) * (double)shape->ranks;
    cost_sum_square(columns, gradient + 2.0 * directions, work);
}

static int allocate(alo_blocks_t *a)
{
    int code = TRALO_OK;
    const problem_shape_t shape = problem_shape(a->problem);
    TRY(arrays_create(&arrays, &shape, a));
    ALLOC(a->unpacked, rows_buffer(&a->problem->data->X));
out:
    return code;
}

static int create(criterion_t *criterion, const void *options)
{
    static const alo_blocks_matrices_t matrices = {find, contract, move, contract_along};
    int code = TRALO_OK;
    comm_t *comm = criterion->problem->comm;
    TRY(comm_agree(comm, mem_alloc(1, sizeof(alo_blocks_t), &criterion->work)));
    TRY(alo_blocks_create(criterion, options, &matrices, criterion->work));
    TRY(comm_agree(comm, allocate(criterion->work)));
out:
    return code;
}

static void destroy(criterion_t *criterion)
{
    alo_blocks_t *a = criterion->work;
    if (a == NULL)
        return;
    arrays_free(&arrays, a);
    mem_free(&a->unpacked);
    alo_blocks_free(a);
    mem_free(&criterion->work);
}

static const criterion_kind_t *const rows[] = {
    &criterion_alo_blocks, &criterion_alo_explicit_blocks, &criterion_alo_wide_blocks, NULL};

const criterion_kind_t criterion_alo_blocks = {
    .name = "alo",
    .doc = "approximate leave-one-out error of a loss with several outputs",
    .algebra = "Kp x Kp matrices of K x K blocks over the rows, O(n K^2 p^2) for each evaluation",
    .approximates_loo = true,
    .rows = rows,
    .memory = memory,
    .cost = cost,
    .form = &hessian_replicated,
    .create = create,
    .evaluate = alo_blocks_evaluate,
    .product = alo_blocks_product,
    .destroy = destroy,
};
