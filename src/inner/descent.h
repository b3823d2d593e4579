/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the inner room: steps of a fixed length along gradients, of all rows or of mini-batches.
   The gradient is that of L / W, with W the weights of the rows that train (but for those that are
   hyperparameters), so that a rate does not depend on how many they are. */
#ifndef INNER_DESCENT_H
#define INNER_DESCENT_H

#include "inner/inner.h"

/* What the options of every such solver begin with. */
typedef struct descent_common {
    double tolerance;
    int64_t steps, batch, seed;
    int start; /* DESCENT_COLD or DESCENT_WARM */
} descent_common_t;

typedef enum descent_start { DESCENT_COLD, DESCENT_WARM } descent_start_t;
extern const char *const descent_starts[]; /* NULL-terminated */

#define DESCENT_PARAMS(options_t)                                                                  \
    {"steps",   "how many, where no tolerance ends them",                                          \
     PARAM_INT, offsetof(options_t, common.steps),                                                 \
     1000,      1,                                                                                 \
     1e12,      NULL},                                                                             \
        {"tolerance",                                                                              \
         "a relative gradient that counts as that of a minimum, where steps end (with "            \
         "mini-batches it is known after the last step only) and derivatives of criteria hold",    \
         PARAM_REAL,                                                                               \
         offsetof(options_t, common.tolerance),                                                    \
         1e-8,                                                                                     \
         0.0,                                                                                      \
         1e-2,                                                                                     \
         NULL},                                                                                    \
        {"batch",   "rows of a mini-batch, of all ranks together; 0: all",                         \
         PARAM_INT, offsetof(options_t, common.batch),                                             \
         0,         0,                                                                             \
         1e9,       NULL},                                                                         \
        {"seed",    "of the order of rows in mini-batches",                                        \
         PARAM_INT, offsetof(options_t, common.seed),                                              \
         1,         0,                                                                             \
         9e15,      NULL},                                                                         \
    {                                                                                              \
        "start",                                                                                   \
            "cold: each solve begins at 0, so that its end depends on the hyperparameters alone; " \
            "warm: where the one before ended",                                                    \
            PARAM_CHOICE, offsetof(options_t, common.start), DESCENT_COLD, 0, 0, descent_starts    \
    }

/* What a solver remembers from step to step: 0 before the first. */
typedef struct descent_memory {
    double *first, *second; /* [columns] */
    int64_t steps;          /* so far, this one included */
} descent_memory_t;

/* One step: beta [columns] along the gradient [columns] of L / W. */
typedef void descent_step_t(const void *options, int columns, const double *gradient,
                            descent_memory_t *memory, double *beta);

/* As inner_kind_t. */
void descent_solve(const char *name, const void *options, descent_step_t *step, problem_t *problem,
                   const double *theta, double *beta, inner_result_t *result);
double descent_moves(const void *options, const problem_shape_t *shape);
void descent_cost(const void *options, const problem_shape_t *shape, double solves, work_t *work);
int64_t descent_bytes(const void *options, const problem_shape_t *shape);
const char *descent_unsuited(const void *options, const problem_shape_t *shape);

#endif
