/* SPDX-License-Identifier: BSD-3-Clause */
/* Tuning from a program of one's own: the same studies as `tralo tune CONFIG`. */
#ifndef TRALO_STUDY_H
#define TRALO_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "tralo/comm.h"
#include "tralo/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a study found; the same on all ranks. All arrays and texts are owned by the result.
   S: number of hyperparameters, p: number of features. */
typedef struct tralo_result {
    int count; /* S */
    int p;
    int64_t n;              /* rows over all ranks; 0 of an oracle, as p */
    const double *theta;    /* [S] log lambda (bridge: log lambda, log(q - 1) of each group;
                               kernel: log lambda, log width),
                               the scale of the derivatives */
    const double *lambda;   /* [S] penalties > 0 (bridge: lambda, q of each group; kernel: lambda,
                               width); of an oracle the values of the parameters, one after the
                               other, and theta is these on their scales */
    double criterion;       /* mean over the sum of the weights, in units of the loss; the value of
                               an oracle */
    double criterion_se;    /* its standard error over the rows */
    const double *gradient; /* [S] in theta; NULL: not known */
    const double *hessian;  /* [S, S] in theta; NULL: not known */
    bool hessian_definite;  /* a strict minimum on the components that are not at a bound;
                               false also where this was not judged */
    bool converged;         /* false: the budget was spent, or the study was interrupted */
    const char *reason;     /* gradient, step, bound, budget, stalled, interrupted */
    int64_t iterations;     /* of the outer method */
    int64_t evaluations;    /* of the criterion */
    int outputs;            /* classes of a softmax, 1 with any other loss, 0 of an oracle */
    const double *coefficients; /* [outputs, p] for the features as they are in the file;
                                   NULL with a kernel or an oracle */
    const double *intercepts;   /* [outputs] belong to these coefficients */
    double intercept;           /* the first of them */
} tralo_result_t;

/* Reads the YAML file `config`, applies overrides [count] ("key.sub=value", NULL when count is 0),
   searches, writes the result file that the config names, and returns what was found in *out, which
   the caller frees. On failure *out stays as it is.
   Collective over comm; config and overrides are significant on rank 0. Prints nothing but
   warnings. While it runs SIGINT, SIGTERM and SIGUSR1 end the search with what it has; their
   handlers stay. Errors: TRALO_ERR_INPUT, TRALO_ERR_FILE, TRALO_ERR_MEMORY, TRALO_ERR_EVALUATION,
   with tralo_error_message(); the same on all ranks. Cost: one evaluation is about 11 n p^2 flops
   over all ranks, plus 6 n p^2 for each hyperparameter after the first. */
TRALO_API int tralo_tune(tralo_comm_t *comm, const char *config, int count,
                         const char *const *overrides, tralo_result_t **out);

/* Frees a result and sets *result to NULL; NULL is accepted. Not collective. */
TRALO_API void tralo_result_free(tralo_result_t **result);

#ifdef __cplusplus
}
#endif
#endif
