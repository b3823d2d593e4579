/* SPDX-License-Identifier: BSD-3-Clause */
/* Square n x n matrices of which every rank holds some block columns, through ScaLAPACK.

   A dist_t is a layout, not a matrix: blocks of columns are dealt to the ranks in turn (a 1 x ranks
   grid), and a matrix of that layout is any array [n, columns], column-major, of this rank's
   columns. No rank ever holds more; a rank may have none. Functions are collective unless they say
   otherwise, and results do not depend on the number of ranks beyond rounding. `cost` is in flops
   over all ranks. */
#ifndef LINALG_DIST_H
#define LINALG_DIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/work.h"
#include "comm/comm.h"
#include "linalg/panel_block.h"

enum { DIST_BLOCK = 64 }; /* columns that are dealt at once */

typedef struct dist {
    comm_t *comm; /* borrowed */
    int n;
    int columns; /* of this rank */
    int context; /* of BLACS */
    int descriptor[9];
} dist_t;

/* The layout of n x n matrices over the ranks of `comm`. Errors: TRALO_ERR_MEMORY. */
int dist_create(comm_t *comm, int n, dist_t **out);
void dist_free(dist_t **dist);

/* Elements [n, columns] of the rank that has most, for the checks of memory. Not collective. */
int64_t dist_elements(int n, int ranks);

/* Adds what `times` calls of a function below cost. Not collective. */
typedef enum dist_call {
    DIST_MULTIPLY,
    DIST_FACTOR,
    DIST_WHITEN,
    DIST_SUBTRACT,
    DIST_INVERT,
    DIST_MIRROR, /* of a whole matrix */
    DIST_SUBTRACT_BOTH
} dist_call_t;
void dist_cost(int n, int ranks, dist_call_t call, double times, work_t *work);
void dist_cost_solve(int n, int ranks, double times, work_t *work);
void dist_cost_times(int n, double times, work_t *work);

/* The column of the whole matrix that the local column `column` is. Not collective. */
int dist_global(const dist_t *dist, int column);

/* C = A B; C must not overlap A or B. Cost: 2 n^3. */
void dist_multiply(const dist_t *dist, const double *A, const double *B, double *C);

/* Lower triangle of A -> its Cholesky factor, in place; what is above the diagonal is not read and
   stays. Returns -1, or the column (from 0) at which A is not positive definite; the same on all
   ranks. Cost: n^3 / 3. */
int dist_factor(const dist_t *dist, double *A);

/* B <- L^-1 B for the factor L. Cost: n^3. */
void dist_whiten(const dist_t *dist, const double *L, double *B);

/* C <- C - W'W for a symmetric C, both triangles of it; W is overwritten. Cost: n^3. */
void dist_subtract_square(const dist_t *dist, double *W, double *C);

/* x <- L^-T L^-1 x for x [n], the same on all ranks before and after. Cost: 2 n^2. */
void dist_solve(const dist_t *dist, const double *L, double *x);

/* y = A'x for x, y [n] that are the same on all ranks; for a symmetric A this is A x. Cost: 2 n^2.
 */
void dist_times(const dist_t *dist, const double *A, const double *x, double *y);

/* For the factor L of H: the lower triangle of V becomes that of H^-1, the upper one of R that of
   L^-T; the others are not set. Cost: 2/3 n^3. */
void dist_invert(const dist_t *dist, const double *L, double *V, double *R);

/* The square of A whose first element is (row, column), and whose lower triangle is set, becomes
   symmetric: `count` columns. scratch [n, columns]. */
typedef struct dist_square {
    int row, column, count;
} dist_square_t;
void dist_mirror(const dist_t *dist, dist_square_t square, double *A, double *scratch);

/* The lower triangle of that square of A becomes the one of its symmetric part, (S + S') / 2; what
   is above its diagonal stays. Costs what dist_mirror does. */
void dist_symmetrize(const dist_t *dist, dist_square_t square, double *A, double *scratch);

/* C -= A + A', the lower triangle of C. */
void dist_subtract_both(const dist_t *dist, const double *A, double *C);

/* diagonal[j] = A_jj for diagonal [n], the same on all ranks after; and A_jj += diagonal[j]. */
void dist_diagonal(const dist_t *dist, const double *A, double *diagonal);
void dist_add_diagonal(const dist_t *dist, const double *diagonal, double *A);

/* Every rank has set values[j] for its own columns j of values [n]: now all have all. */
void dist_collect(const dist_t *dist, double *values);

/* ---- panels: some columns of the whole matrix, one after the other, that every rank sees ---- */

/* The first panel, or the one after `panel`; false: there are no more. A panel is an array [n,
   count] with at most dist_panel(n) columns. */
int dist_panel(int n);
bool dist_next(const dist_t *dist, panel_block_t *panel);

/* The panel of A: its rows from `panel.first` on, or those before its end (`upper`). Bytes sent: 8
   for each number of it. */
typedef enum dist_part { DIST_LOWER, DIST_UPPER } dist_part_t;
void dist_show(const dist_t *dist, const double *A, panel_block_t panel, dist_part_t part,
               double *out);

/* The sum over the ranks of their panels becomes that of A, from row panel.first on. What they
   hold is overwritten. Bytes sent as above. */
void dist_settle(const dist_t *dist, double *summands, panel_block_t panel, double *A);

/* What panels over a whole matrix cost: shown, or settled; and a product below. Not collective. */
void dist_cost_show(int n, int ranks, dist_part_t part, double times, work_t *work);
void dist_cost_settle(int n, double times, work_t *work);
void dist_cost_symmetric(int n, int ranks, double times, work_t *work);

/* C = S B for a symmetric S, of which the lower triangle is read; C must not overlap S or B. panel
   [n, dist_panel(n)] is scratch. Cost: 2 n^3. */
void dist_symmetric(const dist_t *dist, const double *S, const double *B, double *panel, double *C);

#endif
