/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUDY_JSON_H
#define STUDY_JSON_H

#include "study/result.h"

/* Writes the result as one JSON object to `path` ("-": standard output), 17 significant digits, NaN
   and infinity as null, bytes of a name that are not UTF-8 as U+FFFD. Keys: lambda (one per group),
   hyperparameters ({lambda: [...], q: [...]}: by name, all that the penalty has, one per group),
   theta, criterion, criterion_se, gradient, hessian (null where not known), gradient_norm,
   hessian_definite, reason, iterations, evaluations, products, cg_products, inner_iterations,
   minima (a list of {lambda, other hyperparameters, criterion}: the local minima that the search
   came to, best first), seconds, n, p, ranks, loss, penalty, coefficients, intercept (null where
   there is none); lambda, theta, gradient and coefficients are lists, hessian a list of rows.
   coefficients and intercept belong to the columns as trained; with several classes they are lists
   of one for each of `classes`, the labels. A model with a kernel has `kernel` and `alpha` (one
   number for each training row) in place of penalty and coefficients. With logistic or softmax loss
   and ridge also C = 1/lambda: a number with one group, else a list. Of an oracle there is its
   name, `groups` of ranks and their `utilisation`, `trials_ahead` and `trials_ahead_used`,
   `hyperparameters` are its parameters by name
   (vectors as lists), and what belongs to penalties, data and model is absent. A file is written
   under another name first and then renamed, a device or pipe as it stands. Not collective: call on
   one rank. Errors: TRALO_ERR_FILE, TRALO_ERR_MEMORY. */
int result_json(const result_t *result, const char *path);

/* Can result_json write there? Leaves nothing behind. Not collective. Errors as above. */
int result_json_check(const char *path);

#endif
